//! What Cluster API keeps of a workload cluster in its management cluster.
//! Source: kubernetes-sigs/cluster-api: util/secret/consts.go, util/kubeconfig/kubeconfig.go.

use super::AuthorityId;

/// The label that names the Cluster a Secret belongs to (`clusterv1.ClusterNameLabel`).
pub const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";

/// The type of the Secrets that Cluster API makes (kubernetes-sigs/cluster-api: api/core/v1beta2, `ClusterSecretType`). What
/// has another type was supplied by a person, and is read but never written.
pub const CLUSTER_SECRET_TYPE: &str = "cluster.x-k8s.io/secret";

/// A Secret of a Cluster, named `<cluster>-<suffix>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SecretRow {
    /// What follows the cluster's name and a dash.
    pub suffix: &'static str,
    /// What it holds.
    pub content: SecretContent,
}

/// What a Secret of a Cluster holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretContent {
    /// `tls.crt` and, unless it is managed elsewhere, `tls.key` of an authority.
    Authority(AuthorityId),
    /// `value`: the administrator's kubeconfig.
    Kubeconfig,
    /// `tls.crt` and `tls.key` with the service account keys, no certificate in spite of the name.
    ServiceAccount,
}

/// The Secrets of a Cluster.
pub const SECRETS: &[SecretRow] = &[
    SecretRow { suffix: "ca", content: SecretContent::Authority(AuthorityId::Cluster) },
    SecretRow { suffix: "proxy", content: SecretContent::Authority(AuthorityId::FrontProxy) },
    SecretRow { suffix: "etcd", content: SecretContent::Authority(AuthorityId::Etcd) },
    SecretRow { suffix: "sa", content: SecretContent::ServiceAccount },
    SecretRow { suffix: "kubeconfig", content: SecretContent::Kubeconfig },
];
