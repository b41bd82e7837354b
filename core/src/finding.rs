//! Findings: the results of inspection.
//!
//! Bad input is data, never an error. A [`Finding`] states the file, the position in it, what is wrong and what to do.
//! The other loaded files are still inspected.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The severity of a [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // three levels, by design
pub enum Severity {
    /// Information; no action is required.
    Note,
    /// Unexpected input; the output is still correct.
    Warning,
    /// The output would be impossible or wrong. No package is built.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A statement about the input, with its position and remedy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// A stable name in kebab case, such as `key-mismatch`.
    pub code: String,
    /// The file's name in the input, `archive.tar.gz!/path/inside` for members of archives; empty for the whole input.
    pub file: String,
    /// The position in the file: `line 12`, `clusters[0]`, `data.tls.crt`; empty for the whole file.
    pub place: String,
    /// What is wrong, as a sentence without a final period.
    pub message: String,
    /// What to do, as a sentence without a final period; empty if no action is required.
    pub remedy: String,
    /// The id of a dependency on a rotated CA that a package does not handle, such as `cluster/loose-leaf/ci.crt`. No
    /// plan is made until the user acknowledges it
    /// ([`RotationRequest::acknowledge`](crate::RotationRequest::acknowledge)). Empty for all other findings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub acknowledge: String,
}

impl Finding {
    /// A finding about a whole file. [`Finding::at`] adds the position, [`Finding::remedy`] what to do.
    pub fn new(severity: Severity, code: &str, file: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            file: file.to_owned(),
            place: String::new(),
            message: message.into(),
            remedy: String::new(),
            acknowledge: String::new(),
        }
    }

    /// A finding of severity error.
    pub fn error(code: &str, file: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, file, message)
    }

    /// A finding of severity warning.
    pub fn warning(code: &str, file: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, file, message)
    }

    /// A finding of severity note.
    pub fn note(code: &str, file: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, file, message)
    }

    /// Replaces the file.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    /// Sets the position in the file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Marks the finding as a dependency that the user must acknowledge. `place` must be unique among the findings with
    /// this code.
    #[must_use]
    pub fn acknowledged_as(mut self, authority: impl fmt::Display, place: &str) -> Self {
        self.acknowledge = format!("{authority}/{}/{}", self.code, place.trim_start_matches('/'));
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        match (printable(&self.file).as_str(), printable(&self.place).as_str()) {
            ("", "") => {}
            ("", place) => write!(f, "{place}: ")?,
            (file, "") => write!(f, "{file}: ")?,
            (file, place) => write!(f, "{file}, {place}: ")?,
        }
        f.write_str(&printable(&self.message))?;
        if !self.remedy.is_empty() {
            write!(f, ". {}", printable(&self.remedy))?;
        }
        Ok(())
    }
}

/// Findings with the same cause: one statement about several files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingGroup {
    /// The severity.
    pub severity: Severity,
    /// The code of all findings.
    pub code: String,
    /// What is wrong, as a sentence without a final period: the findings' message if all have the same, otherwise a
    /// summary with their number.
    pub message: String,
    /// What to do, as a sentence without a final period; empty if no action is required.
    pub remedy: String,
    /// The positions, in the order of the findings.
    pub places: Vec<FindingPlace>,
    /// The number of findings: the length of `places`.
    pub count: usize,
}

/// A position in a [`FindingGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingPlace {
    /// As [`Finding::file`].
    pub file: String,
    /// As [`Finding::place`].
    pub place: String,
    /// The message of this finding, if the group's message is a summary; otherwise empty.
    pub detail: String,
}

/// Summaries of findings of one code whose messages differ in a name or a date; `{count}` is their number.
const SUMMARIES: &[(&str, &str)] = &[
    ("credential-in-file", "{count} kubeconfigs name credentials in files, which this release does not renew"),
    ("expired", "{count} certificates have expired"),
    ("expires-soon", "{count} certificates expire soon"),
    (
        "foreign-ca",
        "{count} trust bundles contain CAs that are not shown to be this cluster's; the package leaves them in place",
    ),
    ("key-mismatch", "{count} private keys do not match their certificates"),
    ("kubelet-serving-self-signed", "{count} kubelets use self-signed serving certificates, which no rotation changes"),
    ("kubelet-serving-other-ca", "{count} kubelets use serving certificates of another CA, which no rotation changes"),
    ("loose-leaf", "{count} certificates issued by the old CA are not replaced by this package"),
    ("long-key", "{count} certificates have RSA keys that are too long to be verified here"),
    ("missing-file", "{count} files of control-plane nodes are missing"),
    ("missing-key-id", "{count} certificates have no key identifier"),
    ("missing-manifest", "{count} manifests of control-plane nodes are missing"),
    ("not-yet-valid", "{count} certificates are not valid yet"),
    ("object-writer", "{count} objects are written by other programs, which revert the package's changes"),
    ("other-layout", "{count} flags name files in places that this release does not support"),
    ("out-of-line", "{count} files do not match the phase of their node or object"),
    ("out-of-step", "{count} files or objects do not match the cluster's CA"),
    ("outlives-ca", "{count} certificates expire after the CA that issued them"),
    ("serial-zero", "{count} certificates have the serial number 0"),
    ("sha1", "{count} certificates are signed with SHA-1, which Go rejects"),
    ("short-key", "{count} certificates have short RSA keys"),
    ("signed-by-intermediate", "{count} certificates were issued by an intermediate CA"),
    ("two-objects", "{count} objects were loaded twice with different content"),
    ("two-trees", "{count} files of nodes were loaded twice with different content"),
    ("unreadable-content", "{count} files or values cannot be read"),
    ("unrecognised", "{count} files are not used for the rotation"),
    ("workload-restarts", "{count} files contain workloads that the steps of the package restart or list"),
    ("wrong-content", "{count} files contain something that does not belong in their place"),
    ("wrong-issuer", "{count} certificates were not issued by the CA that they belong to"),
];

/// Groups findings with the same cause, in the order of each group's first finding.
///
/// A group consists of findings with the same severity, code and remedy that have the same message, or a code with a
/// summary. Every finding is in exactly one group.
/// that counts them. Every finding is in exactly one group.
#[must_use]
pub fn group(findings: &[Finding]) -> Vec<FindingGroup> {
    let summary = |code: &str| SUMMARIES.iter().find(|(of, _)| *of == code).map(|(_, summary)| *summary);
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known: BTreeMap<(Severity, &str, &str, &str), usize> = BTreeMap::new();
    for finding in findings {
        let message = if summary(&finding.code).is_some() { "" } else { finding.message.as_str() };
        let key = (finding.severity, finding.code.as_str(), finding.remedy.as_str(), message);
        let at = *known.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(finding);
    }
    groups.iter().filter_map(|members| grouped(members, summary(&members.first()?.code))).collect()
}

fn grouped(members: &[&Finding], summary: Option<&str>) -> Option<FindingGroup> {
    let first = members.first()?;
    let same = members.iter().all(|finding| finding.message == first.message);
    let message = match summary {
        Some(summary) if !same => summary.replace("{count}", &members.len().to_string()),
        _ => first.message.clone(),
    };
    let places = members.iter().map(|finding| FindingPlace {
        file: finding.file.clone(),
        place: finding.place.clone(),
        detail: if same { String::new() } else { finding.message.clone() },
    });
    Some(FindingGroup {
        severity: first.severity,
        code: first.code.clone(),
        message,
        remedy: first.remedy.clone(),
        places: places.collect(),
        count: members.len(),
    })
}

/// The limit of printed positions of a group; the rest is counted.
const PRINTED: usize = 12;

/// One line for a single finding; for several, one further line per position.
impl fmt::Display for FindingGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.places.as_slice() {
            let finding = Finding::new(self.severity, &self.code, &only.file, &self.message);
            return finding.at(&only.place).remedy(&self.remedy).fmt(f);
        }
        let text = Finding::new(self.severity, &self.code, "", &self.message).remedy(&self.remedy);
        write!(f, "{text}")?;
        for FindingPlace { file, place, detail } in self.places.iter().take(PRINTED) {
            let parts = [file, place].into_iter().filter(|part| !part.is_empty()).map(|part| printable(part));
            let parts = parts.collect::<Vec<_>>().join(", ");
            let between = if parts.is_empty() || detail.is_empty() { "" } else { ": " };
            write!(f, "\n    {parts}{between}{}", printable(detail))?;
        }
        match self.places.len().saturating_sub(PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n    and {more} more"),
        }
    }
}

/// Escapes text for one line of a terminal, because file names are untrusted and may contain control characters.
#[must_use]
pub fn printable(text: &str) -> String {
    crate::text::terminal::Line(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(file: &str, message: &str) -> Finding {
        Finding::warning("expired", file, message).remedy("Renew it")
    }

    #[test]
    fn findings_with_one_cause_are_one_group() {
        let findings = [
            Finding::error("two-clusters", "", "files of 2 clusters are loaded"),
            expired("a.crt", "CN=a expired on 2026-01-01"),
            Finding::warning("cut-off", "x", "it is cut off").remedy("Copy it"),
            expired("b.crt", "CN=b expired on 2026-01-02").at("data.tls.crt"),
            Finding::warning("cut-off", "y", "it is cut off").remedy("Copy it"),
            // A different remedy makes a separate group, and so does a different message without a summary.
            Finding::warning("expired", "c.crt", "CN=c expired on 2026-01-03").remedy("Remove it"),
            Finding::warning("cut-off", "z", "its last line is cut off").remedy("Copy it"),
        ];
        let groups = group(&findings);
        let seen: Vec<_> = groups.iter().map(|group| (group.message.as_str(), group.count)).collect();
        let expected = [
            ("files of 2 clusters are loaded", 1),
            ("2 certificates have expired", 2),
            ("it is cut off", 2),
            ("CN=c expired on 2026-01-03", 1),
            ("its last line is cut off", 1),
        ];
        assert_eq!(seen, expected);
        let details: Vec<_> = groups[1].places.iter().map(|place| place.detail.as_str()).collect();
        assert_eq!(details, ["CN=a expired on 2026-01-01", "CN=b expired on 2026-01-02"]);
        assert!(groups[2].places.iter().all(|place| place.detail.is_empty()));
        assert!(group(&[]).is_empty());
    }

    #[test]
    fn a_group_is_printed_with_its_places() {
        let one = [expired("a.crt", "CN=a expired on 2026-01-01")];
        assert_eq!(group(&one)[0].to_string(), one[0].to_string());
        let two = [one[0].clone(), expired("b\n.crt", "CN=b expired on 2026-01-02").at("data.tls.crt")];
        assert_eq!(
            group(&two)[0].to_string(),
            "warning: 2 certificates have expired. Renew it\n    a.crt: CN=a expired on 2026-01-01\n    b\u{fffd}.crt, data.tls.crt: CN=b expired on 2026-01-02"
        );
        let many: Vec<_> = (0..20).map(|index| Finding::note("utf-16", &format!("{index}"), "it is UTF-16")).collect();
        let text = group(&many)[0].to_string();
        assert!(
            text.ends_with("\n    11\n    and 8 more") && text.starts_with("note: it is UTF-16\n    0\n"),
            "{text}"
        );
    }
}
