//! The workspace as cargo describes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};

use crate::sources::{self, SourceFile};

/// The workspace and its dependencies.
pub(crate) struct House {
    metadata: Metadata,
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
}

impl House {
    /// Asks cargo.
    pub(crate) fn new() -> House {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder below the root").to_path_buf();
        let manifest = root.join("Cargo.toml");
        let describe = |options: Vec<String>| {
            MetadataCommand::new().manifest_path(&manifest).other_options(options).exec()
        };
        // For every platform, for which cargo may have to fetch what only other platforms need: without a network, for
        // this one.
        let metadata = describe(vec![])
            .or_else(|_| describe(vec!["--filter-platform".to_owned(), host()]))
            .expect("cargo metadata describes the workspace");
        House { metadata, root }
    }

    /// The packages of the workspace, by name.
    pub(crate) fn members(&self) -> BTreeMap<&str, &Package> {
        self.metadata
            .workspace_packages()
            .into_iter()
            .map(|package| (package.name.as_str(), package))
            .collect()
    }

    /// Everything that a package is linked with, by name, each with the path that leads to it.
    pub(crate) fn linked_with(&self, package: &Package) -> BTreeMap<&str, String> {
        let resolve = self.metadata.resolve.as_ref().expect("cargo metadata resolves dependencies");
        let nodes: BTreeMap<&PackageId, &Node> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
        let mut found = BTreeMap::new();
        let mut open = vec![(&package.id, package.name.to_string())];
        while let Some((id, path)) = open.pop() {
            for dependency in &nodes[id].deps {
                let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
                let name = self.metadata[&dependency.pkg].name.as_str();
                if normal && !found.contains_key(name) {
                    let path = format!("{path} → {name}");
                    found.insert(name, path.clone());
                    open.push((&dependency.pkg, path));
                }
            }
        }
        found
    }

    /// The source files of a package's library.
    pub(crate) fn shipped(&self, package: &Package) -> Vec<SourceFile> {
        let library =
            package.targets.iter().find(|target| target.is_lib()).expect("the package has a library");
        sources::files(&self.root, library.src_path.as_std_path())
    }
}

/// The platform that the compiler runs on.
fn host() -> String {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).expect("rustc prints text");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}
