//! Work and its results: where it runs, what is under way, what came of it.

use std::rc::Rc;

use airlock_core::{
    Finding,
    report::{FilePreview, PlanReport},
};

use serde::{Deserialize, Serialize};

/// Where the work runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workplace {
    /// In workers, this many of them for keys.
    Workers(usize),
    /// On the page, piece by piece: the browser starts no workers.
    Page,
    /// Not known yet.
    #[default]
    Starting,
}

/// Identifies a loaded file on the page and in the core worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(
    /// Counts up over the life of the page, never used twice.
    pub u32,
);

/// A loaded file, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its id.
    pub id: FileId,
    /// Its path as the person knows it; unique.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What came of the choices.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A plan.
    Plan(Rc<PlanReport>),
    /// None, and why.
    Refused(Rc<[Finding]>),
}

/// What a plan would break.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// The connection that breaks first, why, and what to change.
    pub finding: Finding,
    /// Would a package be built if the outages were accepted?
    pub acceptable: bool,
}

/// A file of the package, shown or on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its path in the package.
    pub path: String,
    /// Its lines; `None` until they arrive.
    pub file: Option<Rc<FilePreview>>,
}

/// A zip that was handed to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its name.
    pub name: String,
    /// SHA-256 in lower case hexadecimal.
    pub sha256: String,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The zip is being made.
    Archiving,
    /// A command is on its way to the clipboard.
    Copying,
    /// Files are being read and looked at.
    Inspecting,
    /// Keys, then certificates and package, are being made.
    Making {
        /// Keys that are made.
        done: usize,
        /// Keys that are needed.
        total: usize,
    },
    /// A plan is being drawn up.
    Planning,
    /// A sample cluster is being made.
    Sampling,
}
