//! Where the workspace and its build output lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A checkout of the workspace, or a copy of it, and the directory that its builds go to.
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The checkout that this program was built from. A `CARGO_TARGET_DIR` in the environment is respected.
    pub(crate) fn here() -> Workspace {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().expect("xtask lies one folder below the root").to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(elsewhere) => root.join(elsewhere),
            None => root.join("target"),
        };
        Workspace { root, target }
    }

    /// Cargo, at work in this workspace and its target directory.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// Cargo with `--cfg loom`, building beside the ordinary output so that neither makes the other stale.
    pub(crate) fn cargo_for_loom(&self) -> Command {
        let mut flags = std::env::var_os("RUSTFLAGS").unwrap_or_default();
        if !flags.is_empty() {
            flags.push(" ");
        }
        flags.push("--cfg loom");
        let mut cargo = self.cargo();
        cargo.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", self.target.join("loom"));
        // Models are built again for each mutant, and gain nothing from the slow build that programs get.
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        cargo
    }
}
