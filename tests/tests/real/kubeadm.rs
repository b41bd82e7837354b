//! Runs the real kubeadm in the trees of each phase: which files it accepts and keeps, and with which CA it signs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use airlock_core::{UnixTime, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    oracle::{Usage, Verify, assert_all_verify},
    phases::{Phases, pki},
    rotation::{CASES, Case, Rotation, scratch, walk},
    tools::{kubeadm, succeed},
};

/// kubeadm's configuration for a node.
fn config(case: &Case, node: &str) -> PathBuf {
    fixtures::path(&case.fixture.replace("kubeadm/", "config/")).join(format!("{node}.yaml"))
}

/// kubeadm in a node's tree, with the configuration that created the node.
fn run(case: &Case, tree: &Path, node: &str, arguments: &[&str]) -> String {
    fs::copy(config(case, node), tree.join("kubeadm.yaml")).expect("a configuration can be copied");
    let said = succeed(kubeadm(case.kubeadm(), tree).args(arguments).args(["--config", "/kubeadm.yaml"]));
    fs::remove_file(tree.join("kubeadm.yaml")).expect("it was just written");
    said
}

/// The machine's clock, which kubeadm uses.
fn clock() -> UnixTime {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    UnixTime(i64::try_from(elapsed.as_secs()).expect("it is before the end of time"))
}

/// Every file below `/etc/kubernetes`, with its content.
fn content(tree: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = tree.join("etc/kubernetes");
    let files = walk(&folder).into_iter();
    files.map(|file| (file.clone(), fs::read(folder.join(&file)).expect("a file can be read"))).collect()
}

/// Calls `check` with a copy of each control-plane node's tree.
fn each_node(case: &Case, phase: usize, mut check: impl FnMut(&Phases, &Path, &str)) {
    let phases = case.phases();
    for node in &phases.control_plane {
        check(phases, phases.copy(phase, node).path(), node);
    }
}

#[test]
fn check_expiration_reads_every_phase() {
    for case in CASES {
        for phase in 0..=3 {
            each_node(&case, phase, |phases, tree, node| {
                let said = run(&case, tree, node, &["certs", "check-expiration"]);
                let super_admin = tree.join("etc/kubernetes/super-admin.conf").is_file();
                for name in
                    ["admin.conf", "apiserver", "apiserver-kubelet-client", "front-proxy-client", "scheduler.conf"]
                {
                    let line = said.lines().find(|line| line.split_whitespace().next() == Some(name));
                    let line =
                        line.unwrap_or_else(|| panic!("{}: {node}, phase {phase}: no {name}\n{said}", case.name));
                    assert!(!line.contains("MISSING"), "{}: {node}, phase {phase}: {line}", case.name);
                }
                let expected = node == phases.control_plane[0] && case.kubeadm() == "kubeadm";
                assert_eq!(super_admin, expected, "{}: only the first node, since 1.29", case.name);
            });
        }
    }
}

/// kubeadm accepts the existing leaf certificates, kubeconfigs with both CAs, and keys, and keeps them byte for byte.
#[test]
fn init_phases_accept_the_trees_and_keep_every_byte() {
    for case in CASES {
        for phase in 1..=3 {
            each_node(&case, phase, |_, tree, node| {
                let before = content(tree);
                run(&case, tree, node, &["init", "phase", "certs", "all"]);
                // Releases up to 1.30 reject a kubeconfig with more than one CA (cmd/kubeadm/app/phases/kubeconfig).
                if case.kubeadm() == "kubeadm" || phase == 3 {
                    for kubeconfig in ["admin", "controller-manager", "scheduler"] {
                        run(&case, tree, node, &["init", "phase", "kubeconfig", kubeconfig]);
                    }
                }
                let after = content(tree);
                for ((file, old), (_, new)) in before.iter().zip(&after) {
                    assert!(old == new, "{}: {node}, phase {phase}: kubeadm changed {file}", case.name);
                }
                assert_eq!(before.len(), after.len(), "{}: {node}, phase {phase}: kubeadm made files", case.name);
            });
        }
    }
}

/// In phase 2 kubeadm itself signs with the new CA: the first certificate matches the key.
#[test]
fn renew_signs_with_the_authority_of_the_phase() {
    for case in CASES.iter().filter(|case| case.fixture != "kubeadm/external-1") {
        for phase in 1..=3 {
            each_node(case, phase, |phases, tree, node| {
                run(case, tree, node, &["certs", "renew", "apiserver"]);
                let renewed = fs::read_to_string(pki(tree).join("apiserver.crt")).expect("it was renewed");
                assert_all_verify(&[Verify {
                    what: format!("{}: {node}, phase {phase}: renewed", case.name),
                    roots: phases.read(if phase == 1 { 0 } else { 3 }, node, "pki/ca.crt"),
                    certificate: renewed,
                    usage: Usage::Server,
                    dns_name: node.to_owned(),
                    time: clock(),
                }]);
            });
        }
    }
}

/// After phase 3 the manifests are the ones that kubeadm writes.
#[test]
fn phase_3_gives_the_manifests_back() {
    for case in CASES {
        let phases = case.phases();
        for node in &phases.control_plane {
            for pod in ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"] {
                let file = format!("manifests/{pod}.yaml");
                assert_eq!(phases.read(0, node, &file), phases.read(3, node, &file), "{}: {node}/{file}", case.name);
            }
        }
    }
}

/// If manifests were not provided, the package contains a patch. kubeadm's manifest with that patch names the separate
/// signing file.
#[test]
fn a_patch_stands_in_for_a_manifest_that_was_not_given() {
    let case = Case::named("ecdsa-3");
    let files = case.files().into_iter().filter(|file| !file.path.contains("/manifests/")).collect();
    let rotation = Rotation::of(files, &RotationRequest::default(), "no-manifests");
    let phases = case.phases();
    for node in &phases.control_plane {
        let patches = rotation.phase(1).join("control-plane").join(node).join("patches");
        let copy = phases.copy(0, node);
        let tree = copy.path();
        fixtures::copy(&patches, &tree.join("patches"));
        // kubeadm accepts either --patches or --config. With a configuration, the configuration names the patches.
        let config = fs::read_to_string(config(&case, node)).expect("a configuration");
        let config = config.replacen(
            "kind: InitConfiguration\n",
            "kind: InitConfiguration\npatches:\n  directory: /patches\n",
            1,
        );
        fs::write(tree.join("patched.yaml"), config).expect("a file can be written");
        let phase = ["init", "phase", "control-plane", "controller-manager", "--config", "/patched.yaml"];
        succeed(kubeadm("kubeadm", tree).args(phase));
        let manifest = tree.join("etc/kubernetes/manifests/kube-controller-manager.yaml");
        let manifest = fs::read_to_string(manifest).expect("kubeadm wrote it");
        let flags: Vec<&str> =
            manifest.lines().filter_map(|line| line.trim().strip_prefix("- --cluster-signing-cert-file=")).collect();
        // The last occurrence of a flag applies (spf13/pflag).
        assert_eq!(flags.last(), Some(&"/etc/kubernetes/pki/ca-signing.crt"), "{node}: {flags:?}");
    }
}

/// A cluster CA that another CA issued: kubeadm uses it as its own, and a rotation replaces it like any other.
#[test]
fn an_intermediate_is_an_authority_like_any_other() {
    let cluster = scratch("kubeadm-intermediate").join("cluster");
    let tree = cluster.join("cp1");
    let folder = tree.join("etc/kubernetes/pki");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let script = r#"
        away=$(mktemp -d)
        openssl req -x509 -new -nodes -newkey rsa:2048 -subj "/CN=Offline Root" -days 7300 -keyout "$away/root.key" -out "$away/root.crt"
        openssl req -new -nodes -newkey rsa:2048 -subj "/O=Example/CN=Cluster CA" -keyout ca.key -out "$away/request.csr"
        printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >"$away/extensions"
        openssl x509 -req -in "$away/request.csr" -CA "$away/root.crt" -CAkey "$away/root.key" -days 3650 -extfile "$away/extensions" -out ca.crt
        rm -r "$away"
    "#;
    succeed(Command::new("sh").args(["-euc", script]).current_dir(&folder));
    let case = Case::named("rsa-1");
    for phase in ["certs", "kubeconfig", "control-plane"] {
        run(&case, &tree, "cp1", &["init", "phase", phase, "all"]);
    }
    let given = fixtures::tree(&cluster);
    let rotation = Rotation::at(clock(), given, &RotationRequest::default(), "kubeadm-intermediate-package");
    let cluster = cluster.to_str().expect("its path is text");
    let phases = Phases::over(cluster, "", &rotation.root(), "kubeadm-intermediate");
    // A client that is one phase behind or ahead also accepts it.
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3)];
    let questions = pairs.map(|(presented, trusted)| Verify {
        what: format!("presented in phase {presented}, read in phase {trusted}"),
        roots: phases.read(trusted, "cp1", "pki/ca.crt"),
        certificate: phases.read(presented, "cp1", "pki/apiserver.crt"),
        usage: Usage::Server,
        dns_name: "cp1".to_owned(),
        time: clock(),
    });
    assert_all_verify(&questions);
    assert_eq!(phases.read(3, "cp1", "pki/ca.crt").matches("BEGIN CERTIFICATE").count(), 1);
}
