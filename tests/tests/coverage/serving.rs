//! API servers that verify kubelets' serving certificates: `--kubelet-certificate-authority`.

use std::{fs, process::Command};

use airlock_core::{Finding, RotationRequest, plan::KubeletCertificates, simulate::Outcome};
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

/// A serving certificate of the cluster CA in a file, with the flag or field that names it: its certificate and key.
fn serving_file(cluster: Cluster, ca: &Cluster, node: &str, path: &str) -> Cluster {
    let names = format!("subjectAltName=DNS:{node}\nextendedKeyUsage=serverAuth\n");
    let (certificate, key) = ca.issue(&format!("serving-file-{node}"), &format!("/CN={node}"), &names);
    cluster.set(node, path, certificate).set(node, &path.replace(".crt", ".key"), key)
}

/// Every node serves from a file of the cluster CA, and every API server verifies that: phase 2 replaces the files and
/// restarts the kubelets, so that each connection holds in every step. Also with a certificate at the default path that the
/// kubelet made and does not serve.
#[test]
fn files_of_every_node_hold_through_all_phases() {
    const ELSEWHERE: &str = "/etc/kubernetes/pki/kubelet-server.crt";
    let nodes = ["cp1", "cp2", "cp3", "worker1"];
    for (path, names_it) in
        [("/var/lib/kubelet/pki/kubelet.crt", false), ("/var/lib/kubelet/pki/kubelet.crt", true), (ELSEWHERE, true)]
    {
        let ca = Cluster::of("ecdsa-3");
        let mut cluster = ca.clone();
        for node in nodes {
            cluster = serving_file(cluster, &ca, node, path);
            if names_it {
                let fields = format!("tlsCertFile: {path}\ntlsPrivateKeyFile: {}\n", path.replace(".crt", ".key"));
                cluster = cluster.append(node, CONFIG, &fields);
            }
            if node != "worker1" {
                cluster = cluster.flag_on(node, "kube-apiserver", FLAG);
            }
        }
        for (keep_keys, kubelet_certificates) in [
            (false, KubeletCertificates::Renew),
            (true, KubeletCertificates::Renew),
            (false, KubeletCertificates::Mint),
        ] {
            let request = RotationRequest { keep_keys, kubelet_certificates, ..RotationRequest::default() };
            let package = cluster.clone().package_for(&request);
            let outcomes = outcomes(&package);
            assert_eq!(outcomes.len(), 6, "{outcomes:?}");
            assert!(outcomes.iter().all(|(_, worst)| *worst == Outcome::Holds), "{path}: {outcomes:?}");
            let ca = package.lay("serving-every-ca", "3-drop-old/workers/ca.crt").display().to_string();
            for node in nodes {
                let folder = if node == "worker1" { "workers" } else { "control-plane" };
                let new = package.lay(&format!("serving-every-{node}"), &format!("2-switch/{folder}/{node}{path}"));
                let new = new.display().to_string();
                verify(&["-x509_strict", "-purpose", "sslserver", "-CAfile", &ca, "-verify_hostname", node, &new]);
            }
        }
    }
}

/// Without the restart of the kubelet, a control-plane node may present the old certificate in phase 3. What a worker does
/// not serve counts for nothing.
#[test]
fn a_file_that_is_not_served_does_not_count() {
    let ca = requesting();
    let cluster = serving_file(ca.clone(), &ca, NODE, "/etc/kubernetes/pki/kubelet-server.crt");
    // The fixture's kubelet.crt, which the kubelet made: the fields of the configuration name another file.
    let fields = "tlsCertFile: /etc/kubernetes/pki/kubelet-server.crt\ntlsPrivateKeyFile: /etc/kubernetes/pki/kubelet-server.key\n";
    let cluster = cluster.edit(CONFIG, "serverTLSBootstrap: true\n", fields);
    let findings = cluster.outcome(&RotationRequest::default());
    let codes: Vec<_> = findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(!codes.contains(&"kubelet-serving-self-signed"), "{codes:?}");
    let package = cluster.flag("kube-apiserver", FLAG).package(&[]);
    assert_eq!(outcomes(&package)[0], ("apiserver-kubelet-serving/cp1", Outcome::Holds));
}

/// A serving file that was not provided may be of the old CA, wherever the flag or the field that names it is.
#[test]
fn a_serving_file_that_was_not_provided_is_named() {
    const CERTIFICATE: &str = "/etc/kubelet-tls/tls.crt";
    let field =
        format!("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsCertFile: {CERTIFICATE}\n");
    let arguments = |flags: &str| format!("KUBELET_EXTRA_ARGS=\"{flags}\"\n");
    let flag = arguments(&format!("--tls-cert-file={CERTIFICATE}"));
    let own = format!("{field}clientCAFile: /etc/kubernetes/pki/ca.crt\n");
    let cases: [(&str, Vec<(&str, String)>); 5] = [
        ("/etc/default/kubelet", vec![("/etc/default/kubelet", flag.clone())]),
        ("kubeadm-flags.env", vec![("/var/lib/kubelet/kubeadm-flags.env", flag.replace("EXTRA", "KUBEADM"))]),
        ("config.yaml", vec![(CONFIG, field.clone())]),
        (
            "/etc/kubelet/own.yaml",
            vec![("/etc/default/kubelet", arguments("--config=/etc/kubelet/own.yaml")), ("/etc/kubelet/own.yaml", own)],
        ),
        (
            "/etc/kubelet.d/10.conf",
            vec![("/etc/default/kubelet", arguments("--config-dir=/etc/kubelet.d")), ("/etc/kubelet.d/10.conf", field)],
        ),
    ];
    for node in [NODE, "worker1"] {
        for (named_in, files) in &cases {
            let mut cluster = Cluster::of("rsa-3");
            for (path, text) in files {
                cluster = cluster.set(node, path, text.clone());
            }
            // Nothing verifies kubelets: the file has no part in the rotation.
            let unverified = cluster.outcome(&RotationRequest::default());
            let is_missing =
                |finding: &Finding| finding.code == "reader-file-missing" && finding.message.contains(CERTIFICATE);
            assert!(!unverified.iter().any(is_missing), "{node} {named_in}: {unverified:#?}");
            let error = cluster.flag("kube-apiserver", FLAG).refused_once("reader-file-missing");
            for part in [CERTIFICATE, node] {
                assert!(error.message.contains(part), "{node} {named_in}: {error}");
            }
            assert!(
                error.place.contains(named_in) || error.to_string().contains(named_in),
                "{node} {named_in}: {error}"
            );
        }
    }
}

/// Certificates that the kubelet did not make have an issuer, which is named; those that are not served are not mentioned.
#[test]
fn another_issuer_is_not_called_the_kubelet() {
    let folder = scratch("serving-other-issuer");
    let file = |name: &str| folder.join(name).display().to_string();
    let script = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj '/CN=kubelets of site 1' -days 3650 -keyout ca.key -out ca.crt\nopenssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=cp1 -keyout leaf.key -out leaf.csr\nopenssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -set_serial 7 -days 300 -out leaf.crt\n";
    succeed(Command::new("sh").args(["-euc", script]).current_dir(&folder));
    let leaf = fs::read(file("leaf.crt")).expect("openssl wrote it");
    let said = |cluster: Cluster| -> Vec<(String, String)> {
        let findings = cluster.outcome(&RotationRequest::default()).into_iter();
        let own = findings.filter(|one| one.code.starts_with("kubelet-serving-") && one.message.contains("on cp1 "));
        own.map(|one| (one.code, one.message)).collect()
    };
    let made = said(Cluster::of("ecdsa-3"));
    let [(code, _)] = made.as_slice() else { panic!("{made:#?}") };
    assert_eq!(code, "kubelet-serving-self-signed", "the fixture's own, which a kubelet made");
    let other = said(Cluster::of("ecdsa-3").set(NODE, "/var/lib/kubelet/pki/kubelet.crt", leaf));
    let [(code, message)] = other.as_slice() else { panic!("{other:#?}") };
    assert_eq!(code, "kubelet-serving-other-ca");
    assert!(message.contains("kubelets of site 1") && !message.contains("itself"), "{message}");
}

/// Only the API servers with the flag are restarted, and the finding says which.
#[test]
fn the_finding_names_the_api_servers_that_restart() {
    let message = |cluster: Cluster| {
        let findings = cluster.outcome(&RotationRequest::default());
        let own = findings.into_iter().find(|one| one.code == "apiserver-restarts");
        own.expect("a finding").message
    };
    let one = Cluster::of("ecdsa-3").flag_on("cp2", "kube-apiserver", FLAG);
    assert!(message(one.clone()).contains("restart kube-apiserver on cp2 once"), "{}", message(one));
    let all = ["cp1", "cp2", "cp3"]
        .iter()
        .fold(Cluster::of("ecdsa-3"), |all, node| all.flag_on(node, "kube-apiserver", FLAG));
    assert!(message(all.clone()).contains("restart each kube-apiserver once"), "{}", message(all));
    let runbook = requesting().flag("kube-apiserver", FLAG).package(&[]);
    assert!(runbook.text("RUNBOOK.md").contains("fail until its CertificateSigningRequest is approved and signed"));
}
