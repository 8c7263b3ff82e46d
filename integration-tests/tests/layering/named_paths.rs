//! Every path that a source file names outside of its tests.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{File, ImplItem, Item, ItemExternCrate, ItemUse, Macro, Path, UseTree};

use crate::macros;
use crate::sources::{attributes, only_for_tests};

/// The paths of a file, such as `std::sync::Mutex::new`: of its imports, one by one and under their own names, and of
/// everything else. `core` and `alloc` are called `std`.
pub(crate) fn named_paths(file: &File) -> BTreeSet<String> {
    let mut paths = Paths::default();
    paths.visit_file(file);
    paths.found
}

#[derive(Default)]
struct Paths {
    found: BTreeSet<String>,
}

impl Paths {
    fn add(&mut self, path: &str) {
        let (first, rest) = path.split_once("::").unwrap_or((path, ""));
        let first = if ["core", "alloc"].contains(&first) { "std" } else { first };
        self.found.insert(if rest.is_empty() { first.to_owned() } else { format!("{first}::{rest}") });
    }

    fn add_import(&mut self, tree: &UseTree, before: &str) {
        let below = |name: &dyn ToString| match (before, name.to_string().as_str()) {
            ("", name) => name.to_owned(),
            (before, "self") => before.to_owned(),
            (before, name) => format!("{before}::{name}"),
        };
        match tree {
            UseTree::Path(path) => self.add_import(&path.tree, &below(&path.ident)),
            UseTree::Name(name) => self.add(&below(&name.ident)),
            UseTree::Rename(rename) => self.add(&below(&rename.ident)),
            UseTree::Glob(_) => self.add(&below(&"*")),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_import(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let test = matches!(item, ImplItem::Fn(function) if only_for_tests(&function.attrs));
        if !test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.add_import(&import.tree, "");
    }

    fn visit_item_extern_crate(&mut self, import: &'ast ItemExternCrate) {
        self.add(&import.ident.to_string());
    }

    fn visit_path(&mut self, path: &'ast Path) {
        // A single name is a local one.
        if path.segments.len() > 1 {
            let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.add(&names.join("::"));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        for word in macros::visit_inside(call, self) {
            if word.contains("::") {
                self.add(word.trim_end_matches(':'));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str, path: &str) {
        let found = named_paths(&syn::parse_file(text).expect("a snippet of Rust"));
        assert!(found.contains(path), "{text} names {found:?}");
    }

    #[test]
    fn imports_are_taken_apart() {
        names("use std::{fmt, sync::{atomic::{AtomicU8, Ordering}}};", "std::sync::atomic::AtomicU8");
        names("use ::std::sync;", "std::sync");
        names("use std::sync::{self as locks, Arc};", "std::sync");
        names("use std::sync::Mutex as Lock;", "std::sync::Mutex");
        names("use std::sync::*;", "std::sync::*");
        names("use std as s;", "std");
        names("use core::sync::atomic::AtomicU8;", "std::sync::atomic::AtomicU8");
        names("extern crate loom as weaver;", "loom");
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        names("fn f(x: &std::sync::Mutex<u8>) {}", "std::sync::Mutex");
        names("fn f() { g(<::std::sync::Mutex<u8>>::new(1)) }", "std::sync::Mutex");
        names("fn f() { loom::thread::yield_now() }", "loom::thread::yield_now");
        names("fn f() { assert!(loom::model::f() > 1, \"{}\", 2) }", "loom::model::f");
        names("loom::lazy_static! { static ref X: u8 = 1; }", "loom::lazy_static");
        names("thread_local! { static X: std::sync::Mutex<u8> = f(); }", "std::sync::Mutex");
        names("macro_rules! m { ($x:ty) => { std::sync::Mutex<$x> } }", "std::sync::Mutex");
        names("mod inner { use std::sync::Mutex; }", "std::sync::Mutex");
    }

    #[test]
    fn tests_are_passed_over() {
        let text = "#[cfg(all(test, loom))] mod t { use loom::model; }
            #[cfg(test)] use std::sync::mpsc;
            impl X { #[cfg(test)] fn f() { std::sync::mpsc::channel() } }";
        assert!(named_paths(&syn::parse_file(text).expect("Rust")).is_empty());
    }
}
