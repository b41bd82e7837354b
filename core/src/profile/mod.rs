//! Platforms as data: one table each.

use serde::{Deserialize, Serialize};

/// A certificate authority of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // Kubernetes has these three
pub enum AuthorityId {
    /// Signs apiserver, kubelet and user certificates.
    Cluster,
    /// Signs the aggregation layer's client certificate.
    FrontProxy,
    /// Signs etcd's certificates; shown and left alone.
    Etcd,
}
