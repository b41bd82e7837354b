//! A Talos cluster: three control-plane machines, a worker, `secrets.yaml`, a person's talosconfig and kubeconfig.
//!
//! Configurations and secrets are from `tests/fixtures/talos/cluster-a` in the format of 1.13, created by Talos' own
//! packages, with a `HostnameConfig` that names each machine. There are two differences: the aggregator CA has a name,
//! which Talos leaves empty, and the service account key is an ECDSA key, because Talos' RSA 4096 takes long to
//! generate.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use zeroize::Zeroizing;

use super::{
    kubeadm::person,
    maker::{Maker, Usage},
};
use crate::{
    inventory::SAMPLE_PREFIX,
    x509::{AuthorityName, Issuer, KeyAlgorithm},
};

const CONTROL_PLANE: &str = include_str!("talos/controlplane.yaml");
const WORKER: &str = include_str!("talos/worker.yaml");
const SECRETS: &str = include_str!("talos/secrets.yaml");

/// The machines, and the configuration of each.
const MACHINES: [(&str, &str); 4] =
    [("cp1", CONTROL_PLANE), ("cp2", CONTROL_PLANE), ("cp3", CONTROL_PLANE), ("worker1", WORKER)];

/// The role with full access to Talos' own API (siderolabs/talos: pkg/machinery/role).
const ADMIN: &str = "os:admin";

/// Placeholders in the templates, and their values.
type Values = Vec<(String, Zeroizing<String>)>;

/// Adds all files of the sample.
pub(super) fn lay_out(maker: &mut Maker<'_>) {
    let mut authority = |organization: &str, algorithm| {
        maker.authority_of(AuthorityName::Organization(organization.to_owned()), algorithm)
    };
    let talos = authority("talos", KeyAlgorithm::Ed25519);
    let cluster = authority("kubernetes", KeyAlgorithm::EcdsaP256);
    let aggregator = authority("aggregator", KeyAlgorithm::EcdsaP256);
    let etcd = authority("etcd", KeyAlgorithm::EcdsaP256);

    let mut values = shared_values(maker);
    for (name, issuer) in [("TALOS", &talos), ("CLUSTER", &cluster), ("AGGREGATOR", &aggregator), ("ETCD", &etcd)] {
        values.push((format!("@{name}_CRT@"), encoded(&issuer.certificate().to_pem())));
        values.push((format!("@{name}_KEY@"), encoded(&issuer.key().to_pem())));
    }
    for (name, template) in MACHINES {
        let node = format!("{SAMPLE_PREFIX}{name}");
        let text = filled(template, &values).replace("@NODE@", &node);
        maker.add(&format!("{node}.yaml"), 0o600, Zeroizing::new(text).as_bytes());
    }
    maker.add("secrets.yaml", 0o600, filled(SECRETS, &values).as_bytes());
    talosconfig(maker, &talos);
    person(maker, &cluster);
}

/// Values that all files share, other than CAs.
fn shared_values(maker: &mut Maker<'_>) -> Values {
    let plain = |text: String| Zeroizing::new(text);
    vec![
        ("@CLUSTER@".to_owned(), plain(maker.cluster.clone())),
        ("@SERVER@".to_owned(), plain(maker.server())),
        ("@CLUSTER_ID@".to_owned(), plain(URL_SAFE.encode(maker.secret()))),
        ("@CLUSTER_SECRET@".to_owned(), plain(STANDARD.encode(maker.secret()))),
        ("@SECRETBOX@".to_owned(), plain(STANDARD.encode(maker.secret()))),
        ("@MACHINE_TOKEN@".to_owned(), token(maker)),
        ("@BOOTSTRAP_TOKEN@".to_owned(), token(maker)),
        ("@SERVICE_ACCOUNT_KEY@".to_owned(), encoded(&maker.key().to_pem())),
    ]
}

/// A bootstrap token: six and sixteen characters of those that Kubernetes allows.
fn token(maker: &mut Maker<'_>) -> Zeroizing<String> {
    const CHARACTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let secret = maker.secret();
    let mut text: String = secret.iter().take(22).map(|byte| char::from(CHARACTERS[usize::from(byte % 32)])).collect();
    text.insert(6, '.');
    Zeroizing::new(text)
}

fn encoded(pem: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(pem))
}

fn filled(template: &str, values: &Values) -> Zeroizing<String> {
    values
        .iter()
        .fold(Zeroizing::new(template.to_owned()), |text, (place, value)| Zeroizing::new(text.replace(place, value)))
}

/// A talosconfig as `talosctl gen config` writes it, after `talosctl config endpoint` has added the machines.
fn talosconfig(maker: &mut Maker<'_>, issuer: &Issuer) {
    let admin = maker.leaf(issuer, "", &[ADMIN], Usage::Client, &[]);
    let cluster = &maker.cluster;
    let text = Zeroizing::new(format!(
        "context: {cluster}\ncontexts:\n    {cluster}:\n        endpoints:\n            - 192.0.2.11\n            - 192.0.2.12\n\
         \x20           - 192.0.2.13\n        ca: {}\n        crt: {}\n        key: {}\n",
        *encoded(&issuer.certificate().to_pem()),
        *encoded(&admin.certificate.to_pem()),
        *encoded(&admin.key.to_pem()),
    ));
    maker.add(&format!("clients/{SAMPLE_PREFIX}talosconfig"), 0o600, text.as_bytes());
}
