//! Who stands on whom: the arrows of the house, as cargo resolves them for every platform.

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::{DependencyKind, Package};

use crate::assert_none;
use crate::house::House;

/// Each floor and what it stands on: all of it, and no other. The first two are what they have in common, and no floors.
const FLOORS: [(&str, &[&str]); 7] = [
    ("foreign", &[]),
    ("return-stack", &[]),
    ("poller", &["foreign", "return-stack"]),
    ("netfd", &["foreign", "poller", "return-stack"]),
    ("conn", &["foreign", "netfd"]),
    ("listener", &["conn", "foreign", "netfd"]),
    ("runtime", &["foreign", "netfd"]),
];

/// Packages that are not a floor of the house.
const HARNESS: [&str; 3] = ["examples", "integration-tests", "xtask"];

/// Executors, other pollers and test harness: in no normal dependency of a floor, however far down.
const HARNESS_ONLY: [&str; 17] = [
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "criterion",
    "futures",
    "futures-executor",
    "futures-util",
    "glommio",
    "mio",
    "monoio",
    "polling",
    "proptest",
    "smol",
    "tokio",
    "tokio-util",
    "tower",
];

/// The packages that build under `--cfg loom`, where tokio drops its `net`.
const MODELLED: [&str; 3] = ["poller", "netfd", "runtime"];

/// The names of a package's declared dependencies of one kind, on every platform.
pub(crate) fn declared(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == kind)
        .map(|d| d.name.as_str())
        .collect()
}

#[test]
fn every_floor_stands_on_the_floors_below_it_and_on_no_other() {
    let house = House::new();
    let members = house.members();
    let ours: BTreeSet<_> = members.keys().copied().collect();
    assert_eq!(
        ours,
        FLOORS.iter().map(|floor| floor.0).chain(HARNESS).collect(),
        "the packages of the workspace"
    );
    for (floor, below) in FLOORS {
        for kind in [DependencyKind::Normal, DependencyKind::Build] {
            let stands_on: BTreeSet<_> =
                declared(members[floor], kind).intersection(&ours).copied().collect();
            let allowed = if kind == DependencyKind::Normal { below } else { &[] };
            assert_eq!(stands_on, allowed.iter().copied().collect(), "{floor} has other {kind} dependencies");
        }
        let upwards: BTreeSet<_> = declared(members[floor], DependencyKind::Development)
            .into_iter()
            .filter(|name| ours.contains(name) && !below.contains(name))
            .collect();
        assert!(upwards.is_empty(), "the tests of {floor} reach for {upwards:?}");
    }
}

/// The bench is a workspace of its own, which no other test builds, and takes its lock file as it is.
#[test]
fn the_benchs_lock_file_knows_what_the_floors_stand_on() {
    let house = House::new();
    let lock = fs::read_to_string(house.root.join("bench/Cargo.lock")).expect("bench/Cargo.lock can be read");
    let members = house.members();
    for (floor, _) in FLOORS {
        let package = lock
            .split("[[package]]")
            .find(|package| package.contains(&format!("name = \"{floor}\"\n")))
            .unwrap_or_else(|| panic!("bench/Cargo.lock lacks {floor}: run cargo in bench"));
        let locked = package.split_once("dependencies = [").map_or("", |(_, list)| list);
        // `"name",` or `"name version",` on a line each.
        let names = locked.lines().filter_map(|line| line.trim().strip_prefix('"'));
        let locked: BTreeSet<_> = names.filter_map(|name| name.split(['"', ' ']).next()).collect();
        let stands_on = declared(members[floor], DependencyKind::Normal);
        assert_eq!(locked, stands_on, "bench/Cargo.lock is out of date for {floor}: run cargo in bench");
    }
}

#[test]
fn no_floor_is_linked_with_an_executor_or_a_harness() {
    let house = House::new();
    let members = house.members();
    let broken: Vec<_> = FLOORS.iter().flat_map(|(floor, _)| harness_only(&house, members[floor])).collect();
    assert_none(&broken, "a floor is linked with what only tests may use");
}

/// The ways by which a package reaches what only tests may use: declared, also if optional, or further down.
pub(crate) fn harness_only(house: &House, package: &Package) -> BTreeSet<String> {
    let declared = declared(package, DependencyKind::Normal);
    let linked = house.linked_with(package);
    let directly = HARNESS_ONLY.iter().filter(|name| declared.contains(*name));
    directly
        .map(|name| format!("{} → {name}", package.name))
        .chain(HARNESS_ONLY.iter().filter_map(|name| linked.get(name).cloned()))
        .collect()
}

#[test]
fn an_executor_is_seen_where_there_is_one() {
    let house = House::new();
    let found = harness_only(&house, house.members()["integration-tests"]);
    assert!(found.contains("integration-tests → tokio"), "{found:?}");
    assert!(found.contains("integration-tests → tokio → mio"), "{found:?}");
}

#[test]
fn packages_with_models_do_without_tokio_even_in_their_tests() {
    let house = House::new();
    let members = house.members();
    let with_tokio =
        MODELLED.iter().filter(|package| members[*package].dependencies.iter().any(|d| d.name == "tokio"));
    assert_none(
        &with_tokio.map(|package| (*package).to_owned()).collect::<Vec<_>>(),
        "tokio does not build under loom",
    );
}

#[test]
fn loom_is_there_only_under_its_own_cfg() {
    let house = House::new();
    let mut broken = vec![];
    for (name, package) in house.members() {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name == "loom") {
            let target = dependency.target.as_ref().map(ToString::to_string).unwrap_or_default();
            if target != "cfg(loom)" {
                broken.push(format!("{name}, with the target `{target}`"));
            }
        }
    }
    assert_none(&broken, "loom is a dependency outside of cfg(loom)");
}

#[test]
fn every_package_has_the_same_licence_and_edition() {
    for (name, package) in House::new().members() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "the licence of {name}");
        assert_eq!(package.edition.as_str(), "2024", "the edition of {name}");
    }
}

#[test]
fn every_dependency_of_a_floor_or_an_example_is_argued_for() {
    let house = House::new();
    let members = house.members();
    let text = fs::read_to_string(house.root.join("docs/dependencies.md"))
        .expect("docs/dependencies.md can be read");
    let argued: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut broken = vec![];
    for user in FLOORS.iter().map(|floor| floor.0).chain(["examples"]) {
        let external = declared(members[user], DependencyKind::Normal)
            .into_iter()
            .filter(|name| !members.contains_key(name));
        broken.extend(
            external.filter(|name| !argued.contains(name)).map(|name| format!("{name}, used by {user}")),
        );
    }
    assert_none(&broken, "docs/dependencies.md has no row for it");
}
