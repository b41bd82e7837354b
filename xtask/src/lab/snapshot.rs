//! Snapshots of files on nodes and objects in the cluster, for comparison with later ones.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{cluster::kubectl, machines::Lab};
use crate::setup::hex;

/// Runtime state in the kubelet's folder, which is not compared.
const RUNTIME_STATE: [&str; 9] = [
    "/var/lib/kubelet/actuated_pods_state",
    "/var/lib/kubelet/allocated_pods_state",
    "/var/lib/kubelet/checkpoints",
    "/var/lib/kubelet/cpu_manager_state",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet/dra_manager_state",
    "/var/lib/kubelet/memory_manager_state",
    "/var/lib/kubelet/pod-resources",
    "/var/lib/kubelet/pods",
];

/// Files that `kubeadm certs renew` creates on a node whose files were not loaded into Airlock.
const MADE_ON_NODES: [&str; 10] = [
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
    "/etc/kubernetes/super-admin.conf",
    "/apiserver-kubelet-client.crt",
    "/apiserver-kubelet-client.key",
    "/apiserver.crt",
    "/apiserver.key",
    "/front-proxy-client.crt",
    "/front-proxy-client.key",
];

/// A file, folder or symbolic link.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    /// A file's digest, a link's target, or empty for a folder.
    content: String,
    /// A file's modification time.
    written: (i64, i64),
}

/// `/etc/kubernetes` and `/var/lib/kubelet` of some machines, by machine and path.
pub struct Trees(BTreeMap<String, Entry>);

impl Trees {
    /// Reads the trees of machines. A machine that is not a node has none.
    pub fn of<M: AsRef<str>>(lab: &Lab, machines: &[M]) -> Result<Self> {
        let mut found = BTreeMap::new();
        for machine in machines.iter().map(AsRef::as_ref) {
            for folder in ["/etc/kubernetes", "/var/lib/kubelet"] {
                let root = lab.node(machine);
                if root.join(&folder[1..]).is_dir() {
                    walk(&root, folder, &format!("{machine}:"), &mut found)?;
                }
            }
        }
        Ok(Self(found))
    }

    /// Paths that were written, created or removed since, even if the content is equal.
    pub fn touched(&self, later: &Self) -> Vec<String> {
        differences(&self.0, &later.0)
    }

    /// Paths whose content, mode or owner differs.
    pub fn changed(&self, later: &Self) -> Vec<String> {
        differences(&self.without_times(|_| true), &later.without_times(|_| true))
    }

    /// As [`Self::changed`], without files that each run creates again: the kubelets' keys, the scripts' notes and, if
    /// nodes issue their own certificates, those.
    pub fn changed_by_another_run(&self, later: &Self, own_leaves: bool) -> Vec<String> {
        let recreated = |path: &str| {
            let own = own_leaves && MADE_ON_NODES.iter().any(|name| path.ends_with(name));
            own || path.contains("/.airlock") || path.contains("/pki/kubelet-client-")
        };
        let kept = |path: &str| !recreated(path);
        differences(&self.without_times(kept), &later.without_times(kept))
    }

    fn without_times(&self, kept: impl Fn(&str) -> bool) -> BTreeMap<String, Entry> {
        let kept = self.0.iter().filter(|(path, _)| kept(path));
        kept.map(|(path, entry)| (path.clone(), Entry { written: (0, 0), ..entry.clone() })).collect()
    }
}

fn walk(root: &Path, folder: &str, machine: &str, found: &mut BTreeMap<String, Entry>) -> Result<()> {
    let real = root.join(&folder[1..]);
    for entry in fs::read_dir(&real).with_context(|| format!("{} cannot be read", real.display()))? {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let data = entry.path().symlink_metadata()?;
        let kind = data.file_type();
        if kind.is_socket() || RUNTIME_STATE.contains(&path.as_str()) {
            continue;
        }
        let mut written = (0, 0);
        let content = if kind.is_dir() {
            walk(root, &path, machine, found)?;
            String::new()
        } else if kind.is_symlink() {
            format!("-> {}", fs::read_link(entry.path())?.display())
        } else {
            written = (data.mtime(), data.mtime_nsec());
            let digest = Sha256::digest(fs::read(entry.path())?);
            hex(&digest)
        };
        let entry = Entry { mode: data.mode(), owner: (data.uid(), data.gid()), content, written };
        found.insert(format!("{machine}{path}"), entry);
    }
    Ok(())
}

/// All ConfigMaps, Secrets, workloads, the webhook, the APIService and the Clusters, by kind, namespace and name.
pub struct Objects {
    /// The content without status and without fields that the server sets.
    content: BTreeMap<String, Value>,
    /// The field that the server increments at each write.
    versions: BTreeMap<String, Value>,
}

impl Objects {
    /// Reads the objects from the cluster.
    pub fn of(lab: &Lab) -> Result<Self> {
        let mut kinds =
            "configmaps,secrets,deployments,daemonsets,statefulsets,apiservices,validatingwebhookconfigurations"
                .to_owned();
        if lab.description()?["management"] == true {
            kinds += ",clusters.cluster.x-k8s.io";
        }
        let list: Value = serde_json::from_str(&kubectl(lab, &format!("get {kinds} -A -o json"))?)?;
        let mut objects = Self { content: BTreeMap::new(), versions: BTreeMap::new() };
        for object in list["items"].as_array().context("kubectl gave no list")? {
            let metadata = &object["metadata"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name =
                format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
            if left_out(&name) {
                continue;
            }
            let mut content = object.clone();
            let mut metadata = json!({ "labels": metadata["labels"], "ownerReferences": metadata["ownerReferences"] });
            metadata["annotations"] = object["metadata"]["annotations"].clone();
            if let Some(annotations) = metadata["annotations"].as_object_mut() {
                // The Deployment controller sets it: the number of roll-outs.
                annotations.remove("deployment.kubernetes.io/revision");
            }
            content["metadata"] = metadata;
            // A rollback sets another phase than the phase itself. Only the presence of the annotation is compared.
            if let Some(mark) = content.pointer_mut("/spec/template/metadata/annotations/airlock~1phase") {
                *mark = Value::Bool(true);
            }
            content["status"] = Value::Null;
            // A workload's status, and with it its resourceVersion, changes continuously.
            let counter = if object["status"].is_object() { "generation" } else { "resourceVersion" };
            objects.versions.insert(name.clone(), object["metadata"][counter].clone());
            objects.content.insert(name, content);
        }
        Ok(objects)
    }

    /// Objects that were written since, even if the content is equal.
    pub fn touched(&self, later: &Self) -> Vec<String> {
        differences(&self.versions, &later.versions)
    }

    /// Objects whose content differs.
    pub fn changed(&self, later: &Self) -> Vec<String> {
        differences(&self.content, &later.content)
    }
}

/// Objects that are not compared because the server writes or expires them: the ConfigMap to which all API servers add
/// their CAs, and kubeadm's certificates for joining control-plane nodes, which expire after two hours and which the
/// freeze step deletes.
fn left_out(name: &str) -> bool {
    name == "ConfigMap kube-system/extension-apiserver-authentication" || name == "Secret kube-system/kubeadm-certs"
}

fn differences<V: PartialEq>(earlier: &BTreeMap<String, V>, later: &BTreeMap<String, V>) -> Vec<String> {
    let gone = earlier.keys().filter(|name| !later.contains_key(*name)).map(|name| format!("{name} is gone"));
    let new = later.keys().filter(|name| !earlier.contains_key(*name)).map(|name| format!("{name} is new"));
    let other = earlier.iter().filter(|(name, value)| later.get(*name).is_some_and(|later| later != *value));
    gone.chain(new).chain(other.map(|(name, _)| format!("{name} is another"))).collect()
}
