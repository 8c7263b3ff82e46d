//! The examples: what cargo builds before it runs one, and that the tests start the same programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Package, Target};

use crate::assert_none;
use crate::floors::{declared, harness_only};
use crate::house::House;

/// What the floors may not have and the examples may: combinators, and the executor on one thread that comes with them.
const COMBINATORS: [&str; 3] = ["futures", "futures-executor", "futures-util"];

/// The sources of some targets of a package, by name.
fn programs(package: &Package, are: fn(&Target) -> bool) -> BTreeMap<&str, PathBuf> {
    let targets = package.targets.iter().filter(|target| are(target));
    let source = |target: &Target| target.src_path.canonicalize().expect("a target's source is a file");
    targets.map(|target| (target.name.as_str(), source(target))).collect()
}

#[test]
fn an_example_is_built_without_what_only_tests_need() {
    let house = House::new();
    let examples = house.members()["examples"];
    // Whatever dev-dependencies there are, cargo builds them for an example.
    let for_tests = declared(examples, DependencyKind::Development);
    assert!(for_tests.is_empty(), "the examples have dev-dependencies: {for_tests:?}");
    let may = |way: &String| COMBINATORS.iter().any(|name| way.ends_with(&format!(" → {name}")));
    let broken: Vec<_> = harness_only(&house, examples).into_iter().filter(|way| !may(way)).collect();
    assert_none(&broken, "an example is linked with what only tests may use");
}

#[test]
fn an_example_is_found_by_its_name_alone() {
    let house = House::new();
    let members = house.members();
    let names = members.values().flat_map(|package| programs(package, Target::is_example).into_keys());
    assert_eq!(names.collect::<Vec<_>>(), ["echo", "redis"], "the examples of all packages");
}

#[test]
fn the_programs_that_tests_start_are_the_examples() {
    let house = House::new();
    let members = house.members();
    let started = programs(members["integration-tests"], Target::is_bin);
    for (name, source) in programs(members["examples"], Target::is_example) {
        assert_eq!(
            started.get(name),
            Some(&source),
            "integration-tests has no program of the example {name}"
        );
    }
}
