//! The ordered list of steps. The order was tested on a real cluster. Without any one of the barriers, a connection
//! broke there.

mod backup;
pub(super) mod builder;
mod cluster_api;
mod replace;
mod tokens;
mod verify;

use std::collections::BTreeMap;

pub(super) use self::replace::check as check_workers;

use self::builder::{LIST_CONTROL_PLANES, Sequence};
use super::{
    kubelet_authority::KubeletAuthority,
    model::{
        actions::{Action, ClusterAction},
        authorities::AuthorityChange,
        consumers::Consumers,
        content::{Edit, FileContent},
        phase::Phase,
        request::{KubeletCertificates, RotationRequest, Workers},
        steps::{Carrier, Fact, Gate, Holder, Step},
    },
    nodes::NodePlanner,
    nodes_without_input::WithoutInputPlanner,
    objects,
    progress::Progress,
    replacements::Replacements,
    signing_requests,
};
use crate::{
    finding::Finding,
    inventory::{Inventory, Node, Role},
    plan::model::content::PUBLIC,
    profile::{AuthorityId, Component, RotationMethod},
    time::UnixTime,
};

/// What the operator must not do during the rotation.
const FREEZE: &str = "Until the rotation is over: no kubeadm join of control planes, no upgrade, no `kubeadm certs renew`; stop the cluster autoscaler and MachineHealthChecks, GitOps reconciliation of the objects in this package, and node image builds";

/// The action for a worker whose files were not provided, once API servers reject its current certificate.
const NOT_GIVEN: &str = "This package has no certificate for a worker whose files were not provided: reset it and join it again (kubeadm reset, then kubeadm join with the new CA's pin)";

/// Every step of the rotation, in order.
#[allow(clippy::too_many_arguments)] // the fields of `Sequence`, and findings
pub(super) fn sequence<'a>(
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'a>,
    replacements: &mut Replacements<'a>,
    consumers: &'a Consumers,
    kubelet_authority: &'a KubeletAuthority,
    at_once: bool,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    objects::note_cluster_info(inventory, authority_changes, findings);
    let requests = signing_requests::admitted(inventory, authority_changes.get(&AuthorityId::Cluster), findings);
    let steps = Vec::new();
    let mut sequence = Sequence {
        inventory,
        request,
        authority_changes,
        progress,
        replacements,
        consumers,
        kubelet_authority,
        requests,
        at_once,
        now,
        steps,
    };
    match (inventory.profile.course, &inventory.tenant) {
        (RotationMethod::HostPhases, _) => sequence.host_phases(),
        (_, Some(tenant)) if at_once => sequence.at_once(tenant),
        _ => {
            sequence.freeze();
            sequence.trust_both();
            sequence.switch();
            sequence.drop_old();
        }
    }
    if inventory.profile.course == RotationMethod::NodeFiles {
        backup::insert(&mut sequence.steps);
        cluster_api::explain_pause(&mut sequence.steps);
        sequence.check_pauses(findings);
    }
    sequence.steps
}

impl<'a> Sequence<'a, '_> {
    /// The freeze, before the first remaining phase.
    fn freeze(&mut self) {
        let phase = self.progress.first();
        if let Some(tenant) = &self.inventory.tenant {
            return self.freeze_hosted(tenant, phase);
        }
        let freeze = vec![Action::person(FREEZE), Action::Cluster(ClusterAction::ForgetUploadedCertificates)];
        self.push(
            phase,
            "freeze",
            Holder::Cluster,
            "Freeze changes",
            freeze,
            "no node joins, no upgrade and no certificate renewal until the rotation is complete",
        );
        self.pause(phase);
    }

    fn trust_both(&mut self) {
        let phase = Phase::TrustBoth;
        self.nodes(phase);
        if !self.progress.includes(phase) {
            return;
        }
        if self.rotates_cluster() {
            self.published(phase, "Wait until kube-root-ca.crt contains both CAs");
            // Before the workers, because a worker that joins later reads its CA from here.
            self.cluster_info(phase);
            self.workers(phase);
            self.pods(phase);
        }
        self.clients(phase);
        self.management_kubeconfigs(phase);
        if self.authority_changes.contains_key(&AuthorityId::FrontProxy) {
            self.push(
                phase,
                "authentication",
                Holder::Cluster,
                "Wait until extension-apiserver-authentication contains both front-proxy CAs",
                vec![Action::Cluster(ClusterAction::ExtensionTrust)],
                "the ConfigMap extension-apiserver-authentication also contains the new front-proxy CA",
            );
        }
        self.verify_logs(phase);
    }

    fn switch(&mut self) {
        let phase = Phase::Switch;
        self.nodes(phase);
        if !self.progress.includes(phase) {
            return;
        }
        if self.rotates_cluster() {
            self.published(phase, "Wait until a kube-controller-manager with the new CA leads");
            self.kubelets();
            self.cluster_info(phase);
            self.workers(phase);
            self.readers(phase);
        }
        self.clients(phase);
        self.signing_requests(phase);
        self.management_kubeconfigs(phase);
        self.verify_logs(phase);
        self.everyone(phase);
    }

    fn drop_old(&mut self) {
        let phase = Phase::DropOld;
        // New machines read their CA from cluster-info, so it changes before machines are replaced; for a tenant, after
        // the API server has changed.
        let hosted = self.inventory.tenant.is_some();
        self.authorities(phase);
        if self.rotates_cluster() && !hosted {
            self.cluster_info(phase);
        }
        self.roll_out(phase);
        self.nodes(phase);
        if self.rotates_cluster() {
            self.published(phase, "Wait until kube-root-ca.crt contains only the new CA");
            if hosted {
                self.cluster_info(phase);
            }
            self.workers(phase);
        }
        self.clients(phase);
        self.management_kubeconfigs(phase);
        self.forget_old(phase);
        self.pods(phase);
        self.verify_logs(phase);
        self.after_care(phase);
    }

    /// The confirmation, before the old CA is removed, that no client presents an old certificate any more.
    pub(super) fn everyone(&mut self, phase: Phase) {
        if !self.rotates_cluster() {
            return;
        }
        let fate = if phase == Phase::DropOld { "is locked out" } else { "is locked out by phase 3" };
        self.push(
            phase,
            "everyone",
            Holder::Cluster,
            "Confirm that no client presents an old certificate",
            vec![
                Action::person(&format!(
                    "Ask the owner of every credential: a client that still presents a certificate of the old CA {fate}"
                )),
                Action::Cluster(ClusterAction::NodesReady),
            ],
            Gate::proving(
                "every node is Ready, and every user and pipeline has confirmed that it uses a credential of the new CA",
                Fact::Confirmed,
            ),
        );
    }

    /// Removes the old CAs from extension-apiserver-authentication, to which API servers only ever add CAs.
    pub(super) fn forget_old(&mut self, phase: Phase) {
        let rotated = self.authority_changes.keys().copied().collect();
        self.push(
            phase,
            "authentication",
            Holder::Cluster,
            "Remove the old CA from extension-apiserver-authentication",
            vec![Action::Cluster(ClusterAction::ForgetOld(rotated))],
            "the ConfigMap extension-apiserver-authentication exists again and contains only the new CA",
        );
    }

    /// Restarts Pods, because many programs read the CA only at their start.
    pub(super) fn pods(&mut self, phase: Phase) {
        if !self.rotates_cluster() {
            return;
        }
        let (title, gate) = match phase {
            Phase::TrustBoth | Phase::Switch => (
                "Restart Pods that read their CA only at startup",
                "every Deployment, DaemonSet and StatefulSet has rolled out after kube-root-ca.crt contained both CAs",
            ),
            Phase::DropOld => (
                "Restart Pods again, so that they trust only the new CA",
                "every Deployment, DaemonSet and StatefulSet has rolled out in this phase",
            ),
        };
        let actions = vec![Action::Cluster(ClusterAction::RestartWorkloads)];
        self.push(phase, "pods", Holder::Cluster, title, actions, gate);
    }

    /// Workloads that read a credential from a file of their node, such as a cloud-controller-manager.
    fn readers(&mut self, phase: Phase) {
        let workloads = self.consumers.presenting_workloads();
        if workloads.is_empty() {
            return;
        }
        let title = "Restart workloads that read files of the nodes";
        let gate = "each of them has rolled out since the nodes' files changed";
        let actions = vec![Action::Cluster(ClusterAction::RestartReaders(workloads))];
        self.push(phase, "readers", Holder::Cluster, title, actions, gate);
    }

    pub(super) fn after_care(&mut self, phase: Phase) {
        self.push(
            phase,
            "after-care",
            Holder::Cluster,
            "Take new backups and end the freeze",
            vec![Action::person(self.after_care_words()), Action::Cluster(ClusterAction::NodesReady)],
            self.after_care_gate(),
        );
    }

    pub(super) fn push(
        &mut self,
        phase: Phase,
        id: &str,
        holder: Holder,
        title: &str,
        actions: Vec<Action>,
        gate: impl Into<Gate>,
    ) {
        self.push_for(Carrier::Package, phase, id, holder, title, actions, gate);
    }

    #[allow(clippy::too_many_arguments)] // a step's fields
    pub(super) fn push_for(
        &mut self,
        carrier: Carrier,
        phase: Phase,
        id: &str,
        holder: Holder,
        title: &str,
        actions: Vec<Action>,
        gate: impl Into<Gate>,
    ) {
        self.steps.push(Step::new(carrier, phase, id, holder, title, actions, gate));
    }

    pub(super) fn steps_mut(&mut self) -> &mut [Step] {
        &mut self.steps
    }

    pub(super) fn rotates_cluster(&self) -> bool {
        self.authority_changes.contains_key(&AuthorityId::Cluster)
    }

    /// A step for each control-plane node.
    fn nodes(&mut self, phase: Phase) {
        let inventory = self.inventory;
        if let Some(tenant) = &inventory.tenant {
            return self.hosted(tenant, phase);
        }
        for node in inventory.control_plane() {
            if self.progress.is_node_through(node, phase) {
                continue;
            }
            let mut actions: Vec<_> = self.rolled_out(phase).into_iter().collect();
            actions.extend(self.planner(node, phase).actions());
            let (title, gate) = match phase {
                Phase::TrustBoth => ("accept both CAs", "its API server accepts credentials of the new CA"),
                Phase::Switch => ("use the new CA", "its API server serves a certificate of the new CA"),
                Phase::DropOld => ("accept only the new CA", "its API server rejects credentials of the old CA"),
            };
            let title = format!("Make {} {title}", node.name);
            let gate = Gate::proving(gate, Fact::TakenUp);
            self.push(phase, &node.name, Holder::Node(node.name.clone()), &title, actions, gate);
        }
        if inventory.control_plane().next().is_none() && self.progress.is_left_unseen(phase) {
            self.unseen_nodes(phase);
        }
    }

    /// One step for all control-plane nodes, if none was provided.
    fn unseen_nodes(&mut self, phase: Phase) {
        let restart = self.kubelet_authority.restart(None, phase, self.is_late(None, phase));
        let profile = self.inventory.profile;
        let planner = WithoutInputPlanner { profile, authority_changes: self.authority_changes, restart, phase };
        let mut actions: Vec<_> = self.rolled_out(phase).into_iter().collect();
        actions.push(Action::Do {
            text: "List the control-plane nodes".to_owned(),
            command: LIST_CONTROL_PLANES.to_owned(),
        });
        actions.extend(planner.actions());
        let (title, gate) = match phase {
            Phase::TrustBoth => ("accept both CAs", "each API server has read both CAs"),
            Phase::Switch => ("use the new CA", "each API server serves a certificate of the new CA"),
            Phase::DropOld => ("accept only the new CA", "each API server rejects credentials of the old CA"),
        };
        let title = format!("Make every control-plane node {title}");
        let gate = Gate { words: gate.to_owned(), proves: vec![Fact::Everywhere, Fact::TakenUp] };
        self.push(phase, "control-plane", Holder::ControlPlanes, &title, actions, gate);
    }

    pub(super) fn planner(&mut self, node: &'a Node, phase: Phase) -> NodePlanner<'a, '_> {
        let restart = self.kubelet_authority.restart(Some(node), phase, self.is_late(Some(node), phase));
        NodePlanner {
            inventory: self.inventory,
            request: self.request,
            authority_changes: self.authority_changes,
            progress: self.progress,
            replacements: self.replacements,
            consumers: self.consumers,
            restart,
            node,
            phase,
        }
    }

    /// Whether the node has completed phase 1 before the package's first step. `None`: nodes that were not provided.
    fn is_late(&self, node: Option<&Node>, phase: Phase) -> bool {
        let is_through = match node {
            Some(node) => self.progress.is_node_through(node, Phase::TrustBoth),
            None => !self.progress.is_left_unseen(Phase::TrustBoth),
        };
        phase == Phase::Switch && self.progress.has_begun() && is_through
    }

    /// The barrier for `kube-root-ca.crt`. The leading kube-controller-manager publishes its own CA file, so equality
    /// with this phase's bundle proves that it uses the new file.
    pub(super) fn published(&mut self, phase: Phase, title: &str) {
        let gate = "kube-root-ca.crt in every namespace and ca.crt of every service account token Secret contain exactly this phase's CAs";
        let file = format!("{}/workers/ca.crt", phase.folder());
        let actions = vec![Action::Cluster(ClusterAction::Published(phase.trust(), file))];
        self.push(phase, "published", Holder::Cluster, title, actions, gate);
    }

    /// The client certificates of kubelets on control-plane nodes.
    fn kubelets(&mut self) {
        let inventory = self.inventory;
        let current = inventory.profile.kubelet_client();
        for node in inventory.control_plane().filter(|node| node.role == Role::ControlPlane) {
            let serving = self.kubelet_authority.renewal(inventory, Some(node));
            let mut actions = Vec::new();
            if !self.progress.has_renewed(node, current) {
                let now = self.now;
                actions = self.planner(node, Phase::Switch).kubelet_credential(now);
                if actions.is_empty() {
                    actions.push(Action::RenewKubelet);
                }
            } else if serving.is_empty() {
                continue;
            }
            let gate = renewed("the kubelet's certificate is signed by the new CA", &serving);
            actions.extend(serving);
            let id = format!("{}-kubelet", node.name);
            let title = format!("Give the kubelet of {} a certificate of the new CA", node.name);
            self.push(Phase::Switch, &id, Holder::Node(node.name.clone()), &title, actions, gate);
        }
        if inventory.control_plane().next().is_none() {
            let title = "Give the kubelet of every control-plane node a certificate of the new CA";
            let serving = self.kubelet_authority.renewal(inventory, None);
            let gate = renewed("each kubelet's certificate is signed by the new CA", &serving);
            let actions = [Action::RenewKubelet].into_iter().chain(serving).collect();
            self.push(Phase::Switch, "control-plane-kubelet", Holder::ControlPlanes, title, actions, gate);
        }
    }

    /// The trusted CAs of a worker in the phase: `ca.crt` and the CA data of its kubelet.conf. `None` without a cluster
    /// CA.
    pub(super) fn worker_trust(&self, phase: Phase) -> Option<Vec<Action>> {
        let profile = self.inventory.profile;
        let row = profile.authority(AuthorityId::Cluster)?;
        let order = phase.trust();
        let write = Action::Write(Edit {
            target: row.certificate.to_owned(),
            output: format!("{}/workers/ca.crt", phase.folder()),
            mode: PUBLIC,
            source: None,
            content: FileContent::Trust(AuthorityId::Cluster, order),
            before: phase.trusted_before().to_owned(),
            after: order.to_string(),
        });
        let kubelet_conf = profile.kubelet_conf().map(|row| Action::TrustInKubeconfig(row.name));
        Some([write].into_iter().chain(kubelet_conf).collect())
    }

    /// The step for all workers, whether or not their files were provided.
    pub(super) fn workers(&mut self, phase: Phase) {
        if phase == Phase::DropOld && self.request.workers == Workers::Replace {
            return self.replaced_workers(phase);
        }
        let inventory = self.inventory;
        let Some(mut actions) = self.worker_trust(phase) else { return };
        for node in inventory.workers() {
            actions.extend(self.planner(node, phase).own_trust_of_worker());
        }
        let mut minted = false;
        let switches = phase == Phase::Switch || (self.at_once && phase == Phase::DropOld);
        for node in inventory.workers() {
            if switches {
                let now = self.now;
                let credential = self.planner(node, phase).kubelet_credential(now);
                minted |= !credential.is_empty();
                actions.extend(credential);
                actions.extend(self.planner(node, phase).serving_certificate());
            }
            if inventory.embeds_kubelet_credential(node) {
                actions.extend(self.planner(node, phase).kubeconfigs());
            }
        }
        actions.push(Action::Restart(Component::Kubelet));
        let renews = self.request.kubelet_certificates == KubeletCertificates::Renew;
        let mut serving = Vec::new();
        if phase == Phase::Switch {
            if renews || !minted {
                actions.push(Action::RenewKubelet);
            }
            // For nodes that were not provided: a worker may have joined since the files were collected.
            serving = self.kubelet_authority.renewal(inventory, None);
        }
        let (title, gate) = match phase {
            Phase::TrustBoth => ("Make every worker accept both CAs", "ca.crt and kubelet.conf contain both CAs"),
            Phase::Switch => (
                "Give every worker's kubelet a certificate of the new CA",
                "the kubelet's certificate is signed by the new CA",
            ),
            Phase::DropOld => {
                ("Make every worker accept only the new CA", "ca.crt and kubelet.conf contain only the new CA")
            }
        };
        let mut gate = match phase {
            Phase::Switch => renewed(gate, &serving),
            Phase::TrustBoth | Phase::DropOld => Gate::proving(gate, Fact::Everywhere),
        };
        actions.extend(serving);
        if self.at_once && switches {
            actions.push(Action::person(NOT_GIVEN));
            gate.proves.push(Fact::Renewed);
        }
        self.push(phase, "workers", Holder::Workers, title, actions, gate);
    }

    pub(super) fn cluster_info(&mut self, phase: Phase) {
        if let Some(action) =
            objects::cluster_info(self.inventory, phase, self.authority_changes, self.progress, self.replacements)
        {
            let gate =
                "the ConfigMap contains this phase's CAs, and the bootstrap signer has signed it for every token";
            let title = "Update cluster-info (kubeadm join)";
            self.push(phase, "cluster-info", Holder::Cluster, title, vec![action], everywhere(gate, phase));
        }
    }

    pub(super) fn clients(&mut self, phase: Phase) {
        if !self.rotates_cluster() {
            return;
        }
        let mut actions =
            objects::clients(self.inventory, phase, self.authority_changes, self.progress, self.replacements);
        if let Some(authority_change) = self.authority_changes.get(&AuthorityId::Cluster) {
            actions.extend(objects::ca_bundle_changes(self.inventory, phase, authority_change));
        }
        actions.extend(self.taken_out(phase));
        if phase != Phase::Switch {
            actions.push(self.copies_of_token_secrets());
        }
        actions.push(Action::person(match phase {
            Phase::TrustBoth => {
                "Update every kubeconfig of this cluster to trust both CAs: users, CI, Argo CD, monitoring, backup tools"
            }
            Phase::Switch => "Replace every client certificate of the old CA",
            Phase::DropOld => "Update every kubeconfig of this cluster to trust only the new CA",
        }));
        // For kubeconfigs that were not provided, step 2-everyone asks for confirmation.
        let is_proof = phase != Phase::Switch || actions.iter().any(|action| matches!(action, Action::Write(_)));
        let words = "every user and pipeline has confirmed it";
        let gate = if is_proof { Gate::proving(words, Fact::Everywhere) } else { words.into() };
        self.push(phase, "clients", Holder::Clients, "Distribute new kubeconfigs", actions, gate);
    }

    /// The certificates for provided CSRs, once every kube-controller-manager signs with the new CA.
    pub(super) fn signing_requests(&mut self, phase: Phase) {
        let actions = signing_requests::answers(&self.requests, phase, self.replacements);
        if !actions.is_empty() {
            let title = "Deliver the requested certificates";
            self.push(
                phase,
                "requests",
                Holder::Clients,
                title,
                actions,
                "each requester presents the new certificate",
            );
        }
    }

    fn management_kubeconfigs(&mut self, phase: Phase) {
        let actions = objects::management_kubeconfigs(
            self.inventory,
            phase,
            self.authority_changes,
            self.progress,
            self.replacements,
        );
        if !actions.is_empty() {
            let title = match phase {
                Phase::TrustBoth => "Make the management cluster trust both CAs",
                Phase::Switch => "Give the management cluster a credential of the new CA",
                Phase::DropOld => "Make the management cluster trust only the new CA",
            };
            let gate = "the Secret contains this phase's kubeconfig, and the Cluster stays reachable";
            self.push(phase, "kubeconfig", Holder::Management, title, actions, Gate::proving(gate, Fact::Everywhere));
        }
    }
}

/// The check that kubelets have renewed their client certificates, and with `serving` their serving certificates too.
fn renewed(words: &str, serving: &[Action]) -> Gate {
    let mut gate = Gate::proving(words, Fact::Renewed);
    if !serving.is_empty() {
        gate.words += ", and so is its serving certificate if it requests one";
        gate.proves.push(Fact::ServingRenewed);
    }
    gate
}

/// The check of a trust bundle. In phase 2 it proves no fact, because the bundles of phases 1 and 2 contain the same
/// CAs.
fn everywhere(words: &str, phase: Phase) -> Gate {
    if phase == Phase::Switch { words.into() } else { Gate::proving(words, Fact::Everywhere) }
}
