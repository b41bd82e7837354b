//! Pods, Jobs and CronJobs of a dump that read files which the rotation changes. No step restarts them, so a finding
//! names each, with the phase in which it stops working.

use airlock_core::{Finding, RotationRequest, Severity, inspect, plan};
use airlock_tests::{fixtures, loaded::Loaded, rotation::acknowledging};

/// A Pod's specification: its hostPath mounts (`mount path: path on the node`), and its arguments.
fn spec(mounts: &[(&str, &str)], arguments: &str, indent: &str) -> String {
    let mut text = format!(
        "{indent}spec:\n{indent}  containers:\n{indent}  - name: a\n{indent}    image: a\n{indent}    args: [{arguments}]\n{indent}    volumeMounts:\n"
    );
    for (index, (inside, _)) in mounts.iter().enumerate() {
        text += &format!("{indent}    - {{name: v{index}, mountPath: {inside}}}\n");
    }
    text += &format!("{indent}  volumes:\n");
    for (index, (_, on_node)) in mounts.iter().enumerate() {
        text += &format!("{indent}  - {{name: v{index}, hostPath: {{path: {on_node}}}}}\n");
    }
    text
}

fn pod(metadata: &str, mounts: &[(&str, &str)], arguments: &str) -> String {
    let spec = spec(mounts, arguments, "");
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{namespace: ops, {metadata}}}\n{spec}")
}

/// The findings about the Pods of a dump. Asserts that there is a plan once they are acknowledged.
#[track_caller]
fn findings_of(dump: &str) -> Vec<Finding> {
    let now = fixtures::now();
    // A second object, so that the file is a dump as of `kubectl get -A`.
    let dump = format!("{dump}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: ops}}\n");
    let inventory = inspect(Loaded::of("kubeadm/ecdsa-3").with("dump.yaml", dump.into_bytes()).0, now);
    let findings = match plan(&inventory, &RotationRequest::default(), now) {
        Ok(plan) => plan.findings().to_vec(),
        Err(refusal) => refusal.findings,
    };
    let found: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.file == "dump.yaml" && finding.code == "restart-yourself")
        .collect();
    let is_open = found.iter().any(|finding| finding.severity == Severity::Error);
    let request = acknowledging(&inventory, &RotationRequest::default(), now);
    let plan = plan(&inventory, &request, now).expect("it is acknowledged");
    assert_eq!(!request.acknowledge.is_empty(), is_open, "{found:#?}");
    assert_eq!(is_open, format!("{plan:?}").contains("restart-yourself/ops"));
    found
}

#[track_caller]
fn only(dump: &str, id: &str, parts: &[&str]) {
    let found = findings_of(dump);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(one.acknowledge, id, "{one}");
    let text = one.to_string();
    for part in parts {
        assert!(text.contains(part), "{text} does not contain {part}");
    }
}

const ADMIN: &str = "/etc/kubernetes/admin.conf";
const CA: &str = "/etc/kubernetes/pki/ca.crt";

#[test]
fn a_pod_without_a_controller_is_named_by_what_it_reads() {
    let id = "cluster/restart-yourself/ops/Pod/backup";
    let alone = pod("name: backup", &[("/admin.conf", ADMIN)], "--kubeconfig=/admin.conf");
    only(
        &alone,
        id,
        &[
            "Pod/backup in namespace ops reads /etc/kubernetes/admin.conf of its node, and no step of this package restarts it",
            "A mount of a single file (/etc/kubernetes/admin.conf) shows the old file until then",
            "From phase 2 on, it rejects certificates that the new CA issued; from phase 3 on, the certificate that it presents is rejected",
            "kubectl -n ops get Pod/backup -o yaml >pod.yaml; kubectl replace --force -f pod.yaml",
            "--acknowledge cluster/restart-yourself/ops/Pod/backup",
        ],
    );
    let folder = pod("name: backup", &[("/host", "/etc/kubernetes/pki")], "--ca=/host/ca.crt");
    only(&folder, id, &["reads /etc/kubernetes/pki/ca.crt of its node", "From phase 2 on"]);
    let disk = pod("name: backup", &[("/host", "/")], "'--ca=/host/etc/kubernetes/pki/ca.crt'");
    only(&disk, id, &["reads /etc/kubernetes/pki/ca.crt of its node"]);
    // What it reads of the folder is not known.
    let whole = pod("name: backup", &[("/host", "/etc/kubernetes")], "run");
    only(&whole, id, &["mounts /etc/kubernetes of its node and can read", ADMIN, CA, "From phase 2 on"]);
    let key = pod("name: backup", &[("/host", "/etc/kubernetes/pki")], "--key=/host/ca.key");
    only(
        &key,
        id,
        &["reads /etc/kubernetes/pki/ca.key", "What it issues with the old CA's key is rejected from phase 3 on"],
    );
}

/// The same files, as `kubectl get pod NAME -o yaml` prints one Pod.
#[test]
fn a_pod_alone_in_its_file_is_named() {
    let now = fixtures::now();
    let text = pod("name: backup, uid: 9c1a", &[("/admin.conf", ADMIN)], "run");
    let inventory = inspect(Loaded::of("kubeadm/ecdsa-3").with("backup.yaml", text.into_bytes()).0, now);
    let refusal = plan(&inventory, &RotationRequest::default(), now).expect_err("it is not acknowledged");
    let mut findings = refusal.findings.iter();
    let is_named = findings.any(|finding| finding.acknowledge == "cluster/restart-yourself/ops/Pod/backup");
    assert!(is_named, "{:#?}", refusal.findings);
}

#[test]
fn pods_that_read_no_changed_file_are_not_named() {
    let owner = |kind: &str| {
        format!("name: a, ownerReferences: [{{apiVersion: v1, kind: {kind}, name: cp1, controller: true, uid: a}}]")
    };
    let cases = [
        pod("name: node-exporter", &[("/host", "/")], "--path.rootfs=/host"),
        pod("name: etcd-backup", &[("/certs", "/etc/kubernetes/pki/etcd")], "--cacert=/certs/ca.crt"),
        pod("name: logs", &[("/var/log", "/var/log")], "run"),
        pod("name: hidden", &[("/other/ca.crt", "/srv/ca.crt")], "--ca=/other/ca.crt"),
        // The mirror of a static Pod, whose manifest counts.
        pod(&owner("Node"), &[("/etc/kubernetes", "/etc/kubernetes")], "run"),
        pod("name: kube-vip-cp1, annotations: {kubernetes.io/config.mirror: a}", &[("/admin.conf", ADMIN)], "run"),
        format!("{}status: {{phase: Succeeded}}\n", pod("name: done", &[("/admin.conf", ADMIN)], "run")),
    ];
    for dump in cases {
        assert_eq!(findings_of(&dump), [], "{dump}");
    }
}

#[test]
fn pods_of_a_controller_are_named_once_by_it() {
    let owned = |name: &str, kind: &str, owner: &str| {
        let metadata = format!(
            "name: {name}, labels: {{pod-template-hash: 7c9f8d}}, ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {owner}, controller: true, uid: a}}]"
        );
        pod(&metadata, &[("/admin.conf", ADMIN)], "run")
    };
    let two = format!("{}---\n{}", owned("agent-a", "DaemonSet", "agent"), owned("agent-b", "DaemonSet", "agent"));
    only(
        &two,
        "cluster/restart-yourself/ops/DaemonSet/agent",
        &["kubectl -n ops rollout restart DaemonSet/agent", "Load DaemonSet/agent as well"],
    );
    only(
        &owned("web-a", "ReplicaSet", "web-7c9f8d"),
        "cluster/restart-yourself/ops/Deployment/web",
        &["rollout restart Deployment/web"],
    );
    only(
        &owned("db-0", "CustomSet", "db"),
        "cluster/restart-yourself/ops/CustomSet/db",
        &["its controller creates new ones"],
    );
}

#[test]
fn jobs_are_named_while_they_run() {
    let template = spec(&[("/admin.conf", ADMIN)], "run", "    ");
    let job = |more: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{namespace: ops, name: renew{more}}}\nspec:\n  template:\n{template}"
        )
    };
    only(&job(""), "cluster/restart-yourself/ops/Job/renew", &["Let it run to its end before each phase"]);
    let ended = format!("{}status:\n  conditions: [{{type: Complete, status: 'True'}}]\n", job(""));
    assert_eq!(findings_of(&ended), []);
    let owned = ", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: renew, controller: true, uid: a}]";
    assert_eq!(findings_of(&job(owned)), []);
}

/// Each run of a CronJob mounts the files again.
#[test]
fn a_cronjob_is_noted() {
    let template = spec(&[("/admin.conf", ADMIN)], "run", "        ");
    let found = findings_of(&format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{namespace: ops, name: backup}}\nspec:\n  jobTemplate:\n    spec:\n      template:\n{template}"
    ));
    let [note] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((note.severity, note.acknowledge.as_str()), (Severity::Note, ""));
    assert!(
        note.message.contains("CronJob/backup in namespace ops reads /etc/kubernetes/admin.conf of its node"),
        "{note}"
    );
    assert!(note.remedy.contains("kubectl -n ops patch CronJob/backup"), "{note}");
}
