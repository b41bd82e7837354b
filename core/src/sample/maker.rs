//! Helpers of all samples: CAs, leaves and kubeconfigs.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::file::SampleFile;
use crate::{
    time::{BACKDATE, UnixTime},
    x509::{
        AlternativeName, AuthorityName, AuthorityParameters, Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm,
        KeyType, LeafParameters, PrivateKey, issue_authority, issue_leaf,
    },
};

/// The age of a sample's CAs: more than a year of kubeadm's ten years remains. Days.
const AUTHORITY_AGE: i64 = 3200;
/// The validity of kubeadm's CAs. Days.
const AUTHORITY_LIFE: i64 = 3650;
/// The age of a sample's leaves; kubeadm's are valid for a year. Days.
const LEAF_AGE: i64 = 120;
/// The validity of kubeadm's leaves. Days.
const LEAF_LIFE: i64 = 365;

/// Creates a sample's keys and certificates, and collects its files.
pub(super) struct Maker<'a> {
    /// The cluster's name.
    pub(super) cluster: String,
    /// The name or address at which clients reach the API server.
    pub(super) host: String,
    /// The files added so far.
    pub(super) files: Vec<SampleFile>,
    now: UnixTime,
    key: NewKey<'a>,
}

/// Generates a private key; each call returns a new one.
pub(super) type NewKey<'a> = &'a mut dyn FnMut(KeyAlgorithm) -> PrivateKey;

/// A certificate and its private key.
pub(super) struct Pair {
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

impl Pair {
    /// Both in one PEM, as the kubelet stores them.
    pub(super) fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.certificate.to_pem() + &self.key.to_pem())
    }
}

/// The TLS role of a leaf.
#[derive(Clone, Copy)]
pub(super) enum Usage {
    Client,
    Peer,
    Server,
}

impl<'a> Maker<'a> {
    /// Creates a maker for a cluster with a host name that never resolves (RFC 6761, `invalid`).
    pub(super) fn new(cluster: String, now: UnixTime, key: NewKey<'a>) -> Self {
        let host = format!("api.{cluster}.invalid");
        Self { cluster, host, files: Vec::new(), now, key }
    }

    /// A key of a type that is generated quickly.
    pub(super) fn key(&mut self) -> PrivateKey {
        (self.key)(KeyAlgorithm::EcdsaP256)
    }

    /// Random bytes for secrets that are not keys.
    pub(super) fn secret(&mut self) -> [u8; 32] {
        Sha256::digest(self.key().to_pem().as_bytes()).into()
    }

    /// The URL of the API server.
    pub(super) fn server(&self) -> String {
        format!("https://{}:6443", self.host)
    }

    /// A self-signed CA with this common name.
    pub(super) fn authority(&mut self, name: &str) -> Issuer {
        self.authority_of(AuthorityName::Common(name.to_owned()), KeyAlgorithm::EcdsaP256)
    }

    /// A self-signed CA.
    pub(super) fn authority_of(&mut self, name: AuthorityName, algorithm: KeyAlgorithm) -> Issuer {
        let born = self.now.plus_days(-AUTHORITY_AGE);
        let key = (self.key)(algorithm);
        let parameters = AuthorityParameters {
            name,
            not_before: born.plus_seconds(-BACKDATE),
            not_after: born.plus_days(AUTHORITY_LIFE),
        };
        let certificate =
            issue_authority(parameters, &key).expect("Invariant: a sample's names and dates are possible");
        Issuer::new(certificate, key).expect("Invariant: the authority was made with this key")
    }

    /// A leaf signed by `issuer` for a new key. The name may be empty.
    pub(super) fn leaf(
        &mut self,
        issuer: &Issuer,
        name: &str,
        groups: &[&str],
        usage: Usage,
        names: &[String],
    ) -> Pair {
        let born = self.now.plus_days(-LEAF_AGE);
        let is_talos = issuer.certificate().public_key().key_type() == KeyType::Ed25519;
        let key = (self.key)(if is_talos { KeyAlgorithm::Ed25519 } else { KeyAlgorithm::EcdsaP256 });
        let parameters = LeafParameters {
            common_name: name.to_owned(),
            organizations: groups.iter().map(|&group| group.to_owned()).collect(),
            usage: match usage {
                Usage::Client => vec![ExtendedKeyUsage::ClientAuth],
                Usage::Peer => vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
                Usage::Server => vec![ExtendedKeyUsage::ServerAuth],
            },
            alternative_names: names.iter().map(|name| alternative_name(name)).collect(),
            not_before: born.plus_seconds(-BACKDATE),
            not_after: born.plus_days(LEAF_LIFE),
        };
        let certificate = issue_leaf(parameters, key.public_key(), issuer);
        Pair { certificate: certificate.expect("Invariant: a sample's names and dates are possible"), key }
    }

    pub(super) fn add(&mut self, path: &str, mode: u32, content: impl AsRef<[u8]>) {
        let bytes = Zeroizing::new(content.as_ref().to_vec());
        self.files.push(SampleFile { path: path.to_owned(), mode, bytes });
    }

    /// Adds certificate and key as `STEM.crt` and `STEM.key`.
    pub(super) fn add_pair(&mut self, stem: &str, certificate: &Certificate, key: &PrivateKey) {
        self.add(&format!("{stem}.crt"), 0o644, certificate.to_pem());
        self.add(&format!("{stem}.key"), 0o600, key.to_pem().as_bytes());
    }
}

/// A kubeconfig in client-go's format: `user` in `cluster`, with the user's credential.
pub(super) fn kubeconfig(
    cluster: &str,
    server: &str,
    ca: &Certificate,
    user: &str,
    credential: &str,
) -> Zeroizing<String> {
    let ca = STANDARD.encode(ca.to_pem());
    Zeroizing::new(format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n  name: {cluster}\n\
         contexts:\n- context:\n    cluster: {cluster}\n    user: {user}\n  name: {user}@{cluster}\n\
         current-context: {user}@{cluster}\nkind: Config\nusers:\n- name: {user}\n  user:\n{credential}"
    ))
}

/// The embedded credential of a kubeconfig's user.
pub(super) fn embedded(pair: &Pair) -> Zeroizing<String> {
    let certificate = STANDARD.encode(pair.certificate.to_pem());
    let key = Zeroizing::new(STANDARD.encode(pair.key.to_pem().as_bytes()));
    Zeroizing::new(format!("    client-certificate-data: {certificate}\n    client-key-data: {}\n", *key))
}

fn alternative_name(name: &str) -> AlternativeName {
    name.parse().map_or_else(|_| AlternativeName::Dns(name.to_owned()), AlternativeName::Ip)
}
