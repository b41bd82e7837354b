//! The scripts of workers whose files were not provided, on the machine that `tests/scripts` creates: what the kubelet's
//! flags and configuration say there, and what a run that failed leaves to be done.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use airlock_core::RotationRequest;
use airlock_tests::{
    fixtures,
    rotation::{Rotation, scratch},
};

use super::script_faults::{NODE_COMMANDS, Step, machine, renewed, steps};

const CLIENT_CA: &str = "etc/kubernetes/tls/clients.crt";
const KUBECONFIG: &str = "etc/kubernetes/kubelet.conf";
const CONFIG: &str = "var/lib/kubelet/config.yaml";

struct Worker {
    folder: PathBuf,
    rotation: Rotation,
}

impl Worker {
    /// A package for `kubeadm/ecdsa-3`, made without the files of `worker1`.
    fn new(label: &str) -> Self {
        let mut files = fixtures::files("kubeadm/ecdsa-3");
        files.retain(|file| !file.path.contains("worker1"));
        let rotation = Rotation::of(files, &RotationRequest::default(), &format!("kubelet-settings-{label}"));
        Self { folder: scratch(&format!("kubelet-settings-machine-{label}")), rotation }
    }

    /// The files of `worker1` on disk, and the workers' steps on them.
    fn steps(&self) -> Vec<Step> {
        let tree = self.folder.join("tree");
        fixtures::copy(&fixtures::path("kubeadm/ecdsa-3/worker1"), &tree);
        let environment = [("RENEWED", renewed(&self.rotation, "worker1", &self.folder).display().to_string())];
        steps(&self.rotation, "workers", &tree, &NODE_COMMANDS, &environment, "node")
    }

    /// Runs a command of a step. Returns the tree afterwards, whether the command succeeded, and its output.
    fn run(&self, step: &Step, run: &str, label: &str, environment: &[(&str, String)]) -> (PathBuf, bool, String) {
        let extra = [&[("KEEP", "yes".to_owned())][..], environment].concat();
        let outcome = machine(step, &self.folder.join(format!("out-{label}")), run, "true", &extra);
        (outcome.folder.join("after"), outcome.codes["second"] == 0, outcome.said)
    }

    /// The bundle of a phase for workers.
    fn bundle(&self, phase: usize) -> Vec<u8> {
        fs::read(self.rotation.phase(phase).join("workers/ca.crt")).expect("a package has it")
    }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
    fs::write(path, bytes).expect("a file can be written");
}

/// A kubelet's CA file for clients is where its flag, a drop-in or its configuration says, in YAML or JSON
/// (kubernetes/kubernetes: cmd/kubelet/app/server.go, `BuildAuth` and `mergeKubeletConfigurations`, which reads subfolders);
/// a flag may come from a file that the unit names (systemd.exec(5)). A kubeconfig may name its CA file. Where that is another file than the cluster CA's,
/// the script stops before it changes anything, in each phase, until the file has the phase's CAs.
#[test]
fn a_client_ca_file_elsewhere_is_found_before_anything_changes() {
    let config = fs::read_to_string(fixtures::path("kubeadm/ecdsa-3/worker1").join(CONFIG)).expect("it is UTF-8");
    let kind = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let own = config.replace("/etc/kubernetes/pki/ca.crt", &format!("\"/{CLIENT_CA}\" # of our own"));
    assert_ne!(own, config);
    let none = config.replace("    clientCAFile: /etc/kubernetes/pki/ca.crt\n", "");
    let json = format!(
        "{{\"apiVersion\":\"kubelet.config.k8s.io/v1beta1\",\"kind\":\"KubeletConfiguration\",\"rotateCertificates\":true,\"authentication\":{{\"x509\":{{\"clientCAFile\":\"/{CLIENT_CA}\"}}}}}}"
    );
    let kubeconfig =
        fs::read_to_string(fixtures::path("kubeadm/ecdsa-3/worker1").join(KUBECONFIG)).expect("it is UTF-8");
    let lines = kubeconfig.lines().map(|line| match line.split_once("certificate-authority-data:") {
        Some((indent, _)) => format!("{indent}certificate-authority: \"/{CLIENT_CA}\"\n"),
        None => format!("{line}\n"),
    });
    let named: String = lines.collect();
    let flags = |flags: &str| format!("KUBELET_KUBEADM_ARGS=\"--node-ip=192.0.2.21 {flags}\"\n");
    let cases = [
        ("field", vec![(CONFIG, own)]),
        ("json", vec![(CONFIG, json)]),
        ("flag", vec![("var/lib/kubelet/kubeadm-flags.env", flags(&format!("--client-ca-file /{CLIENT_CA}")))]),
        (
            "unit",
            vec![
                (
                    "etc/systemd/system/kubelet.service",
                    "[Service]\nEnvironmentFile=-/etc/kubernetes/kubelet.env\nExecStart=/usr/bin/kubelet $ARGS\n"
                        .to_owned(),
                ),
                ("etc/kubernetes/kubelet.env", format!("ARGS=\"--client-ca-file=/{CLIENT_CA}\"\n")),
            ],
        ),
        ("kubeconfig", vec![(KUBECONFIG, named)]),
        (
            "drop-in",
            vec![
                (CONFIG, none),
                ("var/lib/kubelet/kubeadm-flags.env", flags("--config-dir=/etc/kubernetes/kubelet.conf.d")),
                (
                    "etc/kubernetes/kubelet.conf.d/site/10.conf",
                    format!("{kind}authentication:\n  x509: {{clientCAFile: /{CLIENT_CA}}}\n"),
                ),
            ],
        ),
    ];
    for (label, edits) in cases {
        let worker = Worker::new(label);
        let mut steps = worker.steps();
        let tree = steps[0].tree.clone();
        for (path, text) in edits {
            write(&tree.join(path), text);
        }
        let old = fs::read(tree.join("etc/kubernetes/pki/ca.crt")).expect("a worker has it");
        write(&tree.join(CLIENT_CA), &old);

        let (after, worked, said) = worker.run(&steps[0], &steps[0].run, "1-old", &[]);
        assert!(!worked && said.contains(&format!("by /{CLIENT_CA}, which")), "{label}: {said}");
        assert!(said.contains("nothing was changed") && !said.contains("wrote"), "{label}: {said}");
        assert_eq!(fs::read(after.join("etc/kubernetes/pki/ca.crt")).ok(), Some(old), "{label}");

        let mut tree = after;
        for (number, step) in (1..).zip(&mut steps) {
            step.tree.clone_from(&tree);
            let (_, worked, said) = worker.run(step, &step.run, &format!("{number}-before"), &[]);
            // What was right for phase 1 is right for phase 2: its bundle only has another order.
            assert_eq!(worked, number == 2, "{label}: {said}");
            write(&tree.join(CLIENT_CA), worker.bundle(number));
            let (after, worked, said) = worker.run(step, &step.run, &format!("{number}"), &[]);
            assert!(worked, "{label}: {said}");
            step.tree.clone_from(&after);
            let (_, worked, said) = worker.run(step, &step.gate, &format!("{number}-check"), &[]);
            assert!(worked, "{label}: {said}");
            write(&after.join(CLIENT_CA), "");
            let (_, worked, said) = worker.run(step, &step.gate, &format!("{number}-check-empty"), &[]);
            assert!(
                !worked && said.contains(&format!("by /{CLIENT_CA}, which this package does not change")),
                "{label}: {said}"
            );
            write(&after.join(CLIENT_CA), worker.bundle(number));
            tree = after;
        }
    }
}

/// The script changes kubelet.conf: a kubelet with another kubeconfig would lose its API server.
#[test]
fn a_kubeconfig_of_another_name_is_refused() {
    let worker = Worker::new("kubeconfig-elsewhere");
    let mut steps = worker.steps();
    let tree = steps[0].tree.clone();
    let kubeconfig = fs::read(tree.join(KUBECONFIG)).expect("a worker has it");
    write(&tree.join("var/lib/kubelet/kubeconfig"), &kubeconfig);
    let flags = "KUBELET_KUBEADM_ARGS=\"--kubeconfig=/var/lib/kubelet/kubeconfig\"\n";
    write(&tree.join("var/lib/kubelet/kubeadm-flags.env"), flags);
    let (after, worked, said) = worker.run(&steps[0], &steps[0].run, "1", &[]);
    assert!(!worked && said.contains("reads the kubeconfig /var/lib/kubelet/kubeconfig"), "{said}");
    assert_eq!(fs::read(after.join(KUBECONFIG)).ok(), Some(kubeconfig));
    let (_, worked, said) = worker.run(&steps[0], &steps[0].gate, "1-check", &[]);
    assert!(!worked && said.contains("NOT READY: the kubelet reads the kubeconfig"), "{said}");
    // A link to kubelet.conf is that file.
    fs::remove_file(tree.join("var/lib/kubelet/kubeconfig")).expect("a file can be removed");
    symlink("/etc/kubernetes/kubelet.conf", tree.join("var/lib/kubelet/kubeconfig")).expect("a link can be made");
    steps[0].tree = tree;
    let (_, worked, said) = worker.run(&steps[0], &steps[0].run, "1-link", &[]);
    assert!(worked, "{said}");
}

/// A kubelet that accepts no clients by certificate, or whose file is a link to the cluster CA's, needs nothing of its own.
#[test]
fn a_link_to_the_cluster_ca_s_file_is_that_file() {
    let worker = Worker::new("link");
    let steps = worker.steps();
    let tree = &steps[0].tree;
    let config = fs::read_to_string(tree.join(CONFIG)).expect("it is UTF-8");
    write(&tree.join(CONFIG), config.replace("/etc/kubernetes/pki/ca.crt", &format!("/{CLIENT_CA}")));
    fs::create_dir_all(tree.join(CLIENT_CA).parent().expect("a folder")).expect("a folder can be made");
    symlink("../pki/ca.crt", tree.join(CLIENT_CA)).expect("a link can be made");
    let (_, worked, said) = worker.run(&steps[0], &steps[0].run, "1", &[]);
    assert!(worked, "{said}");
    write(&tree.join(CONFIG), config.replace("    clientCAFile: /etc/kubernetes/pki/ca.crt\n", ""));
    let (_, worked, said) = worker.run(&steps[0], &steps[0].run, "1-none", &[]);
    assert!(worked, "{said}");
}

/// After a run that changed files and could not restart what reads them, the check does not pass.
#[test]
fn a_failed_restart_keeps_the_check_closed() {
    let worker = Worker::new("restart");
    let mut steps = worker.steps();
    let fails = [("AIRLOCK_RESTART_KUBELET", "false".to_owned())];
    let (after, worked, said) = worker.run(&steps[0], &steps[0].run, "1-fails", &fails);
    assert!(!worked && said.contains("wrote /etc/kubernetes/pki/ca.crt") && said.contains("FAILED: false"), "{said}");
    steps[0].tree = after;
    let (_, worked, said) = worker.run(&steps[0], &steps[0].gate, "1-check", &[]);
    assert!(!worked && said.contains("NOT READY: kubelet has not restarted"), "{said}");
    let (after, worked, said) = worker.run(&steps[0], &steps[0].run, "1", &[]);
    assert!(worked && said.contains("restarted kubelet"), "{said}");
    steps[0].tree = after;
    let (_, worked, said) = worker.run(&steps[0], &steps[0].gate, "1-check-again", &[]);
    assert!(worked, "{said}");
}
