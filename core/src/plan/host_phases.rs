//! The steps for StarlingX, whose own tool changes the hosts phase by phase. The plan predicts the tool's changes on
//! each host, so that every connection can be simulated. The package contains the new CA and everything that the tool
//! omits.

use super::{
    model::{
        actions::{Action, ClusterAction},
        content::{Edit, FileContent},
        package_path::PackagePath,
        phase::{Phase, Side},
        steps::{Carrier, Fact, Gate, Holder},
    },
    nodes::NodePlanner,
    sequence::builder::Sequence,
};
use crate::{
    formats::sysinv,
    inventory::Node,
    plan::model::content::{PUBLIC, SECRET},
    profile::{AuthorityId, Component, SIGNING_FLAG, SIGNING_KEY_FLAG},
};

/// The package's script that calls the platform's tool.
pub(crate) const TOOL: &str = "starlingx.sh";

/// What the operator must not do while the update runs.
const FREEZE: &str = "Until the update is complete: no lock, unlock or swact, no platform or Kubernetes upgrade (the tool refuses them as well), no automatic certificate renewals: check the alarms first (fm alarm-list), back up /etc/kubernetes/pki, and plan for two rolling restarts of every Deployment, DaemonSet and StatefulSet";

/// For releases that accept no certificate: cert-manager on the controller generates the CA.
const GENERATED: &str = "If the release has no kube-rootca-update-upload-cert (releases since 2026), the controller generates the new CA: run this command instead, and give users and pipelines the CA in /etc/kubernetes/pki/ca_new.crt after the first host, not the CA of this package";

const AFTER_CARE: &str = "Alarm 900.008 is gone (fm alarm-list); back up the platform and /etc/kubernetes/pki again, because older backups contain the old CA; delete every copy of this package's rootca.pem";

impl<'a> Sequence<'a, '_> {
    /// The steps of all three phases.
    pub(super) fn host_phases(&mut self) {
        let [first, second, third] = Phase::ALL;
        self.begin(first);
        self.controllers(first, "it accepts both CAs, and signs with the new one");
        self.published(first, "Wait until kube-root-ca.crt contains both CAs");
        // Before the workers, because a worker that joins later reads its CA from here.
        self.cluster_info(first);
        self.worker_hosts(first, "it accepts both CAs");
        self.restart_pods(first, "every Deployment, DaemonSet and StatefulSet has been restarted since");
        self.clients(first);
        self.verify_logs(first);
        self.controllers(second, "it presents certificates of the new CA");
        self.cluster_info(second);
        self.worker_hosts(second, "its kubelet presents a certificate of the new CA");
        self.clients(second);
        self.signing_requests(second);
        self.verify_logs(second);
        self.everyone(second);
        self.controllers(third, "it accepts only the new CA");
        self.published(third, "Wait until kube-root-ca.crt contains only the new CA");
        self.cluster_info(third);
        self.worker_hosts(third, "it accepts only the new CA");
        self.restart_pods(third, "every Deployment, DaemonSet and StatefulSet has been restarted once more");
        self.clients(third);
        self.forget_old(third);
        self.verify_logs(third);
        self.tool(
            third,
            "complete",
            Holder::Cluster,
            "Complete the update",
            "complete",
            Vec::new(),
            "the update is complete",
        );
        let actions = vec![Action::person(AFTER_CARE), Action::Cluster(ClusterAction::NodesReady)];
        let title = "Check the alarms and take backups";
        self.push(
            third,
            "after-care",
            Holder::Cluster,
            title,
            actions,
            "every node is Ready two minutes after the last step",
        );
    }

    fn begin(&mut self, phase: Phase) {
        self.push(
            phase,
            "freeze",
            Holder::Cluster,
            "Prepare for the update",
            vec![Action::person(FREEZE)],
            "no alarm blocks the update",
        );
        let output = format!("{}/cluster/rootca.pem", phase.folder());
        let mut actions = vec![Action::Write(Edit {
            target: "the tool's new root CA".to_owned(),
            output: output.clone(),
            mode: SECRET,
            source: None,
            content: FileContent::AuthorityPair(AuthorityId::Cluster),
            before: "—".to_owned(),
            after: "new CA and its key in one file".to_owned(),
        })];
        if let Some(generate) = self.generate() {
            actions.push(Action::Do { text: GENERATED.to_owned(), command: generate });
        }
        let title = "Start the update and upload the new CA";
        self.tool(
            phase,
            "start",
            Holder::Cluster,
            title,
            &format!("start {output}"),
            actions,
            "the tool has accepted the new CA",
        );
    }

    /// The tool's command that generates a CA with the planned subject and expiry date; `None` if the CA exists already.
    fn generate(&self) -> Option<String> {
        let authority_change = self.authority_changes.get(&AuthorityId::Cluster)?;
        let (name, not_after) = authority_change.made()?;
        let subject = sysinv::text(name).replace('\'', r"'\''");
        let end = not_after.date();
        Some(format!("system kube-rootca-update-generate-cert --expiry-date {end} --subject '{subject}'"))
    }

    /// The platform's name of the phase.
    fn word(&self, phase: Phase) -> &'static str {
        self.inventory.profile.phase_words[usize::from(phase.number()) - 1]
    }

    fn controllers(&mut self, phase: Phase, gate: &str) {
        let (word, inventory) = (self.word(phase), self.inventory);
        for node in inventory.control_plane() {
            self.replacements.foresee(true);
            let mut actions = self.planner(node, phase).host_actions();
            self.replacements.foresee(false);
            actions.iter_mut().for_each(foreseen);
            let mut proves = vec![Fact::TakenUp];
            if phase == Phase::Switch {
                proves.push(Fact::Renewed);
            }
            let gate = Gate { words: gate.to_owned(), proves };
            let title = format!("Run {word} on {}", node.name);
            let command = format!("host {} {word}", PackagePath::name(&node.name));
            self.tool(phase, &node.name, Holder::Node(node.name.clone()), &title, &command, actions, gate);
        }
    }

    fn worker_hosts(&mut self, phase: Phase, gate: &str) {
        let word = self.word(phase);
        let fact = if phase == Phase::Switch { Fact::Renewed } else { Fact::Everywhere };
        let actions = self.worker_actions(phase);
        let title = format!("Run {word} on every worker");
        let gate = Gate::proving(&format!("each worker has completed it: {gate}"), fact);
        self.tool(phase, "workers", Holder::Workers, &title, &format!("workers {word}"), actions, gate);
    }

    fn worker_actions(&self, phase: Phase) -> Vec<Action> {
        if phase == Phase::Switch {
            return vec![Action::RenewKubelet];
        }
        // Users and checks read this file; the tool writes the hosts' files itself.
        let Some(mut actions) = self.worker_trust(phase) else { return Vec::new() };
        actions.push(Action::Restart(Component::Kubelet));
        actions
    }

    fn restart_pods(&mut self, phase: Phase, gate: &str) {
        let word = self.word(phase);
        let actions = vec![Action::Cluster(ClusterAction::RestartWorkloads)];
        let title = "Have the tool restart Pods that read their CA only at startup";
        self.tool(phase, "pods", Holder::Cluster, title, &format!("pods {word}"), actions, gate);
    }

    #[allow(clippy::too_many_arguments)] // a step's fields
    fn tool(
        &mut self,
        phase: Phase,
        id: &str,
        holder: Holder,
        title: &str,
        command: &str,
        actions: Vec<Action>,
        gate: impl Into<Gate>,
    ) {
        let run = format!("sh {TOOL} {command}");
        let carrier = Carrier::Tool { at: Holder::Cluster, gate: format!("{run} --check"), run };
        self.push_for(carrier, phase, id, holder, title, actions, gate);
    }
}

/// Removes the path in the package from a write that the tool performs.
fn foreseen(action: &mut Action) {
    if let Action::Write(edit) = action {
        edit.output = String::new();
    }
}

impl NodePlanner<'_, '_> {
    /// The tool's actions on a controller in the phase, in the tool's order
    /// (starlingx/stx-puppet: modules/platform/manifests/kubernetes.pp).
    fn host_actions(&mut self) -> Vec<Action> {
        let profile = self.inventory.profile;
        let Some(row) = profile.authority(AuthorityId::Cluster) else { return Vec::new() };
        let signing = &profile.signing;
        let id = AuthorityId::Cluster;
        let mut actions = Vec::new();
        match self.phase {
            Phase::TrustBoth => {
                let content = FileContent::Signing(id, Side::New);
                actions.push(self.write(signing.certificate, PUBLIC, None, content, "—", "new CA"));
                actions.push(self.write(
                    signing.key,
                    SECRET,
                    None,
                    FileContent::AuthorityKey(id),
                    "—",
                    "key of new CA",
                ));
                actions.extend(self.trust());
                // SIGHUP ends the API server and the kubelet restarts it, so it accepts both CAs before the new CA
                // signs.
                actions.push(Action::Restart(Component::Apiserver));
                actions.extend(self.kubeconfigs());
                actions.extend(self.sign_with(signing.certificate, signing.key));
            }
            Phase::Switch => {
                actions.extend(self.leaves());
                let mut kubeconfigs = self.kubeconfigs();
                kubeconfigs.iter_mut().for_each(keep_order);
                actions.extend(kubeconfigs);
                actions.push(self.foreseen_kubelet());
                // The tool checks only the first certificate.
                actions.extend(self.trust());
            }
            Phase::DropOld => {
                let content = FileContent::AuthorityKey(id);
                actions.push(self.write(row.key, SECRET, None, content, "key of old CA", "key of new CA"));
                actions.extend(self.trust());
                actions.push(Action::Restart(Component::Apiserver));
                actions.extend(self.kubeconfigs());
                actions.extend(self.sign_with(row.certificate, row.key));
            }
        }
        actions.extend([Component::ControllerManager, Component::Scheduler, Component::Kubelet].map(Action::Restart));
        if self.phase == Phase::DropOld {
            let remove = |target: &str| Action::Remove { target: target.to_owned(), before: "new CA".to_owned() };
            actions.extend([signing.certificate, signing.key].map(remove));
        }
        actions
    }

    /// The manifest of kube-controller-manager with other signing files.
    fn sign_with(&self, certificate: &str, key: &str) -> Vec<Action> {
        let Some(path) = self.inventory.profile.manifest(Component::ControllerManager) else { return Vec::new() };
        let flags = [(SIGNING_FLAG, certificate), (SIGNING_KEY_FLAG, key)];
        match self.manifest() {
            Some((slot, before)) => {
                let flags = flags.map(|(flag, value)| (flag, value.to_owned())).to_vec();
                let content = FileContent::Manifest(slot.into(), flags);
                let words = |file: &str| format!("signs from {file}");
                vec![self.write(path, SECRET, Some(slot.into()), content, &words(&before), &words(certificate))]
            }
            None => {
                let set = |(flag, value): (&'static str, &str)| Action::SetFlag {
                    component: Component::ControllerManager,
                    flag,
                    from: String::new(),
                    to: value.to_owned(),
                };
                flags.map(set).into()
            }
        }
    }

    /// The kubelet's certificate, which the tool issues.
    fn foreseen_kubelet(&mut self) -> Action {
        let path = self.inventory.profile.kubelet_client();
        let node: &Node = self.node;
        let owner = format!("{}: kubelet", node.name);
        let id = node.certificates(path).first().and_then(|leaf| self.replacements.of(leaf, &owner, false));
        id.map_or(Action::RenewKubelet, |id| {
            let (before, after) = ("certificate of old CA", "certificate of new CA");
            self.write(path, SECRET, None, FileContent::Credential(id), before, after)
        })
    }
}

/// In update-certs, the tool reverses the order of the CAs in admin.conf only, so the others keep phase 1's order.
fn keep_order(action: &mut Action) {
    if let Action::Write(Edit { target, content: FileContent::Kubeconfig(_, change), after, .. }) = action
        && !target.ends_with("/admin.conf")
    {
        change.order = Phase::TrustBoth.trust();
        *after = super::clients::after(change, Phase::Switch);
    }
}
