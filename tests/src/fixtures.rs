//! Fixtures as input files for the core.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use airlock_core::{Content, InputFile, UnixTime};

use crate::tools::root;

/// The folder of a fixture, such as `kubeadm/rsa-3`.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// The current time of the tests: just after the fixtures were generated.
///
/// # Panics
///
/// If the file with the time does not exist.
#[must_use]
pub fn now() -> UnixTime {
    let text = fs::read_to_string(path("kubeadm/CREATED")).expect("the fixtures say when they were made");
    UnixTime(text.trim().parse().expect("unix seconds"))
}

/// A fixture's files. Their paths begin with the fixture's last folder: `rsa-3/cp1/etc/kubernetes/pki/ca.crt`.
///
/// # Panics
///
/// If the fixture does not exist.
#[must_use]
pub fn files(name: &str) -> Vec<InputFile> {
    let folder = path(name);
    let base = folder.parent().expect("Invariant: a fixture lies in a folder");
    let mut found = Vec::new();
    collect(&folder, base, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The content of a fixture's file.
///
/// # Panics
///
/// If the file does not exist.
#[must_use]
pub fn read(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files of a folder. Their paths begin with the folder's name.
///
/// # Panics
///
/// If the folder does not exist.
#[must_use]
pub fn tree(folder: &Path) -> Vec<InputFile> {
    let mut found = Vec::new();
    collect(folder, folder.parent().expect("Invariant: a folder lies in a folder"), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The files of several fixtures.
#[must_use]
pub fn all(names: &[&str]) -> Vec<InputFile> {
    names.iter().flat_map(|name| files(name)).collect()
}

fn collect(folder: &Path, base: &Path, found: &mut Vec<InputFile>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be read").path();
        let name = path.strip_prefix(base).expect("Invariant: below the base").display().to_string();
        let metadata = fs::symlink_metadata(&path).expect("an entry is there");
        let (kind, mode) = (metadata.file_type(), Some(metadata.permissions().mode() & 0o777));
        if kind.is_symlink() {
            let target = fs::read_link(&path).expect("a link can be read").display().to_string();
            found.push(InputFile { path: name, content: Content::Symlink(target), mode });
        } else if kind.is_dir() {
            collect(&path, base, found);
        } else if kind.is_file() {
            let file = InputFile::new(name, fs::read(&path).expect("a fixture can be read"));
            found.push(InputFile { mode, ..file });
        }
    }
}

/// Copies a folder; symbolic links stay links.
///
/// # Panics
///
/// If copying fails.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a folder can be read");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_symlink() {
            let link = fs::read_link(&path).expect("a link can be read");
            drop(fs::remove_file(&target));
            std::os::unix::fs::symlink(link, &target).expect("a link can be made");
        } else if kind.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
