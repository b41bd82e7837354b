//! Which CAs of a trust bundle belong to the cluster, judged by what the provided files show.
//!
//! A CA in a kubeconfig or in `cluster-info` proves nothing: a corporate proxy's root may stand in every one of them.
//! Evidence is a certificate that the CA issued and that a component presents, or a file in which the cluster keeps a CA.

use std::collections::BTreeSet;

use crate::{
    inventory::model::{
        files::{Artifact, Node, Slot},
        inventory::Inventory,
        objects::ObjectRole,
    },
    profile::{AuthorityId, AuthorityRow, SecretContent},
    x509::{Certificate, PublicKey},
};

/// What shows that a CA is one of the cluster's, for one row of the profile's authorities.
#[derive(Default)]
pub(super) struct Evidence<'a> {
    /// CAs that issued what components present, and CAs that stand alone in a file for CAs.
    authorities: BTreeSet<&'a Certificate>,
    /// Private keys in files for CA keys.
    keys: BTreeSet<&'a PublicKey>,
}

impl<'a> Evidence<'a> {
    /// Reads every provided file once.
    pub(super) fn of(inventory: &'a Inventory, row: &AuthorityRow) -> Self {
        let mut evidence = Self::default();
        for node in &inventory.nodes {
            evidence.files(inventory, row, node);
            evidence.issuers(inventory, row, node);
        }
        for stored in &inventory.objects {
            match stored.role {
                ObjectRole::Secret(SecretContent::Authority(id)) if id == row.id => {
                    evidence.alone(&stored.certificates);
                    evidence.keys.extend(stored.key.iter().map(|key| key.public_key()));
                }
                ObjectRole::Secret(SecretContent::Kubeconfig) if row.id == AuthorityId::Cluster => {
                    evidence.issuer(inventory, &stored.all_certificates());
                }
                _ => {}
            }
        }
        evidence
    }

    /// The files in which a node keeps the CA: its certificate, its key, and what kube-controller-manager signs with.
    fn files(&mut self, inventory: &'a Inventory, row: &AuthorityRow, node: &'a Node) {
        let signing = &inventory.profile.signing;
        let of_cluster = row.id == AuthorityId::Cluster;
        self.alone(node.certificates(row.certificate));
        if of_cluster {
            self.alone(node.certificates(signing.certificate));
            self.authorities.extend(node.signs_elsewhere(inventory).map(|(_, authority)| authority));
        }
        let keys = [Some(row.key), of_cluster.then_some(signing.key)];
        for slot in keys.into_iter().flatten().filter_map(|path| node.slots.get(path)) {
            if let Artifact::PrivateKey(key) = &slot.artifact {
                self.keys.insert(key.public_key());
            }
        }
    }

    /// In a bundle, only its other contents tell which CA the file is for.
    fn alone(&mut self, certificates: &'a [Certificate]) {
        if let [only] = certificates {
            self.authorities.insert(only);
        }
    }

    /// The CAs that issued what a node's components present, leaves of other authorities excepted.
    fn issuers(&mut self, inventory: &'a Inventory, row: &AuthorityRow, node: &'a Node) {
        let leaves = inventory.profile.leaves;
        let is_of_row = |slot: &&Slot| match leaves.iter().find(|leaf| leaf.certificate == slot.place) {
            Some(leaf) => leaf.authority == row.id,
            None => row.id == AuthorityId::Cluster,
        };
        for slot in node.slots.values().filter(is_of_row) {
            self.issuer(inventory, &slot.artifact.all_certificates());
        }
    }

    fn issuer(&mut self, inventory: &'a Inventory, certificates: &[&Certificate]) {
        let leaves = certificates.iter().filter(|one| !one.is_authority());
        self.authorities.extend(leaves.filter_map(|leaf| inventory.signers.signer(leaf)));
    }

    #[cfg(test)]
    pub(super) fn of_authorities(authorities: &'a [Certificate]) -> Self {
        Self { authorities: authorities.iter().collect(), ..Self::default() }
    }

    /// Does anything show that `authority` is one of the cluster's?
    pub(super) fn shows(&self, authority: &Certificate) -> bool {
        self.authorities.contains(authority) || self.keys.contains(authority.public_key())
    }

    /// Is there no evidence of any CA, as where only kubeconfigs were provided?
    pub(super) fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.keys.is_empty()
    }
}
