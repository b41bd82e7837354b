//! Clusters from public bug reports (`tests/fixtures/field`).

use super::Tree;

#[test]
fn service_account_tokens_that_are_signed_with_the_serving_key() {
    let tree = Tree::read("f-sa-apiserverkey/master-a");
    assert_eq!(
        tree.of_path("/etc/kubernetes/pki/apiserver.key"),
        [
            "kube-apiserver/kube-apiserver: --service-account-key-file",
            "kube-apiserver/kube-apiserver: --service-account-signing-key-file",
            "kube-apiserver/kube-apiserver: --tls-private-key-file",
            "kube-controller-manager/kube-controller-manager: --service-account-private-key-file",
        ]
    );
}

#[test]
fn etcd_under_the_cluster_ca() {
    let tree = Tree::read("f-etcd-cafile/master-a");
    assert_eq!(
        tree.of_path("/etc/kubernetes/pki/ca.crt"),
        [
            "kube-apiserver/kube-apiserver: --client-ca-file",
            "kube-apiserver/kube-apiserver: --etcd-cafile",
            "kube-controller-manager/kube-controller-manager: --client-ca-file",
            "kube-controller-manager/kube-controller-manager: --cluster-signing-cert-file",
            "kube-controller-manager/kube-controller-manager: --root-ca-file",
        ]
    );
}

#[test]
fn kube_vip_mounts_a_single_file() {
    let tree = Tree::read("f-kubevip/master-a");
    assert_eq!(tree.of_path("/etc/kubernetes/admin.conf"), ["kube-vip/kube-vip: file /etc/kubernetes/admin.conf"]);
}

#[test]
fn a_kubeconfig_that_no_process_names_has_no_reader() {
    let tree = Tree::read("f-konnconf/master-a");
    assert_eq!(tree.of_path("/etc/kubernetes/konnectivity-server.conf"), Vec::<String>::new());
    let konnectivity = include_str!("konnectivity-server.yaml");
    let tree = tree.with("/etc/kubernetes/manifests/konnectivity-server.yaml", konnectivity);
    assert_eq!(
        tree.of_path("/etc/kubernetes/konnectivity-server.conf"),
        [
            "konnectivity-server/konnectivity-server-container: --kubeconfig",
            "konnectivity-server/konnectivity-server-container: file /etc/kubernetes/konnectivity-server.conf",
        ]
    );
    assert_eq!(
        tree.of_path("/etc/kubernetes/pki/apiserver.key"),
        [
            "konnectivity-server/konnectivity-server-container: --cluster-key",
            "kube-apiserver/kube-apiserver: --tls-private-key-file",
        ]
    );
}
