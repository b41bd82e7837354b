//! What on a node reads which file: every flag, environment variable, mount and configuration field that names a path.
//!
//! [`of_node`] reports every reference that it finds, whether or not the file was provided. It prefers a reference too
//! many to one too few: a path of which a part is unknown counts as the folder above.

mod collector;
mod configs;
mod files;
mod host;
mod pods;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use super::model::readers::NodeFile;

use self::{collector::Collector, files::NodeFiles};
use super::model::{
    files::Node,
    inventory::Inventory,
    pods::Workload,
    readers::{Process, Reader, Reference},
};
use crate::{
    formats::{path::below, systemd_unit::Unknown},
    profile::file_flags::{FileFlag, FlagContent, Program},
};

impl Process {
    /// The known program that runs in it.
    pub(crate) fn program(&self) -> Option<Program> {
        match self {
            Self::StaticPod { program, .. } | Self::Unit { program, .. } | Self::Workload { program, .. } => *program,
            Self::Kubelet => Some(Program::Kubelet),
            Self::KubeconfigUser => None,
        }
    }
}

impl Reader {
    /// Whether the reader can read the file at `path`: it names the file itself, or a folder that holds it.
    pub(crate) fn can_read(&self, path: &str) -> bool {
        [&self.path, &self.target].iter().any(|own| below(own.trim_end_matches('/'), path).is_some())
    }

    /// What the file at the path holds, as far as the reference says so.
    pub(crate) fn content(&self) -> Option<FlagContent> {
        match &self.reference {
            Reference::Config { content, .. } => *content,
            Reference::InlineTrust { .. } => Some(FlagContent::TrustBundle),
            Reference::Kubeconfig { field, .. } => match field.rsplit('.').next()? {
                "certificate-authority" => Some(FlagContent::TrustBundle),
                "client-certificate" => Some(FlagContent::Certificate),
                "client-key" => Some(FlagContent::PrivateKey),
                _ => None,
            },
            _ => self.flag().map(|row| row.content),
        }
    }

    /// What is known about the flag, where the reference is a flag of a known program, or a variable that etcd takes for
    /// one.
    pub(crate) fn flag(&self) -> Option<&'static FileFlag> {
        let program = self.process.program()?;
        match &self.reference {
            Reference::Flag(flag) => FileFlag::of(program, flag),
            Reference::Environment(name) => FileFlag::of_environment(program, name),
            _ => None,
        }
    }
}

/// Every reader on a node, in a fixed order.
///
/// `files` are the node's files by absolute path. `links` are its symbolic links: absolute path and target, as in
/// [`tree::real_path`](super::tree::real_path); they may be empty. `workloads` may have a Pod on the node.
pub(crate) fn of_node<'a>(
    files: impl IntoIterator<Item = NodeFile<'a>>,
    links: &'a BTreeMap<String, String>,
    workloads: &[Workload],
) -> Vec<Reader> {
    let files = NodeFiles::new(files, links);
    let mut collector = Collector::new(&files);
    let manifests = host::collect(&mut collector);
    pods::collect(&mut collector, &manifests);
    pods::of_workloads(&mut collector, workloads);
    configs::unnamed_kubeconfigs(&mut collector);
    collector.into_readers()
}

/// What is needed to know which files a node's systemd units read, and was not provided, by the unit's name; arguments as
/// for [`of_node`].
pub(crate) fn unknown<'a>(
    files: impl IntoIterator<Item = NodeFile<'a>>,
    links: &'a BTreeMap<String, String>,
) -> BTreeSet<(String, Unknown)> {
    let files = NodeFiles::new(files, links);
    let mut collector = Collector::new(&files);
    host::collect(&mut collector);
    collector.unknown
}

/// The folders that a node's kubelet reads static Pods from; arguments as for [`of_node`].
pub(crate) fn manifest_folders<'a>(
    files: impl IntoIterator<Item = NodeFile<'a>>,
    links: &'a BTreeMap<String, String>,
) -> Vec<String> {
    let files = NodeFiles::new(files, links);
    host::collect(&mut Collector::new(&files))
}

impl Inventory {
    /// Every reference from a process on a node to a file of the node.
    pub(crate) fn readers(&self, node: &Node) -> Vec<Reader> {
        of_node(node.files().map(NodeFile::from), &node.links, &self.workloads)
    }

    /// What is needed to know which files a node's systemd units read, and was not provided, by the unit's name.
    pub(crate) fn unknown(&self, node: &Node) -> BTreeSet<(String, Unknown)> {
        unknown(node.files().map(NodeFile::from), &node.links)
    }

    /// The folders that a node's kubelet reads static Pods from.
    pub(crate) fn manifest_folders(&self, node: &Node) -> Vec<String> {
        manifest_folders(node.files().map(NodeFile::from), &node.links)
    }
}

#[cfg(test)]
mod tests;
