//! Go's names in the documentation, in the one form that tools read: ``Go: `net.Dial`, `net.Dialer.Dial` ``.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Attribute, Field, File, ImplItem, Item, Meta, TraitItem, Variant};

use crate::assert_none;
use crate::house::House;
use crate::sources::{attributes, text};

/// The floors, whose items have counterparts in Go.
const FLOORS: [&str; 5] = ["poller", "netfd", "conn", "listener", "runtime"];

/// The last elements of the paths of Go's packages that are named.
const PACKAGES: [&str; 8] = ["io", "net", "netip", "os", "poll", "runtime", "syscall", "time"];

/// Methods that answer to the name of a field in Go. The line of their type names the struct.
const FIELDS: [(&str, &str); 3] = [
    ("netfd/src/error/addr.rs", "alias = \"Err\""),
    ("netfd/src/error/op.rs", "alias = \"Addr\""),
    ("netfd/src/error/op.rs", "alias = \"Source\""),
];

/// Names that only a module has, and why.
const OF_MODULES_ALONE: [(&str, &str, &str); 6] = [
    ("netfd/src/driver/role.rs", "runtime.schedt.lastpoll", "a field in Go, a state machine here"),
    ("netfd/src/error/errno.rs", "syscall.Errno", "a number with a table, not a type"),
    ("runtime/src/idle.rs", "runtime.schedt.nmspinning", "a field in Go, kept by `Idle` here"),
    ("runtime/src/idle.rs", "runtime.schedt.pidle", "a field in Go, kept by `Idle` here"),
    ("runtime/src/tasks.rs", "runtime.g", "a task is `async-task`'s"),
    ("runtime/src/threads.rs", "runtime.newm", "to start a thread is one step of a function"),
];

/// The names that a module's own doc comment states, and no item in it or in the modules below it: who looks for one of
/// them in rustdoc finds nothing, for a module has no alias of its own. Files go by their paths.
fn of_modules_alone<'a>(files: impl IntoIterator<Item = (&'a str, &'a File)>) -> BTreeSet<(&'a str, String)> {
    let files: Vec<_> = files.into_iter().map(|(path, file)| (path, file, of_items(file))).collect();
    let has = |path: &str, name: &String| {
        let folder = folder(path);
        let within = files.iter().filter(|(other, ..)| *other == path || other.starts_with(&folder));
        within.into_iter().any(|(_, _, names)| names.contains(name))
    };
    let of_modules =
        files.iter().flat_map(|(path, file, _)| file.attrs.iter().flat_map(names).map(|name| (*path, name)));
    of_modules.filter(|(path, name)| !has(path, name)).collect()
}

/// Where the modules below a file's are.
fn folder(path: &str) -> String {
    let module = path.strip_suffix(".rs").unwrap_or(path);
    let module = ["/mod", "/lib"].iter().find_map(|root| module.strip_suffix(root)).unwrap_or(module);
    format!("{module}/")
}

/// The names that a file's items state, and not the file itself.
fn of_items(file: &File) -> BTreeSet<String> {
    let mut items = Items(BTreeSet::new());
    for item in &file.items {
        items.visit_item(item);
    }
    items.0
}

struct Items(BTreeSet<String>);

impl<'ast> Visit<'ast> for Items {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.0.extend(names(attribute));
    }
}

/// The names in the lines `Go: ` of a doc comment.
fn names(attribute: &Attribute) -> Vec<String> {
    let of = |line: &String| {
        let names = line.strip_prefix("Go: ").unwrap_or_default().split(", ");
        names
            .map(|name| name.trim_matches('`').to_owned())
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
    };
    lines(attribute).iter().flat_map(of).collect()
}

/// What is wrong with the names in a file.
fn mistakes(file: &File) -> Vec<String> {
    let mut names = Names(vec![]);
    names.visit_file(file);
    names.0
}

struct Names(Vec<String>);

impl Names {
    /// An item that answers to Go's name in a search also says which name that is, and the other way round.
    fn check_alias(&mut self, attributes: &[Attribute]) {
        let named: Vec<_> =
            attributes.iter().flat_map(lines).filter(|line| line.starts_with("Go: ")).collect();
        let aliases: Vec<_> = attributes.iter().filter_map(alias).collect();
        if named.is_empty() {
            self.0.extend(aliases.iter().map(|alias| format!("doc({alias}) without a line `Go: `")));
        } else if aliases.is_empty() {
            self.0.extend(named.iter().map(|line| format!("{line} without a doc(alias)")));
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let wrong = lines(attribute).into_iter().filter(|line| line.starts_with("Go:") && !well_formed(line));
        self.0.extend(wrong);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // rustdoc gives a module no alias of its own, and an impl none at all; it does not show a test.
        if !matches!(item, Item::Mod(_) | Item::Impl(_)) && !is_test(item) {
            self.check_alias(attributes(item));
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        self.check_alias(match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        });
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        self.check_alias(match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            _ => &[],
        });
        visit::visit_trait_item(self, item);
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.check_alias(&variant.attrs);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast Field) {
        self.check_alias(&field.attrs);
        visit::visit_field(self, field);
    }
}

/// Whether an item is a test of its own.
fn is_test(item: &Item) -> bool {
    attributes(item).iter().any(|attribute| attribute.path().is_ident("test"))
}

/// The lines of a doc comment, without the spaces around them.
fn lines(attribute: &Attribute) -> Vec<String> {
    let text = if attribute.path().is_ident("doc") { text(attribute) } else { None };
    text.unwrap_or_default().lines().map(|line| line.trim().to_owned()).collect()
}

/// What stands in a `#[doc(alias …)]`.
fn alias(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("doc") => {
            Some(list.tokens.to_string()).filter(|tokens| tokens.starts_with("alias"))
        }
        _ => None,
    }
}

fn well_formed(line: &str) -> bool {
    line.strip_prefix("Go: ").is_some_and(|names| {
        names.split(", ").all(|name| {
            name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).is_some_and(is_a_name_of_go)
        })
    })
}

/// `package.Name` or `package.Type.method`.
fn is_a_name_of_go(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    let identifier = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    (2..=3).contains(&parts.len()) && PACKAGES.contains(&parts[0]) && parts[1..].iter().all(identifier)
}

#[test]
fn names_of_go_have_the_form_that_tools_read() {
    let house = House::new();
    let members = house.members();
    let mut broken = vec![];
    for source in FLOORS.iter().flat_map(|floor| house.shipped(members[floor])) {
        let is_field = |what: &String| {
            FIELDS
                .iter()
                .any(|(file, alias)| *file == source.path && what.starts_with(&format!("doc({alias})")))
        };
        let mistakes = mistakes(&source.file).into_iter().filter(|what| !is_field(what));
        broken.extend(mistakes.map(|what| format!("{}: {what}", source.path)));
    }
    assert_none(&broken, "a name of Go's that tools do not understand");
}

#[test]
fn a_name_of_a_module_is_that_of_an_item_in_it() {
    let house = House::new();
    let members = house.members();
    let sources: Vec<_> = FLOORS.iter().flat_map(|floor| house.shipped(members[floor])).collect();
    let found = of_modules_alone(sources.iter().map(|source| (source.path.as_str(), &source.file)));
    let excused: BTreeSet<_> =
        OF_MODULES_ALONE.iter().map(|(file, name, _)| (*file, (*name).to_owned())).collect();
    let told = |names: BTreeSet<&(&str, String)>| -> Vec<_> {
        names.into_iter().map(|(file, name)| format!("{file}: {name}")).collect()
    };
    assert_none(&told(found.difference(&excused).collect()), "a name of Go's that only a module has");
    assert_none(&told(excused.difference(&found).collect()), "an exception that no module needs");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> bool {
        !mistakes(&syn::parse_file(text).expect("a snippet of Rust")).is_empty()
    }

    #[test]
    fn lines_of_another_form_are_seen() {
        for line in [
            "Go: net.Dial",
            "Go: `Dial`",
            "Go: `fmt.Print`",
            "Go: `net.Dial` and more",
            "Go: `net.Dial`.",
            "Go: `net.Dial` `net.Dialer`",
            "Go: `net.Dial`,",
            "Go: `net.Dial, net.Dialer`",
            "Go: `net.TCPConn.Read.x`",
            "Go:`net.Dial`",
            "Go: ",
        ] {
            assert!(wrong(&format!("/// {line}\nfn f() {{}}")), "{line}");
            assert!(wrong(&format!("//! {line}\n")), "{line}");
            assert!(wrong(&format!("struct X {{\n    /// {line}\n    y: u8 }}")), "{line}");
        }
    }

    #[test]
    fn the_right_form_passes() {
        assert!(!wrong("//! Go: `net.Dial`, `poll.FD.Read`\n\n/// An item; Go: whatever.\nfn f() {}"));
    }

    #[test]
    fn a_name_that_only_a_module_has_is_seen() {
        let alone = |texts: &[(&'static str, &str)]| {
            let files: Vec<_> =
                texts.iter().map(|(path, text)| (*path, syn::parse_file(text).expect("Rust"))).collect();
            let found = of_modules_alone(files.iter().map(|(path, file)| (*path, file)));
            found.into_iter().map(|(path, name)| format!("{path}: {name}")).collect::<Vec<_>>()
        };
        let module = "//! Go: `net.Dial`, `poll.FD.Read`\n";
        let item = "struct X;\nimpl X {\n/// Go: `poll.FD.Read`, `net.Dial`\nfn f() {} }";
        assert_eq!(
            alone(&[("src/a.rs", &format!("{module}/// Go: `net.Dial`\nfn f() {{}}"))]),
            ["src/a.rs: poll.FD.Read"]
        );
        assert!(alone(&[("src/a.rs", &format!("{module}{item}"))]).is_empty());
        for (root, below) in
            [("src/lib.rs", "src/b.rs"), ("src/a/mod.rs", "src/a/b.rs"), ("src/a.rs", "src/a/b/c.rs")]
        {
            assert!(alone(&[(root, module), (below, item)]).is_empty(), "{root}");
        }
        assert_eq!(alone(&[("src/a.rs", module), ("src/ab.rs", item)]).len(), 2, "another module");
        assert!(alone(&[("src/a.rs", item)]).is_empty());
    }

    #[test]
    fn an_alias_needs_its_line() {
        let alias = "#[doc(alias = \"Dial\")]";
        assert!(wrong(&format!("{alias} pub fn f() {{}}")));
        assert!(wrong(&format!("impl X {{ /// Text.\n {alias} pub fn f() {{}} }}")));
        assert!(wrong(&format!("trait X {{ {alias} fn f(); }}")));
        assert!(wrong(&format!("enum X {{ {alias} Y }}")));
        assert!(!wrong(&format!("/// Go: `net.Dial`\n{alias} pub fn f() {{}}")));
        assert!(wrong("/// Go: `net.Dial`\npub fn f() {}"), "and the line needs its alias");
        assert!(!wrong("/// Go: `net.TestDial`\n#[test] fn dial() {}"), "but for a test");
    }
}
