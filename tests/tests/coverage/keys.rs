//! Private keys that are also used for another purpose than their certificate.

use std::fs;

use airlock_tests::rotation::scratch;

use super::cluster::{Cluster, openssl, sign};

const APISERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
const MANAGER: &str = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
const NEW_LEAF: &str = "2-switch/control-plane/cp1/etc/kubernetes/pki/apiserver.crt";
const NEW_KEY: &str = "2-switch/control-plane/cp1/etc/kubernetes/pki/apiserver.key";

/// As `f-sa-apiserverkey`: `--service-account-key-file` may name a private key or a certificate as well as a public key
/// (kubernetes/client-go: util/keyutil, `PublicKeysFromFile`).
fn signs_tokens_with(key: &str, verifies_with: &str) -> Cluster {
    Cluster::new()
        .edit(
            APISERVER,
            "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
            &format!("--service-account-key-file={verifies_with}"),
        )
        .edit(
            APISERVER,
            "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
            &format!("--service-account-signing-key-file={key}"),
        )
        .edit(
            MANAGER,
            "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
            &format!("--service-account-private-key-file={key}"),
        )
}

/// The public key of a certificate, as openssl prints it.
fn public_key(label: &str, certificate: &[u8]) -> String {
    let file = scratch(label).join("certificate.pem");
    fs::write(&file, certificate).expect("a file can be written");
    openssl(&["x509", "-in", &file.display().to_string(), "-noout", "-pubkey"])
}

#[test]
fn a_key_that_signs_service_account_tokens_is_kept() {
    for (label, verifies_with) in
        [("by-key", "/etc/kubernetes/pki/apiserver.key"), ("by-certificate", "/etc/kubernetes/pki/apiserver.crt")]
    {
        let cluster = signs_tokens_with("/etc/kubernetes/pki/apiserver.key", verifies_with);
        let old = cluster.read("/etc/kubernetes/pki/apiserver.crt");
        let package = cluster.package(&[]);
        let new = package.read(NEW_LEAF).expect("the certificate is renewed");
        assert_eq!(public_key(&format!("{label}-old"), &old), public_key(&format!("{label}-new"), new));
        assert!(package.read(NEW_KEY).is_none(), "the key must stay");
        let said = package.plan.findings.iter().any(|finding| finding.code == "key-kept");
        assert!(said, "{:#?}", package.plan.findings);
    }
}

#[test]
fn a_key_without_another_use_is_replaced() {
    let cluster = Cluster::new();
    let old = cluster.read("/etc/kubernetes/pki/apiserver.crt");
    let package = cluster.package(&[]);
    let new = package.read(NEW_LEAF).expect("the certificate is renewed");
    assert_ne!(public_key("fresh-old", &old), public_key("fresh-new", new));
    assert!(package.read(NEW_KEY).is_some());
}

#[test]
fn the_key_of_the_ca_as_service_account_key_is_refused() {
    for verifies_with in ["/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/ca.crt"] {
        let errors = signs_tokens_with("/etc/kubernetes/pki/ca.key", verifies_with).refused(&<_>::default());
        assert!(!errors.is_empty() && errors.iter().all(|error| error.code == "ca-key-other-use"), "{errors:#?}");
        assert!(errors.iter().any(|error| error.message.contains("--service-account-signing-key-file")), "{errors:#?}");
        assert!(errors.iter().all(|error| error.remedy.contains("sa.key")), "{errors:#?}");
    }
}

/// One key for two certificates: a new key for one of them would no longer match the other.
#[test]
fn a_key_that_two_certificates_share_is_kept() {
    let cluster = Cluster::new();
    let names = "subjectAltName=DNS:api.example.org\nextendedKeyUsage=serverAuth\n";
    let folder = scratch("shared");
    for (name, path) in [("ca.crt", "ca.crt"), ("ca.key", "ca.key"), ("apiserver.key", "apiserver.key")] {
        let bytes = cluster.read(&format!("/etc/kubernetes/pki/{path}"));
        fs::write(folder.join(name), bytes).expect("a file can be written");
    }
    fs::write(folder.join("extensions"), names).expect("a file can be written");
    let at = |name: &str| folder.join(name).display().to_string();
    openssl(&["req", "-new", "-key", &at("apiserver.key"), "-subj", "/CN=api.example.org", "-out", &at("leaf.csr")]);
    sign(&folder);
    let certificate = fs::read(folder.join("leaf.crt")).expect("openssl wrote it");
    let flag = "--tls-sni-cert-key=/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/apiserver.key";
    let cluster = cluster.with("/etc/kubernetes/pki/sni.crt", certificate.clone()).flag("kube-apiserver", flag);
    let package = cluster.package(&[]);
    assert!(package.read(NEW_KEY).is_none(), "the key must stay");
    let new = package.read("2-switch/control-plane/cp1/etc/kubernetes/pki/sni.crt").expect("it is renewed");
    assert_eq!(public_key("shared-new", new), public_key("shared-old", &certificate));
    assert_eq!(
        public_key("shared-leaf", package.read(NEW_LEAF).expect("it is renewed")),
        public_key("shared-new2", new)
    );
}

/// A certificate whose key an environment variable names: OpenSSL verifies whether the pair still matches.
#[test]
fn a_key_that_a_pod_names_by_environment_variable_is_kept() {
    let mount = "    env:\n    - name: REGISTRY_HTTP_TLS_CERTIFICATE\n      value: /etc/registry/registry.crt\n    - name: REGISTRY_HTTP_TLS_KEY\n      value: /etc/kubernetes/pki/apiserver.key\n    volumeMounts:\n    - mountPath: /etc/kubernetes/pki\n      name: pki\n";
    let volume = "  - hostPath:\n      path: /etc/kubernetes/pki\n    name: pki\n";
    let package = Cluster::new().pod("registry", mount, volume).package(&[]);
    let kept = package.plan.findings.iter().find(|finding| finding.code == "key-kept").expect("it is said");
    assert!(kept.message.contains("REGISTRY_HTTP_TLS_KEY") && kept.message.contains("apiserver.key"), "{kept}");
    let old = Cluster::new().read("/etc/kubernetes/pki/apiserver.crt");
    let new = package.read(NEW_LEAF).expect("the certificate is renewed");
    assert_eq!(public_key("environment-old", &old), public_key("environment-new", new));
}
