//! Application of patches to a machine configuration (siderolabs/talos: pkg/machinery/config/configpatcher,
//! pkg/machinery/config/merge): mappings are merged, lists are appended to, `$patch: delete` removes.

use serde_json::{Map, Value};

/// Pairs of certificate and key that Talos replaces as a whole instead of merging, so a patch without `key` removes the
/// key. In the documents of 1.14 they are merged as mappings.
const WHOLE: [&[&str]; 4] =
    [&["machine", "ca"], &["cluster", "ca"], &["cluster", "aggregatorCA"], &["cluster", "etcd", "ca"]];

/// Applies the documents of one patch, in their order.
pub(crate) fn merge(documents: &mut Vec<Value>, patch: &[Value]) {
    for change in patch {
        let Value::Object(fields) = change else { continue };
        let found = documents.iter_mut().find(|document| identity(document) == identity(change));
        match found {
            Some(Value::Object(base)) => merge_fields(base, fields, &mut Vec::new()),
            _ => documents.push(change.clone()),
        }
    }
}

/// The fields that identify a document. The machine's main document has none of them.
fn identity(document: &Value) -> [Option<&str>; 3] {
    ["apiVersion", "kind", "name"].map(|key| document.get(key).and_then(Value::as_str))
}

fn merge_fields(base: &mut Map<String, Value>, patch: &Map<String, Value>, path: &mut Vec<String>) {
    for (key, change) in patch {
        if change.get("$patch").and_then(Value::as_str) == Some("delete") {
            base.shift_remove(key);
            continue;
        }
        path.push(key.clone());
        let whole = WHOLE.iter().any(|whole| path.iter().eq(whole.iter()));
        match (base.get_mut(key), change) {
            (_, Value::Null) => {}
            (Some(Value::Object(base)), Value::Object(change)) if !whole => merge_fields(base, change, path),
            (Some(Value::Array(base)), Value::Array(change)) => base.extend(change.iter().cloned()),
            _ => {
                base.insert(key.clone(), change.clone());
            }
        }
        path.pop();
    }
}
