//! The source files of a crate, found as the compiler finds them: from the root, along `mod`.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, File, Item, ItemMod, Lit, Meta, Token, punctuated::Punctuated};

/// One file of a crate.
pub(crate) struct SourceFile {
    /// From the workspace's root, with forward slashes.
    pub(crate) path: String,
    /// Whether it is compiled for tests and models only.
    pub(crate) for_tests: bool,
    /// What it says.
    pub(crate) file: File,
}

/// The files of the crate whose root is `crate_root`, on every platform and under every cfg.
pub(crate) fn files(workspace: &Path, crate_root: &Path) -> Vec<SourceFile> {
    let mut files = vec![];
    let folder = crate_root.parent().expect("a crate's root lies in a folder");
    read(workspace, crate_root, folder, false, &mut files);
    files
}

/// Reads one file and the modules below it, whose files lie in `folder`.
fn read(workspace: &Path, path: &Path, folder: &Path, for_tests: bool, files: &mut Vec<SourceFile>) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    follow(workspace, path, folder, for_tests, &file.items, files);
    let name = path.strip_prefix(workspace).unwrap_or(path).display().to_string().replace('\\', "/");
    files.push(SourceFile { path: name, for_tests, file });
}

fn follow(
    workspace: &Path,
    path: &Path,
    folder: &Path,
    for_tests: bool,
    items: &[Item],
    files: &mut Vec<SourceFile>,
) {
    let modules =
        items.iter().filter_map(|item| if let Item::Mod(module) = item { Some(module) } else { None });
    for module in modules {
        let for_tests = for_tests || only_for_tests(&module.attrs);
        let below = folder.join(module.ident.to_string());
        if let Some((_, items)) = &module.content {
            follow(workspace, path, &below, for_tests, items, files);
        } else if let Some(elsewhere) = named_file(module) {
            let file = path.parent().expect("a file lies in a folder").join(elsewhere);
            let folder = file.parent().expect("a file lies in a folder").to_path_buf();
            read(workspace, &file, &folder, for_tests, files);
        } else {
            let beside = below.with_extension("rs");
            let file = if beside.exists() { beside } else { below.join("mod.rs") };
            read(workspace, &file, &below, for_tests, files);
        }
    }
}

/// The file that a `#[path = "…"]` names.
fn named_file(module: &ItemMod) -> Option<PathBuf> {
    module
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("path"))
        .find_map(text)
        .map(PathBuf::from)
}

/// The text of an attribute of the form `#[name = "text"]`.
pub(crate) fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether some `#[cfg(…)]` leaves the thing out of everything but tests.
pub(crate) fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .any(|attribute| attribute.parse_args::<Meta>().is_ok_and(|condition| requires_test(&condition)))
}

fn requires_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(name) => name.is_ident("test"),
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            let parts = parts.unwrap_or_default();
            if list.path.is_ident("all") {
                parts.iter().any(requires_test)
            } else {
                list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(requires_test)
            }
        }
        Meta::NameValue(_) => false,
    }
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_tests(condition: &str) -> bool {
        let file = syn::parse_file(&format!("#[cfg({condition})] mod m {{}}")).expect("Rust");
        only_for_tests(attributes(&file.items[0]))
    }

    #[test]
    fn a_condition_that_needs_test_is_told_from_one_that_does_not() {
        for condition in ["test", "all(test, loom)", "all(unix, any(test))", "any(test, all(test, loom))"] {
            assert!(for_tests(condition), "{condition}");
        }
        for condition in ["loom", "not(test)", "any(test, loom)", "feature = \"test\"", "any()"] {
            assert!(!for_tests(condition), "{condition}");
        }
    }

    #[test]
    fn modules_are_followed_into_folders_paths_and_tests() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above").to_path_buf();
        let files = files(&root, &root.join("netfd/src/lib.rs"));
        let find =
            |path: &str| files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}"));
        assert!(!find("netfd/src/netpoll/mod.rs").for_tests);
        assert!(!find("netfd/src/sys/fake.rs").for_tests);
        assert!(find("netfd/src/loom_tests/park.rs").for_tests);
    }
}
