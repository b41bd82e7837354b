//! `hostPath` volumes and their mounts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::formats::{command_line, path::below};

/// `hostPath.type` (kubernetes/api: core/v1/types.go, `HostPathType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums)] // all types of Kubernetes, grouped
pub enum HostPathType {
    /// `Directory` or `DirectoryOrCreate`.
    Folder,
    /// `File` or `FileOrCreate`.
    File,
    /// `Socket`, `CharDevice` or `BlockDevice`.
    Device,
    /// No type: the kubelet does not check.
    Unknown,
}

/// A mount of a file or folder of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// Its absolute path in the container, without a trailing slash.
    pub inside: String,
    /// Its absolute path on the node, without a trailing slash. If `subPathExpr` cannot be resolved, the folder above.
    pub on_node: String,
    /// The volume's type; [`HostPathType::Unknown`] if only a part of the volume is mounted (`subPath`).
    pub kind: HostPathType,
    /// `readOnly`.
    pub read_only: bool,
    /// Whether `on_node` is the whole mount: false where `subPathExpr` has a variable whose value is unknown.
    pub is_exact: bool,
}

impl Mount {
    /// The part of a container path after the mount's path; `None` if the mount does not contain it.
    pub(super) fn rest<'a>(&self, file: &'a str) -> Option<&'a str> {
        below(&self.inside, file)
    }
}

/// The Pod's `hostPath` volumes by name.
pub(super) type Volumes = BTreeMap<String, (String, HostPathType)>;

/// Reads the Pod's `hostPath` volumes.
pub(super) fn volumes(pod: &Value) -> Volumes {
    let volumes = list(pod, "/spec/volumes").filter_map(|volume| {
        let path = path(volume, "/hostPath/path")?;
        Some((text(volume, "/name")?.to_owned(), (path, kind(text(volume, "/hostPath/type")))))
    });
    volumes.collect()
}

fn kind(kind: Option<&str>) -> HostPathType {
    match kind {
        Some("Directory" | "DirectoryOrCreate") => HostPathType::Folder,
        Some("File" | "FileOrCreate") => HostPathType::File,
        Some("Socket" | "CharDevice" | "BlockDevice") => HostPathType::Device,
        _ => HostPathType::Unknown,
    }
}

/// A container's mounts of `hostPath` volumes, and the mount paths of other volumes.
pub(super) fn mounts(
    volumes: &Volumes,
    container: &Value,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> (Vec<Mount>, Vec<String>) {
    let mut mounts = Vec::new();
    let mut shadows = Vec::new();
    for mount in list(container, "/volumeMounts") {
        let Some(inside) = path(mount, "/mountPath") else { continue };
        let Some((on_node, kind)) = text(mount, "/name").and_then(|name| volumes.get(name)) else {
            shadows.push(inside);
            continue;
        };
        let sub_path = text(mount, "/subPath").map(str::to_owned);
        let sub_path = sub_path.filter(|below| !below.is_empty()).or_else(|| {
            let expression = text(mount, "/subPathExpr").filter(|below| !below.is_empty())?;
            Some(command_line::expand_kubernetes(expression, lookup))
        });
        let is_exact = !sub_path.as_ref().is_some_and(|below| below.contains("$("));
        let (on_node, kind) = match sub_path.as_deref().map(|below| below.trim_matches('/')) {
            Some(below) if is_exact && !below.is_empty() => (format!("{on_node}/{below}"), HostPathType::Unknown),
            Some(_) if !is_exact => (on_node.clone(), HostPathType::Folder),
            _ => (on_node.clone(), *kind),
        };
        let read_only = mount.get("readOnly").and_then(Value::as_bool).unwrap_or_default();
        mounts.push(Mount { inside, on_node, kind, read_only, is_exact });
    }
    (mounts, shadows)
}

pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn path(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).map(|path| path.trim_end_matches('/').to_owned())
}
