//! Leaf certificates that the current CAs issue again on kubeadm nodes: runs the package's script on a machine without
//! a cluster (`tests/scripts`), with the real kubeadm. OpenSSL verifies the results.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_core::plan::{Intent, RotationRequest};
use airlock_tests::{
    fixtures,
    rotation::{Rotation, scratch},
    tools::{built, output, succeed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::{pkey::PKey, x509::X509};
use serde_json::Value;

use crate::script_faults::{Outcome, Step, machine, wrapped};

fn renewal() -> RotationRequest {
    RotationRequest { intent: Intent::RenewLeaves, ..RotationRequest::default() }
}

/// The certificates that `kubeadm certs renew all` renews on a control-plane node with etcd, and the file of the CA
/// that issues each (kubernetes/kubernetes: cmd/kubeadm/app/phases/certs/certlist.go).
const LEAVES: [(&str, &str); 11] = [
    ("admin.conf", "ca"),
    ("controller-manager.conf", "ca"),
    ("pki/apiserver-etcd-client.crt", "etcd/ca"),
    ("pki/apiserver-kubelet-client.crt", "ca"),
    ("pki/apiserver.crt", "ca"),
    ("pki/etcd/healthcheck-client.crt", "etcd/ca"),
    ("pki/etcd/peer.crt", "etcd/ca"),
    ("pki/etcd/server.crt", "etcd/ca"),
    ("pki/front-proxy-client.crt", "front-proxy-ca"),
    ("scheduler.conf", "ca"),
    ("super-admin.conf", "ca"),
];

/// A folder with a kubeadm that reads the cluster's configuration from a file, with this lifetime of leaf certificates,
/// because there is no API server.
fn commands(folder: &Path, lifetime: &str) -> PathBuf {
    let config = folder.join("kubeadm.yaml");
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3\ncertificateValidityPeriod: {lifetime}\n"
    );
    fs::write(&config, text).expect("a file can be written");
    let commands = folder.join("commands");
    fs::create_dir_all(&commands).expect("a folder can be made");
    let kubeadm = commands.join("kubeadm");
    let text = format!(
        "#!/bin/sh\n[ \"$1 $2 $4\" = 'certs renew --kubeconfig' ] && [ -e \"$5\" ] || exit 64\nexec '{}' certs renew \"$3\" --config '{}'\n",
        built("kubeadm").display(),
        config.display()
    );
    fs::write(&kubeadm, text).expect("a file can be written");
    fs::set_permissions(&kubeadm, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    commands
}

/// A step of the package, run on a node with these commands in addition to the machine's.
fn step(rotation: &Rotation, id: &str, tree: &Path, commands: &Path) -> Step {
    let manifest = rotation.manifest();
    let all = manifest["steps"].as_array().expect("steps").clone();
    let step = all.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no {id}: {all:?}"));
    let text = |key: &str| step[key].as_str().expect("a text").to_owned();
    Step {
        id: id.to_owned(),
        package: rotation.root(),
        tree: tree.to_owned(),
        run: text("run"),
        gate: text("gate"),
        commands: Vec::new(),
        environment: vec![("OTHER_COMMANDS", commands.display().to_string())],
        library: "node",
    }
}

fn run(step: &Step, run: &str, label: &str) -> Outcome {
    let out = scratch(label);
    machine(step, &out, run, &step.gate, &[("KEEP", "yes".to_owned())])
}

/// Every file below `/etc/kubernetes` except those of the script itself.
fn files(tree: &Path) -> BTreeMap<String, Vec<u8>> {
    let etc = tree.join("etc/kubernetes");
    let names = airlock_tests::rotation::walk(&etc).into_iter().filter(|name| !name.starts_with(".airlock"));
    names.map(|name| (name.clone(), fs::read(etc.join(&name)).expect("a file"))).collect()
}

fn certificate(file: &str, bytes: &[u8]) -> X509 {
    let pem = if file.ends_with(".conf") { embedded(bytes, "client-certificate-data") } else { bytes.to_vec() };
    X509::from_pem(&pem).expect("a certificate")
}

fn embedded(kubeconfig: &[u8], key: &str) -> Vec<u8> {
    let text = String::from_utf8(kubeconfig.to_vec()).expect("UTF-8");
    let value = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")).map(str::to_owned));
    BASE64_STANDARD.decode(value.unwrap_or_else(|| panic!("no {key}"))).expect("base64")
}

/// Subject and subject alternative names, as OpenSSL prints them.
fn identity(certificate: &X509, folder: &Path) -> String {
    let file = folder.join("one.pem");
    fs::write(&file, certificate.to_pem().expect("PEM")).expect("a file can be written");
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-subject", "-issuer", "-ext", "subjectAltName,extendedKeyUsage,keyUsage", "-in"]);
    // A client certificate has no alternative names.
    String::from_utf8(output(openssl.arg(&file)).stdout).expect("UTF-8")
}

/// Each leaf certificate of a node is replaced by one of the same CA with the same identity, a new key and a later
/// expiry; nothing else changes. A second run changes nothing. A rollback restores every byte.
#[test]
fn a_node_renews_its_leaves_by_its_own_kubeadm() {
    let folder = scratch("renew-node");
    // The fixture's certificates are valid for ten years.
    let commands = commands(&folder, "96360h");
    let given = Rotation::of(fixtures::files("kubeadm/rsa-3"), &renewal(), "renew-rsa-3");
    // The script for nodes whose files were not provided, on a node of the same cluster.
    let mut elsewhere = fixtures::files("kubeadm/rsa-3");
    elsewhere.retain(|file| file.path.contains("/worker1/") || file.path.contains("/cluster/"));
    let unseen = Rotation::of(elsewhere, &renewal(), "renew-unseen");
    let tree = fixtures::path("kubeadm/rsa-3/cp1");
    for (label, rotation, id) in [("given", &given, "2-cp1"), ("unseen", &unseen, "2-control-plane")] {
        let step = step(rotation, id, &tree, &commands);
        let before = files(&tree);
        let done = run(&step, &step.run, &format!("renew-run-{label}"));
        assert!(done.codes.values().all(|code| *code == 0), "{label}: {:?}\n{}", done.codes, done.said);
        let after = files(&done.folder.join("after"));
        let mut changed: Vec<_> =
            before.iter().filter(|(name, bytes)| after[*name] != **bytes).map(|(name, _)| name.as_str()).collect();
        changed.retain(|name| !name.ends_with(".key"));
        assert_eq!(changed, LEAVES.map(|(name, _)| name), "{label}");
        assert_eq!(
            before.keys().collect::<Vec<_>>(),
            after.keys().collect::<Vec<_>>(),
            "{label}: no file more, none less"
        );
        for (name, authority) in LEAVES {
            let (old, new) = (certificate(name, &before[name]), certificate(name, &after[name]));
            let authority = X509::from_pem(&before[&format!("pki/{authority}.crt")]).expect("a certificate");
            assert!(new.verify(&authority.public_key().expect("a key")).expect("a signature"), "{label}: {name}");
            assert_eq!(identity(&old, &folder), identity(&new, &folder), "{label}: {name}");
            assert!(new.not_after() > old.not_after(), "{label}: {name} ends later");
            assert!(!new.public_key().unwrap().public_eq(&old.public_key().unwrap()), "{label}: {name}: a new key");
            if name.ends_with(".conf") {
                let [trusted, trusts] = [&before, &after].map(|all| embedded(&all[name], "certificate-authority-data"));
                assert_eq!(trusted, trusts, "{label}: {name} trusts what it trusted");
            }
        }
        // Again on the machine in its current state.
        let again = step_at(&step, &done.folder.join("after"));
        let twice = run(&again, &again.run, &format!("renew-twice-{label}"));
        assert_eq!(files(&twice.folder.join("after")), after, "{label}\n{}", twice.said);
        let undone = run(&again, &format!("{} --undo", again.run), &format!("renew-undo-{label}"));
        assert_eq!(undone.codes["second"], 0, "{}", undone.said);
        assert_ne!(undone.codes["check"], 0, "{label}: the check says that nothing is renewed");
        assert_eq!(files(&undone.folder.join("after")), before, "{label}");
    }
}

fn step_at(step: &Step, tree: &Path) -> Step {
    Step {
        id: step.id.clone(),
        package: step.package.clone(),
        tree: tree.to_owned(),
        run: step.run.clone(),
        gate: step.gate.clone(),
        commands: Vec::new(),
        environment: step.environment.clone(),
        library: step.library,
    }
}

/// The cluster's CA does not renew a certificate that another CA issued: the plan excludes a provided one, and the
/// script stops at one on the node.
#[test]
fn leaves_of_another_ca_stay() {
    let folder = scratch("renew-foreign");
    let commands = commands(&folder, "96360h");
    let rotation = Rotation::of(fixtures::files("kubeadm/rsa-3"), &renewal(), "renew-foreign-package");
    // Later, an administrator has installed a certificate of another CA.
    let tree = folder.join("tree");
    succeed(Command::new("cp").arg("-a").arg(fixtures::path("kubeadm/rsa-3/cp1")).arg(&tree));
    let pki = tree.join("etc/kubernetes/pki");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=public", "-days", "30"]);
    succeed(openssl.arg("-keyout").arg(pki.join("apiserver.key")).arg("-out").arg(pki.join("apiserver.crt")));
    let step = step(&rotation, "2-cp1", &tree, &commands);
    let before = files(&tree);
    let refused = run(&step, &step.run, "renew-foreign-run");
    assert_ne!(refused.codes["second"], 0);
    assert!(
        refused.said.contains("apiserver.crt is not issued by the CA that this package was made for"),
        "{}",
        refused.said
    );
    assert_eq!(files(&refused.folder.join("after")), before);
}

/// Wherever the script is killed, the next run completes it, and no certificate is left with the key of another.
#[test]
fn an_interrupted_renewal_is_completed() {
    let folder = scratch("renew-interrupted");
    let commands = commands(&folder, "96360h");
    let rotation = Rotation::of(fixtures::files("kubeadm/rsa-3"), &renewal(), "renew-interrupted-package");
    let tree = fixtures::path("kubeadm/rsa-3/cp1");
    let step = step(&rotation, "2-cp1", &tree, &commands);
    for at in ["1", "4", "11", "25"] {
        let out = scratch(&format!("renew-killed-{at}"));
        let fault = wrapped(&out.join("commands"), &["mv"]);
        let extra = [
            ("FAULT", fault.display().to_string()),
            ("AT", at.to_owned()),
            ("MODE", "kill-after".to_owned()),
            ("KEEP", "yes".to_owned()),
        ];
        let outcome = machine(&step, &out, &step.run, &step.gate, &extra);
        assert_ne!(outcome.codes["first"], 0, "{at}: it was killed");
        assert_eq!((outcome.codes["second"], outcome.codes["check"]), (0, 0), "{at}: {}", outcome.said);
        let (before, after) = (files(&tree), files(&outcome.folder.join("after")));
        for (name, _) in LEAVES {
            let (old, new) = (certificate(name, &before[name]), certificate(name, &after[name]));
            assert!(new.not_after() > old.not_after(), "{at}: {name}");
            let key = match name.strip_suffix(".crt") {
                Some(stem) => after[&format!("{stem}.key")].clone(),
                None => embedded(&after[name], "client-key-data"),
            };
            let key = PKey::private_key_from_pem(&key).expect("a key");
            assert!(new.public_key().unwrap().public_eq(&key), "{at}: {name} has its key");
        }
    }
}

/// If the configuration makes kubeadm issue shorter-lived certificates than before, the existing ones stay.
#[test]
fn leaves_that_would_end_earlier_stay() {
    let folder = scratch("renew-short");
    let commands = commands(&folder, "8760h");
    let rotation = Rotation::of(fixtures::files("kubeadm/rsa-3"), &renewal(), "renew-short-package");
    let tree = fixtures::path("kubeadm/rsa-3/cp1");
    let step = step(&rotation, "2-cp1", &tree, &commands);
    let refused = run(&step, &step.run, "renew-short-run");
    assert_ne!(refused.codes["second"], 0);
    assert!(
        refused.said.contains("apiserver: the certificate ends no later than the previous one"),
        "{}",
        refused.said
    );
    assert_eq!(files(&refused.folder.join("after")), files(&tree));
}

/// The package contains no key, names each node once, and states what restarts.
#[test]
fn a_renewal_of_nodes_is_a_package_without_keys() {
    let rotation = Rotation::of(fixtures::files("kubeadm/rsa-3"), &renewal(), "renew-package");
    assert!(rotation.package.files.iter().all(|file| !file.secret));
    let manifest = rotation.manifest();
    let steps: Vec<_> =
        manifest["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert_eq!(steps, ["2-cp1", "2-cp2", "2-cp3", "2-clients", "2-after-care"]);
    assert_eq!(
        (&manifest["intent"], &manifest["authorities"]),
        (&Value::from("renew-leaves"), &Value::from(Vec::<Value>::new()))
    );
    let runbook = rotation.text("RUNBOOK.md");
    for said in [
        "etcd-healthcheck-client",
        "kube-scheduler | | restarted",
        "does not revoke",
        "sh 2-switch/control-plane/cp2/apply.sh --undo",
    ] {
        assert!(runbook.contains(said), "{said}: {runbook}");
    }
    for untrue in ["new CA", "old CA", "both CAs", "phase"] {
        assert!(!runbook.contains(untrue), "{untrue}");
    }
}
