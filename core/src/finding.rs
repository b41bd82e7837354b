//! What inspection has to say about the input.
//!
//! Bad input is data, never an error: a [`Finding`] names the file, the place in it, what is wrong
//! and what to do, and nothing else that was loaded is lost over it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // three steps, by design
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// Something that may surprise; an output is still right.
    Warning,
    /// An output would be impossible or wrong: nothing is packaged while it stands.
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

/// One sentence about the input, with where it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name in kebab case, such as `key-mismatch`.
    pub code: String,
    /// The file as the person named it, `archive.tar.gz!/path/inside` for members; empty for the whole input.
    pub file: String,
    /// The place in the file: `line 12`, `clusters[0]`, `data.tls.crt`; empty for the whole file.
    pub place: String,
    /// What is wrong, as a sentence without a final period.
    pub message: String,
    /// What to do about it, as a sentence without a final period; empty where nothing has to be done.
    pub remedy: String,
    /// The id of a dependency on a rotated CA that a package does not handle, such as `cluster/loose-leaf/ci.crt`: there is
    /// no plan until it is acknowledged ([`RotationRequest::acknowledge`](crate::RotationRequest::acknowledge)). Empty for
    /// every other finding.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub acknowledge: String,
}

impl Finding {
    /// A finding about a whole file; narrow it with [`Finding::at`], complete it with [`Finding::remedy`].
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

    /// The same finding about another file.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    /// The same finding with the place inside its file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// The same finding as a dependency that has to be acknowledged before there is a plan: `place` is unique among the
    /// findings of this code.
    #[must_use]
    pub fn acknowledged_as(mut self, authority: impl fmt::Display, place: &str) -> Self {
        self.acknowledge = format!("{authority}/{}/{}", self.code, place.trim_start_matches('/'));
        self
    }

    /// The same finding with what to do about it.
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

/// Findings with one cause: the same statement about several files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingGroup {
    /// How much it matters.
    pub severity: Severity,
    /// The code of all its findings.
    pub code: String,
    /// What is wrong, as a sentence without a final period: the findings' own message where it is the same for all,
    /// otherwise one that counts them.
    pub message: String,
    /// What to do about it, as a sentence without a final period; empty where nothing has to be done.
    pub remedy: String,
    /// Where it is, in the order of the findings.
    pub places: Vec<FindingPlace>,
    /// How many findings it stands for: the length of `places`.
    pub count: usize,
}

/// One of the places of a [`FindingGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingPlace {
    /// As [`Finding::file`].
    pub file: String,
    /// As [`Finding::place`].
    pub place: String,
    /// What is wrong in this place, where the group's message only counts; otherwise empty.
    pub detail: String,
}

/// How many findings of one code are summed up whose messages differ in a name or a date; `{count}` is their number.
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
    ("wrong-content", "{count} files contain something that does not belong in their place"),
    ("wrong-issuer", "{count} certificates were not issued by the CA that they belong to"),
];

/// Groups findings that have one cause, in the order in which the first finding of each group comes.
///
/// One group are findings of the same severity, code and remedy whose message is the same, or whose code has a summary
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

/// So many places of a group are printed; the rest is counted.
const PRINTED: usize = 12;

/// One line for a single finding; a line more for each place of several.
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

/// A text for one line of a terminal: names of files are strangers' words and may hold control characters.
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
            // Another remedy is another group, and so is another message where nothing sums it up.
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
