//! Findings by cause: findings with the same code whose messages differ only in names and numbers form a group.

use airlock_core::{Finding, Severity, report::InventoryReport};

/// Findings with the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The severity.
    pub severity: Severity,
    /// Their code.
    pub code: &'a str,
    /// The findings, in their order. At least one.
    pub findings: Vec<&'a Finding>,
}

/// A part of the merged message of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that all messages have.
    Same(&'a str),
    /// Text that differs: each value once, in the order of the findings.
    Differs(Vec<&'a str>),
}

/// The groups, in the order of their first findings.
pub fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let fits = |group: &&mut Group<'_>| {
            (group.severity, group.code) == (finding.severity, finding.code.as_str())
                && is_similar(&group.findings[0].message, &finding.message)
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { severity: finding.severity, code: &finding.code, findings: vec![finding] }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// Do all findings have the same message?
    pub fn is_uniform(&self) -> bool {
        self.findings.iter().all(|finding| finding.message == self.findings[0].message)
    }

    /// The merged message, word by word.
    pub fn pieces(&self) -> Vec<Piece<'a>> {
        let words: Vec<Vec<&'a str>> =
            self.findings.iter().map(|finding| finding.message.split(' ').collect()).collect();
        let piece = |at: usize| {
            let mut values: Vec<&'a str> = Vec::new();
            for value in words.iter().filter_map(|all| all.get(at)) {
                if !values.contains(value) {
                    values.push(value);
                }
                // More values would make a title too long.
                if values.len() > MAX_VALUES {
                    break;
                }
            }
            match values[..] {
                [same] => Piece::Same(same),
                _ => Piece::Differs(values),
            }
        };
        (0..words[0].len()).map(piece).collect()
    }

    /// The remedies, each once.
    pub fn remedies(&self) -> Vec<&'a str> {
        let mut remedies: Vec<&'a str> = Vec::new();
        for finding in &self.findings {
            if !finding.remedy.is_empty() && !remedies.contains(&finding.remedy.as_str()) {
                remedies.push(&finding.remedy);
            }
        }
        remedies
    }
}

/// The maximum number of different values in a title.
pub const MAX_VALUES: usize = 3;

/// Do two messages have the same number of words, at least half of them equal?
fn is_similar(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split(' ').collect(), other.split(' ').collect());
    let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
    one.len() == other.len() && 2 * same >= one.len()
}

/// The numbers of groups of errors and of warnings.
pub fn errors_and_warnings(inventory: &InventoryReport) -> (usize, usize) {
    let groups = groups(&inventory.findings);
    let of = |severity| groups.iter().filter(|group| group.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &str, message: &str, remedy: &str) -> Finding {
        Finding::warning(code, "file", message).remedy(remedy)
    }

    #[test]
    fn messages_that_differ_in_names_have_one_cause() {
        let all = [
            finding("kubelet", "the kubelet of cp1 issued its own certificate", "a"),
            finding("kubelet", "the kubelet of cp2 issued its own certificate", "a"),
            finding("kubelet", "nothing of the sort", "b"),
            finding("another", "the kubelet of cp1 issued its own certificate", ""),
        ];
        let found = groups(&all);
        assert_eq!(found.iter().map(|group| group.findings.len()).collect::<Vec<_>>(), [2, 1, 1]);
        assert_eq!((found[0].is_uniform(), found[1].is_uniform()), (false, true));
        assert_eq!(found[0].pieces()[3], Piece::Differs(vec!["cp1", "cp2"]));
        assert_eq!(found[0].pieces()[4], Piece::Same("issued"));
        assert_eq!((found[0].remedies(), found[2].remedies()), (vec!["a"], vec![]));
    }

    #[test]
    fn severities_are_not_mixed() {
        let all = [Finding::error("a", "", "the same"), Finding::warning("a", "", "the same")];
        assert_eq!(groups(&all).len(), 2);
        assert_eq!(groups(&[]), []);
    }
}
