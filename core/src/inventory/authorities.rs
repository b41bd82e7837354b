//! Which certificate is which authority today.

use std::collections::BTreeMap;

use super::{
    model::{
        files::Artifact,
        inventory::{Authority, Inventory},
        objects::ObjectRole,
    },
    tree,
};
use crate::{
    profile::{AuthorityId, AuthorityRow, SecretContent},
    x509::Certificate,
};

/// Finds each authority: on control-plane nodes first, then in the management cluster, then wherever
/// it is trusted. Where places disagree the first is believed; the checks report the others.
pub(super) fn find(inventory: &mut Inventory) -> BTreeMap<AuthorityId, Authority> {
    let rows = inventory.profile.authorities;
    rows.iter().filter_map(|row| Some((row.id, authority(inventory, row)?))).collect()
}

fn authority(inventory: &Inventory, row: &AuthorityRow) -> Option<Authority> {
    let candidates = candidates(inventory, row);
    if let Some(rotation) = inventory.rotations.get(&row.id) {
        let holding = candidates.iter().find(|(_, certificates)| certificates.contains(&&rotation.old));
        let file = holding.map(|(file, _)| file.clone()).unwrap_or_default();
        let key = inventory.key_of(rotation.old.public_key()).cloned();
        return Some(Authority { certificate: rotation.old.clone(), key, file });
    }
    let (file, certificates) = candidates.first()?;
    // A trust bundle may hold foreign CAs, in any order.
    let with_key = certificates.iter().find(|certificate| inventory.key_of(certificate.public_key()).is_some());
    let issuing = || certificates.iter().find(|certificate| inventory.signers.issued_leaves(certificate));
    let believed = with_key.or_else(issuing).or_else(|| certificates.first())?;
    // A CA that was renewed with its key is one authority: its newest certificate is the current one.
    let (file, certificate) = candidates
        .iter()
        .flat_map(|(file, certificates)| certificates.iter().map(move |one| (file, one)))
        .filter(|(_, one)| one.is_same_authority(believed) && one.not_before() > believed.not_before())
        .max_by_key(|(_, one)| one.not_before())
        .unwrap_or((file, believed));
    let key = inventory.key_of(certificate.public_key()).cloned();
    Some(Authority { certificate: (*certificate).clone(), key, file: file.clone() })
}

/// Every place that names an authority's certificate, the most trustworthy first.
fn candidates<'a>(inventory: &'a Inventory, row: &AuthorityRow) -> Vec<(String, Vec<&'a Certificate>)> {
    let mut found = Vec::new();
    let mut add = |file: &str, certificates: Vec<&'a Certificate>| {
        let authorities: Vec<_> =
            certificates.into_iter().filter(|certificate| certificate.is_root_authority()).collect();
        if !authorities.is_empty() {
            found.push((file.to_owned(), authorities));
        }
    };
    for node in inventory.control_plane() {
        if let Some(slot) = node.slots.get(row.certificate) {
            add(&slot.file, slot.artifact.certificates().iter().collect());
        }
    }
    for stored in &inventory.objects {
        if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id)) {
            add(&stored.file, stored.certificates.iter().collect());
        }
    }
    for node in inventory.workers() {
        if let Some(slot) = node.slots.get(row.certificate) {
            add(&slot.file, slot.artifact.certificates().iter().collect());
        }
    }
    let own = inventory.own_secrets().map(|secrets| secrets.file.as_str());
    let stored = format!("{}.crt", row.secret);
    for slot in inventory.loose.iter().filter(|slot| Some(slot.file.as_str()) == own && slot.place == stored) {
        add(&slot.file, slot.artifact.certificates().iter().collect());
    }
    let name = tree::split(row.certificate).1;
    for slot in inventory.loose.iter().filter(|slot| row.id != AuthorityId::Etcd && tree::split(&slot.file).1 == name) {
        add(&slot.file, slot.artifact.certificates().iter().collect());
    }
    if row.id == AuthorityId::Cluster {
        let on_nodes = inventory.nodes.iter().flat_map(|node| node.slots.values());
        for slot in on_nodes.chain(&inventory.clients) {
            if let Artifact::Kubeconfig(kubeconfig) = &slot.artifact {
                add(&slot.file, kubeconfig.trust.iter().flatten().collect());
            }
        }
        for stored in &inventory.objects {
            if let Some((_, kubeconfig)) = &stored.kubeconfig {
                add(&stored.file, kubeconfig.trust.iter().flatten().collect());
            }
        }
    }
    found
}
