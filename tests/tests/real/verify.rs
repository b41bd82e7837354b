//! `apply.sh verify`: detects TLS errors in logs, and requires two minutes without one.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use airlock_core::plan::RotationRequest;
use airlock_tests::{
    fixtures,
    rotation::{Case, Rotation, TENANT, scratch},
    talos,
    tools::{built, root, succeed},
};

use super::script_faults::{Outcome, Step, disturb, machine, object_steps, starlingx};

/// The commands that a node's script calls to read logs; results of `sleep` and `command -v` decide nothing.
const COMMANDS: [&str; 12] =
    ["awk", "base64", "cat", "date", "gzip", "id", "mktemp", "od", "readlink", "sed", "stat", "tr"];

/// A shell that treats each line of the files below a folder as a separate log: it prints the file's name, a tab, and
/// the connection and peer of the error, or "none".
const EACH_LINE: &str = r#"
    scripts=$1 folder=$2
    . "$scripts/common.sh"
    . "$scripts/verify.sh"
    holder=test scratch=$3 now=1796000000 began=0 zone=+0000 scans=0
    for log in "$folder"/*.log; do
      name=${log##*/}
      name=${name%.log}
      case $name in
        kube-apiserver* | kube-controller-manager* | kube-scheduler* | kubelet) component=${name%%-dist*} ;;
        cloud-controller-manager | static-pod | extension) component=$name ;;
        etcd*) component=etcd ;;
        go-server) component=webhook ;;
        *) component=pod ;;
      esac
      while IFS= read -r line; do
        printf '2026-11-29T20:00:00.5Z stderr F %s\n' "$line" >"$scratch/one"
        : >"$scratch/found"
        scan "$name" "$component" "$scratch/one"
        described=none
        while IFS='	' read -r row source connection peer rest; do
          [ "$row" = end ] || described="$connection	$peer"
        done <"$scratch/found"
        printf '%s\t%s\n' "$name" "$described"
      done <"$log"
    done
"#;

/// Shells and awks that run on nodes. Those that are not installed are skipped; dash and mawk are required.
fn environments(folder: &Path) -> Vec<(String, PathBuf)> {
    let installed = |name: &str| Command::new("sh").args(["-c", "command -v \"$1\"", "sh", name]).output();
    let path = |name: &str| {
        let output = installed(name).expect("sh can be started");
        output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    };
    let mut environments = Vec::new();
    for shell in ["dash", "bash", "busybox"] {
        for awk in ["mawk", "gawk", "original-awk", "busybox"] {
            let (Some(_), Some(program)) = (path(shell), path(awk)) else { continue };
            let commands = folder.join(format!("{shell}-{awk}"));
            fs::create_dir_all(&commands).expect("a folder can be made");
            symlink(program, commands.join("awk")).expect("a link can be made");
            environments.push((shell.to_owned(), commands));
        }
    }
    assert!(environments.iter().any(|(shell, commands)| shell == "dash" && commands.ends_with("dash-mawk")));
    environments
}

/// The classification of each line of a folder of fixtures, equal in each environment.
fn described(kind: &str) -> Vec<(String, String)> {
    described_in(kind, &fixtures::path(&format!("logs/{kind}")))
}

fn described_in(label: &str, logs: &Path) -> Vec<(String, String)> {
    let folder = scratch(&format!("verify-{label}"));
    let mut all: Option<String> = None;
    for (shell, commands) in environments(&folder) {
        let here = folder.join("scratch");
        fs::create_dir_all(&here).expect("a folder can be made");
        let mut command = Command::new(&shell);
        if shell == "busybox" {
            command.arg("sh");
        }
        command.args(["-euc", EACH_LINE, "sh"]).arg(root().join("core/src/package/scripts"));
        command.arg(logs).arg(&here).env("LC_ALL", "C");
        let usual = std::env::var("PATH").expect("there is a PATH");
        let said = succeed(command.env("PATH", format!("{}:{usual}", commands.display())));
        assert!(all.as_ref().is_none_or(|all| *all == said), "{shell} with {}:\n{said}", commands.display());
        all = Some(said);
    }
    let said = all.expect("there is an environment");
    let lines = said.lines().map(|line| line.split_once('\t').expect("a name and what it is"));
    lines.map(|(name, what)| (name.to_owned(), what.to_owned())).collect()
}

/// Every line that a real program logged about a certificate of the wrong CA is detected, with its connection and peer.
#[test]
fn every_tls_error_of_real_programs_is_found() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, what) in described("counted") {
        assert_ne!(what, "none", "a line of {name} is not found");
        let all = found.entry(name).or_default();
        if !all.contains(&what) {
            all.push(what);
        }
    }
    let of = |name: &str| found[name].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("kube-controller-manager-distrusting"), ["kube-controller-manager>kube-apiserver\t127.0.0.1:6443"]);
    // The log of a rejected client does not contain the server's address.
    assert_eq!(of("kube-scheduler-distrusted"), ["kube-scheduler>kube-apiserver\tkube-apiserver"]);
    assert_eq!(of("kube-apiserver-distrusts-etcd"), ["kube-apiserver>etcd\t127.0.0.1:2379"]);
    assert_eq!(of("etcd"), ["kube-apiserver>etcd\t127.0.0.1", "etcd>etcd\t127.0.0.1"]);
    assert_eq!(of("etcd-second-member"), ["etcd>etcd\t127.0.0.1", "etcd>etcd\t127.0.0.1:2380"]);
    assert_eq!(of("go-server"), ["kube-apiserver>webhook\t127.0.0.1"]);
    let apiserver = of("kube-apiserver");
    assert_eq!(apiserver[0], "clients>kube-apiserver\t127.0.0.1");
    assert!(apiserver[1].starts_with("clients>kube-apiserver\tcertificate with serial number "), "{apiserver:?}");
    assert_eq!(apiserver[2], "kube-apiserver>webhook\textension.lab.svc:443");
    let kubelet = of("kubelet");
    assert_eq!(kubelet[0], "kubelet>kube-apiserver\tkube-apiserver");
    assert!(kubelet[1].starts_with("kube-apiserver>kubelet\tcertificate with serial number "), "{kubelet:?}");
    let files = fs::read_dir(fixtures::path("logs/counted")).expect("there are fixtures").count();
    assert_eq!(found.len(), files);
}

/// Lines about starts, clients that end early, HTTP or old TLS versions, and probes of load balancers are not TLS
/// errors.
#[test]
fn harmless_lines_of_real_programs_are_not_counted() {
    let described = described("harmless");
    assert!(described.len() > 40, "{}", described.len());
    let counted: Vec<_> = described.iter().filter(|(_, what)| what != "none").collect();
    assert!(counted.is_empty(), "{counted:?}");
}

/// What each component logs when a server answers 401, or when it cannot use a file of its own, by the Go sources of the
/// release that is named: how each line is made out.
const OF_SOURCES: &[(&str, &str, &str)] = &[
    // k8s.io/client-go v0.25.4 and v0.36.3, tools/leaderelection/leaderelection.go.
    (
        "cloud-controller-manager",
        "E1130 00:00:00.000000       1 leaderelection.go:330] error retrieving resource lock kube-system/cloud-controller-manager: Unauthorized",
        "cloud-controller-manager>kube-apiserver\tkube-apiserver",
    ),
    (
        "cloud-controller-manager",
        "E1130 00:00:00.000000       1 leaderelection.go:323] \"error retrieving resource lock\" err=\"Unauthorized\" lock=\"kube-system/cloud-controller-manager\"",
        "cloud-controller-manager>kube-apiserver\tkube-apiserver",
    ),
    // kube-vip logs by logrus and by slog.
    (
        "static-pod",
        "time=\"2026-11-30T00:00:00Z\" level=error msg=\"error retrieving resource lock kube-system/plndr-cp-lock: Unauthorized\"",
        "static-pod>kube-apiserver\tkube-apiserver",
    ),
    (
        "static-pod",
        "time=2026-11-30T00:00:00.000Z level=ERROR msg=\"failed to update lock\" err=Unauthorized",
        "static-pod>kube-apiserver\tkube-apiserver",
    ),
    (
        "static-pod",
        "E1130 00:00:00.000000       1 leaderelection.go:436] error retrieving resource lock kube-system/x: Get \"https://10.0.0.10:6443/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x?timeout=5s\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "static-pod>kube-apiserver\t10.0.0.10:6443",
    ),
    // k8s.io/client-go v0.36.3, tools/events/event_broadcaster.go; v0.25.4, tools/record/event.go.
    (
        "kube-proxy",
        "E1130 00:00:00.000000       1 event_broadcaster.go:270] \"Server rejected event (will not retry!)\" err=\"Unauthorized\" event=\"default/node.1\"",
        "pod>kube-apiserver\tkube-apiserver",
    ),
    (
        "kube-proxy",
        "E1130 00:00:00.000000       1 event.go:267] Server rejected event '&v1.Event{Reason:\"Starting\"}': 'Unauthorized' (will not retry!)",
        "pod>kube-apiserver\tkube-apiserver",
    ),
    // k8s.io/kubernetes v1.25.4, pkg/util/node/node.go.
    (
        "kube-proxy",
        "E1130 00:00:00.000000       1 node.go:152] Failed to retrieve node info: Unauthorized",
        "pod>kube-apiserver\tkube-apiserver",
    ),
    // k8s.io/apimachinery v0.36.3, pkg/api/errors/errors.go.
    (
        "extension",
        "E1130 00:00:00.000000       1 errors.go:77] \"Unhandled Error\" err=\"the server has asked for the client to provide credentials\"",
        "extension>kube-apiserver\tkube-apiserver",
    ),
    // sigs.k8s.io/controller-runtime, pkg/log/zap in JSON.
    (
        "controller",
        "{\"level\":\"error\",\"ts\":\"2026-11-30T00:00:00Z\",\"msg\":\"Failed to get API Group-Resources\",\"error\":\"Unauthorized\"}",
        "pod>kube-apiserver\tkube-apiserver",
    ),
    // k8s.io/kube-aggregator v0.36.3, pkg/controllers/status/remote/remote_available_controller.go; pkg/controllers/openapi.
    (
        "kube-apiserver",
        "E1130 00:00:00.000000       1 remote_available_controller.go:462] \"Unhandled Error\" err=\"v1beta1.metrics.k8s.io failed with: failing or missing response from https://10.96.1.1:443/apis/metrics.k8s.io/v1beta1: bad status from https://10.96.1.1:443/apis/metrics.k8s.io/v1beta1: 401\"",
        "kube-apiserver>extension\t10.96.1.1:443",
    ),
    (
        "kube-apiserver",
        "E1130 00:00:00.000000       1 controller.go:146] \"Unhandled Error\" err=\"loading OpenAPI spec for \\\"v1beta1.metrics.k8s.io\\\" failed with: failed to download v1beta1.metrics.k8s.io: failed to retrieve openAPI spec, http error: ResponseCode: 401, Body: Unauthorized\"",
        "kube-apiserver>extension\tkube-apiserver",
    ),
    (
        "kube-apiserver",
        "E1130 00:00:00.000000       1 remote_available_controller.go:462] \"Unhandled Error\" err=\"v1beta1.metrics.k8s.io failed with: failing or missing response from https://10.96.1.1:443/apis/metrics.k8s.io/v1beta1: bad status from https://10.96.1.1:443/apis/metrics.k8s.io/v1beta1: 503\"",
        "none",
    ),
    // k8s.io/kubernetes v1.36.3, pkg/controller/certificates/signer/ca_provider.go; k8s.io/client-go v0.36.3, util/cert/pem.go.
    (
        "kube-controller-manager",
        "E1130 00:00:00.000000       1 controllermanager.go:1] \"Error starting controller\" err=\"failed to start certificate controller: error reading CA cert file \\\"/etc/kubernetes/pki/ca.crt\\\": expected 1 certificate, found 2\"",
        "kube-controller-manager>file\t/etc/kubernetes/pki/ca.crt",
    ),
    (
        "kube-controller-manager",
        "E1130 00:00:00.000000       1 controllermanager.go:1] \"Error starting controller\" err=\"error reading CA cert file \\\"/etc/kubernetes/pki/ca.crt\\\": data does not contain any valid RSA or ECDSA certificates\"",
        "kube-controller-manager>file\t/etc/kubernetes/pki/ca.crt",
    ),
    // Go: crypto/tls/tls.go, X509KeyPair.
    (
        "kube-apiserver",
        "E1130 00:00:00.000000       1 tlsconfig.go:181] \"Unhandled Error\" err=\"key failed with : unable to load serving cert: tls: private key does not match public key\"",
        "kube-apiserver>file\tunknown",
    ),
    // k8s.io/kubernetes v1.36.3, pkg/kubelet/log; github.com/containerd/containerd v2.1, core/remotes/docker/resolver.go.
    (
        "kubelet",
        "E1130 00:00:00.000000       1 log.go:32] \"PullImage from image service failed\" err=\"rpc error: code = Unknown desc = failed to pull and unpack image \\\"registry.example:5000/app:1\\\": failed to resolve image: failed to do request: Head \\\"https://registry.example:5000/v2/app/manifests/1\\\": tls: failed to verify certificate: x509: certificate signed by unknown authority\" image=\"registry.example:5000/app:1\"",
        "kubelet>another server\tregistry.example:5000",
    ),
    (
        "kubelet",
        "E1130 00:00:00.000000       1 reflector.go:200] \"Failed to watch\" err=\"failed to list *v1.Node: Get \\\"https://10.0.0.10:6443/api/v1/nodes?limit=500\\\": tls: failed to verify certificate: x509: certificate signed by unknown authority\"",
        "kubelet>kube-apiserver\t10.0.0.10:6443",
    ),
    // k8s.io/apiserver v0.36.3, plugin/pkg/authenticator/token/oidc/oidc.go.
    (
        "kube-apiserver",
        "E1130 00:00:00.000000       1 oidc.go:400] \"Unhandled Error\" err=\"oidc authenticator: initializing plugin: Get \\\"https://issuer.example/.well-known/openid-configuration\\\": tls: failed to verify certificate: x509: certificate signed by unknown authority\"",
        "kube-apiserver>another server\tissuer.example",
    ),
    // rustls 0.23, rustls/src/error.rs; OpenJDK 21, sun/security/validator/PKIXValidator.java and sun/security/ssl/Alert.java;
    // GnuTLS 3.8, lib/cert-session.c.
    ("extension", "ERROR hyper: error accepting: received fatal alert: UnknownCA", "any>extension\tunknown"),
    ("webhook", "Error: Service(HyperError(Connect, \"invalid peer certificate: UnknownIssuer\"))", "any>pod\tunknown"),
    (
        "webhook",
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
        "any>pod\tunknown",
    ),
    ("webhook", "javax.net.ssl.SSLHandshakeException: Received fatal alert: unknown_ca", "any>pod\tunknown"),
    (
        "extension",
        "Status: The certificate is NOT trusted. The certificate issuer is unknown.",
        "any>extension\tunknown",
    ),
    (
        "kubelet",
        "E1130 00:00:00.000000       1 log.go:32] \"PullImage from image service failed\" err=\"failed to authorize: unexpected status: 401 Unauthorized\" image=\"registry.example/app:1\"",
        "none",
    ),
    // Access logs and clients of other servers: no client of kube-apiserver.
    (
        "proxy",
        "192.0.2.7 - - [30/Nov/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 401 12 \"-\" \"curl/8\" 401 Unauthorized",
        "none",
    ),
    (
        "image-updater",
        "level=error msg=\"failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized\"",
        "none",
    ),
];

#[test]
fn refusals_and_errors_of_files_are_made_out_by_component() {
    let folder = scratch("verify-sources");
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, line, what) in OF_SOURCES.iter().copied() {
        files.entry(name).or_default().push_str(&format!("{line}\n"));
        expected.entry(name).or_default().push(what.to_owned());
    }
    for (name, text) in &files {
        fs::write(folder.join(format!("{name}.log")), text).expect("a file can be written");
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, what) in described_in("sources-shells", &folder) {
        found.entry(name).or_default().push(what);
    }
    for (name, whats) in &expected {
        assert_eq!(&found[*name], whats, "{name}");
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(now.as_secs()).expect("seconds fit")
}

/// The time so many seconds ago, as date(1) formats it.
fn ago(seconds: i64, format: &str) -> String {
    let date =
        succeed(Command::new("date").args(["-u", "-d", &format!("@{}", now() - seconds), &format!("+{format}")]));
    date.trim().to_owned()
}

/// A node whose phase 1 began ten minutes ago, with logs as a kubelet stores them: only harmless lines.
struct Node {
    tree: PathBuf,
    name: &'static str,
    environment: Vec<(&'static str, String)>,
}

const PODS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

impl Node {
    fn new(label: &str, name: &'static str) -> Self {
        let tree = scratch(&format!("verify-{label}")).join("tree");
        fs::create_dir_all(&tree).expect("a folder can be made");
        let given = fixtures::path(&format!("kubeadm/ecdsa-3/{name}"));
        succeed(Command::new("cp").arg("-a").arg(given.join(".")).arg(&tree));
        // The time of this machine, since processes have no other.
        let node =
            Self { tree, name, environment: vec![("SHIFT", "-100".to_owned()), ("RUNNING_FOR", "3000".to_owned())] };
        let package = Case::named("ecdsa-3").rotation().manifest()["cluster"].as_str().expect("a name").to_owned();
        let package = Case::named("ecdsa-3")
            .rotation()
            .root()
            .file_name()
            .map_or(package, |name| name.to_string_lossy().into_owned());
        let log = |phase: u8, seconds| {
            let time = ago(seconds, "%Y-%m-%dT%H:%M:%SZ");
            format!("{time}\troot\t{package}\t{phase}\tnode\twrite\t/etc/kubernetes/pki/ca.crt\tabsent\tabsent\tok\n")
        };
        node.write(&format!("var/lib/airlock/{package}/log"), &(log(1, 600) + &log(2, 5)));
        for pod in PODS.iter().filter(|_| name != "worker1") {
            node.write(&node.log(pod), &Self::line(900, "I1122 10:00:00.000000       1 main.go:1] \"Started\""));
        }
        node.write("var/log/kubelet.log", &Self::klog(900, "\"Started\""));
        node
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.tree.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn append(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.tree.join(path)).unwrap_or_default();
        self.write(path, &(before + text));
    }

    /// The log file of a static Pod, at the kubelet's path.
    fn log(&self, pod: &str) -> String {
        format!("var/log/pods/kube-system_{pod}-{}_0123456789abcdef0123456789abcdef/{pod}/0.log", self.name)
    }

    /// A line of a container's log, in containerd's format.
    fn line(seconds: i64, text: &str) -> String {
        format!("{} stderr F {text}\n", ago(seconds, "%Y-%m-%dT%H:%M:%S.123456789Z"))
    }

    fn klog(seconds: i64, text: &str) -> String {
        format!("{} 4711 server.go:1] {text}\n", ago(seconds, "I%m%d %H:%M:%S.000000"))
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    fn step(&self, words: &str) -> Step {
        let holder = if self.name == "worker1" { "workers" } else { "control-plane" };
        let command = format!("sh 1-trust-both/{holder}/apply.sh verify {words}");
        Step {
            id: format!("verify on {}", self.name),
            package: Case::named("ecdsa-3").rotation().root(),
            tree: self.tree.clone(),
            run: command.clone(),
            gate: command,
            commands: COMMANDS.to_vec(),
            environment: self.environment.clone(),
            library: "node",
        }
    }

    /// The output of `apply.sh verify --check`, and whether it passes.
    fn check(&self, words: &str) -> (bool, String) {
        let step = self.step(&format!("--check {words}"));
        let out = self.tree.with_file_name("out");
        let outcome: Outcome = machine(&step, &out, &step.run, "true", &[]);
        let said = fs::read_to_string(out.join("second")).expect("it said something");
        (outcome.codes["second"] == 0, said)
    }
}

/// The line of a kube-apiserver that rejects a client's certificate, and of a kube-scheduler that rejects a server's.
fn lines_of(name: &str) -> Vec<String> {
    let text = fs::read_to_string(fixtures::path(&format!("logs/counted/{name}.log"))).expect("a fixture can be read");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_node_without_tls_errors_passes() {
    for name in ["cp1", "worker1"] {
        let node = Node::new(&format!("quiet-{name}"), name);
        let (passes, said) = node.check("");
        assert!(passes, "{said}");
        for source in PODS.iter().filter(|_| name == "cp1").chain(&["kubelet"]) {
            assert!(said.contains(&format!(" {source}")), "{source} is not named: {said}");
        }
    }
}

/// An error in the last two minutes makes the check fail; the output names its peer and its row of the matrix.
#[test]
fn an_error_in_the_last_two_minutes_does_not_pass() {
    let node = Node::new("loud", "cp1");
    let scheduler = lines_of("kube-scheduler-distrusting").pop().expect("a line");
    node.append(&node.log("kube-scheduler"), &Node::line(30, &scheduler));
    // An error of the previous phase does not count in this one.
    node.append(&node.log("etcd"), &Node::line(700, &lines_of("etcd")[0]));
    let (passes, said) = node.check("");
    assert!(!passes, "{said}");
    assert!(said.contains("kube-scheduler: 1 TLS error in the 10 minutes since the phase began, the last 3"), "{said}");
    let row =
        "peer 127.0.0.1:6443; connection kube-scheduler -> kube-apiserver, in the trust matrix: scheduler-apiserver";
    assert!(said.contains(row), "{said}");
    assert!(said.contains("NOT READY: kube-scheduler: a TLS error 3"), "{said}");
    assert!(!said.contains("etcd:"), "{said}");
    let (passes, said) = node.check("--exclude 'kube-scheduler/127.0.0.1:*'");
    assert!(passes && said.contains("left out by --exclude"), "{said}");
    let (passes, said) = node.check("--exclude 'kube-apiserver/*'");
    assert!(!passes, "{said}");
}

/// Older errors of the phase are printed, and terminal control characters in logs are not.
#[test]
fn an_older_error_is_told_and_harms_no_terminal() {
    let node = Node::new("older", "cp1");
    let hostile = "E1122 10:00:00.000000 1 a.go:1] \x1b]0;owned\x07 Get \"https://192.0.2.7:6443/\x1b[2J\": x509: \u{202e}bad \u{9b}31m";
    node.append(&node.log("kube-controller-manager"), &Node::line(200, hostile).repeat(3));
    let (passes, said) = node.check("");
    assert!(passes, "{said}");
    assert!(said.contains("kube-controller-manager: 3 TLS errors"), "{said}");
    assert!(said.contains("peer 192.0.2.7:6443"), "{said}");
    assert!(said.contains("a.go:1] ?]0;owned? Get"), "{said}");
    assert!(said.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{said:?}");
}

/// Every format in which a container runtime, a journal or a component writes the time.
#[test]
fn errors_are_found_in_every_format_of_logs() {
    let text = "E1122 10:00:00.000000       1 a.go:1] \"Failed\" err=\"x509: certificate signed by unknown authority\"";
    let zone = format!("{}+05:30 stderr F {text}\n", ago(30 - 19_800, "%Y-%m-%dT%H:%M:%S.123456789"));
    let docker = format!(
        "{}\n",
        serde_json::json!({ "log": format!("{text}\n"), "stream": "stderr", "time": ago(30, "%Y-%m-%dT%H:%M:%S.1Z") })
    );
    for (label, line) in [("cri-o", zone), ("docker", docker)] {
        let node = Node::new(&format!("format-{label}"), "cp1");
        node.append(&node.log("kube-apiserver"), &line);
        let (passes, said) = node.check("");
        assert!(!passes && said.contains("kube-apiserver: a TLS error 3"), "{label}: {said}");
    }
    let kubelet = [
        ("klog", Node::klog(30, "err=\"x509: certificate signed by unknown authority\"")),
        (
            "json",
            format!("{{\"ts\":{}000.5,\"caller\":\"a.go:1\",\"msg\":\"Failed\",\"err\":\"x509: bad\"}}\n", now() - 30),
        ),
    ];
    for (label, line) in kubelet {
        let node = Node::new(&format!("format-{label}"), "worker1");
        node.append("var/log/kubelet.log", &line);
        let (passes, said) = node.check("");
        assert!(!passes && said.contains("kubelet: a TLS error 3"), "{label}: {said}");
    }
    // containerd and CRI-O write a line of more than 16 KiB in parts with the tag P; a Docker engine ends its parts without a
    // line break. A log may end with a part.
    let (start, end) =
        (format!("E1122 10:00:00.000000       1 a.go:1] {} err=\"Unauth", "x".repeat(16_000)), "orized\"");
    let time = || ago(30, "%Y-%m-%dT%H:%M:%S.1Z");
    let cri = |stream: &str, tag: &str, text: &str| format!("{} {stream} {tag} {text}\n", time());
    let engine = |text: &str| format!("{}\n", serde_json::json!({ "log": text, "stream": "stderr", "time": time() }));
    let other = cri("stdout", "F", "between the parts of the other stream");
    let split = [
        ("cri", cri("stderr", "P", &start) + &other + &cri("stderr", "F", end)),
        ("cri-end", cri("stderr", "P", &start) + &other + &cri("stderr", "P", end)),
        ("engine", engine(&start) + &engine(&format!("{end}\n"))),
    ];
    for (label, lines) in split {
        let node = Node::new(&format!("format-split-{label}"), "cp1");
        node.append(&node.log("kube-scheduler"), &lines);
        let (passes, said) = node.check("");
        assert!(!passes && said.contains("kube-scheduler: a TLS error 3"), "{label}: {said}");
    }
    // Log files that the kubelet has rotated and compressed.
    let node = Node::new("format-gzip", "cp1");
    let log = node.tree.join(node.log("kube-apiserver"));
    let moved = log.with_file_name("0.log.20261129-201500");
    fs::write(&moved, Node::line(30, text)).expect("a file can be written");
    succeed(Command::new("gzip").arg(&moved));
    let (passes, said) = node.check("");
    assert!(!passes && said.contains("kube-apiserver: a TLS error 3"), "{said}");
}

fn stand_ins() -> String {
    root().join("tests/scripts/logs").display().to_string()
}

/// Without files, the journal and crictl answer.
#[test]
fn the_journal_and_crictl_are_read() {
    let without_files = |label: &str| {
        let node = Node::new(label, "cp1").with("OTHER_COMMANDS", &stand_ins());
        fs::remove_dir_all(node.tree.join("var/log/pods")).expect("a folder can be removed");
        fs::remove_file(node.tree.join("var/log/kubelet.log")).expect("a file can be removed");
        for pod in PODS {
            node.write(&format!("var/log/crictl/{pod}-cp1"), &Node::line(900, "\"Started\"").replace(" stderr F", ""));
        }
        let line = format!("{}.000000 cp1 kubelet[1]: I1122 10:00:00.000000 1 a.go:1] \"Running\"\n", now() - 900);
        node.write("var/log/journal/since", &line);
        node.write("var/log/journal/last", &line);
        node
    };
    let node = without_files("journal-quiet");
    let (passes, said) = node.check("");
    assert!(passes, "{said}");
    let node = without_files("journal-loud");
    let refused = &lines_of("kubelet")[0];
    node.append("var/log/journal/since", &format!("{}.500000 cp1 kubelet[1]: {refused}\n", now() - 30));
    let (passes, said) = node.check("");
    assert!(!passes, "{said}");
    let row = "connection kubelet -> kube-apiserver, in the trust matrix: kubelet-apiserver";
    assert!(said.contains("NOT READY: kubelet: a TLS error 3") && said.contains(row), "{said}");
    let node = without_files("crictl-loud");
    let error = Node::line(30, &lines_of("kube-controller-manager-distrusting")[0]).replace(" stderr F", "");
    node.append("var/log/crictl/kube-controller-manager-cp1", &error);
    let (passes, said) = node.check("");
    assert!(!passes && said.contains("NOT READY: kube-controller-manager: a TLS error 3"), "{said}");
}

/// A log that cannot be read, belongs to another component or is too short proves nothing.
#[test]
fn a_log_that_cannot_be_read_does_not_pass() {
    let fails = |node: &Node, words: &[&str]| {
        let (passes, said) = node.check("");
        assert!(!passes, "{said}");
        for word in words {
            assert!(said.contains(word), "no {word}: {said}");
        }
    };
    let node = Node::new("no-pod-log", "cp1");
    fs::remove_dir_all(node.tree.join("var/log/pods")).expect("a folder can be removed");
    fails(&node, &["FAILED", "etcd", "/var/log/pods", "crictl is not installed"]);
    let node = node.with("OTHER_COMMANDS", &stand_ins());
    fails(&node, &["FAILED", "etcd", "crictl ps shows no container"]);

    let node = Node::new("no-kubelet-log", "worker1").with("OTHER_COMMANDS", &stand_ins());
    fs::remove_file(node.tree.join("var/log/kubelet.log")).expect("a file can be removed");
    fails(&node, &["FAILED", "journalctl --unit=kubelet: No journal files were found.", "AIRLOCK_KUBELET_LOG"]);

    // The journal is empty first and has later lines afterwards: one of the answers is wrong.
    let node = Node::new("empty-journal", "worker1").with("OTHER_COMMANDS", &stand_ins());
    node.write("var/log/journal/since", "");
    node.write("var/log/journal/last", &format!("{}.0 worker1 kubelet[1]: \"Running\"\n", now() - 100));
    fs::remove_file(node.tree.join("var/log/journal/since")).expect("a file can be removed");
    symlink("/dev/null", node.tree.join("var/log/journal/since")).expect("a link can be made");
    fails(&node, &["FAILED", "journalctl --unit=kubelet: empty answer"]);

    let node = Node::new("other-kubelet-log", "worker1").with("AIRLOCK_KUBELET_LOG", "/var/log/other.log");
    let node = node.with("RUNNING_FOR", "200");
    node.write("var/log/other.log", &Node::klog(300, "\"Started\""));
    fails(&node, &["FAILED", "/var/log/other.log ends", "before the kubelet started"]);

    let node = Node::new("short-log", "cp1");
    node.write(&node.log("kube-scheduler"), &Node::line(40, "\"Started\""));
    fails(&node, &["NOT READY", "kube-scheduler: its log begins 4", "two minutes are needed"]);

    let node = Node::new("empty-log", "cp1");
    node.write(&node.log("kube-scheduler"), "");
    let log = node.log("kube-scheduler");
    fails(&node, &["FAILED", &format!("kube-scheduler: its log /{log} is empty"), "--exclude 'kube-scheduler'"]);
    let (passes, said) = node.check("--exclude kube-scheduler");
    assert!(passes && !said.contains("kube-scheduler"), "{said}");

    let node = Node::new("no-times", "cp1");
    node.write(&node.log("kube-scheduler"), "no time\nnone either\n");
    fails(&node, &["FAILED", "kube-scheduler: no line of", "has a time"]);

    let node = Node::new("no-manifest", "cp1");
    fs::remove_file(node.tree.join("etc/kubernetes/manifests/kube-apiserver.yaml")).expect("a file can be removed");
    fails(&node, &["FAILED", "kube-apiserver.yaml does not exist"]);
}

/// A component that does not run logs nothing: it does not pass, whatever its log ends with.
#[test]
fn a_static_pod_that_does_not_run_does_not_pass() {
    // In CrashLoopBackOff: its last words are older than two minutes, and none of its processes runs.
    let node = Node::new("crashes", "cp1").with("DEAD", "kube-controller-manager");
    let words = "E1130 00:00:00.000000       1 controllermanager.go:1] \"Error starting controller\" err=\"error reading CA cert file \\\"/etc/kubernetes/pki/ca.crt\\\": expected 1 certificate, found 2\"";
    node.append(&node.log("kube-controller-manager"), &Node::line(200, words));
    let (passes, said) = node.check("");
    assert!(!passes && said.contains("NOT READY: kube-controller-manager does not run: "), "{said}");
    assert!(said.contains("processes named kube-controller-manager show no running container"), "{said}");
    let of_file = "a file that kube-controller-manager cannot use, /etc/kubernetes/pki/ca.crt; no connection";
    assert!(said.contains(of_file), "{said}");
    let (passes, said) = node.check("--exclude kube-controller-manager");
    assert!(passes && !said.contains("kube-controller-manager"), "{said}");

    // Its log was written last three days ago, whether it runs or not.
    for (label, dead, words) in [
        ("old-log-dead", "kube-scheduler", "NOT READY: kube-scheduler does not run: "),
        ("old-log", "none", "NOT READY: kube-scheduler: its log ends 2"),
    ] {
        let node = Node::new(label, "cp1").with("DEAD", dead);
        let log = node.tree.join(node.log("kube-scheduler"));
        succeed(Command::new("touch").args(["-d", &format!("@{}", now() - 259_200)]).arg(log));
        let (passes, said) = node.check("");
        assert!(!passes && said.contains(words), "{said}");
    }

    let node = Node::new("young", "cp1").with("RUNNING_FOR", "60");
    for pod in PODS {
        node.append(&node.log(pod), &Node::line(30, "\"Started\""));
    }
    let (passes, said) = node.check("");
    for component in PODS.iter().chain(&["kubelet"]) {
        let words = match *component {
            "kubelet" => "NOT READY: kubelet: it has run for 6".to_owned(),
            pod => format!("NOT READY: {pod}: its container {pod} has run for 6"),
        };
        assert!(!passes && said.contains(&words), "{component}: {said}");
    }
}

/// A static Pod in a file of any name, refused every five seconds, is one more client with a kubeconfig of its node.
#[test]
fn every_file_of_the_manifests_folder_is_a_static_pod() {
    let node = |label: &str, seconds: i64| {
        let node = Node::new(label, "cp1");
        let manifest = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: cloud-controller-manager\n  namespace: kube-system\nspec:\n  containers:\n    - name: manager\n      command: [\"/bin/cloud-controller-manager\", \"--kubeconfig=/etc/kubernetes/ccm.conf\"]\n      args:\n      - --v=2\n";
        node.write("etc/kubernetes/manifests/cloud-controller-manager.yml", manifest);
        let words = "E1130 00:00:00.000000       1 leaderelection.go:436] error retrieving resource lock kube-system/cloud-controller-manager: Unauthorized";
        let log = Node::line(900, "\"Started\"") + &Node::line(seconds, words);
        node.write(&node.log("cloud-controller-manager"), &log);
        node
    };
    let (passes, said) = node("yml-quiet", 200).check("");
    assert!(passes && said.contains(" cloud-controller-manager"), "{said}");
    let (passes, said) = node("yml-loud", 30).check("");
    assert!(!passes && said.contains("NOT READY: cloud-controller-manager: a TLS error 3"), "{said}");
    assert!(said.contains("connection cloud-controller-manager -> kube-apiserver, "), "{said}");
    let (passes, said) = node("yml-dead", 200).with("DEAD", "cloud-controller-manager").check("");
    assert!(!passes && said.contains("NOT READY: cloud-controller-manager does not run"), "{said}");

    // What cannot be read does not pass, and can be left out.
    let other = Node::new("json", "cp1");
    other.write(
        "etc/kubernetes/manifests/vip.json",
        "{\"metadata\":{\"name\":\"vip\"},\"spec\":{\"containers\":[{\"name\":\"vip\"}]}}\n",
    );
    let (passes, said) = other.check("");
    assert!(!passes && said.contains("NOT READY: vip: whether its containers run is not known"), "{said}");
    let (passes, said) = other.check("--exclude vip");
    assert!(passes, "{said}");
}

/// Where the image decides which program runs, the container is found by its cgroup or by crictl.
#[test]
fn a_container_is_found_by_its_cgroup() {
    let node = |label: &str| {
        let node = Node::new(label, "cp1");
        let path = "etc/kubernetes/manifests/kube-scheduler.yaml";
        let manifest = fs::read_to_string(node.tree.join(path)).expect("there is a manifest");
        let without = manifest.replace("  - command:\n    - kube-scheduler\n", "  - args:\n");
        assert_ne!(without, manifest);
        node.write(path, &without);
        node
    };
    let (passes, said) = node("cgroup").with("LINKED", "kube-scheduler").with("NODE", "cp1").check("");
    assert!(passes && said.contains(" kube-scheduler"), "{said}");
    let (passes, said) = node("no-cgroup").check("");
    let words = "NOT READY: kube-scheduler does not run: crictl and the cgroups of containers show no running container kube-scheduler";
    assert!(!passes && said.contains(words), "{said}");
}

/// Without `--check` it waits, and no longer than it may.
#[test]
fn it_waits_until_the_logs_are_quiet() {
    let node = Node::new("waits", "cp1").with("AIRLOCK_TIMEOUT", "30");
    node.append(&node.log("etcd"), &Node::line(30, &lines_of("etcd")[0]));
    let step = node.step("");
    let out = node.tree.with_file_name("out");
    let outcome = machine(&step, &out, &step.run, "true", &[]);
    assert_eq!(outcome.codes["second"], 1, "{}", outcome.said);
    assert!(
        outcome.said.contains("FAILED: time-out after 30 s, the logs are not quiet for two minutes: etcd"),
        "{}",
        outcome.said
    );
}

/// Each of its commands fails in turn: no failure counts as a log without errors.
#[test]
fn logs_of_a_node() {
    let steps = ["cp1", "worker1"].map(|name| Node::new(&format!("faults-{name}"), name).step("--check"));
    disturb("script-faults-logs", steps.into());
    let node = Node::new("faults-journal", "worker1").with("OTHER_COMMANDS", &stand_ins());
    fs::remove_file(node.tree.join("var/log/kubelet.log")).expect("a file can be removed");
    let line = format!("{}.0 worker1 kubelet[1]: I1122 10:00:00.000000 1 a.go:1] \"Running\"\n", now() - 900);
    node.write("var/log/journal/since", &line);
    node.write("var/log/journal/last", &line);
    let mut step = node.step("--check");
    step.commands.push("journalctl");
    disturb("script-faults-journal", vec![step]);
}

/// The scripts of a holder that only reads logs do nothing else.
#[test]
fn a_script_that_reads_logs_does_nothing_else() {
    let node = Node::new("only", "cp1");
    for (words, code) in [("--undo", 2), ("--dry-run", 2), ("--status", 2), ("kubelet --check", 2)] {
        let mut step = node.step("");
        step.run = format!("sh 1-trust-both/control-plane/apply.sh {words}");
        let out = node.tree.with_file_name("out");
        let outcome = machine(&step, &out, &step.run, "true", &[]);
        assert_eq!(outcome.codes["second"], code, "{words}: {}", outcome.said);
    }
}

/// A cluster whose Pods log these lines, and the result of `apply.sh verify` in phase 1.
fn check_cluster(label: &str, rotation: &Rotation, files: &[(&str, &str)], step: &str) -> (bool, String) {
    check_of(label, rotation, files, &format!("cluster/apply.sh {step}"))
}

/// The time so many seconds ago, by the clock of the machine on which scripts run.
fn at_fixture(ago: i64) -> String {
    let time = format!("@{}", fixtures::now().0 + 100 - ago);
    succeed(Command::new("date").args(["-u", "-d", &time, "+%Y-%m-%dT%H:%M:%S.5Z"])).trim().to_owned()
}

fn check_of(label: &str, rotation: &Rotation, files: &[(&str, &str)], script: &str) -> (bool, String) {
    let folder = scratch(&format!("verify-cluster-{label}"));
    let tree = folder.join("tree");
    let state = tree.join("var/lib/standin");
    fs::create_dir_all(&state).expect("a folder can be made");
    for (name, text) in files {
        fs::write(state.join(name), text).expect("a file can be written");
    }
    let published = rotation.phase(1).join("workers/ca.crt").display().to_string();
    let step = Step {
        id: label.to_owned(),
        package: rotation.root(),
        tree,
        run: format!("sh 1-trust-both/{script}"),
        gate: "true".to_owned(),
        commands: Vec::new(),
        environment: vec![("PUBLISHED", published)],
        library: "cluster",
    };
    let out = folder.join("out");
    let outcome = machine(&step, &out, &step.run, "true", &[]);
    (outcome.codes["second"] == 0, fs::read_to_string(out.join("second")).expect("it said something"))
}

/// Logs of the cluster: kube-proxy, CoreDNS, extension API servers and webhooks.
#[test]
fn logs_of_pods_are_read_through_kubectl() {
    let rotation = Case::named("ecdsa-3").rotation();
    let at = at_fixture;
    let (passes, said) = check_cluster("quiet", rotation, &[], "verify --check");
    assert!(passes, "{said}");
    for pod in ["kube-system/Pod/coredns-1", "kube-system/Pod/kube-proxy-1", "lab/Pod/extension-1"] {
        assert!(said.contains(pod), "{pod}: {said}");
    }
    assert!(!said.contains("kube-proxy-0"), "{said}");
    assert!(
        said.contains("read this log yourself: the webhook at https://192.0.2.8/validate is outside the cluster"),
        "{said}"
    );
    assert!(said.contains("read this log yourself: the Service lab/elsewhere (webhook) has no Pods"), "{said}");

    let started = format!("{} Started\n", at(4000));
    let loud = format!("{started}{} {}\n", at(40), lines_of("go-server")[2]);
    let (passes, said) = check_cluster("loud", rotation, &[("log.extension-1", &loud)], "verify --check");
    assert!(!passes, "{said}");
    let row = "connection kube-apiserver -> extension, in the trust matrix: aggregator-extension";
    assert!(said.contains("NOT READY: lab/Pod/extension-1: a TLS error") && said.contains(row), "{said}");
    let (passes, said) =
        check_cluster("left-out", rotation, &[("log.extension-1", &loud)], "verify --check --exclude 'lab/Pod/*'");
    assert!(passes && !said.contains("extension-1"), "{said}");
    let (passes, said) = check_cluster(
        "peer",
        rotation,
        &[("log.extension-1", &loud)],
        "verify --check --exclude 'lab/Pod/extension-1/127.0.0.1'",
    );
    assert!(passes && said.contains("left out by --exclude"), "{said}");

    let token = format!("{started}{} {}\n", at(40), lines_of("kube-scheduler-distrusting")[1]);
    let (passes, said) = check_cluster("coredns", rotation, &[("log.coredns-1", &token)], "verify --check");
    assert!(!passes && said.contains("pod -> kube-apiserver, in the trust matrix: pods-apiserver"), "{said}");

    let young = at(40).replace(".5Z", "Z");
    let (passes, said) = check_cluster("young", rotation, &[("started.coredns-1", &young)], "verify --check");
    assert!(!passes && said.contains("NOT READY: kube-system/Pod/coredns-1: its log begins"), "{said}");

    let (passes, said) = check_cluster("empty", rotation, &[("log.coredns-1", "")], "verify --check");
    assert!(!passes && said.contains("kubectl -n kube-system logs coredns-1: empty answer"), "{said}");
}

/// Service account token Secrets must contain the phase's CAs before the phase continues.
#[test]
fn token_secrets_are_waited_for() {
    let rotation = Case::named("ecdsa-3").rotation();
    let encoded = |path: PathBuf| succeed(Command::new("base64").arg("-w0").arg(path)).trim().to_owned();
    let both = encoded(rotation.phase(1).join("workers/ca.crt"));
    let old = encoded(fixtures::path("kubeadm/ecdsa-3/worker1/etc/kubernetes/pki/ca.crt"));
    let check =
        |label: &str, secrets: &str| check_cluster(label, rotation, &[("token-secrets", secrets)], "published --check");
    let (passes, said) = check("both", &format!("default/robot||{both}\nci/builder||{both}\n"));
    assert!(passes, "{said}");
    let (passes, said) = check("none", "");
    assert!(passes, "{said}");
    let (passes, said) = check("leaving", &format!("default/robot||{both}\nci/builder|2026-11-22T01:00:00Z|{old}\n"));
    assert!(passes, "{said}");
    let (passes, said) = check("stale", &format!("default/robot||{both}\nci/builder||{old}\n"));
    assert!(!passes && said.contains("ca.crt of the Secret ci/builder has other CAs"), "{said}");
    let (passes, said) = check("no-ca", &format!("ci/builder||\ndefault/robot||{both}\n"));
    assert!(!passes && said.contains("the Secret ci/builder has no ca.crt"), "{said}");
    let (passes, said) = check("no-base64", "ci/builder||%%%\n");
    assert!(!passes && said.contains("base64 -d"), "{said}");
}

/// A tenant's management cluster whose Pods log these lines, and the result of the check of its logs in phase 1.
fn check_tenant(label: &str, files: &[(&str, &str)], words: &str) -> (bool, String) {
    check_of(label, TENANT.rotation(), files, &format!("management/apply.sh verify-control-plane {words}"))
}

/// The script reads the containers of a tenant's Pods one by one, each with its connections.
#[test]
fn logs_of_a_tenant_s_control_plane_are_read() {
    let (passes, said) = check_tenant("tenant-quiet", &[], "--check");
    assert!(passes, "{said}");
    let containers = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "konnectivity-server"];
    for container in containers {
        assert!(said.contains(&format!("tenants/Pod/alpha-1/{container}")), "{container}: {said}");
    }

    let started = format!("{} Started\n", at_fixture(4000));
    let loud = |fixture: &str| format!("{started}{} {}\n", at_fixture(40), lines_of(fixture)[0]);
    for (container, fixture, row) in [
        ("kube-apiserver", "kube-apiserver", "clients -> kube-apiserver"),
        (
            "kube-controller-manager",
            "kube-controller-manager-distrusting",
            "kube-controller-manager -> kube-apiserver, in the trust matrix: controller-manager-apiserver",
        ),
        ("konnectivity-server", "kube-scheduler-distrusted", "connection konnectivity-server -> kube-apiserver"),
    ] {
        let file = format!("log.alpha-1.{container}");
        let (passes, said) = check_tenant(&format!("tenant-{container}"), &[(&file, &loud(fixture))], "--check");
        assert!(!passes && said.contains(row), "{container}: {said}");
        assert!(said.contains(&format!("NOT READY: tenants/Pod/alpha-1/{container}: a TLS error 4")), "{said}");
    }
    let files = fixtures::all(&["kamaji/alpha", "kamaji/alpha-konnectivity"]);
    let rotation = Rotation::of(files, &RotationRequest::default(), "verify-konnectivity");
    let text = rotation.text("lib-cluster.sh");
    assert!(text.contains("'konnectivity-server>kube-apiserver') rows='konnectivity-apiserver' ;;"));

    let file = [("log.alpha-1.kube-apiserver", &*loud("kube-apiserver"))];
    let (passes, said) = check_tenant("tenant-peer", &file, "--check --exclude '*/kube-apiserver/127.0.0.1'");
    assert!(passes && said.contains("left out by --exclude"), "{said}");
    let (passes, said) = check_tenant("tenant-left-out", &file, "--check --exclude '*/kube-apiserver'");
    assert!(passes && !said.contains("alpha-1/kube-apiserver"), "{said}");

    for (label, pods, words) in [
        ("none", "", "the Deployment tenants/alpha has no Pod that runs"),
        ("evicted", "alpha-0|Failed|kube-apiserver ", "the Deployment tenants/alpha has no Pod that runs"),
        ("pending", "alpha-1|Pending|kube-apiserver ", "alpha-1 is Pending instead of Running"),
        ("fewer", "alpha-1|Running|kube-apiserver kube-scheduler ", "has no container kube-controller-manager"),
    ] {
        let (passes, said) = check_tenant(&format!("tenant-{label}"), &[("tenant-pods", pods)], "--check");
        assert!(!passes && said.contains("FAILED") && said.contains(words), "{label}: {said}");
    }
    let (passes, said) = check_tenant("tenant-waiting", &[("started.alpha-1", "")], "--check");
    assert!(!passes && said.contains("alpha-1/kube-apiserver does not run"), "{said}");
    let (passes, said) = check_tenant("tenant-empty", &[("log.alpha-1.kube-scheduler", "")], "--check");
    assert!(!passes && said.contains("logs alpha-1 --container=kube-scheduler: empty answer"), "{said}");
}

/// Each kubectl call fails in turn, for one container: the same code reads the others.
#[test]
fn logs_of_a_tenant() {
    let left_out = "--exclude '*/kube-[cs]*' --exclude '*/konnectivity-server'";
    let mut steps = object_steps(TENANT.rotation(), "management", "script-faults-tenant");
    steps.retain(|step| step.id == "management 1-verify-control-plane");
    assert_eq!(steps.len(), 1);
    steps[0].run.push_str(&format!(" {left_out}"));
    steps[0].gate.push_str(&format!(" {left_out}"));
    steps[0].commands = vec!["kubectl"];
    disturb("script-faults-tenant-logs", steps);
}

/// A step that reads the logs of one control-plane machine and one worker.
fn machine_step(label: &str, files: &[(&str, &str)], words: &str) -> Step {
    let rotation = talos::to_the_fixtures_cas("1.13", &talos::APIS.map(|(id, _)| id));
    let folder = scratch(&format!("verify-machines-{label}"));
    let [tree, programs] = ["machines", "programs"].map(|name| folder.join(name));
    let state = tree.join("var/lib/standin");
    for folder in [&state, &programs] {
        fs::create_dir_all(folder).expect("a folder can be made");
    }
    symlink(built("talos"), programs.join("talosctl")).expect("a link can be made");
    for (address, role) in [("10.5.1.2", "controlplane"), ("10.5.1.4", "worker")] {
        fs::write(state.join(format!("{address}.yaml")), talos::base("1.13", role)).expect("a machine is made");
    }
    fs::write(state.join("10.5.1.4.handed"), talos::base("1.13", "controlplane")).expect("it was told");
    for (name, text) in files {
        fs::write(state.join(name), text).expect("a file can be written");
    }
    let own = folder.join("talosconfig");
    fs::write(&own, talos::read("cluster-a/contract-v1.13/talosconfig")).expect("a person has a talosconfig");
    let run = format!("sh 1-trust-both/cluster/apply.sh verify-machines {words}");
    Step {
        id: format!("machines {label}"),
        package: rotation.root(),
        tree,
        run: run.clone(),
        gate: run,
        commands: vec!["sed", "talosctl"],
        environment: vec![
            ("OTHER_COMMANDS", programs.display().to_string()),
            ("TALOS_MACHINES", "/var/lib/standin".to_owned()),
            ("TALOS_TIME", talos::now().0.to_string()),
            ("TALOSCONFIG", own.display().to_string()),
            ("AIRLOCK_CONTROL_PLANE", "10.5.1.2".to_owned()),
            ("AIRLOCK_WORKERS", "10.5.1.4".to_owned()),
        ],
        library: "talos",
    }
}

fn check_machines(label: &str, files: &[(&str, &str)], words: &str) -> (bool, String) {
    let step = machine_step(label, files, &format!("--check {words}"));
    let out = step.tree.with_file_name("out");
    let outcome = machine(&step, &out, &step.run, "true", &[]);
    (outcome.codes["second"] == 0, fs::read_to_string(out.join("second")).expect("it said something"))
}

/// Every Talos service in its own log format, and static Pods: each error belongs to its connection.
#[test]
fn logs_of_machines_are_read_through_talosctl() {
    let (passes, said) = check_machines("quiet", &[], "");
    assert!(passes, "{said}");
    for source in ["2/apid", "2/etcd", "2/trustd", "2/kube-apiserver", "2/kube-scheduler", "4/kubelet", "4/machined"] {
        let source = format!("10.5.1.{}", source.replace("machined", "controller-runtime"));
        assert!(said.contains(&source), "{source}: {said}");
    }
    assert!(!said.contains("10.5.1.4/trustd"), "{said}");

    // The machines' clock shows the fixtures' time.
    let at = |format: &str| {
        let time = format!("@{}", fixtures::now().0 + 100 - 40);
        succeed(Command::new("date").args(["-u", "-d", &time, &format!("+{format}")])).trim().to_owned()
    };
    let unknown = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    let handshake = "rpc error: code = Unavailable desc = connection error: desc = \\\"transport: authentication handshake failed: ";
    let manager = &lines_of("kube-controller-manager-distrusting")[0];
    for (machine, service, line, row) in [
        (
            "10.5.1.2",
            "apid",
            format!("{} main.go:9: {handshake}{unknown}", at("%Y/%m/%d %H:%M:%S.123456")),
            "apid -> apid, in the trust matrix: apid-apid, apid-worker-apid",
        ),
        (
            "10.5.1.4",
            "kubelet",
            format!(
                "{{\"ts\":{}000.5,\"caller\":\"a.go:1\",\"msg\":\"Failed\",\"err\":\"Get \\\"https://10.5.1.2:6443/api\\\": {unknown}\"}}",
                at("%s")
            ),
            "peer 10.5.1.2:6443; connection kubelet -> kube-apiserver, in the trust matrix: talos-kubelet-apiserver",
        ),
        (
            "10.5.1.4",
            "controller-runtime",
            format!(
                "{} \x1b[31mERROR\x1b[0m controller failed {{\"controller\": \"secrets.APIController\", \"error\": \"{handshake}{unknown}\"}}",
                at("%Y-%m-%dT%H:%M:%S.123Z")
            ),
            "machined -> trustd, in the trust matrix: worker-trustd",
        ),
        (
            "10.5.1.2",
            "kube-controller-manager",
            format!("{} stderr F {manager}", at("%Y-%m-%dT%H:%M:%S.123456789Z")),
            "connection kube-controller-manager -> kube-apiserver, in the trust matrix: talos-controller-manager-apiserver",
        ),
    ] {
        let old = format!("{}\n", at("2026-11-21T%H:%M:%S.5Z stderr F old"));
        let (passes, said) =
            check_machines(service, &[(&format!("{machine}.log.{service}"), &format!("{old}{line}\n"))], "");
        assert!(!passes && said.contains(row), "{service}: {said}");
        assert!(said.contains(&format!("NOT READY: {machine}/{service}: a TLS error 4")), "{service}: {said}");
    }
}

/// A log that talosctl does not print, or that is too short, proves nothing.
#[test]
fn a_log_of_a_machine_that_cannot_be_read_does_not_pass() {
    let young = format!("{} stderr F Started\n", at_fixture(40));
    for (label, file, text, words) in [
        (
            "error",
            "10.5.1.2.error.trustd",
            "rpc error: code = Unknown desc = no such log",
            "ERROR: rpc error: code = Unknown",
        ),
        (
            "empty",
            "10.5.1.4.log.kubelet",
            "",
            "empty answer; if it writes no log, leave it out with --exclude '10.5.1.4/kubelet'",
        ),
        ("no-times", "10.5.1.2.log.etcd", "no time\n", "10.5.1.2/etcd: no line of"),
        ("short", "10.5.1.2.log.kube-scheduler", &young, "NOT READY: 10.5.1.2/kube-scheduler: its log begins 4"),
        (
            "no-containers",
            "10.5.1.2.containers",
            "NODE NAMESPACE ID IMAGE PID STATUS\n",
            "no container of kube-apiserver runs on 10.5.1.2",
        ),
    ] {
        let (passes, said) = check_machines(label, &[(file, text)], "");
        assert!(!passes && said.contains(words), "{label}: {said}");
    }
    let empty = [("10.5.1.2.log.trustd", "")];
    let (passes, said) = check_machines("left-out", &empty, "--exclude '*/trustd'");
    assert!(passes && !said.contains("trustd"), "{said}");
}

/// A service that does not run, or that has only just started, logs no error.
#[test]
fn a_service_of_a_machine_that_does_not_run_does_not_pass() {
    for (file, state, words) in [
        (
            "10.5.1.4.state.kubelet",
            "Waiting   ?        12m1s ago     Error running Containerd(kubelet), going to restart forever",
            "NOT READY: 10.5.1.4/kubelet does not run: its state is Waiting (talosctl services)",
        ),
        (
            "10.5.1.2.state.trustd",
            "Running   OK       1m3s ago      Health check successful",
            "NOT READY: 10.5.1.2/trustd: its state changed 1m3s ago; two minutes are needed",
        ),
    ] {
        let (passes, said) = check_machines("state", &[(file, state)], "");
        assert!(!passes && said.contains(words), "{said}");
        let source = words.split([' ', ':']).find(|word| word.contains('/')).expect("a source");
        let (passes, said) = check_machines("state-left-out", &[(file, state)], &format!("--exclude {source}"));
        assert!(passes, "{said}");
    }
}

/// Every answer of talosctl fails in turn, for one machine and one log of each kind: the others are read by the same lines.
#[test]
fn logs_of_machines() {
    let words = "--check --exclude '*/apid' --exclude '*/etcd' --exclude '*/trustd' --exclude '*/controller-runtime' --exclude '*/kube-[cs]*'";
    let mut step = machine_step("faults", &[], words);
    step.environment.retain(|(name, _)| *name != "AIRLOCK_WORKERS");
    step.environment.push(("AIRLOCK_WORKERS", String::new()));
    disturb("script-faults-machine-logs", vec![step]);
}

/// On StarlingX hosts, each phase's scripts read the same logs; the phase begins when the platform's tool changes the
/// host.
#[test]
fn logs_of_a_starlingx_host_are_read_since_the_tool_changed_it() {
    let (package, manifest) = starlingx(&scratch("verify-starlingx-package"));
    let steps = manifest["steps"].as_array().expect("steps");
    for id in ["verify-nodes", "verify-workers", "verify"] {
        for phase in 1..=3 {
            let step = steps.iter().find(|step| step["id"] == format!("{phase}-{id}"));
            let gate = step.unwrap_or_else(|| panic!("no {phase}-{id}"))["gate"].as_str().expect("a gate");
            assert!(gate.ends_with("apply.sh verify --check"), "{gate}");
        }
    }
    let check = |label: &str, seconds: &[i64]| {
        let node = Node::new(&format!("starlingx-{label}"), "cp1");
        let authority = node.tree.join("etc/kubernetes/pki/ca.crt");
        succeed(Command::new("touch").args(["-d", &format!("@{}", now() - 600)]).arg(authority));
        for ago in seconds {
            let error = lines_of("kube-scheduler-distrusting").pop().expect("a line");
            node.append(&node.log("kube-scheduler"), &Node::line(*ago, &error));
        }
        let step = Step { package: package.clone(), ..node.step("--check") };
        let out = node.tree.with_file_name("out");
        let outcome = machine(&step, &out, &step.run, "true", &[]);
        (outcome.codes["second"] == 0, outcome.said)
    };
    let (passes, said) = check("quiet", &[700]);
    assert!(passes && !said.contains("TLS error"), "{said}");
    let (passes, said) = check("older", &[700, 300]);
    assert!(passes && said.contains("kube-scheduler: 1 TLS error in the 10 minutes since the phase began"), "{said}");
    let (passes, said) = check("loud", &[30]);
    assert!(!passes && said.contains("NOT READY: kube-scheduler: a TLS error 3"), "{said}");
    assert!(said.contains("in the trust matrix: scheduler-apiserver"), "{said}");
}
