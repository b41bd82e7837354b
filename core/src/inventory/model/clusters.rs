//! Several clusters in one input.

use crate::x509::Certificate;

/// One of several clusters that the files are of.
#[derive(Clone, Debug)]
pub(crate) struct FoundCluster {
    /// Its name in Cluster API; empty where it has none.
    pub(crate) name: String,
    /// Its cluster CA, or the first of those that its nodes have.
    pub(crate) authority: Certificate,
    /// Its nodes by name.
    pub(crate) nodes: Vec<String>,
    /// Its files, by name.
    pub(crate) files: Vec<String>,
    /// The folders and files that hold all of them and nothing of another cluster.
    pub(crate) loaded_from: Vec<String>,
}
