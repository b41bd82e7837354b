//! Input files that a test modifies before Airlock inspects them.

use std::sync::Arc;

use airlock_core::{Content, Finding, InputFile, RotationRequest, Severity, UnixTime, inspect, plan};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use zeroize::Zeroizing;

use crate::fixtures;

/// A cluster's files, to be modified before inspection.
#[derive(Clone, Debug)]
pub struct Loaded(pub Vec<InputFile>);

impl Loaded {
    /// The files of a fixture, such as `kubeadm/rsa-1`.
    #[must_use]
    pub fn of(fixture: &str) -> Self {
        Self(fixtures::files(fixture))
    }

    /// The content of the file whose path ends with `end`.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[must_use]
    pub fn get(&self, end: &str) -> Vec<u8> {
        match &self.file(end).content {
            Content::Bytes(bytes) => bytes.to_vec(),
            other => panic!("{end} is {other:?}"),
        }
    }

    fn file(&self, end: &str) -> &InputFile {
        self.0.iter().find(|file| file.path.ends_with(end)).unwrap_or_else(|| panic!("there is no {end}"))
    }

    /// Replaces the content of the file whose path ends with `end`.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[must_use]
    pub fn set(mut self, end: &str, bytes: Vec<u8>) -> Self {
        let file =
            self.0.iter_mut().find(|file| file.path.ends_with(end)).unwrap_or_else(|| panic!("there is no {end}"));
        file.content = Content::Bytes(Arc::new(Zeroizing::new(bytes)));
        self
    }

    /// Replaces `from` by `to` in the file whose path ends with `end`.
    ///
    /// # Panics
    ///
    /// If the file does not contain `from`.
    #[must_use]
    pub fn swap_text(self, end: &str, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.get(end)).expect("the fixture is UTF-8");
        assert!(text.contains(from), "{end} does not contain {from}");
        self.set(end, text.replace(from, to).into_bytes())
    }

    /// Changes the value of a key in a Secret.
    ///
    /// # Panics
    ///
    /// If the Secret does not have the key.
    #[must_use]
    pub fn change(self, end: &str, key: &str, change: impl Fn(String) -> String) -> Self {
        let text = String::from_utf8(self.get(end)).expect("the fixture is UTF-8");
        let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
        let old = line.unwrap_or_else(|| panic!("{end} has no {key}")).to_owned();
        let value = BASE64_STANDARD.decode(&old).expect("a Secret holds base64");
        let new = BASE64_STANDARD.encode(change(String::from_utf8(value).expect("the value is text")));
        self.swap_text(end, &old, &new)
    }

    /// Removes the files whose paths end with `end`.
    #[must_use]
    pub fn without(mut self, end: &str) -> Self {
        self.0.retain(|file| !file.path.ends_with(end));
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.0.push(InputFile::new(path, bytes));
        self
    }

    /// Adds the files of another fixture.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// All findings of inspection and planning, and whether there is a plan.
    #[must_use]
    pub fn outcome(self, request: &RotationRequest, now: UnixTime) -> (Vec<Finding>, bool) {
        let inventory = inspect(self.0, now);
        match plan(&inventory, request, now) {
            Ok(plan) => (inventory.findings().iter().chain(plan.findings()).cloned().collect(), true),
            Err(refusal) => (refusal.findings, false),
        }
    }

    /// Asserts that the finding `code` exists for the file whose path ends with `file`, and that an error prevents a
    /// plan.
    ///
    /// # Panics
    ///
    /// If that is not the case.
    #[track_caller]
    pub fn expect(self, code: &str, severity: Severity, file: &str) {
        self.expect_of(&RotationRequest::default(), fixtures::now(), code, severity, file);
    }

    /// As [`Loaded::expect`], for a request and a time.
    ///
    /// # Panics
    ///
    /// If the finding is missing.
    #[track_caller]
    pub fn expect_of(self, request: &RotationRequest, now: UnixTime, code: &str, severity: Severity, file: &str) {
        let (findings, planned) = self.outcome(request, now);
        let said: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let found = findings.iter().find(|finding| finding.code == code && finding.file.ends_with(file));
        let found = found.unwrap_or_else(|| panic!("no {code} at {file:?} in {said:#?}"));
        assert_eq!(found.severity, severity, "{found}");
        assert!(!found.message.ends_with('.') && !found.remedy.ends_with('.'), "{found}");
        assert!(severity == Severity::Note || !found.remedy.is_empty(), "{found} does not say what to do");
        assert!(severity != Severity::Error || !planned, "a plan was made in spite of {found}");
    }
}
