//! Secrets of a Talos cluster.

use super::files::Bytes;

/// A file of the cluster's secrets, by what tells whose it is.
#[derive(Debug)]
pub(crate) struct SecretsFile {
    pub(crate) file: String,
    pub(crate) bytes: Bytes,
    pub(crate) cluster_id: String,
    /// The places in it that hold something.
    pub(crate) places: Vec<&'static str>,
}
