//! Symbolic links in a node's tree: paths that lead to one file are one file.
//!
//! A file that the profile's tables name is at that path, whichever way a link leads. Every other file is at the path where
//! its bytes are. [`tree::real_path`] with the links that come back leads from every other path to that one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    given::{Given, Root},
    model::files::Unrecognised,
    tree,
};
use crate::{finding::Finding, formats::path::below, profile::Profile};

/// A node's files, each at one path, and the links that lead there.
pub(super) struct Resolved {
    /// By absolute path.
    pub(super) files: BTreeMap<String, Given>,
    /// Absolute path and target.
    pub(super) links: BTreeMap<String, String>,
    pub(super) findings: Vec<Finding>,
    /// Links to files that are listed under another path.
    pub(super) unrecognised: Vec<Unrecognised>,
}

/// Follows the links of a node's tree.
pub(super) fn resolve(root: Root, profile: &Profile) -> Resolved {
    let Root { files: given, links: named } = root;
    let known: BTreeSet<&str> = profile.paths().collect();
    let mut links: BTreeMap<String, String> =
        named.iter().map(|(path, (_, target))| (path.clone(), target.clone())).collect();
    let reversed = reverse(&given, &mut links, &known, profile);
    let mut resolved = Resolved { files: BTreeMap::new(), links, findings: Vec::new(), unrecognised: Vec::new() };
    for (path, file) in given {
        let path = tree::real_path(&path, &resolved.links).unwrap_or(path);
        resolved.files.entry(path).or_insert(file);
    }
    for (path, (name, target)) in named {
        if !reversed.contains(&path) {
            resolved.link(&path, name, &target, &known, profile);
        }
    }
    resolved
}

/// Reverses each link whose own path the profile's tables know, and whose target they do not: the file is at the path of
/// the link then. Gives these links.
fn reverse(
    given: &BTreeMap<String, Given>,
    links: &mut BTreeMap<String, String>,
    known: &BTreeSet<&str>,
    profile: &Profile,
) -> BTreeSet<String> {
    let mut reversed = BTreeSet::new();
    let paths: Vec<String> = links.keys().cloned().collect();
    for link in paths {
        let Some(end) = tree::real_path(&link, links).filter(|end| *end != link) else { continue };
        // The kubelet replaces its link to the current certificate at each renewal.
        if end.starts_with(&format!("{}/", profile.kubelet_directory)) {
            continue;
        }
        let is_known_file = |path: &str| known.contains(path) && given.contains_key(path);
        let through_link =
            |path: &&str| below(&link, path).is_some_and(|rest| given.contains_key(&format!("{end}{rest}")));
        let mut below_end = known.iter().filter(|path| below(&end, path).is_some());
        let is_only_through_link = known.iter().any(through_link) && !below_end.any(|path| is_known_file(path));
        if is_only_through_link {
            links.remove(&link);
            links.insert(end, link.clone());
            reversed.insert(link);
        }
    }
    reversed
}

impl Resolved {
    /// A link that was not reversed: paths of the profile's tables behind it are files of their own.
    fn link(&mut self, path: &str, name: String, target: &str, known: &BTreeSet<&str>, profile: &Profile) {
        let Some(end) = tree::real_path(path, &self.links) else { return self.lost(&name, target) };
        if let Some(file) = self.files.get(&end).cloned() {
            // The kubelet follows links in the directory of manifests (pkg/kubelet/config/file.go: `os.Stat`).
            let is_manifest = tree::split(path).0 == format!("{}/manifests", profile.directory);
            if known.contains(path) || is_manifest {
                self.files.insert(path.to_owned(), Given { file: name, ..file });
            } else {
                let reason = format!("it is a symbolic link to {end}");
                self.unrecognised.push(Unrecognised { file: name, reason });
            }
            return;
        }
        let folder = format!("{}/", end.trim_end_matches('/'));
        let has_files = self.files.range(folder.clone()..).next().is_some_and(|(inner, _)| inner.starts_with(&folder));
        if !has_files {
            return self.lost(&name, target);
        }
        let through_link = format!("{path}/");
        for inner in known.iter().filter_map(|known| known.strip_prefix(through_link.as_str())) {
            if let Some(file) = self.files.get(&format!("{folder}{inner}")).cloned() {
                self.files.entry(format!("{path}/{inner}")).or_insert(file);
            }
        }
    }

    fn lost(&mut self, name: &str, target: &str) {
        let message = format!("it is a symbolic link to {target}, which is not in the node's tree");
        self.findings.push(
            Finding::warning("link-not-followed", name, message).remedy("Pack the file that it points to as well"),
        );
    }
}
