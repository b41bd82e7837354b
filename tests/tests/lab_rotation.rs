//! Packages applied to a real cluster: kubeadm's own `init` and `join`, real kubelets, etcd, haproxy, an extension API
//! server and a webhook, and clients that open new connections continuously (`cargo xtask lab`).
//!
//! `cargo xtask lab run` itself checks: no request fails without an accepted reason; no kube-apiserver restarts; every
//! node is Ready at the end and two minutes later and has renewed its lease; old credentials are rejected; a step that
//! runs again changes and prints nothing; a rollback restores the previous state; a killed and repeated step writes the
//! same bytes as an undisturbed one.

use std::fs;

use airlock_tests::{
    handshakes,
    lab::{Lab, ids, text, texts},
};
use serde_json::Value;

#[path = "lab/faults.rs"]
mod faults;
#[path = "lab/unseen.rs"]
mod unseen;

/// Everything that asks the cluster during a run.
const CLIENTS: [&str; 11] = [
    "aggregated",
    "certificate signed, then used",
    "discovery",
    "kubeconfig of the phase",
    "kubeconfig of the phase before",
    "kubelet",
    "management",
    "pod",
    "token, trust as it is now",
    "token, trust of the phase's beginning",
    "webhook",
];

/// Everything that asks a tenant: it has no extension API server, and no Pods.
const TENANT_CLIENTS: [&str; 7] = [
    "certificate signed, then used",
    "discovery",
    "kubeconfig of the phase",
    "kubeconfig of the phase before",
    "kubelet",
    "token, trust as it is now",
    "token, trust of the phase's beginning",
];

/// The rows of the table of edges that this cluster has: all but kubelets' serving certificates, which nobody verifies.
const ROWS: [&str; 28] = [
    "admin-apiserver",
    "admin-impostor",
    "aggregator-extension",
    "apiserver-kubelet",
    "apiserver-webhook",
    "controller-manager-apiserver",
    "controller-manager-impostor",
    "given-clients-apiserver",
    "given-clients-impostor",
    "joining-apiserver",
    "joining-impostor",
    "kubelet-apiserver",
    "kubelet-impostor",
    "management-apiserver",
    "management-impostor",
    "old-client-apiserver",
    "old-client-extension",
    "old-client-kubelet",
    "old-front-proxy-extension",
    "other-clients-apiserver",
    "other-clients-impostor",
    "pods-apiserver",
    "pods-impostor",
    "requester-apiserver",
    "scheduler-apiserver",
    "scheduler-impostor",
    "super-admin-apiserver",
    "webhook-impostor",
];

/// Workers join in each phase, the cluster is its own management cluster, and the lab watches it for two minutes at the
/// end.
#[test]
fn three_control_plane_nodes_rotate_while_workers_join_without_a_failed_request() {
    let lab = Lab::up("lab-test-three", &["--management", "--control-planes", "3", "--workers", "1", "--spares", "5"]);
    let report = rotate(&lab, &["--quiet-seconds", "120"]);

    assert_eq!(ids(&report), lab.steps(|_| true), "each step once, in the manifest's order");
    let joined = texts(&report["joined"]);
    for (pin, count) in [("old", 2), ("new", 3)] {
        let told = format!("pin of the {pin} CA");
        assert_eq!(joined.iter().filter(|words| words.contains(&told)).count(), count, "{joined:?}");
    }

    // Cluster API writes the first CA of `<cluster>-ca` and a credential of it, whatever the kubeconfig held. That is
    // the old CA until phase 3 opens, which is why it is paused: in phase 2 nobody would answer.
    let regenerated = report["regenerated"].as_array().expect("the report says what RegenerateSecret made");
    for made in regenerated {
        let when = made["when"].as_str().expect("each says when");
        let (authorities, refusals) = (texts(&made["answer"]["authorities"]), texts(&made["answer"]["refusals"]));
        assert_eq!(authorities.len(), 1, "{when}");
        assert_eq!(refusals.len(), if when.contains(" 2-") { 4 } else { 0 }, "{when}: {refusals:?}");
    }
    let when: Vec<_> = regenerated.iter().filter_map(|made| made["when"].as_str()).collect();
    assert_eq!(when, ["after 1-freeze", "after 2-published", "after 2-clients", "after 3-authorities", "at the end"]);
}

/// A single control-plane node, which depends most on the checks: every step is killed several times and run twice,
/// everything is rolled back, and applied again without disturbance.
#[test]
fn what_is_killed_repeated_or_undone_comes_to_the_same_bytes() {
    let lab = Lab::up("lab-test-one", &["--management", "--control-planes", "1", "--workers", "1", "--readers"]);
    // Longer than a node stays Ready whose kubelet is locked out.
    let report = rotate(&lab, &["--twice", "--kill", "--undo", "--quiet-seconds", "60"]);

    // A static Pod that reads admin.conf at its start: it is away while it restarts, and refused by nobody.
    let said = fs::read_to_string(lab.directory.join("private/cp1/var/log/vip")).expect("the Pod's answers are kept");
    // The API server itself restarts once before, with the flags that the Pod's companions need.
    let answers: Vec<&str> = said.lines().skip_while(|line| *line != "ok").collect();
    let away = |line: &&&str| line.contains("127.0.0.1:8009 was refused");
    let wrong: Vec<&&str> = answers.iter().filter(|line| **line != "ok" && !away(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(answers.iter().filter(|line| **line == "ok").count() > 100 && answers.last() == Some(&"ok"), "{said}");

    let mut expected = lab.steps(|_| true);
    expected.extend(lab.steps(|step| step["undo"] != "").into_iter().rev());
    expected.extend(lab.steps(|_| true));
    assert_eq!(ids(&report), expected, "forward, back in the opposite order, and forward again");
    let kills = texts(&report["kills"]);
    for which in ["run", "undo"] {
        for step in lab.steps(|step| step[which] != "") {
            let killed = kills.iter().any(|kill| kill.starts_with(&format!("{step}: {which} on ")));
            assert!(killed, "{which} of {step} was not killed");
        }
    }
}

/// The first package stops after its first step of phase 2: one API server presents a certificate of the new CA, the
/// other one of the old CA. A second package, built from the current files, continues with the same new CA.
#[test]
fn a_rotation_that_stopped_half_way_goes_on_with_another_package() {
    // Kubespray's certificatesDir.
    let elsewhere = ["--certificates", "/etc/kubernetes/ssl"];
    let lab = Lab::up("lab-test-continued", &[&elsewhere[..], &["--control-planes", "2", "--workers", "1"]].concat());
    lab.package("first.zip", &["nodes", "clients", "cluster"]);
    let carried_out = [
        "freeze",
        "cp1-backup",
        "cp2-backup",
        "cp1",
        "cp2",
        "published",
        "cluster-info",
        "workers",
        "pods",
        "clients",
        "authentication",
    ];
    let carried_out: Vec<_> = carried_out.map(|name| format!("1-{name}")).into_iter().chain(["2-cp1".into()]).collect();
    let report = lab.run("first.zip", &["--only", &carried_out.join(",")]);
    assert_eq!((ids(&report), &report["problems"], &report["failed"]), (carried_out, &Value::Array(vec![]), &0.into()));
    // What alice was given in phase 1 is what she has.
    let alice = std::fs::copy(
        lab.directory.join("package/1-trust-both/clients/alice.conf"),
        lab.directory.join("clients/alice.conf"),
    );
    alice.expect("the first package has her kubeconfig");

    let pins = |manifest: &Value| -> Vec<[String; 2]> {
        let authorities = manifest["authorities"].as_array().expect("a manifest has authorities").iter();
        authorities.map(|one| [text(&one["oldPin"]), text(&one["newPin"])]).collect()
    };
    let begun = pins(&lab.manifest());

    lab.package("second.zip", &["nodes", "clients", "cluster", "first.zip"]);
    let report = lab.run("second.zip", &["--continued", "--quiet-seconds", "60"]);
    assert_eq!((&report["problems"], &report["failed"]), (&Value::Array(vec![]), &0.into()));
    assert_eq!(pins(&lab.manifest()), begun, "the same CAs, old and new");
    let steps = ids(&report);
    assert_eq!(steps, lab.steps(|_| true), "each step once, in the manifest's order");
    assert!(steps.iter().all(|id| id != "1-cp1" && id != "2-cp1"), "{steps:?}");
    assert!(steps.contains(&"2-cp2".to_owned()), "{steps:?}");
    let comparison = lab.compare(&report["handshakes"]);
    println!("handshakes as predicted: {:?}; {} not asked", comparison.agreed, comparison.not_predicted);
    assert!(comparison.mismatches.is_empty(), "otherwise than predicted:\n{}", comparison.mismatches.join("\n"));
    for phase in ["1", "2", "3"] {
        lab.check(phase, &["nodes", "second.zip"]);
    }
}

/// A Kamaji tenant: kube-apiserver, kube-controller-manager and scheduler as in the Deployment of a real operator, on a
/// cluster whose real kubelet mounts the Secrets; `tests/go/kamaji` simulates the operator.
#[test]
fn a_tenant_s_control_plane_rotates_without_a_failed_request() {
    let lab = Lab::up("lab-test-tenant", &["--tenant"]);
    let given = ["tenant", "clients", "nodes/spare1"];
    lab.package("rotation.zip", &given);
    let report = lab.run("rotation.zip", &["--quiet-seconds", "30"]);
    assert_eq!(ids(&report), lab.steps(|_| true), "each step once, in the manifest's order");
    assert_eq!((&report["problems"], &report["failed"]), (&Value::Array(vec![]), &0.into()));
    for client in TENANT_CLIENTS {
        let succeeded = &report["clients"][client]["succeeded"];
        assert!(succeeded.as_u64().is_some_and(|count| count >= 10), "{client}: {succeeded} requests answered");
    }
    // What the lab gives is what there is now.
    for phase in ["1", "2", "3"] {
        lab.check(phase, &[&given[..], &["rotation.zip"]].concat());
    }
}

/// Carries the cluster's package out; nothing may be wrong, and every handshake is as it was predicted.
fn rotate(lab: &Lab, options: &[&str]) -> Value {
    let report = lab.rotate(options);
    assert_eq!(report["problems"], Value::Array(Vec::new()));
    assert_eq!(report["failed"], 0);
    for client in CLIENTS {
        let succeeded = &report["clients"][client]["succeeded"];
        assert!(succeeded.as_u64().is_some_and(|count| count >= 20), "{client}: {succeeded} requests answered");
    }

    let manifest = lab.manifest();
    // Processes of a node's own are asked by those who brought them up.
    let of_profile = |row: &str| !row.starts_with("consumer-");
    assert_eq!(handshakes::rows(&manifest).into_iter().filter(|row| of_profile(row)).collect::<Vec<_>>(), ROWS);
    let comparison = lab.compare(&report["handshakes"]);
    println!("handshakes as predicted: {:?}; {} not asked", comparison.agreed, comparison.not_predicted);
    assert!(comparison.mismatches.is_empty(), "otherwise than predicted:\n{}", comparison.mismatches.join("\n"));
    let missing: Vec<_> = comparison.missing.iter().filter(|edge| of_profile(edge)).collect();
    assert!(missing.is_empty(), "no handshake was made of\n{missing:#?}");
    report
}
