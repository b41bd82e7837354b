//! `secrets.yaml`, from which `talosctl gen config` creates machine configurations.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::embedded::{Embedded, EmbeddedContent, at, text};
use crate::formats::edit::{Edit, EditError, Segment, splice};

/// The used fields of a cluster's secrets.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    pub(crate) cluster_id: String,
    pub(crate) embedded: Vec<Embedded>,
}

/// The fields of certificates and keys. The service account has only a key.
const PLACES: [(&str, [&str; 3]); 9] = [
    ("certs.os.crt", ["certs", "os", "crt"]),
    ("certs.os.key", ["certs", "os", "key"]),
    ("certs.k8s.crt", ["certs", "k8s", "crt"]),
    ("certs.k8s.key", ["certs", "k8s", "key"]),
    ("certs.k8saggregator.crt", ["certs", "k8saggregator", "crt"]),
    ("certs.k8saggregator.key", ["certs", "k8saggregator", "key"]),
    ("certs.etcd.crt", ["certs", "etcd", "crt"]),
    ("certs.etcd.key", ["certs", "etcd", "key"]),
    ("certs.k8sserviceaccount.key", ["certs", "k8sserviceaccount", "key"]),
];

impl Secrets {
    /// Reads a cluster's secrets; `None` if the document is another file.
    pub(super) fn read(document: &Value) -> Option<Self> {
        let is_secrets =
            ["secrets", "trustdinfo", "certs"].iter().all(|key| document.get(*key).is_some_and(Value::is_object));
        let embedded = PLACES.into_iter().filter_map(|(place, keys)| {
            let content = EmbeddedContent::of_base64(at(document, &keys))?;
            Some(Embedded { place, written: place.to_owned(), content })
        });
        is_secrets.then(|| Self { cluster_id: text(document, &["cluster", "id"]), embedded: embedded.collect() })
    }
}

/// Replaces values by field, such as `certs.os.crt`, and preserves every other byte. PEM is written as base64 on one
/// line.
///
/// # Errors
/// The text cannot be edited in place.
pub(crate) fn edit(
    bytes: &[u8],
    values: impl Iterator<Item = (String, Zeroizing<String>)>,
) -> Result<Zeroizing<Vec<u8>>, EditError> {
    let edits: Vec<_> = values
        .map(|(place, pem)| Edit {
            document: 0,
            path: place.split('.').map(Segment::from).collect(),
            value: Zeroizing::new(STANDARD.encode(pem.as_bytes())),
        })
        .collect();
    splice(bytes, &edits)
}
