//! Data of the form: changes, problems, and the progress of a CA.

use airlock_core::x509::KeyAlgorithm;

/// The progress of a CA in a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuthorityProgress {
    /// Its rotation has not started, or starts again.
    #[default]
    NotStarted,
    /// A new CA with this subject is being introduced; is its private key loaded?
    InProgress(String, bool),
    /// A rotation of other CAs is in progress.
    NotIncluded,
}

/// A change to one CA's field.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthorityChange {
    /// Is it rotated?
    Rotate(bool),
    /// Is the new CA imported?
    Brought(bool),
    /// The new CA's common name.
    Name(String),
    /// Its complete subject; empty for none.
    Subject(String),
    /// Its expiry date; empty for none.
    ExpiryDate(String),
    /// The new CA's key type; `None` for the current one.
    KeyAlgorithm(Option<KeyAlgorithm>),
    /// The path of a file of an imported CA; empty for none.
    BroughtPath(BroughtPart, String),
}

/// A part of an imported CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroughtPart {
    /// Its certificate.
    Certificate,
    /// Its private key.
    Key,
}

impl BroughtPart {
    /// Its name in element ids and in the paths of imported files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
        }
    }
}

/// What is wrong with a field. Texts: `words::problem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No CA is chosen.
    NoAuthority,
    /// The file of an imported CA is not chosen: the CA's title, and the file.
    NoFile(String, BroughtPart),
    /// The common name of a new CA is empty: the CA's title.
    NoName(String),
    /// The platform's tool rejects the date: core's reason.
    NotADay(String),
    /// The platform's tool rejects the subject: core's reason.
    NotASubject(String),
    /// dcmanager or its client rejects the options of a strategy: core's reason.
    NotAStrategy(String),
    /// Not a whole number of days.
    NotDays,
    /// It is not confirmed that the new CA is discarded.
    StartOverNotConfirmed,
}

/// A problem that makes the form invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormProblem {
    /// The id of the field's element.
    pub field: String,
    /// The problem.
    pub message: Problem,
    /// Is a value only missing? The page shows this as an error after the first attempt to build.
    pub missing: bool,
}

impl FormProblem {
    /// An invalid value.
    pub fn wrong(field: impl Into<String>, message: Problem) -> Self {
        Self { field: field.into(), message, missing: false }
    }

    /// A missing value.
    pub fn missing(field: impl Into<String>, message: Problem) -> Self {
        Self { field: field.into(), message, missing: true }
    }
}
