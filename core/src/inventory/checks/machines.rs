//! What has to do with machines that are made of configurations: clients of their own API, the secrets they came from.

use crate::{
    finding::Finding,
    inventory::model::{files::Artifact, inventory::Inventory},
    profile::AuthorityId,
};

/// Talosconfigs that belong to another cluster.
pub(super) fn clients(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let present = inventory.present(AuthorityId::Talos);
    if present.is_empty() {
        return;
    }
    for slot in &inventory.clients {
        let Artifact::Talosconfig(access) = &slot.artifact else { continue };
        let shown = || access.credentials().filter_map(|(_, credential)| credential.certificates.first());
        let is_ours = present.iter().any(|ca| access.trusts(ca) || shown().any(|leaf| leaf.is_signed_by(ca)));
        if !is_ours {
            findings.push(
                Finding::warning("other-cluster", &slot.file, "none of its contexts belongs to this cluster: it neither trusts the cluster's Talos API CA nor presents a certificate that this CA issued")
                    .remedy("Remove it, or provide the cluster's current talosconfig"),
            );
        }
    }
}

/// `talosctl rotate-ca` leaves the secrets as they were: what is made from them later brings the old CA back.
pub(super) fn secrets(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(own) = inventory.own_secrets().filter(|_| !inventory.nodes.is_empty()) else { return };
    for row in inventory.profile.authorities.iter().filter(|row| row.rotates) {
        let place = format!("{}.crt", row.secret);
        let slots = inventory.loose.iter().filter(|slot| slot.file == own.file && slot.place == place);
        let present = inventory.present(row.id);
        for slot in slots.filter(|slot| !slot.artifact.certificates().iter().any(|one| present.contains(&one))) {
            findings.push(
                Finding::warning(
                    "out-of-step",
                    &slot.file,
                    format!(
                        "its {} differs from that of the machines: configurations generated from it do not match the cluster",
                        row.title
                    ),
                )
                .at(&slot.place)
                .remedy("The next package contains a new one; until then, generate no configurations from it"),
            );
        }
    }
}
