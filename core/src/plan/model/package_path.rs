//! Names of files in the package.

use std::collections::BTreeSet;

/// Names as they may appear in the package.
pub(crate) struct PackagePath;

impl PackagePath {
    /// One name, without anything that a file system or a shell could take amiss.
    pub(crate) fn name(text: &str) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let name: String = text.chars().map(safe).collect();
        let name = name.trim_start_matches(['.', '-']);
        if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
    }

    /// `name`, with a number behind it where it is taken; it is taken afterwards.
    pub(crate) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
        let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
        names.find(|name| taken.insert(name.clone())).unwrap_or_else(|| name.to_owned())
    }
}
