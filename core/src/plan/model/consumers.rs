//! Processes and files outside the profile's tables that depend on a rotated CA.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    profile::{Component, ConsumerFile, edge::Effect},
    x509::Certificate,
};

/// How a process is restarted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Process {
    /// A component of Kubernetes that the profile lists.
    Component(Component),
    /// A static Pod: its manifest's base name without the extension, and its program's base name, empty if the manifest
    /// does not name it.
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
    /// Absolute path of the certificate's private key; empty if `path` contains the key or there is none.
    pub(crate) key: String,
    pub(crate) file: ConsumerFile,
    pub(crate) effect: Effect,
    /// The host names for which the process serves the certificate (SNI); empty if it serves it for every name.
    pub(crate) hosts: Vec<String>,
    /// Foreign CAs in the file, whose clients the process accepts; only for [`ConsumerFile::ForeignClients`].
    pub(crate) foreign: Vec<Certificate>,
    /// The nodes on which it runs.
    pub(crate) nodes: BTreeSet<String>,
}

/// A file outside the profile's tables that the package changes in each phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dependent {
    Kubeconfig,
    /// CA certificates, including the old CA.
    TrustBundle,
    /// CA certificates, including the old front-proxy CA.
    FrontProxyBundle,
    /// A leaf, and the path of its private key; empty if the key was not found on the node.
    Leaf {
        key: String,
    },
    /// A leaf with its private key in one file.
    Credential,
}

impl Process {
    /// The name that texts show.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Component(component) => component.as_str(),
            Self::StaticPod { name, .. } | Self::Unit(name) | Self::Workload { name, .. } => name,
        }
    }
}

impl Consumer {
    /// The kind and the path of the file that it reads.
    pub(crate) fn read(&self) -> (ConsumerFile, &str) {
        (self.file, &self.path)
    }

    /// An identifier that is unique within the plan: process, path and holder.
    pub(crate) fn id(&self, place: &str) -> String {
        format!("{}{}/{place}", self.process.name(), self.path)
    }

    /// The text that the trust matrix shows.
    pub(crate) fn label(&self, place: &str) -> String {
        let file = self.path.rsplit('/').next().unwrap_or(&self.path);
        format!("{} on {place} ({file})", self.process.name())
    }
}

/// Files and processes outside the profile's tables that depend on a rotated CA.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    pub(crate) all: Vec<Consumer>,
    /// By node and path.
    pub(crate) dependents: BTreeMap<(String, String), Dependent>,
    /// Private keys, by node and path, that the plan keeps because they are used for more than their certificate.
    pub(crate) kept_keys: BTreeSet<(String, String)>,
    /// Dependents, by node and path, for which no process that reads them is known.
    pub(crate) unread: BTreeSet<(String, String)>,
}
