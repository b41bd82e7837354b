//! Files of workers that the package does not replace.

use super::content::Source;

/// A provided file of a worker. The workers' script edits it in place.
#[derive(Debug)]
pub(crate) struct KeptFile {
    /// Absolute path on the node.
    pub(crate) target: String,
    pub(crate) source: Source,
    /// Unix permission bits.
    pub(crate) mode: u32,
}
