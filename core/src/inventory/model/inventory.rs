//! The input in order: nodes, objects, CAs, and the findings about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{
    clusters::FoundCluster,
    copies::CaCopy,
    machines::SecretsFile,
    pods::{NodePods, Workload},
    signers::Signers,
    standing::{HolderStanding, Rotation},
    tenant::{HostedRole, Tenant},
};
use crate::{
    finding::Finding,
    formats::{
        kubeadm::ClusterConfiguration, kubeconfig::Kubeconfig, kubelet::KubeletConfig, object::Object,
        static_pod::StaticPod, talos::Machine,
    },
    input::Password,
    inventory::{paused::PausedObject, pins::Pinned},
    profile::{AuthorityId, Profile, SecretContent},
    x509::{Certificate, PrivateKey, PublicKey, SigningRequest},
};

/// The code of findings about what is encrypted, where no password was given.
pub const PASSWORD_NEEDED: &str = "password-needed";

/// The code of findings about what another password opens.
pub const PASSWORD_WRONG: &str = "password-wrong";

/// Everything that was recognised, in its place.
#[derive(Debug)]
pub struct Inventory {
    pub(crate) profile: &'static Profile,
    pub(crate) cluster: String,
    /// Control-plane nodes first, then workers, each by name.
    pub(crate) nodes: Vec<Node>,
    /// Secrets and ConfigMaps, by role.
    pub(crate) objects: Vec<Arc<StoredObject>>,
    /// Where each of them is in that list, by kind, namespace and name.
    pub(crate) placed: BTreeMap<(String, Option<String>, String), usize>,
    /// Kubeconfigs that lie on no node.
    pub(crate) clients: Vec<Slot>,
    /// Certificates and keys that lie on no node.
    pub(crate) loose: Vec<Slot>,
    /// Authorities' certificates and keys in a package of Airlock's that was given along.
    pub(crate) packaged: Vec<Slot>,
    /// Objects with certificates or CA keys that this package does not write.
    pub(crate) copies: Vec<CaCopy>,
    /// Workloads whose Pods read files of their node.
    pub(crate) workloads: Vec<Workload>,
    /// Pods that read files of their node.
    pub(crate) node_pods: Vec<NodePods>,
    /// Workloads that are restarted as a whole: namespace, and a name such as `DaemonSet/agent`.
    pub(crate) rolled_out: BTreeSet<(String, String)>,
    /// Files of clusters' secrets; what they hold is among the loose.
    pub(crate) secrets: Vec<SecretsFile>,
    /// Secrets that are called like Cluster API's, before it is known whether they are, with their files.
    pub(crate) namesakes: Vec<(String, Bytes, Object)>,
    /// What Nodes' labels say of distributions that are not supported, before it is known whether they are of this cluster.
    pub(crate) labelled_nodes: Vec<Finding>,
    /// What has the name of something else that was loaded, and other content.
    pub(crate) conflicts: Conflicts,
    /// The clusters that the files are of, where they are of several; the first one is judged.
    pub(crate) found_clusters: Vec<FoundCluster>,
    /// Cluster API's Clusters, by namespace and name.
    pub(crate) clusters: BTreeSet<(String, String)>,
    /// Objects of Cluster API that their owners paused, of the Cluster that is judged.
    pub(crate) paused: Vec<PausedObject>,
    /// Pins by which joining nodes know the cluster.
    pub(crate) pins: Vec<Pinned>,
    pub(crate) unrecognised: Vec<Unrecognised>,
    pub(crate) authorities: BTreeMap<AuthorityId, Authority>,
    pub(crate) signers: Signers,
    /// The control plane that lies on no node, where the platform has such.
    pub(crate) tenant: Option<Tenant>,
    /// The rotations that are under way.
    pub(crate) rotations: BTreeMap<AuthorityId, Rotation>,
    /// Where everyone is in them; empty where none is under way.
    pub(crate) standings: Vec<HolderStanding>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) files: usize,
    pub(crate) keys: BTreeMap<PublicKey, Arc<PrivateKey>>,
}

/// What has the name of a node or object of the inventory, and other content: files of a second cluster, or of another time.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// With what is to be said if they are of the same cluster.
    pub(crate) nodes: Vec<(Node, Vec<Finding>)>,
    /// With what is to be said if they are of the same cluster.
    pub(crate) objects: Vec<(Arc<StoredObject>, Finding)>,
}

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

/// A Secret or ConfigMap that has a part in a rotation.
#[derive(Debug)]
pub(crate) struct StoredObject {
    pub(crate) object: Object,
    pub(crate) role: ObjectRole,
    /// The file it came from, which may hold other objects as well.
    pub(crate) file: String,
    /// That file's bytes.
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) key: Option<Arc<PrivateKey>>,
    /// The kubeconfig inside, with its bytes.
    pub(crate) kubeconfig: Option<(Arc<Zeroizing<Vec<u8>>>, KubeconfigArtifact)>,
    /// The cluster's configuration inside, or that the object is.
    pub(crate) kubeadm: Option<ClusterConfiguration>,
    /// The signing request inside.
    pub(crate) request: Option<SigningRequest>,
}

/// What an object is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectRole {
    /// ConfigMap kube-public/cluster-info.
    ClusterInfo,
    /// A webhook configuration, an APIService or a CustomResourceDefinition with CA data of its own.
    CaBundle,
    /// ConfigMap kube-system/kubeadm-config, or a file that kubeadm was given.
    KubeadmConfig,
    /// What a control plane without nodes is made of.
    Hosted(HostedRole),
    /// A CertificateSigningRequest of the cluster's API.
    SigningRequest,
    /// Secret kube-system/kubeadm-certs: keys of the CAs, encrypted for nodes that join.
    UploadedCertificates,
    /// A Secret of the management cluster.
    Secret(SecretContent),
}

/// A file that has no place.
#[derive(Clone, Debug)]
pub(crate) struct Unrecognised {
    pub(crate) file: String,
    pub(crate) reason: String,
}

/// An authority as it is today: the old one while a rotation is under way.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    /// The private key that matches, wherever it was found.
    pub(crate) key: Option<Arc<PrivateKey>>,
    /// The file that was believed.
    pub(crate) file: String,
}

/// What a person says about the files beforehand.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)] // every skin asks for all of it
pub struct InspectOptions<'a> {
    /// The password of encrypted keys and PKCS#12 containers, the same for all of them.
    ///
    /// Without it, or where it is another, each of them has a finding (`password-needed`, `password-wrong`), and
    /// [`Inventory::needs_password`] says so. Keys that were opened are written without a password, as Kubernetes reads them.
    pub password: Option<&'a Password>,
    /// The platform; `None` to have it told from the files ([`profile::PROFILES`](crate::profile::PROFILES)).
    pub platform: Option<&'static Profile>,
    /// The tenant, `name` or `namespace/name`, where the files are of several; `None` where they are of one.
    pub tenant: Option<&'a str>,
}

impl Inventory {
    /// What is to be said about the input, most severe first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Would a password, or another one, open something that was given? Then [`inspect_with`] it again.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        self.findings.iter().any(|finding| [PASSWORD_NEEDED, PASSWORD_WRONG].contains(&finding.code.as_str()))
    }

    /// The control-plane nodes, by name, and the control plane that has none.
    pub(crate) fn control_plane(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.role != Role::Worker)
    }

    /// The workers, by name.
    pub(crate) fn workers(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.role == Role::Worker)
    }

    /// The certificates that an authority has today: while a rotation is under way, the old one and the new one.
    pub(crate) fn present(&self, id: AuthorityId) -> Vec<&Certificate> {
        match (self.rotations.get(&id), self.authorities.get(&id)) {
            (Some(rotation), _) => vec![&rotation.old, &rotation.new],
            (None, Some(authority)) => vec![&authority.certificate],
            (None, None) => Vec::new(),
        }
    }

    /// Does kubelet.conf carry the credential itself, as nodes made by kubeadm before 1.17 do?
    pub(crate) fn embeds_kubelet_credential(&self, node: &Node) -> bool {
        let row = self.profile.kubelet_conf();
        let kubeconfig = row.and_then(|row| node.kubeconfig(row.path));
        kubeconfig.is_some_and(|(_, kubeconfig)| kubeconfig.credentials().next().is_some())
    }

    /// The private key of `public`, wherever among the input it was found.
    pub(crate) fn key_of(&self, public: &PublicKey) -> Option<&Arc<PrivateKey>> {
        self.keys.get(public)
    }

    /// The first object of a role.
    pub(crate) fn object(&self, role: ObjectRole) -> Option<&Arc<StoredObject>> {
        self.objects.iter().find(|stored| stored.role == role)
    }

    /// Every file that was recognised, with the node it lies on.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (Option<&Node>, &Slot)> {
        let on_nodes = self.nodes.iter().flat_map(|node| node.files().map(move |slot| (Some(node), slot)));
        on_nodes.chain(self.clients.iter().chain(&self.loose).map(|slot| (None, slot)))
    }

    pub(crate) fn collect_keys(&self) -> BTreeMap<PublicKey, Arc<PrivateKey>> {
        let packaged = self.packaged.iter().flat_map(|slot| slot.artifact.keys());
        let in_files = self.slots().flat_map(|(_, slot)| slot.artifact.keys()).chain(packaged);
        let in_objects = self.objects.iter().flat_map(|stored| {
            let embedded = stored.kubeconfig.iter().flat_map(|(_, kubeconfig)| kubeconfig.keys());
            stored.key.iter().chain(embedded)
        });
        in_files.chain(in_objects).map(|key| (key.public_key().clone(), Arc::clone(key))).collect()
    }

    /// The cluster's name: the management cluster's word first, then kubeadm's, then a kubeconfig's.
    pub(crate) fn cluster_name(&self) -> String {
        let tenant = self.tenant.as_ref().map(|tenant| tenant.name.clone());
        let managed = || self.objects.iter().find_map(|stored| stored.cluster());
        let machines = || self.nodes.iter().find_map(|node| Some(node.machine.as_ref()?.cluster_name.clone()));
        let kubeadm = || {
            let config = self.object(ObjectRole::KubeadmConfig)?.kubeadm.as_ref()?;
            Some(config.cluster_name.clone()).filter(|name| !name.is_empty())
        };
        let kubeconfigs = || {
            let row = self.profile.kubeconfigs.first();
            let on_nodes = self.control_plane().filter_map(|node| node.slots.get(row?.path));
            let mut named = on_nodes.chain(&self.clients).filter_map(|slot| match &slot.artifact {
                Artifact::Kubeconfig(kubeconfig) => kubeconfig.model.clusters.first(),
                _ => None,
            });
            named.next().map(|cluster| cluster.name.clone())
        };
        tenant
            .or_else(managed)
            .or_else(machines)
            .or_else(kubeadm)
            .or_else(kubeconfigs)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "kubernetes".into())
    }
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
        self.slots.get(path).map_or(&[], |slot| slot.artifact.certificates())
    }

    /// The kubeconfig at `path`.
    pub(crate) fn kubeconfig(&self, path: &str) -> Option<(&Slot, &KubeconfigArtifact)> {
        let slot = self.slots.get(path)?;
        match &slot.artifact {
            Artifact::Kubeconfig(kubeconfig) => Some((slot, kubeconfig)),
            _ => None,
        }
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

impl StoredObject {
    /// `Secret default/one-ca`, as the person reads it.
    pub(crate) fn place(&self) -> String {
        match &self.object.namespace {
            _ if self.object.name.is_empty() => self.object.kind.clone(),
            Some(namespace) => format!("{} {namespace}/{}", self.object.kind, self.object.name),
            None => format!("{} {}", self.object.kind, self.object.name),
        }
    }

    /// Does it lie in a management cluster?
    pub(crate) fn is_of_management(&self) -> bool {
        matches!(self.role, ObjectRole::Hosted(_) | ObjectRole::Secret(_))
    }

    /// Is what it holds shown where it is used?
    pub(crate) fn is_furnished(&self) -> bool {
        self.role == ObjectRole::Hosted(HostedRole::Secret)
    }

    /// Every certificate in the object, embedded ones included.
    pub(crate) fn all_certificates(&self) -> Vec<&Certificate> {
        let embedded = self.kubeconfig.iter().flat_map(|(_, kubeconfig)| kubeconfig.certificates());
        self.certificates.iter().chain(embedded).collect()
    }
}

pub(crate) type Bytes = Arc<Zeroizing<Vec<u8>>>;
