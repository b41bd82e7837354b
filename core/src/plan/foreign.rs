//! Trust bundles of control-plane nodes that hold foreign CAs beside the cluster CA, and the clients that depend on these.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    authorities::AuthorityChange,
    consumers::{Consumer, Consumers, Process},
    foreign::ForeignBundles,
    rotation_plan::RotationPlan,
};
use crate::{
    inventory::{Inventory, Node, Role},
    profile::{AuthorityId, Component, ConsumerFile, RotationMethod, edge::Effect},
    x509::Certificate,
};

impl ForeignBundles {
    pub(super) fn of(inventory: &Inventory, authority_changes: &BTreeMap<AuthorityId, AuthorityChange>) -> Self {
        let row = inventory.profile.authority(AuthorityId::Cluster);
        let Some(row) = row.filter(|row| authority_changes.contains_key(&row.id)) else { return Self::default() };
        let nodes: Vec<&Node> = inventory.control_plane().filter(|node| node.role == Role::ControlPlane).collect();
        let held = |node: &Node, path: &str| node.certificates(path).to_vec();
        let client_file = |node: &Node| {
            let files = inventory.client_files(node);
            let own = files.into_iter().find(|(_, components)| components.contains(&Component::Apiserver));
            own.map_or_else(|| row.certificate.to_owned(), |(path, _)| path)
        };
        let published_file = |node: &Node| inventory.published_file(node).unwrap_or_else(|| row.certificate.to_owned());
        let several = |bundles: BTreeSet<Vec<Certificate>>| {
            let has_foreign = |bundle: &Vec<Certificate>| !inventory.foreign_in(row.id, bundle).is_empty();
            if bundles.iter().any(has_foreign) { bundles.into_iter().collect() } else { Vec::new() }
        };
        Self {
            published: several(nodes.iter().map(|node| held(node, &published_file(node))).collect()),
            accepted: several(nodes.iter().map(|node| held(node, &client_file(node))).collect()),
        }
    }
}

impl Consumers {
    /// Clients whose certificates foreign CAs issued stay connected: one connection for each file by which a process
    /// accepts them.
    pub(super) fn accept_foreign(&mut self, inventory: &Inventory) {
        if inventory.profile.course != RotationMethod::NodeFiles {
            return;
        }
        for node in inventory.nodes.iter().filter(|node| node.role != Role::Hosted) {
            for (path, components) in inventory.client_files(node) {
                let Some(slot) = node.file(&path) else { continue };
                let foreign = inventory.foreign_in(AuthorityId::Cluster, slot.artifact.certificates());
                if foreign.is_empty() {
                    continue;
                }
                for component in components {
                    self.add(Consumer {
                        process: Process::Component(component),
                        path: path.clone(),
                        key: String::new(),
                        file: ConsumerFile::ForeignClients,
                        effect: Effect::Live,
                        hosts: Vec::new(),
                        foreign: foreign.iter().copied().cloned().collect(),
                        nodes: BTreeSet::from([node.name.clone()]),
                    });
                }
            }
        }
    }
}

impl RotationPlan {
    /// The key of a worker's own version of a file, where that differs from other workers'.
    pub(crate) fn own_file(node: &str, path: &str) -> String {
        format!("{node}:{path}")
    }
}
