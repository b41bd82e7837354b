//! Files of two clusters cause one error that lists the files of each CA. OpenSSL computes the expected fingerprints.

use std::collections::BTreeSet;

use airlock_core::{Finding, InputFile, Severity, finding::FindingPlace, inspect, report::InventoryReport};
use airlock_tests::{fixtures, loaded::Loaded};
use openssl::{hash::MessageDigest, x509::X509};

const CA: &str = "cp1/etc/kubernetes/pki/ca.crt";

fn report(loaded: Loaded) -> (InventoryReport, Vec<Finding>) {
    let inventory = inspect(loaded.0, fixtures::now());
    let errors = inventory.findings().iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    (inventory.report(fixtures::now()), errors)
}

fn fingerprint(pem: &[u8]) -> String {
    let digest = X509::from_pem(pem).and_then(|one| one.digest(MessageDigest::sha256())).expect("a certificate");
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn paths(files: &[InputFile]) -> BTreeSet<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

/// Both have a node named cp1, a cluster-info and a kubeadm-config.
#[test]
fn two_clusters_are_one_error_that_parts_the_files() {
    let (one, other) = (Loaded::of("kubeadm/rsa-3"), Loaded::of("kubeadm/other-1"));
    let (report, errors) = report(one.clone().and(other.clone()));
    let [error] = errors.as_slice() else { panic!("{errors:#?}") };
    assert_eq!(error.code, "two-clusters");
    assert_eq!(report.clusters.len(), 2);
    for (loaded, folder) in [(&one, "rsa-3"), (&other, "other-1")] {
        let sum = fingerprint(&loaded.get(CA));
        assert!(error.message.contains(&sum) && error.remedy.contains(&format!("remove {folder}")), "{error}");
        let found = report.clusters.iter().find(|cluster| cluster.authority.fingerprint == sum).expect("each is there");
        assert_eq!(found.loaded_from, [folder]);
        let files = paths(&loaded.0);
        assert!(found.files.len() > 25 && found.files.iter().all(|file| files.contains(file.as_str())), "{found:?}");
    }
    let nodes: Vec<_> = report.clusters.iter().map(|cluster| cluster.nodes.join(" ")).collect();
    assert!(nodes.contains(&"cp1 cp2 cp3 worker1".to_owned()) && nodes.contains(&"cp1".to_owned()), "{nodes:?}");
    // What the other cluster's files would be blamed for is not said.
    let blamed = ["out-of-step", "wrong-issuer", "two-objects", "two-trees", "other-cluster", "missing-file"];
    assert!(report.findings.iter().all(|finding| !blamed.contains(&finding.code.as_str())), "{:#?}", report.findings);
}

#[test]
fn either_cluster_alone_has_no_error() {
    for fixture in ["kubeadm/rsa-3", "kubeadm/ecdsa-3", "kubeadm/other-1", "cluster-api/one", "cluster-api/rsa-3"] {
        let (report, errors) = report(Loaded::of(fixture));
        assert!(errors.is_empty() && report.clusters.is_empty(), "{fixture}: {errors:#?}");
    }
    let (report, errors) = report(Loaded::of("kubeadm/rsa-3").and(Loaded::of("cluster-api/rsa-3")));
    assert!(errors.is_empty() && report.clusters.is_empty(), "a cluster and its own Secrets: {errors:#?}");
}

#[test]
fn secrets_of_two_clusters_are_one_error() {
    let (report, errors) = report(Loaded::of("cluster-api/one").and(Loaded::of("cluster-api/two")));
    assert_eq!(errors.iter().map(|error| error.code.as_str()).collect::<Vec<_>>(), ["two-clusters"]);
    let names: Vec<_> = report.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(report.clusters[1].files.len(), 5, "{:?}", report.clusters);
}

/// A single file of another cluster in a node's tree is not a second cluster, and is reported with its path.
#[test]
fn a_single_file_is_no_second_cluster() {
    let other = Loaded::of("kubeadm/other-1");
    for file in ["cp2/etc/kubernetes/pki/ca.crt", "cp2/etc/kubernetes/scheduler.conf"] {
        let bytes = other.get(&file.replace("cp2", "cp1"));
        let (report, errors) = report(Loaded::of("kubeadm/rsa-3").set(file, bytes));
        assert!(report.clusters.is_empty(), "{file}");
        assert!(errors.iter().any(|error| error.code == "out-of-step" && error.file.ends_with(file)), "{errors:#?}");
    }
}

/// Two clusters that were created with one CA: kubeadm uses the pair that it finds.
#[test]
fn two_clusters_that_share_their_ca_are_told_apart() {
    let other = Loaded::of("kubeadm/other-1");
    let taken = |loaded: Loaded, names: &[&str]| {
        names.iter().fold(loaded, |loaded, name| {
            let bytes = other.get(&format!("cp1/etc/kubernetes/pki/{name}"));
            loaded.set(&format!("cp2/etc/kubernetes/pki/{name}"), bytes)
        })
    };
    let keys = ["sa.key", "sa.pub"];
    let etcd = [
        "etcd/ca.crt",
        "etcd/ca.key",
        "etcd/server.crt",
        "etcd/server.key",
        "etcd/peer.crt",
        "etcd/peer.key",
        "etcd/healthcheck-client.crt",
        "etcd/healthcheck-client.key",
        "apiserver-etcd-client.crt",
        "apiserver-etcd-client.key",
    ];
    let loaded = taken(taken(Loaded::of("kubeadm/rsa-3"), &keys), &etcd);
    let (report, errors) = report(loaded);
    let [error] = errors.as_slice() else { panic!("{errors:#?}") };
    assert_eq!(error.code, "two-clusters");
    let words = "share the cluster CA";
    assert!(
        error.message.contains(words) && error.message.contains("service account keys and etcd CAs differ"),
        "{error}"
    );
    assert!(error.message.contains(&fingerprint(&Loaded::of("kubeadm/rsa-3").get(CA))), "{error}");
    assert_eq!(
        report.clusters.iter().map(|one| one.nodes.contains(&"cp2".to_owned())).collect::<Vec<_>>(),
        [false, true]
    );
    // One of them may be rotated at the moment.
    for names in [&keys[..], &etcd[..]] {
        let (report, errors) = self::report(taken(Loaded::of("kubeadm/rsa-3"), names));
        assert!(report.clusters.is_empty() && errors.iter().all(|error| error.code != "two-clusters"), "{errors:#?}");
    }
}

/// The same statement about several files is one group; each finding is in one group.
#[test]
fn findings_that_repeat_are_one_group() {
    let later = fixtures::now().plus_days(360);
    let inventory = inspect(Loaded::of("kubeadm/rsa-1").0, later);
    let report = inventory.report(later);
    // Certificates of the rotated CAs, and etcd's, which have another way out.
    let soon: Vec<_> = report.groups.iter().filter(|group| group.code == "expires-soon").collect();
    let [rotated, of_etcd] = soon.as_slice() else { panic!("{soon:#?}") };
    assert!(of_etcd.remedy.contains("etcd CA") && !rotated.remedy.contains("etcd"), "{soon:#?}");
    for group in &soon {
        let single: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.code == "expires-soon" && finding.remedy == group.remedy)
            .collect();
        assert!(group.count >= 4 && group.count == single.len() && group.places.len() == group.count);
        assert_eq!(group.message, format!("{} certificates expire soon", group.count));
        let same = |(place, one): (&FindingPlace, &Finding)| place.file == one.file && place.detail == one.message;
        assert!(group.places.iter().zip(single).all(same));
    }
    assert!(rotated.count + of_etcd.count > 8);
    assert_eq!(report.groups.iter().map(|group| group.count).sum::<usize>(), report.findings.len());
}
