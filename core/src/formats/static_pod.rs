//! Static Pod manifests of control-plane components: reading and setting of flags, and all references to files in their
//! containers.

use serde_json::Value;
use zeroize::Zeroizing;

pub use self::{
    container::{Container, Hook},
    volume::{HostPathType, Mount},
};
pub use super::command_line::Argument;

use super::{
    edit::{self, Edit, EditError, Segment},
    yaml::{self, YamlError},
};

mod container;
mod volume;

/// Programs that kubeadm runs as static Pods.
const COMPONENTS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/// A static Pod and the command line of its main container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPod {
    /// The program: the base name of the command, otherwise the container's name. `kube-apiserver`,
    /// `kube-controller-manager`, `kube-scheduler`, `etcd` or another.
    pub component: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// The flags of `command` and `args`, in order, including repetitions.
    pub flags: Vec<Flag>,
    /// The node's files and folders that are mounted into the container, in order.
    pub mounts: Vec<Mount>,
    /// Every container, `initContainers` first.
    pub containers: Vec<Container>,
    /// `spec.hostNetwork`: whether the Pod uses the node's addresses.
    pub host_network: bool,
    container: usize,
}

/// One flag of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name without leading dashes: `client-ca-file`.
    pub name: String,
    /// Its value; empty for `--flag=` and for a switch without a value.
    pub value: String,
    /// `command` or `args`.
    list: &'static str,
    /// The index of the item that contains the value.
    index: usize,
    /// Whether the value is a separate item after the flag.
    separate: bool,
}

/// Why bytes could not be read as a static Pod, or a flag could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaticPodError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The text is not a Pod.
    #[error("the text is not a Pod manifest: {0}")]
    NotPod(&'static str),
    /// The command line does not contain the flag.
    #[error("the flag --{0} is not set in the manifest")]
    Missing(String),
    /// The text cannot be edited in place.
    #[error(transparent)]
    Text(#[from] EditError),
}

impl StaticPod {
    /// The value of a flag; if it is repeated, the last one.
    pub fn lookup(&self, flag: &str) -> Option<String> {
        self.find(flag).map(|flag| flag.value.clone())
    }

    /// The mount with the longest path that contains the file; `None` for a file of the image.
    pub fn mount_of(&self, file: &str) -> Option<&Mount> {
        self.mounts.iter().filter(|mount| mount.rest(file).is_some()).max_by_key(|mount| mount.inside.len())
    }

    /// The names of repeated flags, in order of their first occurrence.
    pub fn duplicates(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (at, flag) in self.flags.iter().enumerate() {
            let again = self.flags[at + 1..].iter().any(|other| same_flag(&other.name, &flag.name));
            if again && !names.iter().any(|name| same_flag(name, &flag.name)) {
                names.push(flag.name.clone());
            }
        }
        names
    }

    fn find(&self, flag: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|found| same_flag(&found.name, flag))
    }
}

/// Whether two flag names are the same: Kubernetes programs treat `_` as `-` (kubernetes/component-base: cli/flag,
/// `WordSepNormalizeFunc`).
fn same_flag(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| a == b || matches!((a, b), (b'_', b'-') | (b'-', b'_')))
}

/// Whether a value is a Pod.
pub fn is_pod(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("Pod")
}

/// Reads a manifest as the kubelet does: the first document, and the last value of a repeated key
/// (kubernetes/kubernetes: pkg/kubelet/config/common.go, `tryDecodeSinglePod`).
///
/// # Errors
///
/// The text is not YAML, or its first document is not a Pod with containers.
pub fn parse(bytes: &[u8]) -> Result<StaticPod, StaticPodError> {
    match yaml::documents_as_kubernetes(bytes)?.values.first() {
        Some(value) => from_value(value),
        None => Err(StaticPodError::NotPod("it is empty")),
    }
}

/// Reads a manifest from a parsed value.
///
/// # Errors
///
/// The value is not a Pod with containers.
pub fn from_value(value: &Value) -> Result<StaticPod, StaticPodError> {
    if !is_pod(value) {
        return Err(StaticPodError::NotPod("its kind is not Pod"));
    }
    let containers = value.pointer("/spec/containers").and_then(Value::as_array);
    let containers =
        containers.filter(|list| !list.is_empty()).ok_or(StaticPodError::NotPod("it has no containers"))?;
    let container = containers.iter().position(|one| COMPONENTS.contains(&program(one).as_str())).unwrap_or(0);
    let flags = ["command", "args"].iter().flat_map(|list| flags(&containers[container], list)).collect();
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let all = container::read(value);
    let first = all.iter().filter(|one| !one.is_init).nth(container);
    Ok(StaticPod {
        component: program(&containers[container]),
        name: text("/metadata/name").unwrap_or_default(),
        namespace: text("/metadata/namespace"),
        flags,
        mounts: first.map(|one| one.mounts.clone()).unwrap_or_default(),
        containers: all,
        host_network: value.pointer("/spec/hostNetwork").and_then(Value::as_bool).unwrap_or_default(),
        container,
    })
}

/// The base name of the command, otherwise the container's name.
fn program(container: &Value) -> String {
    let command = container.pointer("/command/0").and_then(Value::as_str).filter(|command| !command.is_empty());
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
    command.map_or(name, |command| command.rsplit('/').next().unwrap_or(command)).to_owned()
}

/// `--flag=value`, `--flag value` as two items, and switches.
fn flags(container: &Value, list: &'static str) -> Vec<Flag> {
    let items: Vec<_> =
        container.get(list).and_then(Value::as_array).into_iter().flatten().map(Value::as_str).collect();
    let mut flags = Vec::new();
    let mut index = 0;
    while index < items.len() {
        if let Some(name) = items[index].and_then(|item| item.strip_prefix("--")).filter(|name| !name.is_empty()) {
            let next = items.get(index + 1).copied().flatten().filter(|next| !next.starts_with('-'));
            let flag = match (name.split_once('='), next) {
                (Some((name, value)), _) => {
                    Flag { name: name.to_owned(), value: value.to_owned(), list, index, separate: false }
                }
                (None, Some(value)) => {
                    index += 1;
                    Flag { name: name.to_owned(), value: value.to_owned(), list, index, separate: true }
                }
                (None, None) => Flag { name: name.to_owned(), value: String::new(), list, index, separate: false },
            };
            flags.push(flag);
        }
        index += 1;
    }
    flags
}

/// Sets an existing flag; if it is repeated, the last one. Every other byte is preserved.
///
/// # Errors
///
/// The text is not a Pod, does not contain the flag, or cannot be edited in place.
pub fn set_flag(bytes: &[u8], flag: &str, value: &str) -> Result<Vec<u8>, StaticPodError> {
    set_flags(bytes, &[(flag, value)])
}

/// Sets several flags at once, as [`set_flag`] does.
///
/// # Errors
///
/// As [`set_flag`].
pub fn set_flags(bytes: &[u8], flags: &[(&str, &str)]) -> Result<Vec<u8>, StaticPodError> {
    let pod = parse(bytes)?;
    let mut edits = Vec::with_capacity(flags.len());
    for (name, value) in flags {
        let flag = pod.find(name).ok_or_else(|| StaticPodError::Missing((*name).to_owned()))?;
        let text = if flag.separate { (*value).to_owned() } else { format!("--{}={value}", flag.name) };
        let path: Vec<Segment> =
            vec!["spec".into(), "containers".into(), pod.container.into(), flag.list.into(), flag.index.into()];
        edits.push(Edit { document: 0, path, value: Zeroizing::new(text) });
    }
    Ok(edit::splice(bytes, &edits)?.to_vec())
}

#[cfg(test)]
mod tests;
