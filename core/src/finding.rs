//! What inspection has to say about the input.
//!
//! Bad input is data, never an error: a [`Finding`] names the file, the place in it, what is wrong
//! and what to do, and nothing else that was loaded is lost over it.

use std::fmt;

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

    /// The same finding with the place inside its file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
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

/// A text for one line of a terminal: names of files are strangers' words and may hold control characters.
#[must_use]
pub fn printable(text: &str) -> String {
    crate::formats::terminal::Line(text).to_string()
}
