//! Pods of a dump that read files of their node through `hostPath` volumes and that no step of a package restarts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    model::{
        files::{Artifact, Slot},
        pods::{NodePods, PodLife, PodRead},
    },
    workloads::{is_rolled_out, name, pod_with_node_files},
    writers::{OwnerReference, owners},
};
use crate::formats::{
    object::{self, Object},
    path::below,
    static_pod::Container,
    yaml,
};

/// The namespace and the name, such as `DaemonSet/agent`, of a workload that is restarted as a whole.
pub(super) fn rolled_out(object: &Object) -> Option<(String, String)> {
    is_rolled_out(object).then(|| (object.effective_namespace().to_owned(), name(object)))
}

/// How the steps that restart workloads treat an object of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Restart {
    /// They restart its Pods.
    RollOut,
    /// They list its Pods, and do not restart them.
    ByHand,
    /// They stop where it allows too few disruptions.
    Budget,
    /// It is a Pod of a manifest on a node, which counts instead.
    Manifest,
}

impl Restart {
    /// `None` for an object without running Pods, and for one whose Pods all start anew by themselves, such as a CronJob.
    pub(super) fn of(object: &Object) -> Option<Self> {
        let controller = owners(object).find(|owner| owner.controls);
        match object.kind.as_str() {
            _ if is_rolled_out(object) => Some(Self::RollOut),
            "Pod" if has_stopped(object) => None,
            "Pod" if is_mirror(object) => Some(Self::Manifest),
            "Pod" => match of_pod(object, controller) {
                None => Some(Self::Manifest),
                Some((_, PodLife::RollOut)) => Some(Self::RollOut),
                Some(_) => Some(Self::ByHand),
            },
            "ReplicaSet" if controller.is_some_and(|owner| owner.kind == "Deployment") => Some(Self::RollOut),
            "Job" if has_ended(object) => None,
            // `Rollout` is of argoproj.io.
            "Job" | "ReplicaSet" | "ReplicationController" | "Rollout" => Some(Self::ByHand),
            "PodDisruptionBudget" => Some(Self::Budget),
            _ => None,
        }
    }
}

impl NodePods {
    /// Reads an object; `None` if it is something else, has ended, or its Pods see no file of their node. A static Pod's
    /// mirror is none: its manifest counts (kubernetes/kubernetes: pkg/kubelet/types/constants.go,
    /// `ConfigMirrorAnnotationKey`).
    pub(super) fn of(object: &Object, file: &str) -> Option<Self> {
        let controller = owners(object).find(|owner| owner.controls);
        let (spec, owner, life) = match object.kind.as_str() {
            "Pod" => {
                if is_mirror(object) || has_stopped(object) {
                    return None;
                }
                let (owner, life) = of_pod(object, controller)?;
                ("/spec", owner, life)
            }
            "CronJob" => ("/spec/jobTemplate/spec/template/spec", name(object), PodLife::CronJob),
            // Of another controller, that object counts.
            _ if controller.is_some() => return None,
            "Job" if has_ended(object) => return None,
            "Job" => ("/spec/template/spec", name(object), PodLife::Job),
            "ReplicaSet" | "ReplicationController" => ("/spec/template/spec", name(object), PodLife::Replaced),
            _ => return None,
        };
        let pod = pod_with_node_files(object, spec)?;
        let namespace = object.effective_namespace().to_owned();
        Some(Self { name: owner, namespace, life, file: file.to_owned(), pod })
    }

    /// Reads a Pod that is alone in its file, as `kubectl get pod NAME -o yaml` prints it. A manifest of a static Pod has no
    /// `metadata.uid`.
    pub(super) fn of_slot(slot: &Slot) -> Option<Self> {
        if !matches!(slot.artifact, Artifact::StaticPod(_)) {
            return None;
        }
        let objects = yaml::documents(&slot.bytes).map(object::from_values).unwrap_or_default();
        let mut stored = objects.iter().filter(|object| object.value.pointer("/metadata/uid").is_some());
        stored.find_map(|object| Self::of(object, &slot.file))
    }

    /// How its containers read each of `paths`; those that they do not read are left out. A folder counts if it is in
    /// `directory`: a Pod that mounts a whole disk, as monitoring does, reads no file of Kubernetes.
    pub(crate) fn reads<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a str> + Clone,
        directory: &str,
    ) -> BTreeMap<&'a str, PodRead> {
        let mut reads = BTreeMap::new();
        for container in &self.pod.containers {
            let named = named(container);
            for mount in &container.mounts {
                let mounted = paths.clone().into_iter().filter(|path| below(&mount.on_node, path).is_some());
                let (named, others): (Vec<&str>, Vec<&str>) =
                    mounted.partition(|path| *path == mount.on_node || named.iter().any(|name| name == path));
                let in_tree = named.is_empty() && below(directory, &mount.on_node).is_some();
                for path in others.into_iter().filter(|_| in_tree) {
                    reads.entry(path).or_insert_with(|| PodRead::Folder(mount.on_node.clone()));
                }
                for path in named {
                    let read = if path == mount.on_node { PodRead::Alone } else { PodRead::Named };
                    reads.insert(path, read);
                }
            }
        }
        reads
    }
}

/// The paths on the node that a container names in flags, arguments, hooks and environment variables.
fn named(container: &Container) -> Vec<String> {
    let hooks = container.hooks.iter().flat_map(|hook| &hook.arguments);
    let arguments = container.arguments.iter().chain(hooks).map(|argument| argument.value.as_str());
    let environment = container.environment.iter().flat_map(|(_, paths)| paths).map(String::as_str);
    let words = arguments.chain(environment).flat_map(|word| word.split([',', ':', '=']));
    words.filter_map(|word| container.on_node(word)).collect()
}

/// What replaces a Pod: itself, or its controller. `None` for one of a controller that an own object stands for.
fn of_pod(object: &Object, controller: Option<OwnerReference<'_>>) -> Option<(String, PodLife)> {
    let Some(owner) = controller else { return Some((name(object), PodLife::Bare)) };
    let name = format!("{}/{}", owner.kind, owner.name);
    match owner.kind {
        "Node" => None,
        "DaemonSet" | "StatefulSet" => Some((name, PodLife::RollOut)),
        "ReplicaSet" => {
            // kubernetes/kubernetes: pkg/controller/deployment/sync.go, `getNewReplicaSet`.
            let hash = object.labels.get("pod-template-hash").map(String::as_str).unwrap_or_default();
            let deployment = owner.name.strip_suffix(hash).and_then(|rest| rest.strip_suffix('-'));
            match deployment.filter(|_| !hash.is_empty()) {
                Some(deployment) => Some((format!("Deployment/{deployment}"), PodLife::RollOut)),
                None => Some((name, PodLife::Replaced)),
            }
        }
        "Job" => Some((name, PodLife::Job)),
        _ => Some((name, PodLife::Replaced)),
    }
}

/// Is a Pod the mirror of a static Pod?
fn is_mirror(object: &Object) -> bool {
    object.value.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some()
}

/// Have all containers of a Pod ended for good?
fn has_stopped(object: &Object) -> bool {
    ["Succeeded", "Failed"].contains(&text(object, "/status/phase"))
}

/// Has a Job run to its end (kubernetes/api: batch/v1, `JobComplete`, `JobFailed`)?
fn has_ended(object: &Object) -> bool {
    let conditions = object.value.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        let is = |key: &str, values: &[&str]| {
            condition.get(key).and_then(Value::as_str).is_some_and(|one| values.contains(&one))
        };
        is("type", &["Complete", "Failed"]) && is("status", &["True"])
    })
}

fn text<'a>(object: &'a Object, pointer: &str) -> &'a str {
    object.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
