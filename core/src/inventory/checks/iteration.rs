//! All certificates and kubeconfigs of an inventory.

use std::collections::BTreeSet;

use crate::{
    finding::Severity,
    inventory::model::{
        copies::CaCopy,
        files::{Artifact, KubeconfigArtifact, Slot},
        inventory::Inventory,
        objects::ObjectRole,
    },
    profile::{AuthorityId, OtherKind},
    x509::Certificate,
};

/// How much a problem with an authority's own files matters.
pub(crate) fn severity(inventory: &Inventory, id: AuthorityId) -> Severity {
    match inventory.profile.authority(id) {
        Some(row) if row.rotates => Severity::Error,
        _ => Severity::Warning,
    }
}

pub(crate) fn join(place: &str, more: &str) -> String {
    if place.is_empty() { more.to_owned() } else { format!("{place}, {more}") }
}

/// Every kubeconfig, with its file and the place in it.
pub(crate) fn every_kubeconfig(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &KubeconfigArtifact)> {
    let in_files = inventory.slots().filter_map(|(_, slot)| match &slot.artifact {
        Artifact::Kubeconfig(kubeconfig) => Some((slot.file.as_str(), String::new(), &**kubeconfig)),
        _ => None,
    });
    let in_objects = inventory.objects.iter().filter_map(|stored| {
        let (_, kubeconfig) = stored.kubeconfig.as_ref()?;
        Some((stored.file.as_str(), stored.place(), kubeconfig))
    });
    in_files.chain(in_objects)
}

/// Every certificate once for each file it stands in; the kubelet's own serving certificate aside.
pub(crate) fn every_certificate(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &Certificate)> {
    let own_serving = |slot: &Slot| {
        let rows = inventory.profile.others.iter();
        rows.into_iter().any(|row| row.kind == OtherKind::KubeletServing && row.path == slot.place)
    };
    let in_files = inventory.slots().filter(move |(_, slot)| !own_serving(slot)).flat_map(|(_, slot)| {
        slot.artifact.all_certificates().into_iter().map(|certificate| (slot.file.as_str(), String::new(), certificate))
    });
    // What was once signed on request is history, and there may be thousands.
    let standing = inventory.objects.iter().filter(|stored| stored.role != ObjectRole::SigningRequest);
    let in_objects = standing.flat_map(|stored| {
        stored.all_certificates().into_iter().map(|certificate| (stored.file.as_str(), stored.place(), certificate))
    });
    in_files.chain(in_objects)
}

/// Names of so many objects are said; the rest is counted.
pub(crate) const NAMED: usize = 5;

/// The objects, by namespace and name.
pub(crate) fn names(copies: &[&CaCopy]) -> String {
    let all: BTreeSet<String> =
        copies
            .iter()
            .map(|copy| {
                if copy.namespace.is_empty() { copy.name.clone() } else { format!("{}/{}", copy.namespace, copy.name) }
            })
            .collect();
    let mut named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    let rest = format!("{} more", all.len().saturating_sub(NAMED));
    if all.len() > NAMED {
        named.push(&rest);
    }
    named.join(", ")
}
