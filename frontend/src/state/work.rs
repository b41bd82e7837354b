//! Work in the background, and its results.

use std::rc::Rc;

use airlock_core::{
    Finding,
    report::{FilePreview, PlanReport},
};

use serde::{Deserialize, Serialize};

/// Where the work runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workplace {
    /// In workers; the number of key workers.
    Workers(usize),
    /// On the page, in small tasks: the browser starts no workers.
    Page,
    /// Not known yet.
    #[default]
    Starting,
}

/// Identifies a loaded file on the page and in the core worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(
    /// Increases while the page is open; never used twice.
    pub u32,
);

/// A loaded file, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its id.
    pub id: FileId,
    /// Its path, as shown to the person; unique.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The result of planning.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A plan.
    Plan(Rc<PlanReport>),
    /// No plan: the reasons.
    Refused(Rc<[Finding]>),
}

/// The prediction that a plan breaks a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The connection that breaks first, why, and what to change.
    pub finding: Finding,
    /// Would a package be built if the outages were accepted?
    pub acceptable: bool,
}

/// The selected file of the package.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its path in the package.
    pub path: String,
    /// Its lines; `None` until the worker returns them.
    pub file: Option<Rc<FilePreview>>,
}

/// A downloaded zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its name.
    pub name: String,
    /// SHA-256 in lower case hexadecimal.
    pub sha256: String,
}

/// The job in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Creating the zip.
    Archiving,
    /// Copying a command.
    Copying,
    /// Reading and inspecting files.
    Inspecting,
    /// Generating keys, then certificates and package.
    Making {
        /// Keys generated so far.
        done: usize,
        /// Keys in total.
        total: usize,
    },
    /// Planning.
    Planning,
    /// Generating a sample cluster.
    Sampling,
}
