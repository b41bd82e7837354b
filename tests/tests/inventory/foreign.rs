//! A CA in a trust bundle that is not known to belong to the cluster is kept. OpenSSL generates the CAs and reads the
//! bundles.

use std::{collections::BTreeSet, fs};

use airlock_core::{Finding, RotationRequest, Severity, inspect};
use airlock_tests::{
    fixtures,
    foreign::{CA_DATA_PREFIX, replace_trusted_cas, root},
    loaded::Loaded,
    rotation::{PHASES, Rotation},
};
use openssl::{nid::Nid, x509::X509};

const CLUSTER: &str = "kubeadm/ecdsa-3";
const ADMIN: &str = "cp1/etc/kubernetes/admin.conf";
const KUBECONFIGS: [&str; 4] = [
    ADMIN,
    "cp1/etc/kubernetes/scheduler.conf",
    "cp2/etc/kubernetes/admin.conf",
    "worker1/etc/kubernetes/kubelet.conf",
];

/// The common names of the CAs that a kubeconfig of a package trusts, in order.
fn trusted(rotation: &Rotation, phase: usize, path: &str) -> Vec<String> {
    let text = fs::read(rotation.root().join(PHASES[phase]).join(path)).expect("the package has the file");
    let names = std::cell::RefCell::new(Vec::new());
    let unchanged = replace_trusted_cas(&text, |pem| {
        for one in X509::stack_from_pem(&pem).expect("PEM") {
            let name = one.subject_name().entries_by_nid(Nid::COMMONNAME).last().expect("a name");
            names.borrow_mut().push(name.data().to_string().expect("text"));
        }
        pem
    });
    assert_eq!(unchanged.len(), text.len(), "it is only read");
    names.into_inner()
}

fn cluster() -> Loaded {
    Loaded::of(CLUSTER)
}

/// The findings about foreign CAs. Asserts that they are not interpreted as a rotation in progress.
#[track_caller]
fn asked(loaded: &Loaded) -> Vec<Finding> {
    let inventory = inspect(loaded.0.clone(), fixtures::now());
    assert!(inventory.report(fixtures::now()).rotation.authorities.is_empty(), "{:?}", inventory.findings());
    let found = inventory.findings().iter().filter(|finding| finding.code == "foreign-ca");
    let found: Vec<_> = found.cloned().collect();
    assert!(found.iter().all(|finding| finding.severity == Severity::Warning && !finding.remedy.is_empty()));
    found
}

fn add(loaded: Loaded, files: &[&str], pem: &[u8], first: bool) -> Loaded {
    files.iter().fold(loaded, |loaded, file| {
        let text = replace_trusted_cas(&loaded.get(file), |own| {
            if first { [pem, &own].concat() } else { [own.as_slice(), pem].concat() }
        });
        loaded.set(file, text)
    })
}

/// Airlock asks the user about each file, and about each CA.
#[test]
fn a_root_in_kubeconfigs_alone_begins_no_rotation() {
    for year in [2020, 2026, 2027] {
        // A fixture's CA is of 2026: these are older, of the same year, and younger.
        let pem = root("Example Root CA", year);
        for files in [&KUBECONFIGS[..1], &KUBECONFIGS[..], &["cluster/cluster-info.yaml"]] {
            for first in [true, false] {
                let found = asked(&add(cluster(), files, &pem, first));
                assert_eq!(found.len(), files.len(), "{year} {files:?} {first}");
                assert!(found.iter().all(|one| one.message.contains("CN=Example Root CA")), "{found:?}");
                assert!(files.iter().all(|file| found.iter().any(|one| one.file.ends_with(file))), "{found:?}");
            }
        }
    }
    assert!(asked(&cluster()).is_empty(), "a cluster without a foreign CA");
    let two = add(
        add(cluster(), &[ADMIN], &root("Example Root CA", 2020), false),
        &[ADMIN],
        &root("Example Root CA-2", 2025),
        true,
    );
    assert_eq!(asked(&two).len(), 2, "two foreign CAs of one family");
}

/// Behind a TLS-terminating proxy, every kubeconfig also trusts the proxy's CA.
#[test]
fn the_ca_of_a_proxy_in_every_kubeconfig_stays() {
    let every: Vec<String> =
        cluster().0.iter().map(|file| file.path.clone()).filter(|path| path.ends_with(".conf")).collect();
    let texts = |path: &&String| String::from_utf8_lossy(&cluster().get(path)).contains(CA_DATA_PREFIX);
    let every: Vec<&str> = every.iter().filter(texts).map(String::as_str).collect();
    assert!(every.len() > 12, "{every:?}");
    let found = asked(&add(cluster(), &every, &root("Corporate Proxy CA", 2024), false));
    assert_eq!(found.len(), every.len());
}

#[test]
fn a_foreign_ca_keeps_its_place_in_every_phase() {
    let loaded = add(cluster(), &[ADMIN], &root("Example Root CA", 2020), false);
    let loaded = add(loaded, &["cp2/etc/kubernetes/admin.conf"], &root("Other Root CA", 2030), true);
    let rotation = Rotation::of(loaded.0, &RotationRequest::default(), "foreign");
    let new = trusted(&rotation, 3, "control-plane/cp3/etc/kubernetes/admin.conf").remove(0);
    let (old, new) = ("kubernetes", new.as_str());
    assert_ne!(old, new);
    let (example, other) = ("Example Root CA", "Other Root CA");
    let own: [&[&str]; 3] = [&[old, new], &[new, old], &[new]];
    for (phase, own) in own.into_iter().enumerate() {
        let behind = [own, &[example]].concat();
        let before = [&[other], own].concat();
        assert_eq!(trusted(&rotation, phase + 1, "control-plane/cp1/etc/kubernetes/admin.conf"), behind);
        assert_eq!(trusted(&rotation, phase + 1, "control-plane/cp2/etc/kubernetes/admin.conf"), before);
    }
}

/// The fixture rebuilt from a report: `cluster-info` with one foreign root.
#[test]
fn a_root_in_cluster_info_is_no_rotation() {
    let found = asked(&Loaded::of("field/m-cinfo"));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].file.ends_with("cluster-info.yaml") && found[0].message.contains("O=Example AG, CN=Example Root CA")
    );
}

/// A bundle of public CAs instead of the cluster's: Airlock does not compare all pairs.
#[test]
fn thousands_of_cas_in_a_bundle_are_no_rotation() {
    let ca = "cp1/etc/kubernetes/pki/ca.crt";
    let many: Vec<u8> = (0..2000).flat_map(|index| root(&format!("Public CA {index}"), 2020)).collect();
    let own = cluster().get(ca);
    let loaded = cluster().set(ca, [own, many].concat());
    let inventory = inspect(loaded.0, fixtures::now());
    assert!(inventory.report(fixtures::now()).rotation.authorities.is_empty());
    assert!(inventory.findings().iter().any(|finding| finding.code == "bundle" && finding.file.ends_with(ca)));
}

const CA: &str = "pki/ca.crt";

/// In a node's file, behind what it holds.
fn behind(loaded: Loaded, file: &str, pem: &[u8]) -> Loaded {
    let own = loaded.get(file);
    loaded.set(file, [own.as_slice(), pem].concat())
}

/// kube-controller-manager stops with two certificates in its signing file (kubernetes/kubernetes:
/// pkg/controller/certificates/signer/ca_provider.go), so no running cluster is like this.
#[test]
fn a_foreign_ca_in_a_signing_file_is_refused() {
    let pem = root("Example Client CA", 2020);
    for node in ["cp1", "cp3"] {
        let file = format!("{node}/etc/kubernetes/{CA}");
        behind(cluster(), &file, &pem).expect("bundle", Severity::Error, &file);
        let front_proxy = format!("{node}/etc/kubernetes/pki/front-proxy-ca.crt");
        behind(cluster(), &front_proxy, &pem).expect("bundle", Severity::Error, &front_proxy);
        // The flag names a file that was not provided.
        let manifest = format!("{node}/etc/kubernetes/manifests/kube-controller-manager.yaml");
        let flag = "--cluster-signing-cert-file=/etc/kubernetes/pki/";
        let loaded =
            behind(cluster(), &file, &pem).swap_text(&manifest, &format!("{flag}ca.crt"), &format!("{flag}own.crt"));
        loaded.expect("bundle", Severity::Error, &file);
    }
}

/// The flags with a path to `file` in the manifests that kubeadm wrote.
fn flags_naming(file: &str) -> BTreeSet<String> {
    let manifests = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    let lines = manifests.map(|name| {
        let text = cluster().get(&format!("cp1/etc/kubernetes/manifests/{name}.yaml"));
        String::from_utf8(text).expect("a manifest is text")
    });
    let flags = lines.iter().flat_map(|text| text.lines()).filter_map(|line| line.trim().strip_prefix("- --"));
    let flags = flags.filter_map(|flag| flag.split_once('='));
    flags.filter(|(_, value)| *value == file).map(|(name, _)| name.to_owned()).collect()
}

/// A finding about two CAs in a file names only flags that name this file, and only what reads it.
#[test]
fn a_remedy_names_the_flags_of_its_file() {
    let pem = root("Example Client CA", 2020);
    for (path, flag) in [
        ("pki/ca.crt", Some("cluster-signing-cert-file")),
        ("pki/front-proxy-ca.crt", Some("requestheader-client-ca-file")),
        ("pki/etcd/ca.crt", None),
    ] {
        let file = format!("cp1/etc/kubernetes/{path}");
        let inventory = inspect(behind(cluster(), &file, &pem).0, fixtures::now());
        let found = inventory.findings().iter().find(|one| one.code == "bundle" && one.file.ends_with(&file));
        let found = found.unwrap_or_else(|| panic!("{path}: {:#?}", inventory.findings()));
        let words = found.remedy.split(|c: char| c.is_whitespace() || "(),.:".contains(c));
        let named: BTreeSet<String> = words.filter_map(|word| word.strip_prefix("--")).map(str::to_owned).collect();
        assert_eq!(named, flag.map(str::to_owned).into_iter().collect(), "{path}: {found}");
        assert!(named.is_subset(&flags_naming(&format!("/etc/kubernetes/{path}"))), "{path}: {found}");
        let signs = found.remedy.contains("kube-controller-manager signs with it");
        assert_eq!(signs, path == "pki/ca.crt", "{path}: {found}");
    }
}

/// No API server of a running cluster verifies clients with a file that lacks the cluster CA.
#[test]
fn a_client_ca_file_without_the_cluster_ca_is_refused() {
    let manifest = "cp2/etc/kubernetes/manifests/kube-apiserver.yaml";
    let (from, to) =
        ("--client-ca-file=/etc/kubernetes/pki/ca.crt", "--client-ca-file=/etc/kubernetes/pki/client-ca.crt");
    let named = cluster().swap_text(manifest, from, to);
    let path = "ecdsa-3/cp2/etc/kubernetes/pki/client-ca.crt";
    let pem = root("Example Client CA", 2020);
    named.clone().expect("other-layout", Severity::Error, manifest);
    named.clone().with(path, pem.clone()).expect("other-layout", Severity::Error, manifest);
    let own = cluster().get("cp2/etc/kubernetes/pki/ca.crt");
    named.with(path, [own, pem].concat()).expect("foreign-ca", Severity::Warning, path);
}

/// The old CA of a rotation has issued something, or has the same name as the new one.
#[test]
fn an_older_ca_in_every_file_is_foreign_without_evidence() {
    let pem = root("Example Client CA", 2020);
    let worker = "worker1/etc/kubernetes/pki/ca.crt";
    let everywhere = |pem: &[u8]| behind(add(cluster(), &KUBECONFIGS, pem, false), worker, pem);
    let found = asked(&everywhere(&pem));
    assert_eq!(found.len(), KUBECONFIGS.len() + 1, "{found:?}");
    let namesake = Loaded::of("kubeadm/rsa-3").get("cp1/etc/kubernetes/pki/ca.crt");
    let inventory = inspect(everywhere(&namesake).0, fixtures::now());
    assert!(inventory.findings().iter().any(|finding| finding.code == "rotation-under-way"));
    assert!(inventory.findings().iter().all(|finding| finding.code != "foreign-ca"));
}

/// The front-proxy CA in a client CA file is no foreign CA: it is rotated too, and a file that keeps the old one would
/// accept its certificates after phase 3. OpenSSL accepts the old front-proxy client certificate with such a file.
#[test]
fn another_ca_of_the_cluster_among_clients_cas_is_refused() {
    let pki = "cp1/etc/kubernetes/pki";
    let manifest = "cp1/etc/kubernetes/manifests/kube-apiserver.yaml";
    let with = |other: &[u8]| {
        let text = String::from_utf8(cluster().get(manifest)).expect("a manifest is text");
        let flag = "--client-ca-file=/etc/kubernetes/pki/";
        let text = text.replace(&format!("{flag}ca.crt"), &format!("{flag}client-ca.crt"));
        let bundle = [cluster().get(&format!("{pki}/ca.crt")), other.to_vec()].concat();
        cluster().set(manifest, text.into_bytes()).with(&format!("ecdsa-3/{pki}/client-ca.crt"), bundle)
    };
    let said = |loaded: &Loaded| {
        let inventory = inspect(loaded.0.clone(), fixtures::now());
        let found = inventory.findings().iter().filter(|finding| finding.file.ends_with("client-ca.crt"));
        found.map(|finding| (finding.severity, finding.code.clone(), finding.message.clone())).collect::<Vec<_>>()
    };
    let front_proxy = cluster().get(&format!("{pki}/front-proxy-ca.crt"));
    let refused = with(&front_proxy);
    let found = said(&refused);
    let [(Severity::Error, code, message)] = found.as_slice() else { panic!("{found:?}") };
    assert!(code == "bundle" && message.contains("the file would trust the old Front-proxy CA"), "{found:?}");
    let (_, planned) = refused.outcome(&RotationRequest::default(), fixtures::now());
    assert!(!planned);

    let found = said(&with(&root("Example Root CA", 2020)));
    assert!(
        found.iter().any(|(severity, code, _)| *severity == Severity::Warning && code == "foreign-ca"),
        "{found:?}"
    );
    assert!(found.iter().all(|(severity, ..)| *severity != Severity::Error), "{found:?}");
}
