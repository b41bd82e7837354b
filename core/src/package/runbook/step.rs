//! The section of a step.

use std::fmt::Write;

use super::choice;
use crate::{
    inventory::SampleShare,
    plan::{Action, ClusterAction, Holder, RotationPlan, Step},
    profile::RotationMethod,
    render::commands::{self, Commands},
    text::markdown::{cell, code, line},
};

/// What is said of a package that fits no real cluster.
pub(crate) fn sample(share: SampleShare) -> Option<&'static str> {
    match share {
        SampleShare::None => None,
        SampleShare::Part => Some(
            "Samples were among the files that this was made from (their names begin with `sample-`): it fits no cluster.",
        ),
        SampleShare::All => {
            Some("This was made from a sample, whose names begin with `sample-`: nothing in it fits a real cluster.")
        }
    }
}

pub(crate) fn step_section(text: &mut String, plan: &RotationPlan, step: &Step) -> std::fmt::Result {
    writeln!(text, "### {}: {}\n", line(&step.id), line(&step.title))?;
    let place = match step.place() {
        Holder::Node(name) => format!("on {}, as root", line(name)),
        Holder::ControlPlanes => {
            "on every control-plane node, as root, one after the other: the next one begins when the gate holds on the one before".to_owned()
        }
        Holder::Workers => "on every worker, as root, in any order, a few at a time".to_owned(),
        Holder::Cluster => choice::texts_of(plan).place.to_owned(),
        Holder::Management => "wherever kubectl reaches the management cluster".to_owned(),
        Holder::Clients => "with the people who hold kubeconfigs".to_owned(),
    };
    writeln!(text, "Where: {place}.\n")?;
    // What a new machine has is not an instruction for the old one.
    let is_shown = |action: &&Action| !(step.replaces_workers() && matches!(action, Action::TrustInKubeconfig(_)));
    for action in step.actions.iter().filter(is_shown) {
        if let Some(what) = step.in_words(action) {
            writeln!(text, "{}.\n", line(what))?;
        }
        if let Action::Do { command, .. } = action
            && !command.is_empty()
        {
            writeln!(text, "```sh\n{command}\n```\n")?;
        }
    }
    // What a new machine has is not a change of the old one's files.
    let changed = step.actions.iter().filter(|_| !step.replaces_workers());
    let changes: Vec<_> = changed.filter_map(change).collect();
    if !changes.is_empty() {
        writeln!(text, "| what | from | to |\n|---|---|---|\n{}\n", changes.join("\n"))?;
    }
    let Commands { run, gate, undo } = commands::of_step(step);
    if !run.is_empty() {
        writeln!(text, "```sh\n{run}\n```\n")?;
    }
    writeln!(text, "It worked when {}.\n", line(&step.gate.words))?;
    if !gate.is_empty() {
        writeln!(text, "```sh\n{gate}\n```\n")?;
    }
    if !run.is_empty() && !matches!(plan.profile.course, RotationMethod::Managed(_)) {
        writeln!(text, "Stop if it says `FAILED`, or if the gate does not hold: it names what is missing.")?;
        match undo.as_str() {
            "" if commands::is_backup_step(step) => writeln!(
                text,
                "No rollback needed: the step changes nothing. RUNBOOK.md, \"Restore a backup\", says how to use what it saved.\n"
            )?,
            "" if step.actions.iter().any(rolls_out) => {
                writeln!(text, "Machines that were made anew cannot be taken back: they know the new CA alone.\n")?;
            }
            "" if step.actions.iter().any(renews_secrets) => writeln!(
                text,
                "No rollback needed: clients and servers accept both the previous and the new certificates. If a Secret stays missing, restore it from the file of step 2-backup with `kubectl create -f FILE`. kubectl creates the Secrets that are missing, and reports `AlreadyExists` for the others, which it leaves unchanged.\n"
            )?,
            "" => writeln!(text, "There is nothing to take back.\n")?,
            undo => writeln!(text, "To go back: `{undo}`\n")?,
        }
    }
    Ok(())
}

pub(crate) fn rolls_out(action: &Action) -> bool {
    matches!(action, Action::Cluster(ClusterAction::RollOut { .. } | ClusterAction::ReplaceWorkers))
}

pub(crate) fn renews_secrets(action: &Action) -> bool {
    matches!(action, Action::Cluster(ClusterAction::RenewSecrets(_)))
}

pub(crate) fn change(action: &Action) -> Option<String> {
    match action {
        Action::Write(edit) => {
            Some(format!("| {} | {} | {} |", code(&edit.target), cell(&edit.before), cell(&edit.after)))
        }
        Action::Remove { target, before } => Some(format!("| {} | {} | removed |", code(target), cell(before))),
        Action::Restart(component) => Some(format!("| {component} | | restarted |")),
        Action::RestartProcess(process) => Some(format!("| {} | | restarted |", cell(process.name()))),
        _ => None,
    }
}
