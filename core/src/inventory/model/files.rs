//! Files of nodes and their content.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use zeroize::Zeroizing;

use crate::{
    formats::{kubeconfig::Kubeconfig, kubelet::KubeletConfig, static_pod::StaticPod, talos::Machine},
    profile::{AuthorityId, Component, Profile},
    x509::{Certificate, PrivateKey, PublicKey, SigningRequest},
};

/// A node and the files that were given of it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// By absolute path on the node, or by the place in its configuration.
    pub(crate) slots: BTreeMap<String, Slot>,
    /// Files without a place in the profile's tables that a process on the node may read, by absolute path.
    pub(crate) others: BTreeMap<String, Slot>,
    /// Absolute paths of files that were provided and cannot be used; each has an error of its own.
    pub(crate) unusable: BTreeSet<String>,
    /// Symbolic links in the node's tree: absolute path and target.
    pub(crate) links: BTreeMap<String, String>,
    /// What else its configuration says, where it is made of one.
    pub(crate) machine: Option<Machine>,
}

/// What a node is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    ControlPlane,
    /// A control plane that runs as Pods elsewhere: it has no kubelet and no place of its own.
    Hosted,
    Worker,
}

/// A recognised file.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Absolute path on its node, or the file's name where it lies on none.
    pub(crate) place: String,
    /// The file as the person named it.
    pub(crate) file: String,
    /// Its bytes, as they were given.
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
    /// Unix permission bits, where they are known.
    pub(crate) mode: Option<u32>,
    pub(crate) artifact: Artifact,
}

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Artifact {
    /// One certificate or more.
    Certificates(Vec<Certificate>),
    /// Certificates and the private key of the first, in one file.
    Credential(Vec<Certificate>, Arc<PrivateKey>),
    Kubeconfig(Box<KubeconfigArtifact>),
    KubeletConfig(KubeletConfig),
    PrivateKey(Arc<PrivateKey>),
    PublicKey(PublicKey),
    SigningRequest(Box<SigningRequest>),
    StaticPod(StaticPod),
    /// A text such as a systemd unit or a component's configuration, which may name other files.
    Text,
    /// A Java keystore, which the rotation does not change.
    Keystore,
    /// For Talos' API, read as a kubeconfig.
    Talosconfig(Box<KubeconfigArtifact>),
}

/// A kubeconfig with everything in it decoded.
#[derive(Debug)]
pub(crate) struct KubeconfigArtifact {
    pub(crate) model: Kubeconfig,
    /// The certificates that each cluster entry embeds.
    pub(crate) trust: Vec<Vec<Certificate>>,
    /// The client certificate and key that each user entry embeds.
    pub(crate) credentials: Vec<Option<EmbeddedCredential>>,
}

/// A client certificate in a kubeconfig.
#[derive(Debug)]
pub(crate) struct EmbeddedCredential {
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) key: Option<Arc<PrivateKey>>,
}

/// A file that has no place.
#[derive(Clone, Debug)]
pub(crate) struct Unrecognised {
    pub(crate) file: String,
    pub(crate) reason: String,
}

impl Node {
    /// Every recognised file of the node: those of the profile's tables first.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Slot> {
        self.slots.values().chain(self.others.values())
    }

    /// The file at `path`, whether or not the profile's tables know it.
    pub(crate) fn file(&self, path: &str) -> Option<&Slot> {
        self.slots.get(path).or_else(|| self.others.get(path))
    }

    /// The certificates in the file at `path`; empty if there are none.
    pub(crate) fn certificates(&self, path: &str) -> &[Certificate] {
        self.file(path).map_or(&[], |slot| slot.artifact.certificates())
    }

    /// The kubeconfig at `path`.
    pub(crate) fn kubeconfig(&self, path: &str) -> Option<(&Slot, &KubeconfigArtifact)> {
        let slot = self.slots.get(path)?;
        match &slot.artifact {
            Artifact::Kubeconfig(kubeconfig) => Some((slot, kubeconfig)),
            _ => None,
        }
    }

    /// The static Pod of a component, where the platform runs it as one.
    pub(crate) fn pod_of(&self, profile: &Profile, component: Component) -> Option<(&Slot, &StaticPod)> {
        self.static_pod(profile.manifest(component)?)
    }

    /// The static Pod at `path`.
    pub(crate) fn static_pod(&self, path: &str) -> Option<(&Slot, &StaticPod)> {
        let slot = self.slots.get(path)?;
        match &slot.artifact {
            Artifact::StaticPod(pod) => Some((slot, pod)),
            _ => None,
        }
    }
}

impl Artifact {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Certificates(certificates) if certificates.len() > 1 => "certificates",
            Self::Certificates(certificates) if certificates.iter().all(Certificate::is_root_authority) => {
                "CA certificate"
            }
            Self::Certificates(_) => "certificate",
            Self::Credential(..) => "certificate with its private key",
            Self::Kubeconfig(_) => "kubeconfig",
            Self::KubeletConfig(_) => "kubelet configuration",
            Self::PrivateKey(_) => "private key",
            Self::PublicKey(_) => "public key",
            Self::SigningRequest(_) => "certificate signing request",
            Self::StaticPod(_) => "static Pod manifest",
            Self::Text => "configuration",
            Self::Keystore => "Java keystore",
            Self::Talosconfig(_) => "talosconfig",
        }
    }

    /// As [`Self::kind`]; a command line that stands in another object than a Pod is none of a static Pod's.
    pub(crate) fn kind_at(&self, place: &str) -> &'static str {
        if matches!(self, Self::StaticPod(_)) && !place.starts_with('/') { "command line" } else { self.kind() }
    }

    /// The certificates that stand in the file itself.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        match self {
            Self::Certificates(certificates) | Self::Credential(certificates, _) => certificates,
            _ => &[],
        }
    }

    /// Every certificate in the file, embedded ones included.
    pub(crate) fn all_certificates(&self) -> Vec<&Certificate> {
        match self {
            Self::Kubeconfig(access) | Self::Talosconfig(access) => access.certificates(),
            other => other.certificates().iter().collect(),
        }
    }

    /// The public half of every key in the file.
    pub(crate) fn public_keys(&self) -> Vec<&PublicKey> {
        match self {
            Self::PublicKey(key) => vec![key],
            Self::SigningRequest(request) => vec![request.public_key()],
            other => other.keys().into_iter().map(|key| key.public_key()).collect(),
        }
    }

    /// Every private key in the file.
    pub(crate) fn keys(&self) -> Vec<&Arc<PrivateKey>> {
        match self {
            Self::Credential(_, key) | Self::PrivateKey(key) => vec![key],
            Self::Kubeconfig(access) | Self::Talosconfig(access) => access.keys().collect(),
            _ => Vec::new(),
        }
    }

    /// How somebody reaches an API: whose authority it hangs on, whom it trusts and what it shows.
    pub(crate) fn access(&self) -> Option<(AuthorityId, &KubeconfigArtifact)> {
        match self {
            Self::Kubeconfig(access) => Some((AuthorityId::Cluster, access)),
            Self::Talosconfig(access) => Some((AuthorityId::Talos, access)),
            _ => None,
        }
    }
}

impl KubeconfigArtifact {
    pub(crate) fn certificates(&self) -> Vec<&Certificate> {
        let credentials = self.credentials.iter().flatten().flat_map(|credential| &credential.certificates);
        self.trust.iter().flatten().chain(credentials).collect()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<PrivateKey>> {
        self.credentials.iter().flatten().filter_map(|credential| credential.key.as_ref())
    }
}

pub(crate) type Bytes = Arc<Zeroizing<Vec<u8>>>;
