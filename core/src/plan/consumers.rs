//! Processes on a control-plane node that no profile's table names and that read a file which the rotation changes, and
//! files outside the tables that depend on a rotated CA.
//!
//! Every reference to a path comes from [`Reader`]: flags, environment, mounts, configuration files and kubeconfigs. A
//! reference is covered by the profile's tables, becomes a [`Consumer`] with a connection of its own, keeps a private key
//! from being replaced, or refuses the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Succession, dependents, readers::Judge};
use crate::{
    Finding,
    inventory::{Inventory, Node, Role},
    profile::{
        AuthorityId, Component, ConsumerFile, Course, EdgeRow, consumer_rows,
        edge::{ConsumerId, Effect},
    },
    x509::Certificate,
};

/// How a process is restarted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Process {
    /// A component of Kubernetes, whose restart the profile knows.
    Component(Component),
    /// A static Pod by its manifest's base name without ending, and the base name of its program, empty where the
    /// manifest does not name it.
    StaticPod { name: String, program: String },
    /// A systemd unit, such as `kube-proxy.service`.
    Unit(String),
    /// A workload of the cluster, such as `DaemonSet/cloud-controller-manager`: a step for the cluster restarts it.
    Workload { name: String, namespace: String },
}

/// A process that reads a changed file, on one or more nodes.
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    pub(crate) process: Process,
    /// Absolute path on the node of the file with certificates.
    pub(crate) path: String,
    /// Absolute path of the private key that goes with a certificate; empty where `path` holds it too or has none.
    pub(crate) key: String,
    pub(crate) file: ConsumerFile,
    pub(crate) effect: Effect,
    /// The names for which the process serves the certificate, where it serves it for names alone.
    pub(crate) hosts: Vec<String>,
    /// The CAs of others whose clients the process accepts by the file; only of [`ConsumerFile::ForeignClients`].
    pub(crate) foreign: Vec<Certificate>,
    /// The nodes on which it runs.
    pub(crate) nodes: BTreeSet<String>,
}

/// A file outside the profile's tables that the package changes in each phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dependent {
    Kubeconfig,
    /// Certificates of CAs, the old one among them.
    TrustBundle,
    /// Certificates of CAs, the old front-proxy CA among them.
    FrontProxyBundle,
    /// A leaf, and the path of its private key; empty where the key is not on the node.
    Leaf {
        key: String,
    },
    /// A leaf with its private key in one file.
    Credential,
}

/// All that a plan knows of files and processes outside the profile's tables.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    pub(crate) all: Vec<Consumer>,
    /// By node and path.
    pub(crate) dependents: BTreeMap<(String, String), Dependent>,
    /// Private keys with another use than their certificate's, by node and path: they are kept.
    pub(crate) kept_keys: BTreeSet<(String, String)>,
    /// Dependents whose reader is not known, by node and path.
    pub(crate) unread: BTreeSet<(String, String)>,
}

impl Process {
    /// Its name for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Component(component) => component.as_str(),
            Self::StaticPod { name, .. } | Self::Unit(name) | Self::Workload { name, .. } => name,
        }
    }
}

impl Consumer {
    /// What it reads, and where.
    pub(crate) fn read(&self) -> (ConsumerFile, &str) {
        (self.file, &self.path)
    }

    /// Unique within a plan on one node.
    pub(crate) fn id(&self, place: &str) -> String {
        format!("{}{}/{place}", self.process.name(), self.path)
    }

    /// For people.
    pub(crate) fn label(&self, place: &str) -> String {
        let file = self.path.rsplit('/').next().unwrap_or(&self.path);
        format!("{} on {place} ({file})", self.process.name())
    }
}

impl Consumers {
    /// Finds them; what a rotation would break is added to `findings`.
    pub(super) fn of(
        inventory: &Inventory,
        successions: &BTreeMap<AuthorityId, Succession>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut consumers = Self::default();
        if !successions.contains_key(&AuthorityId::Cluster) {
            return consumers;
        }
        let restarts = inventory.profile.course == Course::NodeFiles;
        if restarts {
            super::readers::extra_arguments(inventory, successions, findings);
        }
        let mut judge = Judge::new(inventory, successions);
        for node in inventory.nodes.iter().filter(|node| node.role != Role::Hosted && node.machine.is_none()) {
            if !restarts || node.role == Role::Worker {
                judge.node_without_restarts(node);
                continue;
            }
            let mut dependents = dependents::of_node(inventory, successions, node);
            judge.node(node, &mut dependents, &mut consumers);
            let name = || node.name.clone();
            consumers.dependents.extend(dependents.into_iter().map(|(path, dependent)| ((name(), path), dependent)));
        }
        findings.extend(judge.into_findings());
        consumers.accept_foreign(inventory);
        super::readers::node_pods(inventory, successions, &consumers.dependents, findings);
        consumers
    }

    /// Adds a consumer, or a node to one that is known.
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

    /// The connections of the consumers, as rows.
    pub(super) fn rows(&self) -> Vec<EdgeRow> {
        let rows = self
            .all
            .iter()
            .zip(0_u16..)
            .flat_map(|(consumer, index)| consumer_rows(ConsumerId(index), consumer.file, consumer.effect));
        rows.collect()
    }

    /// The processes of `node` that have to be restarted for a change of these paths, beside those in `restarted`.
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
