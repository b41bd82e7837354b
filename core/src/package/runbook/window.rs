//! The maintenance window that a rotation needs, and what is unavailable meanwhile: computed from the plan's steps.

use std::{collections::BTreeSet, fmt::Write};

use crate::{
    plan::{
        Action, Carrier, ClusterAction, Phase, PlaceKind, Process, RotationPlan, Step,
        effort::{self, Effort, Span},
    },
    profile::{Component, RotationMethod},
    text::{markdown::line, shell::quote},
};

/// What is assumed for [`Effort`]'s ranges.
const ASSUMPTIONS: &[&str] = &[
    "Control-plane nodes and workers are taken one at a time; several workers at a time shorten the window.",
    "The time of people is not counted: distributing kubeconfigs, confirmations, and any pause between phases. You may pause for days between phases; within a phase, complete the steps without a break.",
    "Workloads are restarted in batches of ten, and a roll-out takes 20 seconds to 10 minutes. Images that are pulled slowly, slow readiness probes and large StatefulSets take longer: `--list` shows what will be restarted.",
    "The upper bound is what healthy components take. A step that takes longer says after AIRLOCK_TIMEOUT (300 s) what it is waiting for.",
];

/// Writes both sections, where the steps are the package's own.
pub(super) fn sections(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    if plan.authority_changes.is_empty()
        || !matches!(plan.profile.course, RotationMethod::NodeFiles | RotationMethod::Hosted(_))
    {
        return Ok(());
    }
    window(text, plan)?;
    unavailable(text, plan)
}

fn window(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    let all: Effort = plan.steps.iter().map(effort::of).sum();
    writeln!(
        text,
        "## Maintenance window\n\nPods, static Pods and kubelets are restarted: schedule the rotation in a maintenance window. Expected length: {}{}.\n",
        all.once,
        all.each()
    )?;
    writeln!(text, "| phase | once | for each | restarted |\n|---|---|---|---|")?;
    for phase in Phase::ALL {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.phase == phase).collect();
        if steps.is_empty() {
            continue;
        }
        let effort: Effort = steps.iter().map(|step| effort::of(step)).sum();
        let each = effort.each();
        let each = each.strip_prefix(", for each ").unwrap_or("—").replace(", for each ", "; ");
        let restarted: Vec<String> = restarted(&steps).into_iter().collect();
        writeln!(
            text,
            "| {} | {} | {each} | {} |",
            phase.title_on(plan.profile),
            effort.once,
            line(restarted.join(", "))
        )?;
    }
    if all.workloads != Span::default() {
        writeln!(
            text,
            "\nExample: with 20 workers and 100 workloads, {}.",
            all.once + all.worker.times(20) + all.workloads.times(10)
        )?;
    }
    writeln!(text)?;
    for assumption in ASSUMPTIONS {
        writeln!(text, "- {assumption}")?;
    }
    writeln!(text)
}

/// What restarts in these steps, each once.
fn restarted(steps: &[&Step]) -> BTreeSet<String> {
    let in_place = steps.iter().filter(|step| !step.replaces_workers());
    let replaced = steps.iter().any(|step| step.replaces_workers()).then(|| "workers (replaced)".to_owned());
    let actions = in_place.flat_map(|step| &step.actions);
    let names = actions.filter_map(|action| match action {
        Action::Restart(component) | Action::SetFlag { component, .. } => Some(component.to_string()),
        Action::RestartProcess(process) => Some(process.name().to_owned()),
        Action::RenewKubelet => Some(Component::Kubelet.to_string()),
        Action::Write(edit) if action.is_manifest() => Some(static_pod(&edit.target).to_owned()),
        Action::Cluster(ClusterAction::RestartWorkloads) => Some("every workload".to_owned()),
        Action::Cluster(ClusterAction::RestartReaders(workloads)) => Some(names_of(workloads)),
        Action::Cluster(ClusterAction::RollOut { .. }) => Some("machines (replaced)".to_owned()),
        _ => None,
    });
    names.chain(replaced).collect()
}

/// Workloads, each as `Kind/NAME in NAMESPACE`.
fn names_of(workloads: &[(String, String)]) -> String {
    let names: Vec<String> = workloads.iter().map(|(namespace, name)| format!("{name} in {namespace}")).collect();
    names.join(", ")
}

/// The ids of steps with such an action, in order.
fn ids(plan: &RotationPlan, is_it: impl Fn(&Action) -> bool) -> Vec<&str> {
    let own = plan.steps.iter().filter(|step| step.carrier == Carrier::Package && !step.replaces_workers());
    let steps = own.filter(|step| step.actions.iter().any(&is_it));
    steps.map(|step| step.id.as_str()).collect()
}

fn restarts(wanted: Component) -> impl Fn(&Action) -> bool {
    move |action| match action {
        Action::Restart(component) | Action::RestartProcess(Process::Component(component)) => *component == wanted,
        Action::SetFlag { component, .. } => *component == wanted,
        Action::Write(edit) => action.is_manifest() && static_pod(&edit.target) == wanted.as_str(),
        _ => false,
    }
}

/// The static Pod of a manifest, which the kubelet restarts when the manifest changes.
fn static_pod(manifest: &str) -> &str {
    let name = manifest.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn unavailable(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    writeln!(text, "## What is unavailable, and when\n")?;
    writeln!(text, "- {}", api_server(plan))?;
    let managers = ids(plan, restarts(Component::ControllerManager));
    if !managers.is_empty() {
        let single = match servers(plan) {
            Some(1) => {
                "There is one of each here: for up to a minute after each restart no Pod is created or scheduled and no certificate is signed. Running Pods keep running."
            }
            _ => {
                "Where there are several, another one takes over within 17 seconds; where there is one, no Pod is created or scheduled meanwhile."
            }
        };
        writeln!(
            text,
            "- kube-controller-manager and kube-scheduler restart in {}. {single}",
            line(managers.join(", "))
        )?;
    }
    let kubelets = ids(plan, |action| restarts(Component::Kubelet)(action) || matches!(action, Action::RenewKubelet));
    if !kubelets.is_empty() {
        writeln!(
            text,
            "- The kubelet restarts in {}. Containers keep running; `kubectl logs`, `exec` and `port-forward` to that node fail for a few seconds.",
            line(kubelets.join(", "))
        )?;
    }
    let serving = ids(plan, |action| matches!(action, Action::RenewServing));
    if !serving.is_empty() {
        writeln!(
            text,
            "- Each kubelet with `serverTLSBootstrap` requests a new serving certificate in {}. `kubectl logs`, `exec`, `port-forward` and metrics of that node fail until its CertificateSigningRequest is approved and signed: a few seconds with an approver in the cluster, otherwise until you run `kubectl certificate approve`.",
            line(serving.join(", "))
        )?;
    }
    readers(text, plan)?;
    let workloads = ids(plan, |action| matches!(action, Action::Cluster(ClusterAction::RestartWorkloads)));
    if !workloads.is_empty() {
        writeln!(text, "- {}", WORKLOADS.replace("{steps}", &workloads.join(" and ")))?;
    }
    let other =
        ids(plan, |action| matches!(action, Action::RestartProcess(Process::StaticPod { .. } | Process::Unit(_))));
    if !other.is_empty() {
        writeln!(text, "- Other processes restart, each on one node at a time, in {}.", line(other.join(", ")))?;
    }
    writeln!(text)
}

/// Workloads that restart since they read a credential of their node.
fn readers(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    for step in &plan.steps {
        for action in &step.actions {
            let Action::Cluster(ClusterAction::RestartReaders(workloads)) = action else { continue };
            writeln!(
                text,
                "- {} restart in {}, since they read a credential from files of their nodes when they start. What they do for the cluster pauses until the new Pods are ready. With the strategy OnDelete, delete their Pods one by one; the check passes when every Pod is new and ready.",
                line(names_of(workloads)),
                line(&step.id)
            )?;
        }
    }
    Ok(())
}

/// What a roll-out means for applications.
const WORKLOADS: &str = "Every Deployment, DaemonSet and StatefulSet is rolled out in {steps}. A workload with one replica that cannot start a second one first is unavailable while its Pod is replaced. A roll-out does not use the eviction API, so a PodDisruptionBudget does not hold it back: the workload's own `maxUnavailable` does. The step therefore compares both before it restarts anything. It stops where a budget allows fewer disruptions than the roll-out takes (a budget with `disruptionsAllowed: 0` among them), and while it runs it waits for each budget; two workloads of one budget are never restarted at the same time. `--list` shows all of it in advance; `--exclude NAMESPACE/Kind/NAME` leaves a workload out, `--disrupt NAMESPACE/BUDGET` restarts it nevertheless. A roll-out does not replace the Pods of workloads with the strategy OnDelete, of StatefulSets with a partition and of paused Deployments: they are listed, and you delete their Pods one by one. Pods of Jobs, ReplicationControllers, ReplicaSets without a Deployment and custom resources (such as Argo Rollouts or database operators), and Pods without a controller, are listed too: restart them by hand or with their own tool. The check does not pass while one of them is from before kube-root-ca.crt changed, unless it is left out with `--exclude`.";

/// How many API servers the cluster has; unknown where no control-plane node was given.
fn servers(plan: &RotationPlan) -> Option<usize> {
    let count = |kind: PlaceKind| plan.initial_state.iter().filter(|place| place.kind == kind).count();
    (count(PlaceKind::ControlPlaneElsewhere) == 0 && count(PlaceKind::Hosted) == 0)
        .then(|| count(PlaceKind::ControlPlane))
}

/// Is an API server restarted, and is it the only one?
fn api_server(plan: &RotationPlan) -> String {
    let steps = ids(plan, restarts(Component::Apiserver));
    let rolls =
        ids(plan, |action| matches!(action, Action::Cluster(ClusterAction::Tenant(action)) if action.rolls_out()));
    if let Some(first) = rolls.first() {
        return format!(
            "The Pods of the tenant's control plane are replaced in {} (first in {first}): with one replica the API server is unavailable until the new Pod is ready, with several it stays available.",
            line(rolls.join(", "))
        );
    }
    match (steps.is_empty(), servers(plan)) {
        (true, Some(1)) => "This cluster has one API server, and no step restarts it: it reads its certificates and CAs from its files while it runs, so it stays available. Only if it has to be restarted by hand is it unavailable until it is ready again: 10 seconds to 2 minutes.".to_owned(),
        (true, _) => "No step restarts an API server: each one reads its certificates and CAs from its files while it runs.".to_owned(),
        (false, Some(1)) => format!(
            "This cluster has one API server, which restarts in {}: it is unavailable until it is ready again, {} each time. kubectl, controllers and new Pods wait; running Pods keep running.",
            line(steps.join(", ")),
            effort::restart(Component::Apiserver)
        ),
        (false, _) => format!(
            "API servers restart one at a time in {}. Clients that reach them through a load balancer reconnect to another one; requests in flight are cut off.",
            line(steps.join(", "))
        ),
    }
}

/// How Cluster API is resumed for workers between phases.
pub(super) fn scaling(text: &mut String, plan: &RotationPlan) -> std::fmt::Result {
    let pause = plan.steps.iter().find_map(|step| {
        step.actions.iter().find_map(|action| match action {
            Action::Cluster(ClusterAction::Pause { of, paused: true }) => Some((of, step)),
            _ => None,
        })
    });
    let Some((of, step)) = pause.filter(|_| plan.profile.course == RotationMethod::NodeFiles) else { return Ok(()) };
    let (namespace, cluster) = (quote(&of.namespace), quote(&of.cluster));
    let selector = quote(&format!("cluster.x-k8s.io/cluster-name={}", of.cluster));
    writeln!(
        text,
        "\n## Scaling workers while Cluster API is paused\n\nStep {} says between which steps this is possible, and what the pause costs. The commands are for the management cluster. Before the step that ends such a time, pause again.\n",
        line(&step.id)
    )?;
    writeln!(
        text,
        "```sh\n# Resume: the control plane stays paused.\nkubectl -n {namespace} annotate --overwrite kubeadmcontrolplanes.controlplane.cluster.x-k8s.io -l {selector} cluster.x-k8s.io/paused=airlock\nkubectl -n {namespace} patch cluster.cluster.x-k8s.io {cluster} --type merge -p '{{\"spec\":{{\"paused\":false}}}}'\n```\n\n```sh\n# Pause again.\nkubectl -n {namespace} patch cluster.cluster.x-k8s.io {cluster} --type merge -p '{{\"spec\":{{\"paused\":true}}}}'\nkubectl -n {namespace} annotate kubeadmcontrolplanes.controlplane.cluster.x-k8s.io -l {selector} cluster.x-k8s.io/paused-\n```\n"
    )?;
    writeln!(
        text,
        "A worker that joins in such a time takes both CAs from cluster-info, and needs the workers' step of the next phase as every other one does. MachineHealthChecks stay paused. Outside these times a new machine can miss a CA."
    )
}
