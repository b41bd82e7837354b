//! The steps for clusters whose manager rotates CAs itself: its commands in order, each with its check. Airlock
//! generates no keys or certificates.

use super::model::{
    actions::Action,
    phase::Phase,
    request::RotationRequest,
    steps::{Carrier, Holder, Step},
};
use crate::{
    finding::Finding,
    inventory::Inventory,
    profile::managed::{Manager, Performer},
    text::shell::quote,
};

/// Every step of the rotation of one CA, in order. A manager rotates one CA at a time.
pub(super) fn sequence(
    manager: &Manager,
    inventory: &Inventory,
    request: &RotationRequest,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    let rows = inventory.profile.authorities.iter().filter(|row| row.rotates && request.rotates(row));
    let mut chosen = rows.filter_map(|row| Some((row, manager.apis.iter().find(|(id, ..)| *id == row.id)?)));
    let Some((row, (id, api, component))) = chosen.next() else { return Vec::new() };
    if let Some((next, _)) = chosen.next() {
        let message = format!("{} rotates one CA at a time: this is the {}", manager.title, row.title);
        let remedy =
            format!("When it is complete, build another package for the {} (--rotate {})", next.title, next.id);
        findings.push(Finding::warning("one-at-a-time", "", message).remedy(remedy));
    }
    note_what_is_not_known(manager, inventory, request, findings);
    let cluster = quote(&inventory.cluster);
    let new = request.authorities.get(id).cloned().unwrap_or_default();
    let options: Vec<_> = request.subclouds.arguments(&new).iter().map(|argument| quote(argument)).collect();
    let options = options.join(" ");
    let named = |text: &str| {
        let text = text.replace("{cluster}", &cluster).replace("{api}", api).replace("{component}", component);
        if options.is_empty() { text.replace(" {options}", "") } else { text.replace("{options}", &options) }
    };
    let steps = manager.steps.iter().filter(|step| step.authority.is_none_or(|of| of == *id));
    let steps = steps.map(|step| {
        let phase = Phase::ALL.into_iter().find(|phase| phase.number() == step.phase).unwrap_or(Phase::DropOld);
        let holder = match step.performer {
            Performer::Operator => Holder::Cluster,
            Performer::People => Holder::Clients,
        };
        let carrier = Carrier::Tool { at: holder.clone(), run: named(step.run), gate: named(step.gate) };
        let actions = vec![Action::person(&named(step.text))];
        Step::new(carrier, phase, step.id, holder, step.title, actions, named(step.words).as_str())
    });
    steps.collect()
}

fn note_what_is_not_known(
    manager: &Manager,
    inventory: &Inventory,
    request: &RotationRequest,
    findings: &mut Vec<Finding>,
) {
    let title = manager.title;
    let origin = match &request.subclouds.cert_file {
        Some(file) => format!("{title} takes the new CA from {file} (--cert-file), which Airlock does not read,"),
        None => format!("{title} generates the new CA itself"),
    };
    findings.push(
        Finding::warning(
            "not-predicted",
            "",
            format!("{origin} and performs the phases itself, so Airlock cannot predict the connections"),
        )
        .remedy("Choose a maintenance window in which Pods may restart"),
    );
    if manager.machine_configs && inventory.nodes.iter().all(|node| node.machine.is_none()) {
        let cluster = &inventory.cluster;
        findings.push(
            Finding::warning("cluster-name", "", format!("no machine configuration was provided, so the cluster's name in {title} is not known; the commands use {cluster}"))
                .remedy(format!("Provide one, or put the cluster's name in {title} into the commands")),
        );
    }
}
