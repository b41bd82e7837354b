//! What can belong to a cluster as a whole: a node's tree, an object, a kubeconfig, a file.

use std::collections::BTreeSet;

use crate::{
    inventory::model::{
        files::{Artifact, Node, Role},
        inventory::{Conflicts, Inventory},
        objects::{ObjectRole, StoredObject},
    },
    profile::{AuthorityId, SecretContent},
    x509::Certificate,
};

/// Where a unit is in the inventory, by its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Node(usize),
    ConflictingNode(usize),
    Object(usize),
    ConflictingObject(usize),
    Client(usize),
    Loose(usize),
}

/// Something that belongs to one cluster.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) holder: Holder,
    /// The cluster CAs that it holds, trusts, or was issued by.
    pub(super) authorities: Vec<Certificate>,
    /// Do its parts fit together, so that it shows that there is a cluster with this CA?
    pub(super) whole: bool,
    /// Namespace and name of its Cluster in Cluster API.
    pub(super) cluster: Option<(String, String)>,
}

/// Every unit, nodes first.
pub(super) fn units(inventory: &Inventory, conflicts: &Conflicts) -> Vec<Unit> {
    let mut units = Vec::new();
    for (index, one) in inventory.nodes.iter().enumerate() {
        units.push(node(inventory, one, Holder::Node(index)));
    }
    for (index, (one, _)) in conflicts.nodes.iter().enumerate() {
        units.push(node(inventory, one, Holder::ConflictingNode(index)));
    }
    let conflicting_objects = conflicts.objects.iter().map(|(stored, _)| stored);
    let trusted: BTreeSet<_> = inventory
        .objects
        .iter()
        .chain(conflicting_objects.clone())
        .filter(|stored| stored.role == ObjectRole::Secret(SecretContent::Kubeconfig))
        .flat_map(|stored| authorities_of(inventory, stored).into_iter().map(|one| (cluster(stored), one)))
        .collect();
    for (index, stored) in inventory.objects.iter().enumerate() {
        units.push(object(inventory, stored, &trusted, Holder::Object(index)));
    }
    for (index, stored) in conflicting_objects.enumerate() {
        units.push(object(inventory, stored, &trusted, Holder::ConflictingObject(index)));
    }
    for (index, slot) in inventory.clients.iter().enumerate() {
        let authorities = slot.artifact.access().map(|(_, access)| access.trust.concat()).unwrap_or_default();
        units.push(Unit { holder: Holder::Client(index), authorities, whole: false, cluster: None });
    }
    for (index, slot) in inventory.loose.iter().enumerate() {
        let authorities = issuers(inventory, &slot.artifact.all_certificates());
        units.push(Unit { holder: Holder::Loose(index), authorities, whole: false, cluster: None });
    }
    units
}

/// A node is whole if its CA issued what it presents: of a worker, the kubelet's certificate or the trust of kubelet.conf.
fn node(inventory: &Inventory, node: &Node, holder: Holder) -> Unit {
    let profile = inventory.profile;
    let path = profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
    let own: Vec<_> = node.certificates(path).iter().filter(|one| one.is_authority()).cloned().collect();
    let kubeconfigs = node.slots.values().filter_map(|slot| match &slot.artifact {
        Artifact::Kubeconfig(kubeconfig) => Some(kubeconfig),
        _ => None,
    });
    let trusted: Vec<Certificate> = kubeconfigs.flat_map(|one| one.trust.concat()).collect();
    let leaves = profile.leaves.iter().filter(|row| row.authority == AuthorityId::Cluster);
    let presented = leaves.map(|row| row.certificate).chain([profile.kubelet_client()]);
    let presented: Vec<_> = presented.filter_map(|path| node.certificates(path).first()).collect();
    let authorities = if own.is_empty() { trusted.clone() } else { own };
    let issued = |leaf: &&Certificate| inventory.signers.signer(leaf).is_some_and(|one| authorities.contains(one));
    let whole = if presented.is_empty() {
        !trusted.is_empty() && trusted.iter().all(|one| authorities.contains(one))
    } else {
        presented.iter().all(issued)
    };
    Unit { holder, whole: whole && node.role != Role::Hosted, authorities, cluster: None }
}

/// A CA Secret is whole if the kubeconfig Secret of the same Cluster trusts it.
fn object(
    inventory: &Inventory,
    stored: &StoredObject,
    trusted: &BTreeSet<(Option<(String, String)>, Certificate)>,
    holder: Holder,
) -> Unit {
    let (authorities, cluster) = (authorities_of(inventory, stored), cluster(stored));
    let is_authority = stored.role == ObjectRole::Secret(SecretContent::Authority(AuthorityId::Cluster));
    let whole = is_authority && authorities.iter().any(|one| trusted.contains(&(cluster.clone(), one.clone())));
    Unit { holder, authorities, whole, cluster }
}

fn cluster(stored: &StoredObject) -> Option<(String, String)> {
    Some((stored.object.namespace.clone().unwrap_or_default(), stored.cluster()?))
}

fn authorities_of(inventory: &Inventory, stored: &StoredObject) -> Vec<Certificate> {
    match stored.role {
        ObjectRole::Secret(SecretContent::Authority(AuthorityId::Cluster)) => stored.certificates.clone(),
        ObjectRole::Secret(SecretContent::Kubeconfig) | ObjectRole::ClusterInfo => {
            stored.kubeconfig.iter().flat_map(|(_, kubeconfig)| kubeconfig.trust.concat()).collect()
        }
        ObjectRole::SigningRequest => issuers(inventory, &stored.all_certificates()),
        _ => Vec::new(),
    }
}

/// CAs themselves, and the CAs that issued what is none.
fn issuers(inventory: &Inventory, certificates: &[&Certificate]) -> Vec<Certificate> {
    let issuer = |one: &&Certificate| {
        if one.is_authority() { Some((*one).clone()) } else { inventory.signers.signer(one).cloned() }
    };
    certificates.iter().filter_map(issuer).collect()
}

impl Unit {
    /// The files that the unit was loaded from.
    pub(super) fn files<'a>(&self, inventory: &'a Inventory, conflicts: &'a Conflicts) -> Vec<&'a str> {
        let of_node = |node: &'a Node| node.slots.values().map(|slot| slot.file.as_str()).collect();
        match self.holder {
            Holder::Node(index) => of_node(&inventory.nodes[index]),
            Holder::ConflictingNode(index) => of_node(&conflicts.nodes[index].0),
            Holder::Object(index) => vec![inventory.objects[index].file.as_str()],
            Holder::ConflictingObject(index) => vec![conflicts.objects[index].0.file.as_str()],
            Holder::Client(index) => vec![inventory.clients[index].file.as_str()],
            Holder::Loose(index) => vec![inventory.loose[index].file.as_str()],
        }
    }

    /// The node that the unit is, if it is one.
    pub(super) fn node<'a>(&self, inventory: &'a Inventory, conflicts: &'a Conflicts) -> Option<&'a Node> {
        match self.holder {
            Holder::Node(index) => inventory.nodes.get(index),
            Holder::ConflictingNode(index) => conflicts.nodes.get(index).map(|(node, _)| node),
            _ => None,
        }
    }
}
