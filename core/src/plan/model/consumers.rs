//! Processes and files outside the profile's tables that depend on a rotated CA.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    profile::{Component, ConsumerFile, edge::Effect},
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
