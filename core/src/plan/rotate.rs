//! Builds the plan of a rotation or a renewal.

use super::{
    editable, hosted_control_plane, initial_state, key_home, keyless,
    kubelet_authority::KubeletAuthority,
    machine_configs, manager_steps,
    model::{
        consumers::Consumers,
        foreign::ForeignBundles,
        request::{Intent, RotationRequest},
        rotation_plan::{Refusal, RotationPlan, refuse_errors},
    },
    new_authorities, nodes, nodes_without_input,
    progress::Progress,
    renew,
    replacements::Replacements,
    sequence, unhandled,
};
use crate::{inventory::Inventory, profile::RotationMethod, time::UnixTime};

/// Builds the plan for `request`.
///
/// `now` dates the new certificates and the package.
///
/// # Errors
/// A [`Refusal`] if the input or the request has a finding of severity error.
pub fn plan(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> Result<RotationPlan, Refusal> {
    if request.intent == Intent::RenewLeaves {
        return renew::plan(inventory, request, now);
    }
    let mut findings = inventory.findings().to_vec();
    if inventory.is_other_input() {
        refuse_errors(&mut findings)?;
    }
    let mut key_requests = Vec::new();
    let at_once = hosted_control_plane::is_at_once(inventory, request, &mut findings);
    let minting = hosted_control_plane::with_minted_kubelets(request);
    let request = if at_once { &minting } else { request };
    let authority_changes =
        new_authorities::authority_changes(inventory, request, now, &mut key_requests, &mut findings);
    key_home::check_kubelets(request, &authority_changes, &mut findings);
    sequence::check_workers(inventory, request, at_once, &mut findings);
    nodes_without_input::check(inventory, &authority_changes, &mut findings);
    let consumers = Consumers::of(inventory, &authority_changes, &mut findings);
    let kubelet_authority = KubeletAuthority::of(inventory, &authority_changes, &mut findings);
    refuse_errors(&mut findings)?;
    let mut replacements = Replacements::new(inventory, request, &authority_changes, key_requests);
    let progress = Progress::of(inventory, request.start_over);
    let mut steps = match inventory.profile.course {
        RotationMethod::Managed(manager) => manager_steps::sequence(manager, inventory, request, &mut findings),
        RotationMethod::MachineConfigs => {
            machine_configs::sequence(inventory, &authority_changes, progress, &mut replacements, &mut findings)
        }
        RotationMethod::Hosted(_) | RotationMethod::HostPhases | RotationMethod::NodeFiles => sequence::sequence(
            inventory,
            request,
            &authority_changes,
            progress,
            &mut replacements,
            &consumers,
            &kubelet_authority,
            at_once,
            now,
            &mut findings,
        ),
    };
    nodes::note_locked_out(inventory, progress, &mut findings);
    // Before `cut`: steps that a later package contains count as handled.
    findings.extend(unhandled::on_nodes(inventory, &authority_changes, &steps, &consumers));
    let (replacements, key_requests) = replacements.into_parts();
    let left = keyless::cut(&mut steps, &authority_changes, &replacements, request.external_ca, &mut findings);
    let whole = matches!(left, keyless::Left::Everything);
    let (replacements, requests, key_requests) = match left {
        keyless::Left::Everything => (replacements, Vec::new(), key_requests),
        keyless::Left::Until(requests) if requests.is_empty() => Default::default(),
        keyless::Left::Until(requests) => (Vec::new(), requests, key_requests),
    };
    editable::check(inventory.profile, &steps, &mut findings);
    let acknowledged = unhandled::acknowledge(&mut findings, request, &authority_changes);
    refuse_errors(&mut findings)?;
    let workers = nodes::kept_by_workers(inventory, &authority_changes);
    let initial_state = match inventory.profile.course {
        RotationMethod::Managed(_) => Vec::new(),
        RotationMethod::MachineConfigs => machine_configs::initial_state(inventory, &authority_changes, progress),
        RotationMethod::Hosted(_) | RotationMethod::HostPhases | RotationMethod::NodeFiles => {
            initial_state::initial_state(inventory, &authority_changes, progress, &kubelet_authority)
        }
    };
    let contexts = machine_configs::contexts(inventory, &authority_changes);
    findings.retain(|finding| !inventory.findings().contains(finding));
    Ok(RotationPlan {
        foreign: ForeignBundles::of(inventory, &authority_changes),
        machines: if authority_changes.is_empty() { Vec::new() } else { machine_configs::configurations(inventory) },
        authority_changes,
        replacements,
        requests,
        key_requests,
        steps,
        whole,
        accept_outage: request.accept_outage,
        at_once,
        initial_state,
        edges: inventory.profile.edges.iter().copied().chain(consumers.rows()).collect(),
        consumers: consumers.all,
        contexts,
        api_port: machine_configs::api_port(inventory),
        workers,
        findings,
        acknowledged,
        ..RotationPlan::empty(inventory, request, now)
    })
}
