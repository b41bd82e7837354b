//! Talos machine configurations: the machine's role, and its CAs.

use serde_json::Value;

use super::embedded::{Embedded, EmbeddedContent, at, text};

/// The default port of the API server (siderolabs/talos: pkg/machinery/constants).
const API_PORT: u64 = 6443;

/// The used fields of a machine configuration.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) role: MachineRole,
    /// Its host name; empty if the configuration does not set it.
    pub(crate) hostname: String,
    pub(crate) cluster_name: String,
    pub(crate) cluster_id: String,
    /// The URL of the cluster's API server (`cluster.controlPlane.endpoint`).
    pub(crate) endpoint: String,
    /// The port on which the machine's own API server listens.
    pub(crate) api_port: u64,
    /// Whether Pods may use the machine's API (`machine.features.kubernetesTalosAPIAccess`; since 1.14 the document
    /// `KubeTalosAPIAccessConfig`).
    pub(crate) gives_pods_access: bool,
    pub(crate) layout: Layout,
    pub(crate) embedded: Vec<Embedded>,
    /// Fields that Talos silently ignores.
    pub(crate) ignored: Vec<String>,
    /// Contradictory fields, for which Talos refuses the configuration.
    pub(crate) conflicting: Vec<String>,
}

/// The role of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MachineRole {
    ControlPlane,
    Worker,
    /// `machine.type` has another value.
    Unknown,
}

/// The location of the Kubernetes CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    /// In a separate document, `KubeAPIServerCAConfig`, as text: configurations since 1.14.
    Documents,
    /// In `cluster.ca` and `cluster.acceptedCAs`, in base64.
    Fields,
}

impl Machine {
    /// Reads a machine configuration; `None` if the documents are another file.
    pub(crate) fn read(documents: &[Value]) -> Option<Self> {
        let root = documents.iter().find(|one| one.get("machine").is_some() && one.get("version").is_some())?;
        let document = |kind: &str| documents.iter().find(|one| one.get("kind").and_then(Value::as_str) == Some(kind));
        let role = match at(root, &["machine", "type"]).as_str() {
            Some("controlplane" | "init") => MachineRole::ControlPlane,
            Some("worker" | "join") => MachineRole::Worker,
            _ => MachineRole::Unknown,
        };
        let own = document("KubeAPIServerCAConfig");
        let mut reader = Reader::default();
        reader.pair(["machine.ca.crt", "machine.ca.key"], at(root, &["machine", "ca"]), "machine.ca");
        reader.list("machine.acceptedCAs", at(root, &["machine", "acceptedCAs"]));
        let (mut ignored, mut conflicting) = (Vec::new(), Vec::new());
        match own {
            None => {
                reader.pair(["cluster.ca.crt", "cluster.ca.key"], at(root, &["cluster", "ca"]), "cluster.ca");
                reader.list("cluster.acceptedCAs", at(root, &["cluster", "acceptedCAs"]));
            }
            Some(own) => {
                reader.documents(own);
                if at(root, &["cluster", "acceptedCAs"]).as_array().is_some_and(|list| !list.is_empty()) {
                    ignored.push("cluster.acceptedCAs".to_owned());
                }
                if at(root, &["cluster", "ca"]).is_object() {
                    conflicting.push("cluster.ca".to_owned());
                }
            }
        }
        let aggregator = ["cluster.aggregatorCA.crt", "cluster.aggregatorCA.key"];
        match document("KubeAggregatorCAConfig") {
            Some(own) => reader.texts(aggregator, at(own, &["issuingCA"]), "KubeAggregatorCAConfig.issuingCA"),
            None => reader.pair(aggregator, at(root, &["cluster", "aggregatorCA"]), "cluster.aggregatorCA"),
        }
        let etcd = ["cluster.etcd.ca.crt", "cluster.etcd.ca.key"];
        reader.pair(etcd, at(root, &["cluster", "etcd", "ca"]), "cluster.etcd.ca");
        reader.service_account(root, document("KubeServiceAccountConfig"));
        let cluster = document("KubeClusterConfig").unwrap_or(&Value::Null);
        let either = |new: &Value, new_keys: &[&str], old_keys: &[&str]| {
            Some(text(new, new_keys)).filter(|text| !text.is_empty()).unwrap_or_else(|| text(root, old_keys))
        };
        let hostname = document("HostnameConfig").unwrap_or(&Value::Null);
        let identity = document("DiscoveryIdentityConfig").unwrap_or(&Value::Null);
        let port = at(root, &["cluster", "controlPlane", "localAPIServerPort"]).as_u64();
        let port = port.or_else(|| at(document("KubeAPIServerConfig")?, &["localPort"]).as_u64());
        Some(Self {
            role,
            hostname: either(hostname, &["hostname"], &["machine", "network", "hostname"]),
            cluster_name: either(cluster, &["clusterName"], &["cluster", "clusterName"]),
            cluster_id: either(identity, &["clusterID"], &["cluster", "id"]),
            endpoint: either(cluster, &["endpoint"], &["cluster", "controlPlane", "endpoint"]),
            api_port: port.unwrap_or(API_PORT),
            gives_pods_access: document("KubeTalosAPIAccessConfig").is_some()
                || at(root, &["machine", "features", "kubernetesTalosAPIAccess", "enabled"]).as_bool() == Some(true),
            layout: if own.is_some() { Layout::Documents } else { Layout::Fields },
            embedded: reader.embedded,
            ignored,
            conflicting,
        })
    }
}

#[derive(Default)]
struct Reader {
    embedded: Vec<Embedded>,
}

impl Reader {
    fn add(&mut self, place: &'static str, written: String, content: Option<EmbeddedContent>) {
        self.embedded.extend(content.map(|content| Embedded { place, written, content }));
    }

    /// Reads `crt` and `key` in base64. A worker's key is empty.
    fn pair(&mut self, [certificate, key]: [&'static str; 2], value: &Value, written: &str) {
        self.add(certificate, format!("{written}.crt"), EmbeddedContent::of_base64(at(value, &["crt"])));
        self.add(key, format!("{written}.key"), EmbeddedContent::of_base64(at(value, &["key"])));
    }

    /// `cert` and `key` as text.
    fn texts(&mut self, [certificate, key]: [&'static str; 2], value: &Value, written: &str) {
        self.add(certificate, format!("{written}.cert"), EmbeddedContent::of_text(at(value, &["cert"])));
        self.add(key, format!("{written}.key"), EmbeddedContent::of_text(at(value, &["key"])));
    }

    fn list(&mut self, place: &'static str, value: &Value) {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.add(place, format!("{place}[{index}].crt"), EmbeddedContent::of_base64(at(item, &["crt"])));
        }
    }

    /// Reads `KubeAPIServerCAConfig`. A worker has only a list of CAs; its first one counts as the issuing CA, because
    /// `talosctl rotate-ca` puts the new CA there when it swaps them.
    fn documents(&mut self, own: &Value) {
        const KIND: &str = "KubeAPIServerCAConfig";
        self.texts(["cluster.ca.crt", "cluster.ca.key"], at(own, &["issuingCA"]), &format!("{KIND}.issuingCA"));
        let issues = self.embedded.iter().any(|one| one.place == "cluster.ca.crt");
        for (index, item) in at(own, &["acceptedCAs"]).as_array().into_iter().flatten().enumerate() {
            let place = if index == 0 && !issues { "cluster.ca.crt" } else { "cluster.acceptedCAs" };
            self.add(place, format!("{KIND}.acceptedCAs[{index}]"), EmbeddedContent::of_text(item));
        }
    }

    fn service_account(&mut self, root: &Value, own: Option<&Value>) {
        let content = match own {
            Some(own) => EmbeddedContent::of_text(at(own, &["issuer", "privateKey"])),
            None => EmbeddedContent::of_base64(at(root, &["cluster", "serviceAccount", "key"])),
        };
        let written = match own {
            Some(_) => "KubeServiceAccountConfig.issuer.privateKey",
            None => "cluster.serviceAccount.key",
        };
        self.add("cluster.serviceAccount.key", written.to_owned(), content);
    }
}
