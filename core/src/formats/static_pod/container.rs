//! References to files in the containers of a static Pod.

use std::collections::BTreeMap;

use serde_json::Value;

use super::volume::{self, Mount, Volumes, list, text};
use crate::formats::{
    command_line::{self, Argument},
    path::below,
};

/// A container of a static Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Whether it is one of `initContainers`.
    pub is_init: bool,
    /// `command` and `args`, with `$(NAME)` replaced.
    pub arguments: Vec<Argument>,
    /// The commands of its probes and lifecycle hooks.
    pub hooks: Vec<Hook>,
    /// Environment variables whose literal value contains absolute paths: name, and paths. Other values are not kept,
    /// because they can be secrets.
    pub environment: Vec<(String, Vec<String>)>,
    /// `volumeMounts` of `hostPath` volumes.
    pub mounts: Vec<Mount>,
    /// Mount paths of other volumes: files below them are not the node's.
    pub shadows: Vec<String>,
    /// `workingDir`; `/` if it is not set, as in Kubernetes' own images.
    pub working_directory: String,
    /// `securityContext.runAsUser` of the container, otherwise of the Pod.
    pub run_as_user: Option<i64>,
}

/// A command that the kubelet runs in a container: a probe or lifecycle hook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hook {
    /// Its field: `livenessProbe`, `lifecycle.preStop`.
    pub field: &'static str,
    /// Its command.
    pub arguments: Vec<Argument>,
}

/// Fields and JSON pointers of the commands of probes and hooks.
const HOOKS: [(&str, &str); 5] = [
    ("livenessProbe", "/livenessProbe/exec/command"),
    ("readinessProbe", "/readinessProbe/exec/command"),
    ("startupProbe", "/startupProbe/exec/command"),
    ("lifecycle.postStart", "/lifecycle/postStart/exec/command"),
    ("lifecycle.preStop", "/lifecycle/preStop/exec/command"),
];

impl Container {
    /// Maps a path in the container to the path on the node; `None` for a file of the image or of another volume.
    ///
    /// The longest mount path that contains the file applies, as in a container's mount table.
    pub fn on_node(&self, file: &str) -> Option<String> {
        let deepest = self.mounts.iter().filter(|mount| mount.rest(file).is_some());
        let mount = deepest.max_by_key(|mount| mount.inside.len())?;
        let is_hidden = |shadow: &String| shadow.len() > mount.inside.len() && below(shadow, file).is_some();
        if !mount.is_exact || self.shadows.iter().any(is_hidden) {
            return None;
        }
        let path = format!("{}{}", mount.on_node, mount.rest(file)?);
        Some(if path.is_empty() { "/".to_owned() } else { path })
    }
}

/// Reads every container of a Pod, `initContainers` first.
pub(super) fn read(pod: &Value) -> Vec<Container> {
    let volumes = volume::volumes(pod);
    let pod_user = pod.pointer("/spec/securityContext/runAsUser").and_then(Value::as_i64);
    let init = list(pod, "/spec/initContainers").map(|one| (one, true));
    let all = init.chain(list(pod, "/spec/containers").map(|one| (one, false)));
    all.map(|(container, is_init)| one(container, is_init, &volumes, pod_user)).collect()
}

fn one(container: &Value, is_init: bool, volumes: &Volumes, pod_user: Option<i64>) -> Container {
    let (variables, environment) = environment(container);
    let lookup = |name: &str| variables.get(name).cloned();
    let (mounts, shadows) = volume::mounts(volumes, container, &lookup);
    let plain = |pointer: &str| -> Vec<String> {
        list(container, pointer).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let words = |pointer: &str| -> Vec<String> {
        plain(pointer).iter().map(|word| command_line::expand_kubernetes(word, &lookup)).collect()
    };
    let command = [words("/command"), words("/args")].concat();
    let hooks = HOOKS.into_iter().filter_map(|(field, pointer)| {
        // kubernetes/kubernetes: pkg/kubelet/prober/prober.go replaces variables, pkg/kubelet/lifecycle/handlers.go
        // does not.
        let command = if field.ends_with("Probe") { words(pointer) } else { plain(pointer) };
        (!command.is_empty()).then(|| Hook { field, arguments: command_line::arguments(&command, &lookup) })
    });
    Container {
        name: text(container, "/name").unwrap_or_default().to_owned(),
        is_init,
        arguments: command_line::arguments(&command, &lookup),
        hooks: hooks.collect(),
        environment,
        mounts,
        shadows,
        working_directory: text(container, "/workingDir").filter(|path| !path.is_empty()).unwrap_or("/").to_owned(),
        run_as_user: container.pointer("/securityContext/runAsUser").and_then(Value::as_i64).or(pod_user),
    }
}

/// Values of environment variables by name.
type Variables = BTreeMap<String, String>;

/// The literal values of environment variables by name, and the paths in them.
fn environment(container: &Value) -> (Variables, Vec<(String, Vec<String>)>) {
    let mut variables = Variables::new();
    let mut named = Vec::new();
    for variable in list(container, "/env") {
        let (Some(name), Some(value)) = (text(variable, "/name"), text(variable, "/value")) else { continue };
        let value = command_line::expand_kubernetes(value, &|name| variables.get(name).cloned());
        let paths = command_line::absolute_paths(&value);
        if !paths.is_empty() {
            named.push((name.to_owned(), paths));
        }
        variables.insert(name.to_owned(), value);
    }
    (variables, named)
}
