//! The tables of a platform.

use super::{
    edge::{EdgeRow, Material},
    hosted::{Hosted, SecretTable},
    ids::{AuthorityId, Component},
    managed::Manager,
};
use crate::x509::KeyAlgorithm;

/// All differences between platforms.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// The name in options and JSON, such as `kubeadm`.
    pub id: &'static str,
    /// The display name.
    pub title: &'static str,
    /// Files that identify the platform; each is sufficient. Empty if only the user can select the platform.
    pub recognised_by: &'static [Sign],
    /// The platform whose files it has as well. The signs of this platform take precedence.
    pub extends: &'static str,
    /// The sequence of steps.
    pub course: RotationMethod,
    /// The platform's own names of the three phases; empty if it has none.
    pub phase_words: [&'static str; 3],
    /// The required input, after "Give".
    pub input: &'static str,
    /// The folder of its files on a node; empty if machines have no files that can be changed.
    pub directory: &'static str,
    /// The folder of the kubelet's files on a node; empty as [`Profile::directory`].
    pub kubelet_directory: &'static str,
    /// Further folders in which a cluster has the profile's files; empty by default.
    pub folders_elsewhere: &'static [&'static str],
    /// Its CAs.
    pub authorities: &'static [AuthorityRow],
    /// Its leaf certificates in separate files.
    pub leaves: &'static [LeafRow],
    /// Its kubeconfigs on nodes.
    pub kubeconfigs: &'static [KubeconfigRow],
    /// Its static Pods.
    pub static_pods: &'static [StaticPodRow],
    /// Flags of static Pods that must refer to the profile's own files, because the package changes only those. The
    /// signing certificate of kube-controller-manager is in [`Profile::signing`].
    pub flags: &'static [FlagRow],
    /// Flags with which a rotation would differ from the verified sequence.
    pub foreign_flags: &'static [&'static str],
    /// All other files that Airlock recognises.
    pub others: &'static [OtherRow],
    /// All TLS connections that a rotation could break.
    pub edges: &'static [EdgeRow],
    /// What kube-controller-manager publishes to Pods in `kube-root-ca.crt`.
    pub published: Material,
    /// What kube-controller-manager signs with while `ca.crt` is a bundle, and when it switches.
    pub signing: SigningRow,
}

/// The files for signing on the platform's nodes during a rotation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SigningRow {
    /// The file with one certificate with which kube-controller-manager signs.
    pub certificate: &'static str,
    /// Its private key.
    pub key: &'static str,
    /// The phase in which these files change to the new CA: 1 to 3.
    pub new_from: u8,
    /// The phase in which the CA's own key file changes to the new key: 1 to 3.
    pub key_from: u8,
    /// Whether every bundle has the new CA first from phase 2 on. Otherwise some keep the order of phase 1.
    pub reorders: bool,
    /// Whether workers have the two files as well.
    pub on_workers: bool,
}

impl SigningRow {
    /// For platforms without such files.
    pub(crate) const NONE: Self =
        Self { certificate: "", key: "", new_from: 2, key_from: 2, reorders: true, on_workers: false };
}

/// A CA: the locations of its certificate and key.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthorityRow {
    /// The CA.
    pub id: AuthorityId,
    /// The display name.
    pub title: &'static str,
    /// The base name of its files in a package, without extension.
    pub name: &'static str,
    /// Path of the certificate (or bundle) on a node, or field in a machine configuration.
    pub certificate: &'static str,
    /// Path of the private key on a control-plane node, or field in a machine configuration.
    pub key: &'static str,
    /// Field with further accepted certificates; `None` if `certificate` has all of them.
    pub accepted: Option<&'static str>,
    /// Field in the file of the cluster's secrets; empty if there is no such file.
    pub secret: &'static str,
    /// The prefix of the new CA's options: `--ca-` of `--ca-cert`.
    pub option: &'static str,
    /// The format of the new CA.
    pub new_authority_format: NewAuthorityFormat,
    /// The supported key types. If the platform always uses the same type, that one is first.
    pub keys: &'static [KeyAlgorithm],
    /// Whether this release rotates it; others are only displayed.
    pub rotates: bool,
}

/// The format of a new CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewAuthorityFormat {
    /// A chosen common name, and the old CA's key type.
    Named,
    /// As the platform creates it: this organization, and the first supported key type.
    Organization(&'static str),
    /// As [`NewAuthorityFormat::Named`], or with a complete subject and an expiry date, in the formats of the platform's
    /// own tool.
    Subject,
}

/// A leaf certificate in a separate file.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LeafRow {
    /// Its base name, such as `apiserver-kubelet-client`.
    pub name: &'static str,
    /// The CA that signs it.
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
    /// The process that reads it at start and must restart to load new CA data; `None` if people use it.
    pub reader: Option<Component>,
    /// The user of its client certificate, to which RBAC refers. For a node's kubeconfig, the prefix before the node's
    /// name.
    pub user: &'static str,
}

/// A static Pod's manifest.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StaticPodRow {
    /// The component that it runs.
    pub component: Component,
    /// Path of the manifest.
    pub path: &'static str,
}

/// A flag, and the files that it may refer to. An empty value is always allowed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FlagRow {
    /// The component.
    pub component: Component,
    /// The flag without dashes.
    pub flag: &'static str,
    /// The paths that the rotation changes.
    pub paths: &'static [&'static str],
}

/// A file other than those of a CA or leaf, and other than a kubeconfig.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OtherRow {
    /// Its path.
    pub path: &'static str,
    /// Its type.
    pub kind: OtherKind,
}

/// The type of a file in [`Profile::others`].
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
    /// The private service account key; not rotated.
    ServiceAccountKey,
    /// The public service account key; not rotated.
    ServiceAccountPublicKey,
}

impl Profile {
    /// The row of a CA; `None` if the platform does not have it.
    #[must_use]
    pub fn authority(&self, id: AuthorityId) -> Option<&'static AuthorityRow> {
        self.authorities.iter().find(|row| row.id == id)
    }

    /// The path of a static Pod's manifest; `None` if the platform does not run the component as one.
    #[must_use]
    pub fn manifest(&self, component: Component) -> Option<&'static str> {
        self.static_pods.iter().find(|row| row.component == component).map(|row| row.path)
    }

    /// The operator's tables, for hosted control planes.
    #[must_use]
    pub fn hosted(&self) -> Option<&'static Hosted> {
        match self.course {
            RotationMethod::Hosted(hosted) => Some(hosted),
            RotationMethod::HostPhases
            | RotationMethod::MachineConfigs
            | RotationMethod::Managed(_)
            | RotationMethod::NodeFiles => None,
        }
    }

    /// Whether the manager's steps accept the options of `SubcloudStrategy`.
    #[must_use]
    pub fn takes_strategy(&self) -> bool {
        matches!(self.course, RotationMethod::Managed(manager) if !manager.script.is_empty())
    }

    /// The kubelet's own kubeconfig.
    #[must_use]
    pub fn kubelet_conf(&self) -> Option<&'static KubeconfigRow> {
        self.kubeconfigs.iter().find(|row| row.reader == Some(Component::Kubelet))
    }

    /// Whether the signing file also exists before and after a rotation, as an operator's copy of its CA does.
    #[must_use]
    pub fn keeps_signing_file(&self) -> bool {
        let kept = |table: &SecretTable| table.files.iter().any(|(_, path)| *path == self.signing.certificate);
        self.hosted().is_some_and(|hosted| hosted.secrets.iter().any(kept))
    }

    /// The flags of static Pods that name this file.
    pub(crate) fn flags_of(&self, path: &str) -> impl Iterator<Item = &'static str> {
        self.flags.iter().filter(move |row| row.paths.contains(&path)).map(|row| row.flag)
    }

    /// The path of the kubelet's own client certificate.
    #[must_use]
    pub fn kubelet_client(&self) -> &'static str {
        self.others.iter().find(|row| row.kind == OtherKind::KubeletClient).map_or("", |row| row.path)
    }

    /// All paths that the profile's tables contain.
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

/// A property of the input that identifies a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sign {
    /// A YAML document with all of these top-level keys.
    Document(&'static [&'static str]),
    /// An API group of objects or of their labels, with a trailing slash.
    Group(&'static str),
    /// A file at this path in a node's tree.
    NodeFile(&'static str),
    /// Any file at a path of the platform's tables, in a node's tree.
    NodeTree,
}

/// The sequence of steps of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotationMethod {
    /// Replaces the Secrets from which an operator mounts the control plane's files. The nodes' files are replaced as
    /// in [`RotationMethod::NodeFiles`].
    Hosted(&'static Hosted),
    /// The platform's own tool changes the nodes' files, host by host, when it is started for each phase.
    HostPhases,
    /// A manager creates and rotates the CAs. The steps start it and query its progress.
    Managed(&'static Manager),
    /// Machines receive new configurations and apply them themselves.
    MachineConfigs,
    /// Replaces nodes' files and restarts processes, node by node.
    NodeFiles,
}

impl RotationMethod {
    /// Whether the input consists of machine configurations rather than nodes' files.
    #[must_use]
    pub const fn reads_machine_configs(self) -> bool {
        match self {
            Self::MachineConfigs => true,
            Self::Managed(manager) => manager.machine_configs,
            Self::Hosted(_) | Self::HostPhases | Self::NodeFiles => false,
        }
    }
}
