//! Clusters that share one CA: told apart by what the control-plane nodes of one cluster must have in common.
//!
//! Every API server of a cluster verifies the same service account tokens, reaches the same etcd and is called through the
//! same aggregation layer. One of these may differ while it is being rotated; two do not.

use super::units::Unit;
use crate::{
    inventory::model::{
        files::{Artifact, Node, Role},
        inventory::{Conflicts, Inventory},
    },
    profile::{AuthorityId, OtherKind},
    x509::{Certificate, PublicKey},
};

/// What the control-plane nodes of a cluster have in common apart from the cluster CA.
pub(super) struct Identity<'a> {
    service_account: Option<&'a PublicKey>,
    front_proxy: &'a [Certificate],
    etcd: &'a [Certificate],
}

/// What differs between two clusters that share a CA, in words.
const PARTS: [&str; 3] = ["service account keys", "front-proxy CAs", "etcd CAs"];

impl<'a> Identity<'a> {
    pub(super) fn of(inventory: &Inventory, node: &'a Node) -> Self {
        let certificates =
            |id| inventory.profile.authority(id).map_or(&[][..], |row| node.certificates(row.certificate));
        let kinds = [OtherKind::ServiceAccountPublicKey, OtherKind::ServiceAccountKey];
        let rows = inventory.profile.others.iter().filter(|row| kinds.contains(&row.kind));
        let mut keys = rows.filter_map(|row| match &node.slots.get(row.path)?.artifact {
            Artifact::PublicKey(key) => Some(key),
            Artifact::PrivateKey(key) => Some(key.public_key()),
            _ => None,
        });
        Self {
            service_account: keys.next(),
            front_proxy: certificates(AuthorityId::FrontProxy),
            etcd: certificates(AuthorityId::Etcd),
        }
    }

    /// Do both nodes have the same service account key?
    pub(super) fn shares_tokens(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (self.service_account, other.service_account) else { return false };
        own.is_same_key(other)
    }

    /// What both nodes have and what differs.
    fn differences(&self, other: &Self) -> [bool; 3] {
        let differ = |own: &[Certificate], other: &[Certificate]| {
            !own.is_empty() && !other.is_empty() && !own.iter().any(|one| other.contains(one))
        };
        let both = self.service_account.is_some() && other.service_account.is_some();
        [both && !self.shares_tokens(other), differ(self.front_proxy, other.front_proxy), differ(self.etcd, other.etcd)]
    }
}

/// For each unit that is a control-plane node, its cluster; and what differs between the clusters, in words. `None` where
/// there is one cluster.
pub(super) fn by_identity(
    inventory: &Inventory,
    conflicts: &Conflicts,
    units: &[Unit],
) -> Option<(Vec<Option<usize>>, String)> {
    let mut first: Vec<Identity<'_>> = Vec::new();
    let mut of = vec![None; units.len()];
    let mut differing = [false; 3];
    for (at, unit) in units.iter().enumerate() {
        let Some(node) = unit.node(inventory, conflicts).filter(|node| node.role == Role::ControlPlane) else {
            continue;
        };
        let identity = Identity::of(inventory, node);
        let known = first.iter().position(|other| {
            let differences = identity.differences(other);
            let is_other = differences.iter().filter(|differs| **differs).count() >= 2;
            if is_other {
                differing.iter_mut().zip(differences).for_each(|(any, differs)| *any |= differs);
            }
            !is_other
        });
        of[at] = Some(known.unwrap_or_else(|| {
            first.push(identity);
            first.len() - 1
        }));
    }
    let words: Vec<_> = PARTS.iter().zip(differing).filter(|(_, differs)| *differs).map(|(part, _)| *part).collect();
    (first.len() > 1).then(|| (of, words.join(" and ")))
}

/// The servers that a node's kubeconfigs name.
pub(super) fn servers(node: &Node) -> impl Iterator<Item = &str> {
    node.slots.values().flat_map(|slot| {
        let clusters = slot.artifact.access().map_or(&[][..], |(_, access)| &access.model.clusters);
        clusters.iter().map(|cluster| cluster.server.as_str())
    })
}
