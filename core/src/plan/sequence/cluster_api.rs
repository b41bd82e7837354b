//! The steps for Cluster API. It is paused until its Secrets contain the new CA's certificate and key. Then it replaces
//! the machines, once no client presents an old certificate any more.
//!
//! Replacing machines cannot perform phase 2: a machine created with the new CA cannot join while API servers still
//! serve certificates of the old CA, because it trusts only the new CA. So machines are replaced after phase 2.

use super::builder::Sequence;
use crate::{
    finding::Finding,
    inventory::{ObjectRole, StoredObject},
    plan::{
        effort::{self, Effort},
        model::{
            actions::{Action, ClusterAction, Machines, Managed},
            phase::Phase,
            rotation_plan::RotationPlan,
            steps::{Fact, Gate, Holder, Step},
        },
        objects,
    },
    profile::{AuthorityId, SecretContent},
};

/// The manual check for pins if no machine template was provided.
const UNSEEN_PINS: &str = "Machine templates and control planes with caCertHashes need the new CA's pin before machines are created. None were provided: search for them";

const FIND_PINS: &str =
    "kubectl get kubeadmconfigtemplates,kubeadmcontrolplanes -A -o yaml | grep -e ' name:' -e caCertHashes -A 1";

/// Adds the consequences and the duration of the pause to its step, once every step is known. The pause begins right
/// before the first control-plane node changes and ends when the management cluster has the new CA certificates and
/// keys.
pub(super) fn explain_pause(steps: &mut [Step]) {
    let sets = |step: &Step, wanted: bool| {
        step.actions
            .iter()
            .any(|action| matches!(action, Action::Cluster(ClusterAction::Pause { paused, .. }) if *paused == wanted))
    };
    let Some(from) = steps.iter().position(|step| sets(step, true)) else { return };
    let Some(until) = steps.iter().position(|step| sets(step, false)) else { return };
    let paused: Effort = steps[from..until].iter().map(effort::of).sum();
    let windows = windows(&steps[from..until]);
    let mut text = format!(
        "Until step {} Cluster API neither scales nor upgrades this Cluster and replaces none of its machines; its MachineHealthChecks repair nothing until 3-health-checks. The steps until then take {}{}, and each day between phases is a day of pause",
        steps[until].id,
        paused.once,
        paused.each()
    );
    if !windows.is_empty() {
        text.push_str(&format!(
            ". Where workers must be scaled in the meantime: {}. RUNBOOK.md has the commands; the control plane stays paused throughout, since a control-plane machine that is created with the old pair cannot follow the rotation",
            windows.join("; ")
        ));
    }
    steps[from].actions.insert(0, Action::person(&text));
}

/// Whether Cluster API creates machines in these steps.
pub(crate) fn rolls_out(steps: &[Step]) -> bool {
    let mut actions = steps.iter().flat_map(|step| &step.actions);
    actions.any(|action| matches!(action, Action::Cluster(ClusterAction::RollOut { .. })))
}

/// Between which steps workers may be scaled: between phases, when every step of the one before is complete.
pub(crate) fn windows(steps: &[Step]) -> Vec<String> {
    let boundaries = steps.windows(2).filter(|pair| pair[0].phase != pair[1].phase);
    boundaries.map(|pair| format!("between steps {} and {}", pair[0].id, pair[1].id)).collect()
}

impl Sequence<'_, '_> {
    /// The Cluster in the management cluster; `None` where there is none.
    fn managed(&self) -> Option<Managed> {
        let kubeconfig = self.inventory.object(ObjectRole::Secret(SecretContent::Kubeconfig));
        let mut secrets = self.inventory.objects.iter().filter(|stored| matches!(stored.role, ObjectRole::Secret(_)));
        let secret: &StoredObject = kubeconfig.or_else(|| secrets.next())?;
        let namespace = secret.object.effective_namespace().to_owned();
        Some(Managed { namespace, cluster: self.inventory.cluster.clone() })
    }

    /// Reports objects of Cluster API that were paused before the rotation. Controllers do not act on them, so a step
    /// that waits for new machines would never complete. The scripts have the same rule, for objects that were not
    /// provided.
    pub(super) fn check_pauses(&self, findings: &mut Vec<Finding>) {
        let Some(managed) = self.managed() else { return };
        let rolls_out = rolls_out(&self.steps);
        for paused in self.inventory.paused.iter().filter(|paused| paused.is_of(&managed.namespace, &managed.cluster)) {
            let place = paused.place();
            findings.push(if rolls_out {
                let message = format!(
                    "{place} is paused: Cluster API then rolls no machine out, so the roll-out of phase 3 cannot complete"
                );
                Finding::error("paused-by-owner", &paused.file, message).remedy(paused.remedy())
            } else {
                let message = format!("{place} is paused and stays paused: this package resumes only what it has paused");
                Finding::note("paused-by-owner", &paused.file, message)
            });
        }
    }

    /// The explanation in phase 3 for nodes that Cluster API may have replaced before the step.
    pub(super) fn rolled_out(&self, phase: Phase) -> Option<Action> {
        let text = "Machines that Cluster API has created since step 3-authorities trust only the new CA, and their kube-controller-manager has its usual flags. This step changes only the other machines";
        self.managed().filter(|_| phase == Phase::DropOld).map(|_| Action::person(text))
    }

    /// Pauses Cluster API, so that it does not reconcile or replace machines before phase 3.
    pub(super) fn pause(&mut self, phase: Phase) {
        let Some(managed) = self.managed() else { return };
        let actions = vec![
            Action::Cluster(ClusterAction::HealthChecks { of: managed.clone(), paused: true }),
            Action::Cluster(ClusterAction::Pause { of: managed, paused: true }),
        ];
        let gate = "the Cluster is paused, and so is each of its MachineHealthChecks";
        self.push(phase, "pause", Holder::Management, "Pause Cluster API", actions, gate);
    }

    /// Writes the new CA certificates and keys for new machines, and updates pins in machine templates.
    pub(super) fn authorities(&mut self, phase: Phase) {
        let mut actions = objects::management_authorities(self.inventory, self.authority_changes, self.progress);
        if let Some(authority_change) = self.authority_changes.get(&AuthorityId::Cluster) {
            actions.extend(objects::pins(self.inventory, authority_change));
            if !self.inventory.pins.iter().any(|pinned| pinned.resource.is_some()) && self.managed().is_some() {
                actions.push(Action::Do { text: UNSEEN_PINS.to_owned(), command: FIND_PINS.to_owned() });
            }
        }
        if !actions.is_empty() {
            let gate = Gate::proving("the Secrets contain only the new CA", Fact::Everywhere);
            let title = "Write the new CA certificates and keys to the management cluster";
            self.push(phase, "authorities", Holder::Management, title, actions, gate);
        }
    }

    /// Resumes Cluster API and replaces machines.
    pub(super) fn roll_out(&mut self, phase: Phase) {
        let Some(managed) = self.managed() else { return };
        let resume = vec![Action::Cluster(ClusterAction::Pause { of: managed.clone(), paused: false })];
        self.push(phase, "resume", Holder::Management, "Resume Cluster API", resume, "the Cluster is not paused");
        let held =
            |id: &AuthorityId| self.inventory.object(ObjectRole::Secret(SecretContent::Authority(*id))).is_some();
        if self.authority_changes.keys().all(held) {
            self.machines(phase, &managed);
        }
        let health_checks = ClusterAction::HealthChecks { of: managed, paused: false };
        self.push(
            phase,
            "health-checks",
            Holder::Management,
            "Resume MachineHealthChecks",
            vec![Action::Cluster(health_checks)],
            "no MachineHealthCheck is paused, except those that were paused before the rotation",
        );
    }

    /// Replaces all machines: control planes first, workers when those are running.
    fn machines(&mut self, phase: Phase, managed: &Managed) {
        let roll_out = |machines| vec![Action::Cluster(ClusterAction::RollOut { of: managed.clone(), machines })];
        self.push(
            phase,
            "roll-out-control-plane",
            Holder::Management,
            "Replace the control-plane machines",
            roll_out(Machines::ControlPlane),
            "every machine of a KubeadmControlPlane is Running and was created after this step began",
        );
        self.push(
            phase,
            "roll-out-workers",
            Holder::Management,
            "Replace the worker machines",
            roll_out(Machines::Workers),
            "every machine of a MachineDeployment is Running and was created after this step began",
        );
    }
}

impl RotationPlan {
    /// Whether Cluster API creates machines in this plan.
    pub(crate) fn rolls_machines_out(&self) -> bool {
        rolls_out(&self.steps)
    }
}
