//! Unsupported platforms are refused with an error that names them, without other errors.

use airlock_core::{Finding, InputFile, RotationRequest, Severity, inspect};
use airlock_tests::{fixtures, loaded::Loaded};

fn errors(loaded: Loaded) -> Vec<Finding> {
    let (findings, planned) = loaded.outcome(&RotationRequest::default(), fixtures::now());
    assert!(!planned, "{findings:#?}");
    findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect()
}

#[track_caller]
fn refused(loaded: Loaded, title: &str) {
    let errors = errors(loaded);
    assert!(!errors.is_empty(), "{title}");
    for error in &errors {
        assert_eq!(error.code, "unsupported-platform", "{title}: {error}");
        assert!(error.message.starts_with(&format!("{title} is not supported yet")), "{error}");
        assert!(!error.remedy.is_empty());
    }
}

fn files(named: &[(&str, &[u8])]) -> Loaded {
    Loaded(named.iter().map(|(path, bytes)| InputFile::new(*path, bytes.to_vec())).collect())
}

/// Secrets of Cluster API whose owner is the control plane of another provider.
#[test]
fn control_planes_of_other_providers_are_named() {
    refused(Loaded::of("field/l-caprke2"), "RKE2");
    for (kind, title) in [
        ("RKE2ControlPlane", "RKE2"),
        ("KThreesControlPlane", "K3s"),
        ("MicroK8sControlPlane", "MicroK8s"),
        ("CK8sControlPlane", "Canonical Kubernetes"),
        ("K0sControlPlane", "k0s"),
        ("K0smotronControlPlane", "k0s"),
        ("TalosControlPlane", "Talos by Cluster API"),
        ("AWSManagedControlPlane", "Amazon EKS"),
        ("AzureManagedControlPlane", "Azure AKS"),
        ("GCPManagedControlPlane", "Google GKE"),
        ("WidgetControlPlane", "The control plane WidgetControlPlane"),
    ] {
        let own = format!(
            "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: {kind}\nmetadata: {{name: one, namespace: default}}\n"
        );
        let cluster = format!(
            "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {{name: one, namespace: default}}\nspec: {{controlPlaneRef: {{apiGroup: controlplane.cluster.x-k8s.io, kind: {kind}, name: one}}}}\n"
        );
        let owner = "kind: KubeadmControlPlane";
        let ca = "one-ca.yaml";
        assert!(
            String::from_utf8_lossy(&Loaded::of("cluster-api/one").get(ca)).contains(owner),
            "the fixture has its owner"
        );
        refused(Loaded::of("cluster-api/one").swap_text(ca, owner, &format!("kind: {kind}")), title);
        refused(Loaded::of("cluster-api/one").with("own.yaml", own.into_bytes()), title);
        refused(Loaded::of("cluster-api/one").with("cluster.yaml", cluster.into_bytes()), title);
    }
}

/// Files at their paths on a node.
#[test]
fn nodes_of_other_distributions_are_named() {
    let ca = Loaded::of("kubeadm/ecdsa-3").get("cp1/etc/kubernetes/pki/ca.crt");
    for (path, title) in [
        ("server1/var/lib/rancher/rke2/server/tls/server-ca.crt", "RKE2"),
        ("etc/rancher/rke2/rke2.yaml", "RKE2"),
        ("var/lib/rancher/k3s/server/tls/client-ca.crt", "K3s"),
        ("server/tls/server-ca.crt", "K3s or RKE2"),
        ("a/var/snap/microk8s/current/certs/ca.crt", "MicroK8s"),
        ("var/lib/k0s/pki/ca.crt", "k0s"),
    ] {
        refused(files(&[(path, &ca)]), title);
    }
    // A name that only contains another one's is another name.
    let errors = errors(files(&[("my-var/lib/k0sx/ca.pem", &ca)]));
    assert!(errors.iter().all(|error| error.code != "unsupported-platform"), "{errors:?}");
}

/// A dump of a management cluster contains that cluster's Nodes and the Secrets of other clusters.
#[test]
fn labels_of_nodes_count_only_where_there_is_no_supported_cluster() {
    let node =
        |label: &str| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: n1, labels: {{{label}}}}}\n").into_bytes();
    for (label, title) in [
        ("eks.amazonaws.com/nodegroup: one", "Amazon EKS"),
        ("cloud.google.com/gke-nodepool: one", "Google GKE"),
        ("kubernetes.azure.com/cluster: one", "Azure AKS"),
        ("node.kubernetes.io/instance-type: k3s", "K3s"),
        ("node.kubernetes.io/instance-type: rke2", "RKE2"),
        ("microk8s.io/cluster: \"true\"", "MicroK8s"),
        ("node.k0sproject.io/role: control-plane", "k0s"),
    ] {
        let alone = inspect(files(&[("nodes.yaml", &node(label))]).0, fixtures::now());
        let said = alone.findings().iter().find(|finding| finding.code == "unsupported-platform");
        assert!(said.is_some_and(|said| said.message.starts_with(title)), "{label}: {:?}", alone.findings());
        let beside = Loaded::of("cluster-api/one").with("nodes.yaml", node(label));
        assert!(beside.outcome(&RotationRequest::default(), fixtures::now()).1, "{label}");
    }
    let other =
        inspect(files(&[("nodes.yaml", &node("node.kubernetes.io/instance-type: m5.large"))]).0, fixtures::now());
    assert!(other.findings().iter().all(|finding| finding.code != "unsupported-platform"));
}

/// Nothing in an encrypted object can be read; one finding says so, and none says that the CA is missing.
#[test]
fn what_sops_encrypted_is_named() {
    let errors = errors(Loaded::of("field/s-sops"));
    assert_eq!(errors.len(), 3, "the CAs that are rotated, and the kubeconfig: {errors:?}");
    assert!(
        errors.iter().all(|error| error.code == "sops-encrypted" && error.remedy.contains("sops -d")),
        "{errors:?}"
    );
    let machine = "version: v1alpha1\nmachine:\n    type: controlplane\n    ca:\n        key: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\ncluster: {}\nsops:\n    mac: ENC[AES256_GCM,data:AA==]\n";
    let inventory = inspect(files(&[("cp1.sops.yaml", machine.as_bytes())]).0, fixtures::now());
    let said = inventory.findings().iter().find(|finding| finding.code == "sops-encrypted");
    assert!(said.is_some_and(|said| said.severity == Severity::Error && said.file == "cp1.sops.yaml"));
    // A password that somebody keeps in the same repository is none of Airlock's business.
    let other = "apiVersion: v1\nkind: Secret\nmetadata: {name: password, namespace: default}\ndata:\n  a: ENC[AES256_GCM,data:AA==]\nsops:\n  mac: ENC[AES256_GCM,data:AA==]\n";
    let beside = Loaded::of("cluster-api/one").with("password.yaml", other.as_bytes().to_vec());
    let (findings, planned) = beside.outcome(&RotationRequest::default(), fixtures::now());
    assert!(planned && findings.iter().all(|finding| finding.code != "sops-encrypted"), "{findings:#?}");
}
