//! The options of one CA.

use airlock_core::{
    UnixTime,
    formats::sysinv,
    plan::{BroughtAuthority, NewAuthority},
    profile::AuthorityId,
    report::AuthorityReport,
    x509::KeyAlgorithm,
};
use serde::{Deserialize, Serialize};

use super::model::{AuthorityChange, AuthorityProgress, BroughtPart, FormProblem, Problem};

/// The options of one CA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityForm {
    /// The CA's id.
    pub id: AuthorityId,
    /// Its title.
    #[serde(skip)]
    pub title: String,
    /// Its progress in a rotation.
    #[serde(skip)]
    pub progress: AuthorityProgress,
    /// Is it rotated?
    pub rotate: bool,
    /// Is the new CA imported?
    pub brought: bool,
    /// The new CA's common name, as typed; `None` for the proposed one.
    pub name: Option<String>,
    /// The proposed common name.
    #[serde(skip)]
    pub proposed_name: String,
    /// The new CA's key type; `None` for the current one.
    pub key_algorithm: Option<KeyAlgorithm>,
    /// The current key type, if it can be generated here.
    #[serde(skip)]
    pub same_key: Option<KeyAlgorithm>,
    /// Does the platform's tool accept a complete subject and an expiry date?
    #[serde(skip)]
    pub whole_subject: bool,
    /// The complete subject, as typed; empty for only a common name.
    pub subject: String,
    /// The expiry date, as typed; empty for the validity of new CAs.
    pub expiry_date: String,
    /// The path of the imported certificate; empty for none.
    pub certificate: String,
    /// The path of the imported private key; empty for none.
    pub key: String,
}

impl AuthorityForm {
    pub(super) fn new(found: &AuthorityReport) -> Self {
        Self {
            id: found.id,
            title: found.title.clone(),
            progress: AuthorityProgress::default(),
            rotate: true,
            brought: false,
            name: None,
            proposed_name: found.successor_name.clone(),
            key_algorithm: None,
            same_key: found.same_key_algorithm,
            whole_subject: false,
            subject: String::new(),
            expiry_date: String::new(),
            certificate: String::new(),
            key: String::new(),
        }
    }

    /// The same CA with default options.
    pub(super) fn reset(&self) -> Self {
        Self {
            rotate: true,
            brought: false,
            name: None,
            key_algorithm: self.same_key.is_none().then_some(KeyAlgorithm::Rsa2048),
            subject: String::new(),
            expiry_date: String::new(),
            certificate: String::new(),
            key: String::new(),
            ..self.clone()
        }
    }

    /// The id of one of its fields' elements, such as `cluster-name`.
    pub fn field(&self, name: &str) -> String {
        format!("{}-{name}", self.id.as_str())
    }

    /// The path of an imported file; empty for none.
    pub fn brought_path(&self, part: BroughtPart) -> &str {
        match part {
            BroughtPart::Certificate => &self.certificate,
            BroughtPart::Key => &self.key,
        }
    }

    pub(super) fn change(&mut self, change: AuthorityChange) {
        match change {
            AuthorityChange::Rotate(rotate) => self.rotate = rotate,
            AuthorityChange::Brought(brought) => self.brought = brought,
            AuthorityChange::Name(name) => self.name = (name != self.proposed_name).then_some(name),
            AuthorityChange::Subject(subject) => self.subject = subject,
            AuthorityChange::ExpiryDate(date) => self.expiry_date = date,
            AuthorityChange::KeyAlgorithm(algorithm) => self.key_algorithm = algorithm,
            AuthorityChange::BroughtPath(BroughtPart::Certificate, path) => self.certificate = path,
            AuthorityChange::BroughtPath(BroughtPart::Key, path) => self.key = path,
        }
    }

    /// The request for the new CA. `external`: it is an external CA, whose certificate is imported without a key.
    pub(super) fn successor(&self, external: bool, problems: &mut Vec<FormProblem>) -> NewAuthority {
        if self.brought || external {
            for part in [BroughtPart::Certificate, BroughtPart::Key] {
                let wanted = part == BroughtPart::Certificate || !external;
                if wanted && self.brought_path(part).is_empty() {
                    let message = Problem::NoFile(self.title.clone(), part);
                    problems.push(FormProblem::missing(self.field(part.id()), message));
                }
            }
            let brought = BroughtAuthority { certificate: self.certificate.clone(), key: self.key.clone() };
            return NewAuthority { brought: Some(brought), ..NewAuthority::default() };
        }
        let subject = self.whole(&self.subject);
        if let Some(Err(error)) = subject.map(sysinv::subject) {
            let message = Problem::NotASubject(error.to_string());
            problems.push(FormProblem::wrong(self.field("subject"), message));
        }
        let expiry_date = self.whole(&self.expiry_date);
        // Core checks whether the date is too early.
        if let Some(Err(error)) = expiry_date.map(|date| sysinv::expiry(date, UnixTime(0))) {
            let message = Problem::NotADay(error.to_string());
            problems.push(FormProblem::wrong(self.field("expiry-date"), message));
        }
        let common_name = self.name.as_deref().map(str::trim).filter(|_| subject.is_none());
        if common_name == Some("") {
            problems.push(FormProblem::wrong(self.field("name"), Problem::NoName(self.title.clone())));
        }
        NewAuthority {
            common_name: common_name.map(str::to_owned),
            subject: subject.map(str::to_owned),
            expiry_date: expiry_date.map(str::to_owned),
            key_algorithm: self.key_algorithm,
            ..NewAuthority::default()
        }
    }

    /// The value of a field for the platform's tool; `None` if it is empty or the platform has no such field.
    fn whole<'a>(&self, typed: &'a str) -> Option<&'a str> {
        Some(typed.trim()).filter(|typed| self.whole_subject && !typed.is_empty())
    }
}
