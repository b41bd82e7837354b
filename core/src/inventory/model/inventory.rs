//! The input in order: nodes, objects, CAs, and the findings about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    clusters::FoundCluster,
    copies::CaCopy,
    files::{Artifact, Bytes, Node, Role, Slot, Unrecognised},
    machines::SecretsFile,
    objects::{ObjectRole, StoredObject},
    paused::PausedObject,
    pods::{NodePods, Workload},
    signers::Signers,
    standing::{HolderStanding, Rotation},
    tenant::Tenant,
};
use crate::{
    finding::Finding,
    formats::object::Object,
    input::Password,
    inventory::pins::Pinned,
    profile::{AuthorityId, Profile},
    x509::{Certificate, PrivateKey, PublicKey},
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

    /// Would a password, or another one, open something that was given? Then [`inspect_with`](crate::inspect_with) it again.
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

    /// Whether a certificate is one of these. By name and key: a CA may have been renewed with its key.
    pub(crate) fn is_present(&self, id: AuthorityId, one: &Certificate) -> bool {
        self.present(id).iter().any(|own| own.is_same_authority(one))
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
