//! Decides, for each process that reads a file which the rotation changes, whether the plan handles it.

mod changed;
mod coverage;
mod decision;
mod elsewhere;
mod judge;
mod node_pods;
mod places;
mod unknown;
mod words;

use std::collections::BTreeMap;

pub(super) use self::{decision::Judge, node_pods::node_pods, places::extra_arguments};

use self::{
    changed::Changed,
    decision::component,
    words::{process_name, reference},
};
use super::{
    model::{
        authorities::AuthorityChange,
        consumers::{Consumers, Dependent},
    },
    unhandled::{is_backup, list},
};
use crate::{
    finding::Finding,
    formats::path::below,
    inventory::{Inventory, Node, Reader, ReaderProcess, Reference},
    profile::AuthorityId,
};

impl<'a> Judge<'a> {
    pub(super) fn new(inventory: &'a Inventory, authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>) -> Self {
        Self { inventory, authority_changes, problems: BTreeMap::new(), kept: BTreeMap::new() }
    }

    /// The findings, one for each cause.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let problems = self.problems.into_iter().map(|((code, id, message, remedy, file), nodes)| {
            let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
            let message = message.replace("{nodes}", &list(&nodes));
            match id.as_str() {
                "" => Finding::error(code, &file, message).remedy(remedy),
                id => Finding::warning(code, &file, message).remedy(remedy).acknowledged_as(AuthorityId::Cluster, id),
            }
        });
        let kept = self.kept.into_iter().map(|(key, (uses, nodes))| {
            let [uses, nodes] = [&uses, &nodes].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
            let message = format!(
                "the private key {key} on {} has another use ({}): it is kept, and the new certificate is for the same key",
                list(&nodes),
                list(&uses)
            );
            Finding::warning("key-kept", "", message)
                .remedy("Give the other use a key of its own if this key must be replaced, then make the plan again")
        });
        problems.chain(kept).collect()
    }

    fn problem(
        &mut self,
        node: &Node,
        code: &'static str,
        id: &str,
        message: String,
        remedy: &'static str,
        file: &str,
    ) {
        // A cause that several nodes share is one finding, at the first node's file.
        let same = self.problems.keys().find(|known| (known.0, &known.1, &known.2) == (code, &id.to_owned(), &message));
        let key = same.cloned().unwrap_or_else(|| (code, id.to_owned(), message, remedy, file.to_owned()));
        self.problems.entry(key).or_default().insert(node.name.clone());
    }

    fn keep(&mut self, node: &Node, key: String, other_use: String) {
        let (uses, nodes) = self.kept.entry(key).or_default();
        uses.insert(other_use);
        nodes.insert(node.name.clone());
    }

    /// Checks the readers of a control-plane node whose files the package's script changes.
    pub(super) fn node(
        &mut self,
        node: &Node,
        dependents: &mut BTreeMap<String, Dependent>,
        consumers: &mut Consumers,
    ) {
        let readers = self.inventory.readers(node);
        self.keep_only_read(node, &readers, dependents, consumers);
        let mut changed = self.changed(dependents);
        for path in self.keys_in_use(node, &readers, &changed) {
            changed.remove(&path);
            consumers.kept_keys.insert((node.name.clone(), path));
        }
        let strong: Vec<(&Reader, &str, &Changed)> = readers
            .iter()
            .filter(|reader| !matches!(reader.reference, Reference::FolderMount { .. }))
            .filter_map(|reader| {
                let (path, file) =
                    changed.get_key_value(&reader.target).or_else(|| changed.get_key_value(&reader.path))?;
                Some((reader, path.as_str(), file))
            })
            .collect();
        for (reader, path, file) in &strong {
            if !self.is_covered(node, reader, path) && !self.uses_kubelet_credential(reader) {
                self.judge(node, reader, path, file, consumers);
            }
        }
        self.folders(node, &readers, &strong, &changed, consumers);
        self.restartable(node, consumers);
        self.every_node(node, &readers);
    }

    /// Checks that apply to every node, whether or not the package restarts its processes.
    fn every_node(&mut self, node: &Node, readers: &[Reader]) {
        self.kubelet_credentials(node, readers);
        self.fixed_places(node, readers);
        self.not_provided(node, readers);
        self.inline_trust(node, readers);
        self.not_readable(node, readers);
        self.unknown(node);
    }

    /// Checks the readers of a node whose processes the package does not restart: a worker, or a host that the
    /// platform's own tool changes.
    pub(super) fn node_without_restarts(&mut self, node: &Node) {
        let changed = self.changed(&BTreeMap::new());
        let readers = self.inventory.readers(node);
        self.every_node(node, &readers);
        for reader in &readers {
            if self.uses_kubelet_credential(reader) {
                continue;
            }
            let Some(path) = changed.keys().find(|path| **path == reader.target || **path == reader.path) else {
                continue;
            };
            // Steps for Pods restart workloads in phases 1 and 3.
            let restarts_anyway = matches!(
                reader.process,
                ReaderProcess::Kubelet | ReaderProcess::KubeconfigUser | ReaderProcess::Workload { .. }
            );
            let foreign = !restarts_anyway && component(reader).is_none();
            if foreign && !matches!(reader.reference, Reference::FolderMount { .. } | Reference::Hook { .. }) {
                let name = process_name(&reader.process);
                let message = format!(
                    "{name} on {{nodes}} reads {path} ({}), and this package does not restart it: it keeps the old content until it restarts",
                    reference(&reader.reference)
                );
                let remedy = "Restart it after this node's step in each phase";
                self.problem(node, "restart-yourself", &format!("{name}{path}"), message, remedy, &reader.file);
            }
        }
    }

    /// Removes dependents that no known process reads. A kubeconfig stays, and the user must acknowledge it.
    fn keep_only_read(
        &self,
        node: &Node,
        readers: &[Reader],
        dependents: &mut BTreeMap<String, Dependent>,
        consumers: &mut Consumers,
    ) {
        dependents.retain(|path, dependent| {
            let named = |reader: &&Reader| {
                (reader.target == *path || reader.path == *path) && reader.process != ReaderProcess::KubeconfigUser
            };
            let in_folder =
                |reader: &&Reader| self.reads_folder(reader) && reader.can_read(path) && component(reader).is_none();
            let is_read = readers.iter().any(|reader| named(&reader) || in_folder(&reader));
            let is_kubeconfig = *dependent == Dependent::Kubeconfig;
            if !is_read && is_kubeconfig && !is_backup(path) {
                consumers.unread.insert((node.name.clone(), path.clone()));
            }
            is_read || (is_kubeconfig && !is_backup(path))
        });
    }
}

impl Judge<'_> {
    /// Whether it mounts a directory and may read its files. Workloads that mount more than the configuration
    /// directory, such as monitoring agents that mount `/`, are assumed not to.
    fn reads_folder(&self, reader: &Reader) -> bool {
        let folder = self.inventory.profile.directory;
        let is_workload = matches!(reader.process, ReaderProcess::Workload { .. });
        let in_tree = below(folder, &reader.path).is_some();
        matches!(reader.reference, Reference::FolderMount { .. }) && (!is_workload || in_tree)
    }
}
