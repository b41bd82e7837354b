//! Checks whether a phase is complete, holder by holder, from files.

use crate::{
    finding::{Finding, Severity},
    inventory::{Inventory, Node, Role},
    profile::{AuthorityId, Component, RotationMethod},
    report::{CheckReport, MissingReport},
};

/// Checks whether all provided files have completed `phase` (1, 2 or 3); without one, the latest phase that any holder
/// has started.
///
/// Files do not show running processes. The package's checks that query the cluster do (`apply.sh --check`).
#[must_use]
pub fn check(inventory: &Inventory, phase: Option<u8>) -> CheckReport {
    let furthest = inventory.standings.iter().map(|holder| holder.nearest().phases()).max().unwrap_or_default();
    let phase = phase.unwrap_or(furthest).clamp(1, 3);
    let mut findings: Vec<_> =
        inventory.findings().iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    if inventory.rotations.is_empty() {
        findings.push(no_rotation(inventory));
    }
    let mut missing = Vec::new();
    for holder in &inventory.standings {
        for aspect in &holder.aspects {
            let done = aspect.fits.last().is_some_and(|last| last.phases() >= phase);
            if !done {
                missing.push(MissingReport::of(holder, aspect));
            }
        }
    }
    let holds = missing.is_empty() && findings.is_empty();
    findings.extend(unused_signing_files(inventory));
    findings.extend(not_provided(inventory, phase));
    CheckReport { phase, holds, missing, findings }
}

/// Reports that no rotation is visible: with one CA everywhere, it can be the old or the new one.
fn no_rotation(inventory: &Inventory) -> Finding {
    let file = inventory.authorities.get(&AuthorityId::Cluster).map_or("", |authority| authority.file.as_str());
    Finding::error(
        "no-rotation",
        file,
        "there is one CA only, so it cannot be told whether it is the old one or the new one",
    )
    .remedy(match inventory.profile.course {
        RotationMethod::Managed(manager) => format!("Ask {} how far it is; the package's gates do", manager.title),
        _ => "Give the package along that was made for this rotation".to_owned(),
    })
}

/// Reports signing files of phases 1 and 2 that nothing refers to any more.
fn unused_signing_files(inventory: &Inventory) -> Vec<Finding> {
    let profile = inventory.profile;
    let Some(manifest) = profile.manifest(Component::ControllerManager) else { return Vec::new() };
    if profile.keeps_signing_file() {
        return Vec::new();
    }
    let left = inventory.control_plane().filter_map(|node| {
        let slot = node.slots.get(profile.signing.certificate)?;
        let (_, pod) = node.static_pod(manifest)?;
        let named = pod.lookup(crate::profile::SIGNING_FLAG).is_some_and(|value| value == profile.signing.certificate);
        (!named).then(|| {
            Finding::warning(
                "left-over",
                &slot.file,
                format!("{} is still on {}, and nothing refers to it", profile.signing.certificate, node.name),
            )
            .remedy("Delete it: later it would only mislead")
        })
    });
    left.collect()
}

/// Reports what could not be checked because it was not provided.
fn not_provided(inventory: &Inventory, phase: u8) -> Vec<Finding> {
    if inventory.rotations.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut say =
        |message: String, remedy: &str| findings.push(Finding::warning("not-seen", "", message).remedy(remedy));
    let of_machines = inventory.profile.course.reads_machine_configs();
    let [control_plane, workers] = match of_machines {
        true => ["Give the configuration of each of them", "Where there are any, give their configurations"],
        false => [
            "Give /etc/kubernetes of each of them; or ask each, where the package has control-plane/apply.sh: with --check",
            "Where there are any, ask each: apply.sh --check in the phase's workers folder",
        ],
    };
    if inventory.control_plane().next().is_none() {
        say("no control-plane node was given".to_owned(), control_plane);
    }
    if inventory.workers().next().is_none() {
        say("no worker was given".to_owned(), workers);
    }
    if of_machines {
        // A kubelet's certificate is on its machine, which is not accessible. In phase 3, each kubelet requests a new
        // one.
        return findings;
    }
    let path = inventory.profile.kubelet_client();
    let is_seen = |node: &Node| {
        node.role == Role::Hosted || node.slots.contains_key(path) || inventory.embeds_kubelet_credential(node)
    };
    for node in inventory.nodes.iter().filter(|node| phase > 1 && !is_seen(node)) {
        let what = if node.role == Role::Worker { "worker" } else { "node" };
        say(
            format!("the kubelet's certificate of {what} {} was not given", node.name),
            "Give /var/lib/kubelet/pki as well; a kubelet that still presents the old CA's certificate is locked out by phase 3",
        );
    }
    findings
}
