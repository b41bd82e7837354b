//! What the management cluster does: it is paused as long as its pair is the old one, and makes machines anew as soon as
//! nobody presents an old certificate any more.
//!
//! A roll-out cannot carry the switch: a machine that arrives with the new pair while API servers still serve the old CA's
//! certificates cannot join, and one that has joined trusts the new CA alone. So it follows the switch.

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

/// What nobody has seen here.
const UNSEEN_PINS: &str = "Machine templates and control planes that name caCertHashes themselves need the new CA's pin in them before machines are made: none were given, so look for some";

const FIND_PINS: &str =
    "kubectl get kubeadmconfigtemplates,kubeadmcontrolplanes -A -o yaml | grep -e ' name:' -e caCertHashes -A 1";

/// Says what the pause costs and how long it lasts, once every step is known. It begins right before the first
/// control-plane node changes and ends as soon as the management cluster has the new pairs.
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

/// Do these steps have Cluster API create machines?
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

    /// Objects of Cluster API that their owners paused: controllers do not act on them, so a step that waits for new
    /// machines would never complete. The scripts have the same rule, for objects that were not provided.
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
                let message = format!("{place} is paused and stays paused: no step ends a pause of its owner");
                Finding::note("paused-by-owner", &paused.file, message)
            });
        }
    }

    /// What a step in place in phase 3 says where machines are made anew before it.
    pub(super) fn rolled_out(&self, phase: Phase) -> Option<Action> {
        let text = "Machines that Cluster API has made anew since step 3-authorities have the new CA alone and a kube-controller-manager with its usual flags: this step is for those that it did not make, and finds nothing to do on the others";
        self.managed().filter(|_| phase == Phase::DropOld).map(|_| Action::person(text))
    }

    /// Nothing is reconciled, and no machine is replaced, before phase 3.
    pub(super) fn pause(&mut self, phase: Phase) {
        let Some(managed) = self.managed() else { return };
        let actions = vec![
            Action::Cluster(ClusterAction::HealthChecks { of: managed.clone(), paused: true }),
            Action::Cluster(ClusterAction::Pause { of: managed, paused: true }),
        ];
        let gate = "the Cluster is paused, and so is each of its MachineHealthChecks";
        self.push(phase, "pause", Holder::Management, "Pause Cluster API", actions, gate);
    }

    /// The new pairs, from which machines are made; machine templates that name a pin follow.
    pub(super) fn authorities(&mut self, phase: Phase) {
        let mut actions = objects::management_authorities(self.inventory, self.authority_changes, self.progress);
        if let Some(authority_change) = self.authority_changes.get(&AuthorityId::Cluster) {
            actions.extend(objects::pins(self.inventory, authority_change));
            if !self.inventory.pins.iter().any(|pinned| pinned.resource.is_some()) && self.managed().is_some() {
                actions.push(Action::Do { text: UNSEEN_PINS.to_owned(), command: FIND_PINS.to_owned() });
            }
        }
        if !actions.is_empty() {
            let gate = Gate::proving("the Secrets hold the new CA alone", Fact::Everywhere);
            let title = "Give the management cluster the new CA pairs";
            self.push(phase, "authorities", Holder::Management, title, actions, gate);
        }
    }

    /// Control planes first, workers when those are Ready.
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
            "none of them is paused that was not paused before",
        );
    }

    /// Machines are made anew from the new pairs.
    fn machines(&mut self, phase: Phase, managed: &Managed) {
        let roll_out = |machines| vec![Action::Cluster(ClusterAction::RollOut { of: managed.clone(), machines })];
        self.push(
            phase,
            "roll-out-control-plane",
            Holder::Management,
            "Roll the control-plane machines out",
            roll_out(Machines::ControlPlane),
            "every machine of a KubeadmControlPlane is Running and was made after this step began",
        );
        self.push(
            phase,
            "roll-out-workers",
            Holder::Management,
            "Roll the workers out",
            roll_out(Machines::Workers),
            "every machine of a MachineDeployment is Running and was made after this step began",
        );
    }
}

impl RotationPlan {
    /// Whether Cluster API creates machines in it.
    pub(crate) fn rolls_machines_out(&self) -> bool {
        rolls_out(&self.steps)
    }
}
