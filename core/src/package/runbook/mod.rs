//! `RUNBOOK.md` and `README.txt`: the plan's steps for the people who carry them out.

mod choice;
mod hosted;
mod logs;
mod platform_texts;
mod renewal;
mod step;
mod texts;
mod window;

use std::fmt::Write;

use self::{
    platform_texts::Texts,
    step::{sample, step_section},
    texts::CLUSTER_API_DIFFERENCES,
};
use crate::{
    mint::Minted,
    plan::{Holder, Intent, KeyHome, Phase, RotationPlan},
    profile::RotationMethod,
    render::commands,
    simulate::TrustMatrix,
    text::{
        markdown::{cell, line},
        terminal::Line,
    },
};

/// What this package is, in a few lines of plain text.
pub(super) fn readme(plan: &RotationPlan) -> String {
    let RotationPlan { cluster, name, now, .. } = plan;
    let cluster = Line(cluster);
    let (secrecy, way_back) = match plan.authority_changes.is_empty() {
        true => ("It holds no private keys.", ""),
        false => (
            "It holds private keys: keep it as you keep the CAs' own keys, and delete it when the rotation is over.",
            "Go back to:   0-backup, the files as they were given; whole nodes and etcd: RUNBOOK.md, \"Restore a backup\"\n",
        ),
    };
    let sample = sample(plan.sample).map(|said| format!("{said}\n\n")).unwrap_or_default();
    let what = match plan.intent {
        Intent::Rotate => "A rotation of the certificate authorities",
        Intent::RenewLeaves => "A renewal of the leaf certificates",
    };
    format!(
        "{name}\n\n{sample}{what} of the cluster {cluster}, prepared by Airlock on {now}.\n\n\
         {secrecy}\n\n\
         Check it:     sha256sum -c SHA256SUMS\n\
         Follow:       RUNBOOK.md\n\
         {way_back}Machines read manifest.json.\n"
    )
}

/// The whole rotation, step by step, with this cluster's names.
pub(super) fn runbook(plan: &RotationPlan, minted: &Minted, matrix: &TrustMatrix) -> String {
    if plan.intent == Intent::RenewLeaves {
        return renewal::runbook(plan);
    }
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = introduction(&mut text, plan, minted);
    let _ = window::sections(&mut text, plan);
    let _ = outages(&mut text, matrix);
    let _ = verifiers(&mut text, matrix);
    let _ = acknowledged(&mut text, plan);
    for phase in Phase::ALL.into_iter().filter(|phase| has_phase(plan, *phase)) {
        let _ = phase_heading(&mut text, plan, phase);
        for step in plan.steps.iter().filter(|step| step.phase == phase) {
            let _ = step_section(&mut text, plan, step);
        }
    }
    let texts = choice::texts_of(plan);
    let _ = consumers(&mut text, plan, texts);
    let _ = window::scaling(&mut text, plan);
    let _ = hosted::renewal(&mut text, plan);
    let _ = departures(&mut text, plan, texts);
    text
}

fn introduction(text: &mut String, plan: &RotationPlan, minted: &Minted) -> std::fmt::Result {
    writeln!(text, "# Rotation of the CAs of {}\n", line(&plan.cluster))?;
    if let Some(said) = sample(plan.sample) {
        writeln!(text, "**{said}**\n")?;
    }
    writeln!(text, "Prepared by Airlock on {}. {}\n", plan.now, choice::texts_of(plan).phases)?;
    if plan.has_begun() {
        writeln!(
            text,
            "This rotation was under way when the package was made: it goes on with the same new CA, and holds what was left to do. Use it instead of the package that the rotation began with; a step that looks done is asked once more whether it is.\n"
        )?;
    }
    if !plan.whole {
        writeln!(
            text,
            "The private key of the new CA is not here: this package ends where it is needed. It is not the whole rotation.\n"
        )?;
    }
    if !plan.requests.is_empty() {
        writeln!(
            text,
            "`signing-requests/` holds {} requests, each beside its private key. Have them signed by the new CA where that is kept, with the names and usages that they ask for (with OpenSSL: `openssl x509 -req -in REQUEST -CA CA -CAkey KEY -copy_extensions copyall -days 365`), while phase 1 goes on; then give the nodes' files, this package and the certificates to Airlock again.\n",
            plan.requests.len()
        )?;
    }
    let Texts { before, joining, .. } = choice::texts_of(plan);
    if !plan.authority_changes.is_empty() {
        authorities(text, plan, minted)?;
    }
    // Pins are of no use where the CA that they are of does not change.
    let is_told =
        plan.steps.iter().any(|step| step.id.ends_with("-cluster-info")) || !joining.contains("-cluster-info");
    if is_told && !joining.is_empty() {
        writeln!(text, "{joining}\n")?;
    }
    if plan.authority_changes.values().any(|authority_change| authority_change.key_home == KeyHome::Elsewhere) {
        writeln!(
            text,
            "`ca-keys/` holds the private keys that live on no node. Take them to where the old keys are kept, then delete the folder from every copy of this package.\n"
        )?;
    }
    if let Some(hosted) = plan.profile.hosted() {
        hosted::introduction(text, plan, hosted)?;
    }
    for paragraph in *before {
        writeln!(text, "{paragraph}\n")?;
    }
    logs::section(text, plan)?;
    if changes_unseen_nodes(plan) {
        writeln!(
            text,
            "No control-plane node's files were given. The scripts in `control-plane/` are for each of those nodes, the same one for all: they stop before they change anything where a node's `ca.crt` is not what the phase before left there. In phase 2 a node makes its own certificates with its own `kubeadm certs renew`, as long as kubeadm's configuration says, and needs kubeadm, kubectl and unshare for that.\n"
        )?;
    }
    if plan.authority_changes.is_empty() {
        return Ok(());
    }
    let stolen = hosted::stolen_key(plan).unwrap_or("If the old CA's key was stolen, it stays trusted until phase 3: go through the phases without pause, or accept an outage and go to phase 3 at once.");
    writeln!(text, "{stolen}\n")
}

fn outages(text: &mut String, matrix: &TrustMatrix) -> std::fmt::Result {
    let outages = matrix.outages();
    if outages.is_empty() {
        return Ok(());
    }
    writeln!(text, "Outages that come with this rotation and were accepted; `manifest.json` names each connection:\n")?;
    for outage in outages {
        writeln!(text, "- {}", line(outage))?;
    }
    writeln!(text)
}

/// What each verifier makes of the connections, before, during and after the rotation.
fn verifiers(text: &mut String, matrix: &TrustMatrix) -> std::fmt::Result {
    if matrix.edges.is_empty() {
        return Ok(());
    }
    writeln!(text, "Predicted for every step, by the rules of each verifier; `manifest.json` has each connection:\n")?;
    writeln!(text, "| verifier | programs | result |\n|---|---|---|")?;
    for summary in matrix.verifiers() {
        writeln!(text, "| {} | {} | {} |", summary.rules.title(), summary.rules.programs(), summary.result())?;
    }
    writeln!(text)
}

/// What the person takes care of, and when.
fn acknowledged(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    if plan.acknowledged.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "## Not handled by this package\n\nThese depend on the old CA, no step changes them, and each was acknowledged when the package was made.\n\n| dependency | what to do |\n|---|---|"
    )?;
    for item in &plan.acknowledged {
        writeln!(text, "| {} | {} |", cell(&item.text), cell(&item.remedy))?;
    }
    writeln!(text)
}

fn authorities(text: &mut String, plan: &RotationPlan, minted: &Minted) -> std::fmt::Result {
    let pin_title = choice::texts_of(plan).pin;
    writeln!(text, "| CA | | subject | valid until | {pin_title} |\n|---|---|---|---|---|")?;
    for authority_change in plan.authority_changes.values() {
        let new = minted.authorities[&authority_change.id].certificate();
        for (side, certificate) in [("old", &authority_change.old), ("new", new)] {
            let pin = certificate.public_key().pin();
            writeln!(
                text,
                "| {} | {side} | {} | {} | `{pin}` |",
                authority_change.title,
                cell(certificate.subject()),
                certificate.not_after()
            )?;
        }
    }
    writeln!(text)
}

fn phase_heading(text: &mut String, plan: &RotationPlan, phase: Phase) -> std::fmt::Result {
    let what = hosted::phase(plan, phase).unwrap_or(match phase {
        Phase::TrustBoth => {
            "Everyone learns to accept both CAs. The old one still signs. Nothing that is presented changes."
        }
        Phase::Switch => "The new CA signs, new certificates are presented, both CAs are accepted.",
        Phase::DropOld => "Only the new CA is accepted. Whoever still presents an old certificate is locked out.",
    });
    let own = choice::texts_of(plan).headings[usize::from(phase.number()) - 1];
    if !own.is_empty() {
        return writeln!(text, "## Phase {}\n\n{own}\n", phase.number());
    }
    writeln!(text, "## Phase {}: {}\n\n{what}\n", phase.number(), phase.title_on(plan.profile))
}

fn consumers(text: &mut String, plan: &RotationPlan, texts: &Texts) -> std::fmt::Result {
    let later = [Phase::Switch, Phase::DropOld].into_iter().filter(|phase| has_phase(plan, *phase));
    let when: Vec<_> = later.map(|phase| format!("before phase {}", phase.number())).collect();
    let when = if when.is_empty() { "before you start".to_owned() } else { when.join(" and again ") };
    writeln!(
        text,
        "## What else touches the rotation\n\nAsk about each {when}.\n\n| what | how to see it | what must come of it |\n|---|---|---|"
    )?;
    for (what, command, outcome) in texts.consumers {
        writeln!(text, "| {what} | `{}` | {outcome} |", command.replace('|', "\\|"))?;
    }
    for (title, lines) in texts.more {
        writeln!(text, "\n## {title}\n")?;
        for line in *lines {
            writeln!(text, "- {line}")?;
        }
    }
    Ok(())
}

/// Where the steps are others than those that people find described.
fn departures(text: &mut String, plan: &RotationPlan, texts: &Texts) -> std::fmt::Result {
    writeln!(text, "\n## Where this runbook leaves {}, and why\n", texts.other)?;
    for line in texts.differences {
        writeln!(text, "- {line}")?;
    }
    if plan.profile.course == RotationMethod::NodeFiles && has_holder(plan, &Holder::Management) {
        writeln!(text, "\n## Where it leaves the note on Cluster API that goes around, and why\n")?;
        for line in CLUSTER_API_DIFFERENCES {
            writeln!(text, "- {line}")?;
        }
    }
    Ok(())
}

/// Does a step change control-plane nodes that were not provided?
fn changes_unseen_nodes(plan: &RotationPlan) -> bool {
    plan.steps.iter().any(|step| step.holder == Holder::ControlPlanes && !commands::verifies_logs(step))
}

fn has_holder(plan: &RotationPlan, holder: &Holder) -> bool {
    plan.steps.iter().any(|step| step.holder == *holder)
}

fn has_phase(plan: &RotationPlan, phase: Phase) -> bool {
    plan.steps.iter().any(|step| step.phase == phase)
}
