//! Platforms as data: what lies where, who signs it, who reads it.
//!
//! A platform is a [`Profile`], a set of tables. Inspection, planning and packaging walk the
//! tables; a new platform adds rows and fixtures, not branches.

mod cluster_api;
mod consumer_edges;
mod distributed_cloud;
pub mod edge;
pub(crate) mod file_fields;
pub(crate) mod file_flags;
mod hosted;
mod kamaji;
mod kamaji_edges;
mod kubeadm;
mod kubeadm_edges;
mod layout;
pub mod managed;
mod omni;
mod platform;
mod starlingx;
mod talos;
mod talos_edges;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::x509::KeyAlgorithm;

pub use cluster_api::{CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, SECRETS, SecretContent, SecretRow};
pub use consumer_edges::{ConsumerFile, consumer_row, consumer_rows};
pub(crate) use distributed_cloud::DCMANAGER;
pub use distributed_cloud::STARLINGX_DC;
pub use edge::EdgeRow;
use edge::Material;
pub(crate) use file_flags::{KUBELET_AUTHORITY_FLAG, SIGNING_FLAG, SIGNING_KEY_FLAG};
pub use hosted::{Ability, AbilityRow, DataStoreRow, Hosted, Lifecycle, OnNewCa, SecretTable};
pub use kamaji::KAMAJI;
pub use kubeadm::KUBEADM;
pub(crate) use layout::Moves;
pub use omni::OMNI;
pub use platform::{Course, PROFILES, Sign, named};
pub use starlingx::STARLINGX;
pub use talos::TALOS;

/// A certificate authority of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // Kubernetes has three, and Talos one of its own
pub enum AuthorityId {
    /// Signs what Talos' own API presents and accepts.
    Talos,
    /// Signs apiserver, kubelet and user certificates.
    Cluster,
    /// Signs the aggregation layer's client certificate.
    FrontProxy,
    /// Signs etcd's certificates; shown and left alone.
    Etcd,
}

impl AuthorityId {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Talos, Self::Cluster, Self::FrontProxy, Self::Etcd];

    /// The word for it in options and JSON: `talos`, `cluster`, `front-proxy`, `etcd`.
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

/// Reads what [`AuthorityId::as_str`] writes; the error says what would be read.
impl FromStr for AuthorityId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|id| id.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!("it must be one of {}", known.join(", "))
        })
    }
}

/// Everything that tells one platform from another.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// Its name in options and JSON, such as `kubeadm`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What among the files tells that a cluster is of this platform, each by itself; none where only a person can tell.
    pub recognised_by: &'static [Sign],
    /// The platform whose files it has as well: its own signs count for more.
    pub extends: &'static str,
    /// The way that a rotation takes.
    pub course: Course,
    /// What the platform itself calls the three phases; empty where it has no word.
    pub phase_words: [&'static str; 3],
    /// What has to be given of a cluster, after "Give".
    pub input: &'static str,
    /// Where its files lie on a node; empty where machines have no files that anybody could change.
    pub directory: &'static str,
    /// Where the kubelet's own files lie on a node; empty as [`Profile::directory`].
    pub kubelet_directory: &'static str,
    /// Further folders in which a cluster has files of the profile's; none by default.
    pub folders_elsewhere: &'static [&'static str],
    /// Its certificate authorities.
    pub authorities: &'static [AuthorityRow],
    /// Its leaves that lie in files of their own.
    pub leaves: &'static [LeafRow],
    /// Its kubeconfigs on nodes.
    pub kubeconfigs: &'static [KubeconfigRow],
    /// Its static Pods.
    pub static_pods: &'static [StaticPodRow],
    /// Flags of static Pods that must name the profile's own files, since the package changes only those; what
    /// kube-controller-manager signs with is in [`Profile::signing`].
    pub flags: &'static [FlagRow],
    /// Flags under which a rotation takes another course than the one that was proved.
    pub foreign_flags: &'static [&'static str],
    /// Every other file that has a meaning.
    pub others: &'static [OtherRow],
    /// Every relation over TLS that a rotation could break.
    pub edges: &'static [EdgeRow],
    /// What kube-controller-manager gives to pods in `kube-root-ca.crt`.
    pub published: Material,
    /// What kube-controller-manager signs with while `ca.crt` is a bundle, and when what takes its turn.
    pub signing: SigningRow,
}

/// How a platform signs on its nodes during a rotation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SigningRow {
    /// The file of one certificate that kube-controller-manager signs with.
    pub certificate: &'static str,
    /// The private key that goes with it.
    pub key: &'static str,
    /// The phase in which that becomes the new CA: 1 to 3.
    pub new_from: u8,
    /// The phase in which the authority's own key file holds the new key: 1 to 3.
    pub key_from: u8,
    /// Does every bundle hold the new CA first from phase 2 on? Otherwise some keep the order of phase 1.
    pub reorders: bool,
    /// Do workers have the two files as well?
    pub on_workers: bool,
}

impl SigningRow {
    /// Of a platform that has no such files.
    pub(super) const NONE: Self =
        Self { certificate: "", key: "", new_from: 2, key_from: 2, reorders: true, on_workers: false };
}

/// An authority: where its certificate and key lie.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthorityRow {
    /// Which one.
    pub id: AuthorityId,
    /// Its name for people.
    pub title: &'static str,
    /// Its files' name in a package, without their endings.
    pub name: &'static str,
    /// Path of the certificate (or bundle) on a node, or its place in a machine's configuration.
    pub certificate: &'static str,
    /// Path of the private key on a control-plane node, or its place.
    pub key: &'static str,
    /// Where further accepted certificates stand; `None` where those of `certificate` are all.
    pub accepted: Option<&'static str>,
    /// Its place in a file of the cluster's secrets; empty where there is no such file.
    pub secret: &'static str,
    /// What names a successor in options: `--ca-` of `--ca-cert`.
    pub option: &'static str,
    /// What a successor looks like.
    pub successor: SuccessorShape,
    /// The kinds of key that its readers take; where the platform always makes the same kind, that one first.
    pub keys: &'static [KeyAlgorithm],
    /// Whether this release rotates it; the others are shown and left alone.
    pub rotates: bool,
}

/// What a new authority looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuccessorShape {
    /// A common name of its own, and a key like the old one's.
    Named,
    /// As the platform makes it: always with this organization, always with the first kind of key.
    Organization(&'static str),
    /// As [`SuccessorShape::Named`], or with a whole subject and a day on which it ends, as the platform's own tool takes
    /// them.
    Subject,
}

/// A leaf in a file of its own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LeafRow {
    /// Its base name, such as `apiserver-kubelet-client`.
    pub name: &'static str,
    /// Who signs it.
    pub authority: AuthorityId,
    /// Path of the certificate.
    pub certificate: &'static str,
    /// Path of the private key.
    pub key: &'static str,
}

/// A kubeconfig on a node.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KubeconfigRow {
    /// Its base name, such as `admin.conf`.
    pub name: &'static str,
    /// Its path.
    pub path: &'static str,
    /// The process that reads it at start and has to restart for new CA data; `None` where people read it.
    pub reader: Option<Component>,
    /// The user as whom it logs in, which RBAC knows by name; a node's ends in its name.
    pub user: &'static str,
}

/// A static Pod's manifest.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StaticPodRow {
    /// Which component it runs.
    pub component: Component,
    /// Path of the manifest.
    pub path: &'static str,
}

/// A flag and the files that it may name; an empty value is always allowed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FlagRow {
    /// Whose flag.
    pub component: Component,
    /// Without the dashes.
    pub flag: &'static str,
    /// The paths that the rotation knows how to change.
    pub paths: &'static [&'static str],
}

/// A file that is neither an authority's, a leaf's nor a kubeconfig.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OtherRow {
    /// Its path.
    pub path: &'static str,
    /// What it is.
    pub kind: OtherKind,
}

/// What a file in [`Profile::others`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherKind {
    /// The kubelet's current client certificate and key in one PEM.
    KubeletClient,
    /// The kubelet's configuration.
    KubeletConfig,
    /// The kubelet's serving certificate.
    KubeletServing,
    /// The kubelet's serving key.
    KubeletServingKey,
    /// The kubelet's serving certificate and key in one PEM, as signed through the API.
    KubeletServingPair,
    /// The private half of the service account keys; left alone.
    ServiceAccountKey,
    /// The public half of the service account keys; left alone.
    ServiceAccountPublicKey,
}

/// A process that holds trust or a credential in memory.
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
    /// What signs for apid on workers, on control-plane machines of Talos.
    Trustd,
    /// The server's half of konnectivity, through which a control plane without nodes reaches its nodes.
    Konnectivity,
}

impl Component {
    /// Its name as a binary, container and static Pod.
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

impl Profile {
    /// The row of an authority; `None` if the platform does not have it.
    #[must_use]
    pub fn authority(&self, id: AuthorityId) -> Option<&'static AuthorityRow> {
        self.authorities.iter().find(|row| row.id == id)
    }

    /// The path of a static Pod's manifest; `None` if the platform does not run it so.
    #[must_use]
    pub fn manifest(&self, component: Component) -> Option<&'static str> {
        self.static_pods.iter().find(|row| row.component == component).map(|row| row.path)
    }

    /// What its operator keeps, where control planes have no nodes.
    #[must_use]
    pub fn hosted(&self) -> Option<&'static Hosted> {
        match self.course {
            Course::Hosted(hosted) => Some(hosted),
            Course::HostPhases | Course::MachineConfigs | Course::Managed(_) | Course::NodeFiles => None,
        }
    }

    /// Does its tool take the options of `SubcloudStrategy`?
    #[must_use]
    pub fn takes_strategy(&self) -> bool {
        matches!(self.course, Course::Managed(manager) if !manager.script.is_empty())
    }

    /// The kubelet's own kubeconfig.
    #[must_use]
    pub fn kubelet_conf(&self) -> Option<&'static KubeconfigRow> {
        self.kubeconfigs.iter().find(|row| row.reader == Some(Component::Kubelet))
    }

    /// Is the signing file there before and after a rotation as well, as an operator's copy of its CA is?
    #[must_use]
    pub fn keeps_signing_file(&self) -> bool {
        let kept = |table: &SecretTable| table.files.iter().any(|(_, path)| *path == self.signing.certificate);
        self.hosted().is_some_and(|hosted| hosted.secrets.iter().any(kept))
    }

    /// The path of the kubelet's own client certificate.
    #[must_use]
    pub fn kubelet_client(&self) -> &'static str {
        self.others.iter().find(|row| row.kind == OtherKind::KubeletClient).map_or("", |row| row.path)
    }

    /// Every path that has a meaning on a node.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        let authorities = self.authorities.iter().flat_map(|row| [row.certificate, row.key]);
        let leaves = self.leaves.iter().flat_map(|row| [row.certificate, row.key]);
        let kubeconfigs = self.kubeconfigs.iter().map(|row| row.path);
        let static_pods = self.static_pods.iter().map(|row| row.path);
        let others = self.others.iter().map(|row| row.path);
        let signing = [self.signing.certificate, self.signing.key];
        let all = authorities.chain(leaves).chain(kubeconfigs).chain(static_pods).chain(others).chain(signing);
        all.filter(|path| !path.is_empty())
    }
}
