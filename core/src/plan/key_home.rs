//! Where a CA's private key is stored, and whether kubelets can get certificates through the API.

use std::collections::BTreeMap;

use super::model::{
    authorities::{AuthorityChange, KeyHome},
    request::{KubeletCertificates, RotationRequest},
};
use crate::{
    finding::Finding,
    inventory::{Artifact, Inventory, ObjectRole},
    profile::{AuthorityId, Component, SIGNING_KEY_FLAG, SecretContent},
};

/// Where the private key is stored: on the nodes if it was found there, if kube-controller-manager's manifest names it,
/// or if only the management cluster's Secrets were provided and they contain it. Otherwise the CA is external.
///
/// `is_here` says whether the new CA's private key is available.
pub(super) fn key_home(inventory: &Inventory, id: AuthorityId, is_here: bool, findings: &mut Vec<Finding>) -> KeyHome {
    let Some(row) = inventory.profile.authority(id) else { return KeyHome::Elsewhere };
    if inventory.profile.course.reads_machine_configs() {
        return KeyHome::Machines;
    }
    let has_nodes = inventory.control_plane().next().is_some();
    let on_nodes = inventory.control_plane().any(|node| node.slots.contains_key(row.key));
    let in_secret = inventory
        .objects
        .iter()
        .any(|stored| stored.role == ObjectRole::Secret(SecretContent::Authority(id)) && stored.key.is_some());
    if on_nodes || (!has_nodes && in_secret) {
        return KeyHome::Nodes;
    }
    let manifest = inventory.profile.manifest(Component::ControllerManager);
    let flags: Vec<_> = manifest
        .into_iter()
        .flat_map(|path| inventory.control_plane().filter_map(move |node| node.static_pod(path)))
        .map(|(_, pod)| pod.lookup(SIGNING_KEY_FLAG).unwrap_or_default())
        .collect();
    let cluster_key = inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.key);
    let cluster_key_on_nodes = inventory.control_plane().any(|node| node.slots.contains_key(cluster_key));
    // The user may have omitted private keys from the provided files; they are on the nodes.
    if flags.iter().any(|flag| !flag.is_empty()) && !cluster_key_on_nodes {
        let is_unusable = inventory.control_plane().any(|node| node.unusable.contains(row.key));
        let is_given = inventory.control_plane().any(|node| {
            let is_key =
                |path: &String| node.file(path).is_some_and(|slot| matches!(slot.artifact, Artifact::PrivateKey(_)));
            flags.iter().any(is_key)
        });
        if id == AuthorityId::Cluster && !is_unusable && !is_given {
            findings.push(
                Finding::warning("ca-key-on-nodes", "", "the CA's private key was not provided, but kube-controller-manager signs with it on the nodes; the new key goes there in phase 2")
                    .remedy("No action is needed if the key is to stay on the nodes"),
            );
        }
        return KeyHome::Nodes;
    }
    let keys_on_nodes = inventory
        .control_plane()
        .flat_map(|node| node.slots.values())
        .any(|slot| matches!(slot.artifact, Artifact::PrivateKey(_)));
    // A separate error reports a manifest or key that cannot be read.
    let is_unusable = |path: &str| inventory.control_plane().any(|node| node.unusable.contains(path));
    let has_unusable = is_unusable(row.key) || manifest.is_some_and(is_unusable);
    if id == AuthorityId::Cluster && has_nodes && flags.is_empty() && !keys_on_nodes && !has_unusable {
        findings.push(
            Finding::error("signing-unknown", "", "neither private keys nor the manifest of kube-controller-manager were provided, so Airlock cannot detect whether the nodes store the CA's key")
                .remedy(format!("Provide {} of the control-plane nodes as well; private keys are optional", manifest.unwrap_or_default())),
        );
    }
    if !is_here {
        return KeyHome::Elsewhere;
    }
    findings.push(
        Finding::warning(
            "ca-key-elsewhere",
            "",
            format!(
                "the {}'s private key is not on the nodes; the new one is in ca-keys/ and is not copied to any node",
                row.title
            ),
        )
        .remedy("Store ca-keys/ where the old key is stored, then delete it from the package"),
    );
    KeyHome::Elsewhere
}

/// Warns if kubelets are to renew through the API and kube-controller-manager does not have the CA's key.
pub(super) fn check_kubelets(
    request: &RotationRequest,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    let elsewhere = authority_changes
        .get(&AuthorityId::Cluster)
        .is_some_and(|authority_change| authority_change.key_home == KeyHome::Elsewhere);
    if elsewhere && request.kubelet_certificates == KubeletCertificates::Renew {
        findings.push(
            Finding::warning("nobody-signs", "", "the CA's key is on no node, so kubelets can renew their certificates only if something else signs their CSRs with the new CA")
                .remedy("Include kubelet certificates in the package (--kubelet-certs mint), or configure that signer with the new CA before step 2-workers"),
        );
    }
}
