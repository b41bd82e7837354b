//! A real API server with its etcd, and a kube-controller-manager if a test starts one.

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
    rotation::{Rotation, scratch},
    tools::{built, feed, output, succeed},
};

/// A script that runs the real kubectl ([`Server::commands`]).
pub(super) const AS_IT_IS: &str = "#!/bin/sh\nexec @KUBECTL@ \"$@\"\n";

/// The controllers that write a cluster's CA into objects, and the controller that creates the service accounts of
/// namespaces (kubernetes/kubernetes: cmd/kube-controller-manager/names/controller_names.go).
const CONTROLLERS: &str =
    "root-ca-certificate-publisher-controller,serviceaccount-token-controller,serviceaccount-controller";

/// The time limit for a condition.
const DEADLINE: Duration = Duration::from_secs(120);

/// An API server and its etcd, stopped when the value is dropped.
pub(super) struct Server {
    pub(super) folder: PathBuf,
    processes: Vec<Process>,
}

/// A process that is stopped when this value is dropped.
pub(super) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts a program of `target/tools` that logs into this file.
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).expect("a file can be made");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The API server must end before its etcd.
        while let Some(process) = self.processes.pop() {
            drop(process);
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    listener.local_addr().expect("it has an address").port()
}

/// Waits for a condition.
///
/// # Panics
///
/// If it does not hold within [`DEADLINE`]; the message contains the last state.
pub(super) fn wait_for(what: &str, mut condition: impl FnMut() -> Result<(), String>) {
    let started = Instant::now();
    while let Err(said) = condition() {
        assert!(started.elapsed() < DEADLINE, "{what}: not after {DEADLINE:?}: {said}");
        thread::yield_now();
    }
}

impl Server {
    pub(super) fn start(label: &str) -> Self {
        let folder = scratch(label);
        let [client, peer, port] = [free_port(), free_port(), free_port()];
        let client = format!("http://127.0.0.1:{client}");
        let mut etcd = Command::new(built("etcd"));
        etcd.args(["--log-level", "panic", "--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}"), "--data-dir"]).arg(folder.join("etcd"));
        let etcd = Process::start(&mut etcd, &folder.join("etcd.log"));
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
        let server = Process::start(&mut server, &folder.join("log"));
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}\nusers:\n- name: a\n  user: {{token: secret}}\ncontexts:\n- name: a\n  context: {{cluster: a, user: a}}\ncurrent-context: a\n"
        );
        fs::write(folder.join("kubeconfig"), kubeconfig).expect("a file can be written");
        let server = Self { folder, processes: vec![etcd, server] };
        wait_for("the API server is ready", || {
            let output = output(server.kubectl().args(["-n", "default", "get", "namespace", "default"]));
            if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
        });
        server
    }

    /// Starts a kube-controller-manager that publishes this CA file; it is stopped when the value is dropped. `cargo
    /// xtask tools` builds it in the folder of the programs of `cargo xtask lab`.
    pub(super) fn controller_manager(&self, root_ca: &Path) -> Process {
        let mut command = Command::new(built("k8s-1.36/kube-controller-manager"));
        command.args(["--leader-elect=false", "--secure-port=0", &format!("--controllers={CONTROLLERS}")]);
        command.arg(format!("--kubeconfig={}", self.folder.join("kubeconfig").display()));
        command.arg(format!("--service-account-private-key-file={}", self.folder.join("sa.key").display()));
        command.arg(format!("--root-ca-file={}", root_ca.display()));
        Process::start(&mut command, &self.folder.join("kube-controller-manager.log"))
    }

    pub(super) fn kubectl(&self) -> Command {
        let mut command = Command::new(built("kubectl"));
        command.env("KUBECONFIG", self.folder.join("kubeconfig"));
        command
    }

    pub(super) fn create(&self, yaml: &str) {
        let output = feed(self.kubectl().args(["create", "-f", "-"]), yaml.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs a script of the package with the programs of this folder first on `PATH`. Returns whether it succeeded, and
    /// its output.
    pub(super) fn run(&self, commands: &Path, rotation: &Rotation, arguments: &[&str]) -> (bool, String) {
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", commands.display());
        let mut command = Command::new("sh");
        command.args(arguments);
        command.current_dir(rotation.root()).env("PATH", path).env("AIRLOCK_TIMEOUT", "20");
        command.env("KUBECONFIG", self.folder.join("kubeconfig"));
        let Output { status, stdout, stderr } = output(&mut command);
        (status.success(), [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat())
    }

    /// A folder that contains a kubectl.
    pub(super) fn commands(&self, label: &str, script: &str) -> PathBuf {
        let folder = self.folder.join(label);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let path = folder.join("kubectl");
        fs::write(&path, script.replace("@KUBECTL@", &built("kubectl").display().to_string()))
            .expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
        folder
    }
}
