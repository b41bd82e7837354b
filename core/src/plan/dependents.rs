//! Files of a node outside the profile's tables that depend on a rotated CA: further kubeconfigs, certificates, bundles.

use std::collections::BTreeMap;

use super::model::{authorities::AuthorityChange, consumers::Dependent, initial_state::host_of_url};
use crate::{
    inventory::{Artifact, Inventory, KubeconfigArtifact, Node, Slot},
    profile::AuthorityId,
    x509::Certificate,
};

/// The files that the package can change in each phase, by path.
pub(super) fn of_node(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    node: &Node,
) -> BTreeMap<String, Dependent> {
    let Some(authority_change) = authority_changes.get(&AuthorityId::Cluster) else { return BTreeMap::new() };
    let front_proxy = authority_changes.get(&AuthorityId::FrontProxy);
    // kube-controller-manager's signing files are excluded: they must contain exactly one certificate.
    let copy = inventory.signing_copy(node);
    let separate = inventory.separate_signing(node);
    let is_copy = |path: &str| {
        separate.as_deref() == Some(path) || copy.as_ref().is_some_and(|copy| copy.files().any(|own| own == path))
    };
    let others = node.others.iter().filter(|(path, _)| !is_copy(path));
    let found = others.filter_map(|(path, slot)| {
        let dependent = match &slot.artifact {
            Artifact::Kubeconfig(kubeconfig) => {
                let ours = depends(authority_change, kubeconfig) && reaches(inventory, authority_change, kubeconfig);
                ours.then_some(Dependent::Kubeconfig)?
            }
            Artifact::Certificates(certificates) => match of_certificates(authority_change, node, slot, certificates) {
                Some(dependent) => dependent,
                None => front_proxy
                    .filter(|_| certificates.first().is_some_and(Certificate::is_authority))
                    .filter(|authority_change| authority_change.is_trusted_by(certificates))
                    .map(|_| Dependent::FrontProxyBundle)?,
            },
            Artifact::Credential(chain, _) => {
                let leaf = chain.first().filter(|leaf| !leaf.is_authority() && authority_change.signed(leaf));
                leaf.map(|_| Dependent::Credential)?
            }
            _ => return None,
        };
        Some((path.clone(), dependent))
    });
    found.collect()
}

/// Whether a kubeconfig trusts the rotated CA or presents a certificate that it issued.
pub(super) fn depends(authority_change: &AuthorityChange, kubeconfig: &KubeconfigArtifact) -> bool {
    let issued = |(_, credential): (usize, &crate::inventory::EmbeddedCredential)| {
        credential.certificates.first().is_some_and(|leaf| authority_change.signed(leaf))
    };
    kubeconfig.trust.iter().any(|anchors| authority_change.is_trusted_by(anchors))
        || kubeconfig.credentials().any(issued)
}

/// Whether all entries that trust the rotated CA connect to API servers of this cluster. Other servers are unknown.
pub(super) fn reaches(
    inventory: &Inventory,
    authority_change: &AuthorityChange,
    kubeconfig: &KubeconfigArtifact,
) -> bool {
    let clusters = kubeconfig.model.clusters.iter().zip(&kubeconfig.trust);
    let mut servers = clusters
        .filter(|(_, anchors)| authority_change.is_trusted_by(anchors))
        .map(|(cluster, _)| cluster.tls_server_name.clone().or_else(|| host_of_url(&cluster.server)));
    servers.all(|host| host.is_some_and(|host| is_served(inventory, authority_change, &host)))
}

/// Whether a certificate that the rotated CA issued, on a control-plane node, is valid for this host.
pub(super) fn is_served(inventory: &Inventory, authority_change: &AuthorityChange, host: &str) -> bool {
    let slots = inventory.control_plane().flat_map(Node::files);
    let mut leaves = slots.filter_map(|slot| slot.artifact.certificates().first());
    leaves.any(|leaf| !leaf.is_authority() && authority_change.signed(leaf) && leaf.is_for_host(host))
}

fn of_certificates(
    authority_change: &AuthorityChange,
    node: &Node,
    slot: &Slot,
    certificates: &[Certificate],
) -> Option<Dependent> {
    let first = certificates.first()?;
    if first.is_authority() {
        return authority_change.is_trusted_by(certificates).then_some(Dependent::TrustBundle);
    }
    if !authority_change.signed(first) {
        return None;
    }
    Some(Dependent::Leaf { key: key_of(node, &slot.place, first) })
}

/// The path of a certificate's private key on the node, preferably with the certificate's base name; empty if there is
/// none.
pub(super) fn key_of(node: &Node, certificate: &str, leaf: &Certificate) -> String {
    let is_key = |other: &&Slot| match &other.artifact {
        Artifact::PrivateKey(key) => key.public_key().is_same_key(leaf.public_key()),
        _ => false,
    };
    let stem = certificate.rsplit_once('.').map_or(certificate, |(stem, _)| stem);
    let keys: Vec<&Slot> = node.files().filter(is_key).collect();
    let beside = keys.iter().find(|key| key.place.strip_suffix(".key") == Some(stem)).or_else(|| keys.first());
    beside.map(|key| key.place.clone()).unwrap_or_default()
}
