//! `apply.sh`: one for each control-plane node and phase, one for all workers, one for each cluster.
//!
//! A script is a table, written here from the plan's steps, and a library that is the same everywhere.

mod cluster;
mod hosted;
mod machines;
mod node;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{OutputFile, OutputFiles, commands, render::Renderer};
use crate::{
    plan::{Carrier, Holder, Phase, RotationPlan, Step, TOOL},
    profile::Course,
};

/// What every script has of its own: how it speaks and how it waits.
const COMMON: &str = include_str!("common.sh");

/// What tells StarlingX' tool the next phase, and waits for what comes of it.
const STARLINGX: &str = include_str!("starlingx.sh");

/// Every script of the package, and what undoing objects needs.
pub(super) fn scripts(plan: &RotationPlan, renderer: &Renderer<'_>, output: &OutputFiles) -> Vec<OutputFile> {
    let mut groups: BTreeMap<(Phase, Holder), Vec<&Step>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.carrier == Carrier::Package) {
        groups.entry((step.phase, step.holder.clone())).or_default().push(step);
    }
    let mut known = node::KnownFiles::default();
    let mut files = Vec::new();
    if plan.profile.course == Course::HostPhases {
        let purpose = "tells the platform's tool the next phase, and waits for it".to_owned();
        files.push(OutputFile::whole(TOOL.into(), 0o755, Zeroizing::new(STARLINGX.into()), purpose));
    }
    for ((phase, holder), steps) in groups {
        let text = match holder {
            Holder::Clients => continue,
            Holder::Cluster | Holder::Management => {
                files.extend(cluster::undo_files(plan, &steps));
                cluster::script(plan, phase, &holder, &steps, (renderer, output))
            }
            Holder::Node(_) | Holder::ControlPlanes | Holder::Workers => {
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
