//! Trees become nodes: each gets its name, and trees of one node are joined.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    model::{
        files::{Artifact, Node},
        inventory::Inventory,
    },
    tree,
};
use crate::{
    finding::Finding,
    x509::{AlternativeName, Certificate},
};

impl Inventory {
    /// Gives every node its name, joins trees of one node, and sorts them.
    pub(super) fn name_nodes(&mut self) {
        let mut named: BTreeMap<String, Node> = BTreeMap::new();
        for mut node in std::mem::take(&mut self.nodes) {
            let name = self.node_name(&node).unwrap_or_else(|| tree::label(&node.name));
            node.name.clone_from(&name);
            match named.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(node);
                }
                Entry::Occupied(mut entry) => self.join(entry.get_mut(), node),
            }
        }
        self.nodes = named.into_values().collect();
        self.nodes.sort_by(|a, b| a.role.cmp(&b.role).then_with(|| a.name.cmp(&b.name)));
    }

    /// Adds the files of a second tree of the same node; where both have a file, it must be the same.
    fn join(&mut self, node: &mut Node, other: Node) {
        let differs = |path: &str| match (node.slots.get(path), other.slots.get(path)) {
            (Some(a), Some(b)) => (a.bytes != b.bytes).then(|| (a.file.clone(), b.file.clone())),
            _ => None,
        };
        let authorities = self.profile.authorities.iter();
        if let Some((first, second)) = authorities.into_iter().find_map(|row| differs(row.certificate)) {
            let message =
                format!("two nodes are called {} and have different CAs, the other one in {first}", node.name);
            let finding = Finding::error("two-clusters", &second, message)
                .remedy("Load the files of one cluster at a time, each node once");
            self.conflicts.nodes.push((other, vec![finding]));
            return;
        }
        node.role = node.role.min(other.role);
        for (in_tables, (path, slot)) in
            other.slots.into_iter().map(|file| (true, file)).chain(other.others.into_iter().map(|file| (false, file)))
        {
            let files = if in_tables { &mut node.slots } else { &mut node.others };
            match files.entry(path) {
                Entry::Vacant(entry) => {
                    entry.insert(slot);
                }
                Entry::Occupied(entry) if entry.get().bytes == slot.bytes => {}
                Entry::Occupied(entry) => self.findings.push(
                    Finding::error(
                        "two-trees",
                        &slot.file,
                        format!(
                            "{} on node {} is also given, with other content, as {}",
                            slot.place,
                            node.name,
                            entry.get().file
                        ),
                    )
                    .remedy("Give each node once; where two nodes share a name, tell them apart by their folders"),
                ),
            }
        }
    }

    /// The node's name as its kubelet's or apiserver's certificate has it.
    fn node_name(&self, node: &Node) -> Option<String> {
        let kubelet_client = |certificate: &Certificate| {
            certificate.subject().common_name()?.strip_prefix("system:node:").map(str::to_owned)
        };
        let from_kubelet =
            node.slots.values().flat_map(|slot| slot.artifact.all_certificates()).find_map(kubelet_client);
        let from_kubeconfig = || {
            let mut kubeconfigs = node.slots.values().filter_map(|slot| match &slot.artifact {
                Artifact::Kubeconfig(kubeconfig) => Some(kubeconfig),
                _ => None,
            });
            kubeconfigs.find_map(|kubeconfig| {
                kubeconfig.model.users.iter().find_map(|user| user.name.strip_prefix("system:node:").map(str::to_owned))
            })
        };
        let from_etcd = || {
            let row = self.profile.leaves.iter().find(|row| row.name == "etcd/server")?;
            node.certificates(row.certificate).first()?.subject().common_name()
        };
        let from_apiserver = || {
            let row = self.profile.leaves.iter().find(|row| row.name == "apiserver")?;
            let names = node.certificates(row.certificate).first()?.alternative_names();
            let own = |name: &&str| !name.contains('.') && *name != "kubernetes" && *name != "localhost";
            let label = tree::label(&node.name);
            let mut own_names = names.iter().filter_map(AlternativeName::dns).filter(own);
            let first = own_names.clone().next().map(str::to_owned);
            own_names.find(|name| *name == label).map(str::to_owned).or(first)
        };
        from_kubelet
            .or_else(from_kubeconfig)
            .or_else(from_etcd)
            .or_else(from_apiserver)
            .filter(|name| is_node_name(name))
    }
}

/// A DNS subdomain (RFC 1123), which is what Kubernetes allows; nothing that could be a path.
fn is_node_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
}
