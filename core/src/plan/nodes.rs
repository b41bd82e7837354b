//! What happens on a control-plane node in each phase. The order within a phase was carried out on a
//! real cluster: kube-controller-manager dies of a bundle in its signing file, so that file comes first.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Action, Content, Edit, KeyHome, KubeletCertificates, Phase, RotationRequest, Side, Source, Succession, clients,
    replacements::Replacements,
    steps::{Holder, PackagePath},
};
use crate::{
    UnixTime,
    inventory::{Inventory, Node, Slot},
    profile::{AuthorityId, Component},
};

/// The flag that kubeadm points to `ca.crt`, and that takes one certificate only (kubeadm#1350).
pub(crate) const SIGNING_FLAG: &str = "cluster-signing-cert-file";

/// Modes as kubeadm sets them.
const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// kubeadm's mode for manifests, used where the given one's is not known
/// (kubernetes/kubernetes: cmd/kubeadm/app/util/staticpod, `WriteStaticPodToDisk`).
const MANIFEST: u32 = 0o600;

/// A file of a worker as it was given; the workers' script changes it in place.
#[derive(Debug)]
pub(crate) struct KeptFile {
    /// Absolute path on the node.
    pub(crate) target: String,
    pub(crate) source: Source,
    /// Unix permission bits.
    pub(crate) mode: u32,
}

/// What the given workers hold of `ca.crt` and `kubelet.conf`.
pub(super) fn kept_by_workers(
    inventory: &Inventory,
    successions: &BTreeMap<AuthorityId, Succession>,
) -> Vec<(String, KeptFile)> {
    if !successions.contains_key(&AuthorityId::Cluster) {
        return Vec::new();
    }
    let profile = inventory.profile;
    let bundle = profile.authority(AuthorityId::Cluster).map(|row| (row.certificate, PUBLIC));
    let kubelet = profile.kubeconfigs.iter().find(|row| row.reader == Some(Component::Kubelet));
    let paths: Vec<_> = bundle.into_iter().chain(kubelet.map(|row| (row.path, SECRET))).collect();
    let mut kept = Vec::new();
    for node in inventory.workers() {
        for (path, mode) in &paths {
            if let Some(slot) = node.slots.get(*path) {
                let file = KeptFile { target: (*path).to_owned(), source: slot.into(), mode: *mode };
                kept.push((node.name.clone(), file));
            }
        }
    }
    kept
}

/// Builds the actions of one node in one phase.
pub(super) struct NodePlanner<'a, 'b> {
    pub(super) inventory: &'a Inventory,
    pub(super) request: &'a RotationRequest,
    pub(super) successions: &'a BTreeMap<AuthorityId, Succession>,
    pub(super) replacements: &'b mut Replacements<'a>,
    pub(super) node: &'a Node,
    pub(super) phase: Phase,
}

impl From<&Slot> for Source {
    fn from(slot: &Slot) -> Self {
        Self { file: slot.file.clone(), bytes: Arc::clone(&slot.bytes) }
    }
}

impl NodePlanner<'_, '_> {
    /// Everything that happens on the node in the phase, in order.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        let rotates_cluster = self.successions.contains_key(&AuthorityId::Cluster);
        let mut actions = Vec::new();
        match self.phase {
            Phase::TrustBoth => {
                let signing = self.separate_signing();
                if !signing.is_empty() {
                    actions.extend(signing);
                }
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
            }
            Phase::Switch => {
                actions.extend(self.leaves());
                actions.extend(self.authority_keys());
                actions.extend(self.switch_signing());
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
            }
            Phase::DropOld => {
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                actions.extend(self.restore_manifest());
            }
        }
        if rotates_cluster {
            // In phase 3 the manifest comes last, and starts it anew with everything that changed.
            let restarted = self.phase == Phase::DropOld && actions.iter().any(Action::is_manifest);
            if !restarted {
                actions.push(Action::Restart(Component::ControllerManager));
            }
            actions.push(Action::Restart(Component::Scheduler));
            if self.phase != Phase::Switch {
                actions.push(Action::Restart(Component::Kubelet));
            }
            if self.phase == Phase::DropOld && self.signs_on_nodes() {
                actions.push(Action::Remove {
                    target: self.inventory.profile.signing_file.to_owned(),
                    before: "new CA".to_owned(),
                });
            }
        }
        actions
    }

    /// Minted kubelet credentials; empty where kubelets renew themselves.
    pub(super) fn kubelet_credential(&mut self, now: UnixTime) -> Vec<Action> {
        if self.request.kubelet_certificates != KubeletCertificates::Mint {
            return Vec::new();
        }
        let name = self.node.name.clone();
        let current = format!("{}/pki/kubelet-client-current.pem", self.inventory.profile.kubelet_directory);
        let id = self.replacements.kubelet(&name, self.node.certificates(&current).first());
        let time = now.to_string().replace([':', 'T'], "-");
        let file = format!("kubelet-client-{}.pem", time.trim_end_matches('Z'));
        let target = format!("{}/pki/{file}", self.inventory.profile.kubelet_directory);
        vec![
            self.write(&target, SECRET, None, Content::Credential(id), "—", "new credential of new CA"),
            Action::Restart(Component::Kubelet),
        ]
    }

    fn holder_folder(&self) -> String {
        let node = &self.node.name;
        match self.node.role {
            crate::inventory::Role::ControlPlane => Holder::Node(node.clone()).folder(),
            crate::inventory::Role::Worker => format!("workers/{}", PackagePath::name(node)),
        }
    }

    fn write(
        &self,
        target: &str,
        mode: u32,
        source: Option<Source>,
        content: Content,
        before: &str,
        after: &str,
    ) -> Action {
        Action::Write(Edit {
            target: target.to_owned(),
            output: format!("{}/{}{target}", self.phase.folder(), self.holder_folder()),
            mode,
            source: source.or_else(|| self.node.slots.get(target).map(Source::from)),
            content,
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Does kube-controller-manager sign with the rotated CA's key on this node?
    fn signs_on_nodes(&self) -> bool {
        self.successions.get(&AuthorityId::Cluster).is_some_and(|succession| succession.key_home == KeyHome::Nodes)
            && self.manifest().is_none_or(|(_, flag)| !flag.is_empty())
    }

    /// kube-controller-manager's manifest, and what its signing flag says.
    fn manifest(&self) -> Option<(&Slot, String)> {
        let path = self.inventory.profile.manifest(Component::ControllerManager)?;
        let (slot, pod) = self.node.static_pod(path)?;
        Some((slot, pod.lookup(SIGNING_FLAG).unwrap_or_default()))
    }

    fn ca_path(&self) -> &'static str {
        self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate)
    }

    /// Phase 1: a signing file of one certificate, before `ca.crt` becomes a bundle.
    fn separate_signing(&self) -> Vec<Action> {
        if !self.signs_on_nodes() {
            return Vec::new();
        }
        let profile = self.inventory.profile;
        let file = profile.signing_file;
        let mut actions =
            vec![self.write(file, PUBLIC, None, Content::Signing(AuthorityId::Cluster, Side::Old), "—", "old CA")];
        let Some(path) = profile.manifest(Component::ControllerManager) else { return actions };
        let flag = format!("--{SIGNING_FLAG}");
        match self.manifest() {
            Some((slot, value)) if value == self.ca_path() => {
                let content = Content::Manifest(slot.into(), vec![(SIGNING_FLAG, file.to_owned())]);
                let (before, after) = (format!("{flag}={value}"), format!("{flag}={file}"));
                actions.push(self.write(
                    path,
                    slot.mode.unwrap_or(MANIFEST),
                    Some(slot.into()),
                    content,
                    &before,
                    &after,
                ));
            }
            Some(_) => {}
            None => {
                let patch = format!("- op: add\n  path: /spec/containers/0/command/-\n  value: {flag}={file}\n");
                actions.push(Action::Write(Edit {
                    target: "kubeadm patch for kube-controller-manager".to_owned(),
                    output: format!(
                        "{}/{}/patches/kube-controller-manager+json.yaml",
                        self.phase.folder(),
                        self.holder_folder()
                    ),
                    mode: PUBLIC,
                    source: None,
                    content: Content::Text(patch),
                    before: "—".to_owned(),
                    after: format!("{flag}={file}"),
                }));
                actions.push(Action::SetFlag {
                    component: Component::ControllerManager,
                    flag: SIGNING_FLAG,
                    from: self.ca_path().to_owned(),
                    to: file.to_owned(),
                });
            }
        }
        actions
    }

    /// Phase 2: the signing file changes together with the key.
    fn switch_signing(&self) -> Vec<Action> {
        if !self.signs_on_nodes() {
            return Vec::new();
        }
        let content = Content::Signing(AuthorityId::Cluster, Side::New);
        vec![self.write(self.inventory.profile.signing_file, PUBLIC, None, content, "old CA", "new CA")]
    }

    /// Phase 3: kube-controller-manager goes back to `ca.crt`, which holds one certificate again.
    fn restore_manifest(&self) -> Vec<Action> {
        if !self.signs_on_nodes() {
            return Vec::new();
        }
        let Some(path) = self.inventory.profile.manifest(Component::ControllerManager) else { return Vec::new() };
        let (flag, file) = (format!("--{SIGNING_FLAG}"), self.inventory.profile.signing_file);
        match self.manifest() {
            Some((slot, value)) if value == self.ca_path() => {
                let (before, after) = (format!("{flag}={file}"), format!("{flag}={value}, as it was given"));
                vec![self.write(
                    path,
                    slot.mode.unwrap_or(MANIFEST),
                    Some(slot.into()),
                    Content::Original(slot.into()),
                    &before,
                    &after,
                )]
            }
            Some((slot, _)) => {
                let ca = self.ca_path();
                let content = Content::Manifest(slot.into(), vec![(SIGNING_FLAG, ca.to_owned())]);
                let (before, after) = (format!("{flag}={file}"), format!("{flag}={ca}"));
                vec![self.write(path, slot.mode.unwrap_or(MANIFEST), Some(slot.into()), content, &before, &after)]
            }
            None => vec![Action::SetFlag {
                component: Component::ControllerManager,
                flag: SIGNING_FLAG,
                from: file.to_owned(),
                to: self.ca_path().to_owned(),
            }],
        }
    }

    /// The trust bundles of the phase.
    fn trust(&self) -> Vec<Action> {
        let order = self.phase.trust();
        let before = self.phase.trusted_before();
        let rows = self.inventory.profile.authorities.iter().filter(|row| self.successions.contains_key(&row.id));
        let held = rows.filter(|row| self.node.slots.contains_key(row.certificate));
        held.map(|row| {
            self.write(row.certificate, PUBLIC, None, Content::Trust(row.id, order), before, &order.to_string())
        })
        .collect()
    }

    /// The new authorities' private keys, where nodes keep them.
    fn authority_keys(&self) -> Vec<Action> {
        let at_home = self.successions.values().filter(|succession| succession.key_home == KeyHome::Nodes);
        let rows = at_home.filter_map(|succession| self.inventory.profile.authority(succession.id));
        rows.map(|row| {
            self.write(row.key, SECRET, None, Content::AuthorityKey(row.id), "key of old CA", "key of new CA")
        })
        .collect()
    }

    /// New leaves under the new authorities.
    fn leaves(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for row in self.inventory.profile.leaves.iter().filter(|row| self.successions.contains_key(&row.authority)) {
            let Some(leaf) = self.node.certificates(row.certificate).first() else { continue };
            let owner = format!("{}: {}", self.node.name, row.name);
            let Some(id) = self.replacements.of(leaf, &owner) else { continue };
            let key = self.replacements.key_in_words(id);
            actions.push(self.write(
                row.certificate,
                PUBLIC,
                None,
                Content::Leaf(id),
                "signed by old CA",
                &format!("signed by new CA, {key}"),
            ));
            if self.replacements.has_new_key(id) {
                actions.push(self.write(row.key, SECRET, None, Content::LeafKey(id), "key", "new key"));
            }
        }
        actions
    }

    /// Kubeconfigs of the node with the phase's trust and credentials.
    pub(super) fn kubeconfigs(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for row in self.inventory.profile.kubeconfigs {
            let Some((slot, kubeconfig)) = self.node.kubeconfig(row.path) else { continue };
            let owner = format!("{}: {}", self.node.name, row.name);
            let Some(change) = clients::change(kubeconfig, &owner, self.phase, self.successions, self.replacements)
            else {
                continue;
            };
            let (before, after) = (clients::before(&change, self.phase), clients::after(&change, self.phase));
            let content = Content::Kubeconfig(slot.into(), change);
            actions.push(self.write(row.path, SECRET, Some(slot.into()), content, &before, &after));
        }
        actions
    }
}
