//! Pins by which nodes that join know the cluster: in kubeadm's own configuration, and where Cluster API keeps it.

use serde_json::Value;

use crate::formats::{kubeadm, object::Object};

/// Pins in an object, `sha256:` and lower case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// Such as `KubeadmConfigTemplate default/workers`.
    pub(crate) place: String,
    pub(crate) file: String,
    /// As kubectl calls its kind; `None` for a file that kubeadm is given.
    pub(crate) resource: Option<&'static str>,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Where the list stands in the object (RFC 6901).
    pub(crate) pointer: &'static str,
    pub(crate) pins: Vec<String>,
}

/// Where Cluster API keeps the configuration of joining nodes (kubernetes-sigs/cluster-api:
/// api/bootstrap/kubeadm/v1beta2/kubeadmconfigtemplate_types.go,
/// api/controlplane/kubeadm/v1beta2/kubeadm_control_plane_types.go).
const KINDS: [(&str, &str, &str); 2] = [
    (
        "KubeadmConfigTemplate",
        "kubeadmconfigtemplate",
        "/spec/template/spec/joinConfiguration/discovery/bootstrapToken/caCertHashes",
    ),
    (
        "KubeadmControlPlane",
        "kubeadmcontrolplane",
        "/spec/kubeadmConfigSpec/joinConfiguration/discovery/bootstrapToken/caCertHashes",
    ),
];

/// The pins in an object; `None` if it is none of those that have any.
pub(super) fn pinned(object: &Object, file: &str) -> Option<Pinned> {
    let (resource, pointer, pins) = match KINDS.iter().find(|(kind, ..)| *kind == object.kind) {
        Some((_, resource, pointer)) => {
            let pins = object.value.pointer(pointer).and_then(Value::as_array)?.iter();
            (Some(*resource), *pointer, pins.filter_map(|pin| Some(pin.as_str()?.to_ascii_lowercase())).collect())
        }
        None => (None, "/discovery/bootstrapToken/caCertHashes", kubeadm::join_pins(&object.value)?),
    };
    let namespace = object.effective_namespace().to_owned();
    let place = resource.map_or_else(String::new, |_| format!("{} {namespace}/{}", object.kind, object.name));
    Some(Pinned { place, file: file.to_owned(), resource, namespace, name: object.name.clone(), pointer, pins })
}
