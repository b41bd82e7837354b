//! Clusters and certificate chains that `target/tools/pki` generates with Go's crypto/x509, independently of Airlock's
//! code.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use airlock_core::{
    Content, InputFile, Minted, RotationPlan, RotationRequest, UnixTime,
    formats::pem,
    x509::{KeyAlgorithm, PrivateKey, PublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{
    tls_libraries::Question,
    tools::{built, succeed},
};

/// A generated cluster.
#[derive(Debug)]
pub struct Cluster {
    /// A description of the cluster.
    pub name: String,
    /// The current time for this cluster.
    pub now: UnixTime,
    /// The cluster's files and imported CAs.
    pub files: Vec<InputFile>,
    /// The request for its rotation.
    pub request: RotationRequest,
}

/// Keys that no cluster uses, for the new certificates of rotations.
#[derive(Debug)]
pub struct UnusedKeys(BTreeMap<KeyAlgorithm, Vec<PrivateKey>>);

/// A certificate chain with an error or an unusual property.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// The error or property.
    pub name: String,
    /// The question to the verifiers.
    #[serde(flatten)]
    pub question: Question,
}

/// Generates every cluster, and keys for their rotations.
///
/// # Panics
///
/// If the generator is missing or its output cannot be parsed.
#[must_use]
pub fn clusters() -> (UnusedKeys, Vec<Cluster>) {
    #[derive(Deserialize)]
    struct Keys {
        keys: BTreeMap<KeyAlgorithm, Vec<String>>,
    }
    #[derive(Deserialize)]
    struct Line {
        name: String,
        time: UnixTime,
        files: Vec<File>,
        request: RotationRequest,
    }
    #[derive(Deserialize)]
    struct File {
        path: String,
        text: String,
    }
    let text = succeed(Command::new(built("pki")).arg("trees"));
    let mut lines = text.lines();
    let keys: Keys = serde_json::from_str(lines.next().expect("keys come first")).expect("keys are JSON");
    let unused =
        keys.keys.into_iter().map(|(algorithm, texts)| (algorithm, texts.iter().map(|text| key(text)).collect()));
    let clusters = lines.map(|line| {
        let Line { name, time, files, request } = serde_json::from_str(line).expect("a cluster is JSON");
        let files = files.into_iter().map(|file| InputFile::new(file.path, file.text.into_bytes())).collect();
        Cluster { name, now: time, files, request }
    });
    (UnusedKeys(unused.collect()), clusters.collect())
}

/// Generates every chain with an error or an unusual property.
///
/// # Panics
///
/// If the generator is missing or its output cannot be parsed.
#[must_use]
pub fn cases() -> Vec<Case> {
    let text = succeed(Command::new(built("pki")).arg("cases"));
    text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect()
}

impl UnusedKeys {
    /// A key for each certificate of the plan. CAs, which come first, share their keys with no other certificate.
    ///
    /// # Panics
    ///
    /// If there are not enough keys of an algorithm.
    #[must_use]
    pub fn keys(&self, plan: &RotationPlan) -> Vec<PrivateKey> {
        let mut drawn = BTreeMap::<KeyAlgorithm, usize>::new();
        let requests = plan.key_requests().iter();
        let keys = requests.map(|request| {
            let pool = &self.0[&request.algorithm];
            let count = drawn.entry(request.algorithm).or_default();
            let number = if *count < pool.len() { *count } else { 2 + (*count - 2) % (pool.len() - 2) };
            *count += 1;
            pool[number].clone()
        });
        keys.collect()
    }
}

impl Cluster {
    /// Inspects the cluster, plans its rotation and mints the certificates.
    ///
    /// # Panics
    ///
    /// If a stage returns an error.
    #[must_use]
    pub fn rotated(&self, unused: &UnusedKeys) -> (RotationPlan, Minted) {
        let inventory = airlock_core::inspect(self.files.clone(), self.now);
        let plan = airlock_core::plan(&inventory, &self.request, self.now);
        let plan = plan.unwrap_or_else(|refusal| panic!("{} is refused: {refusal}", self.name));
        let minted =
            airlock_core::mint(&plan, unused.keys(&plan)).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        (plan, minted)
    }
}

/// Every PEM text in a file: the file itself, and the base64-encoded data of kubeconfigs.
fn pem_texts(file: &InputFile) -> Vec<String> {
    let Content::Bytes(bytes) = &file.content else { return Vec::new() };
    let text = String::from_utf8_lossy(bytes);
    if text.starts_with("-----BEGIN ") {
        return vec![text.into_owned()];
    }
    let values = text.lines().filter_map(|line| line.split_once("-data: ").map(|(_, value)| value));
    values.filter_map(|value| String::from_utf8(STANDARD.decode(value).ok()?).ok()).collect()
}

/// Private keys, indexed by their public keys.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: BTreeMap<String, String>,
    /// The DER of keys that were already added. Clusters share keys, and parsing them is slow.
    taken: BTreeSet<Vec<u8>>,
}

impl Keyring {
    /// The keys of these clusters, and the unused keys.
    #[must_use]
    pub fn of_all(clusters: &[Cluster], unused: &UnusedKeys) -> Self {
        let mut ring = Self::default();
        for key in unused.0.values().flatten() {
            ring.add(key);
        }
        for text in clusters.iter().flat_map(|cluster| &cluster.files).flat_map(pem_texts) {
            let blocks = pem::blocks(text.as_bytes()).blocks;
            for block in blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")) {
                if ring.taken.insert(block.der.to_vec()) {
                    let key = PrivateKey::from_pem_block(&block.label, &block.der);
                    ring.add(&key.expect("the generator's keys can be read"));
                }
            }
        }
        ring
    }

    fn add(&mut self, key: &PrivateKey) {
        self.keys.insert(key.public_key().pin(), key.to_pem().to_string());
    }

    /// The private key in PEM.
    ///
    /// # Panics
    ///
    /// If the keyring does not contain it.
    #[must_use]
    pub fn of(&self, key: &PublicKey) -> &str {
        self.keys.get(&key.pin()).expect("the key of each presented certificate is known")
    }
}

fn key(text: &str) -> PrivateKey {
    let block = pem::blocks(text.as_bytes()).blocks.remove(0);
    PrivateKey::from_pem_block(&block.label, &block.der).expect("the generator's keys can be read")
}
