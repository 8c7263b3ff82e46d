//! The rules of the house, held against what cargo and the source files say.
//!
//! ```text
//!   listener ──► conn ──► netfd ──► poller        runtime ──► netfd
//!        └─────────────────▲
//! ```
//!
//! An arrow never runs upwards, no floor stands on an executor, `unsafe` stays in the rooms that need it, and the modules
//! that loom checks take their atomics and locks from one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};

/// Each floor and the floors that it stands on: all of them, and no other.
const FLOORS: [(&str, &[&str]); 5] = [
    ("poller", &[]),
    ("netfd", &["poller"]),
    ("conn", &["netfd"]),
    ("listener", &["conn", "netfd"]),
    ("runtime", &["netfd"]),
];

/// Packages that are not a floor of the house.
const HARNESS: [&str; 2] = ["integration-tests", "xtask"];

/// Executors, other pollers and test harness: in no normal dependency of a floor, however far down.
const FOREIGN: [&str; 17] = [
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

/// Places where `unsafe` may stand, from the workspace's root: a file, or a folder with everything in it.
const UNSAFE: [(&str, &str); 7] = [
    ("poller/src/sys", "the system calls of each platform"),
    ("netfd/src/cell.rs", "the cell that a waker or a socket lives in"),
    ("netfd/src/netpoll/park_word.rs", "the protocol that says who may touch the waker's cell"),
    ("netfd/src/fd/close.rs", "the last reference takes the socket out of its cell"),
    ("netfd/src/fd/mod.rs", "a reference keeps the socket in its cell"),
    ("netfd/src/loom_tests.rs", "models that show exclusion by touching loom's cells"),
    ("netfd/src/sys.rs", "system calls that no safe crate offers"),
];

/// Modules that may name `std::sync` or `loom` themselves, each with the words it may use and the reason.
/// `Ordering` is the same type in both worlds and is allowed everywhere.
const OUTSIDE_SYNC: [(&str, &[&str], &str); 6] = [
    ("netfd/src/netpoll/poll_cache.rs", &["std::sync::OnceLock"], "the page table, which models do not grow"),
    ("netfd/src/netpoll/mod.rs", &["std::sync::OnceLock"], "global(), which models do not use"),
    ("netfd/src/net_fd.rs", &["std::sync::OnceLock"], "addresses set once; sockets are not in models"),
    ("netfd/src/cell.rs", &["loom::cell"], "the cell that wraps loom's own"),
    ("runtime/src/lib.rs", &["std::sync::{Arc, OnceLock}"], "the default runtime, which models do not use"),
    (
        "runtime/src",
        &["std::sync::Arc", "std::sync::{Arc, Mutex, MutexGuard, PoisonError}"],
        "until the scheduler has models: plain mutual exclusion, no atomics of its own",
    ),
];

struct House {
    metadata: Metadata,
    root: PathBuf,
}

impl House {
    fn new() -> House {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder below the root").to_path_buf();
        let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let version = String::from_utf8(rustc.stdout).expect("rustc prints text");
        let host =
            version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
        // Without the filter cargo would fetch what only other platforms need.
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(["--filter-platform".to_owned(), host.to_owned()])
            .exec()
            .expect("cargo metadata describes the workspace");
        House { metadata, root }
    }

    fn members(&self) -> BTreeMap<&str, &Package> {
        self.metadata
            .workspace_packages()
            .into_iter()
            .map(|package| (package.name.as_str(), package))
            .collect()
    }

    /// Everything that a package is linked with, by name, each with the path that leads to it.
    fn linked_with(&self, package: &Package) -> BTreeMap<&str, String> {
        let resolve = self.metadata.resolve.as_ref().expect("cargo metadata resolves dependencies");
        let nodes: BTreeMap<&PackageId, &Node> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
        let mut found = BTreeMap::new();
        let mut open = vec![(&package.id, package.name.to_string())];
        while let Some((id, path)) = open.pop() {
            for dependency in &nodes[id].deps {
                let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
                let name = self.metadata[&dependency.pkg].name.as_str();
                if normal && !found.contains_key(name) {
                    let path = format!("{path} → {name}");
                    found.insert(name, path.clone());
                    open.push((&dependency.pkg, path));
                }
            }
        }
        found
    }

    /// The Rust files under a package's `src`, by their path from the root.
    fn sources(&self, package: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.join(package).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a source folder can be listed") {
                let path = entry.expect("its entries can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name =
                        path.strip_prefix(&self.root).expect("it lies below the root").display().to_string();
                    files.insert(name, fs::read_to_string(&path).expect("a source file can be read"));
                }
            }
        }
        files
    }
}

/// The names of a package's declared dependencies of one kind, on every platform.
fn declared(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == kind)
        .map(|d| d.name.as_str())
        .collect()
}

/// The lines of a file that are code, with their numbers. None of our code hides a comment's opening in a string.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
}

/// Whether `path` is `place` or lies in it.
fn lies_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[track_caller]
fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
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

#[test]
fn no_floor_is_linked_with_an_executor_or_a_harness() {
    let house = House::new();
    let members = house.members();
    let mut broken = vec![];
    for (floor, _) in FLOORS {
        let package = members[floor];
        let declared = declared(package, DependencyKind::Normal);
        broken.extend(
            FOREIGN.iter().filter(|name| declared.contains(*name)).map(|name| format!("{floor} → {name}")),
        );
        let linked = house.linked_with(package);
        broken.extend(FOREIGN.iter().filter_map(|name| linked.get(name).cloned()));
    }
    assert_none(&broken, "a floor is linked with what only tests may use");
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
fn every_dependency_of_a_floor_is_argued_for() {
    let house = House::new();
    let members = house.members();
    let text = fs::read_to_string(house.root.join("docs/dependencies.md"))
        .expect("docs/dependencies.md can be read");
    let argued: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut broken = vec![];
    for (floor, _) in FLOORS {
        let external = declared(members[floor], DependencyKind::Normal)
            .into_iter()
            .filter(|name| !members.contains_key(name));
        broken.extend(
            external.filter(|name| !argued.contains(name)).map(|name| format!("{name}, used by {floor}")),
        );
    }
    assert_none(&broken, "docs/dependencies.md has no row for it");
}

#[test]
fn packages_that_need_no_unsafe_code_forbid_it() {
    let house = House::new();
    for package in house.members().into_keys().filter(|package| !["poller", "netfd"].contains(package)) {
        let sources = house.sources(package);
        for root in ["lib.rs", "main.rs"].map(|file| format!("{package}/src/{file}")) {
            if let Some(text) = sources.get(&root) {
                assert!(
                    text.lines().any(|line| line == "#![forbid(unsafe_code)]"),
                    "{root} does not forbid unsafe code"
                );
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_the_rooms_that_need_it() {
    let house = House::new();
    let mut broken = vec![];
    for (path, text) in ["poller", "netfd"].iter().flat_map(|package| house.sources(package)) {
        if UNSAFE.iter().any(|(place, _)| lies_in(&path, place)) {
            continue;
        }
        let lines = code(&text).filter(|(_, line)| {
            ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.contains(word))
        });
        broken.extend(lines.map(|(number, line)| format!("{path}:{number}: {}", line.trim())));
    }
    assert_none(&broken, "unsafe code outside of the rooms for it");
}

#[test]
fn only_the_sync_modules_choose_between_std_and_loom() {
    let house = House::new();
    let mut broken = vec![];
    for (path, text) in MODELLED.iter().flat_map(|package| house.sources(package)) {
        // Models are loom's own programs.
        if path.ends_with("/src/sync.rs") || path.ends_with("/loom_tests.rs") {
            continue;
        }
        for (number, line) in code(&text) {
            let named = ["std::sync", "loom::"].iter().any(|word| names(line, word));
            let ordering = line.contains("std::sync::atomic::Ordering");
            let excused = OUTSIDE_SYNC.iter().any(|(place, words, _)| {
                lies_in(&path, place) && words.iter().any(|word| line.contains(word))
            });
            if named && !ordering && !excused {
                broken.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert_none(&broken, "std::sync or loom is named outside of a sync module");
}

/// Whether a line names a path that begins so, rather than one that merely ends alike.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(place, _)| {
        !line[..place].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
    })
}
