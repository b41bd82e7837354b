//! Packages carried out on a real cluster: kubeadm's own `init` and `join`, real kubelets, etcd, haproxy, an extension
//! API server and a webhook, clients that connect anew all the time (`cargo xtask lab`).
//!
//! What must hold is judged by `cargo xtask lab run` itself: no request fails without excuse, no kube-apiserver restarts,
//! every node is Ready at the end and two minutes later and has renewed its lease, old credentials are refused; a step
//! that is run again changes and says nothing; what is undone is what there was; what was killed and run again comes to
//! the same bytes as what was not.

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

/// Workers join in each phase, the cluster is its own management cluster, and all of it is watched for two minutes.
#[test]
fn three_control_plane_nodes_rotate_while_workers_join_without_a_failed_request() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let lab = Lab::up("lab-test-three", &["--control-planes", "3", "--workers", "1", "--spares", "5"]);
    let report = lab.rotate(&["--quiet-seconds", "120"]);

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

/// A single control-plane node, where gates count most: every step killed several times and run twice, everything
/// undone, and carried out once more undisturbed.
#[test]
fn what_is_killed_repeated_or_undone_comes_to_the_same_bytes() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let lab = Lab::up("lab-test-one", &["--control-planes", "1", "--workers", "1"]);
    // Longer than a node stays Ready whose kubelet is locked out.
    let report = lab.rotate(&["--twice", "--kill", "--undo", "--quiet-seconds", "60"]);

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

/// A lab that is taken down at the end, however the test ends.
struct Lab {
    directory: PathBuf,
}

impl Lab {
    fn up(name: &str, options: &[&str]) -> Self {
        let lab = Self { directory: root().join("target").join(name) };
        lab.xtask(&["down"]);
        lab.xtask(&[&["up", "--management"], options].concat());
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

    /// Makes a package from what the cluster has, carries it out and gives the report, in which nothing is wrong.
    fn rotate(&self, options: &[&str]) -> Value {
        let package = self.directory.join("rotation.zip");
        let status = Command::new(airlock())
            .args(["package", "--out"])
            .arg(&package)
            .args(["nodes", "clients", "cluster", "management"])
            .current_dir(&self.directory)
            .status()
            .expect("airlock can be started");
        assert!(status.success(), "no package: {status}");
        self.xtask(&[&["run", &package.display().to_string()], options].concat());

        let report = read(&self.directory.join("report.json"));
        assert_eq!(report["problems"], Value::Array(Vec::new()));
        assert_eq!(report["failed"], 0);
        for client in CLIENTS {
            let succeeded = &report["clients"][client]["succeeded"];
            assert!(succeeded.as_u64().is_some_and(|count| count >= 20), "{client}: {succeeded} requests answered");
        }
        report
    }

    /// The ids of those steps of the package that are chosen.
    fn steps(&self, chosen: impl Fn(&Value) -> bool) -> Vec<String> {
        let manifest = read(&self.directory.join("package/manifest.json"));
        let steps = manifest["steps"].as_array().expect("a manifest has steps");
        steps.iter().filter(|step| chosen(step)).map(|step| text(&step["id"])).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A failure here must not hide the test's own.
        let _ = self.command(&["down"]).status();
    }
}

/// The ids of the steps that were carried out or taken back.
fn ids(report: &Value) -> Vec<String> {
    report["steps"].as_array().expect("the report has steps").iter().map(|step| text(&step["id"])).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap_or_else(|| panic!("{list} is no list")).iter().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
