//! Rotations that an administrator began manually as the Kubernetes documentation notes: kube-controller-manager signs
//! with a copy of the new CA while `ca.crt` is a bundle.

use std::{fs, process::Command};

use airlock_tests::{rotation::scratch, tools::succeed};

use super::cluster::{Cluster, NODE, openssl, sign_by};

const MANAGER: &str = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
const CA: &str = "/etc/kubernetes/pki/ca.crt";

/// The node after step 2 of that page: `ca.crt` contains both CAs, `ca-new.crt` and `ca-new.key` the new one, and the
/// flags name these.
fn begun(label: &str, subject: &str, clients: bool) -> (Cluster, Vec<u8>) {
    let folder = scratch(&format!("by-hand-{label}"));
    let openssl = |arguments: &[&str]| succeed(Command::new("openssl").args(arguments).current_dir(&folder));
    openssl(&[
        "req", "-new", "-nodes", "-newkey", "rsa:2048", "-subj", subject, "-keyout", "leaf.key", "-out", "leaf.csr",
    ]);
    let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n";
    fs::write(folder.join("extensions"), extensions).expect("a file can be written");
    sign_by(&folder, &["-selfsign", "-keyfile", "leaf.key"], 0);
    let read = |name: &str| fs::read(folder.join(name)).expect("openssl wrote it");
    let cluster = Cluster::new();
    let (old, new) = (cluster.read(CA), read("leaf.crt"));
    let mut cluster = cluster
        .set(NODE, CA, [old, new.clone()].concat())
        .with("/etc/kubernetes/pki/ca-new.crt", new.clone())
        .with("/etc/kubernetes/pki/ca-new.key", read("leaf.key"))
        .edit(
            MANAGER,
            "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
            "--cluster-signing-cert-file=/etc/kubernetes/pki/ca-new.crt",
        )
        .edit(
            MANAGER,
            "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
            "--cluster-signing-key-file=/etc/kubernetes/pki/ca-new.key",
        );
    if clients {
        cluster = cluster.edit(
            MANAGER,
            "--client-ca-file=/etc/kubernetes/pki/ca.crt",
            "--client-ca-file=/etc/kubernetes/pki/ca-new.crt",
        );
    }
    (cluster, new)
}

/// With the copy in both flags, in the signing flags alone, and with the old CA's name.
#[test]
fn the_rotation_goes_on_with_the_same_new_ca() {
    for (label, subject, clients) in [
        ("both", "/CN=kubernetes-2030", true),
        ("signing", "/CN=kubernetes-2030", false),
        ("same-name", "/CN=kubernetes", true),
    ] {
        let (cluster, new) = begun(label, subject, clients);
        let package = cluster.package(&[]);
        let fingerprint = |path: &str| openssl(&["x509", "-noout", "-fingerprint", "-sha256", "-in", path]);
        let laid = package.lay(&format!("by-hand-{label}"), "3-drop-old/workers/ca.crt").display().to_string();
        let given = scratch(&format!("by-hand-given-{label}")).join("ca.crt");
        fs::write(&given, new).expect("a file can be written");
        assert_eq!(fingerprint(&laid), fingerprint(&given.display().to_string()), "{label}");

        // The signing flags stay on the copy until ca.crt is one certificate again; then they are as kubeadm has them.
        for folder in ["1-trust-both", "2-switch"] {
            assert!(package.read(&format!("{folder}/control-plane/{NODE}{MANAGER}")).is_none(), "{label}: {folder}");
        }
        let manifest = package.text(&format!("3-drop-old/control-plane/{NODE}{MANAGER}"));
        for flag in ["cluster-signing-cert-file", "client-ca-file", "root-ca-file"] {
            assert!(manifest.contains(&format!("--{flag}={CA}\n")), "{label}: {flag}: {manifest}");
        }
        assert!(manifest.contains("--cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n"), "{label}");
        let script = package.text(&format!("3-drop-old/control-plane/{NODE}/apply.sh"));
        let restored = script.find("put /etc/kubernetes/manifests/kube-controller-manager.yaml").expect("the manifest");
        for copy in ["/etc/kubernetes/pki/ca-new.crt", "/etc/kubernetes/pki/ca-new.key"] {
            let removed = script.find(&format!("take_away {copy}\n"));
            assert!(removed.is_some_and(|removed| removed > restored), "{label}: {copy}: {script}");
        }
    }
}

/// A file of another CA is not the copy that the documentation describes: its flag is refused.
#[test]
fn a_signing_file_of_another_ca_is_refused() {
    let (cluster, _) = begun("stranger", "/CN=kubernetes-2030", false);
    let (_, stranger) = begun("stranger-2", "/CN=somebody", false);
    let cluster = cluster.set(NODE, "/etc/kubernetes/pki/ca-new.crt", stranger);
    let errors = cluster.refused(&airlock_core::RotationRequest::default());
    assert!(errors.iter().any(|error| error.code == "other-layout"), "{errors:#?}");
}
