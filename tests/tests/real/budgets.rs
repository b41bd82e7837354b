//! Restarts of workloads and PodDisruptionBudgets: the package's script with the real kubectl and a real API server. There
//! are no controllers: what they would write is written by the test.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use airlock_tests::{
    rotation::{Case, scratch},
    tools::{built, feed, output, succeed},
};

/// An API server and its etcd, which end with the test.
struct Server {
    folder: PathBuf,
    processes: Vec<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    listener.local_addr().expect("it has an address").port()
}

impl Server {
    fn start(label: &str) -> Self {
        let folder = scratch(label);
        let [client, peer, port] = [free_port(), free_port(), free_port()];
        let client = format!("http://127.0.0.1:{client}");
        let mut etcd = Command::new(built("etcd"));
        etcd.args(["--log-level", "panic", "--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}"), "--data-dir"]).arg(folder.join("etcd"));
        let etcd = etcd.stdin(Stdio::null()).spawn().expect("etcd can be started");
        let keys = "openssl genrsa -out sa.key 2048 2>errors && openssl rsa -in sa.key -pubout -out sa.pub 2>>errors";
        succeed(Command::new("sh").args(["-euc", keys]).current_dir(&folder));
        fs::write(folder.join("tokens"), "secret,admin,1,system:masters\n").expect("a file can be written");
        let mut server = Command::new(built("kube-apiserver"));
        server.args(["--bind-address=127.0.0.1", "--service-cluster-ip-range=10.96.0.0/16"]);
        server.args(["--endpoint-reconciler-type=none", "--authorization-mode=AlwaysAllow"]);
        server.args(["--disable-admission-plugins=ServiceAccount", "--service-account-issuer=https://issuer"]);
        server.arg(format!("--secure-port={port}")).arg(format!("--etcd-servers={client}"));
        server.arg(format!("--cert-dir={}", folder.join("certificates").display()));
        for (flag, name) in [
            ("token-auth-file", "tokens"),
            ("service-account-key-file", "sa.pub"),
            ("service-account-signing-key-file", "sa.key"),
        ] {
            server.arg(format!("--{flag}={}", folder.join(name).display()));
        }
        let log = fs::File::create(folder.join("log")).expect("a file can be made");
        let server = server.stdin(Stdio::null()).stderr(log).spawn().expect("kube-apiserver can be started");
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}\nusers:\n- name: a\n  user: {{token: secret}}\ncontexts:\n- name: a\n  context: {{cluster: a, user: a}}\ncurrent-context: a\n"
        );
        fs::write(folder.join("kubeconfig"), kubeconfig).expect("a file can be written");
        let server = Self { folder, processes: vec![etcd, server] };
        let started = Instant::now();
        while !output(server.kubectl().args(["-n", "default", "get", "namespace", "default"])).status.success() {
            assert!(started.elapsed() < Duration::from_secs(120), "the API server is not ready");
            thread::yield_now();
        }
        server
    }

    fn kubectl(&self) -> Command {
        let mut command = Command::new(built("kubectl"));
        command.env("KUBECONFIG", self.folder.join("kubeconfig"));
        command
    }

    fn create(&self, yaml: &str) {
        let output = feed(self.kubectl().args(["create", "-f", "-"]), yaml.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn allow(&self, namespace: &str, budget: &str, number: u32) {
        let patch = format!("{{\"status\":{{\"disruptionsAllowed\":{number}}}}}");
        let mut command = self.kubectl();
        command.args(["-n", namespace, "patch", "poddisruptionbudget", budget, "--subresource=status"]);
        succeed(command.args(["--type=merge", "-p", &patch]));
    }

    /// The step that restarts workloads, with programs of this folder first.
    fn restart(&self, commands: &Path, arguments: &[&str]) -> (bool, String) {
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", commands.display());
        let mut command = Command::new("sh");
        command.args(["1-trust-both/cluster/apply.sh", "pods"]).args(arguments);
        command.current_dir(Case::named("ecdsa-3").rotation().root()).env("PATH", path).env("AIRLOCK_TIMEOUT", "20");
        command.env("KUBECONFIG", self.folder.join("kubeconfig"));
        let Output { status, stdout, stderr } = output(&mut command);
        (status.success(), [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat())
    }

    /// A folder with a kubectl.
    fn commands(&self, label: &str, script: &str) -> PathBuf {
        let folder = self.folder.join(label);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let path = folder.join("kubectl");
        fs::write(&path, script.replace("@KUBECTL@", &built("kubectl").display().to_string()))
            .expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
        folder
    }
}

/// A workload with this many replicas and this much of a strategy, its Pod, and that Pod's labels.
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

/// A shop whose budgets allow less than some of its roll-outs take, and Pods from before kube-root-ca.crt changed.
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
    // With one replica a quarter is no Pod: a second one is started first.
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

/// kubectl as it is.
const AS_IT_IS: &str = "#!/bin/sh\nexec @KUBECTL@ \"$@\"\n";

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

/// A kubectl for which roll-outs end at once. The first one leaves its budget without a disruption for a while, as the
/// controller does until Pods are ready again.
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

/// Two workloads of one budget are never restarted at the same time; those without one are, in one batch.
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
