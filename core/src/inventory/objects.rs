//! Kubernetes objects among the input: which ones have a part in a rotation, and what they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    ca_bundles::ca_bundles,
    copies::Reader,
    detect::{self, result::Reason},
    given::finding,
    model::{
        files::{Bytes, Unrecognised},
        inventory::Inventory,
        objects::{ObjectRole, StoredObject},
        paused::PausedObject,
        pods::{NodePods, Workload},
    },
    node_pods::{Restart, rolled_out},
    pins::pinned,
    recognise, tenant, unsupported, writers,
};
use crate::{
    finding::{Finding, Severity},
    formats::{
        kubeadm,
        object::{Object, same_content},
    },
    input::Password,
    profile::{CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, SECRETS, SecretContent, SecretRow},
};

/// How many objects of each kind the plan does not read, by what the steps that restart workloads do about them.
type PassedOver = BTreeMap<(Option<Restart>, String), usize>;

/// The kinds that the steps treat alike, with their numbers.
fn kinds(passed_over: &PassedOver, restart: Option<Restart>) -> String {
    let own = passed_over.iter().filter(|((own, _), _)| *own == restart);
    own.map(|((_, kind), count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// Says what the steps that restart workloads do about objects in a file; `None` where they do nothing.
fn restarted(file: &str, passed_over: &PassedOver) -> Option<Finding> {
    let parts = [
        (
            Restart::RollOut,
            "steps of the package restart the Pods of these objects if they are in this cluster, because Pods read the CAs of kube-root-ca.crt when they start",
        ),
        (Restart::ByHand, "no step restarts the Pods of these objects"),
        (Restart::Budget, "steps that restart workloads stop where one of these objects allows too few disruptions"),
    ];
    let parts: Vec<_> = parts.iter().map(|(restart, what)| (what, kinds(passed_over, Some(*restart)))).collect();
    let said: Vec<_> = parts.iter().filter(|(_, kinds)| !kinds.is_empty()).collect();
    if said.is_empty() {
        return None;
    }
    let message = said.iter().map(|(what, kinds)| format!("{what}: {kinds}")).collect::<Vec<_>>().join("; ");
    Some(Finding::note("workload-restarts", file, message).remedy(
        "Run the steps that restart workloads with --list first: they list what they restart, and which Pods you have to restart by hand",
    ))
}

impl Inventory {
    pub(super) fn place_objects(
        &mut self,
        file: &str,
        bytes: &Bytes,
        objects: Vec<Object>,
        password: Option<&Password>,
    ) {
        let mut passed_over: PassedOver = BTreeMap::new();
        let mut reader = Reader::new(password);
        for object in objects {
            self.refuse_control_plane(&object, file);
            if writers::is_sops(&object) && self.note_encrypted(&object, file) {
                continue;
            }
            let pinned = pinned(&object, file);
            let pods = NodePods::of(&object, file);
            let has_part = pods.is_some() || pinned.as_ref().is_some_and(|pinned| pinned.resource.is_some());
            self.pins.extend(pinned);
            self.node_pods.extend(pods);
            self.rolled_out.extend(rolled_out(&object));
            self.paused.extend(PausedObject::of(&object, file));
            if is_cluster(&object) {
                self.clusters.insert((object.effective_namespace().to_owned(), object.name.clone()));
                continue;
            }
            let hosted = self.profile.hosted().and_then(|hosted| tenant::role(hosted, &object));
            let Some(role) = hosted.map(ObjectRole::Hosted).or_else(|| object_role(&object)) else {
                if secret_row(&object).is_some() {
                    self.namesakes.push((file.to_owned(), Arc::clone(bytes), object));
                    continue;
                }
                if let Some(workload) = Workload::of(&object, file) {
                    let same =
                        |known: &Workload| (&known.name, &known.namespace) == (&workload.name, &workload.namespace);
                    if !self.workloads.iter().any(same) {
                        self.workloads.push(workload);
                    }
                    continue;
                }
                let copies = reader.copies(&object, file);
                if copies.is_none() && !has_part {
                    *passed_over.entry((Restart::of(&object), object.kind.clone())).or_default() += 1;
                }
                self.copies.extend(copies);
                continue;
            };
            self.place_object(file, bytes, object, role);
        }
        self.findings.extend(restarted(file, &passed_over));
        let unused = [
            ("objects that have no part in a rotation", kinds(&passed_over, None)),
            ("Pods of manifests on nodes, which count instead", kinds(&passed_over, Some(Restart::Manifest))),
        ];
        let unused = unused.iter().filter(|(_, kinds)| !kinds.is_empty());
        let reason = unused.map(|(what, kinds)| format!("{what}: {kinds}")).collect::<Vec<_>>().join("; ");
        if !reason.is_empty() {
            self.findings.push(Finding::note("unrecognised", file, &reason));
            self.unrecognised.push(Unrecognised { file: file.to_owned(), reason });
        }
    }

    /// Notes a control plane or a Node of a distribution that is not supported. Machines of Talos have a profile of their own.
    fn refuse_control_plane(&mut self, object: &Object, file: &str) {
        if self.profile.directory.is_empty() {
            return;
        }
        self.findings.extend(unsupported::control_plane(object, file));
        self.labelled_nodes.extend(unsupported::node(object, file));
    }

    /// Says that an encrypted Secret cannot be read, if it may have a part in a rotation.
    fn note_encrypted(&mut self, object: &Object, file: &str) -> bool {
        let named = |row: &&SecretRow| object.name.strip_suffix(row.suffix).is_some_and(|rest| rest.ends_with('-'));
        let Some(row) = SECRETS.iter().find(named).filter(|_| object.kind == "Secret") else { return false };
        let rotates = match row.content {
            SecretContent::Kubeconfig => true,
            SecretContent::Authority(id) => self.profile.authority(id).is_some_and(|row| row.rotates),
            SecretContent::ServiceAccount => false,
        };
        let severity = match (is_of_cluster_api(object), rotates) {
            (true, true) => Severity::Error,
            (false, true) => Severity::Warning,
            (_, false) => Severity::Note,
        };
        let place = format!("Secret {}/{}", object.effective_namespace(), object.name);
        self.findings.push(recognise::sops(severity, file, "this Secret is encrypted with SOPS").at(place));
        true
    }

    fn place_object(&mut self, file: &str, bytes: &Bytes, object: Object, role: ObjectRole) {
        let key = (object.kind.clone(), object.namespace.clone(), object.name.clone());
        match self.placed.get(&key).map(|at| &self.objects[*at]) {
            Some(known) if same_content(&known.object.value, &object.value) => {}
            Some(known) => {
                let message = format!("{} is also loaded, with other content, from {}", known.place(), known.file);
                let finding = Finding::error("two-objects", file, message)
                    .remedy("Two versions were loaded. Remove the outdated one");
                // What cannot be read in it is not of interest: it is compared, and not used.
                let said = self.findings.len();
                let stored = self.read_object(file, bytes, object, role);
                self.findings.truncate(said);
                self.conflicts.objects.push((Arc::new(stored), finding));
            }
            None => {
                let stored = self.read_object(file, bytes, object, role);
                self.placed.insert(key, self.objects.len());
                self.objects.push(Arc::new(stored));
            }
        }
    }

    /// Secrets that are called like Cluster API's and bear neither its label nor its type: what people supply may be so, and is
    /// looked up by its name. They are the Cluster's if that is known by something else.
    pub(super) fn place_namesakes(&mut self, password: Option<&Password>) {
        let stored = self.objects.iter();
        let known =
            stored.filter_map(|stored| Some((stored.object.effective_namespace().to_owned(), stored.cluster()?)));
        let clusters: BTreeSet<_> = known.chain(std::mem::take(&mut self.clusters)).collect();
        let mut reader = Reader::new(password);
        for (file, bytes, object) in std::mem::take(&mut self.namesakes) {
            let content = secret_row(&object).map(|row| row.content);
            let cluster = content.and_then(|content| secret_cluster(&object, content));
            if let (Some(content), Some(cluster)) = (content, cluster)
                && clusters.contains(&(object.effective_namespace().to_owned(), cluster))
            {
                self.place_object(&file, &bytes, object, ObjectRole::Secret(content));
                continue;
            }
            let copies = reader.copies(&object, &file);
            if copies.is_none() {
                let reason = "objects that have no part in a rotation: 1 Secret".to_owned();
                self.findings.push(Finding::note("unrecognised", &file, &reason));
                self.unrecognised.push(Unrecognised { file, reason });
            } else {
                let message = format!(
                    "{}/{} is called like a Secret of Cluster API's, but has neither its label nor its type",
                    object.namespace.as_deref().unwrap_or_default(),
                    object.name
                );
                self.findings.push(Finding::note("not-cluster-api", &file, message).remedy(format!(
                    "If it is one, give the Cluster's other Secrets as well, or this one with the label {CLUSTER_NAME_LABEL}"
                )));
                self.copies.extend(copies);
            }
        }
    }

    fn read_object(&mut self, file: &str, bytes: &Bytes, object: Object, role: ObjectRole) -> StoredObject {
        let mut stored = StoredObject {
            object,
            role,
            file: file.to_owned(),
            bytes: Arc::clone(bytes),
            certificates: Vec::new(),
            key: None,
            kubeconfig: None,
            kubeadm: None,
            request: None,
        };
        let place = stored.place();
        let mut said = Vec::new();
        match role {
            ObjectRole::Secret(SecretContent::Authority(_)) => {
                let data = stored.object.secret_data();
                if let Some(bytes) = data.get("tls.crt") {
                    let (certificates, reasons) = detect::certificates(bytes);
                    stored.certificates = certificates;
                    said.extend(reasons.into_iter().map(|reason| ("data.tls.crt", reason)));
                }
                if let Some(bytes) = data.get("tls.key").filter(|bytes| !bytes.is_empty()) {
                    let (key, reasons) = detect::private_key(bytes);
                    stored.key = key;
                    said.extend(reasons.into_iter().map(|reason| ("data.tls.key", reason)));
                }
            }
            ObjectRole::Secret(SecretContent::Kubeconfig) => {
                if let Some(bytes) = stored.object.secret_data().remove("value") {
                    match detect::read_kubeconfig(&bytes) {
                        Ok((kubeconfig, reasons)) => {
                            said.extend(reasons.into_iter().map(|reason| ("data.value", reason)));
                            stored.kubeconfig = Some((Arc::new(bytes), kubeconfig));
                        }
                        Err(reason) => said.push(("data.value", reason)),
                    }
                }
            }
            ObjectRole::ClusterInfo => {
                if let Some(text) = stored.object.config_data().get("kubeconfig") {
                    let bytes = Arc::new(Zeroizing::new(text.clone().into_bytes()));
                    match detect::read_kubeconfig(&bytes) {
                        Ok((kubeconfig, reasons)) => {
                            said.extend(reasons.into_iter().map(|reason| ("data.kubeconfig", reason)));
                            stored.kubeconfig = Some((bytes, kubeconfig));
                        }
                        Err(reason) => said.push(("data.kubeconfig", reason)),
                    }
                }
            }
            ObjectRole::CaBundle => {
                stored.certificates =
                    ca_bundles(&stored.object).into_iter().flat_map(|bundle| bundle.certificates).collect();
            }
            ObjectRole::KubeadmConfig if stored.object.kind == "ConfigMap" => {
                if let Some(text) = stored.object.config_data().get("ClusterConfiguration") {
                    match kubeadm::parse(text.as_bytes()) {
                        Ok(configuration) => stored.kubeadm = Some(configuration),
                        Err(error) => said.push(("data.ClusterConfiguration", detect::broken_text(&error))),
                    }
                }
            }
            ObjectRole::KubeadmConfig => {
                let value = &stored.object.value;
                stored.kubeadm = kubeadm::from_value(value).or_else(|| kubeadm::from_control_plane(value));
            }
            ObjectRole::SigningRequest => {
                let text = |pointer| stored.object.value.pointer(pointer).and_then(Value::as_str);
                let (request, certificate) = (text("/spec/request"), text("/status/certificate"));
                match request.and_then(detect::from_base64).as_deref().map(detect::signing_request) {
                    Some(Ok(request)) => stored.request = Some(request),
                    Some(Err(reason)) => said.push(("spec.request", reason)),
                    None => {}
                }
                let certificate = certificate.and_then(detect::from_base64);
                stored.certificates = certificate.map(|pem| detect::certificates(&pem).0).unwrap_or_default();
            }
            ObjectRole::Hosted(_)
            | ObjectRole::UploadedCertificates
            | ObjectRole::Secret(SecretContent::ServiceAccount) => {}
        }
        // What a request says of itself is shown; nothing is built on it.
        let severity = if role == ObjectRole::SigningRequest { Severity::Warning } else { Severity::Error };
        for (key, reason) in said {
            let at = format!("{place}, {key} {}", reason.place);
            self.findings.push(finding(severity, file, &Reason { place: at.trim_end().to_owned(), ..reason }));
        }
        stored
    }
}

/// A Cluster of Cluster API's.
pub(super) fn is_cluster(object: &Object) -> bool {
    object.kind == "Cluster" && object.api_version.starts_with("cluster.x-k8s.io/")
}

fn object_role(object: &Object) -> Option<ObjectRole> {
    match object.kind.as_str() {
        "ConfigMap" => match (object.namespace.as_deref(), object.name.as_str()) {
            (Some("kube-public") | None, "cluster-info") => Some(ObjectRole::ClusterInfo),
            (Some("kube-system") | None, "kubeadm-config") => Some(ObjectRole::KubeadmConfig),
            _ => None,
        },
        "Secret"
            if matches!(object.namespace.as_deref(), Some("kube-system") | None) && object.name == "kubeadm-certs" =>
        {
            Some(ObjectRole::UploadedCertificates)
        }
        "Secret" => management_secret(object).map(ObjectRole::Secret),
        "KubeadmControlPlane" | "KubeadmControlPlaneTemplate" => Some(ObjectRole::KubeadmConfig),
        "ClusterConfiguration" if kubeadm::is_cluster_configuration(&object.value) => Some(ObjectRole::KubeadmConfig),
        "CertificateSigningRequest" => Some(ObjectRole::SigningRequest),
        _ if !ca_bundles(object).is_empty() => Some(ObjectRole::CaBundle),
        _ => None,
    }
}

/// What a Secret holds that Cluster API keeps for a Cluster. The name alone does not tell: others end in `-ca` as well,
/// so its label or type is asked for (kubernetes-sigs/cluster-api: util/secret/certificates.go, `AsSecret`; its book,
/// "Using custom certificates", labels those that people make).
fn management_secret(object: &Object) -> Option<SecretContent> {
    is_of_cluster_api(object).then(|| secret_row(object).map(|row| row.content))?
}

/// Does a Secret have Cluster API's label or type?
fn is_of_cluster_api(object: &Object) -> bool {
    object.labels.contains_key(CLUSTER_NAME_LABEL) || object.secret_type() == CLUSTER_SECRET_TYPE
}

/// The row whose name a Secret has, with the data that goes with it.
fn secret_row(object: &Object) -> Option<&'static SecretRow> {
    let named = |row: &&SecretRow| {
        let rest = object.name.strip_suffix(row.suffix).and_then(|rest| rest.strip_suffix('-'));
        rest.is_some_and(|rest| !rest.is_empty())
    };
    let row = SECRETS.iter().find(named).filter(|_| object.kind == "Secret")?;
    let needed = if row.content == SecretContent::Kubeconfig { "value" } else { "tls.crt" };
    object.secret_data().contains_key(needed).then_some(row)
}

/// The Cluster that a management Secret belongs to: its label, else its name without the suffix.
pub(super) fn secret_cluster(object: &Object, content: SecretContent) -> Option<String> {
    let row = SECRETS.iter().find(|row| row.content == content)?;
    let from_label = object.labels.get(CLUSTER_NAME_LABEL).cloned();
    from_label.or_else(|| Some(object.name.strip_suffix(row.suffix)?.strip_suffix('-')?.to_owned()))
}

impl StoredObject {
    /// The Cluster that a management Secret belongs to.
    pub(crate) fn cluster(&self) -> Option<String> {
        let ObjectRole::Secret(content) = self.role else { return None };
        secret_cluster(&self.object, content)
    }
}
