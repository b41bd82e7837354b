//! A file of a sample.

use zeroize::Zeroizing;

/// A file of a sample.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SampleFile {
    /// Its path: a node's name, and below it the node's own path.
    pub path: String,
    /// Unix permission bits.
    pub mode: u32,
    /// Its content, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
}
