//! Names of CAs and components.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A CA of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // three of Kubernetes, and one of Talos
pub enum AuthorityId {
    /// Signs the certificates of Talos' own API.
    Talos,
    /// Signs API server, kubelet and user certificates.
    Cluster,
    /// Signs the aggregation layer's client certificate.
    FrontProxy,
    /// Signs etcd's certificates; displayed, not rotated.
    Etcd,
}

impl AuthorityId {
    /// All CAs, in display order.
    pub const ALL: [Self; 4] = [Self::Talos, Self::Cluster, Self::FrontProxy, Self::Etcd];

    /// The name in options and JSON: `talos`, `cluster`, `front-proxy`, `etcd`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Talos => "talos",
            Self::Cluster => "cluster",
            Self::FrontProxy => "front-proxy",
            Self::Etcd => "etcd",
        }
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Parses the output of [`AuthorityId::as_str`]; the error lists the valid names.
impl FromStr for AuthorityId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|id| id.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!("it must be one of {}", known.join(", "))
        })
    }
}

/// A process that keeps trusted CAs or a credential in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Component {
    /// Talos' API on each machine.
    Apid,
    /// etcd.
    Etcd,
    /// kube-apiserver.
    Apiserver,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// kubelet.
    Kubelet,
    /// trustd, which signs apid's certificates on workers; runs on Talos' control-plane machines.
    Trustd,
    /// The konnectivity server, through which a hosted control plane connects to its nodes.
    Konnectivity,
}

impl Component {
    /// The name of its binary, container and static Pod.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apid => "apid",
            Self::Etcd => "etcd",
            Self::Apiserver => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::Trustd => "trustd",
            Self::Konnectivity => "konnectivity-server",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
