//! The copy of the workspace in which mutants live.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};

/// What the copy leaves out, at the root: build output and history.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// Makes `to` equal to `from`, working tree and all, but for the folder that `to` itself lies in. A file that is equal
/// already keeps its date, so that cargo rebuilds only what changed; one that is gone from `from` goes.
pub(super) fn mirror(from: &Path, to: &Path) -> Result<()> {
    let copied = |name: &&PathBuf| {
        !LEFT_OUT.iter().any(|left_out| name == left_out) && !to.starts_with(from.join(name))
    };
    for name in names(from)?.iter().filter(copied) {
        mirror_entry(&from.join(name), &to.join(name))?;
    }
    let wanted = names(from)?;
    remove_all_but(&wanted, to)
}

fn mirror_entry(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        let wanted = names(from)?;
        fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
        for name in &wanted {
            mirror_entry(&from.join(name), &to.join(name))?;
        }
        return remove_all_but(&wanted, to);
    }
    let text = match fs::read(from) {
        Ok(text) => text,
        // An editor's temporary file may be gone by the time it is read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", from.display())),
    };
    if fs::read(to).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

fn remove_all_but(wanted: &BTreeSet<PathBuf>, folder: &Path) -> Result<()> {
    for name in names(folder)?.difference(wanted) {
        let path = folder.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| PathBuf::from(AsRef::<OsStr>::as_ref(&entry.file_name())))
    };
    fs::read_dir(folder)
        .and_then(|entries| entries.map(name).collect())
        .with_context(|| format!("cannot list {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interrupted_run_left_broken_is_mended_and_the_rest_keeps_its_date() {
        let folder = std::env::temp_dir().join(format!("xtask-mirror-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(from.join("src")).unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(from.join("src/a.rs"), "whole").unwrap();
        fs::write(from.join("src/b.rs"), "untouched").unwrap();
        mirror(&from, &to).unwrap();
        let date = |name| fs::metadata(to.join(name)).unwrap().modified().unwrap();
        let before = date("src/b.rs");

        fs::write(to.join("src/a.rs"), "broken").unwrap();
        fs::write(to.join("src/left-over.rs"), "").unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("src/a.rs")).unwrap(), "whole");
        assert!(!to.join("src/left-over.rs").exists());
        assert_eq!(date("src/b.rs"), before);
        fs::remove_dir_all(&folder).unwrap();
    }
}
