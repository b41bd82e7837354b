//! The files of one node, by path.

use std::{collections::BTreeMap, ops::Bound};

use crate::{
    formats::systemd_unit::glob,
    inventory::{
        model::{files::Slot, readers::NodeFile},
        tree,
    },
};

impl<'a> From<&'a Slot> for NodeFile<'a> {
    fn from(slot: &'a Slot) -> Self {
        Self { path: &slot.place, file: &slot.file, bytes: &slot.bytes, artifact: Some(&slot.artifact) }
    }
}

/// Every file of a node.
pub(super) struct NodeFiles<'a> {
    by_path: BTreeMap<&'a str, NodeFile<'a>>,
    links: &'a BTreeMap<String, String>,
}

impl<'a> NodeFiles<'a> {
    pub(super) fn new(files: impl IntoIterator<Item = NodeFile<'a>>, links: &'a BTreeMap<String, String>) -> Self {
        Self { by_path: files.into_iter().map(|file| (file.path, file)).collect(), links }
    }

    /// The file at a path, or where symbolic links from there lead.
    pub(super) fn get(&self, path: &str) -> Option<&NodeFile<'a>> {
        self.by_path.get(path).or_else(|| self.by_path.get(self.target(path).as_str()))
    }

    /// The path after symbolic links; the same where a link leaves the tree or the links form a circle.
    pub(super) fn target(&self, path: &str) -> String {
        tree::real_path(path, self.links).unwrap_or_else(|| path.to_owned())
    }

    /// The files that a path names, or a pattern with the wildcards of glob(3), by the path that matches, sorted.
    pub(super) fn matching(&self, pattern: &str) -> Vec<(String, &NodeFile<'a>)> {
        if !glob::is_pattern(pattern) {
            return self.get(pattern).map(|file| (pattern.to_owned(), file)).into_iter().collect();
        }
        // The folder up to the first name with a wildcard may be a link, and so may the files.
        let start = pattern.split_inclusive('/').take_while(|name| !glob::is_pattern(name)).map(str::len).sum();
        let (folder, rest) = pattern.split_at(start);
        let pattern = format!("{}/{rest}", self.target(folder.trim_end_matches('/')).trim_end_matches('/'));
        let files = self.by_path.keys().copied().chain(self.links.keys().map(String::as_str));
        let mut paths: Vec<&str> = files.filter(|path| glob::matches(&pattern, path)).collect();
        paths.sort_unstable();
        paths.dedup();
        paths.into_iter().filter_map(|path| Some((path.to_owned(), self.get(path)?))).collect()
    }

    /// Every file, by path.
    pub(super) fn all(&self) -> impl Iterator<Item = &NodeFile<'a>> {
        self.by_path.values()
    }

    /// The files in a folder, those in folders below it included.
    pub(super) fn below<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s NodeFile<'a>> + use<'s, 'a> {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        let range = (Bound::Included(folder.as_str()), Bound::Unbounded);
        let rest = self.by_path.range::<str, _>(range);
        rest.map(|(_, file)| file).take_while(move |file| file.path.starts_with(&folder))
    }
}
