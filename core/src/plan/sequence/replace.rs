//! Workers that are replaced in phase 3 instead of being reconfigured (kubernetes.io: Manual Rotation of CA
//! Certificates, step 12, last sentence).
//!
//! Phases 1 and 2 reconfigure them in any case: a worker that trusts only the old CA cannot connect to API servers that
//! present a certificate of the new CA. A machine that joins in phase 3 reads only the new CA from cluster-info, and
//! the new CA issues its kubelet's certificate.

use super::builder::Sequence;
use crate::{
    finding::Finding,
    inventory::Inventory,
    plan::{
        model::{
            actions::{Action, ClusterAction},
            content::{Edit, FileContent, PUBLIC},
            phase::Phase,
            request::{RotationRequest, Workers},
            steps::{Fact, Gate, Holder},
        },
        possible::joins_by_cluster_info,
    },
    profile::{AuthorityId, Component},
};

/// How a machine joins with the new CA's pin.
const JOIN: &str = "On a control-plane node (for a hosted control plane: wherever kubeadm reaches the tenant with --kubeconfig) create a bootstrap token and the command with which machines join: it names the new CA's pin, and the token is valid for 24 hours. Run it on each new machine, or put token and pin into the template from which machines are created. Machines that Cluster API or an autoscaler creates join without this command; the step then only removes the old machines";

const JOIN_COMMAND: &str = "kubeadm token create --ttl 24h --print-join-command";

/// Refuses to replace workers if they do not join through cluster-info, or if the old workers do not work until phase 3.
pub(crate) fn check(inventory: &Inventory, request: &RotationRequest, at_once: bool, findings: &mut Vec<Finding>) {
    let joins = joins_by_cluster_info(inventory.profile.course) && !at_once;
    if request.workers == Workers::Replace && !joins {
        let message = "workers cannot be replaced in this rotation: its workers do not join with kubeadm, or both CAs are never accepted together";
        let remedy = "Have them reconfigured (--workers reconfigure)";
        findings.push(Finding::error("workers-not-replaceable", "", message).remedy(remedy));
    }
}

impl Sequence<'_, '_> {
    /// New workers join in phase 3, and the old ones are removed.
    pub(super) fn replaced_workers(&mut self, phase: Phase) {
        let Some(row) = self.inventory.profile.authority(AuthorityId::Cluster) else { return };
        let order = phase.trust();
        let mut actions = vec![
            Action::Do { text: JOIN.to_owned(), command: JOIN_COMMAND.to_owned() },
            Action::Cluster(ClusterAction::ReplaceWorkers),
            // The CA file of a machine that joins now. Scripts of other holders read this file, too.
            Action::Write(Edit {
                target: row.certificate.to_owned(),
                output: format!("{}/workers/ca.crt", phase.folder()),
                mode: PUBLIC,
                source: None,
                content: FileContent::Trust(AuthorityId::Cluster, order),
                before: phase.trusted_before().to_owned(),
                after: order.to_string(),
            }),
        ];
        actions.extend(self.inventory.profile.kubelet_conf().map(|row| Action::TrustInKubeconfig(row.name)));
        actions.push(Action::Restart(Component::Kubelet));
        actions.push(Action::person(
            "Rolling back phase 3 does not change these workers. Before you roll back phase 2, replace them again: they trust only the new CA",
        ));
        let gate = "every worker joined after cluster-info contained only the new CA";
        let gate = Gate::proving(gate, Fact::Everywhere);
        self.push(phase, "workers", Holder::Workers, "Replace every worker", actions, gate);
    }
}
