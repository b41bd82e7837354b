//! The one ordered list of steps. The order was carried out on a real cluster; each barrier stands
//! where leaving it out was seen to break something.

use std::collections::BTreeMap;

use super::{
    Action, Content, Edit, Gate, Holder, KubeletCertificates, Phase, RotationRequest, Step, Succession, Trust,
    nodes::NodePlanner, objects, replacements::Replacements,
};
use crate::{
    Finding, UnixTime,
    inventory::{Inventory, Node, ObjectRole},
    profile::{AuthorityId, Component, SecretContent},
};

/// Restarting everything that keeps the CA in memory since its start: client-go before 1.36 reads the
/// CA file once (kubernetes/kubernetes#119483).
const RESTART_PODS: &str = "for namespace in $(kubectl get namespaces -o jsonpath='{.items[*].metadata.name}'); do\n  kubectl -n \"$namespace\" rollout restart deployments,daemonsets,statefulsets\ndone";

/// The kubelet asks for a new certificate as itself: its present credential goes into kubelet.conf, its
/// files go away, and it renews at once. No key leaves the node.
const RENEW_KUBELET: &str = r#"(
set -eu
umask 077
conf=/etc/kubernetes/kubelet.conf pki=/var/lib/kubelet/pki work=/var/lib/kubelet/.airlock
mkdir -p "$work"
cp -p "$conf" "$work/kubelet.conf"
cp -L "$pki/kubelet-client-current.pem" "$work/client.pem"
data=$(base64 -w0 < "$work/client.pem")
sed -e "s|client-certificate: .*|client-certificate-data: $data|" -e "s|client-key: .*|client-key-data: $data|" "$work/kubelet.conf" > "$work/embedded.conf"
cp "$work/embedded.conf" "$conf"
rm -f "$pki"/kubelet-client-*.pem
systemctl restart kubelet
tries=60
while [ ! -s "$pki/kubelet-client-current.pem" ] && [ "$tries" -gt 0 ]; do sleep 2; tries=$((tries - 1)); done
if [ ! -s "$pki/kubelet-client-current.pem" ]; then
  cp "$work/client.pem" "$pki/kubelet-client-current.pem"
  cp -p "$work/kubelet.conf" "$conf"
  systemctl restart kubelet
  echo "no new certificate came; the old one is back" >&2
  exit 1
fi
cp -p "$work/kubelet.conf" "$conf"
rm -rf "$work"
)"#;

/// Builds the list.
struct Sequence<'a, 'b> {
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    successions: &'a BTreeMap<AuthorityId, Succession>,
    replacements: &'b mut Replacements<'a>,
    now: UnixTime,
    steps: Vec<Step>,
}

/// Every step of the rotation, in order.
pub(super) fn sequence<'a>(
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    successions: &'a BTreeMap<AuthorityId, Succession>,
    replacements: &mut Replacements<'a>,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    objects::note_cluster_info(inventory, successions, findings);
    let mut sequence = Sequence { inventory, request, successions, replacements, now, steps: Vec::new() };
    sequence.trust_both();
    sequence.switch();
    sequence.drop_old();
    sequence.steps
}

impl<'a> Sequence<'a, '_> {
    fn rotates_cluster(&self) -> bool {
        self.successions.contains_key(&AuthorityId::Cluster)
    }

    /// Is there a management cluster that rolls machines?
    fn managed(&self) -> bool {
        self.inventory.objects.iter().any(|stored| matches!(stored.role, ObjectRole::Secret(_)))
    }

    fn trust_both(&mut self) {
        let phase = Phase::TrustBoth;
        self.push(
            phase,
            "freeze",
            Holder::Cluster,
            "Freeze what would undo the rotation",
            vec![freeze()],
            Gate::new("nobody joins, upgrades or renews until the rotation is over", ""),
        );
        if self.managed() {
            let action = Action::Do {
                text: "Pause Cluster API and its health checks, so that no machine is replaced half-way".to_owned(),
                command: self.pause(true),
            };
            self.push(
                phase,
                "pause",
                Holder::Management,
                "Pause the management cluster's controllers",
                vec![action],
                Gate::new("the Cluster is paused", ""),
            );
        }
        self.nodes(phase);
        if self.rotates_cluster() {
            self.push(
                phase,
                "published",
                Holder::Cluster,
                "Wait until pods are given both CAs",
                Vec::new(),
                published(phase),
            );
            self.workers(phase);
        }
        self.cluster_info(phase);
        if self.rotates_cluster() {
            let action = Action::Do {
                text: "Restart the pods that read their CA once, at their start".to_owned(),
                command: RESTART_PODS.to_owned(),
            };
            self.push(
                phase,
                "pods",
                Holder::Cluster,
                "Restart pods that talk to the API server",
                vec![action],
                Gate::new("every pod has started after kube-root-ca.crt held both CAs", ""),
            );
        }
        self.clients(phase);
        self.management_kubeconfigs(phase);
    }

    fn switch(&mut self) {
        let phase = Phase::Switch;
        self.nodes(phase);
        self.push(
            phase,
            "served",
            Holder::Cluster,
            "Check that every API server serves a certificate of the new CA",
            Vec::new(),
            self.served(),
        );
        if self.rotates_cluster() {
            self.push(
                phase,
                "published",
                Holder::Cluster,
                "Wait until a controller-manager with the new CA leads",
                Vec::new(),
                published(phase),
            );
            self.kubelets();
            self.workers(phase);
        }
        self.cluster_info(phase);
        self.clients(phase);
        self.management_kubeconfigs(phase);
        self.push(
            phase,
            "everyone",
            Holder::Cluster,
            "Confirm that nobody presents an old certificate any more",
            Vec::new(),
            Gate::new("every node, person and pipeline uses a credential of the new CA; whoever does not is locked out by phase 3, kubelets within a minute", self.renewed()),
        );
    }

    fn drop_old(&mut self) {
        let phase = Phase::DropOld;
        let authorities = objects::management_authorities(self.inventory, self.successions);
        if !authorities.is_empty() {
            self.push(
                phase,
                "authorities",
                Holder::Management,
                "Give the management cluster the new CA pairs",
                authorities,
                Gate::new("the Secrets hold the new CA alone", ""),
            );
        }
        self.management_kubeconfigs(phase);
        self.nodes(phase);
        if self.rotates_cluster() {
            self.push(
                phase,
                "published",
                Holder::Cluster,
                "Wait until pods are given the new CA alone",
                Vec::new(),
                published(phase),
            );
            self.workers(phase);
        }
        self.cluster_info(phase);
        self.clients(phase);
        let forget = Action::Do {
            text: "The ConfigMap extension-apiserver-authentication is a union that never forgets an unexpired CA: delete it once, an API server writes it anew".to_owned(),
            command: "kubectl -n kube-system delete configmap extension-apiserver-authentication".to_owned(),
        };
        self.push(
            phase,
            "authentication",
            Holder::Cluster,
            "Make extension API servers forget the old CA",
            vec![forget],
            Gate::new(
                "the ConfigMap is there again and holds the new CA alone",
                "kubectl -n kube-system get configmap extension-apiserver-authentication",
            ),
        );
        if self.rotates_cluster() {
            let action = Action::Do {
                text: "Restart pods once more, at leisure: those that run still trust the old CA as well".to_owned(),
                command: RESTART_PODS.to_owned(),
            };
            self.push(
                phase,
                "pods",
                Holder::Cluster,
                "Restart pods so that they forget the old CA",
                vec![action],
                Gate::new("no pod is older than this phase", ""),
            );
        }
        if self.managed() {
            let action = Action::Do {
                text: "Resume Cluster API, then let it replace control-plane machines first and workers after"
                    .to_owned(),
                command: self.pause(false),
            };
            self.push(
                phase,
                "roll-out",
                Holder::Management,
                "Resume Cluster API and roll machines out",
                vec![action],
                Gate::new("every machine is Ready and was made after the Secrets changed", ""),
            );
        }
        self.push(
            phase,
            "after-care",
            Holder::Cluster,
            "Take fresh backups and lift the freeze",
            vec![after_care()],
            Gate::new("there is an etcd snapshot from after this phase", ""),
        );
    }

    fn push(&mut self, phase: Phase, id: &str, holder: Holder, title: &str, actions: Vec<Action>, gate: Gate) {
        let id = format!("{}-{id}", phase.number());
        self.steps.push(Step { id, phase, holder, title: title.to_owned(), actions, gate });
    }

    /// One control-plane node after the other.
    fn nodes(&mut self, phase: Phase) {
        let inventory = self.inventory;
        for node in inventory.control_plane() {
            let actions = self.planner(node, phase).actions();
            let title = match phase {
                Phase::TrustBoth => format!("Make {} accept both CAs", node.name),
                Phase::Switch => format!("Switch {} to the new CA", node.name),
                Phase::DropOld => format!("Make {} accept the new CA alone", node.name),
            };
            let gate = Gate::new(self.healthy(node), "");
            self.push(phase, &node.name, Holder::Node(node.name.clone()), &title, actions, gate);
        }
        if inventory.control_plane().next().is_none() {
            let text = match phase {
                Phase::TrustBoth => {
                    "No control-plane node's files were given: carry this phase out on the nodes, with a package made from their /etc/kubernetes and these same Secrets, before you go on"
                }
                Phase::Switch => {
                    "As in phase 1: switch the control-plane nodes in place before the objects below are applied"
                }
                Phase::DropOld => {
                    "As in phase 1: drop the old CA on the control-plane nodes, or let the roll-out below replace them"
                }
            };
            let action = Action::Do { text: text.to_owned(), command: String::new() };
            self.push(
                phase,
                "control-plane",
                Holder::Cluster,
                "Control-plane nodes",
                vec![action],
                Gate::new("every control-plane node has been through this phase", ""),
            );
        }
    }

    fn planner(&mut self, node: &'a Node, phase: Phase) -> NodePlanner<'a, '_> {
        NodePlanner {
            inventory: self.inventory,
            request: self.request,
            successions: self.successions,
            replacements: self.replacements,
            node,
            phase,
        }
    }

    fn healthy(&self, node: &Node) -> String {
        let front_proxy_only = !self.rotates_cluster();
        if front_proxy_only {
            format!("kube-apiserver of {} answers /readyz", node.name)
        } else {
            format!(
                "kube-controller-manager, kube-scheduler and kubelet of {} run and are healthy, and its API server answers /readyz",
                node.name
            )
        }
    }

    /// The kubelets of control-plane nodes.
    fn kubelets(&mut self) {
        let inventory = self.inventory;
        for node in inventory.control_plane() {
            let now = self.now;
            let minted = self.planner(node, Phase::Switch).kubelet_credential(now);
            let actions = if minted.is_empty() { self.renewal(node) } else { minted };
            if !actions.is_empty() {
                let id = format!("{}-kubelet", node.name);
                let title = format!("Give the kubelet of {} a certificate of the new CA", node.name);
                self.push(Phase::Switch, &id, Holder::Node(node.name.clone()), &title, actions, kubelet_gate());
            }
        }
    }

    /// Empty where kubelet.conf embeds the credential: it was changed with the node's other kubeconfigs.
    fn renewal(&self, node: &Node) -> Vec<Action> {
        if embeds_credential(self.inventory, node) {
            return vec![Action::Restart(Component::Kubelet), Action::WaitFor(Component::Kubelet)];
        }
        vec![Action::Do {
            text: "The kubelet asks for a new certificate with its present one; its key never leaves the node"
                .to_owned(),
            command: RENEW_KUBELET.to_owned(),
        }]
    }

    /// Every worker, given or not.
    fn workers(&mut self, phase: Phase) {
        let inventory = self.inventory;
        let Some(row) = inventory.profile.authority(AuthorityId::Cluster) else { return };
        let order = phase.trust();
        let before = match phase {
            Phase::TrustBoth => "old CA",
            Phase::Switch => "old CA, new CA",
            Phase::DropOld => "new CA, old CA",
        };
        let mut actions = vec![
            Action::Write(Edit {
                target: row.certificate.to_owned(),
                output: format!("{}/workers/ca.crt", phase.folder()),
                mode: 0o644,
                source: None,
                content: Content::Trust(AuthorityId::Cluster, order),
                before: before.to_owned(),
                after: order.to_string(),
            }),
            Action::Do {
                text: format!("In kubelet.conf, set the CA data to {order}; everything else stays"),
                command: format!(
                    "sed -i \"s|certificate-authority-data:.*|certificate-authority-data: $(base64 -w0 < {})|\" /etc/kubernetes/kubelet.conf",
                    row.certificate
                ),
            },
        ];
        for node in inventory.workers() {
            if phase == Phase::Switch {
                let now = self.now;
                actions.extend(self.planner(node, phase).kubelet_credential(now));
            }
            if embeds_credential(inventory, node) {
                actions.extend(self.planner(node, phase).kubeconfigs());
            }
        }
        actions.push(Action::Restart(Component::Kubelet));
        actions.push(Action::WaitFor(Component::Kubelet));
        let renews = self.request.kubelet_certificates == KubeletCertificates::Renew;
        if phase == Phase::Switch && renews {
            actions.push(Action::Do {
                text: "Each kubelet asks for a new certificate with its present one; its key never leaves the node"
                    .to_owned(),
                command: RENEW_KUBELET.to_owned(),
            });
        }
        let title = match phase {
            Phase::TrustBoth => "Make every worker accept both CAs",
            Phase::Switch => "Give every worker's kubelet a certificate of the new CA",
            Phase::DropOld => "Make every worker accept the new CA alone",
        };
        let gate = if phase == Phase::Switch {
            kubelet_gate()
        } else {
            Gate::new("every node is Ready two minutes later", nodes_ready())
        };
        self.push(phase, "workers", Holder::Workers, title, actions, gate);
    }

    fn cluster_info(&mut self, phase: Phase) {
        if let Some(action) = objects::cluster_info(self.inventory, phase, self.successions, self.replacements) {
            let pins = Gate::new(
                "`kubeadm join` is answered: the bootstrap signer has signed the new text for every token",
                "kubectl -n kube-public get configmap cluster-info",
            );
            self.push(
                phase,
                "cluster-info",
                Holder::Cluster,
                "Tell joining nodes which CAs to trust",
                vec![action],
                pins,
            );
        }
    }

    fn clients(&mut self, phase: Phase) {
        if !self.rotates_cluster() {
            return;
        }
        let mut actions = objects::clients(self.inventory, phase, self.successions, self.replacements);
        let text = match phase {
            Phase::TrustBoth => {
                "Whoever holds a kubeconfig of this cluster gets both CAs: people, CI, Argo CD, monitoring, backup tools"
            }
            Phase::Switch => "Whoever presents a client certificate of the old CA gets a new one",
            Phase::DropOld => "Whoever holds a kubeconfig of this cluster gets the new CA alone",
        };
        actions.push(Action::Do { text: text.to_owned(), command: String::new() });
        self.push(
            phase,
            "clients",
            Holder::Clients,
            "People and pipelines",
            actions,
            Gate::new("each of them has confirmed it", ""),
        );
    }

    fn management_kubeconfigs(&mut self, phase: Phase) {
        let actions = objects::management_kubeconfigs(self.inventory, phase, self.successions, self.replacements);
        if !actions.is_empty() {
            let trust: Trust = phase.trust();
            let title = format!("Give the management cluster's kubeconfig {trust}");
            self.push(
                phase,
                "management",
                Holder::Management,
                &title,
                actions,
                Gate::new("the Cluster stays reachable: its conditions do not change", ""),
            );
        }
    }

    /// Every API server, by the address that its own controller-manager uses.
    fn served(&self) -> Gate {
        let words = "every API server's certificate verifies under the new CA alone";
        let Some(row) =
            self.inventory.profile.kubeconfigs.iter().find(|row| row.reader == Some(Component::ControllerManager))
        else {
            return Gate::new(words, "");
        };
        let kubeconfigs = self.inventory.control_plane().filter_map(|node| node.kubeconfig(row.path));
        let servers = kubeconfigs.filter_map(|(_, kubeconfig)| kubeconfig.model.clusters.first());
        let checks: Vec<String> = servers
            .filter_map(|cluster| cluster.server.strip_prefix("https://"))
            .filter(|address| address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte)))
            .map(|address| format!("openssl s_client -connect {address} -CAfile 3-drop-old/workers/ca.crt -verify_return_error </dev/null >/dev/null 2>&1"))
            .collect();
        let command = if self.rotates_cluster() { checks.join(" &&\n") } else { String::new() };
        Gate::new(words, command)
    }

    fn renewed(&self) -> String {
        if self.rotates_cluster() { nodes_ready() } else { String::new() }
    }

    fn pause(&self, paused: bool) -> String {
        let kubeconfig = self.inventory.object(ObjectRole::Secret(SecretContent::Kubeconfig));
        let any = kubeconfig
            .or_else(|| self.inventory.objects.iter().find(|stored| matches!(stored.role, ObjectRole::Secret(_))));
        let namespace = any.and_then(|stored| stored.object.namespace.clone()).unwrap_or_else(|| "default".to_owned());
        let (cluster, namespace) =
            (super::PackagePath::name(&self.inventory.cluster), super::PackagePath::name(&namespace));
        let pause = format!(
            "kubectl -n {namespace} patch cluster.cluster.x-k8s.io {cluster} --type merge -p '{{\"spec\":{{\"paused\":{paused}}}}}'"
        );
        if paused {
            return pause;
        }
        format!(
            "{pause}\nfor control_plane in $(kubectl -n {namespace} get kubeadmcontrolplanes -l cluster.x-k8s.io/cluster-name={cluster} -o jsonpath='{{.items[*].metadata.name}}'); do clusterctl -n {namespace} alpha rollout restart \"kubeadmcontrolplane/$control_plane\"; done\nfor deployment in $(kubectl -n {namespace} get machinedeployments -l cluster.x-k8s.io/cluster-name={cluster} -o jsonpath='{{.items[*].metadata.name}}'); do clusterctl -n {namespace} alpha rollout restart \"machinedeployment/$deployment\"; done"
        )
    }
}

/// Does kubelet.conf carry the credential itself, as nodes made by kubeadm before 1.17 do?
fn embeds_credential(inventory: &Inventory, node: &Node) -> bool {
    let path =
        inventory.profile.kubeconfigs.iter().find(|row| row.reader == Some(Component::Kubelet)).map(|row| row.path);
    path.and_then(|path| node.kubeconfig(path)).is_some_and(|(_, kubeconfig)| kubeconfig.credentials().next().is_some())
}

/// kube-controller-manager publishes its own file to every namespace, byte for byte: equality proves that
/// the one that leads has this phase's file.
fn published(phase: Phase) -> Gate {
    let file = format!("{}/workers/ca.crt", phase.folder());
    let command = format!(
        "(for namespace in $(kubectl get namespaces -o jsonpath='{{.items[*].metadata.name}}'); do\n  test \"$(kubectl -n \"$namespace\" get configmap kube-root-ca.crt -o jsonpath='{{.data.ca\\.crt}}')\" = \"$(cat {file})\" || {{ echo \"not yet in $namespace\"; exit 1; }}\ndone)"
    );
    Gate::new(format!("kube-root-ca.crt is {file} in every namespace"), command)
}

fn nodes_ready() -> String {
    "kubectl wait --for=condition=Ready nodes --all --timeout=60s".to_owned()
}

fn kubelet_gate() -> Gate {
    Gate::new(
        "the issuer of kubelet-client-current.pem is the new CA, on every node",
        "openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -issuer",
    )
}

fn freeze() -> Action {
    Action::Do {
        text: "Until the rotation is over: no kubeadm join of control planes, no upgrade, no `kubeadm certs renew`; stop the cluster autoscaler and MachineHealthChecks, GitOps reconciliation of the objects in this package, and the baking of node images; delete the Secret kube-system/kubeadm-certs".to_owned(),
        command: "kubectl -n kube-system delete secret kubeadm-certs --ignore-not-found".to_owned(),
    }
}

fn after_care() -> Action {
    Action::Do {
        text: "Older etcd snapshots and Velero backups bring the old cluster-info and trust ConfigMaps back: take new ones, upload the control-plane certificates anew where nodes join with them, and resume what was frozen".to_owned(),
        command: String::new(),
    }
}
