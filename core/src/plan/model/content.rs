//! The files and objects that change, decided but not yet written.

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
    /// Path below the package's root; empty where a tool of the platform's writes the target.
    pub(crate) output: String,
    /// Unix permission bits.
    pub(crate) mode: u32,
    /// What it replaces, if that was given.
    pub(crate) source: Option<Source>,
    pub(crate) content: FileContent,
    /// What it is before, in words.
    pub(crate) before: String,
    /// What it is afterwards, in words.
    pub(crate) after: String,
}

impl Edit {
    /// The worker whose file it is, where it is written for one alone: `1-trust-both/workers/worker1/etc/…`.
    pub(crate) fn node_of_worker(&self) -> Option<&str> {
        let mut parts = self.output.split('/').skip(1);
        (parts.next() == Some("workers")).then(|| parts.next())?.filter(|_| parts.next().is_some())
    }
}

/// A file as it was given.
#[derive(Clone)]
pub(crate) struct Source {
    /// Its name, as the person gave it.
    pub(crate) file: String,
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
}

/// Names the file, never its bytes.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, bytes } = self;
        write!(f, "Source({file}, {} bytes)", bytes.len())
    }
}

/// How the bytes of an edit come about once keys and certificates are made.
#[derive(Debug)]
pub(crate) enum FileContent {
    /// The PEM of a trust bundle.
    Trust(AuthorityId, Trust),
    /// The PEM of CA certificates, of which the rotated authority's are replaced by a trust bundle and all others are kept.
    Widened(AuthorityId, Vec<Certificate>, Trust),
    /// The PEM of one authority's certificate.
    Signing(AuthorityId, Side),
    /// The PEM of a new authority's private key.
    AuthorityKey(AuthorityId),
    /// A new authority's certificate and private key in one PEM, the key as PKCS#8.
    AuthorityPair(AuthorityId),
    /// The PEM of a new leaf.
    Leaf(ReplacementId),
    /// The PEM of a new leaf's private key.
    LeafKey(ReplacementId),
    /// A new leaf and its key in one PEM, as the kubelet keeps it.
    Credential(ReplacementId),
    /// Likewise in a file of another process.
    Pair(ReplacementId),
    /// A kubeconfig with some values changed and every other byte kept.
    Kubeconfig(Source, KubeconfigChange),
    /// A talosconfig with some values changed and every other byte kept.
    Talosconfig(Source, KubeconfigChange),
    /// A client's configuration where none was given.
    Client(NewClient),
    /// A patch of machines' configurations.
    Patch(MachinePatch),
    /// The cluster's secrets with these authorities' new certificates and keys, and every other byte kept.
    Secrets(Source, Vec<AuthorityId>),
    /// A static Pod's manifest with some flags changed and every other byte kept.
    Manifest(Source, Vec<(&'static str, String)>),
    /// A file as it was before the rotation.
    Original(Source),
    /// An object for server-side apply.
    Object(ObjectChange),
    /// Text that does not depend on keys.
    Text(String),
}

/// A patch of the configurations of all machines of a role: what they issue with and accept.
#[derive(Clone, Debug)]
pub(crate) struct MachinePatch {
    pub(crate) authority: AuthorityId,
    pub(crate) role: Role,
    pub(crate) layout: Layout,
    pub(crate) phase: Phase,
    pub(crate) form: PatchForm,
    /// What they accept beside the two authorities, and go on accepting.
    pub(crate) kept: Vec<Certificate>,
}

/// What a patch starts from. Each replaces the list of accepted certificates as a whole, so that it can be applied twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchForm {
    /// The configuration with which the rotation began: for those who make configurations anew.
    FromBase,
    /// The configuration of the phase before: for machines that run.
    Incremental,
    /// The configuration of the phase, and leads back to that of the phase before.
    Undo,
}

impl MachinePatch {
    /// Which side issues afterwards, and which others are accepted.
    pub(crate) fn sides(&self) -> (Side, &'static [Side]) {
        let back = u8::from(self.form == PatchForm::Undo);
        match self.phase.number() - back {
            0 => (Side::Old, &[]),
            1 => (Side::Old, &[Side::New]),
            2 => (Side::New, &[Side::Old]),
            _ => (Side::New, &[]),
        }
    }

    /// Does it say what issues? A control-plane machine's authority without its key would lose it, so that comes along.
    pub(crate) fn says_what_issues(&self) -> bool {
        match self.form {
            PatchForm::FromBase => self.phase != Phase::TrustBoth,
            PatchForm::Incremental | PatchForm::Undo => self.phase == Phase::Switch,
        }
    }

    /// Whose private key it holds.
    pub(crate) fn key(&self) -> Option<Side> {
        (self.says_what_issues() && self.role == Role::ControlPlane).then_some(self.sides().0)
    }
}

/// A client's configuration that is made from nothing.
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    /// Whose API it is for: Talos' own, or Kubernetes'.
    pub(crate) authority: AuthorityId,
    pub(crate) cluster: String,
    /// The API server's URL; empty for Talos' API, whose endpoints nobody here knows.
    pub(crate) server: String,
    pub(crate) order: Trust,
    pub(crate) credential: ReplacementId,
}

/// What changes in a kubeconfig or a talosconfig.
#[derive(Clone, Debug)]
pub(crate) struct KubeconfigChange {
    /// The authority that its trust hangs on.
    pub(crate) authority: AuthorityId,
    /// For each cluster entry that changes: the certificates it embeds today, among them the old CA.
    pub(crate) trust: BTreeMap<usize, Vec<Certificate>>,
    /// What takes the old CA's place.
    pub(crate) order: Trust,
    /// For each user entry that changes: its new credential.
    pub(crate) credentials: BTreeMap<usize, ReplacementId>,
}

/// An object to be applied, decided but not yet written.
#[derive(Debug)]
pub(crate) enum ObjectChange {
    /// A management Secret with a new authority: certificate, and the key if the Secret had one.
    Authority(Arc<StoredObject>, AuthorityId),
    /// A Secret from which Pods have files: all that change in it, in one request.
    Files(Arc<StoredObject>, Vec<FilePart>),
    /// An object whose data holds a kubeconfig under the given key.
    Kubeconfig(Arc<StoredObject>, &'static str, KubeconfigChange),
    /// A new cluster-info for this API server, in kubeadm's shape.
    ClusterInfo {
        /// Such as `https://api.example.org:6443`.
        server: String,
        /// The phase whose trust it carries.
        phase: Phase,
    },
}

impl ObjectChange {
    /// The object as it was given; `None` where it is made anew.
    pub(crate) fn stored(&self) -> Option<&Arc<StoredObject>> {
        match self {
            Self::Authority(stored, _) | Self::Files(stored, _) | Self::Kubeconfig(stored, ..) => Some(stored),
            Self::ClusterInfo { .. } => None,
        }
    }
}

/// A value in a Secret, and the file that Pods have of it.
#[derive(Debug)]
pub(crate) struct FilePart {
    /// In the Secret's data.
    pub(crate) key: &'static str,
    /// In the Pods.
    pub(crate) path: &'static str,
    pub(crate) content: FileContent,
}
