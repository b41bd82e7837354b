//! Files that depend on a rotated CA and that Airlock has no specific rule for.

use airlock_core::RotationRequest;

use super::cluster::{Cluster, openssl, verify};

const KONNECTIVITY: &str = "/etc/kubernetes/konnectivity-server.conf";
const ID: &str = "cluster/unknown-reader/etc/kubernetes/konnectivity-server.conf";

fn with_konnectivity() -> Cluster {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig("konnectivity", "system:konnectivity-server", None);
    cluster.with(KONNECTIVITY, kubeconfig)
}

/// As in tests/fixtures/field/f-konnconf: changed in each phase; the user must say who restarts its reader.
#[test]
fn a_kubeconfig_without_a_known_reader_has_to_be_acknowledged() {
    let error = with_konnectivity().refused_once("unknown-reader");
    assert_eq!(error.acknowledge, ID);
    assert!(error.remedy.ends_with(&format!("(--acknowledge {ID})")), "{error}");
    let wrong = RotationRequest { acknowledge: [format!("{ID}x")].into(), ..RotationRequest::default() };
    assert_eq!(with_konnectivity().refused(&wrong).len(), 1);
    let package = with_konnectivity().package(&[ID]);
    for folder in ["1-trust-both", "2-switch", "3-drop-old"] {
        assert!(package.read(&format!("{folder}/control-plane/cp1{KONNECTIVITY}")).is_some(), "{folder}");
    }
    let ids: Vec<_> = package.plan.acknowledged.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, [ID]);
    assert!(package.text("RUNBOOK.md").contains("## Not handled by this package"));
    assert!(package.text("manifest.json").contains(ID));
}

#[test]
fn a_kubeconfig_with_a_known_reader_is_rotated_like_kubeadms_own() {
    let container = "    command:\n    - /proxy-server\n    - --kubeconfig=/etc/kubernetes/konnectivity-server.conf\n    volumeMounts:\n    - mountPath: /etc/kubernetes/konnectivity-server.conf\n      name: kubeconfig\n";
    let volume = "  - hostPath:\n      path: /etc/kubernetes/konnectivity-server.conf\n      type: FileOrCreate\n    name: kubeconfig\n";
    let package = with_konnectivity().pod("konnectivity-server", container, volume).package(&[]);
    assert_eq!(package.plan.acknowledged, []);
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"konnectivity-server"), "phase {phase}");
    }
    let script = package.text("2-switch/control-plane/cp1/apply.sh");
    assert!(script.contains("restart_pod_of konnectivity-server proxy-server"), "its program is a hint");
    let new = package.text(&format!("2-switch/control-plane/cp1{KONNECTIVITY}"));
    let data =
        new.lines().find_map(|line| line.trim().strip_prefix("client-certificate-data: ")).expect("a credential");
    let pem = base64::prelude::Engine::decode(&base64::prelude::BASE64_STANDARD, data).expect("base64");
    let folder = airlock_tests::rotation::scratch("konnectivity-new");
    std::fs::write(folder.join("new.crt"), pem).expect("a file can be written");
    let ca = package.lay("konnectivity-ca", "3-drop-old/workers/ca.crt");
    let (new, ca) = (folder.join("new.crt").display().to_string(), ca.display().to_string());
    verify(&["-x509_strict", "-purpose", "sslclient", "-CAfile", &ca, &new]);
    let subject = openssl(&["x509", "-in", &new, "-noout", "-subject", "-nameopt", "RFC2253"]);
    assert_eq!(subject.trim(), "subject=CN=system:konnectivity-server");
}

/// It leads to an unknown server: neither the CAs that it trusts nor the issuer of its certificate are known.
#[test]
fn a_kubeconfig_for_another_server_is_not_changed() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig("audit", "auditor", Some("https://audit.example.org:8443"));
    let cluster = cluster.with("/etc/kubernetes/audit.conf", kubeconfig);
    let error = cluster.clone().refused_once("not-handled");
    assert_eq!(error.acknowledge, "cluster/not-handled/etc/kubernetes/audit.conf");
    assert!(error.message.contains("phase 2") && error.message.contains("phase 3"), "{error}");
    let package = cluster.package(&[&error.acknowledge]);
    assert!(package.read("1-trust-both/control-plane/cp1/etc/kubernetes/audit.conf").is_none());
}

#[test]
fn a_certificate_without_a_known_reader_has_to_be_acknowledged() {
    let cluster = Cluster::new();
    let (certificate, key) = cluster.issue("metrics", "/CN=metrics", "extendedKeyUsage=clientAuth\n");
    let cluster =
        cluster.with("/etc/kubernetes/pki/metrics.crt", certificate).with("/etc/kubernetes/pki/metrics.key", key);
    let error = cluster.refused_once("not-handled");
    assert_eq!(error.acknowledge, "cluster/not-handled/etc/kubernetes/pki/metrics.crt");
    assert!(error.message.contains("phase 3"), "{error}");
}

/// Its reader is a systemd unit of the node: the certificate is renewed, and the unit restarted.
#[test]
fn a_certificate_that_a_unit_reads_is_renewed() {
    let cluster = Cluster::new();
    let (certificate, key) = cluster.issue("exporter", "/CN=exporter", "extendedKeyUsage=clientAuth\n");
    let unit = "[Service]\nExecStart=/usr/bin/exporter --cert /etc/kubernetes/pki/exporter.crt \\\n  --key /etc/kubernetes/pki/exporter.key --ca /etc/kubernetes/pki/ca.crt\n";
    let cluster = cluster
        .with("/etc/kubernetes/pki/exporter.crt", certificate)
        .with("/etc/kubernetes/pki/exporter.key", key)
        .with("/etc/systemd/system/exporter.service", unit);
    let package = cluster.package(&[]);
    let new = package.lay("exporter", "2-switch/control-plane/cp1/etc/kubernetes/pki/exporter.crt");
    let ca = package.lay("exporter-ca", "3-drop-old/workers/ca.crt");
    verify(&["-purpose", "sslclient", "-CAfile", &ca.display().to_string(), &new.display().to_string()]);
    assert!(package.read("2-switch/control-plane/cp1/etc/kubernetes/pki/exporter.key").is_some());
    for phase in 1..=3 {
        assert!(package.restarts(phase).contains(&"exporter.service"), "phase {phase}: it reads ca.crt");
    }
}

/// A holder of the old CA's key can connect to etcd, regardless of this rotation.
#[test]
fn etcd_that_trusts_a_copy_of_the_cluster_ca_has_to_be_acknowledged() {
    let cluster = Cluster::new();
    let ca = cluster.read("/etc/kubernetes/pki/ca.crt");
    let text = String::from_utf8(cluster.read("/etc/kubernetes/pki/etcd/ca.crt")).expect("it is PEM");
    let cluster = cluster.edit("/etc/kubernetes/pki/etcd/ca.crt", &text, std::str::from_utf8(&ca).expect("it is PEM"));
    let errors = cluster.refused(&RotationRequest::default());
    let etcd = errors.iter().find(|error| error.code == "etcd-trusts-old-ca").unwrap_or_else(|| panic!("{errors:#?}"));
    assert!(etcd.message.contains("phase 3"), "{etcd}");
    assert_eq!(etcd.acknowledge, "cluster/etcd-trusts-old-ca/etcd");
}

/// Copies that administrators and kubeadm leave on the node: no process reads them.
#[test]
fn backups_do_not_have_to_be_acknowledged() {
    let cluster = Cluster::new();
    let admin = cluster.read("/etc/kubernetes/admin.conf");
    let ca = cluster.read("/etc/kubernetes/pki/ca.crt");
    let package = cluster
        .with("/etc/kubernetes/admin.conf.bak", admin.clone())
        .with("/etc/kubernetes/backup-2025/admin.conf", admin.clone())
        .with("/etc/kubernetes/tmp/kubeadm-backup-manifests/admin.conf", admin)
        .with("/etc/kubernetes/pki.old/ca.crt", ca)
        .package(&[]);
    assert_eq!(package.plan.acknowledged, []);
}
