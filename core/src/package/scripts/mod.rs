//! `apply.sh`: one for each control-plane node and phase, one for all workers, one for each cluster.
//!
//! A script is a table, written here from the plan's steps, and a library that is the same everywhere.

mod cluster;
mod machines;
mod node;

use std::collections::BTreeMap;

use super::{OutputFile, OutputFiles, commands, render::Renderer};
use crate::plan::{Holder, Phase, RotationPlan, Step};

/// What every script has of its own: how it speaks and how it waits.
const COMMON: &str = include_str!("common.sh");

/// Every script of the package, and what undoing objects needs.
pub(super) fn scripts(plan: &RotationPlan, renderer: &Renderer<'_>, output: &OutputFiles) -> Vec<OutputFile> {
    let mut groups: BTreeMap<(Phase, Holder), Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        groups.entry((step.phase, step.holder.clone())).or_default().push(step);
    }
    let mut known = node::KnownFiles::default();
    let mut files = Vec::new();
    // What the platform's own tool carries out needs no script of ours.
    let scripted = |steps: &[&Step]| steps.iter().all(|step| !commands::has_its_own(step));
    for ((phase, holder), steps) in groups.into_iter().filter(|(_, steps)| scripted(steps)) {
        let text = match holder {
            Holder::Clients => continue,
            Holder::Cluster | Holder::Management => {
                files.extend(cluster::undo_files(plan, &steps));
                cluster::script(plan, phase, &holder, &steps, (renderer, output))
            }
            Holder::Node(_) | Holder::Workers => {
                node::script(&node::Job { plan, renderer, output, phase, holder: &holder, steps: &steps }, &mut known)
            }
        };
        files.push(OutputFile {
            path: format!("{}/{}/apply.sh", phase.folder(), holder.folder()),
            mode: 0o755,
            bytes: text.into_bytes().into(),
            secret: false,
            phase: phase.number(),
            holder: holder.to_string(),
            purpose: format!("carries phase {} out: {}", phase.number(), holder),
            replaces: None,
            appliable: false,
        });
    }
    files
}

/// The table's head: what every script knows of itself.
fn head(plan: &RotationPlan, phase: Phase, holder: &Holder) -> String {
    format!(
        "#!/bin/sh\n# Airlock, {}: phase {} ({}), {holder}.\n# Written from the plan; RUNBOOK.md says when to run it.\n\npackage={}\nphase={}\nholder={}\n",
        plan.name,
        phase.number(),
        phase.title(),
        commands::quote(&plan.name),
        phase.number(),
        commands::quote(&holder.to_string()),
    )
}

/// A shell function; an empty one does nothing.
fn function(name: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return format!("\n{name}() {{\n  :\n}}\n");
    }
    format!("\n{name}() {{\n  {}\n}}\n", lines.join("\n  "))
}
