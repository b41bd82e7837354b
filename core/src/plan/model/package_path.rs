//! Names of files in the package.

use std::collections::BTreeSet;

/// Builds names of files in the package.
pub(crate) struct PackagePath;

impl PackagePath {
    /// One file name: every character except ASCII letters, digits, `-`, `_` and `.` becomes `-`, and leading `.` and
    /// `-` are removed.
    pub(crate) fn name(text: &str) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let name: String = text.chars().map(safe).collect();
        let name = name.trim_start_matches(['.', '-']);
        if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
    }

    /// `name`, with a number appended if it is in `taken`; the result is added to `taken`.
    pub(crate) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
        let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
        names.find(|name| taken.insert(name.clone())).unwrap_or_else(|| name.to_owned())
    }
}
