//! Where an authority's private key lives, and whether anybody signs with it for kubelets.

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

/// Where the private key lives: on the nodes if it was found there, if kube-controller-manager's manifest
/// signs with it, or if only the management cluster's Secrets were given and they hold it; otherwise the
/// CA is externally managed.
///
/// `is_here` says whether the new key is here at all.
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
    // Keys that were left out of the drop are still on the nodes.
    if flags.iter().any(|flag| !flag.is_empty()) && !cluster_key_on_nodes {
        let is_unusable = inventory.control_plane().any(|node| node.unusable.contains(row.key));
        let is_given = inventory.control_plane().any(|node| {
            let is_key =
                |path: &String| node.file(path).is_some_and(|slot| matches!(slot.artifact, Artifact::PrivateKey(_)));
            flags.iter().any(is_key)
        });
        if id == AuthorityId::Cluster && !is_unusable && !is_given {
            findings.push(
                Finding::warning("ca-key-on-nodes", "", "the CA's private key was not given, but kube-controller-manager signs with it on the nodes; the new key goes there in phase 2")
                    .remedy("Nothing is to be done if that is how it shall stay"),
            );
        }
        return KeyHome::Nodes;
    }
    let keys_on_nodes = inventory
        .control_plane()
        .flat_map(|node| node.slots.values())
        .any(|slot| matches!(slot.artifact, Artifact::PrivateKey(_)));
    // A manifest or key that cannot be used has an error of its own.
    let is_unusable = |path: &str| inventory.control_plane().any(|node| node.unusable.contains(path));
    let has_unusable = is_unusable(row.key) || manifest.is_some_and(is_unusable);
    if id == AuthorityId::Cluster && has_nodes && flags.is_empty() && !keys_on_nodes && !has_unusable {
        findings.push(
            Finding::error("signing-unknown", "", "neither private keys nor the manifest of kube-controller-manager were given, so it cannot be told whether the nodes keep the CA's key")
                .remedy(format!("Give {} of the control-plane nodes as well; the keys may stay away", manifest.unwrap_or_default())),
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
                "the {}'s private key is not on the nodes; the new one is put into ca-keys/ and on no node",
                row.title
            ),
        )
        .remedy("Keep ca-keys/ where the old key is kept, then delete it from the package"),
    );
    KeyHome::Elsewhere
}

/// Kubelets renew through the API only if somebody signs there.
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
            Finding::warning("nobody-signs", "", "the CA's key is on no node, so kubelets can renew themselves only if something else signs their requests with the new CA")
                .remedy("Have the package issue kubelet certificates (--kubelet-certs mint), or let that signer use the new CA before step 2-workers"),
        );
    }
}
