//! A file of the package beside the file that it replaces, without private keys.

use similar::{ChangeTag, TextDiff};

use super::output::OutputFiles;
use crate::{
    formats::redaction::{self, Keys, redact},
    report::{CertificateReport, FilePreview, LineChange, PreviewLine, certificate_report},
};

impl OutputFiles {
    /// A file of the package beside what was there; `None` if the path names no file.
    #[must_use]
    pub fn preview(&self, path: &str) -> Option<FilePreview> {
        let file = self.files.get(path)?;
        let after = redact(&file.bytes, Keys::Pins);
        let before = file.replaces.as_ref().map(|source| redact(&source.bytes, Keys::Pins).text);
        let lines = TextDiff::from_lines(before.as_deref().unwrap_or_default(), &after.text)
            .iter_all_changes()
            .map(|change| PreviewLine {
                change: match change.tag() {
                    ChangeTag::Delete => LineChange::Removed,
                    ChangeTag::Equal => LineChange::Kept,
                    ChangeTag::Insert => LineChange::Added,
                },
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            })
            .collect();
        let replaces = file.replaces.as_ref().map(|source| source.file.clone()).unwrap_or_default();
        Some(FilePreview {
            path: path.to_owned(),
            replaces,
            lines,
            before: file.replaces.as_ref().map(|source| certificates(&source.bytes)).unwrap_or_default(),
            after: certificates(&file.bytes),
        })
    }
}

fn certificates(bytes: &[u8]) -> Vec<CertificateReport> {
    redaction::certificates(bytes).iter().map(|certificate| certificate_report(certificate, "")).collect()
}
