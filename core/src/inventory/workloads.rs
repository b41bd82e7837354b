//! DaemonSets, Deployments and StatefulSets whose Pods read files of their node through `hostPath` volumes, such as a
//! cloud-controller-manager.

use serde_json::json;

use super::model::pods::Workload;
use crate::formats::{
    object::Object,
    static_pod::{self, StaticPod},
};

/// Kinds with `kubectl rollout restart` (kubernetes/kubectl: pkg/polymorphichelpers/objectrestarter.go), whose Pod template is
/// at `spec.template` (kubernetes/api: apps/v1).
const ROLLED_OUT: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

impl Workload {
    /// Reads an object; `None` if it is something else, or its Pods see no file of the node.
    pub(super) fn of(object: &Object, file: &str) -> Option<Self> {
        let pod = is_rolled_out(object).then(|| pod_with_node_files(object, "/spec/template/spec"))??;
        let namespace = object.effective_namespace().to_owned();
        Some(Self { name: name(object), namespace, file: file.to_owned(), pod })
    }
}

/// Is the object a workload that is restarted as a whole?
pub(super) fn is_rolled_out(object: &Object) -> bool {
    ROLLED_OUT.contains(&object.kind.as_str()) && object.api_version.starts_with("apps/")
}

/// An object's name in commands, such as `DaemonSet/agent`.
pub(super) fn name(object: &Object) -> String {
    format!("{}/{}", object.kind, object.name)
}

/// The Pod whose spec is at this JSON pointer in an object; `None` if it sees no file of its node.
pub(super) fn pod_with_node_files(object: &Object, spec: &str) -> Option<StaticPod> {
    let spec = object.value.pointer(spec)?;
    let pod = json!({ "kind": "Pod", "metadata": { "name": object.name }, "spec": spec });
    let pod = static_pod::from_value(&pod).ok()?;
    pod.containers.iter().any(|container| !container.mounts.is_empty()).then_some(pod)
}
