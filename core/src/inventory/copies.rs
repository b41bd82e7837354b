//! Certificates and CA keys in objects that the package does not write: copies of a CA, leaf certificates, kubeconfigs,
//! issuers; and the program that writes each object.
//!
//! A dump of a cluster has thousands of objects; those that hold no certificate and no key leave nothing behind here.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    detect,
    keystores::{Keystore, Opener},
    model::copies::{CaCopy, CopiedValue, CopyKind, Form, Unread},
    writers::{WrittenBy, is_immutable, owners, writer},
};
use crate::{
    formats::{
        helm,
        object::Object,
        pem::{self, PemBlock},
    },
    input::Password,
    profile::CLUSTER_SECRET_TYPE,
    x509::{Certificate, PrivateKey},
};

impl CaCopy {
    /// The CA certificates in it.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = &Certificate> {
        self.values.iter().flat_map(|value| &value.certificates).filter(|one| one.is_root_authority())
    }

    /// The key in the object's data under which it holds the private key of `authority`. A private key that cannot be read
    /// counts as the CA's, unless the object holds another certificate that it may belong to.
    pub(crate) fn private_key_of(&self, authority: &Certificate) -> Option<&str> {
        let key = self.keys.iter().find(|(_, key)| key.is_same_key(authority.public_key())).map(|(at, _)| at.as_str());
        let holds = || self.authorities().any(|one| one.is_same_authority(authority));
        key.or_else(|| self.unreadable_key.as_deref().filter(|_| holds()))
    }
}

/// Certificates that were read before: a dump holds the same CA in every namespace.
#[derive(Debug, Default)]
pub(super) struct Reader<'p> {
    /// By the SHA-256 of their DER.
    known: BTreeMap<[u8; 32], Certificate>,
    keystores: Opener<'p>,
}

/// Everything in a value that counts.
#[derive(Default)]
struct Scanned {
    certificates: Vec<Certificate>,
    /// The blocks of private keys.
    keys: Vec<PemBlock>,
}

/// The start of every base64 text of PEM.
const BASE64_OF_PEM: &str = "LS0tLS1CRUdJTi";

/// The first bytes of a certificate in DER: a SEQUENCE whose length takes two bytes.
const DER: [u8; 2] = [0x30, 0x82];

/// Base64 of base64 is found as well, and nothing below that.
const MAX_DEPTH: usize = 2;

impl<'p> Reader<'p> {
    /// A reader that opens keystores with this password.
    pub(super) fn new(password: Option<&'p Password>) -> Self {
        Self { known: BTreeMap::new(), keystores: Opener::new(password) }
    }

    /// What an object holds; `None` if that is no certificate, no private key of a CA and no keystore.
    pub(super) fn copies(&mut self, object: &Object, file: &str) -> Option<CaCopy> {
        let data = data(object)?;
        let mut copy = CaCopy {
            kind: kind(object),
            object: object.kind.clone(),
            namespace: object.namespace.clone().unwrap_or_default(),
            name: object.name.clone(),
            file: file.to_owned(),
            values: Vec::new(),
            keys: Vec::new(),
            unreadable_key: None,
            unread: Vec::new(),
            is_immutable: is_immutable(object),
            writer: None,
        };
        if copy.kind == CopyKind::HelmRelease {
            self.release(&data, &mut copy);
        } else {
            self.values(data, &mut copy);
        }
        if copy.values.is_empty() && copy.keys.is_empty() && copy.unread.is_empty() {
            return None;
        }
        copy.writer = writer(object);
        copy.add_keystores_of_cert_manager();
        Some(copy)
    }

    fn values(&mut self, data: BTreeMap<String, Zeroizing<Vec<u8>>>, copy: &mut CaCopy) {
        let mut blocks = Vec::new();
        for (key, value) in data {
            if let Some(Keystore { lists, keys, unread }) = self.keystores.open(&value) {
                copy.keys.extend(keys.into_iter().map(|own| (key.clone(), own)));
                copy.unread.extend(unread.map(|unread| (key.clone(), unread)));
                let value = |certificates| CopiedValue { key: key.clone(), form: Form::Certificates, certificates };
                copy.values.extend(lists.into_iter().map(value));
                continue;
            }
            let (form, Scanned { certificates, keys }) = self.value(&value);
            blocks.extend(keys.into_iter().map(|block| (key.clone(), block)));
            if !certificates.is_empty() {
                copy.values.push(CopiedValue { key, form, certificates });
            }
        }
        copy.add_keys(&blocks);
    }

    /// The certificates in the record of a Helm release, each once.
    fn release(&mut self, data: &BTreeMap<String, Zeroizing<Vec<u8>>>, copy: &mut CaCopy) {
        let key = helm::KEY.to_owned();
        let Some(json) = data.get(helm::KEY).and_then(|record| helm::read(record)) else {
            copy.unread.push((key, Unread::Release));
            return;
        };
        let mut scanned = Scanned::default();
        for der in helm::certificates(&json) {
            scanned.certificates.extend(self.certificate(&der));
        }
        for text in helm::base64_texts(&json, BASE64_OF_PEM) {
            self.scan(text, MAX_DEPTH, &mut scanned);
        }
        scanned.certificates.sort();
        scanned.certificates.dedup();
        let certificates = scanned.certificates;
        if !certificates.is_empty() {
            copy.values.push(CopiedValue { key, form: Form::Client, certificates });
        }
    }

    fn value(&mut self, value: &[u8]) -> (Form, Scanned) {
        if let Some(certificates) = kubeconfig(value) {
            return (Form::Kubeconfig, Scanned { certificates, keys: Vec::new() });
        }
        let decoded = base64_text(value).and_then(detect::from_base64).map(Zeroizing::new);
        if let Some(certificates) = decoded.and_then(|text| kubeconfig(&text)) {
            return (Form::EncodedKubeconfig, Scanned { certificates, keys: Vec::new() });
        }
        let mut scanned = Scanned::default();
        self.scan(value, MAX_DEPTH, &mut scanned);
        let form = if scanned.certificates.is_empty() || pem::is_pem(value) || value.starts_with(&DER) {
            Form::Certificates
        } else {
            Form::Client
        };
        (form, scanned)
    }

    /// Adds the certificates and private keys in `value`: PEM, also with `\n` for line ends as in JSON, DER, and base64 of these.
    fn scan(&mut self, value: &[u8], depth: usize, scanned: &mut Scanned) {
        if value.starts_with(&DER) {
            scanned.certificates.extend(self.certificate(value));
            return;
        }
        if pem::is_pem(value) {
            let text =
                if detect::contains(value, b"-----\\n") { unescaped(value) } else { Zeroizing::new(value.to_vec()) };
            for block in pem::blocks(&text).blocks {
                match block.label.as_str() {
                    "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                        scanned.certificates.extend(self.certificate(detect::first_element(&block.der)));
                    }
                    label if label.ends_with("PRIVATE KEY") => scanned.keys.push(block),
                    _ => {}
                }
            }
        }
        if depth == 0 || !detect::contains(value, BASE64_OF_PEM.as_bytes()) {
            return;
        }
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        for word in value.split(|byte| !is_base64(byte)).filter(|word| word.starts_with(BASE64_OF_PEM.as_bytes())) {
            let decoded = std::str::from_utf8(word).ok().and_then(detect::from_base64).map(Zeroizing::new);
            if let Some(decoded) = decoded {
                self.scan(&decoded, depth - 1, scanned);
            }
        }
    }

    fn certificate(&mut self, der: &[u8]) -> Option<Certificate> {
        let digest = Sha256::digest(der).into();
        if let Some(known) = self.known.get(&digest) {
            return Some(known.clone());
        }
        let certificate = Certificate::from_der(der).ok()?;
        self.known.insert(digest, certificate.clone());
        Some(certificate)
    }
}

impl CaCopy {
    /// Keeps the public halves of those private keys that are a CA's of the object, and of all where it holds no certificate.
    fn add_keys(&mut self, blocks: &[(String, PemBlock)]) {
        let authorities: Vec<_> = self.authorities().map(|one| one.public_key().clone()).collect();
        let has_leaf = self.values.iter().flat_map(|value| &value.certificates).any(|one| !one.is_root_authority());
        for (at, block) in blocks {
            let may_be_ours = authorities.iter().any(|key| key.may_belong_to(&block.der));
            if !may_be_ours && !self.values.is_empty() && block.label != "ENCRYPTED PRIVATE KEY" && !block.headers {
                continue;
            }
            match PrivateKey::from_pem_block(&block.label, &block.der) {
                Ok(key) => self.keys.push((at.clone(), key.public_key().clone())),
                Err(_) if !has_leaf && !authorities.is_empty() => self.unreadable_key = Some(at.clone()),
                Err(_) => {}
            }
        }
    }
}

impl CaCopy {
    /// What cert-manager writes into keystores is also in the Secret's PEM values: into `keystore.*` the certificate with its
    /// chain and the CA, into `truststore.*` the first certificate of `ca.crt` (cert-manager/cert-manager:
    /// pkg/controller/certificates/issuing/internal/keystore.go).
    fn add_keystores_of_cert_manager(&mut self) {
        if !self.writer.as_ref().is_some_and(WrittenBy::is_cert_manager) {
            return;
        }
        let value = |key: &str| self.values.iter().find(|value| value.key == key).map(|value| &value.certificates);
        let authority = || value("ca.crt").and_then(|certificates| certificates.first()).cloned();
        let mut known = Vec::new();
        for (key, _) in &self.unread {
            let certificates: Vec<Certificate> = match key.as_str() {
                "keystore.p12" => value("tls.crt").into_iter().flatten().cloned().chain(authority()).collect(),
                "truststore.p12" => authority().into_iter().collect(),
                _ => Vec::new(),
            };
            if !certificates.is_empty() {
                known.push(CopiedValue { key: key.clone(), form: Form::Certificates, certificates });
            }
        }
        self.unread.retain(|(key, _)| !known.iter().any(|value| value.key == *key));
        self.values.extend(known);
        self.values.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

/// The certificates in a kubeconfig; `None` if the text is something else, or has none.
fn kubeconfig(text: &[u8]) -> Option<Vec<Certificate>> {
    let keys = [&b"certificate-authority-data"[..], b"client-certificate-data"];
    if !keys.iter().any(|key| detect::contains(text, key)) {
        return None;
    }
    let (kubeconfig, _) = detect::read_kubeconfig(text).ok()?;
    let presented = kubeconfig.credentials().flat_map(|(_, credential)| credential.certificates.clone());
    let certificates: Vec<_> = kubeconfig.trust.iter().flatten().cloned().chain(presented).collect();
    (!certificates.is_empty()).then_some(certificates)
}

/// The value, if it is nothing but base64 and white space.
fn base64_text(value: &[u8]) -> Option<&str> {
    let is_base64 =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace();
    std::str::from_utf8(value).ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| is_base64(&byte)))
}

/// The values of a Secret or ConfigMap, decoded; of another object, the texts that hold PEM. `None` for objects that
/// another one is the source of.
fn data(object: &Object) -> Option<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    match object.kind.as_str() {
        "Secret" if is_bootstrap_data(object) => None,
        "Secret" => Some(object.secret_data()),
        "ConfigMap" => {
            let texts = object.config_data().into_iter();
            let mut values: BTreeMap<_, _> =
                texts.map(|(key, text)| (key, Zeroizing::new(text.into_bytes()))).collect();
            let binary = object.value.get("binaryData").and_then(Value::as_object);
            for (key, value) in binary.into_iter().flatten() {
                if let Some(bytes) = value.as_str().and_then(detect::from_base64) {
                    values.insert(key.clone(), Zeroizing::new(bytes));
                }
            }
            Some(values)
        }
        // A document of a configuration file, such as Talos', has a kind and no name.
        _ if object.name.is_empty() || owners(object).any(|owner| owner.controls) => None,
        _ => {
            let mut texts = BTreeMap::new();
            let fields = object.value.as_object().into_iter().flatten();
            // A controller writes the status; metadata repeats the object in kubectl's annotation.
            for (key, value) in fields.filter(|(key, _)| !["metadata", "status"].contains(&key.as_str())) {
                texts_with_pem(key, value, &mut texts);
            }
            Some(texts)
        }
    }
}

/// The texts with PEM, or base64 of it, anywhere in `value`, by their path: `spec.vault.caBundle`, `spec.files[0].content`.
fn texts_with_pem(path: &str, value: &Value, texts: &mut BTreeMap<String, Zeroizing<Vec<u8>>>) {
    match value {
        Value::String(text) if pem::is_pem(text.as_bytes()) || text.contains(BASE64_OF_PEM) => {
            texts.insert(path.to_owned(), Zeroizing::new(text.clone().into_bytes()));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts_with_pem(&format!("{path}[{index}]"), item, texts);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                texts_with_pem(&format!("{path}.{key}"), field, texts);
            }
        }
        _ => {}
    }
}

/// The first-boot script of one machine, with the CAs' keys for a control-plane node. It is read once, when the machine
/// starts; later machines get scripts of their own (kubernetes-sigs/cluster-api: bootstrap/kubeadm/internal/controllers,
/// `storeBootstrapData`).
fn is_bootstrap_data(object: &Object) -> bool {
    object.secret_type() == CLUSTER_SECRET_TYPE && owners(object).any(|owner| owner.is_of("bootstrap.cluster.x-k8s.io"))
}

fn kind(object: &Object) -> CopyKind {
    let secret = object.kind == "Secret";
    match (object.namespace.as_deref(), object.name.as_str()) {
        _ if secret && object.secret_type() == "kubernetes.io/service-account-token" => CopyKind::Token,
        _ if helm::is_release(object) => CopyKind::HelmRelease,
        _ if secret => CopyKind::Other,
        (_, "kube-root-ca.crt") => CopyKind::RootCa,
        (Some("kube-system") | None, "extension-apiserver-authentication") => CopyKind::Authentication,
        _ => CopyKind::Other,
    }
}

/// A text in which `\n` and `\r` are written as two characters, with line ends.
fn unescaped(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(b'n')) => text.push(b'\n'),
            (b'\\', Some(b'r')) => {}
            // What precedes -----BEGIN in JSON or YAML.
            (b'"' | b'\'', _) => {
                text.push(b'\n');
                continue;
            }
            _ => {
                text.push(byte);
                continue;
            }
        }
        bytes.next();
    }
    text
}
