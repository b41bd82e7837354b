//! The table of a cluster's script.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    foreign, hosted,
    library::{Library, function, head},
    machine_configs,
    node::shown_sum,
    verify,
};
use crate::{
    formats::object::{self, Changes},
    inventory::{Pinned, is_immutable},
    package::output::{OutputFile, OutputFiles, edits},
    plan::{
        Action, ClusterAction, Edit, FileContent, Holder, Logs, Machines, ObjectChange, PatchForm, Phase, RotationPlan,
        Step, certificates,
    },
    profile::AuthorityId,
    render::{
        Renderer,
        commands::{logs, step_name},
    },
    text::shell::quote,
};

/// The functions of every script for objects.
const OBJECTS: [&str; 3] = [include_str!("token-secrets.sh"), include_str!("cluster.sh"), include_str!("workloads.sh")];

/// The functions that read logs of Pods.
const VERIFY: &str = include_str!("verify-cluster.sh");

/// The functions that read logs of a tenant's control plane.
const VERIFY_TENANT: &str = include_str!("verify-tenant.sh");

/// The functions that read logs of Talos machines.
const VERIFY_MACHINES: &str = include_str!("verify-machines.sh");

/// The functions for immutable Secrets.
const RECREATE: &str = include_str!("recreate.sh");

/// The functions for workers that are replaced.
const REPLACE: &str = include_str!("replace.sh");

/// The functions for a management cluster of Cluster API.
const MANAGEMENT: &str = include_str!("management.sh");

/// The library of every script for objects, with the functions for machines or tenants where the plan has some.
pub(super) fn library(plan: &RotationPlan, output: &OutputFiles) -> Library {
    let of_logs = verify::library(&output.matrix, &[]);
    let mut parts = OBJECTS.to_vec();
    let reads = |wanted: fn(&Logs) -> bool| plan.steps.iter().filter_map(logs).any(wanted);
    if reads(|logs| *logs != Logs::Node) {
        parts.extend([of_logs.as_str(), VERIFY]);
    }
    if reads(|logs| matches!(logs, Logs::Tenant { .. })) {
        parts.push(VERIFY_TENANT);
    }
    if reads(|logs| *logs == Logs::Machines) {
        parts.push(VERIFY_MACHINES);
    }
    if plan.profile.hosted().is_none() && plan.steps.iter().any(|step| step.holder == Holder::Management) {
        parts.push(MANAGEMENT);
    }
    if plan.steps.iter().flat_map(|step| &step.actions).any(is_recreated) {
        parts.push(RECREATE);
    }
    if plan.steps.iter().any(Step::replaces_workers) {
        parts.push(REPLACE);
    }
    if plan.steps.iter().any(asks_machines) {
        parts.push(machine_configs::LIBRARY);
    }
    if plan.profile.hosted().is_some() {
        parts.extend(hosted::LIBRARY);
    }
    Library::new("lib-cluster.sh", &parts)
}

/// The whole script.
pub(super) fn script(
    plan: &RotationPlan,
    phase: Phase,
    holder: &Holder,
    steps: &[&Step],
    (renderer, output, library): (&Renderer<'_>, &OutputFiles, &Library),
) -> String {
    let mut functions = String::new();
    let mut table = Vec::new();
    for step in steps {
        let mut lines: Vec<_> =
            step.actions.iter().flat_map(|action| lines(plan, phase, action, (renderer, output))).collect();
        for action in &step.actions {
            if let Action::Write(edit) = action
                && let FileContent::Patch(patch) = &edit.content
                && patch.form == PatchForm::Incremental
            {
                lines.push(machine_configs::line(plan, renderer, step, edit, patch));
                if patch.authority == AuthorityId::Cluster {
                    lines.push(READY.to_owned());
                }
            }
        }
        lines.extend(logs(step).and_then(|logs| log_line(steps, logs)));
        if lines.is_empty() {
            continue;
        }
        let name = format!("step_{}", step_name(step).replace('-', "_"));
        functions.push_str(&function(&name, &lines));
        table.push(format!("step {} {name}", quote(step_name(step))));
    }
    let of_machines = steps.iter().any(|step| asks_machines(step));
    let mut parts = vec![head(plan, phase, holder, "../..")];
    if of_machines {
        parts.push(machine_configs::settings(plan, phase));
    }
    if *holder == Holder::Management {
        parts.extend(hosted::words(plan));
    }
    parts.extend([functions, function("steps", &table), library.load("main \"$@\"")]);
    parts.concat()
}

/// Does the step call talosctl?
fn asks_machines(step: &Step) -> bool {
    machine_configs::patches_machines(step) || logs(step) == Some(&Logs::Machines)
}

/// The line that reads logs. In a phase that changes an object, the logs are read from that change on.
fn log_line(steps: &[&Step], logs: &Logs) -> Option<String> {
    let actions = || steps.iter().flat_map(|step| &step.actions);
    Some(match logs {
        Logs::Node => return None,
        Logs::Pods => {
            let publishes = |action: &Action| matches!(action, Action::Cluster(ClusterAction::Published(..)));
            format!("verify_cluster {}", if actions().any(publishes) { "published" } else { "-" })
        }
        Logs::Tenant { namespace, name } => {
            let secret = format!("Secret {namespace}/{name}-ca");
            let changes = |action: &Action| matches!(action, Action::Write(edit) if edit.target == secret);
            let beginning = if actions().any(changes) { "changed" } else { "-" };
            format!("verify_tenant_logs {} {} {beginning}", quote(namespace), quote(name))
        }
        Logs::Machines => "verify_machine_logs".to_owned(),
    })
}

/// What is asked of the whole cluster.
const READY: &str = "await 'every node is Ready' nodes_are_ready";

type Files<'a> = (&'a Renderer<'a>, &'a OutputFiles);

fn lines(plan: &RotationPlan, phase: Phase, action: &Action, files: Files<'_>) -> Vec<String> {
    match action {
        Action::Write(edit) => object_line(plan, phase, edit, files.1),
        Action::Cluster(action) => cluster_lines(plan, phase, action, files),
        _ => Vec::new(),
    }
}

/// Is an immutable object written, which has to be deleted and created again?
fn is_recreated(action: &Action) -> bool {
    let Action::Write(Edit { content: FileContent::Object(change), .. }) = action else { return false };
    change.stored().is_some_and(|stored| is_immutable(&stored.object))
}

fn object_line(plan: &RotationPlan, phase: Phase, edit: &Edit, output: &OutputFiles) -> Vec<String> {
    let FileContent::Object(change) = &edit.content else { return Vec::new() };
    let Some(file) = output.files.get(&edit.output) else { return Vec::new() };
    let objects = object::objects(&file.bytes).unwrap_or_default();
    let Some(object) = objects.first() else { return Vec::new() };
    let key = match change {
        ObjectChange::Authority(..) => "tls.crt",
        ObjectChange::Files(_, parts) => parts.first().map_or("", |part| part.key),
        ObjectChange::Kubeconfig(_, key, _) if object.kind == "Secret" => key,
        ObjectChange::Kubeconfig(..) | ObjectChange::ClusterInfo { .. } => "kubeconfig",
    };
    let name = edit.output.rsplit('/').next().unwrap_or_default();
    let previous = previous(plan, phase, edit);
    let before = match (previous, change) {
        (Some(previous), _) => format!("../../{}", previous.output),
        (None, ObjectChange::ClusterInfo { .. }) => "-".to_owned(),
        (None, _) => format!("undo/{name}"),
    };
    // What the cluster must show before: what the phase before has left, or what was given.
    let expected = match previous {
        Some(previous) => output
            .files
            .get(&previous.output)
            .and_then(|file| shown(object::objects(&file.bytes).unwrap_or_default().first()?, key)),
        None => change.stored().and_then(|stored| shown(&stored.object, key)),
    };
    let mut lines = vec![format!(
        "{}object {} {} {} {} {} {} {} {}{}",
        if is_immutable(object) { "immutable " } else { "" },
        quote(name),
        quote(&before),
        object.kind.to_ascii_lowercase(),
        quote(object.effective_namespace()),
        quote(&object.name),
        quote(&key.replace('.', "\\.")),
        shown(object, key).unwrap_or_default(),
        expected.as_deref().unwrap_or("any"),
        // Interrupted between the two requests, it is gone.
        if is_immutable(object) { " absent" } else { "" },
    )];
    if object.kind == "ConfigMap" {
        lines.push("await 'cluster-info is signed for every token' cluster_info_is_signed".to_owned());
    }
    lines
}

/// SHA-256 of the value under a key as the cluster shows it.
fn shown(object: &object::Object, key: &str) -> Option<String> {
    let value = match object.kind.as_str() {
        "Secret" => object.secret_data().remove(key)?.to_vec(),
        _ => object.config_data().remove(key)?.into_bytes(),
    };
    Some(shown_sum(&object.kind, &value))
}

fn cluster_lines(
    plan: &RotationPlan,
    phase: Phase,
    action: &ClusterAction,
    (renderer, output): Files<'_>,
) -> Vec<String> {
    match action {
        ClusterAction::ExtensionTrust => {
            let Some(path) = dropped_bundle(plan, AuthorityId::FrontProxy) else { return Vec::new() };
            vec![format!(
                "await 'extension API servers are told the new front-proxy CA' authentication_holds requestheader-client-ca-file \"$root\"/{}",
                quote(path)
            )]
        }
        ClusterAction::ForgetOld(authorities) => {
            authorities.iter().filter_map(|id| forget_line(plan, *id, (renderer, output))).collect()
        }
        ClusterAction::ForgetUploadedCertificates => vec!["forget_uploaded_certificates".to_owned()],
        ClusterAction::NodesReady => {
            let mut lines = vec![READY.to_owned()];
            if phase == Phase::Switch {
                lines.extend(way_back(plan, renderer));
            }
            lines
        }
        ClusterAction::HealthChecks { of, paused } => {
            vec![format!("health_checks {} {} {paused}", quote(&of.namespace), quote(&of.cluster))]
        }
        ClusterAction::Pause { of, paused } => {
            let rolls_out = if plan.rolls_machines_out() { "yes" } else { "no" };
            vec![format!("pause {} {} {paused} {rolls_out}", quote(&of.namespace), quote(&of.cluster))]
        }
        ClusterAction::Pin(pinned) => pin_line(plan, pinned, output).into_iter().collect(),
        ClusterAction::Published(order, file) => vec![format!(
            "await \"kube-root-ca.crt in every namespace, and ca.crt of every service account token Secret, hold this phase's CAs\" published \"$root/{file}\"{}",
            sums(&foreign::published(plan, renderer, *order))
        )],
        ClusterAction::ReplaceWorkers => vec!["replace_workers".to_owned()],
        ClusterAction::Served => vec![format!(
            "await 'the API server serves a certificate of the new CA' served \"$root/{}/workers/ca.crt\"",
            Phase::DropOld.folder()
        )],
        ClusterAction::TalosAccess(path) => {
            let file = output.files.get(path);
            file.map(|file| format!("talos_access {}", STANDARD.encode(file.bytes.as_slice()))).into_iter().collect()
        }
        ClusterAction::Tenant(action) => hosted::lines(action),
        ClusterAction::RestartReaders(workloads) => workloads
            .iter()
            .map(|(namespace, name)| format!("restart_reader {} {}", quote(namespace), quote(name)))
            .collect(),
        ClusterAction::RenewSecrets(secrets) => hosted::renewal_lines(plan, secrets),
        ClusterAction::RestartWorkloads => {
            let before = if phase == Phase::TrustBoth { "-".to_owned() } else { Phase::TrustBoth.number().to_string() };
            vec![format!("restart_workloads {before}")]
        }
        ClusterAction::RollOut { of, machines } => {
            let (owners, label) = match machines {
                Machines::ControlPlane => {
                    ("kubeadmcontrolplanes.controlplane.cluster.x-k8s.io", "cluster.x-k8s.io/control-plane")
                }
                Machines::Workers => ("machinedeployments.cluster.x-k8s.io", "cluster.x-k8s.io/deployment-name"),
            };
            vec![format!("roll_out {} {} {owners} {label}", quote(&of.namespace), quote(&of.cluster))]
        }
    }
}

/// An object in which the new authority's pin takes the old one's place.
fn pin_line(plan: &RotationPlan, pinned: &Pinned, output: &OutputFiles) -> Option<String> {
    let old = plan.authority_changes.get(&AuthorityId::Cluster)?.old.public_key().pin();
    let file = output.files.get(dropped_bundle(plan, AuthorityId::Cluster)?)?;
    let new = certificates(&file.bytes).first()?.public_key().pin();
    let mut after = Vec::new();
    for pin in &pinned.pins {
        let pin = if *pin == old { &new } else { pin };
        if !after.contains(pin) {
            after.push(pin.clone());
        }
    }
    let list = |pins: &[String]| quote(&serde_json::Value::from(pins.to_vec()).to_string());
    Some(format!(
        "pin {} {} {} {} {} {}",
        pinned.resource?,
        quote(&pinned.namespace),
        quote(&pinned.name),
        pinned.pointer,
        list(&pinned.pins),
        list(&after)
    ))
}

/// What must hold before phase 2 is undone: whoever was told the new CAs alone in phase 3 trusts both again.
fn way_back(plan: &RotationPlan, renderer: &Renderer<'_>) -> Vec<String> {
    let bundle = |id: AuthorityId| {
        let mut bundles = in_package(plan).filter(|(step, edit)| {
            step.phase == Phase::Switch
                && matches!(step.holder, Holder::Node(_) | Holder::ControlPlanes | Holder::Management | Holder::Workers)
                && matches!(edit.content, FileContent::Trust(of, _) if of == id)
        });
        bundles.next().map(|(_, edit)| format!("\"$root\"/{}", quote(&edit.output)))
    };
    let extensions = bundle(AuthorityId::FrontProxy).map(|file| format!("extensions_trust_old_again {file}"));
    let published = foreign::published(plan, renderer, Phase::Switch.trust());
    let pods = bundle(AuthorityId::Cluster).map(|file| format!("trust_old_again {file}{}", sums(&published)));
    extensions.into_iter().chain(pods).collect()
}

/// The key under which the API servers publish an authority, and what they show when only the new one is left.
fn forget_line(plan: &RotationPlan, id: AuthorityId, (renderer, output): Files<'_>) -> Option<String> {
    let key = match id {
        AuthorityId::Cluster => "client-ca-file",
        AuthorityId::FrontProxy => "requestheader-client-ca-file",
        AuthorityId::Etcd | AuthorityId::Talos => return None,
    };
    if id == AuthorityId::Cluster && !plan.foreign.accepted.is_empty() {
        return Some(format!("forget_old {key}{}", sums(&foreign::accepted(plan, renderer))));
    }
    let file = output.files.get(dropped_bundle(plan, id)?)?;
    Some(format!("forget_old {key} {}", shown_sum("ConfigMap", &file.bytes)))
}

/// Further arguments of a call.
fn sums(sums: &BTreeSet<String>) -> String {
    sums.iter().map(|sum| format!(" {sum}")).collect()
}

/// The file of the package that holds the new authority alone.
fn dropped_bundle(plan: &RotationPlan, id: AuthorityId) -> Option<&str> {
    let mut bundles = in_package(plan).filter(|(step, edit)| {
        step.phase == Phase::DropOld && matches!(edit.content, FileContent::Trust(of, _) if of == id)
    });
    bundles.next().map(|(_, edit)| edit.output.as_str())
}

/// What `--undo` of the first change applies: each given object as it was, ready for server-side apply.
pub(super) fn undo_files(plan: &RotationPlan, steps: &[&Step]) -> Vec<OutputFile> {
    let actions = steps.iter().flat_map(|step| step.actions.iter().map(move |action| (step, action)));
    let files = actions.filter_map(|(step, action)| {
        let Action::Write(edit) = action else { return None };
        let FileContent::Object(change) = &edit.content else { return None };
        let stored = change.stored()?;
        if previous(plan, step.phase, edit).is_some() {
            return None;
        }
        let (folder, name) = edit.output.rsplit_once('/')?;
        Some(OutputFile {
            path: format!("{folder}/undo/{name}"),
            mode: edit.mode,
            bytes: stored.object.for_apply(&Changes::none()).to_yaml().as_bytes().to_vec().into(),
            secret: stored.object.kind == "Secret",
            phase: step.phase.number(),
            holder: step.holder.to_string(),
            purpose: format!("{} as it was, for apply.sh --undo", edit.target),
            replaces: None,
            appliable: true,
        })
    });
    files.collect()
}

/// The same object in the latest phase before.
fn previous<'a>(plan: &'a RotationPlan, phase: Phase, edit: &Edit) -> Option<&'a Edit> {
    let earlier = edits(plan).filter(|(step, other)| step.phase < phase && other.target == edit.target);
    earlier.last().map(|(_, edit)| edit)
}

/// The edits that a file of the package carries out.
fn in_package(plan: &RotationPlan) -> impl Iterator<Item = (&Step, &Edit)> {
    edits(plan).filter(|(_, edit)| !edit.output.is_empty())
}
