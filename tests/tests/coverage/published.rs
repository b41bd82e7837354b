//! Foreign CAs in the file of `--root-ca-file`, which kube-controller-manager publishes to Pods. OpenSSL generates the CAs and
//! reads the bundles.

use std::fs;

use airlock_core::{Finding, RotationRequest, Severity};
use airlock_tests::{foreign::root, rotation::scratch};
use openssl::{nid::Nid, x509::X509};

use super::cluster::{Cluster, NODE, Package, openssl};

const MANAGER: &str = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
const CA: &str = "/etc/kubernetes/pki/ca.crt";
const PUBLISHED: &str = "/etc/kubernetes/pki/published.crt";
const NAME: &str = "Example Root CA";
const PHASES: [&str; 3] = ["1-trust-both", "2-switch", "3-drop-old"];

/// The node with a file of its own in `--root-ca-file`.
fn publishing(bundle: Vec<u8>) -> Cluster {
    let (from, to) = (format!("--root-ca-file={CA}\n"), format!("--root-ca-file={PUBLISHED}\n"));
    Cluster::new().with(PUBLISHED, bundle).edit(MANAGER, &from, &to)
}

/// The common names of the certificates in a PEM, in order.
fn names(pem: &[u8]) -> Vec<String> {
    let read = X509::stack_from_pem(pem).expect("PEM");
    let names = read.iter().map(|one| {
        let name = one.subject_name().entries_by_nid(Nid::COMMONNAME).last().expect("a name");
        name.data().to_string().expect("text")
    });
    names.collect()
}

fn with_code<'a>(findings: &'a [Finding], code: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.code == code).collect()
}

/// What the bundle contains at the end of each phase, where `foreign` is at its start or its end.
fn expected(package: &Package, first: bool) -> Vec<Vec<String>> {
    let new = names(package.read("3-drop-old/workers/ca.crt").expect("the new CA"));
    let [new] = new.as_slice() else { panic!("{new:?}") };
    let own: [&[&str]; 3] = [&["kubernetes", new], &[new, "kubernetes"], &[new]];
    let bundles = own.map(|own| if first { [&[NAME], own].concat() } else { [own, &[NAME]].concat() });
    bundles.map(|names| names.into_iter().map(str::to_owned).collect()).into()
}

/// No leaf, no CA file, no package and no name in the input belongs to it: it is foreign, older or younger than the cluster CA.
#[test]
fn a_foreign_ca_is_published_in_every_phase() {
    for (year, first) in [(2020, false), (2020, true), (2027, false)] {
        let (own, foreign) = (Cluster::new().read(CA), root(NAME, year));
        let cluster = publishing(if first { [foreign, own].concat() } else { [own, foreign].concat() });
        let findings = cluster.outcome(&RotationRequest::default());
        let found = with_code(&findings, "foreign-ca");
        let [only] = found.as_slice() else { panic!("{year}: {findings:#?}") };
        assert_eq!(only.severity, Severity::Warning);
        assert!(only.file.ends_with(PUBLISHED) && only.message.contains(NAME), "{only}");
        assert!(only.message.contains(&format!("kube-controller-manager on {NODE} publishes it")), "{only}");
        for code in ["rotation-own-files", "rotation-under-way", "other-layout"] {
            assert!(with_code(&findings, code).is_empty(), "{year}: {findings:#?}");
        }

        let package = cluster.package(&[]);
        for (phase, expected) in PHASES.into_iter().zip(expected(&package, first)) {
            let file = format!("{phase}/control-plane/{NODE}{PUBLISHED}");
            assert_eq!(names(package.read(&file).expect("the bundle")), expected, "{year}, {phase}");
            let own: Vec<String> = expected.into_iter().filter(|name| name != NAME).collect();
            for other in [format!("{phase}/control-plane/{NODE}{CA}"), format!("{phase}/workers/ca.crt")] {
                assert_eq!(names(package.read(&other).expect("a bundle")), own, "{year}: {other}");
            }
            if let Some(manifest) = package.read(&format!("{phase}/control-plane/{NODE}{MANAGER}")) {
                let manifest = std::str::from_utf8(manifest).expect("it is UTF-8");
                assert!(manifest.contains(&format!("--root-ca-file={PUBLISHED}\n")), "{year}, {phase}: {manifest}");
            }
        }
        // The process that publishes is no client of the API server by this file.
        assert_eq!(package.connections(&format!("consumer-apiserver/kube-controller-manager{PUBLISHED}")), [""; 0]);
    }
}

/// The steps wait until the ConfigMap contains the bundle of the phase: SHA-256 of its PEM without white space.
#[test]
fn the_check_waits_for_the_published_bundle() {
    let package = publishing([Cluster::new().read(CA), root(NAME, 2020)].concat()).package(&[]);
    for phase in PHASES {
        let file = package.text(&format!("{phase}/control-plane/{NODE}{PUBLISHED}"));
        let text: String = file.split_whitespace().collect();
        let given = scratch(&format!("published-sum-{phase}")).join("text");
        fs::write(&given, text).expect("a file can be written");
        let sum = openssl(&["dgst", "-sha256", "-r", given.to_str().expect("a path")]);
        let sum = sum.split_whitespace().next().expect("a sum");
        let script = package.text(&format!("{phase}/cluster/apply.sh"));
        let waits = script.lines().filter(|line| line.contains("kube-root-ca.crt in every namespace"));
        let waits: Vec<_> = waits.collect();
        assert!(!waits.is_empty() && waits.iter().all(|line| line.contains(sum)), "{phase}: {sum}: {waits:#?}");
    }
}

/// The files of the node after a phase, without the package: the rotation continues, and ends with the same bundle.
#[test]
fn a_rotation_continues_with_the_published_bundle() {
    let cluster = publishing([Cluster::new().read(CA), root(NAME, 2020)].concat());
    let package = cluster.clone().package(&[]);
    let mut cluster = cluster;
    for phase in &PHASES[..2] {
        for (path, bytes) in package.node_files(phase) {
            cluster = cluster.set(NODE, &path, bytes);
        }
        let findings = cluster.outcome(&RotationRequest::default());
        assert_eq!(with_code(&findings, "rotation-under-way").len(), 2, "{phase}: {findings:#?}");
        assert_eq!(with_code(&findings, "foreign-ca").len(), 1, "{phase}: {findings:#?}");
        for code in ["rotation-own-files", "other-layout"] {
            assert!(with_code(&findings, code).is_empty(), "{phase}: {findings:#?}");
        }
    }
    // The private key of the new CA is on the node after phase 2.
    let end = format!("3-drop-old/control-plane/{NODE}{PUBLISHED}");
    assert_eq!(cluster.package(&[]).text(&end), package.text(&end));
}

/// With evidence that the other CA is of this cluster, the bundle is a rotation that was begun manually.
#[test]
fn a_ca_with_evidence_is_no_foreign_ca() {
    let own = Cluster::new().read(CA);
    let signing = "/etc/kubernetes/pki/ca-new.crt";
    let named = |pem: &[u8]| publishing([own.clone(), pem.to_vec()].concat());
    let other = root(NAME, 2027);
    let cases = [
        ("shared name", named(&root("kubernetes", 2027))),
        (
            "CA file",
            named(&other).with(signing, other.clone()).edit(
                MANAGER,
                &format!("--cluster-signing-cert-file={CA}"),
                &format!("--cluster-signing-cert-file={signing}"),
            ),
        ),
    ];
    for (label, cluster) in cases {
        let findings = cluster.outcome(&RotationRequest::default());
        assert_eq!(with_code(&findings, "rotation-own-files").len(), 1, "{label}: {findings:#?}");
        assert!(with_code(&findings, "foreign-ca").is_empty(), "{label}: {findings:#?}");
    }
}

/// The front-proxy CA is rotated too: a file that keeps it would contain the old one after phase 3.
#[test]
fn the_front_proxy_ca_in_the_published_bundle_is_refused() {
    let front_proxy = Cluster::new().read("/etc/kubernetes/pki/front-proxy-ca.crt");
    let error = publishing([Cluster::new().read(CA), front_proxy].concat()).refused_once("bundle");
    assert!(error.file.ends_with(PUBLISHED), "{error}");
    for part in ["Front-proxy CA", "publishes both in kube-root-ca.crt", "restart kube-controller-manager"] {
        assert!(error.to_string().contains(part) || error.remedy.contains(part), "{part}: {error}");
    }
    assert!(!error.message.contains("accepted as users"), "{error}");
}

/// A file without the cluster CA would publish a CA that issued no API server's certificate.
#[test]
fn a_published_bundle_without_the_cluster_ca_is_refused() {
    publishing(root(NAME, 2020)).refused_once("other-layout");
}
