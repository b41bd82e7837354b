//! Kubernetes objects: reading of `kubectl get -o yaml|json` output, and output for `kubectl apply --server-side`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    emit,
    yaml::{self, YamlError},
};

/// Server-managed fields of `metadata`, which `kubectl apply` must not send (kubernetes/apimachinery: pkg/apis/meta/v1,
/// `ObjectMeta`).
const SERVER_FIELDS: [&str; 8] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// The annotation with which client-side apply stores a copy of the whole object, including a Secret's data.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One object; its value is wiped when dropped.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// `apiVersion`, such as `v1`.
    pub api_version: String,
    /// `kind`, such as `Secret`.
    pub kind: String,
    /// `metadata.name`; empty if it is not set.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// The whole object, with keys in input order.
    pub value: Value,
    /// The index of its document, from 0; empty documents do not count.
    pub document: usize,
    /// Its index in a List, from 0.
    pub item: Option<usize>,
}

/// Changes to an object's data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Keys to set, with their new bytes.
    pub set: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// Keys to remove.
    pub drop: BTreeSet<String>,
}

impl Changes {
    /// No change.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds: set `key` to `bytes`.
    #[must_use]
    pub fn set(mut self, key: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.set.insert(key.to_owned(), Zeroizing::new(bytes.into()));
        self
    }

    /// Adds: remove `key`.
    #[must_use]
    pub fn drop(mut self, key: &str) -> Self {
        self.drop.insert(key.to_owned());
        self
    }
}

/// Prints the keys, never the bytes.
impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.keys().collect();
        f.debug_struct("Changes").field("set", &set).field("drop", &self.drop).finish()
    }
}

/// Prints type and name, never the content.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace.as_deref().unwrap_or_default(), self.name)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        yaml::wipe(&mut self.value);
    }
}

/// A value in a Secret or ConfigMap that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data.{key}: {message}")]
pub struct DataError {
    /// The key in `data` or `stringData`.
    pub key: String,
    /// What is wrong, as a sentence without a final period.
    pub message: &'static str,
}

/// Reads the objects of a text with any number of documents. `List` and `<Kind>List` are split into their items.
/// Documents that are not Kubernetes objects (without `apiVersion` and `kind`) are ignored.
///
/// # Errors
///
/// The text is not YAML or JSON.
pub fn objects(bytes: &[u8]) -> Result<Vec<Object>, YamlError> {
    Ok(from_values(yaml::documents(bytes)?))
}

/// Extracts the objects from parsed values. Other values are wiped.
pub fn from_values(documents: Vec<Value>) -> Vec<Object> {
    let mut objects = Vec::new();
    for (document, value) in documents.into_iter().enumerate() {
        collect(value, document, None, &mut objects);
    }
    objects
}

/// Whether two values are the same object with the same content. Server-managed fields of `metadata` and client-side
/// apply's copy are ignored, because they differ between two exports of one object.
pub fn same_content(one: &Value, other: &Value) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return one == other };
    let fields = |map: &Map<String, Value>| -> BTreeSet<String> {
        map.keys().filter(|key| key.as_str() != "metadata").cloned().collect()
    };
    let names = fields(one);
    names == fields(other)
        && names.iter().all(|key| one.get(key) == other.get(key))
        && same_metadata(one.get("metadata"), other.get("metadata"))
}

fn same_metadata(one: Option<&Value>, other: Option<&Value>) -> bool {
    let (Some(Value::Object(one)), Some(Value::Object(other))) = (one, other) else { return one == other };
    let fields = |map: &Map<String, Value>| -> BTreeSet<String> {
        let by_server = |key: &&String| SERVER_FIELDS.contains(&key.as_str()) || key.as_str() == "annotations";
        map.keys().filter(|key| !by_server(key)).cloned().collect()
    };
    let annotations = |map: &Map<String, Value>| -> Map<String, Value> {
        let all = map.get("annotations").and_then(Value::as_object).into_iter().flatten();
        all.filter(|(key, _)| key.as_str() != LAST_APPLIED).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let names = fields(one);
    names == fields(other)
        && names.iter().all(|key| one.get(key) == other.get(key))
        && annotations(one) == annotations(other)
}

fn collect(mut value: Value, document: usize, item: Option<usize>, objects: &mut Vec<Object>) {
    if let (Value::Array(items), None) = (&mut value, item) {
        // A bare array of objects: the output of `jq .items` and of scripts.
        for (index, item) in std::mem::take(items).into_iter().enumerate() {
            collect(item, document, Some(index), objects);
        }
        return;
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if kind.ends_with("List")
        && item.is_none()
        && value.get("items").is_some_and(Value::is_array)
        && let Some(Value::Array(items)) = value.get_mut("items").map(Value::take)
    {
        let item_kind = kind.trim_end_matches("List");
        for (index, mut item) in items.into_iter().enumerate() {
            if let (Value::Object(map), false) = (&mut item, item_kind.is_empty()) {
                // Items of a typed list may omit their type.
                map.entry("apiVersion").or_insert_with(|| api_version.clone().into());
                map.entry("kind").or_insert_with(|| item_kind.into());
            }
            collect(item, document, Some(index), objects);
        }
        return;
    }
    if api_version.is_empty() || kind.is_empty() {
        yaml::wipe(&mut value);
        return;
    }
    let metadata = value.get("metadata");
    let field = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str).map(str::to_owned);
    let labels = metadata.and_then(|metadata| metadata.get("labels")).and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    let (name, namespace) = (field("name").unwrap_or_default(), field("namespace").filter(|name| !name.is_empty()));
    objects.push(Object { api_version, kind, name, namespace, labels, value, document, item });
}

impl Object {
    /// The object's namespace, or kubectl's default `default`. Not for cluster-scoped objects.
    pub fn effective_namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    /// `type` of a Secret; empty otherwise.
    pub fn secret_type(&self) -> &str {
        self.value.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The bytes of a Secret's `data` and `stringData`; the latter takes precedence, as in the API server. Values
    /// reported by [`Object::secret_problems`] are omitted.
    pub fn secret_data(&self) -> BTreeMap<String, Zeroizing<Vec<u8>>> {
        self.secret_entries().filter_map(|(key, value)| Some((key.to_owned(), value.ok()?))).collect()
    }

    /// The values of a Secret's `data` and `stringData` that could not be read.
    pub fn secret_problems(&self) -> Vec<DataError> {
        self.secret_entries()
            .filter_map(|(key, value)| Some(DataError { key: key.to_owned(), message: value.err()? }))
            .collect()
    }

    fn secret_entries(&self) -> impl Iterator<Item = (&str, Result<Zeroizing<Vec<u8>>, &'static str>)> {
        let data = self.entries("data").map(|(key, value)| match value {
            Value::String(text) => (key.as_str(), decode(text)),
            Value::Null => (key.as_str(), Ok(Zeroizing::default())),
            _ => (key.as_str(), Err("the value is not a string")),
        });
        let texts = self.entries("stringData").map(|(key, value)| match value {
            Value::String(text) => (key.as_str(), Ok(Zeroizing::new(text.as_bytes().to_vec()))),
            _ => (key.as_str(), Err("the value is not a string")),
        });
        data.chain(texts)
    }

    /// The texts of a ConfigMap's `data`. Values that are not strings are omitted.
    pub fn config_data(&self) -> BTreeMap<String, String> {
        self.entries("data").filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    fn entries(&self, key: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.value.get(key).and_then(Value::as_object).into_iter().flatten()
    }

    /// Returns this object for `kubectl apply --server-side`, with `changes` to its data.
    ///
    /// Removes server-managed parts (`metadata.uid`, `resourceVersion`, `creationTimestamp`, `managedFields`, …, the
    /// last-applied annotation, `status`). Keeps name, namespace, labels, other annotations, owner references with
    /// their `uid`, `type` and `immutable`, in order. A Secret's `stringData` moves into `data`.
    #[must_use]
    pub fn for_apply(&self, changes: &Changes) -> Self {
        let mut object = self.clone();
        let Value::Object(map) = &mut object.value else { return object };
        map.shift_remove("status");
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            for field in SERVER_FIELDS {
                metadata.shift_remove(field);
            }
            if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
                if let Some(mut copy) = annotations.shift_remove(LAST_APPLIED) {
                    yaml::wipe(&mut copy);
                }
                if annotations.is_empty() {
                    metadata.shift_remove("annotations");
                }
            }
        }
        if self.kind == "Secret" {
            secret_changes(map, changes);
        } else {
            config_map_changes(map, changes);
        }
        object
    }

    /// The object as one YAML document. Deterministic.
    pub fn to_yaml(&self) -> Zeroizing<String> {
        emit::yaml(&self.value)
    }
}

/// Decodes base64 of a Secret's data. Line breaks are ignored, as in Go.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
    compact.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    STANDARD.decode(compact.as_slice()).map(Zeroizing::new).map_err(|_| "the value is not base64, or cut off")
}

fn secret_changes(map: &mut Map<String, Value>, changes: &Changes) {
    if let Some(Value::Object(texts)) = map.shift_remove("stringData") {
        let data = section(map, "data");
        for (key, mut value) in texts {
            if let Some(text) = value.as_str() {
                put(data, &key, STANDARD.encode(text));
            }
            yaml::wipe(&mut value);
        }
    }
    if !changes.set.is_empty() {
        let data = section(map, "data");
        for (key, bytes) in &changes.set {
            put(data, key, STANDARD.encode(bytes.as_slice()));
        }
    }
    remove(map, "data", &changes.drop);
}

/// Writes text to `data` and other bytes to `binaryData`, never to both.
fn config_map_changes(map: &mut Map<String, Value>, changes: &Changes) {
    for (key, bytes) in &changes.set {
        let only = BTreeSet::from([key.clone()]);
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                remove(map, "binaryData", &only);
                put(section(map, "data"), key, text.to_owned());
            }
            Err(_) => {
                remove(map, "data", &only);
                put(section(map, "binaryData"), key, STANDARD.encode(bytes.as_slice()));
            }
        }
    }
    remove(map, "data", &changes.drop);
    remove(map, "binaryData", &changes.drop);
}

/// The mapping under `key`, created if missing.
fn section<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("Invariant: just made an object")
}

fn put(section: &mut Map<String, Value>, key: &str, text: String) {
    if let Some(mut old) = section.insert(key.to_owned(), Value::String(text)) {
        yaml::wipe(&mut old);
    }
}

fn remove(map: &mut Map<String, Value>, section: &str, keys: &BTreeSet<String>) {
    let Some(Value::Object(data)) = map.get_mut(section) else { return };
    for key in keys {
        if let Some(mut old) = data.shift_remove(key) {
            yaml::wipe(&mut old);
        }
    }
}

#[cfg(test)]
mod tests;
