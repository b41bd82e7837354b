//! Steps as shell commands for the unpacked package's root on their holder.

use crate::plan::{Action, Carrier, ClusterAction, FileContent, Holder, Logs, Phase, Step, TenantVerb};

/// On the client, apply would copy the object, key and all, into an annotation.
pub(crate) const APPLY: &str = "kubectl apply --server-side --force-conflicts --field-manager=airlock";

/// Deletes an object and creates it again, without a copy in an annotation.
pub(crate) const REPLACE: &str = "kubectl replace --force --field-manager=airlock";

/// What carries a step out, proves it and takes it back; each empty where a person acts.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Commands {
    pub(crate) run: String,
    pub(crate) gate: String,
    pub(crate) undo: String,
}

/// The commands of a step.
pub(crate) fn of_step(step: &Step) -> Commands {
    if let Carrier::Tool { run, gate, .. } = &step.carrier {
        return Commands { run: run.clone(), gate: gate.clone(), undo: String::new() };
    }
    let script = format!("sh {}", script_path(step));
    if verifies_logs(step) {
        let name = if on_nodes(step) { VERIFY } else { step_name(step) };
        return Commands { gate: format!("{script} {name} --check"), ..Commands::default() };
    }
    match &step.holder {
        Holder::Clients => Commands::default(),
        Holder::Workers if step.replaces_workers() => {
            Commands { undo: String::new(), ..Commands::with_undo(&format!("{script} {}", step_name(step))) }
        }
        Holder::Node(_) | Holder::ControlPlanes if is_backup_step(step) => {
            Commands { undo: String::new(), ..Commands::with_undo(&format!("{script} backup")) }
        }
        Holder::Node(_) | Holder::ControlPlanes if is_kubelet_step(step) => {
            Commands::with_undo(&format!("{script} kubelet"))
        }
        Holder::Node(_) | Holder::ControlPlanes | Holder::Workers => Commands::with_undo(&script),
        Holder::Cluster | Holder::Management => {
            let command = format!("{script} {}", step_name(step));
            if step.actions.iter().any(can_be_undone) {
                Commands::with_undo(&command)
            } else if step.actions.iter().any(changes_the_cluster) {
                Commands { undo: String::new(), ..Commands::with_undo(&command) }
            } else if step.actions.iter().any(|action| matches!(action, Action::Cluster(_))) {
                let mut commands = Commands { gate: format!("{command} --check"), ..Commands::default() };
                if opens_the_way_back(step) {
                    commands.undo = format!("{command} --undo");
                }
                commands
            } else {
                Commands::default()
            }
        }
    }
}

/// The word with which a node's script reads logs.
const VERIFY: &str = "verify";

/// Does the step only read logs?
pub(crate) fn verifies_logs(step: &Step) -> bool {
    logs(step).is_some()
}

/// Which logs does the step read?
pub(crate) fn logs(step: &Step) -> Option<&Logs> {
    step.actions.iter().find_map(|action| match action {
        Action::VerifyLogs(logs) => Some(logs),
        _ => None,
    })
}

/// Does it run on nodes?
fn on_nodes(step: &Step) -> bool {
    matches!(step.holder, Holder::Node(_) | Holder::ControlPlanes | Holder::Workers)
}

impl Commands {
    fn with_undo(command: &str) -> Self {
        Self { run: command.to_owned(), gate: format!("{command} --check"), undo: format!("{command} --undo") }
    }
}

/// The script that carries a step out, from the package's root.
pub(crate) fn script_path(step: &Step) -> String {
    format!("{}/{}/apply.sh", step.phase.folder(), step.place().folder())
}

/// The step's id without its phase.
pub(crate) fn step_name(step: &Step) -> &str {
    step.id.split_once('-').map_or(step.id.as_str(), |(_, name)| name)
}

/// Is it the backup of a node?
pub(crate) fn is_backup_step(step: &Step) -> bool {
    step.actions.iter().any(|action| matches!(action, Action::BackUp { .. }))
}

/// Is it about the kubelet's own credential alone?
pub(crate) fn is_kubelet_step(step: &Step) -> bool {
    matches!(step.holder, Holder::Node(_) | Holder::ControlPlanes)
        && step.actions.iter().any(|action| match action {
            Action::RenewKubelet | Action::RenewServing => true,
            Action::Write(edit) => matches!(edit.content, FileContent::Credential(_)),
            _ => false,
        })
}

fn can_be_undone(action: &Action) -> bool {
    match action {
        Action::Write(_) => true,
        Action::Cluster(ClusterAction::Tenant(action)) => action.verb != TenantVerb::Reissued,
        Action::Cluster(action) => matches!(
            action,
            ClusterAction::HealthChecks { .. }
                | ClusterAction::Pause { .. }
                | ClusterAction::Pin(_)
                | ClusterAction::RestartReaders(_)
                | ClusterAction::RestartWorkloads
        ),
        _ => false,
    }
}

/// The last step of phase 2 changes nothing; going back, it has pods trust both CAs before API servers serve the old
/// one's certificates.
fn opens_the_way_back(step: &Step) -> bool {
    step.phase == Phase::Switch
        && step.actions.iter().any(|action| matches!(action, Action::Cluster(ClusterAction::NodesReady)))
}

fn changes_the_cluster(action: &Action) -> bool {
    matches!(
        action,
        Action::Cluster(
            ClusterAction::ForgetOld(_)
                | ClusterAction::ForgetUploadedCertificates
                | ClusterAction::RenewSecrets(_)
                | ClusterAction::RollOut { .. }
                | ClusterAction::TalosAccess(_)
        )
    )
}
