//! A downloaded package, and the checks that apply to every package.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{
    connections,
    oracle::{assert_all_verify, assert_all_verify_strictly},
    phases::Phases,
    rotation::walk,
    tools::succeed,
};
use serde_json::Value;

/// `sha256sum` of a file.
pub fn sha256(file: &Path) -> String {
    succeed(Command::new("sha256sum").arg(file)).split(' ').next().unwrap_or_default().to_owned()
}

/// Unpacks the archive next to it, checks it, and returns the package's root folder.
pub fn unpack(archive: &Path) -> PathBuf {
    let folder = archive.with_extension("");
    succeed(Command::new("unzip").arg("-q").arg(archive).arg("-d").arg(&folder));
    let name = archive.file_stem().expect("an archive has a name");
    let root = folder.join(name);
    assert!(root.is_dir(), "the archive has one folder, named as itself");
    succeed(Command::new("sha256sum").args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(&root));

    let sums = fs::read_to_string(root.join("SHA256SUMS")).expect("SHA256SUMS");
    let sums: BTreeMap<&str, &str> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, path)| (path, sum)).collect();
    let there: Vec<String> = walk(&root).into_iter().filter(|path| path != "SHA256SUMS").collect();
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), there, "SHA256SUMS names every other file");

    // The manifest describes every file as it is on disk.
    let manifest = manifest(&root);
    let files = manifest["files"].as_array().expect("files");
    let mut named = BTreeSet::from(["manifest.json"]);
    for file in files {
        let path = file["path"].as_str().expect("a path");
        named.insert(path);
        assert_eq!(Some(&file["sha256"].as_str().expect("a sum")), sums.get(path), "{path}");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(root.join(path)).expect("a file").permissions());
        let said = &file["mode"];
        let said = said.as_u64().or_else(|| u64::from_str_radix(said.as_str()?, 8).ok());
        assert_eq!(said, Some(u64::from(mode & 0o777)), "{path}: mode {:o}", mode & 0o777);
    }
    assert_eq!(named, there.iter().map(String::as_str).collect(), "the manifest names every other file");
    root
}

/// `manifest.json`.
pub fn manifest(root: &Path) -> Value {
    let text = fs::read_to_string(root.join("manifest.json")).expect("manifest.json");
    serde_json::from_str(&text).expect("manifest.json is JSON")
}

/// Go's TLS and `crypto/x509`, and OpenSSL, accept the package's files for a fixture's cluster.
pub fn judge(root: &Path, fixture: &str, management: &str, label: &str) {
    let phases = Phases::over(fixture, management, root, label);
    connections::assert_connect(&connections::all(&phases));
    assert_all_verify(&connections::presented(&phases));
    assert_all_verify(&connections::joining(&phases));
    for phase in 1..=3 {
        let held = connections::held(&phases, phase);
        assert_all_verify(&held);
        assert_all_verify_strictly(&held);
    }
}
