//! Output of `talosctl get machineconfig -o yaml`: machine configurations, each wrapped in a resource of Talos' API.
//!
//! Sources: siderolabs/talos: cmd/talosctl/cmd/talos/output/yaml.go and json.go (`node` next to the resource, one
//! document for each), pkg/machinery/resources/config/machine_config.go (type and ids; `spec` is the configuration's
//! text); cosi-project/runtime: pkg/resource (`metadata`, `spec`). Older releases print `spec` as a mapping.

use serde_json::Value;
use zeroize::Zeroizing;

use super::embedded::text;
use crate::formats::emit;

/// The resources' type.
pub(crate) const TYPE: &str = "MachineConfigs.config.talos.dev";
/// The id of the active configuration.
pub(crate) const ACTIVE: &str = "v1alpha1";
/// The id of the saved configuration: newer than the active one if one is staged, older if one is being tried.
pub(crate) const PERSISTENT: &str = "persistent";

/// A machine configuration as a resource. It contains private keys.
pub(crate) struct Resource {
    /// The machine's address, as passed to talosctl; empty if the output does not contain it.
    pub(crate) node: String,
    /// The id: [`ACTIVE`] or [`PERSISTENT`].
    pub(crate) id: String,
    /// The configuration's text; `None` if it is absent.
    pub(crate) configuration: Option<Zeroizing<String>>,
}

/// The machine configurations among these documents.
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
