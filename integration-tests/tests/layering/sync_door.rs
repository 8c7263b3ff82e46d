//! A crate with models has one `sync` module, which chooses between the standard library's primitives and loom's.
//!
//! What went around that door would run unseen by the models. `Ordering` is one plain enum in both worlds and may be named
//! everywhere. Tests and models are programs of their own and are passed over.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::house::House;
use crate::named_paths::named_paths;
use crate::sources::SourceFile;

/// Files that may name something of `std::sync` or `loom` themselves, and why.
const EXCEPTIONS: [Exception; 4] = [
    ("netfd/src/cell.rs", "loom::cell", "the cell that wraps loom's own"),
    ("netfd/src/net_fd/family.rs", "std::sync::OnceLock", "the dual-stack probe; sockets are not in models"),
    ("netfd/src/netpoll/mod.rs", "std::sync::OnceLock", "global(), which models do not use"),
    ("netfd/src/netpoll/poll_cache.rs", "std::sync::OnceLock", "the page table, which models do not grow"),
];

/// A file from the workspace's root, the path that it may name, and the reason.
type Exception = (&'static str, &'static str, &'static str);

/// Whether `path` is `whole` or lies in it.
fn within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The paths of a file that only a `sync` module may name.
fn primitives(source: &SourceFile) -> BTreeSet<String> {
    let is_the_door = source.path.ends_with("/src/sync.rs") || source.path.contains("/src/sync/");
    if source.for_tests || is_the_door {
        return BTreeSet::new();
    }
    let is_primitive = |path: &String| {
        let chosen = within(path, "std::sync") || within(path, "loom");
        // All of the standard library, or the library itself under another name.
        let hidden = path == "std" || path == "std::*";
        (chosen || hidden) && !within(path, "std::sync::atomic::Ordering")
    };
    named_paths(&source.file).into_iter().filter(is_primitive).collect()
}

fn around_the_door(sources: &[SourceFile], exceptions: &[Exception]) -> Vec<String> {
    let mut broken = vec![];
    for source in sources {
        let excused = |path: &str| {
            exceptions.iter().any(|(file, whole, _)| *file == source.path && within(path, whole))
        };
        let paths = primitives(source).into_iter().filter(|path| !excused(path));
        broken.extend(paths.map(|path| format!("{}: {path}", source.path)));
    }
    broken
}

fn unused(sources: &[SourceFile], exceptions: &[Exception]) -> Vec<String> {
    let used = |(file, whole, _): &&Exception| {
        sources
            .iter()
            .any(|source| *file == source.path && primitives(source).iter().any(|path| within(path, whole)))
    };
    exceptions
        .iter()
        .filter(|exception| !used(exception))
        .map(|(file, path, _)| format!("{file}: {path}"))
        .collect()
}

/// The libraries of the packages that have models: those that declare loom.
fn modelled(house: &House) -> Vec<(&str, Vec<SourceFile>)> {
    let with_loom = house
        .members()
        .into_iter()
        .filter(|(_, package)| package.dependencies.iter().any(|dependency| dependency.name == "loom"));
    with_loom.map(|(name, package)| (name, house.shipped(package))).collect()
}

#[test]
fn only_the_sync_modules_choose_between_std_and_loom() {
    let house = House::new();
    let (mut broken, mut sources) = (vec![], vec![]);
    for (package, files) in modelled(&house) {
        if !files.iter().any(|file| file.path == format!("{package}/src/sync.rs")) {
            broken.push(format!("{package} has models and no sync module"));
        }
        sources.extend(files);
    }
    assert!(!sources.is_empty(), "no package has models");
    broken.extend(around_the_door(&sources, &EXCEPTIONS));
    assert_none(&broken, "std::sync or loom is named outside of a sync module");
    assert_none(&unused(&sources, &EXCEPTIONS), "an exception that no code needs");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), for_tests: false, file: syn::parse_file(text).expect("Rust") }
    }

    fn breaks(text: &str) -> bool {
        !around_the_door(&[source("netfd/src/x.rs", text)], &EXCEPTIONS).is_empty()
    }

    #[test]
    fn every_way_around_the_door_is_seen() {
        for text in [
            "use std::{sync::atomic::AtomicBool};",
            "use ::std::sync;",
            "use std::sync::Mutex as Lock;",
            "use std as s;",
            "use std::*;",
            "use core::sync::atomic::AtomicU8;",
            "use loom::thread;",
            "use std::sync::atomic::{AtomicBool, Ordering};",
            "use std::sync::atomic::*;",
            "fn f(_: std::sync::Arc<u8>) {}",
        ] {
            assert!(breaks(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_primitive_passes() {
        for text in [
            "use std::sync::atomic::Ordering::{self, Relaxed};",
            "use std::{fmt, sync::atomic::Ordering};",
            "use crate::sync::Mutex;",
            "use std::thread;",
            "const X: bool = cfg!(loom);",
            "#[cfg(test)] mod tests { use std::sync::mpsc; }",
        ] {
            assert!(!breaks(text), "{text}");
        }
    }

    #[test]
    fn the_door_and_what_lies_behind_it_choose() {
        let door = ["runtime/src/sync.rs", "runtime/src/sync/tasks.rs"]
            .map(|path| source(path, "use std::sync::Arc;"));
        assert!(around_the_door(&door, &[]).is_empty());
        assert_eq!(
            around_the_door(&[source("runtime/src/task/sync.rs", "use std::sync::Arc;")], &[]).len(),
            1
        );
    }

    #[test]
    fn an_exception_holds_for_its_file_and_path_alone() {
        let excused = source("netfd/src/cell.rs", "use loom::cell::UnsafeCell;");
        assert!(around_the_door(&[excused], &EXCEPTIONS).is_empty());
        let more = source("netfd/src/cell.rs", "use loom::sync::Mutex;");
        assert_eq!(around_the_door(&[more], &EXCEPTIONS), ["netfd/src/cell.rs: loom::sync::Mutex"]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_reported() {
        let sources = [source("netfd/src/cell.rs", "use crate::sync::Mutex;")];
        assert_eq!(unused(&sources, &EXCEPTIONS[..1]), ["netfd/src/cell.rs: loom::cell"]);
    }
}
