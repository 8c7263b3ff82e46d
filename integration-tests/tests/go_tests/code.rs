//! The items in the source files whose doc comment names a test of Go's: functions, modules, and what
//! `on_every_executor!` makes.

use std::fs;
use std::path::{Path, PathBuf};

use syn::parse::ParseStream;
use syn::{Attribute, Expr, ExprLit, Ident, Item, Lit, Macro, Meta};

use crate::names::is_a_test;
use crate::table::quoted;

/// A test that says which of Go's it is.
#[derive(Debug)]
pub(crate) struct Named {
    /// Go's name.
    pub(crate) go: String,
    /// `path::name`, the path from the workspace's root.
    pub(crate) test: String,
}

/// Those of a workspace.
pub(crate) fn named_tests(root: &Path) -> Vec<Named> {
    let mut files = vec![];
    find(root, &mut files);
    let mut named = vec![];
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(&file).display().to_string().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
        named.extend(in_text(&path, &text));
    }
    named
}

/// The source files in a folder and below it; what is built, and what is hidden, is left out.
fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("a folder of the workspace").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            find(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

/// Those of one file. A line that names a test of Go's and stands at nothing that could be one is found as the test
/// `path::?`, which no list has.
pub(crate) fn in_text(path: &str, text: &str) -> Vec<Named> {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut named = vec![];
    visit(path, &file.items, &mut named);
    let lines = text.lines().map(str::trim_start);
    let mut lost: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")))
        .flat_map(names)
        .collect();
    for found in &named {
        if let Some(at) = lost.iter().position(|go| *go == found.go) {
            lost.remove(at);
        }
    }
    named.extend(lost.into_iter().map(|go| Named { go, test: format!("{path}::?") }));
    named
}

fn visit(path: &str, items: &[Item], named: &mut Vec<Named>) {
    for item in items {
        match item {
            Item::Fn(item) => add(path, &item.attrs, &item.sig.ident, named),
            Item::Mod(item) => {
                add(path, &item.attrs, &item.ident, named);
                visit(path, item.content.as_ref().map_or(&[], |(_, items)| items), named);
            }
            Item::Macro(item) => {
                if let Some((attributes, name)) = on_every_executor(&item.mac) {
                    add(path, &attributes, &name, named);
                }
            }
            _ => {}
        }
    }
}

/// The doc comment and the name in a call of `on_every_executor!`.
fn on_every_executor(call: &Macro) -> Option<(Vec<Attribute>, Ident)> {
    if call.path.segments.last()?.ident != "on_every_executor" {
        return None;
    }
    let head = |input: ParseStream<'_>| {
        let head = (Attribute::parse_outer(input)?, input.parse()?);
        input.parse::<syn::Token![,]>()?;
        input.parse::<Expr>()?;
        Ok(head)
    };
    call.parse_body_with(head).ok()
}

fn add(path: &str, attributes: &[Attribute], name: &Ident, named: &mut Vec<Named>) {
    let docs = attributes.iter().filter_map(doc);
    let go = docs.flat_map(|line| names(&line));
    named.extend(go.map(|go| Named { go, test: format!("{path}::{name}") }));
}

/// The text of a line of a doc comment.
fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The tests of Go's that a line of a doc comment names.
fn names(line: &str) -> Vec<String> {
    let names = line.trim().strip_prefix("Go: ").map(quoted).unwrap_or_default();
    names.into_iter().filter(|name| is_a_test(name)).collect()
}

#[test]
fn tests_are_found_wherever_they_stand() {
    let text = "//! Go: `net.TestA`\n/// Text.\n///\n/// Go: `net.TestB`, `net.Dial`\nfn b() {}\n\
        mod tests {\n/// Go: `net.TestC`\n#[test] fn c() {}\n}\n\
        integration_tests::on_every_executor!(\n/// Go: `net.TestD`\nd, |exec: Exec| async move { exec; });\n\n/// Go: `net.TestE`\nstruct E;\n";
    let found: Vec<_> = in_text("x.rs", text).into_iter().map(|named| (named.go, named.test)).collect();
    let expected = [
        ("net.TestB", "x.rs::b"),
        ("net.TestC", "x.rs::c"),
        ("net.TestD", "x.rs::d"),
        ("net.TestA", "x.rs::?"),
        ("net.TestE", "x.rs::?"),
    ];
    assert_eq!(found, expected.map(|(go, test)| (go.to_owned(), test.to_owned())));
}
