//! A kubeadm cluster: three control-plane nodes, a worker, a person's kubeconfig, cluster-info, kubeadm-config.
//!
//! Manifests and the kubelet configuration are from `tests/fixtures/kubeadm/rsa-3`, created by kubeadm 1.36.

use zeroize::Zeroizing;

use super::maker::{Maker, Usage, embedded, kubeconfig};
use crate::{
    inventory::SAMPLE_PREFIX,
    x509::{Issuer, PrivateKey},
};

/// Static Pod manifests, with placeholders for node-specific values.
const MANIFESTS: [(&str, &str); 4] = [
    ("etcd", include_str!("kubeadm/etcd.yaml")),
    ("kube-apiserver", include_str!("kubeadm/kube-apiserver.yaml")),
    ("kube-controller-manager", include_str!("kubeadm/kube-controller-manager.yaml")),
    ("kube-scheduler", include_str!("kubeadm/kube-scheduler.yaml")),
];

const KUBELET_CONFIG: &str = include_str!("kubeadm/kubelet-config.yaml");

/// The control-plane nodes and their addresses, from a documentation range (RFC 5737).
const CONTROL_PLANE: [(&str, &str); 3] = [("cp1", "192.0.2.11"), ("cp2", "192.0.2.12"), ("cp3", "192.0.2.13")];

/// The groups of administrators since kubeadm 1.29.
const ADMINS: &str = "kubeadm:cluster-admins";

/// The files that all control-plane nodes share.
pub(super) struct Shared {
    pub(super) cluster: Issuer,
    pub(super) front_proxy: Issuer,
    pub(super) etcd: Issuer,
    pub(super) service_account: PrivateKey,
}

/// A leaf certificate in separate files.
struct Leaf<'a> {
    /// Its path below the PKI folder, without extension.
    name: &'a str,
    issuer: &'a Issuer,
    common_name: &'a str,
    groups: &'a [&'a str],
    usage: Usage,
    names: &'a [&'a str],
}

/// Adds all files of the sample.
pub(super) fn lay_out(maker: &mut Maker<'_>) {
    let shared = Shared {
        cluster: maker.authority("kubernetes"),
        front_proxy: maker.authority("front-proxy-ca"),
        etcd: maker.authority("etcd-ca"),
        service_account: maker.key(),
    };
    nodes(maker, &shared);
}

/// Adds nodes, people's kubeconfigs and objects of a cluster with existing CAs.
pub(super) fn nodes(maker: &mut Maker<'_>, shared: &Shared) {
    for (index, (node, address)) in CONTROL_PLANE.into_iter().enumerate() {
        let node = format!("{SAMPLE_PREFIX}{node}");
        control_plane(maker, shared, &node, address, index == 0);
        kubelet(maker, &shared.cluster, &node);
    }
    worker(maker, &shared.cluster, "worker1");
    person(maker, &shared.cluster);
    cluster_info(maker, &shared.cluster);
    configuration(maker);
}

/// Adds a worker.
pub(super) fn worker(maker: &mut Maker<'_>, issuer: &Issuer, name: &str) {
    let worker = format!("{SAMPLE_PREFIX}{name}");
    maker.add(&format!("{worker}/etc/kubernetes/pki/ca.crt"), 0o644, issuer.certificate().to_pem());
    kubelet(maker, issuer, &worker);
}

/// Adds a person's kubeconfig.
pub(super) fn person(maker: &mut Maker<'_>, issuer: &Issuer) {
    let person = format!("{SAMPLE_PREFIX}alice");
    let credential = maker.leaf(issuer, &person, &["dev"], Usage::Client, &[]);
    let text = kubeconfig(&maker.cluster, &maker.server(), issuer.certificate(), &person, &embedded(&credential));
    maker.add(&format!("clients/{person}.conf"), 0o600, text.as_bytes());
}

fn control_plane(maker: &mut Maker<'_>, shared: &Shared, node: &str, address: &str, first: bool) {
    let pki = format!("{node}/etc/kubernetes/pki");
    for (name, issuer) in [("ca", &shared.cluster), ("front-proxy-ca", &shared.front_proxy), ("etcd/ca", &shared.etcd)]
    {
        maker.add_pair(&format!("{pki}/{name}"), issuer.certificate(), issuer.key());
    }
    maker.add(&format!("{pki}/sa.key"), 0o600, shared.service_account.to_pem().as_bytes());
    let public = shared.service_account.public_key().to_pem();
    maker.add(&format!("{pki}/sa.pub"), 0o600, public.as_bytes());

    let service = "kubernetes.default.svc.cluster.local";
    let served = [
        &maker.host.clone(),
        node,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        service,
        "10.96.0.1",
        address,
    ];
    let etcd = [node, "localhost", address, "127.0.0.1", "::1"];
    let leaf =
        |name, issuer, common_name, groups, usage, names| Leaf { name, issuer, common_name, groups, usage, names };
    let leaves = [
        leaf("apiserver", &shared.cluster, "kube-apiserver", &[][..], Usage::Server, &served[..]),
        leaf(
            "apiserver-kubelet-client",
            &shared.cluster,
            "kube-apiserver-kubelet-client",
            &[ADMINS],
            Usage::Client,
            &[],
        ),
        leaf("front-proxy-client", &shared.front_proxy, "front-proxy-client", &[], Usage::Client, &[]),
        leaf("apiserver-etcd-client", &shared.etcd, "kube-apiserver-etcd-client", &[], Usage::Client, &[]),
        leaf("etcd/server", &shared.etcd, node, &[], Usage::Peer, &etcd),
        leaf("etcd/peer", &shared.etcd, node, &[], Usage::Peer, &etcd),
        leaf("etcd/healthcheck-client", &shared.etcd, "kube-etcd-healthcheck-client", &[], Usage::Client, &[]),
    ];
    for Leaf { name, issuer, common_name, groups, usage, names } in leaves {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let leaf = maker.leaf(issuer, common_name, groups, usage, &names);
        maker.add_pair(&format!("{pki}/{name}"), &leaf.certificate, &leaf.key);
    }
    kubeconfigs(maker, &shared.cluster, node, address, first);
    for (name, template) in MANIFESTS {
        let manifest =
            template.replace("@NODE@", node).replace("@ADDRESS@", address).replace("@CLUSTER@", &maker.cluster);
        maker.add(&format!("{node}/etc/kubernetes/manifests/{name}.yaml"), 0o600, manifest);
    }
}

fn kubeconfigs(maker: &mut Maker<'_>, issuer: &Issuer, node: &str, address: &str, first: bool) {
    let (shared, local) = (maker.server(), format!("https://{address}:6443"));
    let users: [(&str, &str, &[&str], &str); 4] = [
        ("admin", "kubernetes-admin", &[ADMINS], &shared),
        ("super-admin", "kubernetes-super-admin", &["system:masters"], &shared),
        ("controller-manager", "system:kube-controller-manager", &[], &local),
        ("scheduler", "system:kube-scheduler", &[], &local),
    ];
    for (name, user, groups, server) in users {
        // Only the node on which the cluster was initialized has it.
        if first || name != "super-admin" {
            let credential = maker.leaf(issuer, user, groups, Usage::Client, &[]);
            let text = kubeconfig(&maker.cluster, server, issuer.certificate(), user, &embedded(&credential));
            maker.add(&format!("{node}/etc/kubernetes/{name}.conf"), 0o600, text.as_bytes());
        }
    }
}

/// Adds a kubelet's files after it has obtained its own certificate.
fn kubelet(maker: &mut Maker<'_>, issuer: &Issuer, node: &str) {
    let user = format!("system:node:{node}");
    let credential = maker.leaf(issuer, &user, &["system:nodes"], Usage::Client, &[]);
    let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    maker.add(&format!("{node}{current}"), 0o600, credential.to_pem().as_bytes());
    maker.add(&format!("{node}/var/lib/kubelet/config.yaml"), 0o644, KUBELET_CONFIG);
    let named = format!("    client-certificate: {current}\n    client-key: {current}\n");
    let text: Zeroizing<String> = kubeconfig(&maker.cluster, &maker.server(), issuer.certificate(), &user, &named);
    maker.add(&format!("{node}/etc/kubernetes/kubelet.conf"), 0o600, text.as_bytes());
}

/// Adds cluster-info, from which a joining node reads the trusted CA.
pub(super) fn cluster_info(maker: &mut Maker<'_>, issuer: &Issuer) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let server = maker.server();
    let ca = STANDARD.encode(issuer.certificate().to_pem());
    let info = format!(
        "apiVersion: v1\ndata:\n  kubeconfig: |\n    apiVersion: v1\n    clusters:\n    - cluster:\n        certificate-authority-data: {ca}\n\
         \x20       server: {server}\n      name: \"\"\n    contexts: null\n    current-context: \"\"\n    kind: Config\n    users: null\n\
         kind: ConfigMap\nmetadata:\n  name: cluster-info\n  namespace: kube-public\n"
    );
    maker.add("cluster/cluster-info.yaml", 0o644, info);
}

/// Adds kubeadm's configuration.
fn configuration(maker: &mut Maker<'_>) {
    let (cluster, host) = (&maker.cluster, &maker.host);
    let configuration = format!(
        "apiVersion: v1\ndata:\n  ClusterConfiguration: |\n    apiServer: {{}}\n    apiVersion: kubeadm.k8s.io/v1beta4\n\
         \x20   caCertificateValidityPeriod: 87600h0m0s\n    certificateValidityPeriod: 8760h0m0s\n    certificatesDir: /etc/kubernetes/pki\n\
         \x20   clusterName: {cluster}\n    controlPlaneEndpoint: {host}:6443\n    controllerManager: {{}}\n    dns: {{}}\n\
         \x20   encryptionAlgorithm: ECDSA-P256\n    etcd:\n      local:\n        dataDir: /var/lib/etcd\n    imageRepository: registry.k8s.io\n\
         \x20   kind: ClusterConfiguration\n    kubernetesVersion: v1.36.3\n    networking:\n      dnsDomain: cluster.local\n      serviceSubnet: 10.96.0.0/12\n\
         \x20   proxy: {{}}\n    scheduler: {{}}\nkind: ConfigMap\nmetadata:\n  name: kubeadm-config\n  namespace: kube-system\n"
    );
    maker.add("cluster/kubeadm-config.yaml", 0o644, configuration);
}
