//! Every memory ordering stronger than relaxed has mutants that weaken it, so that a model is known to need it.
//!
//! | ordering | mutants |
//! | --- | --- |
//! | `Acquire`, `Release` | one that makes it `Relaxed` |
//! | `AcqRel` | two: one that makes it `Acquire`, and one that makes it `Release` |
//! | `SeqCst`, of a fence | one that leaves the fence out |
//!
//! A mutant counts if it does that and nothing else. Whether the models notice is what `cargo xtask loom --mutants` tells.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Mutant, table};
use crate::loom::PACKAGES;
use crate::workspace::Workspace;

/// Orderings that no mutant weakens, each with the reason: those of the models' own tools.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("netfd/src/clock.rs", "the clock of models, which only models set"),
    ("runtime/src/sync/tasks.rs", "async-task's own order, told to loom"),
];

/// A fence as it is left out.
const FENCE: &str = "fence(SeqCst);";

/// One ordering in a file: where, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    place: usize,
    ordering: &'static str,
}

/// The orderings that a text names, but for those in comments, in imports and in the tests at its end.
fn named(text: &str) -> Vec<Named> {
    let (mut found, mut start) = (vec![], 0);
    for line in text.split_inclusive('\n').take_while(|line| *line != "mod tests {\n") {
        let code = line.split("//").next().unwrap_or(line);
        let is_import = code.trim_start().trim_start_matches("pub(crate) ").starts_with("use ");
        for ordering in ["Acquire", "Release", "AcqRel", "SeqCst"].into_iter().filter(|_| !is_import) {
            let places = code.match_indices(ordering).map(|(offset, _)| offset);
            let is_word = |offset: &usize| {
                let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
                !code[..*offset].ends_with(part_of_word)
                    && !code[offset + ordering.len()..].starts_with(part_of_word)
            };
            found.extend(places.filter(is_word).map(|offset| Named { place: start + offset, ordering }));
        }
        start += line.len();
    }
    found.sort_by_key(|named| named.place);
    found
}

/// What a mutant has to make of an ordering: each of these is another mutant's.
fn weaker(ordering: &str) -> &'static [&'static str] {
    match ordering {
        "Acquire" | "Release" => &["Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        _ => &[""],
    }
}

/// Whether a mutant of this text makes `to` of the ordering, and nothing else.
fn weakens(mutant: &Mutant, text: &str, named: Named, to: &str) -> bool {
    let Named { mut place, mut ordering } = named;
    if ordering == "SeqCst" {
        let begins = text[..place + ordering.len()].rfind("fence(");
        let Some(fence) = begins.filter(|begins| text[*begins..].starts_with(FENCE)) else { return false };
        (place, ordering) = (fence, FENCE);
    }
    let expected = [&text[..place], to, &text[place + ordering.len()..]].concat();
    mutant.apply(text).is_ok_and(|mutated| mutated == expected)
}

/// The orderings of a file that the mutants do not weaken, as `file:line: what is missing`.
fn unproven(file: &str, text: &str, mutants: &[&Mutant]) -> Vec<String> {
    let mut missing = vec![];
    for named in named(text) {
        let line = text[..named.place].matches('\n').count() + 1;
        let is_done =
            |to: &str| mutants.iter().any(|mutant| mutant.file == file && weakens(mutant, text, named, to));
        for to in weaker(named.ordering).iter().filter(|to| !is_done(to)) {
            missing.push(match *to {
                "" => format!("{file}:{line}: no mutant leaves out the fence"),
                to => format!("{file}:{line}: no mutant makes this {} {to}", named.ordering),
            });
        }
    }
    missing
}

/// The sources below a folder that models run, and not the models.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of a package's sources");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry of it").path())
        .flat_map(|path| match path.is_dir() {
            true if path.ends_with("loom_tests") => vec![],
            true => sources(&path),
            false if path.ends_with("tests.rs") || path.ends_with("loom_tests.rs") => vec![],
            false => vec![path],
        })
        .collect();
    found.sort();
    found
}

#[test]
fn each_ordering_has_mutants_that_weaken_it() {
    let root = Workspace::here().root;
    let mutants: Vec<_> = table().collect();
    let (mut orderings, mut missing, mut excused) = (0, vec![], vec![]);
    for path in PACKAGES.iter().flat_map(|package| sources(&root.join(package).join("src"))) {
        let file = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a source");
        if EXCEPTIONS.iter().any(|(excused, _)| *excused == file) {
            assert!(!named(&text).is_empty(), "{file} is excused and needs no excuse");
            excused.push(file);
        } else {
            orderings += named(&text).len();
            missing.extend(unproven(&file, &text, &mutants));
        }
    }
    assert!(missing.is_empty(), "of {orderings} orderings:\n{}", missing.join("\n"));
    assert_eq!(excused.len(), EXCEPTIONS.len(), "an exception is no file: {excused:?}");
    assert!(orderings > 20, "only {orderings} orderings were found");
}

#[test]
fn an_ordering_is_found_where_it_is_code() {
    let text = "use Ordering::Acquire;\nload(Acquire) // Release\n/// AcqRel\nswap(1, Ordering::AcqRel)\nAcquired; ReAcquire\n\
                #[cfg(test)]\nmod tests {\n    load(Acquire)\n}\n";
    let found: Vec<_> =
        named(text).into_iter().map(|named| (&text[named.place..][..6], named.ordering)).collect();
    assert_eq!(found, [("Acquir", "Acquire"), ("AcqRel", "AcqRel")]);
}

#[test]
fn a_mutant_counts_that_weakens_one_ordering_and_does_nothing_else() {
    let text = "a.swap(1, AcqRel);\nb.load(Acquire);\nfence(SeqCst);\n";
    let mutant = |old, new| Mutant { name: "", breaks: "", file: "x.rs", after: None, old, new, models: &[] };
    let all = [
        mutant("swap(1, AcqRel)", "swap(1, Acquire)"),
        mutant("swap(1, AcqRel)", "swap(1, Release)"),
        mutant("Acquire);", "Relaxed);"),
        mutant("\nfence(SeqCst);", "\n"),
    ];
    let all: Vec<_> = all.iter().collect();
    assert_eq!(unproven("x.rs", text, &all), [""; 0]);
    assert_eq!(unproven("x.rs", text, &all[1..]), ["x.rs:1: no mutant makes this AcqRel Acquire"]);
    assert_eq!(unproven("x.rs", text, &all[..3]), ["x.rs:3: no mutant leaves out the fence"]);
    assert_eq!(unproven("y.rs", text, &all).len(), 4, "they are of another file");
    let others =
        [mutant("b.load(Acquire)", "c.load(Relaxed)"), mutant("swap(1, AcqRel)", "swap(2, Acquire)")];
    assert_eq!(unproven("x.rs", text, &others.iter().collect::<Vec<_>>()).len(), 4);
}
