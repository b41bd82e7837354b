//! What `talosctl get machineconfig -o yaml` prints: a resource of Talos' API around each configuration.
//!
//! Sources: siderolabs/talos: cmd/talosctl/cmd/talos/output/yaml.go and json.go (`node` beside the resource, a document
//! for each), pkg/machinery/resources/config/machine_config.go (type and ids; `spec` is the configuration's text);
//! cosi-project/runtime: pkg/resource (`metadata`, `spec`). Older releases print `spec` as a mapping.

use serde_json::Value;
use zeroize::Zeroizing;

use super::text;
use crate::formats::emit;

/// The resources' type.
pub(crate) const TYPE: &str = "MachineConfigs.config.talos.dev";
/// The id of the configuration that a machine runs with.
pub(crate) const ACTIVE: &str = "v1alpha1";
/// The id of the one that is saved: ahead where one is staged, behind where one is tried.
pub(crate) const PERSISTENT: &str = "persistent";

/// A machine's configuration as a resource; what stands in it are keys.
pub(crate) struct Resource {
    /// The machine's address, as it was asked for; empty where nothing says it.
    pub(crate) node: String,
    /// Which of the machine's configurations it is.
    pub(crate) id: String,
    /// The text; `None` where none stands there.
    pub(crate) configuration: Option<Zeroizing<String>>,
}

/// The configurations among these documents.
pub(crate) fn resources(documents: &[Value]) -> Vec<Resource> {
    let ours = documents.iter().filter(|document| text(document, &["metadata", "type"]) == TYPE);
    ours.map(|document| Resource {
        node: text(document, &["node"]),
        id: text(document, &["metadata", "id"]),
        configuration: match document.get("spec") {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(Zeroizing::new(text.clone())),
            Some(value @ Value::Object(fields)) if !fields.is_empty() => Some(emit::yaml(value)),
            _ => None,
        },
    })
    .collect()
}
