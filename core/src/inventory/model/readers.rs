//! Processes that read files of nodes.

use super::files::Artifact;
use crate::profile::file_flags::{FlagContent, Program};

/// A file of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeFile<'a> {
    /// Its absolute path on the node.
    pub(crate) path: &'a str,
    /// The file, as the person named it.
    pub(crate) file: &'a str,
    pub(crate) bytes: &'a [u8],
    /// What it was recognised as.
    pub(crate) artifact: Option<&'a Artifact>,
}

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
    Config { file: String, field: String, content: Option<FlagContent> },
    /// A field of a configuration file that holds CA certificates: as PEM, decoded where the field is base64. The reader's path is that file.
    InlineTrust { field: String, pem: String },
    /// A field of a kubeconfig, by the kubeconfig's path on the node.
    Kubeconfig { file: String, field: String },
}
