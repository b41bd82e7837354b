//! `apply.sh`: one for each control-plane node and phase, one for all workers, one for each cluster.
//!
//! A script is a table, written here from the plan's steps, and a library that is the same everywhere.

mod cluster;
mod foreign;
mod hosted;
mod library;
mod machine_configs;
mod node;
mod verify;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::output::{OutputFile, OutputFiles};
use crate::{
    plan::{Action, Carrier, Holder, Phase, RotationPlan, Step, TOOL},
    profile::{DCMANAGER, RotationMethod},
    render::Renderer,
};

/// What tells StarlingX' tool the next phase, and waits for what comes of it.
const STARLINGX: &str = include_str!("starlingx.sh");

/// What calls `dcmanager` for the subclouds of StarlingX Distributed Cloud.
const SUBCLOUDS: &str = include_str!("dcmanager.sh");

/// Every script of the package, and what undoing objects needs.
pub(super) fn scripts(plan: &RotationPlan, renderer: &Renderer<'_>, output: &OutputFiles) -> Vec<OutputFile> {
    let mut groups: BTreeMap<(Phase, Holder), Vec<&Step>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.carrier == Carrier::Package) {
        groups.entry((step.phase, step.place().clone())).or_default().push(step);
    }
    let mut known = node::KnownFiles::default();
    let mut files = Vec::new();
    if plan.profile.course == RotationMethod::HostPhases {
        let purpose = "tells the platform's tool the next phase, and waits for it".to_owned();
        files.push(OutputFile::whole(TOOL.into(), 0o755, Zeroizing::new(STARLINGX.into()), purpose));
    }
    if let RotationMethod::Managed(manager) = plan.profile.course
        && manager.script == DCMANAGER
    {
        let purpose = "calls dcmanager, one step at a time, and waits for what comes of it".to_owned();
        files.push(OutputFile::whole(DCMANAGER.into(), 0o755, Zeroizing::new(SUBCLOUDS.into()), purpose));
    }
    let of_nodes = node::library(plan, output);
    let of_cluster = cluster::library(plan, output);
    let [mut has_nodes, mut has_cluster] = [false, false];
    // Where people do everything, there is nothing for a script.
    groups.retain(|_, steps| {
        steps.iter().flat_map(|step| &step.actions).any(|action| !matches!(action, Action::Do { .. }))
    });
    for ((phase, holder), steps) in groups {
        let text = match holder {
            Holder::Clients => continue,
            Holder::Cluster | Holder::Management => {
                has_cluster = true;
                files.extend(cluster::undo_files(plan, &steps));
                cluster::script(plan, phase, &holder, &steps, (renderer, output, &of_cluster))
            }
            Holder::Node(_) | Holder::ControlPlanes | Holder::Workers => {
                has_nodes = true;
                let job = node::Job { plan, renderer, output, phase, holder: &holder, steps: &steps };
                node::script(&job, &mut known, &of_nodes)
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
    files.extend(has_nodes.then(|| of_nodes.file()));
    files.extend(has_cluster.then(|| of_cluster.file()));
    files
}
