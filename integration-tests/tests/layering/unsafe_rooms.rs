//! `unsafe` stays in the files that need it; every other package forbids it.

use cargo_metadata::Target;
use syn::visit::{self, Visit};
use syn::{Attribute, ExprUnsafe, File, ItemForeignMod, ItemImpl, ItemTrait, Macro, Meta, Path, Signature};

use crate::assert_none;
use crate::house::House;
use crate::{macros, sources};

/// The files in which `unsafe` may stand, from the workspace's root, and why.
const ROOMS: [(&str, &str); 15] = [
    ("netfd/src/cell.rs", "the cell that a waker or a socket lives in"),
    ("netfd/src/fd/close.rs", "the last reference takes the socket out of its cell"),
    ("netfd/src/fd/mod.rs", "a reference keeps the socket in its cell"),
    ("netfd/src/loom_tests/mutex.rs", "models that show exclusion by touching loom's cells"),
    ("netfd/src/netpoll/park_word.rs", "the protocol that says who may touch the waker's cell"),
    ("netfd/src/sys/clock.rs", "the coarse clock, which std does not offer"),
    ("netfd/src/sys/left.rs", "an option of sockets, and a message, that no safe crate knows"),
    ("netfd/src/sys/names.rs", "an address's bytes, which its safe reading loses"),
    ("netfd/src/sys/signals.rs", "the signal mask, which no safe crate offers"),
    ("netfd/src/sys/transfer.rs", "reading into memory that is not initialized"),
    ("netfd/src/sys/unix.rs", "a peer's credentials, which the safe call takes for always known"),
    ("netfd/tests/drained.rs", "an option of sockets that no safe crate sets"),
    (
        "poller/src/sys/epoll/tests.rs",
        "signals and system call filters, to provoke what the kernel rarely does",
    ),
    ("poller/src/sys/epoll/wait.rs", "the two waits, of which no safe wrapper has both"),
    ("return-stack/src/x86_64.rs", "instructions that Rust has no words for"),
];

/// The packages that have such a file.
const WITH_ROOMS: [&str; 3] = ["netfd", "poller", "return-stack"];

/// What `unsafe` a file contains, in a word or two each.
fn unsafe_code(file: &File) -> Vec<String> {
    let mut found = Unsafe(vec![]);
    found.visit_file(file);
    found.0
}

struct Unsafe(Vec<String>);

impl<'ast> Visit<'ast> for Unsafe {
    fn visit_signature(&mut self, signature: &'ast Signature) {
        if signature.unsafety.is_some() {
            self.0.push(format!("unsafe fn {}", signature.ident));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast ExprUnsafe) {
        self.0.push("an unsafe block".to_owned());
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if item.unsafety.is_some() {
            self.0.push("unsafe impl".to_owned());
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if item.unsafety.is_some() {
            self.0.push(format!("unsafe trait {}", item.ident));
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast ItemForeignMod) {
        self.0.push("an extern block".to_owned());
        visit::visit_item_foreign_mod(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("unsafe") {
            self.0.push("an unsafe attribute".to_owned());
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if macros::visit_inside(call, self).iter().any(|word| word == "unsafe") {
            self.0.push("unsafe in a macro".to_owned());
        }
    }
}

/// Whether a crate's root says `#![forbid(unsafe_code)]`.
fn forbids_unsafe_code(file: &File) -> bool {
    file.attrs.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => {
            list.path.is_ident("forbid")
                && list.parse_args::<Path>().is_ok_and(|lint| lint.is_ident("unsafe_code"))
        }
        _ => false,
    })
}

#[test]
fn unsafe_code_stays_in_the_files_that_need_it() {
    let house = House::new();
    let (mut broken, mut empty) = (vec![], ROOMS.map(|(path, _)| path).to_vec());
    for root in house.members().into_values().flat_map(|package| &package.targets) {
        for source in sources::files(&house.root, root.src_path.as_std_path()) {
            let found = unsafe_code(&source.file);
            if ROOMS.iter().any(|(path, _)| *path == source.path) {
                empty.retain(|path| found.is_empty() || *path != source.path);
            } else {
                broken.extend(found.iter().map(|what| format!("{}: {what}", source.path)));
            }
        }
    }
    assert_none(&broken, "unsafe code outside of the files for it");
    let empty: Vec<_> = empty.into_iter().map(str::to_owned).collect();
    assert_none(&empty, "listed for unsafe code, and has none");
}

#[test]
fn packages_that_need_no_unsafe_code_forbid_it() {
    let house = House::new();
    let mut broken = vec![];
    for (_, package) in house.members().into_iter().filter(|(name, _)| !WITH_ROOMS.contains(name)) {
        let shipped = |target: &&Target| target.is_lib() || target.is_bin() || target.is_example();
        for target in package.targets.iter().filter(shipped) {
            let root = sources::files(&house.root, target.src_path.as_std_path()).pop();
            let root = root.expect("a crate has a root, read last");
            if !forbids_unsafe_code(&root.file) {
                broken.push(root.path);
            }
        }
    }
    assert_none(&broken, "does not say #![forbid(unsafe_code)]");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> File {
        syn::parse_file(text).expect("a snippet of Rust")
    }

    #[test]
    fn every_kind_of_unsafe_code_is_seen() {
        for text in [
            "fn f() { unsafe { g() } }",
            "fn f() { let x = match y { _ => unsafe { g() } }; }",
            "unsafe fn f() {}",
            "impl X { unsafe fn f() {} }",
            "trait X { unsafe fn f(); }",
            "unsafe impl Send for X {}",
            "unsafe trait X {}",
            "unsafe extern \"C\" { fn f(); }",
            "#[unsafe(no_mangle)] fn f() {}",
            "fn f() { assert!(unsafe { g() }) }",
            "macro_rules! m { ($x:expr) => { unsafe { $x } } }",
            "mod inner { unsafe fn f() {} }",
        ] {
            assert_eq!(unsafe_code(&parse(text)).len(), 1, "{text}");
        }
        assert!(unsafe_code(&parse("/// unsafe code\nfn f() { g(\"unsafe {\") }")).is_empty());
    }

    #[test]
    fn a_weaker_word_than_forbid_is_not_enough() {
        assert!(forbids_unsafe_code(&parse("//! A crate.\n#![forbid(unsafe_code)]")));
        for text in ["#![deny(unsafe_code)]", "#![forbid(missing_docs)]", "// #![forbid(unsafe_code)]"] {
            assert!(!forbids_unsafe_code(&parse(text)), "{text}");
        }
    }
}
