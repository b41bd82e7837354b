//! The backup of each control-plane node, taken after the freeze and before anything changes.
//!
//! Each node stores its own archive and its own etcd snapshot. One snapshot restores the whole cluster, but with
//! several a failed disk does not destroy the only one, and no backup has to be copied between nodes.

use crate::plan::model::{
    actions::Action,
    content::Edit,
    steps::{Carrier, Holder, Step},
};

/// The directories in every archive. Other files that the plan changes are added.
const ARCHIVED: [&str; 2] = ["/etc/kubernetes/", "/var/lib/kubelet/pki/"];

/// Inserts a backup step for each control-plane node that the plan changes, after the freeze.
pub(super) fn insert(steps: &mut Vec<Step>) {
    let Some(freeze) = steps.iter().position(|step| step.id.ends_with("-freeze")) else { return };
    let phase = steps[freeze].phase;
    let mut holders: Vec<Holder> = Vec::new();
    // Reading logs changes nothing.
    let changes = |step: &&Step| step.actions.iter().any(|action| !matches!(action, Action::VerifyLogs(_)));
    let on_node = |step: &&Step| matches!(step.holder, Holder::Node(_) | Holder::ControlPlanes);
    for step in steps.iter().filter(on_node).filter(changes) {
        if !holders.contains(&step.holder) {
            holders.push(step.holder.clone());
        }
    }
    holders.sort();
    let backups: Vec<Step> = holders
        .into_iter()
        .map(|holder| {
            let title = match &holder {
                Holder::Node(name) => format!("Back up {name}"),
                _ => "Back up every control-plane node".to_owned(),
            };
            let actions = vec![Action::BackUp { files: other_files(steps, &holder) }];
            let gate = "the archive and the etcd snapshot are complete and unchanged, and the snapshot was restored into a temporary data directory";
            Step::new(Carrier::Package, phase, &format!("{holder}-backup"), holder, &title, actions, gate)
        })
        .collect();
    steps.splice(freeze + 1..=freeze, backups);
}

/// The files that a holder's steps change and that are outside [`ARCHIVED`].
fn other_files(steps: &[Step], holder: &Holder) -> Vec<String> {
    let mut files = Vec::new();
    for step in steps.iter().filter(|step| step.holder == *holder) {
        for action in &step.actions {
            let (Action::Write(Edit { target, .. }) | Action::Remove { target, .. }) = action else { continue };
            if !ARCHIVED.iter().any(|folder| target.starts_with(folder)) && !files.contains(target) {
                files.push(target.clone());
            }
        }
    }
    files
}
