//! Processes on control-plane nodes that are not in the profile's tables and that read a file which the rotation
//! changes, and files outside the tables that depend on a rotated CA.
//!
//! Every reference to a path comes from [`Reader`](crate::inventory::model::readers::Reader): flags, environment,
//! mounts, configuration files and kubeconfigs. For each reference, the profile's tables cover it, it becomes a
//! [`Consumer`] with its own connection, a private key is kept because of it, or the plan is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    dependents,
    model::{
        authorities::AuthorityChange,
        consumers::{Consumer, Consumers, Dependent, Process},
    },
    readers::Judge,
};
use crate::{
    finding::Finding,
    inventory::{Inventory, Node, Role},
    profile::{
        AuthorityId, Component, ConsumerFile, EdgeRow, RotationMethod, consumer_rows,
        edge::{ConsumerId, Effect},
    },
};

impl Consumers {
    /// Finds consumers and dependents, and adds what the package does not handle to `findings`.
    pub(super) fn of(
        inventory: &Inventory,
        authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut consumers = Self::default();
        if !authority_changes.contains_key(&AuthorityId::Cluster) {
            return consumers;
        }
        let restarts = inventory.profile.course == RotationMethod::NodeFiles;
        if restarts {
            super::readers::extra_arguments(inventory, authority_changes, findings);
        }
        let mut judge = Judge::new(inventory, authority_changes);
        for node in inventory.nodes.iter().filter(|node| node.role != Role::Hosted && node.machine.is_none()) {
            if !restarts || node.role == Role::Worker {
                judge.node_without_restarts(node);
                continue;
            }
            let mut dependents = dependents::of_node(inventory, authority_changes, node);
            judge.node(node, &mut dependents, &mut consumers);
            let name = || node.name.clone();
            consumers.dependents.extend(dependents.into_iter().map(|(path, dependent)| ((name(), path), dependent)));
        }
        findings.extend(judge.into_findings());
        consumers.accept_foreign(inventory);
        super::readers::node_pods(inventory, authority_changes, &consumers.dependents, findings);
        consumers
    }

    /// Adds a consumer, or adds its nodes to an equal consumer.
    pub(super) fn add(&mut self, consumer: Consumer) {
        let same = |known: &&mut Consumer| {
            (&known.process, &known.path, known.file, &known.hosts, &known.foreign)
                == (&consumer.process, &consumer.path, consumer.file, &consumer.hosts, &consumer.foreign)
        };
        match self.all.iter_mut().find(same) {
            Some(known) => known.nodes.extend(consumer.nodes),
            None => self.all.push(consumer),
        }
    }

    /// The connections of the consumers.
    pub(super) fn rows(&self) -> Vec<EdgeRow> {
        let rows = self
            .all
            .iter()
            .zip(0_u16..)
            .flat_map(|(consumer, index)| consumer_rows(ConsumerId(index), consumer.file, consumer.effect));
        rows.collect()
    }

    /// The processes of `node` that must restart after a change of these paths, without the components in `restarted`.
    pub(super) fn restarts(&self, node: &Node, changed: &BTreeSet<&str>, restarted: &[Component]) -> Vec<Process> {
        let reads = |consumer: &&Consumer| {
            consumer.nodes.contains(&node.name)
                && (changed.contains(consumer.path.as_str()) || changed.contains(consumer.key.as_str()))
        };
        let needed: BTreeSet<&Process> = self
            .all
            .iter()
            .filter(reads)
            .filter(|consumer| match consumer.effect {
                Effect::Restart(component) => !restarted.contains(&component),
                Effect::ConsumerRestart => true,
                _ => false,
            })
            .map(|consumer| &consumer.process)
            .filter(|process| !matches!(process, Process::Workload { .. }))
            .collect();
        needed.into_iter().cloned().collect()
    }

    /// The workloads that read a client certificate from a file of a node: namespace and name.
    pub(super) fn presenting_workloads(&self) -> Vec<(String, String)> {
        let presents = [ConsumerFile::Kubeconfig, ConsumerFile::ClientCertificate, ConsumerFile::ServingCertificate];
        let of_workload = |consumer: &Consumer| match &consumer.process {
            Process::Workload { name, namespace } => Some((namespace.clone(), name.clone())),
            _ => None,
        };
        let all = self.all.iter().filter(|consumer| presents.contains(&consumer.file));
        let workloads: BTreeSet<_> = all.filter_map(of_workload).collect();
        workloads.into_iter().collect()
    }

    /// The dependents of a node, by path.
    pub(super) fn of_node<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = (&'a str, &'a Dependent)> {
        let own = self.dependents.iter().filter(|((name, _), _)| *name == node.name);
        own.map(|((_, path), dependent)| (path.as_str(), dependent))
    }
}
