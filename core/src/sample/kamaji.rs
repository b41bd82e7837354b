//! A Kamaji tenant: its TenantControlPlane, Deployment and Secrets in the management cluster, two nodes, and a person's
//! kubeconfig.
//!
//! The objects are from `tests/fixtures/kamaji/alpha` and `konnectivity`, created by operator 26.8.2-edge, without
//! server-managed fields and without the operator's checksums, which Airlock does not use. All thirteen Secrets of
//! Kamaji's page on certificates are included.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    kubeadm,
    maker::{Maker, Usage, embedded, kubeconfig},
};
use crate::{profile::KAMAJI, x509::Issuer};

const CONTROL_PLANE: &str = include_str!("kamaji/tenantcontrolplane.yaml");
const DEPLOYMENT: &str = include_str!("kamaji/deployment.yaml");

/// The namespace of the tenant's objects.
const NAMESPACE: &str = "sample";
/// The tenant's address, from a documentation range (RFC 5737).
const ADDRESS: &str = "192.0.2.20";
/// The tenant's `metadata.uid`, which its operator uses as name in the data store.
const UID: &str = "8c5f9a52-3e0b-4d0f-9d3c-6a1f2f2d7b41";

/// Adds all files of the sample.
pub(super) fn lay_out(maker: &mut Maker<'_>) {
    ADDRESS.clone_into(&mut maker.host);
    for (name, template) in [("tenantcontrolplane", CONTROL_PLANE), ("deployment", DEPLOYMENT)] {
        let text = template.replace("@CLUSTER@", &maker.cluster).replace("@NAMESPACE@", NAMESPACE);
        let text = text.replace("@ADDRESS@", ADDRESS).replace("@UID@", UID);
        maker.add(&format!("management/{name}.yaml"), 0o644, text);
    }
    let cluster = maker.authority("kubernetes");
    let front_proxy = maker.authority("front-proxy-ca");
    authorities(maker, &cluster, &front_proxy);
    leaves(maker, &cluster, &front_proxy);
    kubeconfigs(maker, &cluster);
    for node in ["worker1", "worker2"] {
        kubeadm::worker(maker, &cluster, node);
    }
    kubeadm::person(maker, &cluster);
    kubeadm::cluster_info(maker, &cluster);
}

fn authorities(maker: &mut Maker<'_>, cluster: &Issuer, front_proxy: &Issuer) {
    let (certificate, key) = (cluster.certificate().to_pem(), cluster.key().to_pem());
    let both = [("ca.crt", &*certificate), ("ca.key", &key), ("tls.crt", &certificate), ("tls.key", &key)];
    secret(maker, "ca", &both);
    let (certificate, key) = (front_proxy.certificate().to_pem(), front_proxy.key().to_pem());
    secret(maker, "front-proxy-ca-certificate", &[("front-proxy-ca.crt", &*certificate), ("front-proxy-ca.key", &key)]);
    let service_account = maker.key();
    let (public, key) = (service_account.public_key().to_pem(), service_account.to_pem());
    secret(maker, "sa-certificate", &[("sa.key", &*key), ("sa.pub", &public)]);
    // The data store has its own CA, whose key no tenant has.
    let store = maker.authority("datastore-etcd-ca");
    let user = maker.leaf(&store, UID, &["system:masters"], Usage::Peer, &[]);
    let authority = store.certificate().to_pem();
    let (certificate, key) = (user.certificate.to_pem(), user.key.to_pem());
    let data = [("ca.crt", &*authority), ("server.crt", &certificate), ("server.key", &key)];
    secret(maker, "datastore-certificate", &data);
    let password = Zeroizing::new(STANDARD.encode(maker.secret()));
    let data = [("DB_CONNECTION_STRING", ""), ("DB_PASSWORD", &password), ("DB_SCHEMA", UID), ("DB_USER", UID)];
    secret(maker, "datastore-config", &data);
}

fn leaves(maker: &mut Maker<'_>, cluster: &Issuer, front_proxy: &Issuer) {
    let name = maker.cluster.clone();
    let served = [
        name.clone(),
        format!("{name}.{NAMESPACE}.svc"),
        format!("{name}.{NAMESPACE}.svc.cluster.local"),
        "kubernetes".to_owned(),
        "kubernetes.default".to_owned(),
        "kubernetes.default.svc".to_owned(),
        "kubernetes.default.svc.cluster.local".to_owned(),
        "localhost".to_owned(),
        // The operator's node name for kubeadm.
        "node".to_owned(),
        "10.96.0.1".to_owned(),
        ADDRESS.to_owned(),
        "127.0.0.1".to_owned(),
    ];
    let mut leaf = |component: &str, stem: &str, user: &str, issuer: &Issuer, names: &[String]| {
        let usage = if names.is_empty() { Usage::Client } else { Usage::Server };
        let leaf = maker.leaf(issuer, user, &[], usage, names);
        let (certificate, key) = (leaf.certificate.to_pem(), leaf.key.to_pem());
        let (certificate_name, key_name) = (format!("{stem}.crt"), format!("{stem}.key"));
        secret(maker, component, &[(&certificate_name, &*certificate), (&key_name, &key)]);
    };
    leaf("api-server-certificate", "apiserver", "kube-apiserver", cluster, &served);
    let stem = "apiserver-kubelet-client";
    leaf("api-server-kubelet-client-certificate", stem, "kube-apiserver-kubelet-client", cluster, &[]);
    leaf("front-proxy-client-certificate", "front-proxy-client", "front-proxy-client", front_proxy, &[]);
}

fn kubeconfigs(maker: &mut Maker<'_>, issuer: &Issuer) {
    let (outside, local) = (maker.server(), "https://127.0.0.1:6443".to_owned());
    let inside = format!("https://{}.{NAMESPACE}.svc:6443", maker.cluster);
    let mut written = |user: &str, groups: &[&str], server: &str| {
        let credential = maker.leaf(issuer, user, groups, Usage::Client, &[]);
        kubeconfig(&maker.cluster, server, issuer.certificate(), user, &embedded(&credential))
    };
    let (admin, admins) = ("kubernetes-admin", &["kubeadm:cluster-admins"]);
    let (super_admin, masters) = ("kubernetes-super-admin", &["system:masters"]);
    let people = [
        ("admin.conf", written(admin, admins, &outside)),
        ("admin.svc", written(admin, admins, &inside)),
        ("super-admin.conf", written(super_admin, masters, &outside)),
        ("super-admin.svc", written(super_admin, masters, &inside)),
    ];
    let manager = written("system:kube-controller-manager", &[], &local);
    let scheduler = written("system:kube-scheduler", &[], &local);
    secret(maker, "admin-kubeconfig", &people.each_ref().map(|(key, text)| (*key, text.as_str())));
    secret(maker, "controller-manager-kubeconfig", &[("controller-manager.conf", manager.as_str())]);
    secret(maker, "scheduler-kubeconfig", &[("scheduler.conf", scheduler.as_str())]);
    konnectivity(maker, issuer);
}

/// Adds konnectivity-server's certificate and the kubeconfig that embeds it.
fn konnectivity(maker: &mut Maker<'_>, issuer: &Issuer) {
    let user = "system:konnectivity-server";
    let pair = maker.leaf(issuer, user, &["system:masters"], Usage::Peer, &[]);
    let config = kubeconfig("kubernetes", "https://localhost:6443", issuer.certificate(), user, &embedded(&pair));
    let (certificate, key) = (pair.certificate.to_pem(), pair.key.to_pem());
    secret(maker, "konnectivity-certificate", &[("tls.crt", &*certificate), ("tls.key", &key)]);
    secret(maker, "konnectivity-kubeconfig", &[("konnectivity-server.conf", config.as_str())]);
}

/// A Secret in the operator's format.
fn secret(maker: &mut Maker<'_>, component: &str, data: &[(&str, &str)]) {
    let hosted = KAMAJI.hosted().expect("Invariant: Kamaji's course is that of hosted control planes");
    let (component_label, name_label, cluster) = (hosted.component_label, hosted.name_label, &maker.cluster);
    let lifecycle = hosted.secrets.iter().find(|table| table.component == component).and_then(|table| table.lifecycle);
    let lifecycle =
        lifecycle.map(|kind| format!("    {}: {}\n", hosted.lifecycle_label, kind.label())).unwrap_or_default();
    let kind = if component == "konnectivity-certificate" { "kubernetes.io/tls" } else { "Opaque" };
    let mut text = Zeroizing::new(String::from("apiVersion: v1\ndata:\n"));
    for (key, content) in data {
        let encoded = Zeroizing::new(STANDARD.encode(content));
        let value = if encoded.is_empty() { "\"\"" } else { encoded.as_str() };
        text = Zeroizing::new(format!("{}  {key}: {value}\n", *text));
    }
    let text = Zeroizing::new(format!(
        "{}kind: Secret\nmetadata:\n  labels:\n{lifecycle}    {component_label}: {component}\n    {name_label}: {cluster}\n    \
         kamaji.clastix.io/project: kamaji\n  name: {cluster}-{component}\n  namespace: {NAMESPACE}\n  ownerReferences:\n  \
         - apiVersion: kamaji.clastix.io/v1alpha1\n    blockOwnerDeletion: true\n    controller: true\n    \
         kind: TenantControlPlane\n    name: {cluster}\n    uid: {UID}\ntype: {kind}\n",
        *text
    ));
    maker.add(&format!("management/secret-{cluster}-{component}.yaml"), 0o600, text.as_bytes());
}
