//! Flags that name files.

use crate::profile::ids::Component;

/// A program with known flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// kube-apiserver.
    Apiserver,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// kubelet.
    Kubelet,
    /// kube-proxy.
    KubeProxy,
    /// A cloud provider's controller manager, built on `k8s.io/cloud-provider`.
    CloudControllerManager,
    /// etcd.
    Etcd,
}

impl Program {
    pub(crate) const ALL: [Self; 7] = [
        Self::Apiserver,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Kubelet,
        Self::KubeProxy,
        Self::CloudControllerManager,
        Self::Etcd,
    ];

    /// The base name of the binary.
    pub(crate) fn binary(self) -> &'static str {
        match self {
            Self::Apiserver => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            Self::CloudControllerManager => "cloud-controller-manager",
            Self::Etcd => "etcd",
        }
    }

    /// The program that a word of a command line starts, by base name. Cloud providers add their name as a prefix of
    /// `cloud-controller-manager`.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let name = word.rsplit('/').next().unwrap_or(word);
        let named = Self::ALL.into_iter().find(|program| program.binary() == name);
        let of_provider = || name.ends_with("-cloud-controller-manager").then_some(Self::CloudControllerManager);
        named.or_else(of_provider)
    }

    /// The corresponding component of the profiles' tables.
    pub(crate) fn component(self) -> Option<Component> {
        match self {
            Self::Apiserver => Some(Component::Apiserver),
            Self::ControllerManager => Some(Component::ControllerManager),
            Self::Scheduler => Some(Component::Scheduler),
            Self::Kubelet => Some(Component::Kubelet),
            Self::Etcd => Some(Component::Etcd),
            Self::KubeProxy | Self::CloudControllerManager => None,
        }
    }
}

/// The content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FlagContent {
    /// CA certificates.
    TrustBundle,
    /// A certificate with its chain.
    Certificate,
    /// The private key of a certificate or CA.
    PrivateKey,
    /// Public keys, or private keys of which only the public key is used.
    PublicKeys,
    /// Pairs of certificate and private key: `cert,key:name`.
    Pair,
    /// A kubeconfig.
    Kubeconfig,
    /// A certificate revocation list.
    RevocationList,
    /// Any other configuration.
    Configuration,
    /// A folder.
    Folder,
}

/// When a program reads a changed file.
///
/// Where releases differ, this is the later time. A program that reads a file at start can restart at any time, so a
/// plan that is safe for [`Reload::AtStart`] is safe for the others.
/// that a plan which is safe for [`Reload::AtStart`] is safe for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reload {
    /// Shortly after the change: the program watches the file.
    Live,
    /// At each use: each connection, each signature.
    EachUse,
    /// When the program starts.
    AtStart,
}

/// How a program uses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It verifies the certificates of these peers.
    Verifies(&'static str),
    /// It presents the certificate to these peers.
    Presents(&'static str),
    /// It connects to this server, with the trusted CAs and the credential in the file.
    Connects(&'static str),
    /// It signs these with the key.
    Signs(&'static str),
    /// It checks the signatures of these with the keys.
    Checks(&'static str),
    /// It distributes the file's certificates to these.
    Publishes(&'static str),
    /// It reads settings from it, which can refer to more files.
    Configures,
}

/// A flag that refers to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileFlag {
    pub(crate) programs: &'static [Program],
    /// Its name without dashes.
    pub(crate) flag: &'static str,
    pub(crate) content: FlagContent,
    pub(crate) reload: Reload,
    pub(crate) usage: Use,
    /// The source file of Kubernetes or etcd that defines or reads the flag.
    pub(crate) source: &'static str,
}
