//! The steps for Talos machines: patches of machine configurations, first for control planes, then for workers, like
//! `talosctl rotate-ca` (siderolabs/talos: pkg/rotate/pki). talosctl completes all phases for one API before the other.
//! Here each phase changes both APIs, Talos first, which is possible because their CAs are independent of each other.

mod builder;
mod clients;
mod initial_state;
mod roles;

use std::collections::BTreeMap;

pub(super) use self::{
    clients::contexts,
    initial_state::initial_state,
    roles::{api_port, configurations},
};

use self::{builder::MachineSequence, roles::MachineGroup};
use super::{
    model::{
        actions::{Action, ClusterAction, Logs},
        authorities::AuthorityChange,
        content::{Edit, FileContent, MachinePatch, PatchForm, Source},
        phase::{Phase, Side, Trust},
        steps::{Carrier, Fact, Gate, Holder, Step},
    },
    progress::Progress,
    replacements::Replacements,
    sequence::builder::VERIFY_PODS,
};
use crate::{
    finding::Finding,
    inventory::{Inventory, Role},
    plan::model::content::{PUBLIC, SECRET},
    profile::{AuthorityId, AuthorityRow},
};

/// What the operator must not do during the rotation.
const FREEZE: &str = "Until the rotation is over: no `talosctl upgrade`, `upgrade-k8s`, `apply-config` or `rotate-ca`, no new machines; stop everything that applies machine configurations automatically (GitOps, Cluster API, Terraform), or give it the phase's from-base patches. Save the output of `talosctl get machineconfig v1alpha1 -o jsonpath='{.spec}'` for each machine";

const AFTER_CARE: &str =
    "Take an etcd snapshot (`talosctl etcd snapshot`), resume what you stopped, and delete every copy of this package";

/// Every step of the rotation, in order.
pub(super) fn sequence<'a>(
    inventory: &'a Inventory,
    authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'a>,
    replacements: &mut Replacements<'a>,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    let groups = roles::groups(inventory, authority_changes, findings);
    clients::note_missing(inventory, authority_changes, findings);
    note_access(inventory, authority_changes, progress, findings);
    let mut sequence =
        MachineSequence { inventory, authority_changes, progress, replacements, groups, steps: Vec::new() };
    sequence.freeze();
    Phase::ALL.into_iter().for_each(|phase| sequence.phase(phase));
    sequence.steps
}

impl MachineSequence<'_, '_> {
    fn freeze(&mut self) {
        let gate = "only this package changes machine configurations";
        let title = "Freeze changes";
        self.push(self.progress.first(), "freeze", Holder::Cluster, title, vec![Action::person(FREEZE)], gate);
    }

    fn phase(&mut self, phase: Phase) {
        let inventory = self.inventory;
        let rows = inventory.profile.authorities.iter().filter(|row| self.authority_changes.contains_key(&row.id));
        for row in rows {
            for at in 0..self.groups.len() {
                self.machines(row, at, phase);
            }
            if row.id == AuthorityId::Talos && phase == Phase::Switch && self.progress.includes(phase) {
                self.talos_access(row);
            }
            if row.id == AuthorityId::Cluster && phase == Phase::Switch && self.progress.includes(phase) {
                self.pods(row);
            }
        }
        if !self.progress.includes(phase) {
            return;
        }
        self.clients(phase);
        self.verify_logs(phase);
        match phase {
            Phase::TrustBoth => {}
            Phase::Switch => self.push(
                phase,
                "everyone",
                Holder::Cluster,
                "Confirm that no client presents an old certificate",
                vec![Action::person(
                    "Ask the owner of every talosconfig and kubeconfig: a client that still presents a certificate of the old CA is locked out by phase 3",
                )],
                Gate::proving("every user and pipeline has confirmed that it uses a credential of the new CA", Fact::Confirmed),
            ),
            Phase::DropOld => {
                self.secrets();
                self.push(
                    phase,
                    "after-care",
                    Holder::Cluster,
                    "Take new backups and end the freeze",
                    vec![Action::person(AFTER_CARE), Action::Cluster(ClusterAction::NodesReady)],
                    "every node is Ready two minutes after the last step",
                );
            }
        }
    }

    fn push(
        &mut self,
        phase: Phase,
        id: &str,
        holder: Holder,
        title: &str,
        actions: Vec<Action>,
        gate: impl Into<Gate>,
    ) {
        self.steps.push(Step::new(Carrier::Package, phase, id, holder, title, actions, gate));
    }

    /// One patch for all machines of a role, unless each of them has completed the phase.
    fn machines(&mut self, row: &'static AuthorityRow, group: usize, phase: Phase) {
        let MachineGroup { role, layout, kept, .. } = &self.groups[group];
        let (role, layout) = (*role, *layout);
        let kept = kept.get(&row.id).cloned().unwrap_or_default();
        if self.is_through(row, role, phase) {
            return;
        }
        let api = row.api();
        let folder = format!("{}/{}", phase.folder(), role.folder());
        let patch = |form| MachinePatch { authority: row.id, role, layout, phase, form, kept: kept.clone() };
        let can_go_back = patch(PatchForm::Undo).key().is_none() || self.has_old_key(row.id);
        let forms = [
            (PatchForm::Incremental, format!("{folder}/{api}.patch.yaml")),
            (PatchForm::FromBase, format!("{folder}/{api}.from-base.patch.yaml")),
            (PatchForm::Undo, format!("{folder}/undo/{api}.patch.yaml")),
        ];
        let forms = forms.into_iter().filter(|(form, _)| *form != PatchForm::Undo || can_go_back);
        let actions = forms.map(|(form, output)| {
            let patch = patch(form);
            let (before, after) = patch.in_words();
            let target = match form {
                PatchForm::Incremental => format!("{} of every {} machine", row.title, role.in_words()),
                PatchForm::FromBase => {
                    format!("{} in the sources of {} configurations", row.title, role.in_words())
                }
                PatchForm::Undo => format!("{} of every {} machine, for rollback", row.title, role.in_words()),
            };
            let mode = if patch.key().is_some() { SECRET } else { PUBLIC };
            Action::Write(Edit {
                target,
                output,
                mode,
                source: None,
                content: FileContent::Patch(patch),
                before,
                after,
            })
        });
        let (title, gate) = match (phase, role) {
            (Phase::TrustBoth, _) => ("accept both CAs", "each of them accepts certificates of the new CA"),
            (Phase::Switch, Role::ControlPlane | Role::Hosted) => {
                ("issue with the new CA", "each of them serves a certificate of the new CA")
            }
            (Phase::Switch, Role::Worker) => {
                ("follow the new CA", "each of them serves and presents what the new CA issued")
            }
            (Phase::DropOld, _) => ("accept only the new CA", "each of them rejects certificates of the old CA"),
        };
        let title = format!("Make every {} machine {title}: {}", role.in_words(), row.title);
        let gate = Gate { proves: vec![Fact::TakenUp, Fact::Everywhere], ..gate.into() };
        let actions = actions.collect();
        self.push(phase, &format!("{api}-{}", role.folder()), Holder::Cluster, &title, actions, gate);
    }

    /// Whether all provided machines of the role have completed the phase. If none was provided, the plan includes the
    /// phase unless other machines show that it is complete.
    fn is_through(&self, row: &AuthorityRow, role: Role, phase: Phase) -> bool {
        let mut given = self.inventory.nodes.iter().filter(|node| node.role == role).peekable();
        if given.peek().is_none() {
            return !self.progress.includes(phase);
        }
        let places = [Some(row.certificate), row.accepted];
        given.all(|node| {
            let reached = places.iter().flatten().filter_map(|place| self.progress.reached(&node.name, place));
            reached.map(crate::inventory::Standing::phases).min().is_some_and(|phases| phases >= phase.number())
        })
    }

    /// The last check of a phase. Of Pods, only those of the Kubernetes API are affected.
    fn verify_logs(&mut self, phase: Phase) {
        self.push(
            phase,
            "verify-machines",
            Holder::Cluster,
            "Verify the logs of every machine",
            vec![Action::VerifyLogs(Logs::Machines)],
            "apid, trustd, etcd, the kubelet, Talos' controllers and the static Pods of every machine have logged no TLS error for two minutes",
        );
        if self.authority_changes.contains_key(&AuthorityId::Cluster) {
            let (id, title, gate) = VERIFY_PODS;
            self.push(phase, id, Holder::Cluster, title, vec![Action::VerifyLogs(Logs::Pods)], gate);
        }
    }

    fn has_old_key(&self, id: AuthorityId) -> bool {
        self.authority_changes.get(&id).is_some_and(|one| one.old_key.is_some())
    }

    /// kube-controller-manager publishes only the issuing CA in `kube-root-ca.crt`, so Pods cannot trust the new CA
    /// before it issues.
    fn pods(&mut self, row: &AuthorityRow) {
        let bundle = format!("{}/clients/{}.crt", Phase::DropOld.folder(), row.name);
        self.push(
            Phase::Switch,
            "published",
            Holder::Cluster,
            "Wait until kube-root-ca.crt contains the new CA",
            vec![Action::Cluster(ClusterAction::Published(Trust::New, bundle))],
            "kube-root-ca.crt in every namespace and ca.crt of every service account token Secret contain the new CA",
        );
        self.push(
            Phase::Switch,
            "pods",
            Holder::Cluster,
            "Restart Pods that read their CA only at startup",
            vec![Action::Cluster(ClusterAction::RestartWorkloads)],
            "every Deployment, DaemonSet and StatefulSet has rolled out after kube-root-ca.crt contained the new CA",
        );
    }

    /// Talos writes talosconfigs for Pods that trust only the issuing CA, so Pods cannot trust the new CA before it
    /// issues.
    fn talos_access(&mut self, row: &AuthorityRow) {
        let bundle = format!("{}/clients/{}.crt", Phase::DropOld.folder(), row.name);
        self.push(
            Phase::Switch,
            "talos-access",
            Holder::Cluster,
            "Restart Pods that use Talos API access",
            vec![Action::Cluster(ClusterAction::TalosAccess(bundle))],
            "the Secret of each ServiceAccount of talos.dev has the new CA, and the workloads that use it have restarted since",
        );
    }

    /// A new `secrets.yaml`. Machine configurations generated from the old one would contain the old CA.
    fn secrets(&mut self) {
        let Some(secrets) = self.inventory.own_secrets() else { return };
        let contains = |row: &&AuthorityRow| {
            let certificate = format!("{}.crt", row.secret);
            self.authority_changes.contains_key(&row.id) && secrets.places.contains(&certificate.as_str())
        };
        let rows = self.inventory.profile.authorities.iter().filter(contains);
        let ids: Vec<AuthorityId> = rows.map(|row| row.id).collect();
        if ids.is_empty() {
            return;
        }
        let source = Source { file: secrets.file.clone(), bytes: secrets.bytes.clone() };
        let edit = Edit {
            target: secrets.file.clone(),
            output: format!("{}/secrets.yaml", Phase::DropOld.folder()),
            mode: SECRET,
            source: Some(source.clone()),
            content: FileContent::Secrets(source, ids),
            before: "old CA".to_owned(),
            after: "new CA".to_owned(),
        };
        let actions = vec![
            Action::Write(edit),
            Action::person(
                "Replace your secrets.yaml by 3-drop-old/secrets.yaml, and remove accepted CAs from the sources of your machine configurations",
            ),
        ];
        let gate = "configurations generated from secrets.yaml contain the new CA";
        self.push(Phase::DropOld, "secrets", Holder::Clients, "Update secrets.yaml with the new CA", actions, gate);
    }
}

impl AuthorityRow {
    /// The API that uses the CA, as `talosctl rotate-ca` names it: `talos`, `kubernetes`.
    pub(crate) fn api(&self) -> &'static str {
        self.name.strip_suffix("-ca").unwrap_or(self.name)
    }
}

impl Role {
    /// Its folder in a phase of the package.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::ControlPlane | Self::Hosted => "control-plane",
            Self::Worker => "workers",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::ControlPlane | Self::Hosted => "control-plane",
            Self::Worker => "worker",
        }
    }
}

impl MachinePatch {
    /// Describes the configuration before and after the patch.
    fn in_words(&self) -> (String, String) {
        let words = |patch: &Self| match patch.sides() {
            (Side::Old, []) => "old CA",
            (Side::Old, _) => "old CA, new CA accepted",
            (Side::New, []) => "new CA",
            (Side::New, _) => "new CA, old CA accepted",
        };
        let other = Self { form: PatchForm::Undo, ..self.clone() };
        let forth = Self { form: PatchForm::Incremental, ..self.clone() };
        match self.form {
            PatchForm::FromBase => ("before the rotation".to_owned(), words(self).to_owned()),
            PatchForm::Incremental => (words(&other).to_owned(), words(self).to_owned()),
            PatchForm::Undo => (words(&forth).to_owned(), words(self).to_owned()),
        }
    }
}

/// Warns that Pods with Talos API access lose it for a while, because their talosconfig trusts only the issuing CA
/// (siderolabs/talos: kubeaccess/serviceaccount/crd_controller.go).
fn note_access(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
    findings: &mut Vec<Finding>,
) {
    let enabled =
        |node: &&crate::inventory::Node| node.machine.as_ref().is_some_and(|machine| machine.gives_pods_access);
    let Some(node) = inventory.nodes.iter().find(enabled) else { return };
    if authority_changes.contains_key(&AuthorityId::Talos) && progress.includes(Phase::Switch) {
        let file = node.slots.values().next().map_or("", |slot| slot.file.as_str());
        let message = format!(
            "{} gives Pods access to the Talos API. Their talosconfig trusts only the issuing CA, so they cannot reach machines from step 2-talos-control-plane until step 2-talos-access has restarted them",
            node.name
        );
        findings.push(
            Finding::warning("talos-api-access", file, message)
                .remedy("Pause what they do (etcd backups, upgrades) until step 2-talos-access is complete"),
        );
    }
}
