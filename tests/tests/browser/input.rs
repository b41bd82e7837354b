//! Fixtures, packed as users load them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{fixtures, tools::succeed};

/// Nodes of a fixture, packed with `tar`, `tar` and `gzip`, or `zip`, in a folder of the test.
pub fn pack(folder: &Path, fixture: &str, nodes: &[&str], name: &str) -> PathBuf {
    pack_from(folder, &fixtures::path(fixture), nodes, name)
}

/// The same for any folder.
pub fn pack_from(folder: &Path, from: &Path, nodes: &[&str], name: &str) -> PathBuf {
    let archive = folder.join(name);
    let mut command = if name.ends_with(".zip") {
        let mut zip = Command::new("zip");
        zip.args(["--quiet", "--recurse-paths", "--symlinks"]).arg(&archive);
        zip
    } else {
        let mut tar = Command::new("tar");
        tar.arg(if name.ends_with(".tar") { "-cf" } else { "-czf" }).arg(&archive);
        tar
    };
    succeed(command.args(nodes).current_dir(from));
    archive
}

/// A folder of the test that contains these folders of a fixture.
pub fn copy(folder: &Path, fixture: &str, nodes: &[&str], name: &str) -> PathBuf {
    let to = folder.join(name);
    for node in nodes {
        fixtures::copy(&fixtures::path(fixture).join(node), &to.join(node));
    }
    to
}

/// A file of the test.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, content).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    file
}
