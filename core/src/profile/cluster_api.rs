//! Secrets of workload clusters in a Cluster API management cluster.
//! Source: kubernetes-sigs/cluster-api: util/secret/consts.go, util/kubeconfig/kubeconfig.go.

use super::ids::AuthorityId;

/// The label with the name of the Cluster that a Secret belongs to (`clusterv1.ClusterNameLabel`).
pub const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";

/// The annotation that pauses an object of Cluster API, whatever its value (`clusterv1.PausedAnnotation`).
pub(crate) const PAUSED_ANNOTATION: &str = "cluster.x-k8s.io/paused";

/// The annotation of a Cluster that step pause paused, or whose pause step resume may end.
pub(crate) const PAUSED_BY_PACKAGE: &str = "airlock/paused";

/// The type of the Secrets that Cluster API creates (kubernetes-sigs/cluster-api: api/core/v1beta2,
/// `ClusterSecretType`). Secrets of other types are provided by users: they are read but never written.
pub const CLUSTER_SECRET_TYPE: &str = "cluster.x-k8s.io/secret";

/// A Secret of a Cluster, named `<cluster>-<suffix>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SecretRow {
    /// The part of the name after the cluster's name and a dash.
    pub suffix: &'static str,
    /// The content.
    pub content: SecretContent,
}

/// The content of a Cluster's Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretContent {
    /// A CA: `tls.crt` and, unless it is an external CA, `tls.key`.
    Authority(AuthorityId),
    /// `value`: the administrator's kubeconfig.
    Kubeconfig,
    /// Service account keys in `tls.crt` and `tls.key`. In spite of its name, `tls.crt` is not a certificate.
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
