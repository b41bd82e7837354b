//! Objects of Cluster API that their owner paused.

use super::{model::paused::PausedObject, objects::is_cluster};
use crate::{
    formats::object::Object,
    profile::{CLUSTER_NAME_LABEL, PAUSED_ANNOTATION, PAUSED_BY_PACKAGE},
    text::shell::quote,
};

impl PausedObject {
    /// Reads an object; `None` if it is of another kind or is not paused (kubernetes-sigs/cluster-api:
    /// util/annotations/helpers.go, `IsPaused` and `HasPaused`).
    pub(super) fn of(object: &Object, file: &str) -> Option<Self> {
        let annotation = |name: &str| object.value.pointer("/metadata/annotations")?.get(name)?.as_str();
        let by_field = object.value.pointer("/spec/paused").and_then(serde_json::Value::as_bool) == Some(true);
        let group = object.api_version.split('/').next().unwrap_or_default();
        let resource = match (object.kind.as_str(), group) {
            _ if is_cluster(object) => {
                let by_owner = by_field && annotation(PAUSED_BY_PACKAGE).is_none();
                by_owner.then_some("cluster.cluster.x-k8s.io")?
            }
            ("KubeadmControlPlane", "controlplane.cluster.x-k8s.io") => {
                "kubeadmcontrolplane.controlplane.cluster.x-k8s.io"
            }
            ("MachineDeployment", "cluster.x-k8s.io") => "machinedeployment.cluster.x-k8s.io",
            _ => return None,
        };
        // The runbook pauses control planes with this value, while workers are scaled between phases.
        let by_annotation = annotation(PAUSED_ANNOTATION).is_some_and(|value| value != "airlock");
        (by_field || by_annotation).then(|| Self {
            resource,
            kind: object.kind.clone(),
            namespace: object.effective_namespace().to_owned(),
            name: object.name.clone(),
            cluster: match object.labels.get(CLUSTER_NAME_LABEL) {
                Some(cluster) if !is_cluster(object) => cluster.clone(),
                _ => object.name.clone(),
            },
            by_field,
            file: file.to_owned(),
        })
    }

    /// Whether it belongs to a Cluster.
    pub(crate) fn is_of(&self, namespace: &str, cluster: &str) -> bool {
        self.namespace == namespace && self.cluster == cluster
    }

    /// `Cluster default/one`.
    pub(crate) fn place(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// How the pause ends, as an instruction.
    pub(crate) fn remedy(&self) -> String {
        let call = |verb: &str, rest: &str| {
            let (namespace, name) = (quote(&self.namespace), quote(&self.name));
            format!("kubectl -n {namespace} {verb} {} {name} {rest}", self.resource)
        };
        let end = if self.by_field {
            call("patch", r#"--type merge -p '{"spec":{"paused":false}}'"#)
        } else {
            call("annotate", &format!("{PAUSED_ANNOTATION}-"))
        };
        if self.kind == "Cluster" {
            let let_end = call("annotate", &format!("{PAUSED_BY_PACKAGE}=owner"));
            return format!(
                "Let step 3-resume end the pause ({let_end}), or end it before phase 1 ({end}); then provide the object again"
            );
        }
        format!("End the pause ({end}), then provide the object again")
    }
}
