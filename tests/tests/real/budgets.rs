//! Restarts of workloads and PodDisruptionBudgets: runs the package's script with the real kubectl and a real API
//! server. There are no controllers: the test writes what they would write.

use std::{fs, path::Path, thread};

use airlock_core::plan::{RotationRequest, Workers};
use airlock_tests::{
    fixtures,
    rotation::{Case, Rotation},
    tools::{feed, succeed},
};

use super::server::{AS_IT_IS, Server};

/// The queries to the server that only these tests use.
impl Server {
    fn allow(&self, namespace: &str, budget: &str, number: u32) {
        let patch = format!("{{\"status\":{{\"disruptionsAllowed\":{number}}}}}");
        let mut command = self.kubectl();
        command.args(["-n", namespace, "patch", "poddisruptionbudget", budget, "--subresource=status"]);
        succeed(command.args(["--type=merge", "-p", &patch]));
    }

    /// The step that restarts workloads, with the programs of this folder first on `PATH`.
    fn restart(&self, commands: &Path, arguments: &[&str]) -> (bool, String) {
        let step = ["1-trust-both/cluster/apply.sh", "pods"];
        self.run(commands, Case::named("ecdsa-3").rotation(), &[&step[..], arguments].concat())
    }
}

/// A workload with this many replicas and this update strategy, its Pod, and the Pod's labels.
fn workload(namespace: &str, kind: &str, name: &str, labels: &str, spec: &str) -> String {
    let (owner, hash) = match kind {
        "Deployment" => (format!("ReplicaSet, name: {name}-5c8"), ", pod-template-hash: 5c8"),
        _ => (format!("{kind}, name: {name}"), ""),
    };
    format!(
        "apiVersion: apps/v1
kind: {kind}
metadata: {{namespace: {namespace}, name: {name}}}
spec:
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{containers: [{{name: a, image: a}}]}}
  {spec}
---
apiVersion: v1
kind: Pod
metadata:
  namespace: {namespace}
  name: {name}-0
  labels: {{{labels}{hash}}}
  ownerReferences: [{{apiVersion: apps/v1, kind: {owner}, uid: 11111111-1111-4111-8111-111111111111}}]
spec: {{containers: [{{name: a, image: a}}]}}
---
"
    )
}

fn budget(namespace: &str, name: &str, selector: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{namespace: {namespace}, name: {name}}}\nspec: {{minAvailable: 1{selector}}}\n---\n"
    )
}

const TRUST: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: @, name: kube-root-ca.crt}\ndata: {ca.crt: both}\n---\n";

/// Workloads whose budgets allow fewer disruptions than some roll-outs need, and Pods that started before
/// kube-root-ca.crt changed.
fn shop(server: &Server) {
    let mut yaml: String = ["shop", "wide"]
        .iter()
        .map(|name| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\n"))
        .collect();
    let rolling = |unavailable: &str, surge: &str| {
        format!("strategy: {{rollingUpdate: {{maxUnavailable: {unavailable}, maxSurge: {surge}}}}}")
    };
    let web = format!("replicas: 4\n  {}", rolling("1", "0"));
    yaml += &workload("shop", "Deployment", "web", "app: web", &web);
    yaml += &budget("shop", "web", ", selector: {matchLabels: {app: web}}");
    // 25% of one replica is zero Pods: the roll-out starts a second Pod first.
    yaml += &workload("shop", "Deployment", "solo", "app: solo", "replicas: 1");
    yaml += &budget("shop", "solo", ", selector: {matchLabels: {app: solo}}");
    yaml += &workload("shop", "Deployment", "batch", "app: batch", "replicas: 2\n  strategy: {type: Recreate}");
    yaml += &budget("shop", "batch", ", selector: {matchLabels: {app: batch}}");
    let half = "updateStrategy: {rollingUpdate: {maxUnavailable: 50%}}";
    yaml += &workload("shop", "DaemonSet", "agent", "app: agent", half);
    let expressions = "[{key: app, operator: In, values: [agent, other]}, {key: app, operator: NotIn, values: [web]}, {key: absent, operator: DoesNotExist}]";
    yaml += &budget("shop", "agent", &format!(", selector: {{matchExpressions: {expressions}}}"));
    let store = "replicas: 3\n  serviceName: store";
    yaml += &workload("shop", "StatefulSet", "store", "app: store, disk: fast", store);
    yaml += &budget("shop", "store", ", selector: {matchExpressions: [{key: disk, operator: Exists}]}");
    yaml += &workload("shop", "DaemonSet", "slow", "app: slow", "updateStrategy: {type: OnDelete}");
    yaml += &workload("wide", "StatefulSet", "any", "app: any", store);
    yaml += &budget("wide", "every-pod", ", selector: {}");
    yaml += &budget("shop", "no-pod", "");
    yaml += "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: alone}\nspec: {containers: [{name: a, image: a}]}\n---\n";
    server.create(&yaml);
    let status =
        r#"{"status":{"desiredNumberScheduled":3,"currentNumberScheduled":3,"numberMisscheduled":0,"numberReady":3}}"#;
    let mut command = server.kubectl();
    command.args(["-n", "shop", "patch", "daemonset", "agent", "--subresource=status", "--type=merge", "-p", status]);
    succeed(&mut command);
    for (budget, number) in [("agent", 1), ("batch", 1), ("store", 1)] {
        server.allow("shop", budget, number);
    }
    server.create(&["shop", "wide"].map(|namespace| TRUST.replace('@', namespace)).concat());
}

/// Every way in which a budget selects Pods, and every strategy.
#[test]
fn a_budget_that_allows_less_than_a_roll_out_takes_stops_the_restart() {
    let server = Server::start("budgets-refused");
    shop(&server);
    let kubectl = server.commands("kubectl", AS_IT_IS);
    let expected = [
        "PodDisruptionBudget shop/web allows 0, the roll-out of Deployment/web takes 1",
        "PodDisruptionBudget shop/batch allows 1, the roll-out of Deployment/batch takes 2",
        "PodDisruptionBudget shop/agent allows 1, the roll-out of DaemonSet/agent takes 2",
        "PodDisruptionBudget wide/every-pod allows 0, the roll-out of StatefulSet/any takes 1",
    ];
    let (listed, said) = server.restart(&kubectl, &["--list"]);
    assert!(listed, "{said}");
    for words in expected {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for quiet in ["shop/solo", "shop/store", "shop/no-pod"] {
        assert!(!said.contains(&format!("PodDisruptionBudget {quiet}")), "{quiet}\n{said}");
    }
    assert!(said.contains("delete the Pods of DaemonSet/slow in shop one by one"), "{said}");
    assert!(said.contains("restart this Pod by hand, it has no controller: shop/alone"), "{said}");

    for arguments in [&["--dry-run"][..], &[]] {
        let (passed, said) = server.restart(&kubectl, arguments);
        assert!(!passed && said.contains("nothing was restarted"), "{said}");
        assert!(expected.iter().all(|words| said.contains(words)), "{said}");
    }
    let mut command = server.kubectl();
    let marked = succeed(command.args(["get", "deployments,daemonsets,statefulsets", "-A", "-o", "yaml"]));
    assert!(!marked.contains("airlock/phase"), "nothing was restarted");

    let (passed, said) = server.restart(&kubectl, &["--dry-run", "--disrupt", "shop/*", "--disrupt", "wide/every-pod"]);
    assert!(passed, "{said}");
    let left_out = ["--exclude", "shop/Deployment/*", "--exclude", "*/DaemonSet/agent", "--exclude", "wide/*"];
    let (passed, said) = server.restart(&kubectl, &[&["--dry-run"][..], &left_out].concat());
    assert!(passed && said.contains("would restart StatefulSet/store in shop"), "{said}");

    let (passed, said) =
        server.restart(&kubectl, &["--check", "--namespace", "shop", "--exclude", "shop/Deployment/*"]);
    assert!(!passed && said.contains("NOT READY: delete the Pods of DaemonSet/slow"), "{said}");
}

/// A kubectl for which roll-outs end immediately. The first one sets its budget's allowed disruptions to zero for a
/// while, as the controller does until Pods are ready again.
const ROLLS_OUT: &str = r#"#!/bin/sh
log=${0%/*}/log
case "$*" in
  *'rollout status'*)
    echo "$*" | sed 's/.*-n \([a-z]*\) rollout status \([^ ]*\).*/complete \1 \2/' >>"$log"
    if [ ! -e "$log.first" ]; then
      echo 3 >"$log.first"
      @KUBECTL@ -n shop patch poddisruptionbudget both --subresource=status --type=merge -p '{"status":{"disruptionsAllowed":0}}' >/dev/null || exit 1
    fi
    echo 'successfully rolled out' && exit 0
    ;;
  *'get poddisruptionbudget both'*)
    if [ -e "$log.first" ]; then
      read -r left <"$log.first"
      echo "$((left - 1))" >"$log.first"
      [ "$left" -ne 1 ] || @KUBECTL@ -n shop patch poddisruptionbudget both --subresource=status --type=merge -p '{"status":{"disruptionsAllowed":1}}' >/dev/null || exit 1
      [ "$left" -lt 1 ] || echo waiting >>"$log"
    fi
    ;;
  *' -n '*' patch '*) echo "$*" | sed 's/.*-n \([a-z]*\) patch \([^ ]*\).*/restart \1 \2/' >>"$log" ;;
esac
exec @KUBECTL@ "$@"
"#;

/// Two workloads of one budget are never restarted at the same time; those without a budget are restarted in one batch.
#[test]
fn workloads_of_one_budget_wait_for_one_another() {
    let server = Server::start("budgets-waiting");
    let mut yaml = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n".to_owned();
    for name in ["first", "second"] {
        yaml += &workload(
            "shop",
            "StatefulSet",
            name,
            &format!("app: {name}, tier: back"),
            "replicas: 3\n  serviceName: a",
        );
    }
    yaml += &workload("shop", "StatefulSet", "third", "app: third", "replicas: 3\n  serviceName: a");
    yaml += &budget("shop", "both", ", selector: {matchLabels: {tier: back}}");
    server.create(&yaml);
    server.allow("shop", "both", 1);
    server.create(&TRUST.replace('@', "shop"));
    let kubectl = server.commands("kubectl", ROLLS_OUT);
    let (passed, said) = server.restart(&kubectl, &["--namespace", "shop"]);
    assert!(passed, "{said}");
    let log = fs::read_to_string(kubectl.join("log")).expect("it was called");
    let expected = [
        "restart shop StatefulSet/first",
        "complete shop StatefulSet/first",
        "waiting",
        "waiting",
        "waiting",
        "restart shop StatefulSet/second",
        "restart shop StatefulSet/third",
        "complete shop StatefulSet/second",
        "complete shop StatefulSet/third",
    ];
    assert_eq!(log.lines().collect::<Vec<_>>(), expected, "{said}");
}

/// A Node object as its kubelet would register it.
fn node(server: &Server, name: &str, labels: &str, ready: &str) {
    server.create(&format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n"));
    let status = format!("{{\"status\":{{\"conditions\":[{{\"type\":\"Ready\",\"status\":\"{ready}\"}}]}}}}");
    let mut command = server.kubectl();
    succeed(command.args(["patch", "node", name, "--subresource=status", "--type=merge", "-p", &status]));
}

fn second() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    now.expect("it is after 1970").as_secs()
}

/// Waits for the next second, because timestamps in the API have a resolution of one second.
fn next_second() {
    let now = second();
    while second() == now {
        thread::yield_now();
    }
}

/// The script distinguishes workers by the time at which they joined. It removes a worker only if it joined before
/// cluster-info had the new CA alone, another worker is Ready, and its machine is off.
#[test]
fn workers_that_joined_before_phase_3_are_removed() {
    let request = RotationRequest { workers: Workers::Replace, ..RotationRequest::default() };
    let rotation = Rotation::of(fixtures::files("kubeadm/ecdsa-3"), &request, "replaced-workers");
    let usual = Case::named("ecdsa-3").rotation();
    let edges = |rotation: &Rotation| -> Vec<_> {
        let edges = rotation.package.matrix.edges.iter();
        edges.map(|edge| (edge.id.clone(), edge.worst(), edge.refused)).collect()
    };
    assert_eq!(edges(&rotation), edges(usual), "the connections are those of workers that are reconfigured");
    let scripts: Vec<String> = rotation.paths().into_iter().filter(|path| path.ends_with("workers/apply.sh")).collect();
    assert_eq!(scripts, ["1-trust-both/workers/apply.sh", "2-switch/workers/apply.sh", "3-drop-old/workers/apply.sh"]);
    assert!(
        rotation.text("3-drop-old/workers/apply.sh").contains("only_part=verify"),
        "phase 3 reads workers' logs alone"
    );
    let manifest = rotation.manifest();
    let steps = manifest["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["id"] == "3-workers").expect("workers have a step in phase 3");
    let command = "sh 3-drop-old/cluster/apply.sh workers";
    assert_eq!((&step["holder"], &step["run"], &step["undo"]), (&"cluster".into(), &command.into(), &"".into()));
    assert_eq!(step["gate"], format!("{command} --check"));
    let runbook = rotation.text("RUNBOOK.md");
    for words in ["kubeadm token create --ttl 24h --print-join-command", "workers (replaced)", "cannot be taken back"] {
        assert!(runbook.contains(words), "{words}");
    }
    let (_, section) = runbook.split_once("### 3-workers: ").expect("the step has a section");
    let section = section.split("\n### ").next().unwrap_or_default();
    assert!(!section.contains("kubelet.conf"), "{section}");

    let server = Server::start("replaced-workers-server");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    let run = |arguments: &[&str]| {
        server.run(&kubectl, &rotation, &[&["3-drop-old/cluster/apply.sh", "workers"][..], arguments].concat())
    };
    node(&server, "cp1", "node-role.kubernetes.io/control-plane: ''", "True");
    node(&server, "old1", "", "Unknown");
    let (passed, said) = run(&["--check"]);
    assert!(!passed && said.contains("NotFound"), "cluster-info comes first: {said}");
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster-info, namespace: kube-public}\ndata: {kubeconfig: new}\n";
    let mut command = server.kubectl();
    command.args(["apply", "--server-side", "--field-manager=airlock", "-f", "-"]);
    assert!(feed(&mut command, yaml.as_bytes()).status.success());
    let (passed, said) = run(&["--check"]);
    assert!(!passed && said.contains("NOT READY: worker old1") && !said.contains("cp1"), "{said}");
    let (passed, said) = run(&["--remove", "old1"]);
    assert!(!passed && said.contains("no worker that joined after step cluster-info is Ready"), "{said}");
    let (passed, said) = run(&["--remove", "old1", "--dry-run"]);
    assert!(!passed && said.contains("add machines first; nothing was removed"), "{said}");

    next_second();
    node(&server, "new1", "", "True");
    let (passed, said) = run(&["--remove", "new1"]);
    assert!(!passed && said.contains("new1 is not a worker that joined before"), "{said}");
    let (passed, said) = run(&["--remove", "cp1"]);
    assert!(!passed && said.contains("cp1 is not a worker that joined before"), "{said}");
    let (passed, said) = run(&["--remove", "old1", "--remove", "cp1"]);
    assert!(!passed && !said.contains("drained"), "every name is verified first: {said}");
    let (passed, said) = run(&["--remove", "old1", "--dry-run"]);
    assert!(passed && said.contains("would drain old1"), "{said}");
    let (passed, said) = run(&["--remove", "old1"]);
    assert!(passed && said.contains("drained old1") && said.contains("deleted the Node old1"), "{said}");
    let (passed, said) = run(&["--remove", "odl1"]);
    assert!(passed && said.contains("there is no Node odl1"), "{said}");
    let (passed, said) = run(&["--check"]);
    assert!(passed, "{said}");
    let mut command = server.kubectl();
    let left = succeed(command.args(["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]));
    assert_eq!(left, "cp1 new1");
    // Its machine still runs, so the kubelet would register the Node again.
    node(&server, "late", "", "True");
    let (passed, said) = run(&["--remove", "late"]);
    assert!(!passed && said.contains("late is not a worker that joined before"), "{said}");
}

/// If workers do not join through cluster-info, the plan refuses the option and says what to do.
#[test]
fn workers_of_other_platforms_are_not_replaced() {
    let request = RotationRequest { workers: Workers::Replace, accept_outage: true, ..RotationRequest::default() };
    let inventory = airlock_core::inspect(fixtures::files("talos/cluster-a/contract-v1.13"), fixtures::now());
    let refusal = airlock_core::plan(&inventory, &request, fixtures::now()).expect_err("it is refused");
    let mut codes = refusal.findings.iter().map(|finding| finding.code.as_str());
    assert!(codes.any(|code| code == "workers-not-replaceable"), "{refusal}");
}
