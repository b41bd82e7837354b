//! Flags of Kubernetes' own programs that name files: what each file holds and when the program reads it.

use super::Component;

/// A program whose flags are known.
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

    /// The base name of its binary.
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

    /// The program that a word of a command line starts: by its base name.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let name = word.rsplit('/').next().unwrap_or(word);
        Self::ALL.into_iter().find(|program| program.binary() == name)
    }

    /// The component of the profiles' tables.
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

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    /// CA certificates.
    TrustBundle,
    /// A certificate, with its chain.
    Certificate,
    /// The private key of a certificate or CA.
    PrivateKey,
    /// Public keys, or private keys of which the public half counts.
    PublicKeys,
    /// Pairs of certificate and private key: `cert,key:name`.
    Pair,
    /// A kubeconfig.
    Kubeconfig,
    /// Any other configuration.
    Configuration,
    /// A folder.
    Folder,
}

/// A flag that names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileFlag {
    pub(crate) program: Program,
    /// Its name without dashes.
    pub(crate) flag: &'static str,
    pub(crate) content: Content,
}

/// Every flag that names a file.
pub(crate) const FLAGS: &[FileFlag] = &[];

impl FileFlag {
    /// The row of a flag.
    pub(crate) fn of(program: Program, flag: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|row| row.program == program && row.flag == flag)
    }
}
