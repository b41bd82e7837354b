//! Rotations that an administrator began manually as the Kubernetes documentation notes: kube-controller-manager signs
//! with a copy of the new CA while `ca.crt` is a bundle.

use std::{fs, process::Command};

use airlock_tests::{rotation::scratch, tools::succeed};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::cluster::{Cluster, NODE, openssl, sign_by, verify};

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

/// The page's step 2 with a bundle of its own, and its step 5: the error names the files, and what it says to do leads to a
/// plan that continues with the same new CA.
#[test]
fn a_bundle_in_a_file_of_its_own_is_named() {
    const BOTH: &str = "/etc/kubernetes/pki/ca-both.crt";
    const SERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
    let old = Cluster::new().read(CA);
    for step in [2, 5] {
        let (continued, new) = begun(&format!("own-{step}"), "/CN=kubernetes", true);
        let both = continued.read(CA);
        let own = |flag: &str| format!("--{flag}={BOTH}");
        let usual = |flag: &str| format!("--{flag}={CA}");
        let mut cluster = continued.set(NODE, CA, old.clone()).with(BOTH, both.clone()).edit(
            MANAGER,
            &usual("root-ca-file"),
            &own("root-ca-file"),
        );
        if step == 5 {
            cluster = cluster.edit(SERVER, &usual("client-ca-file"), &own("client-ca-file"));
        }
        let findings = cluster.outcome(&airlock_core::RotationRequest::default());
        let errors: Vec<_> = findings.iter().filter(|one| one.severity == airlock_core::Severity::Error).collect();
        let [only] = errors.as_slice() else { panic!("step {step}: {errors:#?}") };
        assert_eq!(only.code, "rotation-own-files", "step {step}");
        for part in [BOTH, "ca-new.crt", CA, NODE] {
            assert!(only.message.contains(part), "{part}: {only}");
        }
        let said = |code: &str| findings.iter().any(|finding| finding.code == code);
        assert!(!said("ca-key-on-nodes"), "step {step}: the key of the new CA was provided");

        // As the remedy says.
        for part in [&format!("cp {BOTH} {CA}"), "--root-ca-file", "--client-ca-file", "remove"] {
            assert!(only.remedy.contains(part), "{part}: {only}");
        }
        let mut cluster = cluster.without(&format!("{NODE}{BOTH}")).set(NODE, CA, both).edit(
            MANAGER,
            &own("root-ca-file"),
            &usual("root-ca-file"),
        );
        if step == 5 {
            cluster = cluster.edit(SERVER, &own("client-ca-file"), &usual("client-ca-file"));
        }
        let package = cluster.package(&[]);
        let fingerprint = |path: &str| openssl(&["x509", "-noout", "-fingerprint", "-sha256", "-in", path]);
        let laid = package.lay(&format!("by-hand-own-{step}"), "3-drop-old/workers/ca.crt").display().to_string();
        let given = scratch(&format!("by-hand-own-given-{step}")).join("ca.crt");
        fs::write(&given, new).expect("a file can be written");
        assert_eq!(fingerprint(&laid), fingerprint(&given.display().to_string()), "step {step}");
    }
}

/// A kubeconfig of the node with other values of these keys.
fn with_values(cluster: Cluster, path: &str, values: &[(&str, &[u8])]) -> Cluster {
    let text = String::from_utf8(cluster.read(path)).expect("it is UTF-8");
    let lines = text.lines().map(|line| {
        let value = values.iter().find(|(key, _)| line.trim().starts_with(&format!("{key}: ")));
        match (value, line.split_once(": ")) {
            (Some((_, value)), Some((key, _))) => format!("{key}: {}\n", BASE64_STANDARD.encode(value)),
            _ => format!("{line}\n"),
        }
    });
    let text: String = lines.collect();
    cluster.set(NODE, path, text)
}

/// The value of a kubeconfig's key, decoded where it is PEM.
fn value(text: &str, key: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
    line.unwrap_or_else(|| panic!("no {key}")).to_owned()
}

/// The page up to its step with new credentials in some kubeconfigs: phase 3 verifies that the API server refuses a
/// credential which OpenSSL says that the old CA issued, at the node's own API server. Where none is left, time has to do.
#[test]
fn a_credential_of_the_old_ca_proves_that_it_is_refused() {
    let user = |name: &str| format!("/etc/kubernetes/{name}.conf");
    let all = ["controller-manager", "admin", "super-admin", "scheduler"];
    for (switched, left) in [(&all[..0], Some(0)), (&all[..1], Some(1)), (&all[..3], Some(3)), (&all[..], None)] {
        let (mut cluster, new) = begun(&format!("credential-{}", switched.len()), "/CN=kubernetes", true);
        let old = Cluster::new().read(CA);
        let folder = scratch(&format!("by-hand-issue-{}", switched.len()));
        fs::write(folder.join("ca.crt"), &new).expect("a file can be written");
        fs::write(folder.join("old.crt"), &old).expect("a file can be written");
        fs::write(folder.join("ca.key"), cluster.read("/etc/kubernetes/pki/ca-new.key"))
            .expect("a file can be written");
        fs::write(folder.join("extensions"), "extendedKeyUsage=clientAuth\n").expect("a file can be written");
        let both = cluster.read(CA);
        for name in all {
            let path = user(name);
            cluster = with_values(cluster, &path, &[("certificate-authority-data", &both)]);
            if switched.contains(&name) {
                let run = |arguments: &[&str]| succeed(Command::new("openssl").args(arguments).current_dir(&folder));
                run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key"]);
                run(&["req", "-new", "-key", "leaf.key", "-subj", &format!("/CN=system:{name}"), "-out", "leaf.csr"]);
                sign_by(&folder, &["-cert", "ca.crt", "-keyfile", "ca.key"], 0);
                let read = |name: &str| fs::read(folder.join(name)).expect("openssl wrote it");
                let values =
                    [("client-certificate-data", &read("leaf.crt")[..]), ("client-key-data", &read("leaf.key"))];
                cluster = with_values(cluster, &path, &values);
            }
        }
        let own = value(std::str::from_utf8(&cluster.read(&user("controller-manager"))).expect("UTF-8"), "server");
        let package = cluster.package(&[]);
        let script = package.text(&format!("3-drop-old/control-plane/{NODE}/apply.sh"));
        let gate = script.lines().find(|line| line.trim().starts_with("await_refusal"));
        let Some(left) = left else {
            assert_eq!(gate, None);
            assert!(script.contains("  await_settled /etc/kubernetes/pki/ca.crt\n"), "{script}");
            continue;
        };
        let gate = gate.expect("a credential of the old CA is left");
        let path = gate.split("\"$root\"/").nth(1).and_then(|rest| rest.split(' ').next()).expect("a path");
        assert!(path.ends_with(&user(all[left])), "{gate}");
        let names_server = gate.ends_with(&format!(" --server {own}"));
        assert_eq!(names_server, left > 0, "the others name the control plane's endpoint: {gate}");
        let certificate = BASE64_STANDARD.decode(value(package.text(path), "client-certificate-data")).expect("base64");
        fs::write(folder.join("shown.crt"), certificate).expect("a file can be written");
        let file = |name: &str| folder.join(name).display().to_string();
        verify(&["-x509_strict", "-purpose", "sslclient", "-CAfile", &file("old.crt"), &file("shown.crt")]);
        let trusted = BASE64_STANDARD.decode(value(package.text(path), "certificate-authority-data")).expect("base64");
        let trusted = String::from_utf8(trusted).expect("PEM");
        assert!(trusted.contains(std::str::from_utf8(&new).expect("PEM").trim()), "it verifies the new API server");
    }
}
