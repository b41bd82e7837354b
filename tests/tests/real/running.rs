//! What does not run, and what a roll-out does not replace: the package's scripts with the real kubectl and a real API server.
//! There are no controllers and no kubelets: what they would write is written by the test, as Kubernetes shows it.

use std::{fs, path::Path};

use airlock_core::{InputFile, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    rotation::{Case, Rotation},
    tools::succeed,
};

use super::server::{AS_IT_IS, Server};

const TRUST: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: @, name: kube-root-ca.crt}\ndata: {ca.crt: both}\n---\n";

/// kubectl, but for the logs that an API server has from kubelets.
const WITH_LOGS: &str = r#"#!/bin/sh
case "$*" in
  *' logs crashes '*)
    echo "$(date -u +%Y-%m-%dT%H:%M:%S.000000000Z) E1130 00:00:00.000000       1 main.go:1] Get \"https://10.96.0.1:443/version\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
    exit 0
    ;;
  *' logs '*)
    echo "$(date -u -d '200 seconds ago' +%Y-%m-%dT%H:%M:%S.000000000Z) I1130 00:00:00.000000       1 main.go:1] \"Started\""
    exit 0
    ;;
esac
exec @KUBECTL@ "$@"
"#;

impl Server {
    fn status(&self, namespace: &str, object: &str, status: &str) {
        let mut command = self.kubectl();
        command.args(["-n", namespace, "patch", object, "--subresource=status", "--type=merge", "-p"]);
        succeed(command.arg(format!("{{\"status\":{status}}}")));
    }

    /// A Pod of kube-system with such containers, and what its kubelet reports.
    fn pod(&self, name: &str, label: &str, containers: &str, status: &str) {
        self.create(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: kube-system, name: {name}, labels: {{{label}}}}}\nspec: {containers}\n"
        ));
        self.status("kube-system", &format!("pod/{name}"), status);
    }
}

fn container(name: &str, state: &str) -> String {
    format!(
        "{{\"name\":\"{name}\",\"image\":\"a\",\"imageID\":\"a\",\"ready\":false,\"restartCount\":9,\"state\":{{{state}}},\"lastState\":{{\"terminated\":{{\"exitCode\":1,\"finishedAt\":\"2026-01-01T00:00:00Z\"}}}}}}"
    )
}

fn statuses(phase: &str, containers: &[String]) -> String {
    format!("{{\"phase\":\"{phase}\",\"containerStatuses\":[{}]}}", containers.join(","))
}

const RUNNING: &str = "\"running\":{\"startedAt\":\"2026-01-01T00:00:00Z\"}";

/// A component that is in CrashLoopBackOff, that is pending or has failed logs no error: it does not pass.
#[test]
fn pods_that_do_not_run_do_not_pass() {
    let server = Server::start("running-pods");
    let kubectl = server.commands("kubectl", WITH_LOGS);
    let dns = "k8s-app: kube-dns";
    let one = "{containers: [{name: main, image: a}]}";
    server.create(&TRUST.replace('@', "kube-system"));
    server.pod("quiet", dns, one, &statuses("Running", &[container("main", RUNNING)]));
    let verify = |arguments: &[&str]| {
        let step = ["1-trust-both/cluster/apply.sh", "verify", "--check"];
        server.run(&kubectl, Case::named("ecdsa-3").rotation(), &[&step[..], arguments].concat())
    };
    let (passed, said) = verify(&[]);
    assert!(passed && said.contains("quiet for two minutes: kube-system/Pod/quiet"), "{said}");

    let waiting = "\"waiting\":{\"reason\":\"CrashLoopBackOff\"}";
    server.pod("crashes", dns, one, &statuses("Running", &[container("main", waiting)]));
    server.pod("pending", dns, one, "{\"phase\":\"Pending\"}");
    server.pod("failed", "k8s-app: kube-proxy", one, "{\"phase\":\"Failed\",\"reason\":\"Evicted\"}");
    server.pod("ended", "k8s-app: kube-proxy", one, "{\"phase\":\"Succeeded\"}");
    let two = "{initContainers: [{name: sidecar, image: a, restartPolicy: Always}, {name: once, image: a}], containers: [{name: main, image: a}, {name: second, image: a}]}";
    let ended = "\"terminated\":{\"exitCode\":1,\"reason\":\"Error\",\"finishedAt\":\"2026-01-01T00:00:00Z\"}";
    let status = format!(
        "{{\"phase\":\"Running\",\"initContainerStatuses\":[{},{}],\"containerStatuses\":[{},{}]}}",
        container("sidecar", waiting),
        container("once", ended),
        container("main", RUNNING),
        container("second", ended)
    );
    server.pod("several", dns, two, &status);
    let now = succeed(std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]));
    let young = format!("\"running\":{{\"startedAt\":\"{}\"}}", now.trim());
    server.pod("young", dns, one, &statuses("Running", &[container("main", &young)]));

    let (passed, said) = verify(&[]);
    assert!(!passed, "{said}");
    let expected = [
        "NOT READY: kube-system/Pod/crashes does not run: container main: CrashLoopBackOff",
        "NOT READY: kube-system/Pod/pending does not run: container main: not started",
        "NOT READY: kube-system/Pod/failed does not run: its phase is Failed",
        "NOT READY: kube-system/Pod/several does not run: container sidecar: CrashLoopBackOff",
        "NOT READY: kube-system/Pod/several does not run: container second: Error",
        "NOT READY: kube-system/Pod/young: its log begins ",
        "kube-system/Pod/crashes: 1 TLS error",
    ];
    for words in expected {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for words in ["container once", "several does not run: container main", "Pod/ended"] {
        assert!(!said.contains(words), "{words}\n{said}");
    }
    let names = ["crashes", "pending", "failed", "several", "young"].map(|name| format!("kube-system/Pod/{name}"));
    let left_out: Vec<&str> = names.iter().flat_map(|name| ["--exclude", name.as_str()]).collect();
    let (passed, said) = verify(&left_out);
    assert!(passed, "{said}");
}

/// A Service that selects Pods has none; one without a selector stands for a server elsewhere.
#[test]
fn a_webhook_without_pods_does_not_pass() {
    let server = Server::start("running-services");
    let kubectl = server.commands("kubectl", WITH_LOGS);
    server.create(&TRUST.replace('@', "kube-system"));
    let mut yaml = "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n---\n".to_owned();
    for (name, selector) in [("inside", "selector: {app: hook}, "), ("outside", "")] {
        yaml += &format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{namespace: lab, name: {name}}}\nspec: {{{selector}ports: [{{port: 443}}]}}\n---\n"
        );
    }
    let hook = |name: &str| {
        format!(
            "{{name: {name}.example.org, sideEffects: None, admissionReviewVersions: [v1], failurePolicy: Ignore, clientConfig: {{service: {{namespace: lab, name: {name}}}}}}}"
        )
    };
    yaml += &format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: lab}}\nwebhooks: [{}, {}, {}]\n",
        hook("inside"),
        hook("outside"),
        hook("missing")
    );
    server.create(&yaml);
    let verify = |arguments: &[&str]| {
        let step = ["1-trust-both/cluster/apply.sh", "verify", "--check"];
        server.run(&kubectl, Case::named("ecdsa-3").rotation(), &[&step[..], arguments].concat())
    };
    let (passed, said) = verify(&[]);
    assert!(
        !passed && said.contains("NOT READY: lab/Service/inside does not run: no Pod of the webhook runs"),
        "{said}"
    );
    for name in ["outside", "missing"] {
        let words = format!("read this log yourself: the Service lab/{name} (webhook) has no Pods");
        assert!(said.contains(&words), "{said}");
    }
    let (passed, said) = verify(&["--exclude", "lab/Service/inside"]);
    assert!(passed, "{said}");
}

/// A Pod of this owner in the namespace "app".
fn owned(name: &str, owner: &str, labels: &str) -> String {
    let references = match owner {
        "" => String::new(),
        owner => {
            format!(", ownerReferences: [{{{owner}, controller: true, uid: 11111111-1111-4111-8111-111111111111}}]")
        }
    };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: app, name: {name}, labels: {{{labels}}}{references}}}\nspec: {{containers: [{{name: a, image: a}}]}}\n---\n"
    )
}

fn set(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{namespace: app, name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}\n  {spec}\n---\n"
    )
}

/// Runs the step that restarts Pods, in the namespace "app".
fn restart(server: &Server, kubectl: &Path, arguments: &[&str]) -> (bool, String) {
    let step = ["1-trust-both/cluster/apply.sh", "pods", "--namespace", "app"];
    server.run(kubectl, Case::named("ecdsa-3").rotation(), &[&step[..], arguments].concat())
}

/// Pods that a roll-out does not replace are named in advance, and the check waits for them.
#[test]
fn what_a_roll_out_does_not_replace_is_said_in_advance() {
    let server = Server::start("running-by-hand");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    let mut yaml = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n---\n".to_owned();
    yaml += &owned("job-1", "apiVersion: batch/v1, kind: Job, name: job", "a: b");
    yaml += &owned("rc-1", "apiVersion: v1, kind: ReplicationController, name: rc", "a: b");
    yaml += &owned("rs-1", "apiVersion: apps/v1, kind: ReplicaSet, name: rs", "a: b");
    let rollout = "apiVersion: apps/v1, kind: ReplicaSet, name: rollout-7d9";
    yaml += &owned("rollout-7d9-1", rollout, "rollouts-pod-template-hash: 7d9");
    yaml += &owned("cnpg-1", "apiVersion: postgresql.cnpg.io/v1, kind: Cluster, name: cnpg", "a: b");
    // A mirror Pod, which its kubelet restarts with the node's files.
    yaml += &owned("mirror", "apiVersion: v1, kind: Node, name: cp1", "a: b");
    yaml += &owned("alone", "", "a: b");
    yaml +=
        &set("StatefulSet", "part", "replicas: 3\n  serviceName: a\n  updateStrategy: {rollingUpdate: {partition: 2}}");
    yaml += &owned("part-0", "apiVersion: apps/v1, kind: StatefulSet, name: part", "app: part");
    yaml += &set("Deployment", "paused", "replicas: 1\n  paused: true");
    yaml += &owned("paused-5c8-1", "apiVersion: apps/v1, kind: ReplicaSet, name: paused-5c8", "pod-template-hash: 5c8");
    server.create(&yaml);
    server.create(&TRUST.replace('@', "app"));

    let expected = [
        ("app/Job/job", "wait until Job/job in app has ended, or delete it and create it again"),
        ("app/ReplicationController/rc", "restart the Pods of ReplicationController/rc in app by hand"),
        ("app/ReplicaSet/rs", "restart the Pods of ReplicaSet/rs in app by hand"),
        ("app/ReplicaSet/rollout-7d9", "restart the Pods of ReplicaSet/rollout-7d9 in app by hand"),
        ("app/Cluster/cnpg", "restart the Pods of Cluster/cnpg in app by hand"),
        ("app/Pod/alone", "restart this Pod by hand, it has no controller: app/alone"),
        (
            "app/StatefulSet/part",
            "delete the Pods of StatefulSet/part in app one by one: its partition 2 keeps a roll-out from Pods with a lower number",
        ),
        (
            "app/Deployment/paused",
            "delete the Pods of Deployment/paused in app one by one: it is paused, so a roll-out does not begin; or resume it: kubectl -n app rollout resume Deployment/paused",
        ),
    ];
    for arguments in [&["--list"][..], &["--dry-run"], &[]] {
        let (passed, said) = restart(&server, &kubectl, arguments);
        assert!(passed && !said.contains("mirror"), "{arguments:?} {said}");
        for (_, words) in expected {
            assert!(said.contains(words), "{arguments:?} {words}\n{said}");
        }
    }
    let mut command = server.kubectl();
    let marked = succeed(command.args(["-n", "app", "get", "deployments,statefulsets", "-o", "yaml"]));
    assert!(!marked.contains("airlock/phase"), "nothing was restarted: {marked}");
    let (passed, said) = restart(&server, &kubectl, &["--check"]);
    assert!(!passed && !said.contains("mirror"), "{said}");
    for (name, words) in expected {
        assert!(said.contains(&format!("NOT READY: {words}")), "{words}\n{said}");
        assert!(said.contains(&format!("(or leave it out: --exclude '{name}')")), "{name}\n{said}");
    }
    // Left out one by one, and gone one by one: what is left is waited for.
    for (name, words) in expected {
        let others = expected.iter().filter(|(other, _)| *other != name);
        let left_out: Vec<&str> = others.flat_map(|(other, _)| ["--exclude", other]).collect();
        let (passed, said) = restart(&server, &kubectl, &[&["--check"][..], &left_out].concat());
        assert!(!passed && said.matches("NOT READY").count() == 1 && said.contains(words), "{name}\n{said}");
    }
    let mut command = server.kubectl();
    succeed(command.args(["-n", "app", "delete", "pods", "--all", "--force", "--grace-period=0"]));
    let (passed, said) = restart(&server, &kubectl, &["--check"]);
    assert!(passed, "{said}");
}

/// A workload that reads files of its nodes, with this kind and strategy.
fn reader(kind: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: cloud-controller-manager, namespace: kube-system}}\nspec:\n  selector: {{matchLabels: {{app: ccm}}}}\n  {spec}\n  template:\n    metadata: {{labels: {{app: ccm}}}}\n    spec:\n      containers:\n      - name: cloud-controller-manager\n        image: registry.example/ccm:1\n        volumeMounts: [{{name: kubernetes, mountPath: /etc/kubernetes}}]\n      volumes: [{{name: kubernetes, hostPath: {{path: /etc/kubernetes, type: Directory}}}}]\n"
    )
}

/// A workload that reads files of its nodes has restarted when all of its Pods are new and ready.
#[test]
fn a_reader_is_complete_when_its_pods_are_ready() {
    let request = RotationRequest { keep_keys: true, ..RotationRequest::default() };
    let mut files = fixtures::files("kubeadm/ecdsa-3");
    let set = reader("DaemonSet", "updateStrategy: {type: OnDelete}");
    files.push(InputFile::new("workloads.yaml", set.clone().into_bytes()));
    let rotation = Rotation::of(files, &request, "running-readers");
    let server = Server::start("running-readers-server");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    let step = |arguments: &[&str]| {
        server.run(&kubectl, &rotation, &[&["2-switch/cluster/apply.sh", "readers"][..], arguments].concat())
    };
    server.create(&set);
    let (passed, said) = step(&[]);
    assert!(passed && said.contains("delete the Pods of DaemonSet/cloud-controller-manager"), "{said}");
    let mut command = server.kubectl();
    command.args(["-n", "kube-system", "get", "daemonset/cloud-controller-manager", "-o"]);
    let generation = succeed(command.arg("jsonpath={.metadata.generation}"));
    let report = |ready: u8| {
        let status = format!(
            "{{\"observedGeneration\":{generation},\"desiredNumberScheduled\":2,\"currentNumberScheduled\":2,\"numberMisscheduled\":0,\"updatedNumberScheduled\":2,\"numberReady\":{ready}}}"
        );
        server.status("kube-system", "daemonset/cloud-controller-manager", &status);
    };
    report(0);
    let (passed, said) = step(&["--check"]);
    assert!(!passed && said.contains("2 of 2 Pods are new, 0 are ready"), "{said}");
    report(2);
    let (passed, said) = step(&["--check"]);
    assert!(passed, "{said}");

    let runbook = fs::read_to_string(rotation.root().join("RUNBOOK.md")).expect("a package has a runbook");
    let row = runbook.lines().find(|line| line.starts_with("| switch")).expect("a row of the maintenance window");
    assert!(row.contains("DaemonSet/cloud-controller-manager in kube-system"), "{row}");
    assert!(
        runbook.contains("- DaemonSet/cloud-controller-manager in kube-system restart in 2-readers, since they read"),
        "{runbook}"
    );
}

/// A roll-out of a paused Deployment does not begin: the step says so before it changes anything.
#[test]
fn a_paused_reader_is_refused_in_advance() {
    let request = RotationRequest { keep_keys: true, ..RotationRequest::default() };
    let mut files = fixtures::files("kubeadm/ecdsa-3");
    files.push(InputFile::new("workloads.yaml", reader("Deployment", "replicas: 1").into_bytes()));
    let rotation = Rotation::of(files, &request, "running-paused-reader");
    let server = Server::start("running-paused-reader-server");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    server.create(&reader("Deployment", "paused: true"));
    let step = |arguments: &[&str]| {
        server.run(&kubectl, &rotation, &[&["2-switch/cluster/apply.sh", "readers"][..], arguments].concat())
    };
    let words = "Deployment/cloud-controller-manager in kube-system is paused, so a roll-out does not begin: resume it";
    for arguments in [&["--dry-run"][..], &[]] {
        let (passed, said) = step(arguments);
        assert!(!passed && said.contains("FAILED") && said.contains(words), "{arguments:?} {said}");
    }
    let (passed, said) = step(&["--list"]);
    assert!(passed && said.contains(words), "{said}");
    let (passed, said) = step(&["--exclude", "kube-system/Deployment/cloud-controller-manager"]);
    assert!(passed, "{said}");
    let mut command = server.kubectl();
    let left = succeed(command.args(["-n", "kube-system", "get", "deployments", "-o", "yaml"]));
    assert!(!left.contains("airlock/phase"), "nothing was restarted: {left}");
}

/// A permission is denied only where kubectl says no; without an answer nothing is known.
#[test]
fn a_permission_that_cannot_be_checked_is_no_denial() {
    let server = Server::start("running-permissions");
    let run = |label: &str, script: &str| {
        let kubectl = server.commands(label, script);
        restart(&server, &kubectl, &["--dry-run"])
    };
    // kubernetes/kubectl: pkg/cmd/auth/cani.go prints no, and ends with exit status 1.
    let (passed, said) = run("denied", "#!/bin/sh\necho no\nexit 1\n");
    assert!(!passed && said.contains("FAILED: no permission to patch deployments.apps"), "{said}");
    let (passed, said) =
        run("unreachable", "#!/bin/sh\necho 'The connection to the server 192.0.2.1:6443 was refused' >&2\nexit 1\n");
    assert!(!passed && !said.contains("no permission"), "{said}");
    assert!(said.contains("FAILED: it cannot be checked whether you may patch deployments.apps: kubectl"), "{said}");
    assert!(said.contains("192.0.2.1:6443 was refused"), "{said}");
}

/// The options of each kind of step stand where they belong.
#[test]
fn options_stand_under_the_steps_that_take_them() {
    let rotation = Case::named("ecdsa-3").rotation();
    let usage = succeed(
        std::process::Command::new("sh").arg(rotation.root().join("1-trust-both/cluster/apply.sh")).arg("--help"),
    );
    let of_restarts = usage.find("Where the step restarts workloads:").expect("a heading");
    let of_logs = usage.find("Where the step reads logs").expect("a heading");
    for option in ["  --batch N", "  --pause SECONDS", "  --disrupt PATTERN"] {
        let at = usage.find(option).unwrap_or_else(|| panic!("{option} is missing"));
        assert!(of_restarts < at && at < of_logs, "{option}\n{usage}");
    }
}
