//! The files and objects that change, before their bytes are rendered.

use std::{collections::BTreeMap, fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{
    leaves::ReplacementId,
    phase::{Phase, Side, Trust},
};
use crate::{
    formats::talos::Layout,
    inventory::{Role, StoredObject},
    profile::AuthorityId,
    x509::Certificate,
};

/// The mode of files with a private key, as kubeadm sets it.
pub(crate) const SECRET: u32 = 0o600;

/// The mode of other files, as kubeadm sets it.
pub(crate) const PUBLIC: u32 = 0o644;

/// A file or object that changes.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Absolute path on the node, or `Secret default/one-ca`.
    pub(crate) target: String,
    /// Path relative to the package's root; empty if the platform's own tool writes the target.
    pub(crate) output: String,
    /// Unix permission bits.
    pub(crate) mode: u32,
    /// The file that it replaces, if that was provided.
    pub(crate) source: Option<Source>,
    pub(crate) content: FileContent,
    /// Describes the content before the step.
    pub(crate) before: String,
    /// Describes the content after the step.
    pub(crate) after: String,
}

impl Edit {
    /// The worker's name if the file is for a single worker: `worker1` for `1-trust-both/workers/worker1/etc/…`.
    pub(crate) fn node_of_worker(&self) -> Option<&str> {
        let mut parts = self.output.split('/').skip(1);
        (parts.next() == Some("workers")).then(|| parts.next())?.filter(|_| parts.next().is_some())
    }
}

/// A provided file.
#[derive(Clone)]
pub(crate) struct Source {
    /// Its name as provided.
    pub(crate) file: String,
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
}

/// Shows the name and the length, never the bytes.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, bytes } = self;
        write!(f, "Source({file}, {} bytes)", bytes.len())
    }
}

/// Describes the content that is rendered once keys and certificates exist.
#[derive(Debug)]
pub(crate) enum FileContent {
    /// The PEM of a trust bundle.
    Trust(AuthorityId, Trust),
    /// The PEM of CA certificates: the rotated CA's are replaced by a trust bundle, all others are kept.
    Widened(AuthorityId, Vec<Certificate>, Trust),
    /// The PEM of one CA certificate.
    Signing(AuthorityId, Side),
    /// The PEM of a new CA's private key.
    AuthorityKey(AuthorityId),
    /// A new CA's certificate and private key in one PEM, the key as PKCS#8.
    AuthorityPair(AuthorityId),
    /// The PEM of a new leaf.
    Leaf(ReplacementId),
    /// The PEM of a new leaf's private key.
    LeafKey(ReplacementId),
    /// A new leaf and its key in one PEM, the kubelet's client credential.
    Credential(ReplacementId),
    /// A new leaf and its key in one PEM, for another process.
    Pair(ReplacementId),
    /// A kubeconfig with some values changed and every other byte kept.
    Kubeconfig(Source, KubeconfigChange),
    /// A talosconfig with some values changed and every other byte kept.
    Talosconfig(Source, KubeconfigChange),
    /// A client configuration that is generated because none was provided.
    Client(NewClient),
    /// A patch of machines' configurations.
    Patch(MachinePatch),
    /// Talos' `secrets.yaml` with new certificates and keys of these CAs; every other byte is kept.
    Secrets(Source, Vec<AuthorityId>),
    /// A static Pod's manifest with some flags changed and every other byte kept.
    Manifest(Source, Vec<(&'static str, String)>),
    /// The provided file, unchanged.
    Original(Source),
    /// An object for server-side apply.
    Object(ObjectChange),
    /// Text that does not depend on keys.
    Text(String),
}

/// A patch of the configurations of all machines of a role: the issuing CA and the accepted CAs.
#[derive(Clone, Debug)]
pub(crate) struct MachinePatch {
    pub(crate) authority: AuthorityId,
    pub(crate) role: Role,
    pub(crate) layout: Layout,
    pub(crate) phase: Phase,
    pub(crate) form: PatchForm,
    /// Other CAs that the machines accept. The patch keeps them.
    pub(crate) kept: Vec<Certificate>,
}

/// The configuration that a patch applies to. Every patch replaces the whole list of accepted CAs, so it is idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchForm {
    /// The configuration before the rotation, for tools that generate complete configurations.
    FromBase,
    /// The configuration of the previous phase, for running machines.
    Incremental,
    /// The configuration of this phase. The patch restores that of the previous phase.
    Undo,
}

impl MachinePatch {
    /// The CA that issues after the patch, and the other CA if it is accepted.
    pub(crate) fn sides(&self) -> (Side, &'static [Side]) {
        let back = u8::from(self.form == PatchForm::Undo);
        match self.phase.number() - back {
            0 => (Side::Old, &[]),
            1 => (Side::Old, &[Side::New]),
            2 => (Side::New, &[Side::Old]),
            _ => (Side::New, &[]),
        }
    }

    /// Whether the patch sets the issuing CA. On control-plane machines it then includes the CA's key, because a
    /// certificate without a key would remove the key.
    pub(crate) fn says_what_issues(&self) -> bool {
        match self.form {
            PatchForm::FromBase => self.phase != Phase::TrustBoth,
            PatchForm::Incremental | PatchForm::Undo => self.phase == Phase::Switch,
        }
    }

    /// The CA whose private key the patch contains.
    pub(crate) fn key(&self) -> Option<Side> {
        (self.says_what_issues() && self.role == Role::ControlPlane).then_some(self.sides().0)
    }
}

/// A generated client configuration.
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    /// The CA of the API that it is for: Talos or Kubernetes.
    pub(crate) authority: AuthorityId,
    pub(crate) cluster: String,
    /// The API server's URL; empty for the Talos API, whose endpoints the input does not contain.
    pub(crate) server: String,
    pub(crate) order: Trust,
    pub(crate) credential: ReplacementId,
}

/// What changes in a kubeconfig or a talosconfig.
#[derive(Clone, Debug)]
pub(crate) struct KubeconfigChange {
    /// The CA whose certificates it replaces.
    pub(crate) authority: AuthorityId,
    /// For each cluster entry that changes: the certificates that it embeds now.
    pub(crate) trust: BTreeMap<usize, Vec<Certificate>>,
    /// The trust bundle that replaces them.
    pub(crate) order: Trust,
    /// For each user entry that changes: its new credential.
    pub(crate) credentials: BTreeMap<usize, ReplacementId>,
}

/// An object to apply.
#[derive(Debug)]
pub(crate) enum ObjectChange {
    /// A Secret of the management cluster with a new CA: the certificate, and the key if the Secret had one.
    Authority(Arc<StoredObject>, AuthorityId),
    /// A Secret that Pods mount, with all its changed values, which are applied in one request.
    Files(Arc<StoredObject>, Vec<FilePart>),
    /// An object whose data contains a kubeconfig under the given key.
    Kubeconfig(Arc<StoredObject>, &'static str, KubeconfigChange),
    /// A new cluster-info for this API server, in kubeadm's shape.
    ClusterInfo {
        /// Such as `https://api.example.org:6443`.
        server: String,
        /// The phase whose trust bundle it contains.
        phase: Phase,
    },
}

impl ObjectChange {
    /// The provided object; `None` if Airlock generates it.
    pub(crate) fn stored(&self) -> Option<&Arc<StoredObject>> {
        match self {
            Self::Authority(stored, _) | Self::Files(stored, _) | Self::Kubeconfig(stored, ..) => Some(stored),
            Self::ClusterInfo { .. } => None,
        }
    }
}

/// A value in a Secret, and the file under which Pods mount it.
#[derive(Debug)]
pub(crate) struct FilePart {
    /// Key in the Secret's data.
    pub(crate) key: &'static str,
    /// Path in the Pods.
    pub(crate) path: &'static str,
    pub(crate) content: FileContent,
}
