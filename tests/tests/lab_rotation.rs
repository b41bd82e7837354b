//! Packages carried out on a real cluster: kubeadm's own `init` and `join`, real kubelets, etcd, haproxy, an extension
//! API server and a webhook, clients that connect anew all the time (`cargo xtask lab`).
//!
//! What must hold is judged by `cargo xtask lab run` itself: no request fails without excuse, no kube-apiserver restarts,
//! every node is Ready at the end and two minutes later and has renewed its lease, old credentials are refused.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use airlock_tests::tools::{airlock, root};
use serde_json::Value;

/// One cluster at a time: two would share the machine's two cores.
static MACHINE: Mutex<()> = Mutex::new(());

/// Everything that asks the cluster during a run.
const CLIENTS: [&str; 10] = [
    "aggregated",
    "certificate signed, then used",
    "discovery",
    "kubeconfig of the phase",
    "kubeconfig of the phase before",
    "kubelet",
    "pod",
    "token, trust as it is now",
    "token, trust of the phase's beginning",
    "webhook",
];

#[test]
fn three_control_plane_nodes_and_a_worker_rotate_without_a_failed_request() {
    rotate("lab-test-three", 3, 1);
}

#[test]
fn a_single_control_plane_node_rotates_without_a_failed_request() {
    rotate("lab-test-one", 1, 1);
}

/// A lab that is taken down at the end, however the test ends.
struct Lab {
    directory: PathBuf,
}

impl Lab {
    fn up(name: &str, control_planes: usize, workers: usize) -> Self {
        let lab = Self { directory: root().join("target").join(name) };
        lab.xtask(&["down"]);
        lab.xtask(&["up", "--control-planes", &control_planes.to_string(), "--workers", &workers.to_string()]);
        lab
    }

    fn xtask(&self, arguments: &[&str]) {
        assert!(self.command(arguments).status().expect("cargo can be started").success(), "lab {arguments:?} failed");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["run", "--quiet", "--package", "xtask", "--", "lab"])
            .args(arguments)
            .arg("--directory")
            .arg(&self.directory)
            .current_dir(root())
            .stdin(Stdio::null());
        command
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A failure here must not hide the test's own.
        let _ = self.command(&["down"]).status();
    }
}

/// Makes a package from what the cluster has, carries it out and looks at the report.
fn rotate(name: &str, control_planes: usize, workers: usize) {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let airlock = airlock();
    let lab = Lab::up(name, control_planes, workers);
    let package = lab.path("rotation.zip");
    let status = Command::new(airlock)
        .args(["package", "--out"])
        .arg(&package)
        .args(["nodes", "clients", "cluster"])
        .current_dir(&lab.directory)
        .status()
        .expect("airlock can be started");
    assert!(status.success(), "no package: {status}");

    lab.xtask(&["run", &package.display().to_string()]);

    let report = read(&lab.path("report.json"));
    assert_eq!(report["problems"], Value::Array(Vec::new()));
    assert_eq!(report["failed"], 0);
    for client in CLIENTS {
        let succeeded = &report["clients"][client]["succeeded"];
        assert!(succeeded.as_u64().is_some_and(|count| count >= 20), "{client}: {succeeded} requests answered");
    }
    let steps = report["steps"].as_array().expect("the report has steps").len();
    let manifest = read(&lab.path("package/manifest.json"));
    assert_eq!(steps, manifest["steps"].as_array().expect("a manifest has steps").len());
}

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
