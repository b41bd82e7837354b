//! API servers that verify kubelets' serving certificates: `--kubelet-certificate-authority`.

use std::{fs, process::Command};

use airlock_core::simulate::Outcome;
use airlock_tests::{rotation::scratch, tools::succeed};

use super::cluster::{Cluster, NODE, Package, openssl, verify};

const CONFIG: &str = "/var/lib/kubelet/config.yaml";
const FLAG: &str = "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt";

/// A node whose kubelet requests its serving certificate from the cluster.
fn requesting() -> Cluster {
    Cluster::new().edit(CONFIG, "rotateCertificates: true\n", "rotateCertificates: true\nserverTLSBootstrap: true\n")
}

fn outcomes(package: &Package) -> Vec<(&str, Outcome)> {
    let edges = package.report.matrix.edges.iter().filter(|edge| edge.row.contains("kubelet-serving"));
    edges.map(|edge| (edge.id.as_str(), edge.worst())).collect()
}

fn position(text: &str, part: &str) -> usize {
    text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"))
}

#[test]
fn api_servers_restart_and_kubelets_renew() {
    let package = requesting().flag("kube-apiserver", FLAG).package(&[]);
    let held = [("apiserver-kubelet-serving/cp1", Outcome::Holds), ("kubelet-serving-impostor/cp1", Outcome::Holds)];
    assert_eq!(outcomes(&package), held);
    for (phase, restarts) in [(1, true), (2, false), (3, true)] {
        assert_eq!(package.restarts(phase).contains(&"kube-apiserver"), restarts, "phase {phase}");
    }
    for folder in ["1-trust-both", "3-drop-old"] {
        let script = package.text(&format!("{folder}/control-plane/{NODE}/apply.sh"));
        let node = script.split("\nnode() {").nth(1).expect("its steps");
        let [written, restart, serves, manager] = [
            "put /etc/kubernetes/pki/ca.crt",
            "restart_pod_of kube-apiserver kube-apiserver",
            "await_answer 'its API server serves again'",
            "restart_pod_of kube-scheduler",
        ]
        .map(|part| position(node, part));
        assert!(written < restart && restart < serves && serves < manager, "{node}");
        let undone = script.split("restarts() {").nth(1).and_then(|rest| rest.split('}').next()).expect("a list");
        assert!(undone.contains("restart_pod_of kube-apiserver"), "roll back restarts it as well: {undone}");
    }
    let runbook = package.text("RUNBOOK.md");
    for step in ["### 2-cp1-kubelet", "### 2-workers"] {
        let section = runbook.split(step).nth(1).and_then(|rest| rest.split("\n### ").next()).expect(step);
        for part in ["kubectl certificate approve NAME", "kubernetes.io/kubelet-serving", "serverTLSBootstrap"] {
            assert!(section.contains(part), "{step}: {part}");
        }
    }
    let codes: Vec<_> = package.plan.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"apiserver-restarts"), "{codes:?}");
}

/// A serving certificate that the kubelet requested needs no acknowledgment, because phase 2 renews it.
#[test]
fn a_requested_certificate_needs_no_acknowledgement() {
    let cluster = requesting();
    let names = "subjectAltName=DNS:cp1\nextendedKeyUsage=serverAuth\n";
    let (certificate, key) = cluster.issue("serving-requested", "/CN=system:node:cp1", names);
    let pem = "/var/lib/kubelet/pki/kubelet-server-2026-11-22-02-13-38.pem";
    let with = |cluster: Cluster| {
        let cluster = cluster.with(pem, [certificate.clone(), key.clone()].concat());
        cluster.link("/var/lib/kubelet/pki/kubelet-server-current.pem", pem)
    };
    let package = with(cluster.clone()).flag("kube-apiserver", FLAG).package(&[]);
    assert_eq!(outcomes(&package)[0], ("apiserver-kubelet-serving/cp1", Outcome::Holds));
    // Without the flag no step renews it.
    let error = with(cluster).refused_once("not-handled");
    assert!(error.message.contains("kubelet-server"), "{error}");
}

/// Without the flag nothing verifies kubelets: no connection, no restart, no renewal.
#[test]
fn without_the_flag_api_servers_keep_running() {
    let package = requesting().package(&[]);
    assert_eq!(outcomes(&package), []);
    for phase in 1..=3 {
        assert!(!package.restarts(phase).contains(&"kube-apiserver"), "phase {phase}");
    }
    assert!(!package.text("2-switch/workers/apply.sh").contains("  renew_serving"));
}

/// A separate file with an additional CA: OpenSSL finds three certificates in phase 1, including both trusted ones.
#[test]
fn a_file_of_its_own_becomes_a_bundle() {
    let folder = scratch("serving-other-ca");
    let file = |name: &str| folder.join(name).display().to_string();
    succeed(
        Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args([
                "-subj",
                "/CN=nodes of another site",
                "-days",
                "3650",
                "-keyout",
                &file("key"),
                "-out",
                &file("crt"),
            ]),
    );
    let cluster = requesting();
    let other = fs::read(file("crt")).expect("openssl wrote it");
    let bundle = [cluster.read("/etc/kubernetes/pki/ca.crt"), other].concat();
    let path = "/etc/kubernetes/pki/kubelet-ca.crt";
    let cluster = cluster
        .with(path, bundle)
        .flag("kube-apiserver", "--kubelet-certificate-authority=/etc/kubernetes/pki/kubelet-ca.crt");
    let package = cluster.package(&[]);
    assert!(outcomes(&package).iter().all(|(_, worst)| *worst == Outcome::Holds), "{:?}", outcomes(&package));
    assert_eq!(outcomes(&package).len(), 2);
    assert!(package.restarts(1).contains(&"kube-apiserver") && package.restarts(3).contains(&"kube-apiserver"));
    for (phase, certificates) in [("1-trust-both", 3), ("2-switch", 3), ("3-drop-old", 2)] {
        let laid = package.lay(&format!("kubelet-ca-{phase}"), &format!("{phase}/control-plane/{NODE}{path}"));
        let said = openssl(&["crl2pkcs7", "-nocrl", "-certfile", &laid.display().to_string(), "-out", &file("p7")]);
        assert_eq!(said, "");
        let subjects = openssl(&["pkcs7", "-print_certs", "-noout", "-in", &file("p7")]);
        assert_eq!(subjects.matches("subject=").count(), certificates, "{phase}: {subjects}");
        assert!(subjects.contains("nodes of another site"), "{phase}: {subjects}");
    }
}

/// A file that was not provided may contain the old CA: the finding names it, and the user must acknowledge it.
#[test]
fn a_file_that_was_not_provided_is_named() {
    let flag = "--kubelet-certificate-authority=/etc/ssl/kubelet-ca.crt";
    let error = requesting().flag("kube-apiserver", flag).refused_once("reader-file-missing");
    assert!(error.message.contains("/etc/ssl/kubelet-ca.crt") && error.message.contains(NODE), "{error}");
    assert!(error.message.contains("logs, exec and port-forward"), "{error}");
}

/// Kubelets with serving certificates in files, issued by the cluster CA, on a control-plane node and on a worker: the
/// package issues them again for the same names.
#[test]
fn serving_certificates_in_files_are_issued_again() {
    let cluster = Cluster::of("ecdsa-3");
    let names = |node: &str| format!("subjectAltName=DNS:{node}\nextendedKeyUsage=serverAuth\n");
    let mut all = cluster.clone();
    for node in [NODE, "worker1"] {
        let (certificate, key) = cluster.issue(&format!("serving-{node}"), &format!("/CN={node}"), &names(node));
        all = all.set(node, "/var/lib/kubelet/pki/kubelet.crt", certificate).set(
            node,
            "/var/lib/kubelet/pki/kubelet.key",
            key,
        );
    }
    let package = all.flag("kube-apiserver", FLAG).package(&[]);
    let ca = package.lay("serving-ca", "3-drop-old/workers/ca.crt").display().to_string();
    for (node, holder) in [(NODE, "control-plane/cp1"), ("worker1", "workers/worker1")] {
        let path = format!("2-switch/{holder}/var/lib/kubelet/pki/kubelet.crt");
        let new = package.lay(&format!("serving-{node}"), &path).display().to_string();
        verify(&["-x509_strict", "-purpose", "sslserver", "-CAfile", &ca, "-verify_hostname", node, &new]);
        assert!(package.read(&path.replace(".crt", ".key")).is_some(), "{node}: its new key");
    }
    assert!(package.restarts(2).contains(&"kubelet"), "the kubelet reads it at its start");
    assert!(package.text("2-switch/workers/apply.sh").contains("is_node worker1"), "each worker has its own");
}

/// The kubelet of a kubeadm cluster generates its serving certificate itself, and no component verifies it.
#[test]
fn self_signed_serving_certificates_are_said() {
    let folder = scratch("serving-self-signed");
    let file = |name: &str| folder.join(name).display().to_string();
    succeed(
        Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args([
                "-subj",
                "/CN=cp1@1",
                "-addext",
                "subjectAltName=DNS:cp1",
                "-days",
                "365",
                "-keyout",
                &file("key"),
                "-out",
                &file("crt"),
            ]),
    );
    let cluster =
        Cluster::new().with("/var/lib/kubelet/pki/kubelet.crt", fs::read(file("crt")).expect("openssl wrote it"));
    let package = cluster.flag("kube-apiserver", FLAG).package(&[]);
    assert_eq!(outcomes(&package)[0], ("apiserver-kubelet-serving/cp1", Outcome::BrokenToday));
    let said = package.plan.findings.iter().find(|finding| finding.code == "kubelet-not-verified");
    let said = said.expect("a finding");
    assert!(said.message.contains("/var/lib/kubelet/pki/kubelet.crt") && said.message.contains(NODE), "{said}");
}
