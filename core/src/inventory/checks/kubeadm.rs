//! What kubeadm was told, where that touches a rotation.

use super::layout;
use crate::{
    finding::Finding,
    formats::kubeadm::VERSIONS,
    inventory::{
        model::{files::Node, inventory::Inventory, objects::ObjectRole},
        signing_copy::{CLIENT_FLAG, PUBLISHED_FLAG},
        tree,
    },
    profile::{AuthorityId, SIGNING_FLAG},
};

/// The cluster's configuration must fit the layout; where kubeadm would later write other flags, that is said.
pub(super) fn configuration(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let profile = inventory.profile;
    let directory = profile.authority(AuthorityId::Cluster).map_or("", |row| tree::split(row.certificate).0);
    for stored in inventory.objects.iter().filter(|stored| stored.role == ObjectRole::KubeadmConfig) {
        let Some(configuration) = &stored.kubeadm else { continue };
        let version = configuration.api_version.as_str();
        // Cluster API's has none.
        if !version.is_empty() && !VERSIONS.contains(&version) {
            findings.push(
                Finding::warning(
                    "kubeadm-version",
                    &stored.file,
                    format!("{version} is not supported; it is read as {}", VERSIONS[1]),
                )
                .at(stored.place())
                .remedy("Check the cluster's name and directories, or convert it first (kubeadm config migrate)"),
            );
        }
        let given = configuration.certificates_dir.trim_end_matches('/');
        if !given.is_empty() && given != directory {
            findings.push(
                Finding::error("other-layout", &stored.file, format!("certificatesDir is {given}, not {directory}"))
                    .at(stored.place())
                    .remedy("Provide the manifests of the control-plane nodes: their flags name the PKI paths"),
            );
        }
        for (component, flag, value) in configuration.extra_args.iter().filter(|(_, _, value)| !value.is_empty()) {
            let of_component = profile.static_pods.iter().filter(|row| row.component.as_str() == *component);
            let mut known = of_component.flat_map(|row| layout::flags(profile, row.component));
            let foreign = profile.foreign_flags.contains(&flag.as_str());
            // What the plan leaves as it is may be written again.
            let stays = |node: &Node| match flag.as_str() {
                CLIENT_FLAG => inventory.is_client_bundle(node, value),
                PUBLISHED_FLAG => inventory.is_published_bundle(node, value),
                SIGNING_FLAG => inventory.separate_signing(node).as_ref() == Some(value),
                _ => false,
            };
            if inventory.control_plane().any(stays) {
                continue;
            }
            if foreign || known.any(|(name, paths)| name == flag && !paths.contains(&value.as_str())) {
                findings.push(
                    Finding::warning("kubeadm-flags", &stored.file, format!("extraArgs set --{flag} of {component} to {value}: `kubeadm upgrade` and `kubeadm join` write this value into the manifest again"))
                        .at(stored.place())
                        .remedy("Remove it from extraArgs first; otherwise do not upgrade the cluster or create machines until the rotation is complete"),
                );
            }
        }
        if configuration.external_etcd {
            findings.push(
                Finding::note("external-etcd", &stored.file, "etcd is external: its certificates are not rotated")
                    .at(stored.place()),
            );
        }
    }
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    let own = authority.certificate.public_key().pin();
    let present: Vec<_> =
        inventory.present(AuthorityId::Cluster).iter().map(|certificate| certificate.public_key().pin()).collect();
    for pinned in &inventory.pins {
        for pin in &pinned.pins {
            let finding = match pinned.resource {
                _ if !present.contains(pin) => Finding::warning("join-pin", &pinned.file, format!("the public key pin {pin} does not match the CA in {}: no node can join with it", authority.file))
                    .remedy("Use the pin in the runbook, or the one that `kubeadm token create --print-join-command` prints"),
                _ if *pin != own => continue,
                Some(_) => Finding::note("join-pin", &pinned.file, "machines that are created from it verify the cluster with the old CA's public key pin")
                    .remedy("Step 3-authorities replaces it with the new CA's pin"),
                None => Finding::note("join-pin", &pinned.file, "nodes that join with this file verify the cluster with the old CA's public key pin")
                    .remedy("Add the new CA's pin after step 1-cluster-info, and remove the old one in phase 3; the runbook lists both"),
            };
            findings.push(finding.at(&pinned.place));
        }
    }
}
