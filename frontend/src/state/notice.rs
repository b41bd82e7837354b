//! Results and failures as data. Their texts are in `words::notices`.

use std::rc::Rc;

use airlock_core::report::CheckReport;

use super::contexts::Target;

/// The result of the last action, for the status line.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The build was cancelled.
    Cancelled,
    /// A phase was checked.
    Checked(Rc<CheckReport>),
    /// Saved choices were loaded.
    ChoicesLoaded {
        /// Are they applied? Otherwise they wait for the cluster's files.
        applied: bool,
    },
    /// The command that applies a file was copied.
    Copied {
        /// The file's path in the package.
        path: String,
        /// The cluster that it is for.
        target: Target,
    },
    /// An error message was explained, with this many explanations.
    Explained(usize),
    /// A drop contained no files.
    NothingFound,
    /// A text was copied.
    TextCopied,
    /// A password was tried.
    Unlocked {
        /// Did it decrypt anything?
        opened: bool,
        /// Files that are still encrypted.
        left: usize,
    },
    /// Core refused the package.
    NotBuilt,
    /// Everything was deleted from memory.
    Wiped,
    /// The browser had suspended the page, which was idle.
    Resumed,
}

impl Notice {
    /// Is the result negative?
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Checked(report) => !report.holds,
            Self::Unlocked { opened, left } => !opened && *left > 0,
            Self::NotBuilt => true,
            _ => false,
        }
    }
}

/// A failure, shown until it is dismissed. Locations are source file and line; empty where memory was exhausted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A file is not a file of saved choices.
    BadChoices,
    /// The core worker cannot be restarted.
    CoreCannotStart,
    /// The core worker stopped and was restarted.
    CoreDied {
        /// Its location.
        location: String,
        /// Was a password lost with it?
        password: bool,
    },
    /// The worker stopped over files, which were left out.
    FilesLeftOut {
        /// Their paths.
        paths: Vec<String>,
        /// Its location.
        location: String,
    },
    /// A key worker stopped and was replaced.
    KeyWorkerDied(String),
    /// Key workers stopped too often.
    KeysGivenUp(String),
    /// The worker did not answer the question.
    NoAnswer,
    /// Copying failed; the browser's reason, empty if the worker did not answer.
    NotCopied(String),
    /// Downloading failed; the browser's reason.
    NotDownloaded(String),
    /// Core's reason, as a sentence.
    Said(String),
    /// The browser discarded the page with everything in its memory.
    Discarded,
    /// More files than this were picked.
    TooManyFiles(usize),
    /// The browser suspended the page during work.
    ResumedDuringWork,
}
