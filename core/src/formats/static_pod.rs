//! Static Pod manifests of control-plane components: their flags, read and set in place, and everything by which their
//! containers name files.

use serde_json::Value;
use zeroize::Zeroizing;

pub use super::command_line::Argument;
use super::edit::{self, Edit, EditError, Segment};
use super::yaml::{self, YamlError};

pub use container::{Container, Hook};
pub use volume::{HostPathType, Mount};

mod container;
mod volume;

/// Programs that kubeadm runs as static Pods.
const COMPONENTS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/// A static Pod and the command line of its main container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPod {
    /// The program: `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `etcd` or another; the command's
    /// base name, else the container's name.
    pub component: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// The flags of `command` and `args`, in their order; repeated ones as often as they stand there.
    pub flags: Vec<Flag>,
    /// What of the node's files the container sees, in their order.
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
    /// Its name without dashes in front: `client-ca-file`.
    pub name: String,
    /// Its value; empty for `--flag=` and for a switch that stands alone.
    pub value: String,
    /// `command` or `args`.
    list: &'static str,
    /// The item that holds the value.
    index: usize,
    /// Whether the value is an item of its own behind the flag.
    separate: bool,
}

/// Why bytes are not a static Pod, or a flag was not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaticPodError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The text is something else.
    #[error("the text is not a Pod manifest: {0}")]
    NotPod(&'static str),
    /// The flag does not stand in the command line.
    #[error("the flag --{0} is not set in the manifest")]
    Missing(String),
    /// The text cannot be edited in place.
    #[error(transparent)]
    Text(#[from] EditError),
}

impl StaticPod {
    /// The value of a flag, the last one where it is repeated.
    pub fn lookup(&self, flag: &str) -> Option<String> {
        self.find(flag).map(|flag| flag.value.clone())
    }

    /// The mount through which the container sees a file: the deepest that holds it; `None` if it is the image's own.
    pub fn mount_of(&self, file: &str) -> Option<&Mount> {
        self.mounts.iter().filter(|mount| mount.rest(file).is_some()).max_by_key(|mount| mount.inside.len())
    }

    /// The names of flags that stand more than once, in order of their first place.
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

/// Kubernetes' programs take `_` for `-` (kubernetes/component-base: cli/flag, `WordSepNormalizeFunc`).
fn same_flag(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| a == b || matches!((a, b), (b'_', b'-') | (b'-', b'_')))
}

/// Whether a value is a Pod.
pub fn is_pod(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("Pod")
}

/// Reads a manifest as the kubelet does: the first document, and of a key that occurs twice the last value
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

/// Reads a manifest from its value.
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

/// The base name of the command, else the container's name.
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

/// Sets a flag that stands in the command line, the last one where it is repeated; every other byte is kept.
///
/// # Errors
///
/// Not a Pod, no such flag, or text that cannot be edited in place.
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
