//! Cluster API clusters of which Airlock gets only the management cluster's Secrets. The nodes issue their own
//! certificates with their own kubeadm, and Cluster API rolls out machines.

use std::{collections::BTreeMap, fs, path::Path};

use airlock_tests::{
    handshakes,
    lab::{Lab, ids, text, texts},
};
use serde_json::Value;

/// All clients that connect during a run. Users have the management cluster's kubeconfig.
const CLIENTS: [&str; 11] = super::CLIENTS;

/// Two control-plane nodes are rotated in place; during the roll-out a third one joins with `kubeadm join`, with files
/// that Cluster API's functions generate from the Secrets at that time. No client sees an error.
#[test]
fn a_cluster_rotates_from_its_secrets_alone_and_a_control_plane_joins_with_the_new_pair() {
    let lab = Lab::up("lab-test-unseen", &["--control-planes", "2", "--workers", "1", "--roll-out"]);
    let etcd = leaves_of_etcd(&lab);
    lab.package("alone.zip", &["management"]);
    let report = lab.run("alone.zip", &["--quiet-seconds", "60"]);
    assert_eq!((&report["problems"], &report["failed"]), (&Value::Array(vec![]), &0.into()));
    for client in CLIENTS {
        let succeeded = &report["clients"][client]["succeeded"];
        assert!(succeeded.as_u64().is_some_and(|count| count >= 20), "{client}: {succeeded} requests answered");
    }
    assert_eq!(ids(&report), lab.steps(|_| true), "each step once, in the manifest's order");
    assert_eq!(texts(&report["joined"]), ["rolled1 joined the control plane with the pair in -ca and is Ready"]);
    assert_eq!(leaves_of_etcd(&lab), etcd, "kubeadm renews what hangs on the rotated CAs, nothing else");

    // Every handshake has the predicted result, including those of the machine that joined.
    let comparison = lab.compare(&report["handshakes"]);
    println!("handshakes as predicted: {:?}; {} not asked", comparison.agreed, comparison.not_predicted);
    assert!(comparison.mismatches.is_empty(), "otherwise than predicted:\n{}", comparison.mismatches.join("\n"));
    assert!(comparison.missing.is_empty(), "no handshake was made of\n{}", comparison.missing.join("\n"));
    let records = report["handshakes"].as_array().expect("the report has handshakes");
    let rolled = records.iter().filter(|record| handshakes::is_rolled(&text(&record["edge"])));
    assert!(rolled.count() >= 100, "the machine of the roll-out was met");

    // The kubeconfig that Cluster API would generate works except in phase 2, in which the Cluster is therefore paused.
    for made in report["regenerated"].as_array().expect("the report says what RegenerateSecret made") {
        let when = text(&made["when"]);
        let refusals = texts(&made["answer"]["refusals"]);
        assert_eq!(refusals.is_empty(), !when.contains(" 2-"), "{when}: {refusals:?}");
    }
    for phase in ["1", "2", "3"] {
        lab.check(phase, &["management", "alone.zip"]);
    }
}

/// Runs the same script on a single control-plane node: killed at many moments, including during kubeadm, run twice,
/// rolled back, and run again.
#[test]
fn what_a_node_does_by_itself_can_be_killed_repeated_and_undone() {
    let lab = Lab::up("lab-test-unseen-one", &["--management", "--control-planes", "1", "--workers", "1"]);
    // Objects that the rollback restores must be loaded, including cluster-info.
    lab.package("alone.zip", &["management", "cluster/cluster-info.yaml"]);
    let report = lab.run("alone.zip", &["--twice", "--kill", "--undo", "--quiet-seconds", "60"]);
    assert_eq!((&report["problems"], &report["failed"]), (&Value::Array(vec![]), &0.into()));
    let mut expected = lab.steps(|_| true);
    expected.extend(lab.steps(|step| step["undo"] != "").into_iter().rev());
    expected.extend(lab.steps(|_| true));
    assert_eq!(ids(&report), expected, "forward, back in the opposite order, and forward again");
    let kills = texts(&report["kills"]);
    for moment in ["when kubeadm.log appeared", "when .admin.conf appeared"] {
        let killed = |kill: &String| kill.starts_with("2-control-plane: run on cp1") && kill.ends_with(moment);
        assert!(kills.iter().any(killed), "not killed {moment}: {kills:#?}");
    }
}

/// The content of every etcd certificate, by path.
fn leaves_of_etcd(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for node in ["cp1", "cp2"] {
        let pki = lab.directory.join("nodes").join(node).join("etc/kubernetes/pki");
        for name in ["apiserver-etcd-client", "etcd/server", "etcd/peer", "etcd/healthcheck-client", "etcd/ca"] {
            for end in ["crt", "key"] {
                let path = pki.join(format!("{name}.{end}"));
                found.insert(path.display().to_string(), read(&path));
            }
        }
    }
    found
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
