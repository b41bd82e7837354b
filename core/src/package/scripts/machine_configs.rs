//! The table of patches, and what each machine is asked afterwards.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    formats::talos::Layout,
    inventory::Role,
    package::output::edits,
    plan::{Action, Edit, FileContent, MachinePatch, PatchForm, Phase, RotationPlan, Side, Step},
    profile::AuthorityId,
    render::Renderer,
    text::shell::quote,
};

/// What every script for machines has of its own.
pub(super) const LIBRARY: &str = include_str!("machines.sh");

/// Does a step patch machines?
pub(super) fn patches_machines(step: &Step) -> bool {
    step.actions.iter().any(|action| matches!(action, Action::Write(Edit { content: FileContent::Patch(_), .. })))
}

/// Which of the package's talosconfigs and kubeconfigs the script uses, and the port of machines' own API servers.
pub(super) fn settings(plan: &RotationPlan, phase: Phase) -> String {
    let context = |id| plan.contexts.get(&id).map_or("", String::as_str);
    format!(
        "\ntalosconfig={}\ntalos_context={}\nkube_context={}\napi_port={}\n",
        quote(client(plan, phase, AuthorityId::Talos).unwrap_or("-")),
        quote(context(AuthorityId::Talos)),
        quote(context(AuthorityId::Cluster)),
        plan.api_port,
    )
}

/// One step's line.
pub(super) fn line(
    plan: &RotationPlan,
    renderer: &Renderer<'_>,
    step: &Step,
    edit: &Edit,
    patch: &MachinePatch,
) -> String {
    let back = step.actions.iter().find_map(|action| match action {
        Action::Write(edit) => match &edit.content {
            FileContent::Patch(patch) if patch.form == PatchForm::Undo => Some(edit.output.as_str()),
            _ => None,
        },
        _ => None,
    });
    let mut words = vec!["machines".to_owned(), patch.role.folder().to_owned()];
    words.extend([edit.output.as_str(), back.unwrap_or("-")].map(quote));
    for (check, value) in checks(plan, renderer, patch) {
        words.extend([check.to_owned(), quote(&value)]);
    }
    words.join(" ")
}

/// What a machine that is through the step answers: with whose certificates it takes part, and what its configuration
/// holds. What the package has no credential for, only the configuration tells.
fn checks(plan: &RotationPlan, renderer: &Renderer<'_>, patch: &MachinePatch) -> Vec<(&'static str, String)> {
    let of_phase = |phase| client(plan, phase, patch.authority).map(str::to_owned);
    let [answers, refuses] = match (patch.authority, patch.role) {
        (AuthorityId::Talos, _) => ["machine_answers", "machine_refuses"],
        // A kubelet has no port on which it would tell.
        (_, Role::Worker) => ["", ""],
        (_, Role::ControlPlane | Role::Hosted) => ["api_answers", "api_refuses"],
    };
    let asked: Vec<(&'static str, Option<String>)> = match patch.phase {
        // Both CAs and the new certificate: taken by whoever accepts the new CA.
        Phase::TrustBoth => vec![(answers, of_phase(Phase::Switch))],
        // The new CA alone: takes only whoever serves what the new CA issued.
        Phase::Switch => vec![(answers, of_phase(Phase::DropOld))],
        // Both CAs and the old certificate: refused by whoever accepts the new CA alone.
        Phase::DropOld => vec![(answers, of_phase(Phase::DropOld)), (refuses, of_phase(Phase::TrustBoth))],
    };
    let asked = asked.into_iter().filter(|(check, _)| !check.is_empty());
    let mut checks: Vec<_> = asked.filter_map(|(check, client)| Some((check, client?))).collect();
    checks.extend(of_configuration(renderer, patch));
    checks
}

/// What a configuration holds that is through the phase and no further: whatever a machine answers, the next phase's patch
/// is made for that.
fn of_configuration(renderer: &Renderer<'_>, patch: &MachinePatch) -> Vec<(&'static str, String)> {
    let [old, new] = [Side::Old, Side::New].map(|side| renderer.certificate(patch.authority, side).to_pem());
    if patch.authority == AuthorityId::Cluster && patch.layout == Layout::Documents {
        // The first line has the serial number. What issues stands first in a worker's list; a control-plane machine
        // answers for itself.
        let line = |pem: &str| pem.lines().nth(1).unwrap_or_default().to_owned();
        let (old, new) = (line(&old), line(&new));
        return match (patch.phase, patch.role) {
            (Phase::TrustBoth, Role::Worker) => vec![("leads", format!("{old} {new}"))],
            (Phase::Switch, Role::Worker) => vec![("leads", format!("{new} {old}"))],
            (Phase::TrustBoth | Phase::Switch, Role::ControlPlane | Role::Hosted) => {
                vec![("holds", new), ("holds", old)]
            }
            (Phase::DropOld, _) => vec![("holds", new), ("lacks", old)],
        };
    }
    let accepted = |pem: &str| format!("- crt: {}", STANDARD.encode(pem));
    match patch.phase {
        Phase::TrustBoth => vec![("holds", accepted(&new)), ("lacks", accepted(&old))],
        Phase::Switch => vec![("holds", accepted(&old)), ("lacks", accepted(&new))],
        Phase::DropOld => vec![("holds", STANDARD.encode(new)), ("lacks", STANDARD.encode(old))],
    }
}

/// A talosconfig or kubeconfig of the package that works throughout a phase.
fn client(plan: &RotationPlan, phase: Phase, id: AuthorityId) -> Option<&str> {
    let mut found = edits(plan).filter(|(step, edit)| {
        let of = match &edit.content {
            FileContent::Kubeconfig(_, change) | FileContent::Talosconfig(_, change) => Some(change.authority),
            FileContent::Client(client) => Some(client.authority),
            _ => None,
        };
        step.phase == phase && of == Some(id)
    });
    found.next().map(|(_, edit)| edit.output.as_str())
}
