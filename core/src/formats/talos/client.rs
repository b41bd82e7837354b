//! talosconfigs, converted to equivalent kubeconfigs, and edited in place.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::embedded::{at, text};
use crate::formats::{
    edit::{Edit, EditError, splice},
    kubeconfig::{Cluster, Context, Kubeconfig, Material, User},
    yaml,
};

/// The replacement of one value of a context; written as base64 on one line.
pub(crate) struct ClientEdit {
    /// The context's name.
    pub(crate) context: String,
    /// `ca`, `crt` or `key`.
    pub(crate) field: &'static str,
    pub(crate) pem: Zeroizing<String>,
}

/// Reads a talosconfig from its text; `None` if it is another file.
pub(crate) fn parse(bytes: &[u8]) -> Option<Kubeconfig> {
    let mut documents = yaml::documents(bytes).ok()?;
    let model = documents.first().and_then(read);
    documents.iter_mut().for_each(yaml::wipe);
    model
}

/// Reads a talosconfig; `None` if the document is another file.
pub(super) fn read(document: &Value) -> Option<Kubeconfig> {
    let contexts = document.get("contexts")?.as_object()?;
    document.get("context")?.as_str()?;
    let mut model = Kubeconfig {
        clusters: Vec::new(),
        users: Vec::new(),
        contexts: Vec::new(),
        current_context: text(document, &["context"]),
    };
    for (name, context) in contexts {
        let endpoint = at(context, &["endpoints"]).get(0).and_then(Value::as_str).unwrap_or_default();
        model.clusters.push(Cluster {
            name: name.clone(),
            server: if endpoint.is_empty() { String::new() } else { format!("https://{endpoint}") },
            certificate_authority: material(at(context, &["ca"])),
            insecure_skip_tls_verify: false,
            tls_server_name: None,
            proxy_url: Some(text(context, &["proxy-url"])).filter(|url| !url.is_empty()),
        });
        let others = if at(context, &["auth"]).is_null() { Vec::new() } else { vec!["auth"] };
        model.users.push(User {
            name: name.clone(),
            client_certificate: material(at(context, &["crt"])),
            client_key: material(at(context, &["key"])),
            others,
        });
        model.contexts.push(Context { name: name.clone(), cluster: name.clone(), user: name.clone() });
    }
    Some(model)
}

fn material(value: &Value) -> Material {
    match value {
        Value::Null => Material::Absent,
        Value::String(text) if text.is_empty() => Material::Absent,
        Value::String(text) => {
            let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
            compact.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            match STANDARD.decode(compact.as_slice()) {
                Ok(bytes) => Material::Embedded(Zeroizing::new(bytes)),
                Err(_) => Material::Invalid("the value is not base64, or cut off".to_owned()),
            }
        }
        _ => Material::Invalid("the value is not a string".to_owned()),
    }
}

/// Replaces values of contexts and preserves every other byte.
///
/// # Errors
/// The text cannot be edited in place.
pub(crate) fn edit(bytes: &[u8], edits: &[ClientEdit]) -> Result<Zeroizing<Vec<u8>>, EditError> {
    let edits: Vec<_> = edits
        .iter()
        .map(|edit| Edit {
            document: 0,
            path: vec!["contexts".into(), edit.context.as_str().into(), edit.field.into()],
            value: Zeroizing::new(STANDARD.encode(edit.pem.as_bytes())),
        })
        .collect();
    splice(bytes, &edits)
}
