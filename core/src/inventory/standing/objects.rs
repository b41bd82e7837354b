//! What objects and people's kubeconfigs tell.

use super::compare::{access, kubeconfig};
use crate::{
    inventory::model::{
        inventory::Inventory,
        objects::{ObjectRole, StoredObject},
        standing::{
            Aspect, Fits, HolderStanding,
            Standing::{Before, Done, Switched, TrustsBoth},
        },
    },
    profile::SecretContent,
};

/// The objects' standings.
pub(super) fn objects(inventory: &Inventory) -> impl Iterator<Item = HolderStanding> {
    inventory.objects.iter().map(|stored| {
        let role = if stored.is_of_management() { "management" } else { "cluster" };
        let mut aspects = Vec::new();
        if let Some((_, artifact)) = &stored.kubeconfig {
            aspects.extend(kubeconfig(inventory, artifact, &stored.place(), &stored.file));
        }
        aspects.extend(authority(inventory, stored));
        HolderStanding { name: stored.place(), role, aspects }
    })
}

/// The management cluster's pair signs for machines that join: it is the old one until phase 3 begins.
fn authority(inventory: &Inventory, stored: &StoredObject) -> Option<Aspect> {
    let ObjectRole::Secret(SecretContent::Authority(id)) = stored.role else { return None };
    let rotation = inventory.rotations.get(&id)?;
    let (fits, seen): (Fits, _) = match stored.certificates.as_slice() {
        [only] if *only == rotation.old => (&[Before, TrustsBoth, Switched], "it holds the old CA"),
        [only] if *only == rotation.new => (&[Done], "it holds the new CA"),
        _ => (&[], "it holds something else than one of the two CAs"),
    };
    let (place, file) = (stored.place(), stored.file.clone());
    Some(Aspect { place, file, fits, seen: seen.to_owned(), is_exact: true })
}

/// The standings of kubeconfigs and talosconfigs that lie on no node.
pub(super) fn clients(inventory: &Inventory) -> impl Iterator<Item = HolderStanding> {
    inventory.clients.iter().filter_map(|slot| {
        let aspects = access(inventory, slot.artifact.access()?, &slot.file, &slot.file);
        Some(HolderStanding { name: slot.file.clone(), role: "clients", aspects })
    })
}
