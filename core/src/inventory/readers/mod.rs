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

pub(crate) use self::files::NodeFile;

use self::{collector::Collector, files::NodeFiles};
use super::workloads::Workload;
use crate::{
    formats::{path::below, systemd_unit::Unknown},
    profile::file_flags::{Content, FileFlag, Program},
};

/// A reference from something that runs on a node to a file or folder on the same node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reader {
    /// What reads.
    pub(crate) process: Process,
    /// How it names the path.
    pub(crate) reference: Reference,
    /// The absolute path on the node, translated through the container's mounts. It can be a folder.
    pub(crate) path: String,
    /// The same path after symbolic links on the node, as far as they were provided.
    pub(crate) target: String,
    /// The file that holds the reference, as the person named it. Empty for kubeadm's own systemd drop-in where no unit
    /// of the kubelet was provided.
    pub(crate) file: String,
}

/// What reads a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Process {
    /// A container of a static Pod.
    StaticPod {
        /// The manifest's path on the node.
        manifest: String,
        /// The Pod's name.
        pod: String,
        /// The container's name.
        container: String,
        /// The program that it runs, if it is a known one.
        program: Option<Program>,
    },
    /// The kubelet.
    Kubelet,
    /// Another systemd unit.
    Unit {
        /// Its name, such as `kube-proxy.service`.
        name: String,
        /// The program that it runs, if it is a known one.
        program: Option<Program>,
    },
    /// A container of a DaemonSet's, Deployment's or StatefulSet's Pods.
    Workload {
        /// Such as `DaemonSet/cloud-controller-manager`.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The program that the container runs, if it is a known one.
        program: Option<Program>,
    },
    /// Somebody or something that uses a kubeconfig which no process on the node names.
    KubeconfigUser,
}

/// How a path is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// A flag, without dashes; of a container's command, a script in it, or a unit's command.
    Flag(String),
    /// A positional argument of a command.
    Argument,
    /// An environment variable.
    Environment(String),
    /// The command of a probe or lifecycle hook, by its field such as `livenessProbe`, and the flag in it.
    Hook { field: &'static str, flag: Option<String> },
    /// A `hostPath` folder, by its path in the container.
    FolderMount { inside: String },
    /// A `hostPath` mount of a single file, by its path in the container. After a rename on the node the container still
    /// sees the old file, until it is restarted.
    FileMount { inside: String },
    /// A directive of a systemd unit, such as `EnvironmentFile`.
    Directive(String),
    /// A field of a configuration file, by the file's path on the node; `line 3` in a file that is not YAML or JSON. What
    /// the named file holds, where the field is a known one.
    Config { file: String, field: String, content: Option<Content> },
    /// A field of a configuration file that holds CA certificates: as PEM, decoded where the field is base64. The reader's path is that file.
    InlineTrust { field: String, pem: String },
    /// A field of a kubeconfig, by the kubeconfig's path on the node.
    Kubeconfig { file: String, field: String },
}

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
    pub(crate) fn content(&self) -> Option<Content> {
        match &self.reference {
            Reference::Config { content, .. } => *content,
            Reference::InlineTrust { .. } => Some(Content::TrustBundle),
            Reference::Kubeconfig { field, .. } => match field.rsplit('.').next()? {
                "certificate-authority" => Some(Content::TrustBundle),
                "client-certificate" => Some(Content::Certificate),
                "client-key" => Some(Content::PrivateKey),
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

#[cfg(test)]
mod tests;
