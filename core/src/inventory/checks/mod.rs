//! What is to be said about the input as a whole: copies out of step, keys that do not match, dates.
//!
//! Each check is one function from the inventory to findings. Error is what would make an output
//! impossible or wrong; everything else is a warning or a note.

mod authorities;
mod certificates;
mod cluster_api;
mod copies;
mod iteration;
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

use super::model::inventory::Inventory;
use crate::time::UnixTime;

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
