//! The actions on a control-plane node in each phase, in the order that was tested on a real cluster.
//! kube-controller-manager exits if its signing file contains several certificates, so that file comes first.

mod planner;
mod signing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) use self::planner::NodePlanner;

use super::{
    clients, dependents,
    model::{
        actions::Action,
        authorities::{AuthorityChange, KeyHome},
        consumers::{Dependent, Process},
        content::{Edit, FileContent, PUBLIC, SECRET, Source},
        kept_file::KeptFile,
        package_path::PackagePath,
        phase::Phase,
        request::KubeletCertificates,
        steps::Holder,
    },
    progress::Progress,
};
use crate::{
    finding::Finding,
    inventory::{Artifact, Inventory, KubeletServing, Node, Slot, Standing},
    profile::{AuthorityId, Component, SIGNING_FLAG},
    time::UnixTime,
    x509::Certificate,
};

/// The provided workers' `ca.crt` and `kubelet.conf`.
pub(super) fn kept_by_workers(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
) -> Vec<(String, KeptFile)> {
    if !authority_changes.contains_key(&AuthorityId::Cluster) || inventory.profile.directory.is_empty() {
        return Vec::new();
    }
    let profile = inventory.profile;
    let bundle = profile.authority(AuthorityId::Cluster).map(|row| (row.certificate, PUBLIC));
    let kubelet = profile.kubelet_conf();
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

/// Warns about kubelets that cannot renew their certificates, because API servers reject their current ones.
pub(super) fn note_locked_out(inventory: &Inventory, progress: Progress<'_>, findings: &mut Vec<Finding>) {
    let path = inventory.profile.kubelet_client();
    let old = |node: &&Node| progress.reached(&node.name, path).is_some_and(|standing| standing < Standing::Switched);
    for node in inventory.nodes.iter().filter(|_| progress.has_dropped()).filter(old) {
        let file = node.slots.get(path).map_or("", |slot| slot.file.as_str());
        findings.push(
            Finding::warning("locked-out", file, format!("the kubelet of {} presents a certificate of the old CA, which API servers no longer accept: it cannot renew its certificate", node.name))
                .remedy("Reset the node and join it again (kubeadm reset, then kubeadm join with the new CA's pin); on a control-plane node, run `kubeadm init phase kubeconfig kubelet` and restart the kubelet"),
        );
    }
}

impl From<&Slot> for Source {
    fn from(slot: &Slot) -> Self {
        Self { file: slot.file.clone(), bytes: Arc::clone(&slot.bytes) }
    }
}

impl NodePlanner<'_, '_> {
    /// The actions on the node in the phase, in order.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        let rotates_cluster = self.authority_changes.contains_key(&AuthorityId::Cluster);
        let mut actions = Vec::new();
        let mut has_new_serving_certificate = false;
        match self.phase {
            Phase::TrustBoth => {
                actions.extend(self.separate_signing());
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                actions.extend(self.dependents());
            }
            Phase::Switch => {
                actions.extend(self.leaves());
                actions.extend(self.authority_keys());
                actions.extend(self.switch_signing());
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                actions.extend(self.dependents());
                let serving = self.own_serving_certificate();
                has_new_serving_certificate = !serving.is_empty();
                actions.extend(serving);
            }
            Phase::DropOld => {
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                actions.extend(self.dependents());
                actions.extend(self.restore_manifest());
            }
        }
        if rotates_cluster {
            // In phase 3 the manifest changes after all other files, and the kubelet recreates the Pod.
            let restarted = self.phase == Phase::DropOld && actions.iter().any(Action::is_manifest);
            // First, so that the other components connect to the restarted API server.
            actions.extend(self.restart.take());
            if !restarted {
                actions.push(Action::Restart(Component::ControllerManager));
            }
            actions.push(Action::Restart(Component::Scheduler));
            if self.phase != Phase::Switch || has_new_serving_certificate {
                actions.push(Action::Restart(Component::Kubelet));
            }
            actions.extend(self.process_restarts(&actions));
            if self.phase == Phase::DropOld && self.signs_on_nodes() {
                actions
                    .extend(self.signing_files().into_iter().map(|(target, before)| Action::Remove { target, before }));
            }
        }
        actions
    }

    /// The files outside the profile's tables that depend on the rotated CA.
    fn dependents(&mut self) -> Vec<Action> {
        let consumers = self.consumers;
        let mut actions = Vec::new();
        for (path, dependent) in consumers.of_node(self.node) {
            let Some(slot) = self.node.others.get(path) else { continue };
            match dependent {
                Dependent::Kubeconfig => actions.extend(self.kubeconfig(slot, path)),
                Dependent::TrustBundle | Dependent::FrontProxyBundle => {
                    let id = match dependent {
                        Dependent::FrontProxyBundle => AuthorityId::FrontProxy,
                        _ => AuthorityId::Cluster,
                    };
                    actions.push(self.widened(id, path, slot));
                }
                Dependent::Leaf { key } => actions.extend(self.leaf(path, key, path)),
                Dependent::Credential => actions.extend(self.credential(slot, path)),
            }
        }
        actions
    }

    /// A trust bundle in which the phase's CAs replace the rotated CA's certificates. All others stay.
    fn widened(&self, id: AuthorityId, path: &str, slot: &Slot) -> Action {
        let (order, before) = (self.phase.trust(), self.phase.trusted_before());
        let content = FileContent::Widened(id, slot.artifact.certificates().to_vec(), order);
        self.write(path, slot.mode.unwrap_or(PUBLIC), Some(slot.into()), content, before, &order.to_string())
    }

    /// A leaf and its key in one file.
    fn credential(&mut self, slot: &Slot, path: &str) -> Option<Action> {
        let leaf = slot.artifact.certificates().first().filter(|_| self.phase == Phase::Switch)?;
        let owner = format!("{}: {path}", self.node.name);
        let id = self.replacements.of(leaf, &owner, false)?;
        let after = format!("signed by new CA, {}", self.replacements.key_in_words(id));
        let mode = slot.mode.unwrap_or(SECRET);
        Some(self.write(path, mode, Some(slot.into()), FileContent::Pair(id), "signed by old CA", &after))
    }

    /// Restarts of processes, outside the profile's tables, that read files which `actions` change.
    fn process_restarts(&self, actions: &[Action]) -> Vec<Action> {
        let (mut changed, mut restarted) = (BTreeSet::new(), Vec::new());
        for action in actions {
            match action {
                Action::Write(edit) => _ = changed.insert(edit.target.as_str()),
                Action::Restart(component) => restarted.push(*component),
                _ => {}
            }
        }
        let processes = self.consumers.restarts(self.node, &changed, &restarted).into_iter();
        let restarts = processes.map(|process| match process {
            Process::Component(component) => Action::Restart(component),
            process => Action::RestartProcess(process),
        });
        restarts.collect()
    }

    /// The kubelet's serving certificate, if the kubelet reads it from a file and the rotated CA issued it.
    pub(super) fn serving_certificate(&mut self) -> Vec<Action> {
        self.serving_file().map_or_else(Vec::new, |path| self.serving_leaf(&path))
    }

    /// [`Self::serving_certificate`] on a control-plane node. [`Self::dependents`] changes files outside the profile's
    /// tables.
    fn own_serving_certificate(&mut self) -> Vec<Action> {
        let own = self.serving_file().filter(|path| self.node.slots.contains_key(path));
        own.map_or_else(Vec::new, |path| self.serving_leaf(&path))
    }

    fn serving_file(&self) -> Option<String> {
        match self.inventory.kubelet_serving(self.node) {
            KubeletServing::File(path) => Some(path),
            _ => None,
        }
    }

    fn serving_leaf(&mut self, path: &str) -> Vec<Action> {
        let Some(leaf) = self.node.certificates(path).first() else { return Vec::new() };
        let key = dependents::key_of(self.node, path, leaf);
        self.leaf(path, &key, "kubelet serving certificate")
    }

    /// A kubelet credential that Airlock issues; empty if kubelets renew through the API.
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
            self.write(&target, SECRET, None, FileContent::Credential(id), "—", "new credential of new CA"),
            Action::Restart(Component::Kubelet),
        ]
    }

    fn holder_folder(&self) -> String {
        let node = &self.node.name;
        match self.node.role {
            crate::inventory::Role::ControlPlane | crate::inventory::Role::Hosted => {
                Holder::Node(node.clone()).folder()
            }
            crate::inventory::Role::Worker => format!("workers/{}", PackagePath::name(node)),
        }
    }

    pub(super) fn write(
        &self,
        target: &str,
        mode: u32,
        source: Option<Source>,
        content: FileContent,
        before: &str,
        after: &str,
    ) -> Action {
        Action::Write(Edit {
            target: target.to_owned(),
            output: format!("{}/{}{target}", self.phase.folder(), self.holder_folder()),
            mode,
            source: source.or_else(|| self.node.file(target).map(Source::from)),
            content,
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Whether kube-controller-manager signs with the rotated CA's key on this node.
    fn signs_on_nodes(&self) -> bool {
        self.authority_changes
            .get(&AuthorityId::Cluster)
            .is_some_and(|authority_change| authority_change.key_home == KeyHome::Nodes)
            && self.manifest().is_none_or(|(_, flag)| !flag.is_empty())
    }

    /// kube-controller-manager's manifest, and the value of its signing flag.
    pub(super) fn manifest(&self) -> Option<(&Slot, String)> {
        let path = self.inventory.profile.manifest(Component::ControllerManager)?;
        let (slot, pod) = self.node.static_pod(path)?;
        Some((slot, pod.lookup(SIGNING_FLAG).unwrap_or_default()))
    }

    /// Whether the file at `path` has not completed the phase.
    fn is_left(&self, path: &str) -> bool {
        !self.progress.is_through(&self.node.name, path, self.phase)
    }

    /// Whether kube-controller-manager's signing flag has not completed the phase. Without its manifest, `ca.crt`
    /// decides.
    fn is_flag_left(&self) -> bool {
        let manifest = self.inventory.profile.manifest(Component::ControllerManager).unwrap_or_default();
        match self.progress.reached(&self.node.name, manifest) {
            Some(_) => self.is_left(manifest),
            None => self.is_left(self.ca_path()),
        }
    }

    /// Whether the signing file, which exists from phase 1 to phase 3, has not completed the phase.
    fn is_signing_left(&self) -> bool {
        let file = self.signing_file();
        match self.progress.reached(&self.node.name, &file) {
            Some(_) => self.is_left(&file),
            None => self.is_flag_left(),
        }
    }

    fn ca_path(&self) -> &'static str {
        self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate)
    }

    /// The trust bundles of the phase.
    pub(super) fn trust(&self) -> Vec<Action> {
        let order = self.phase.trust();
        let before = self.phase.trusted_before();
        let rows = self.inventory.profile.authorities.iter().filter(|row| self.authority_changes.contains_key(&row.id));
        let held = rows.filter(|row| self.node.slots.contains_key(row.certificate) && self.is_left(row.certificate));
        held.map(|row| {
            let anchors = self.node.certificates(row.certificate);
            let content = match self.inventory.foreign_in(row.id, anchors).as_slice() {
                [] => FileContent::Trust(row.id, order),
                _ => FileContent::Widened(row.id, anchors.to_vec(), order),
            };
            self.write(row.certificate, PUBLIC, None, content, before, &order.to_string())
        })
        .collect()
    }

    /// Files of a worker that also contain foreign CAs, or that only its kubelet's configuration names. The common
    /// `workers/ca.crt` would remove these CAs, or not change the file.
    pub(super) fn own_trust_of_worker(&mut self) -> Vec<Action> {
        let id = AuthorityId::Cluster;
        let mut paths: Vec<String> = self.inventory.client_files(self.node).into_keys().collect();
        paths.retain(|path| self.inventory.is_client_bundle(self.node, path));
        let foreign = |anchors: &[Certificate]| !self.inventory.foreign_in(id, anchors).is_empty();
        let ca = self.ca_path();
        if foreign(self.node.certificates(ca)) {
            paths.push(ca.to_owned());
        }
        let mut actions = Vec::new();
        for path in &paths {
            actions.extend(self.node.file(path).map(|slot| self.widened(id, path, slot)));
        }
        let conf = self.inventory.profile.kubelet_conf().and_then(|row| Some((row, self.node.kubeconfig(row.path)?)));
        if let Some((row, (slot, kubeconfig))) = conf
            && !self.inventory.embeds_kubelet_credential(self.node)
            && kubeconfig.trust.iter().any(|anchors| foreign(anchors))
        {
            actions.extend(self.kubeconfig(slot, row.name));
        }
        actions
    }

    /// The new CAs' private keys, if nodes store them.
    fn authority_keys(&self) -> Vec<Action> {
        let at_home =
            self.authority_changes.values().filter(|authority_change| authority_change.key_home == KeyHome::Nodes);
        let rows = at_home.filter_map(|authority_change| self.inventory.profile.authority(authority_change.id));
        // For a key that was not provided, its certificate decides.
        let left = |key: &str, certificate: &str| match self.progress.reached(&self.node.name, key) {
            Some(_) => self.is_left(key),
            None => self.is_left(certificate),
        };
        rows.filter(|row| left(row.key, row.certificate))
            .map(|row| {
                self.write(row.key, SECRET, None, FileContent::AuthorityKey(row.id), "key of old CA", "key of new CA")
            })
            .collect()
    }

    /// New leaves of the new CAs.
    pub(super) fn leaves(&mut self) -> Vec<Action> {
        let (leaves, authority_changes) = (self.inventory.profile.leaves, self.authority_changes);
        let rows = leaves.iter().filter(|row| authority_changes.contains_key(&row.authority));
        rows.flat_map(|row| self.leaf(row.certificate, row.key, row.name)).collect()
    }

    /// A new leaf in phase 2, and its key if the package includes a new one.
    fn leaf(&mut self, certificate: &str, key: &str, name: &str) -> Vec<Action> {
        let file = self.node.file(certificate).filter(|_| self.phase == Phase::Switch);
        let Some(leaf) = file.and_then(|slot| slot.artifact.certificates().first()) else { return Vec::new() };
        let owner = format!("{}: {name}", self.node.name);
        let keeps_key = self.consumers.kept_keys.contains(&(self.node.name.clone(), key.to_owned()));
        let Some(id) = self.replacements.of(leaf, &owner, keeps_key) else { return Vec::new() };
        let after = format!("signed by new CA, {}", self.replacements.key_in_words(id));
        let mut actions =
            vec![self.write(certificate, PUBLIC, None, FileContent::Leaf(id), "signed by old CA", &after)];
        if self.replacements.has_new_key(id) && !key.is_empty() {
            actions.push(self.write(key, SECRET, None, FileContent::LeafKey(id), "key", "new key"));
        }
        actions
    }

    /// The node's kubeconfigs with the phase's trusted CAs and credentials.
    pub(super) fn kubeconfigs(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for row in self.inventory.profile.kubeconfigs {
            let Some(slot) = self.node.slots.get(row.path).filter(|_| self.is_left(row.path)) else { continue };
            actions.extend(self.kubeconfig(slot, row.name));
        }
        actions
    }

    /// One of the node's kubeconfigs with the phase's trusted CAs and credentials.
    fn kubeconfig(&mut self, slot: &Slot, name: &str) -> Option<Action> {
        let Artifact::Kubeconfig(kubeconfig) = &slot.artifact else { return None };
        let owner = format!("{}: {name}", self.node.name);
        let access = (AuthorityId::Cluster, &**kubeconfig);
        let change = clients::change(access, &owner, self.phase, self.authority_changes, self.replacements)?;
        let (before, after) = (clients::before(&change, self.phase), clients::after(&change, self.phase));
        let content = FileContent::Kubeconfig(slot.into(), change);
        Some(self.write(&slot.place, SECRET, Some(slot.into()), content, &before, &after))
    }
}
