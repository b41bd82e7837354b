//! The reasons for which a command stops early.

use airlock_core::Finding;

/// The reason for which a command stops early.
pub(crate) enum Stop {
    /// Findings, at least one of which is an error.
    Findings(Vec<Finding>),
    /// An operating system call failed, or a certificate could not be created.
    Failed(String),
    /// The arguments are invalid.
    Usage(String),
}
