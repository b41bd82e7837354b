//! A rotation in progress continues with the same new CA from any state, whichever holders are ahead or behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_tests::{
    fixtures,
    rotation::{Case, PHASES, scratch, walk},
    tools::{airlock, output, succeed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

const CASE: &str = "ecdsa-3";

/// Trees in which each holder is in the given phase, created from the phases of the first package.
fn trees(label: &str, standings: &[(&str, usize)]) -> PathBuf {
    let folder = scratch(&format!("continued-{label}"));
    for (holder, phase) in standings {
        fixtures::copy(&Case::named(CASE).phases().phase(*phase).join(holder), &folder.join(holder));
    }
    folder
}

fn everyone(phase: usize) -> Vec<(&'static str, usize)> {
    ["cp1", "cp2", "cp3", "worker1", "clients", "cluster"].map(|holder| (holder, phase)).to_vec()
}

fn except(phase: usize, holder: &'static str, other: usize) -> Vec<(&'static str, usize)> {
    everyone(phase).into_iter().map(|(name, phase)| (name, if name == holder { other } else { phase })).collect()
}

/// Runs `airlock package` on the paths in a separate folder. Returns the package and the output.
fn package(label: &str, paths: &[&Path]) -> (PathBuf, Output) {
    package_with(label, &[], paths)
}

fn package_with(label: &str, options: &[&str], paths: &[&Path]) -> (PathBuf, Output) {
    let out = scratch(&format!("continued-{label}-package"));
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    command.args(["package", "--out"]).arg(&out).args(options).args(paths);
    let output = output(&mut command);
    (out, output)
}

fn manifest(package: &Path) -> Value {
    let text = fs::read_to_string(package.join("manifest.json")).expect("a package has a manifest");
    serde_json::from_str(&text).expect("it is JSON")
}

fn steps(package: &Path) -> Vec<String> {
    let manifest = manifest(package);
    let steps = manifest["steps"].as_array().expect("a manifest has steps").iter();
    steps.map(|step| step["id"].as_str().expect("a step has an id").to_owned()).collect()
}

/// Overlays every phase of a package over the trees, as its scripts do. Kubelets keep their certificates.
fn lay(package: &Path, trees: &Path) {
    for (phase, folder) in PHASES.iter().enumerate().skip(1) {
        let nodes = package.join(folder).join("control-plane");
        for node in fs::read_dir(&nodes).into_iter().flatten() {
            let node = node.expect("it can be listed");
            if node.path().join("etc").is_dir() {
                fixtures::copy(&node.path().join("etc"), &trees.join(node.file_name()).join("etc"));
            }
            if phase == 3 {
                drop(fs::remove_file(trees.join(node.file_name()).join("etc/kubernetes/pki/ca-signing.crt")));
            }
        }
        for group in ["clients", "cluster"] {
            let from = package.join(folder).join(group);
            if from.is_dir() {
                fixtures::copy(&from, &trees.join(group));
                drop(fs::remove_dir_all(trees.join(group).join("undo")));
            }
        }
        let bundle = package.join(folder).join("workers/ca.crt");
        if bundle.is_file() {
            let worker = trees.join("worker1/etc/kubernetes");
            fs::copy(&bundle, worker.join("pki/ca.crt")).expect("a bundle can be copied");
            let data = BASE64_STANDARD.encode(fs::read(&bundle).expect("a bundle can be read"));
            let text = fs::read_to_string(worker.join("kubelet.conf")).expect("a worker has a kubelet.conf");
            let lines = text.lines().map(|line| match line.split_once("certificate-authority-data:") {
                Some((indent, _)) => format!("{indent}certificate-authority-data: {data}\n"),
                None => format!("{line}\n"),
            });
            fs::write(worker.join("kubelet.conf"), lines.collect::<String>()).expect("a file can be written");
        }
    }
}

/// The holders that have not completed phase 3, except for kubelets' own certificates.
fn left_behind(paths: &[&Path]) -> Vec<String> {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string());
    command.args(["check", "--phase", "3", "--format", "json"]).args(paths);
    let report: Value = serde_json::from_slice(&output(&mut command).stdout).expect("a check gives JSON");
    let missing = report["missing"].as_array().expect("a list").iter();
    let words = missing.map(|one| format!("{} {}: {}", one["holder"], one["place"], one["seen"]));
    let mut left: Vec<_> = words.filter(|words| !words.contains("kubelet-client-current.pem")).collect();
    let errors = report["findings"].as_array().expect("a list").iter();
    left.extend(errors.filter(|one| one["severity"] == "error").map(|one| one["message"].to_string()));
    left
}

/// Continues from there, and completes the rotation with the CA of the first package.
#[track_caller]
fn goes_on(label: &str, standings: &[(&str, usize)], expected: &[&str]) {
    let first = Case::named(CASE).rotation().root();
    let trees = trees(label, standings);
    let (package, said) = package(label, &[&trees, &first]);
    assert!(said.status.success(), "{label}: {}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(steps(&package).join(" "), expected.join(" "), "{label}");
    succeed(Command::new("sha256sum").args(["--quiet", "--check", "SHA256SUMS"]).current_dir(&package));
    let alone = "3-drop-old/workers/ca.crt";
    let read = |root: &Path| fs::read(root.join(alone)).expect("a package has the new CA");
    assert_eq!(read(&package), read(&first), "{label}: the same new CA");

    lay(&package, &trees);
    for known in [&first, &package] {
        assert_eq!(left_behind(&[&trees, known]), Vec::<String>::new(), "{label}: beside {}", known.display());
    }
    let ca = trees.join("cp1/etc/kubernetes/pki/ca.crt");
    for node in ["cp1", "cp2", "cp3"] {
        for leaf in ["apiserver.crt", "apiserver-kubelet-client.crt"] {
            let leaf = trees.join(node).join("etc/kubernetes/pki").join(leaf);
            succeed(Command::new("openssl").args(["verify", "-no_check_time", "-CAfile"]).arg(&ca).arg(leaf));
        }
    }
}

/// The check of the logs, at the end of phase 1, and of phase 2 with its last step.
const VERIFY_1: [&str; 3] = ["1-verify-nodes", "1-verify-workers", "1-verify"];
const CONFIRM: [&str; 4] = ["2-verify-nodes", "2-verify-workers", "2-verify", "2-everyone"];

const PHASE_3: [&str; 13] = [
    "3-cluster-info",
    "3-cp1",
    "3-cp2",
    "3-cp3",
    "3-published",
    "3-workers",
    "3-clients",
    "3-authentication",
    "3-pods",
    "3-verify-nodes",
    "3-verify-workers",
    "3-verify",
    "3-after-care",
];
const PHASE_2_END: [&str; 11] = [
    "2-published",
    "2-cp1-kubelet",
    "2-cp2-kubelet",
    "2-cp3-kubelet",
    "2-cluster-info",
    "2-workers",
    "2-clients",
    "2-verify-nodes",
    "2-verify-workers",
    "2-verify",
    "2-everyone",
];

#[test]
fn from_each_phase() {
    let barriers = [
        "1-freeze",
        "1-cp1-backup",
        "1-cp2-backup",
        "1-cp3-backup",
        "1-published",
        "1-workers",
        "1-pods",
        "1-clients",
        "1-authentication",
    ];
    let barriers = [&barriers[..], &VERIFY_1].concat();
    let switch = ["2-cp1", "2-cp2", "2-cp3"];
    goes_on("1", &everyone(1), &[&barriers[..], &switch, &PHASE_2_END, &PHASE_3].concat());
    let confirm = ["2-freeze", "2-cp1-backup", "2-cp2-backup", "2-cp3-backup", "2-published", "2-workers", "2-clients"];
    let confirm = [&confirm[..], &CONFIRM].concat();
    goes_on("2", &everyone(2), &[&confirm[..], &PHASE_3].concat());
}

/// The package does not change holders that are ahead, and includes the missing steps for holders that are behind.
#[test]
fn in_the_middle_of_a_phase() {
    let first = [
        "1-freeze",
        "1-cp1-backup",
        "1-cp2-backup",
        "1-cp3-backup",
        "1-cp2",
        "1-cp3",
        "1-published",
        "1-cluster-info",
        "1-workers",
        "1-pods",
        "1-clients",
    ];
    let first = [&first[..], &["1-authentication"], &VERIFY_1, &["2-cp1", "2-cp2", "2-cp3"]].concat();
    goes_on("first-of-1", &except(0, "cp1", 1), &[&first[..], &PHASE_2_END, &PHASE_3].concat());
    let second = ["2-freeze", "2-cp1-backup", "2-cp2-backup", "2-cp3-backup", "2-cp2", "2-cp3"];
    goes_on("first-of-2", &except(1, "cp1", 2), &[&second[..], &PHASE_2_END, &PHASE_3].concat());
    let third = ["3-freeze", "3-cp2-backup", "3-cp3-backup", "3-cluster-info", "3-cp2", "3-cp3"];
    goes_on("first-of-3", &except(2, "cp1", 3), &[&third[..], &PHASE_3[4..]].concat());
}

#[test]
fn with_somebody_forgotten() {
    let node = [
        "1-freeze",
        "1-cp1-backup",
        "1-cp2-backup",
        "1-cp3-backup",
        "1-cp3",
        "2-cp3",
        "2-published",
        "2-cp1-kubelet",
        "2-cp2-kubelet",
        "2-cp3-kubelet",
    ];
    let node = [&node[..], &["2-workers", "2-clients"], &CONFIRM].concat();
    goes_on("node", &except(2, "cp3", 0), &[&node[..], &PHASE_3].concat());
    let others = ["2-freeze", "2-cp1-backup", "2-cp2-backup", "2-cp3-backup", "2-published", "2-workers", "2-clients"];
    let others = [&others[..], &CONFIRM].concat();
    goes_on("worker", &except(2, "worker1", 0), &[&others[..], &PHASE_3].concat());
    goes_on("person", &except(2, "clients", 0), &[&others[..], &PHASE_3].concat());
    let object = [
        "2-freeze",
        "2-cp1-backup",
        "2-cp2-backup",
        "2-cp3-backup",
        "2-published",
        "2-cluster-info",
        "2-workers",
        "2-clients",
    ];
    let object = [&object[..], &CONFIRM].concat();
    goes_on("cluster-info", &except(2, "cluster", 1), &[&object[..], &PHASE_3].concat());
}

/// Without the new CA's private key, the package ends before the first step that needs the key.
#[test]
fn without_the_new_key() {
    let trees = trees("no-key", &except(0, "cp1", 1));
    let (package, said) = package("no-key", &[&trees]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        said.status.success() && words.contains("this package ends before phase 2, whose step 2-cp1 needs it"),
        "{words}"
    );
    let expected = "1-freeze 1-cp1-backup 1-cp2-backup 1-cp3-backup 1-cp2 1-cp3 1-published 1-cluster-info 1-workers 1-pods 1-clients 1-authentication \
                    1-verify-nodes 1-verify-workers 1-verify";
    assert_eq!(steps(&package).join(" "), expected);
    let keys = walk(&package).into_iter().filter(|path| path.ends_with(".key") && !path.starts_with("0-"));
    assert_eq!(keys.collect::<Vec<_>>(), Vec::<String>::new());

    let half = self::trees("no-key-half", &except(1, "cp1", 2));
    fs::remove_file(half.join("cp1/etc/kubernetes/pki/ca.key")).expect("a node has the key");
    let (_, said) = self::package("no-key-half", &[&half]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("step 2-cp2, the next one, needs it"), "{words}");
}

/// The common name of a certificate's subject, as OpenSSL reads it.
fn name_of(certificate: &Path) -> String {
    let subject = succeed(Command::new("openssl").args(["x509", "-noout", "-subject", "-in"]).arg(certificate));
    subject.trim().rsplit("CN").next().unwrap_or_default().trim_start_matches([' ', '=']).to_owned()
}

/// If the new CA's key is lost before it issued anything, the user can request another CA explicitly.
#[test]
fn anew_while_nobody_has_switched() {
    let first = Case::named(CASE).rotation().root();
    for standings in [everyone(1), except(0, "cp1", 1)] {
        let trees = trees("anew", &standings);
        // On the same day, the proposed name would be the name of the lost CA.
        let (package, said) = package_with("anew", &["--start-over"], &[&trees]);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let names = |package: &Path| manifest(package)["certificates"].to_string().matches("CN=kubernetes-2-").count();
        assert_eq!((names(&first), names(&package) > 0), (0, true), "the third one has a name of its own");
        let lost = fs::read_to_string(first.join("3-drop-old/workers/ca.crt")).expect("a package has the new CA");
        lay(&package, &trees);
        assert_eq!(left_behind(&[&trees, &package]), Vec::<String>::new());
        for path in walk(&package).into_iter().filter(|path| !path.starts_with("0-") && !path.contains("/undo/")) {
            let text = fs::read(package.join(&path)).expect("a file can be read");
            let text = String::from_utf8_lossy(&text).into_owned();
            let (plain, packed) = (lost.trim(), BASE64_STANDARD.encode(&lost));
            assert!(!text.contains(plain) && !text.contains(packed.trim_end_matches('=')), "{path} still trusts it");
        }
    }
    let lost = ["--start-over", "--ca-name", &name_of(&first.join("3-drop-old/workers/ca.crt"))];
    let (_, said) = package_with("anew-named", &lost, &[&trees("anew-named", &everyone(1))]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("the abandoned new CA has that name"), "{words}");
    let (_, said) = package_with("anew-late", &["--start-over"], &[&trees("anew-late", &except(1, "cp1", 2))]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("cp1 has switched already"), "{words}");
    let (_, said) = package_with("anew-never", &["--start-over"], &[&trees("anew-never", &everyone(0))]);
    assert!(!said.status.success());
}

/// A bundle that an administrator created, with other bytes than a package's: the package replaces it, because the
/// check compares byte for byte what kube-controller-manager publishes.
#[test]
fn with_a_bundle_made_by_hand() {
    let trees = trees("by-hand", &everyone(1));
    for node in ["cp1", "cp2", "cp3"] {
        let path = trees.join(node).join("etc/kubernetes/pki/ca.crt");
        let text = fs::read_to_string(&path).expect("a bundle is text");
        fs::write(&path, format!("# both CAs\n{text}\n")).expect("a file can be written");
    }
    let (package, said) = package("by-hand", &[&trees, &Case::named(CASE).rotation().root()]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(steps(&package).iter().any(|step| step == "1-cp1"));
    let written = walk(&package.join("1-trust-both/control-plane/cp1/etc"));
    assert_eq!(written, ["kubernetes/pki/ca.crt"], "and nothing else");
}

/// The first package contains the new CA and its key under the cluster's own file names.
#[test]
fn where_files_have_other_names() {
    let trees = scratch("continued-names");
    fixtures::copy(&fixtures::path("kubeadm/rsa-1"), &trees);
    let kubernetes = trees.join("cp1/etc/kubernetes");
    let names = [("pki/ca.crt", "pki/cluster-ca.pem"), ("pki/ca.key", "pki/cluster-ca-key.pem")];
    for (old, new) in names {
        fs::rename(kubernetes.join(old), kubernetes.join(new)).expect("it is there");
    }
    let manifests = kubernetes.join("manifests");
    let kubelet = trees.join("cp1/var/lib/kubelet/config.yaml");
    for file in walk(&manifests).into_iter().map(|name| manifests.join(name)).chain([kubelet]) {
        let text = fs::read_to_string(&file).expect("it is text");
        let text = names.iter().fold(text, |text, (old, new)| text.replace(old, new));
        fs::write(&file, text).expect("a file can be written");
    }
    let (first, said) = package("names-first", &[&trees]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    fixtures::copy(&first.join("1-trust-both/control-plane/cp1/etc"), &trees.join("cp1/etc"));
    let (second, said) = package("names-second", &[&trees, &first]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(steps(&second).iter().any(|step| step == "2-cp1"), "its key was found: {:?}", steps(&second));
    let key = "2-switch/control-plane/cp1/etc/kubernetes/pki/cluster-ca-key.pem";
    let read = |package: &Path| fs::read(package.join(key)).expect("a package has the new key");
    assert_eq!(read(&first), read(&second));
}
