//! Mutants: the shipped code broken on purpose, to show that the loom models can fail.
//!
//! ```text
//!   the workspace ──copy──► target/mutants/src ──one mutation──► build ──► the named models ─► every model
//!                                   ▲                              │             │                 │
//!                                   └────────── restore ◄──────────┴── wrong ◄───┴── caught ◄──────┴── survived
//! ```
//!
//! The tables name the place by its text, so a change to the code that a mutant stands on shows at once: an ordinary unit
//! test checks that each text still occurs exactly once. The order is that of the tables, and the copy keeps the dates of
//! files that did not change, so that one run after another rebuilds little.

mod copy;
mod engine;
mod netfd;
#[cfg(test)]
mod orderings;
mod poller;
mod runtime;

pub(crate) use engine::all;

use anyhow::{Result, bail};

/// One place where the shipped code is broken.
pub(crate) struct Mutant {
    /// What is done to the code, in a few words.
    pub(crate) name: &'static str,
    /// The invariant that no longer holds.
    pub(crate) breaks: &'static str,
    /// The file, from the workspace's root. Its first folder is the package.
    pub(crate) file: &'static str,
    /// A text that occurs once in the file; the mutated place is the first one after it. For texts that occur often.
    pub(crate) after: Option<&'static str>,
    /// The text to replace. Without [`after`](Mutant::after) it occurs exactly once.
    pub(crate) old: &'static str,
    /// What stands there instead. It compiles.
    pub(crate) new: &'static str,
    /// The models that must fail, by their full paths in the package: each of them, so that each is seen to fail.
    pub(crate) models: &'static [&'static str],
}

impl Mutant {
    /// The package whose models must notice.
    pub(crate) fn package(&self) -> &'static str {
        self.file.split('/').next().unwrap_or(self.file)
    }

    /// The file's text with the mutation in it, or why the table does not fit the file.
    pub(crate) fn apply(&self, text: &str) -> Result<String> {
        if self.old == self.new {
            bail!("the new text equals the old one");
        }
        let place = self.place(text)?;
        Ok([&text[..place], self.new, &text[place + self.old.len()..]].concat())
    }

    /// Where in the file's text the mutated place begins.
    fn place(&self, text: &str) -> Result<usize> {
        let Some(anchor) = self.after else { return only(text, self.old) };
        let start = only(text, anchor)? + anchor.len();
        let offset = text[start..].find(self.old);
        let Some(offset) = offset else { bail!("the text {:?} does not occur after its anchor", self.old) };
        Ok(start + offset)
    }
}

/// Where `part` occurs, if it occurs exactly once.
fn only(text: &str, part: &str) -> Result<usize> {
    match text.match_indices(part).map(|(place, _)| place).collect::<Vec<_>>()[..] {
        [place] => Ok(place),
        ref places => bail!("the text {part:?} occurs {} times instead of once", places.len()),
    }
}

/// Every mutant, from the bottom floor up.
fn table() -> impl Iterator<Item = &'static Mutant> {
    poller::MUTANTS.iter().chain(netfd::mutants()).chain(runtime::MUTANTS)
}

/// The models of a package that the table names.
#[cfg(test)]
pub(crate) fn models_of(package: &str) -> impl Iterator<Item = &'static str> {
    table().filter(move |mutant| mutant.package() == package).flat_map(|mutant| mutant.models.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::loom::PACKAGES;
    use crate::workspace::Workspace;

    fn mutant(after: Option<&'static str>, old: &'static str, new: &'static str) -> Mutant {
        Mutant { name: "", breaks: "", file: "netfd/src/x.rs", after, old, new, models: &[] }
    }

    #[test]
    fn every_mutant_fits_the_code_as_it_stands() {
        let workspace = Workspace::here();
        let mut names = BTreeSet::new();
        let mut wrong = vec![];
        for mutant in table() {
            let fits = std::fs::read_to_string(workspace.root.join(mutant.file))
                .map_err(anyhow::Error::from)
                .and_then(|text| mutant.apply(&text));
            if let Err(error) = fits {
                wrong.push(format!("{} in {}: {error}", mutant.name, mutant.file));
            }
            if mutant.models.is_empty() {
                wrong.push(format!("{} in {}: it names no model", mutant.name, mutant.file));
            }
            if !names.insert((mutant.package(), mutant.name)) {
                wrong.push(format!("{} in {}: the name is taken", mutant.name, mutant.file));
            }
            if !PACKAGES.contains(&mutant.package()) {
                wrong.push(format!("{} in {}: the package has no models", mutant.name, mutant.file));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_mutation_changes_its_one_place() {
        assert_eq!(mutant(None, "b", "x").apply("abc").unwrap(), "axc");
        assert_eq!(mutant(None, "b", "x").package(), "netfd");
    }

    #[test]
    fn an_anchor_tells_equal_texts_apart() {
        assert_eq!(
            mutant(Some("fn two"), "b", "x").apply("fn one b; fn two b; fn three b").unwrap(),
            "fn one b; fn two x; fn three b"
        );
    }

    #[test]
    fn a_text_that_is_missing_or_ambiguous_is_refused() {
        assert!(mutant(None, "d", "x").apply("abc").is_err());
        assert!(mutant(None, "a", "x").apply("aba").is_err());
        assert!(mutant(None, "a", "a").apply("abc").is_err());
        assert!(mutant(Some("c"), "a", "x").apply("abc").is_err());
        assert!(mutant(Some("a"), "b", "x").apply("aba").is_err());
    }
}
