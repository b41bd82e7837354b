//! What is to be said about the input as a whole: copies out of step, keys that do not match, dates.
//!
//! Each check is one function from the inventory to findings. Error is what would make an output
//! impossible or wrong; everything else is a warning or a note.

mod authorities;
mod certificates;
mod cluster_api;
mod copies;
mod kubeadm;
mod kubeconfigs;
mod layout;
mod machines;
mod objects;
mod signatures;
mod tenants;
mod verifiers;
mod writers;

pub(crate) use self::{signatures::refused_extension, verifiers::Refusals};

use super::{Artifact, Inventory, KubeconfigArtifact, ObjectRole, Slot};
use crate::{
    finding::Severity,
    profile::{AuthorityId, OtherKind},
    time::UnixTime,
    x509::Certificate,
};

/// Adds the findings of every check.
pub(super) fn check(inventory: &mut Inventory, now: UnixTime) {
    let mut findings = Vec::new();
    authorities::missing(inventory, &mut findings);
    authorities::authorities(inventory, now, &mut findings);
    authorities::foreign(inventory, &mut findings);
    authorities::copies(inventory, &mut findings);
    authorities::pairs(inventory, &mut findings);
    authorities::issuers(inventory, &mut findings);
    kubeconfigs::kubeconfigs(inventory, &mut findings);
    cluster_api::secrets(inventory, &mut findings);
    copies::copies(inventory, &mut findings);
    copies::requests(inventory, &mut findings);
    kubeadm::configuration(inventory, &mut findings);
    certificates::lifetimes(inventory, now, &mut findings);
    certificates::shapes(inventory, &mut findings);
    signatures::judged(inventory, &mut findings);
    certificates::amounts(inventory, &mut findings);
    certificates::same_subjects(inventory, &mut findings);
    certificates::renewed(inventory, &mut findings);
    layout::kubelets(inventory, &mut findings);
    layout::clusters(inventory, &mut findings);
    layout::ends(inventory, &mut findings);
    layout::layout(inventory, &mut findings);
    layout::static_pods(inventory, &mut findings);
    layout::manifest_names(inventory, &mut findings);
    machines::clients(inventory, &mut findings);
    machines::secrets(inventory, &mut findings);
    tenants::tenants(inventory, &mut findings);
    writers::objects(inventory, &mut findings);
    verifiers::verifiers(inventory, now, &mut findings);
    inventory.findings.append(&mut findings);
}

/// How much a problem with an authority's own files matters.
fn severity(inventory: &Inventory, id: AuthorityId) -> Severity {
    match inventory.profile.authority(id) {
        Some(row) if row.rotates => Severity::Error,
        _ => Severity::Warning,
    }
}

fn join(place: &str, more: &str) -> String {
    if place.is_empty() { more.to_owned() } else { format!("{place}, {more}") }
}

/// Every kubeconfig, with its file and the place in it.
fn every_kubeconfig(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &KubeconfigArtifact)> {
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
fn every_certificate(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &Certificate)> {
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
