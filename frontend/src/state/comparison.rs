//! Compares a file of the package with the loaded one: lines and certificates.

use airlock_core::report::{CertificateReport, FilePreview, LineChange};

/// A row of the comparison: a line before, and the line after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// Number and text in the loaded file.
    pub before: Option<(usize, &'a str)>,
    /// Number and text in the file of the package.
    pub after: Option<(usize, &'a str)>,
    /// Are both lines equal?
    pub kept: bool,
}

/// The lines side by side: each removed line beside the added line that replaces it, in the files' order.
pub fn rows(file: &FilePreview) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    // The start of the current run of changes.
    let mut run = 0;
    let (mut before, mut after) = (0, 0);
    for line in &file.lines {
        let text = line.text.as_str();
        match line.change {
            LineChange::Kept => {
                (before, after) = (before + 1, after + 1);
                rows.push(Row { before: Some((before, text)), after: Some((after, text)), kept: true });
                run = rows.len();
            }
            LineChange::Removed => {
                before += 1;
                match rows[run..].iter().position(|row| row.before.is_none()) {
                    Some(free) => rows[run + free].before = Some((before, text)),
                    None => rows.push(Row { before: Some((before, text)), ..Row::default() }),
                }
            }
            LineChange::Added => {
                after += 1;
                match rows[run..].iter().position(|row| row.after.is_none()) {
                    Some(free) => rows[run + free].after = Some((after, text)),
                    None => rows.push(Row { after: Some((after, text)), ..Row::default() }),
                }
            }
        }
    }
    rows
}

/// A certificate before, and the one that replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The loaded certificate.
    pub before: Option<&'a CertificateReport>,
    /// The certificate in the package.
    pub after: Option<&'a CertificateReport>,
}

impl Pair<'_> {
    /// Are both the same certificate?
    pub fn is_kept(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after)) if before.fingerprint == after.fingerprint)
    }
}

/// The certificates side by side: equal ones, then CAs with CAs and leaves with leaves, in order.
pub fn pairs(file: &FilePreview) -> Vec<Pair<'_>> {
    let kept = |after: &CertificateReport| file.before.iter().find(|before| before.fingerprint == after.fingerprint);
    let mut left: Vec<&CertificateReport> = file
        .before
        .iter()
        .filter(|before| !file.after.iter().any(|after| after.fingerprint == before.fingerprint))
        .collect();
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for after in &file.after {
        let before = kept(after).or_else(|| {
            let like = left.iter().position(|before| before.authority == after.authority);
            like.map(|at| left.remove(at))
        });
        pairs.push(Pair { before, after: Some(after) });
    }
    pairs.extend(left.into_iter().map(|before| Pair { before: Some(before), after: None }));
    pairs
}

#[cfg(test)]
mod tests {
    use airlock_core::{profile::AuthorityId, report::PreviewLine};

    use super::*;
    use crate::state::tests::authority;

    fn file(lines: &[(LineChange, &str)], before: &[&str], after: &[&str]) -> FilePreview {
        let line = |(change, text): &(LineChange, &str)| PreviewLine { change: *change, text: (*text).to_owned() };
        let certificate = |name: &&str| CertificateReport {
            fingerprint: (*name).to_owned(),
            authority: name.starts_with("ca"),
            ..authority(AuthorityId::Cluster, true).certificate
        };
        FilePreview {
            path: "a".to_owned(),
            replaces: "b".to_owned(),
            lines: lines.iter().map(line).collect(),
            before: before.iter().map(certificate).collect(),
            after: after.iter().map(certificate).collect(),
        }
    }

    #[test]
    fn what_went_stands_beside_what_came() {
        use LineChange::{Added, Kept, Removed};
        let file =
            file(&[(Kept, "a"), (Removed, "b"), (Removed, "c"), (Added, "B"), (Kept, "d"), (Added, "e")], &[], &[]);
        let said: Vec<_> = rows(&file).into_iter().map(|row| (row.before, row.after)).collect();
        assert_eq!(
            said,
            [
                (Some((1, "a")), Some((1, "a"))),
                (Some((2, "b")), Some((2, "B"))),
                (Some((3, "c")), None),
                (Some((4, "d")), Some((3, "d"))),
                (None, Some((4, "e"))),
            ]
        );
    }

    #[test]
    fn a_certificate_stands_beside_the_one_of_its_kind() {
        let check = |before: &[&str], after: &[&str], expected: &[(Option<&str>, Option<&str>)]| {
            let file = file(&[], before, after);
            let name = |one: Option<&CertificateReport>| one.map(|one| one.fingerprint.clone());
            let found: Vec<_> = pairs(&file).into_iter().map(|pair| (name(pair.before), name(pair.after))).collect();
            let expected: Vec<_> =
                expected.iter().map(|(before, after)| (before.map(str::to_owned), after.map(str::to_owned))).collect();
            assert_eq!(found, expected);
        };
        check(&["ca1"], &["ca1", "ca2"], &[(Some("ca1"), Some("ca1")), (None, Some("ca2"))]);
        check(&["ca1", "leaf1"], &["ca2", "leaf2"], &[(Some("ca1"), Some("ca2")), (Some("leaf1"), Some("leaf2"))]);
        check(&["ca1", "ca2"], &["ca2"], &[(Some("ca2"), Some("ca2")), (Some("ca1"), None)]);
        check(&["leaf1"], &[], &[(Some("leaf1"), None)]);
    }
}
