//! The package's files as a tree: phase, holder, folder, file.

use std::collections::BTreeMap;

use airlock_core::report::OutputFileReport;

/// The files of one holder in one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// 1, 2 or 3; 0 for files of the whole package.
    pub phase: u8,
    /// The holder; empty for files of the whole package.
    pub holder: String,
    /// Folders in order, with the indices of their files in the report.
    pub folders: Vec<(String, Vec<usize>)>,
}

impl Branch {
    /// The number of files.
    pub fn len(&self) -> usize {
        self.folders.iter().map(|(_, files)| files.len()).sum()
    }
}

/// The branches: the phases, then files of the whole package.
pub fn branches(files: &[OutputFileReport]) -> Vec<Branch> {
    let mut groups: BTreeMap<(u8, &str), Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        // Sorts files of the whole package last.
        let order = if file.phase == 0 { u8::MAX } else { file.phase };
        groups.entry((order, &file.holder)).or_default().push(index);
    }
    let branch = |((_, holder), indices): ((u8, &str), Vec<usize>)| {
        let mut folders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &index in &indices {
            folders.entry(folder(&files[index].path).to_owned()).or_default().push(index);
        }
        Branch { phase: files[indices[0]].phase, holder: holder.to_owned(), folders: folders.into_iter().collect() }
    };
    groups.into_iter().map(branch).collect()
}

/// The folder of a file; empty for the package's top folder.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file's name without its folder.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(phase: u8, holder: &str, path: &str) -> OutputFileReport {
        OutputFileReport {
            path: path.to_owned(),
            mode: 0o600,
            size: 1,
            sha256: String::new(),
            secret: false,
            phase,
            holder: holder.to_owned(),
            purpose: String::new(),
            appliable: false,
        }
    }

    #[test]
    fn files_lie_in_folders_of_holders_of_phases() {
        let files = [
            file(0, "", "RUNBOOK.md"),
            file(2, "cp1", "2-switch/cp1/etc/ca.key"),
            file(1, "cp1", "1-trust/cp1/etc/ca.crt"),
            file(1, "cp1", "1-trust/cp1/apply.sh"),
            file(1, "cp1", "1-trust/cp1/etc/b.conf"),
        ];
        let found: Vec<_> =
            branches(&files).into_iter().map(|branch| (branch.phase, branch.holder.clone(), branch.len())).collect();
        assert_eq!(found, [(1, "cp1".to_owned(), 3), (2, "cp1".to_owned(), 1), (0, String::new(), 1)]);
        let folders = branches(&files).swap_remove(0).folders;
        assert_eq!(folders, [("1-trust/cp1".to_owned(), vec![3]), ("1-trust/cp1/etc".to_owned(), vec![2, 4])]);
        assert_eq!((folder("a/b/c"), name("a/b/c"), folder("a"), name("a")), ("a/b", "c", "", "a"));
    }
}
