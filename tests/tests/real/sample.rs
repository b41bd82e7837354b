//! Runs the real programs on the sample clusters: what a user learns with a sample also applies to a real cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use airlock_core::{
    UnixTime,
    sample::{self, Sample},
    x509::PrivateKey,
};
use airlock_tests::{
    rotation::{scratch, walk},
    talos,
    tools::{kubeadm, kubectl, succeed},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::kamaji;

fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs();
    UnixTime(i64::try_from(now).expect("a moment of ours"))
}

/// Writes a sample as its archive does, at the current time, because the real programs use the clock.
pub(crate) fn laid_out(sample: &Sample) -> PathBuf {
    let folder = scratch(&format!("sample-{}", sample.id));
    let mut random = rand_core::UnwrapErr(getrandom::SysRng);
    let mut key = |algorithm| PrivateKey::generate(algorithm, &mut random);
    let (name, bytes) = sample.archive(now(), &mut key);
    let archive = folder.join(name);
    fs::write(&archive, &*bytes).expect("the archive can be written");
    succeed(Command::new("unzip").arg("-q").arg(&archive).arg("-d").arg(&folder));
    folder
}

const NODES: [&str; 3] = ["sample-cp1", "sample-cp2", "sample-cp3"];

#[test]
fn kubeadm_finds_every_certificate_valid() {
    let folder = laid_out(sample::named("kubeadm").expect("a sample"));
    for node in NODES {
        let tree = folder.join(node);
        let configuration = fs::read_to_string(folder.join("cluster/kubeadm-config.yaml")).expect("it is text");
        let lines = configuration.lines().skip_while(|line| !line.contains("ClusterConfiguration: |")).skip(1);
        let lines: Vec<&str> = lines.take_while(|line| line.starts_with("    ")).map(str::trim_end).collect();
        let text: String = lines.iter().map(|line| format!("{}\n", &line[4..])).collect();
        fs::write(tree.join("kubeadm.yaml"), text).expect("a file can be written");
        let said = succeed(kubeadm("kubeadm", &tree).args(["certs", "check-expiration", "--config", "/kubeadm.yaml"]));
        assert!(!said.contains("MISSING") || node != NODES[0], "{node}\n{said}");
        for name in ["admin.conf", "apiserver", "etcd-peer", "front-proxy-client", "ca", "etcd-ca"] {
            let line = said.lines().find(|line| line.split_whitespace().next() == Some(name));
            let line = line.unwrap_or_else(|| panic!("{node}: no {name}\n{said}"));
            assert!(!line.contains("<invalid>") && !line.contains("MISSING"), "{line}");
        }
        // kubeadm would keep every existing file, so it accepts each one.
        succeed(kubeadm("kubeadm", &tree).args(["init", "phase", "certs", "ca", "--config", "/kubeadm.yaml"]));
        succeed(kubeadm("kubeadm", &tree).args(["init", "phase", "kubeconfig", "admin", "--config", "/kubeadm.yaml"]));
    }
}

#[test]
fn kubectl_reads_every_kubeconfig() {
    let folder = laid_out(sample::named("starlingx").expect("a sample"));
    let confs = ["admin", "controller-manager", "scheduler", "kubelet"]
        .map(|name| format!("sample-cp2/etc/kubernetes/{name}.conf"));
    let others = [
        "sample-cp1/etc/kubernetes/super-admin.conf",
        "sample-worker1/etc/kubernetes/kubelet.conf",
        "clients/sample-alice.conf",
    ];
    for conf in confs.iter().map(String::as_str).chain(others) {
        let said = succeed(kubectl(&folder.join(conf)).args([
            "config",
            "view",
            "--minify",
            "-o",
            "jsonpath={.clusters[0].cluster.server} {.users[0].name}",
        ]));
        assert!(said.starts_with("https://") && said.contains(' '), "{conf}: {said}");
    }
}

/// OpenSSL's verdict: every leaf certificate chains to its CA, and every key matches its certificate.
#[test]
fn openssl_verifies_every_leaf_of_every_node() {
    for id in ["kubeadm", "cluster-api", "starlingx"] {
        let folder = laid_out(sample::named(id).expect("a sample"));
        let public = |command: &mut Command| succeed(command);
        for node in NODES {
            let pki = folder.join(node).join("etc/kubernetes/pki");
            let leaves = [
                ("ca", "apiserver"),
                ("ca", "apiserver-kubelet-client"),
                ("front-proxy-ca", "front-proxy-client"),
                ("etcd/ca", "apiserver-etcd-client"),
                ("etcd/ca", "etcd/server"),
                ("etcd/ca", "etcd/peer"),
                ("etcd/ca", "etcd/healthcheck-client"),
            ];
            for (authority, leaf) in leaves {
                let file = |name: &str, end: &str| pki.join(format!("{name}.{end}"));
                succeed(
                    Command::new("openssl")
                        .args(["verify", "-x509_strict", "-CAfile"])
                        .arg(file(authority, "crt"))
                        .arg(file(leaf, "crt")),
                );
                let certificate =
                    public(Command::new("openssl").args(["x509", "-noout", "-pubkey", "-in"]).arg(file(leaf, "crt")));
                let key = public(Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(file(leaf, "key")));
                assert_eq!(certificate, key, "{node}: {leaf}");
            }
            let kubelet = folder.join(node).join("var/lib/kubelet/pki/kubelet-client-current.pem");
            succeed(Command::new("openssl").args(["verify", "-CAfile"]).arg(pki.join("ca.crt")).arg(kubelet));
        }
        assert!(mode(&folder.join("sample-cp1/etc/kubernetes/pki/ca.key")) == 0o600, "keys are their owner's alone");
    }
}

/// By Talos' rules each machine issues with its own keys and trusts the CAs of `secrets.yaml`. OpenSSL verifies that
/// this CA issued the talosconfig's certificate.
#[test]
fn machines_hold_what_their_secrets_say() {
    let folder = laid_out(sample::named("talos").expect("a sample"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of text");
    let configurations: Vec<_> =
        NODES.iter().chain(&["sample-worker1"]).map(|name| read(&format!("{name}.yaml"))).collect();
    let held = talos::configured_cas(&configurations);
    let value = |text: &str, section: &str, key: &str| {
        let rest = &text[text.find(&format!("\n{section}:\n")).expect("the section is there")..];
        let line =
            rest.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: "))).expect("the key is there");
        String::from_utf8(STANDARD.decode(line).expect("base64")).expect("PEM")
    };
    let secrets = read("secrets.yaml");
    let authority = |section: &str| value(&secrets, &format!("    {section}"), "crt");
    let (own, kubernetes) = (authority("os"), authority("k8s"));
    for (index, machine) in held.iter().enumerate() {
        let key = if index < NODES.len() { "matches" } else { "absent" };
        for (api, authority) in [(&machine.talos, &own), (&machine.kubernetes, &kubernetes)] {
            assert_eq!((api.issuing.as_str(), api.key.as_str()), (digest(authority).as_str(), key), "{index}");
            assert!(api.accepted.is_empty(), "{index}");
        }
    }
    let talosconfig = read("clients/sample-talosconfig");
    let (trusted, shown) = (folder.join("trusted.pem"), folder.join("shown.pem"));
    fs::write(&trusted, &own).expect("a file can be written");
    fs::write(&shown, value(&talosconfig, "contexts", "crt")).expect("a file can be written");
    succeed(Command::new("openssl").args(["verify", "-x509_strict", "-CAfile"]).arg(&trusted).arg(&shown));
    assert_eq!(value(&talosconfig, "contexts", "ca"), own);
}

/// SHA-256 of a certificate's DER, computed by OpenSSL.
fn digest(pem: &str) -> String {
    let folder = scratch("sample-digest");
    let file = folder.join("one.pem");
    fs::write(&file, pem).expect("a file can be written");
    let said = succeed(Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file));
    let (_, digest) = said.trim().split_once('=').expect("a name and the digest");
    digest.replace(':', "").to_lowercase()
}

/// Kamaji's operator would change nothing: it accepts each Secret as its own.
#[test]
fn the_operator_would_leave_the_sample_as_it_is() {
    let folder = laid_out(sample::named("kamaji").expect("a sample"));
    let secrets = walk(&folder.join("management")).into_iter().filter(|name| name.starts_with("secret-"));
    let secrets: Vec<_> = secrets.map(|name| folder.join("management").join(name)).collect();
    assert_eq!(secrets.len(), 13, "all that Kamaji's page lists");
    let answer = kamaji::one(kamaji::sample_question(secrets, now()));
    assert!(answer.is_settled(), "{answer:?}");
    assert_eq!(answer.authority, "CN=kubernetes");
}

fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).expect("the file is there").permissions().mode() & 0o777
}
