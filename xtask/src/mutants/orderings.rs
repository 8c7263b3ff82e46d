//! Every memory ordering stronger than relaxed has mutants that weaken it, so that a model is known to need it.
//!
//! | ordering | mutants |
//! | --- | --- |
//! | `Acquire`, `Release` | one that makes it `Relaxed` |
//! | `AcqRel` | two: one that makes it `Acquire`, and one that makes it `Release` |
//! | `SeqCst` | one that makes it `AcqRel` |
//! | any of a fence | one that leaves the fence out, beside those |
//!
//! A mutant counts if it does that and nothing else. Whether the models notice is what `cargo xtask loom --mutants` tells.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Mutant, table};
use crate::loom::PACKAGES;
use crate::workspace::Workspace;

/// Files with orderings that no mutant weakens, how many, and the reason: they are those of the models' own tools.
const EXCEPTIONS: [(&str, usize, &str); 2] = [
    ("netfd/src/clock.rs", 2, "the clock of models, which only models set"),
    ("runtime/src/sync/tasks.rs", 2, "async-task's own order, told to loom"),
];

const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// One ordering in a file: where, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    place: usize,
    ordering: &'static str,
    of_fence: bool,
}

/// The orderings that a text names, but for those in comments, in imports and in the tests at its end.
fn named(text: &str) -> Vec<Named> {
    let (mut found, mut start) = (vec![], 0);
    for line in text.split_inclusive('\n').take_while(|line| *line != "mod tests {\n") {
        let code = line.split("//").next().unwrap_or(line);
        let is_import = code.trim_start().trim_start_matches("pub(crate) ").starts_with("use ");
        for ordering in ORDERINGS {
            let places = code.match_indices(ordering).map(|(offset, _)| offset);
            let is_word = |offset: &usize| {
                let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
                !code[..*offset].ends_with(part_of_word)
                    && !code[offset + ordering.len()..].starts_with(part_of_word)
            };
            for offset in places.filter(is_word) {
                let renamed = code[offset + ordering.len()..].starts_with(" as ");
                assert!(!renamed, "an ordering under another name is not seen: {line}");
                let of_fence = code[..offset].trim_end_matches("Ordering::").ends_with("fence(");
                found.extend((!is_import).then_some(Named { place: start + offset, ordering, of_fence }));
            }
        }
        start += line.len();
    }
    found.sort_by_key(|named| named.place);
    found
}

/// What mutants have to make of an ordering, each of these another one.
fn weaker(ordering: &str) -> &'static [&'static str] {
    match ordering {
        "Acquire" | "Release" => &["Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        _ => &["AcqRel"],
    }
}

/// Whether a mutant makes `to` of what stands in a text, from one place to another, and does nothing else.
fn makes(mutant: &Mutant, text: &str, from: usize, until: usize, to: &str) -> bool {
    let expected = [&text[..from], to, &text[until..]].concat();
    mutant.apply(text).is_ok_and(|mutated| mutated == expected)
}

/// The orderings of a file that the mutants do not weaken, as `file:line: what is missing`.
fn unproven(file: &str, text: &str, mutants: &[&Mutant]) -> Vec<String> {
    let mut missing = vec![];
    for Named { place, ordering, of_fence } in named(text) {
        let line = text[..place].matches('\n').count() + 1;
        let of_file = || mutants.iter().filter(|mutant| mutant.file == file);
        for to in weaker(ordering) {
            // However it is imported.
            let made = ["", "std::sync::atomic::Ordering::"].map(|path| [path, to].concat());
            let until = place + ordering.len();
            let done = |mutant: &&Mutant| made.iter().any(|made| makes(mutant, text, place, until, made));
            // A relaxed fence is none, and panics.
            if *to != "Relaxed" || !of_fence {
                missing.extend(
                    (!of_file().any(done))
                        .then(|| format!("{file}:{line}: no mutant makes this {ordering} {to}")),
                );
            }
        }
        if of_fence {
            let from = text[..place].rfind("fence(").unwrap_or(place);
            let until = text[place..].find(';').map_or(text.len(), |end| place + end + 1);
            missing.extend(
                (!of_file().any(|mutant| makes(mutant, text, from, until, "")))
                    .then(|| format!("{file}:{line}: no mutant leaves out the fence")),
            );
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
    let (mut orderings, mut missing, mut excused) = (0, vec![], 0);
    for path in PACKAGES.iter().flat_map(|package| sources(&root.join(package).join("src"))) {
        let file = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a source");
        match EXCEPTIONS.iter().find(|(excused, ..)| *excused == file) {
            Some((_, expected, _)) => {
                assert_eq!(named(&text).len(), *expected, "the orderings of {file} that are excused");
                excused += 1;
            }
            None => {
                orderings += named(&text).len();
                missing.extend(unproven(&file, &text, &mutants));
            }
        }
    }
    assert!(missing.is_empty(), "of {orderings} orderings:\n{}", missing.join("\n"));
    assert_eq!(excused, EXCEPTIONS.len(), "an exception is no file");
    assert!(orderings > 20, "only {orderings} orderings were found");
}

#[test]
fn an_ordering_is_found_where_it_is_code() {
    let text = "use Ordering::Acquire;\nload(Acquire) // Release\n/// AcqRel\nswap(1, Ordering::AcqRel)\nAcquired; ReAcquire\n\
                fence(Release);\n#[cfg(test)]\nmod tests {\n    load(Acquire)\n}\n";
    let found: Vec<_> = named(text)
        .into_iter()
        .map(|named| (&text[named.place..][..6], named.ordering, named.of_fence))
        .collect();
    let expected = [("Acquir", "Acquire", false), ("AcqRel", "AcqRel", false), ("Releas", "Release", true)];
    assert_eq!(found, expected);
}

#[test]
#[should_panic = "under another name"]
fn an_ordering_is_not_renamed() {
    named("use Ordering::Release as Give;\n");
}

#[test]
fn a_mutant_counts_that_weakens_one_ordering_and_does_nothing_else() {
    let text = "a.swap(1, AcqRel);\nb.load(Acquire);\nfence(SeqCst);\nc.store(1, SeqCst);\n";
    let mutant = |old, new| Mutant { name: "", breaks: "", file: "x.rs", after: None, old, new, models: &[] };
    let all = [
        mutant("swap(1, AcqRel)", "swap(1, Acquire)"),
        mutant("swap(1, AcqRel)", "swap(1, Release)"),
        mutant("Acquire);", "Relaxed);"),
        mutant("\nfence(SeqCst);", "\n"),
        mutant("fence(SeqCst)", "fence(std::sync::atomic::Ordering::AcqRel)"),
        mutant("store(1, SeqCst)", "store(1, AcqRel)"),
    ];
    let all: Vec<_> = all.iter().collect();
    let without = |index: usize| {
        let others = all.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, mutant)| *mutant);
        unproven("x.rs", text, &others.collect::<Vec<_>>())
    };
    assert_eq!(unproven("x.rs", text, &all), [""; 0]);
    assert_eq!(unproven("y.rs", text, &all).len(), 6, "they are of another file");
    let missing = [
        "x.rs:1: no mutant makes this AcqRel Acquire",
        "x.rs:1: no mutant makes this AcqRel Release",
        "x.rs:2: no mutant makes this Acquire Relaxed",
        "x.rs:3: no mutant leaves out the fence",
        "x.rs:3: no mutant makes this SeqCst AcqRel",
        "x.rs:4: no mutant makes this SeqCst AcqRel",
    ];
    for (index, missing) in missing.into_iter().enumerate() {
        assert_eq!(without(index), [missing]);
    }
    let others =
        [mutant("b.load(Acquire)", "c.load(Relaxed)"), mutant("swap(1, AcqRel)", "swap(2, Acquire)")];
    assert_eq!(unproven("x.rs", text, &others.iter().collect::<Vec<_>>()).len(), 6);
}
