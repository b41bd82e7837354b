//! `--kubelet-certificate-authority` of kube-apiserver: the CA file that API servers verify kubelets with.
//!
//! Before 1.36 the file is read once, at start (kubernetes/kubernetes: pkg/kubelet/client/kubelet_client.go;
//! kubernetes/client-go: transport/transport.go, `TLSConfigFor`; feature ClientsAllowCARotation since 1.36), so each API
//! server is restarted after the file changed in phases 1 and 3. In phase 2 kubelets get serving certificates of the new CA.

use std::collections::BTreeMap;

use super::{
    model::{actions::Action, authorities::AuthorityChange, phase::Phase},
    unhandled::list,
};
use crate::{
    finding::Finding,
    inventory::{Inventory, KubeletServing, Node, Reader, Reference, Role},
    profile::{AuthorityId, Component, KUBELET_AUTHORITY_FLAG, RotationMethod, file_flags::Program},
};

/// Lists the CSRs for serving certificates, and approves one. No controller of Kubernetes approves them
/// (kubernetes/kubernetes: pkg/controller/certificates/approver approves only client certificates).
const APPROVE: &str = "kubectl get certificatesigningrequests --field-selector spec.signerName=kubernetes.io/kubelet-serving\nkubectl describe certificatesigningrequest NAME\nkubectl certificate approve NAME";

/// The file that the flag names, for each control-plane node.
#[derive(Clone, Debug, Default)]
pub(crate) struct KubeletAuthority {
    /// By node: the path on the node. Only files that contain a rotated CA.
    nodes: BTreeMap<String, String>,
    /// For control-plane nodes that were not provided or that Cluster API creates.
    unseen: Option<String>,
}

impl KubeletAuthority {
    /// Reads the flag in manifests and in kubeadm's configuration, and adds restarts and problems to `findings`.
    pub(super) fn of(
        inventory: &Inventory,
        authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut found = Self::default();
        let Some(authority_change) = authority_changes.get(&AuthorityId::Cluster) else { return found };
        if inventory.profile.course != RotationMethod::NodeFiles {
            return found;
        }
        for node in inventory.control_plane().filter(|node| node.role == Role::ControlPlane) {
            let Some(reader) = named(inventory, node) else { continue };
            let path = [&reader.target, &reader.path].into_iter().find(|path| node.file(path).is_some());
            match path {
                None => findings.push(not_provided(node, &reader)),
                Some(path) => {
                    if authority_change.is_trusted_by(node.certificates(path)) {
                        found.nodes.insert(node.name.clone(), path.clone());
                    }
                }
            }
        }
        found.unseen = unseen(inventory, findings);
        found.note(inventory, findings);
        found
    }

    /// Does any API server verify kubelets with the rotated CA?
    pub(super) fn is_set(&self) -> bool {
        !self.nodes.is_empty() || self.unseen.is_some()
    }

    /// The file that API servers read on control-plane nodes that were not provided.
    pub(super) fn unseen(&self) -> Option<&str> {
        self.unseen.as_deref()
    }

    /// The restart of an API server whose file this phase changes. With `is_late`, the node had completed phase 1 before
    /// this package, so phase 2 restarts it: files do not show whether it was restarted since.
    pub(super) fn restart(&self, node: Option<&Node>, phase: Phase, is_late: bool) -> Option<Action> {
        let is_set = match node {
            Some(node) => self.nodes.contains_key(&node.name),
            None => self.unseen.is_some(),
        };
        (is_set && (phase != Phase::Switch || is_late)).then_some(Action::Restart(Component::Apiserver))
    }

    /// The actions by which a node's kubelet gets a serving certificate of the new CA in phase 2; none if the kubelet
    /// reads the certificate from a file. `node` is `None` for nodes that were not provided.
    pub(super) fn renewal(&self, inventory: &Inventory, node: Option<&Node>) -> Vec<Action> {
        if !self.is_set() {
            return Vec::new();
        }
        let requests = node.is_none_or(|node| {
            // A file that was not provided is the administrator's to replace; the check of the step reads it.
            let serving = inventory.kubelet_serving(node);
            !matches!(serving, KubeletServing::File(_) | KubeletServing::OtherIssuer(_))
        });
        if !requests {
            return Vec::new();
        }
        let text = "If the kubelet requests its serving certificate (serverTLSBootstrap: true), approve the request while the command runs: nothing in Kubernetes approves it. Check that the requestor is system:node:NODE and that the request names only the addresses and host names of that node. Until the certificate is issued, logs, exec and port-forward fail for that node";
        vec![Action::Do { text: text.to_owned(), command: APPROVE.to_owned() }, Action::RenewServing]
    }

    fn note(&self, inventory: &Inventory, findings: &mut Vec<Finding>) {
        if !self.is_set() {
            return;
        }
        let count = inventory.control_plane().count();
        if !self.nodes.is_empty() || count == 0 {
            let names: Vec<_> = self.nodes.keys().map(String::as_str).collect();
            let servers = match names.as_slice() {
                some if some.len() < count && !some.is_empty() => format!("kube-apiserver on {}", list(some)),
                _ => "each kube-apiserver".to_owned(),
            };
            let message = format!(
                "--{KUBELET_AUTHORITY_FLAG} is set: phases 1 and 3 restart {servers} once, one after the other, because kube-apiserver before 1.36 reads that file at its start. Each restart takes about 25 seconds{}",
                if count == 1 { ", and with a single API server the API is unavailable for that time" } else { "" }
            );
            let finding = match count {
                1 => Finding::warning("apiserver-restarts", "", message),
                _ => Finding::note("apiserver-restarts", "", message),
            };
            findings.push(finding.remedy(
                "Plan for these restarts; the step checks that the API server serves again before it continues",
            ));
        }
        let nodes = inventory.nodes.iter().filter(|node| node.role != Role::Hosted);
        let other: Vec<_> = nodes
            .filter_map(|node| match inventory.kubelet_serving(node) {
                KubeletServing::OtherIssuer(path) => Some((node, path)),
                _ => None,
            })
            .collect();
        if let Some((first, path)) = other.first() {
            let names: Vec<_> = other.iter().map(|(node, _)| node.name.as_str()).collect();
            let file = first.file(path).map_or("", |slot| slot.file.as_str());
            let message = format!(
                "the kubelet of {} serves a certificate that the cluster CA did not issue ({path}), and --{KUBELET_AUTHORITY_FLAG} is set: kube-apiserver can verify it only if the flag's file contains that certificate's issuer. If it is the kubelet's own self-signed certificate, logs, exec and port-forward fail for these nodes today, and no rotation changes that",
                list(&names)
            );
            findings.push(
                Finding::warning("kubelet-not-verified", file, message)
                    .remedy("Set serverTLSBootstrap: true in the kubelet's configuration and approve its request, or remove the flag"),
            );
        }
    }
}

/// Whether the node's kube-apiserver verifies kubelets.
pub(super) fn verifies_kubelets(inventory: &Inventory, node: &Node) -> bool {
    named(inventory, node).is_some()
}

/// The flag's reference in the configuration of a node's kube-apiserver.
fn named(inventory: &Inventory, node: &Node) -> Option<Reader> {
    let is_flag = |reader: &Reader| matches!(&reader.reference, Reference::Flag(flag) if flag.replace('_', "-") == KUBELET_AUTHORITY_FLAG);
    let mut readers = inventory.readers(node).into_iter();
    readers.find(|reader| reader.process.program() == Some(Program::Apiserver) && is_flag(reader))
}

fn not_provided(node: &Node, reader: &Reader) -> Finding {
    let message = format!(
        "kube-apiserver on {} verifies kubelets by {} (--{KUBELET_AUTHORITY_FLAG}), which was not provided: if it contains the old CA, logs, exec and port-forward fail in phases 2 and 3",
        node.name, reader.path
    );
    Finding::warning("reader-file-missing", &reader.file, message)
        .remedy("Provide the file as well, so that the package changes it and restarts kube-apiserver")
        .acknowledged_as(AuthorityId::Cluster, &reader.path)
}

/// The flag's value in kubeadm's configuration, for control-plane nodes that were not provided or that Cluster API
/// creates.
fn unseen(inventory: &Inventory, findings: &mut Vec<Finding>) -> Option<String> {
    let own = inventory.profile.authority(AuthorityId::Cluster)?.certificate;
    let has_nodes = inventory.control_plane().next().is_some();
    let mut found = None;
    for stored in &inventory.objects {
        let Some(configuration) = &stored.kubeadm else { continue };
        let flags = configuration.extra_args.iter().rev();
        let mut values = flags.filter(|(program, flag, _)| {
            *program == Component::Apiserver.as_str() && flag.replace('_', "-") == KUBELET_AUTHORITY_FLAG
        });
        let Some((_, _, value)) = values.next().filter(|(_, _, value)| !value.is_empty()) else { continue };
        if value == own {
            found = Some(value.clone());
            continue;
        }
        let message = format!(
            "extraArgs let kube-apiserver verify kubelets by {value} (--{KUBELET_AUTHORITY_FLAG}), and no provided file of a control-plane node shows whether it contains the old CA"
        );
        let known = inventory.control_plane().any(|node| node.file(value).is_some());
        if !known {
            let finding = if has_nodes {
                Finding::warning("reader-file-missing", &stored.file, message)
                    .acknowledged_as(AuthorityId::Cluster, value)
            } else {
                Finding::error("reader-not-handled", &stored.file, message)
            };
            findings.push(finding.at(stored.place()).remedy(
                "Provide /etc/kubernetes of every control-plane node with that file (private keys are optional), or remove the flag first",
            ));
        }
    }
    found
}
