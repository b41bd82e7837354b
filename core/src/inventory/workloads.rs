//! DaemonSets, Deployments and StatefulSets whose Pods read files of their node through `hostPath` volumes, such as a
//! cloud-controller-manager.

use serde_json::json;

use crate::formats::{
    object::Object,
    static_pod::{self, StaticPod},
};

/// Kinds whose Pod template is at `spec.template` (kubernetes/api: apps/v1).
const KINDS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

/// A workload that mounts folders or files of its nodes.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Its name in commands: `DaemonSet/cloud-controller-manager`.
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// The file that holds the object, as the person named it.
    pub(crate) file: String,
    /// Its Pod template.
    pub(crate) pod: StaticPod,
}

impl Workload {
    /// Reads an object; `None` if it is something else, or its Pods see no file of the node.
    pub(super) fn of(object: &Object, file: &str) -> Option<Self> {
        if !KINDS.contains(&object.kind.as_str()) || !object.api_version.starts_with("apps/") {
            return None;
        }
        let spec = object.value.pointer("/spec/template/spec")?;
        let pod = json!({ "kind": "Pod", "metadata": { "name": object.name }, "spec": spec });
        let pod = static_pod::from_value(&pod).ok()?;
        let sees_node = pod.containers.iter().any(|container| !container.mounts.is_empty());
        sees_node.then(|| Self {
            name: format!("{}/{}", object.kind, object.name),
            namespace: object.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            file: file.to_owned(),
            pod,
        })
    }
}
