//! Bytes to artifact: what a file is, told from its content alone.

use std::sync::Arc;

use super::{Artifact, EmbeddedCredential, KubeconfigArtifact, PASSWORD_NEEDED, PASSWORD_WRONG};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Password,
    formats::{
        kubeconfig::{self, Kubeconfig, Material},
        kubelet,
        object::{self, Object},
        pem, static_pod,
        talos::{self, TalosFile},
        yaml,
    },
    x509::{Certificate, Container, ContainerError, KeyError, PrivateKey, PublicKey, SigningRequest, container},
};
use serde_json::Value;

/// What a file turned out to be.
#[derive(Debug)]
pub(super) enum Detected {
    Artifact(Artifact),
    Objects(Vec<Object>),
    Talos(Box<TalosFile>),
    /// Nothing that has a place, and why.
    Nothing(Reason),
}

/// Why a file, or a part of it, could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// `line 3`, `clusters[0]`; empty for the whole file.
    pub(super) place: String,
    /// A sentence without a final period.
    pub(super) message: String,
    /// What to do about it; empty where nothing has to be done.
    pub(super) remedy: String,
    /// The code of the finding.
    pub(super) code: &'static str,
    /// Whether the file was meant to be something and is damaged, rather than being something else.
    pub(super) damaged: bool,
}

impl Reason {
    /// The same reason, about a part of something larger.
    pub(super) fn within(&self, place: &str) -> Self {
        let at = format!("{place} {}", self.place);
        Self { place: at.trim_end().to_owned(), ..self.clone() }
    }

    fn foreign(message: impl Into<String>) -> Self {
        Self { place: String::new(), message: message.into(), remedy: String::new(), code: UNREADABLE, damaged: false }
    }

    fn damaged(place: impl Into<String>, message: impl Into<String>, remedy: &str) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
            remedy: remedy.to_owned(),
            code: UNREADABLE,
            damaged: true,
        }
    }

    /// Something encrypted that was not opened; `wrong` if a password was tried.
    fn locked(place: impl Into<String>, message: impl Into<String>, wrong: bool) -> Self {
        let (code, remedy) = if wrong {
            (
                PASSWORD_WRONG,
                "Give its password; one password opens everything, so give files with another one by themselves",
            )
        } else {
            (PASSWORD_NEEDED, "Give its password (--password-file, or when asked for it); it is used in memory alone")
        };
        Self { code, ..Self::damaged(place, message, remedy) }
    }
}

/// So many faults of one file's PEM are said, and the last one, which tells where reading stopped.
const MAX_PROBLEMS: usize = 20;

/// The code of findings about what cannot be read.
const UNREADABLE: &str = "unreadable-content";

/// What to do about keys that are encrypted in ways that nobody should use any more, or at too great a cost.
const CONVERT: &str =
    "Encrypt it anew (openssl pkcs8 -topk8 -in FILE -out NEW -v2 aes-256-cbc), or give it without a password";

const PLAIN_KEY: &str = "Give an RSA or ECDSA key; `openssl pkey -in FILE -out FILE.plain` removes a password";

const COPY_AGAIN: &str = "Copy the file again from the node, as a whole";

/// Tells what `bytes` are. Partial damage comes back beside what could be read.
pub(super) fn detect(bytes: &[u8], password: Option<&Password>) -> (Detected, Vec<Reason>) {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return (Detected::Nothing(Reason::damaged("", "the file is empty", COPY_AGAIN)), Vec::new());
    }
    if looks_like_objects(text) {
        return detect_yaml(bytes);
    }
    if contains(text, b"-----BEGIN ") {
        return detect_pem(bytes, password);
    }
    if text[0] == 0x30 {
        return detect_der(bytes, password);
    }
    (
        Detected::Nothing(Reason::foreign("it is no certificate, key, kubeconfig, manifest or Kubernetes object")),
        Vec::new(),
    )
}

/// Does `needle` stand anywhere in `haystack`?
pub(super) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The bytes that a base64 text stands for; line breaks in it are skipped.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

/// Kubernetes objects in YAML have their kind at the start of a line; in JSON they start with a brace.
fn looks_like_objects(text: &[u8]) -> bool {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{')
        || text.split(|byte| *byte == b'\n').any(|line| {
            [
                &b"kind:"[..],
                b"apiVersion:",
                b"\"kind\":",
                b"\"apiVersion\":",
                b"clusters:",
                b"contexts:",
                b"machine:",
                b"certs:",
                // A resource of Talos' API.
                b"node:",
            ]
            .iter()
            .any(|key| line.starts_with(key))
        })
}

fn detect_der(bytes: &[u8], password: Option<&Password>) -> (Detected, Vec<Reason>) {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return (Detected::Artifact(Artifact::Certificates(vec![certificate])), Vec::new());
    }
    if let Ok(request) = SigningRequest::from_der(bytes) {
        return (Detected::Artifact(Artifact::SigningRequest(Box::new(request))), Vec::new());
    }
    if container::is_container(bytes) {
        return open_container(bytes, password);
    }
    let detected = match private_key_der(bytes, "", password) {
        Ok(key) => Detected::Artifact(Artifact::PrivateKey(key)),
        Err(reason) => Detected::Nothing(reason),
    };
    (detected, Vec::new())
}

/// A private key in DER, opened where it is encrypted.
fn private_key_der(bytes: &[u8], place: &str, password: Option<&Password>) -> Result<Arc<PrivateKey>, Reason> {
    let read = match (PrivateKey::from_der(bytes), password) {
        (Err(KeyError::Encrypted), Some(password)) => PrivateKey::from_encrypted_der(bytes, password),
        (Err(KeyError::Encrypted), None) if !PrivateKey::is_openable(bytes) => Err(KeyError::UnsupportedEncryption),
        (read, _) => read,
    };
    read.map(Arc::new).map_err(|error| match error {
        KeyError::Encrypted => Reason::locked(place, "the private key is encrypted", false),
        KeyError::WrongPassword => Reason::locked(place, "the password does not open the private key", true),
        KeyError::UnsupportedEncryption => Reason::damaged(place, error.to_string(), CONVERT),
        KeyError::NotAKey(_) => Reason::damaged(
            place,
            "it starts like DER, but is neither a certificate nor a private key",
            "Give certificates and keys as PEM or DER",
        ),
        error => Reason::damaged(place, format!("the private key cannot be read: {error}"), PLAIN_KEY),
    })
}

fn open_container(bytes: &[u8], password: Option<&Password>) -> (Detected, Vec<Reason>) {
    let Some(password) = password else {
        return (
            Detected::Nothing(Reason::locked("", "it is a PKCS#12 container, which is encrypted", false)),
            Vec::new(),
        );
    };
    let Container { certificates, keys, .. } = match Container::open(bytes, password) {
        Ok(container) => container,
        Err(ContainerError::WrongPassword) => {
            let reason = Reason::locked("", ContainerError::WrongPassword.to_string(), true);
            return (Detected::Nothing(reason), Vec::new());
        }
        Err(error) => {
            let remedy = "Take it apart with `openssl pkcs12 -in FILE -nodes`, and give what comes of it";
            return (Detected::Nothing(Reason::damaged("", error.to_string(), remedy)), Vec::new());
        }
    };
    sorted(Pem { certificates, keys: keys.into_iter().map(Arc::new).collect(), ..Pem::default() })
}

fn detect_pem(bytes: &[u8], password: Option<&Password>) -> (Detected, Vec<Reason>) {
    sorted(read_pem(bytes, password))
}

/// What a file is that holds all this.
fn sorted(pem: Pem) -> (Detected, Vec<Reason>) {
    let Pem { certificates, keys, public_keys, requests, others, mut reasons } = pem;
    let mut keys = keys.into_iter();
    let detected = match (certificates.is_empty(), keys.next()) {
        (false, None) => Detected::Artifact(Artifact::Certificates(certificates)),
        (false, Some(key)) => Detected::Artifact(Artifact::Credential(certificates, key)),
        (true, Some(key)) => Detected::Artifact(Artifact::PrivateKey(key)),
        (true, None) => match (public_keys.into_iter().next(), requests.into_iter().next()) {
            (Some(key), _) => Detected::Artifact(Artifact::PublicKey(key)),
            (None, Some(request)) => Detected::Artifact(Artifact::SigningRequest(Box::new(request))),
            (None, None) if reasons.is_empty() => {
                let kinds = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
                Detected::Nothing(Reason::foreign(format!(
                    "its PEM blocks hold {kinds}, which has no part in a rotation"
                )))
            }
            (None, None) => Detected::Nothing(reasons.remove(0)),
        },
    };
    if keys.next().is_some() {
        reasons.push(Reason::damaged(
            "",
            "it holds more than one private key",
            "Give each private key in a file of its own",
        ));
    }
    (detected, reasons)
}

/// The content of a PEM file, sorted.
#[derive(Default)]
struct Pem {
    certificates: Vec<Certificate>,
    keys: Vec<Arc<PrivateKey>>,
    public_keys: Vec<PublicKey>,
    requests: Vec<SigningRequest>,
    others: Vec<String>,
    reasons: Vec<Reason>,
}

fn read_pem(bytes: &[u8], password: Option<&Password>) -> Pem {
    let scan = pem::blocks(bytes);
    let mut pem = Pem::default();
    let unsaid = scan.problems.len().saturating_sub(MAX_PROBLEMS);
    if unsaid > 0 {
        let message =
            format!("its PEM has {} faults; the first {MAX_PROBLEMS} and the last are said", scan.problems.len());
        pem.reasons.push(Reason::damaged("", message, COPY_AGAIN));
    }
    let said = |place: &usize| *place < MAX_PROBLEMS || *place == unsaid + MAX_PROBLEMS - 1;
    for (_, problem) in scan.problems.into_iter().enumerate().filter(|(place, _)| said(place)) {
        pem.reasons.push(Reason::damaged(format!("line {}", problem.line), problem.message, COPY_AGAIN));
    }
    for block in scan.blocks {
        let place = format!("line {}", block.line);
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => match Certificate::from_der(&block.der) {
                Ok(certificate) => pem.certificates.push(certificate),
                Err(error) => {
                    let message = format!("the certificate cannot be read: {error}");
                    pem.reasons.push(Reason::damaged(place, message, COPY_AGAIN));
                }
            },
            "EC PARAMETERS" => {}
            "PUBLIC KEY" => match PublicKey::from_der(&block.der) {
                Ok(key) => pem.public_keys.push(key),
                Err(error) => {
                    pem.reasons.push(Reason::damaged(
                        place,
                        format!("the public key cannot be read: {error}"),
                        COPY_AGAIN,
                    ));
                }
            },
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => match SigningRequest::from_der(&block.der) {
                Ok(request) => pem.requests.push(request),
                Err(error) => {
                    let message = format!("the request cannot be read: {error}");
                    pem.reasons.push(Reason::damaged(place, message, COPY_AGAIN));
                }
            },
            "ENCRYPTED PRIVATE KEY" => match private_key_der(&block.der, &place, password) {
                Ok(key) => pem.keys.push(key),
                Err(reason) => pem.reasons.push(reason),
            },
            label if label.ends_with("PRIVATE KEY") && block.headers => {
                let message = "the private key is encrypted in OpenSSL's old way, which is not read here";
                pem.reasons.push(Reason::damaged(place, message, CONVERT));
            }
            label if label.ends_with("PRIVATE KEY") => match PrivateKey::from_pem_block(label, &block.der) {
                Ok(key) => pem.keys.push(Arc::new(key)),
                Err(error) => pem.reasons.push(Reason::damaged(
                    place,
                    format!("the private key cannot be read: {error}"),
                    PLAIN_KEY,
                )),
            },
            label => pem.others.push(label.to_owned()),
        }
    }
    pem
}

fn detect_yaml(bytes: &[u8]) -> (Detected, Vec<Reason>) {
    let mut documents = match yaml::documents(bytes) {
        Ok(documents) => documents,
        Err(error) => {
            let place = if error.line > 0 { format!("line {}", error.line) } else { String::new() };
            let reason = Reason::damaged(place, format!("the YAML cannot be read: {}", error.message), COPY_AGAIN);
            return (Detected::Nothing(reason), Vec::new());
        }
    };
    if let Some(talos) = talos::read(&documents) {
        documents.iter_mut().for_each(yaml::wipe);
        return (Detected::Talos(Box::new(talos)), Vec::new());
    }
    let (detected, reasons) = match documents.as_slice() {
        [document] => match document.get("kind").and_then(Value::as_str).unwrap_or_default() {
            "Config" => detect_kubeconfig(document),
            "" if document.get("clusters").is_some() => detect_kubeconfig(document),
            "Pod" => (one("Pod", static_pod::from_value(document).map(Artifact::StaticPod)), Vec::new()),
            "KubeletConfiguration" => {
                (one("kubelet's configuration", kubelet::from_value(document).map(Artifact::KubeletConfig)), Vec::new())
            }
            _ => return (detect_objects(documents), Vec::new()),
        },
        _ => return (detect_objects(documents), Vec::new()),
    };
    documents.iter_mut().for_each(yaml::wipe);
    (detected, reasons)
}

fn one<E: std::fmt::Display>(what: &str, artifact: Result<Artifact, E>) -> Detected {
    match artifact {
        Ok(artifact) => Detected::Artifact(artifact),
        Err(error) => Detected::Nothing(Reason::damaged("", format!("the {what} cannot be read: {error}"), COPY_AGAIN)),
    }
}

fn detect_objects(documents: Vec<Value>) -> Detected {
    match object::from_values(documents) {
        objects if objects.is_empty() => Detected::Nothing(Reason::foreign("it holds no Kubernetes object")),
        objects => Detected::Objects(objects),
    }
}

fn detect_kubeconfig(value: &Value) -> (Detected, Vec<Reason>) {
    match kubeconfig::from_value(value) {
        Ok(model) => {
            let (kubeconfig, reasons) = decode(model);
            (Detected::Artifact(Artifact::Kubeconfig(Box::new(kubeconfig))), reasons)
        }
        Err(error) => (Detected::Nothing(not_a_kubeconfig(&error)), Vec::new()),
    }
}

fn not_a_kubeconfig(error: &kubeconfig::KubeconfigError) -> Reason {
    Reason::damaged("", format!("the kubeconfig cannot be read: {error}"), COPY_AGAIN)
}

/// Reads a kubeconfig and decodes what it embeds.
///
/// # Errors
/// A reason if the text is no kubeconfig at all; entries that cannot be decoded come back beside it.
pub(super) fn read_kubeconfig(bytes: &[u8]) -> Result<(KubeconfigArtifact, Vec<Reason>), Reason> {
    kubeconfig::parse(bytes).map(decode).map_err(|error| not_a_kubeconfig(&error))
}

fn decode(model: Kubeconfig) -> (KubeconfigArtifact, Vec<Reason>) {
    decode_at(model, |index, field| match field {
        Field::Trust => format!("clusters[{index}].cluster.certificate-authority-data"),
        Field::Certificate => format!("users[{index}].user.client-certificate-data"),
        Field::Key => format!("users[{index}].user.client-key-data"),
    })
}

/// Decodes what a talosconfig embeds.
pub(super) fn decode_client(model: Kubeconfig) -> (KubeconfigArtifact, Vec<Reason>) {
    let names: Vec<String> = model.contexts.iter().map(|context| context.name.clone()).collect();
    decode_at(model, |index, field| {
        let field = match field {
            Field::Trust => "ca",
            Field::Certificate => "crt",
            Field::Key => "key",
        };
        format!("contexts.{}.{field}", names[index])
    })
}

/// What is embedded.
#[derive(Clone, Copy)]
enum Field {
    Trust,
    Certificate,
    Key,
}

fn decode_at(model: Kubeconfig, at: impl Fn(usize, Field) -> String) -> (KubeconfigArtifact, Vec<Reason>) {
    let mut reasons = Vec::new();
    let mut trust = Vec::new();
    for (index, cluster) in model.clusters.iter().enumerate() {
        let place = at(index, Field::Trust);
        let bytes = embedded(&cluster.certificate_authority, &place, &mut reasons);
        trust.push(bytes.map_or_else(Vec::new, |bytes| {
            let (certificates, problems) = certificates(bytes);
            reasons.extend(problems.into_iter().map(|reason| Reason { place: place.clone(), ..reason }));
            certificates
        }));
    }
    let mut credentials = Vec::new();
    for (index, user) in model.users.iter().enumerate() {
        let place = at(index, Field::Certificate);
        let Some(bytes) = embedded(&user.client_certificate, &place, &mut reasons) else {
            credentials.push(None);
            continue;
        };
        let (certificates, problems) = certificates(bytes);
        reasons.extend(problems.into_iter().map(|reason| Reason { place: place.clone(), ..reason }));
        let place = at(index, Field::Key);
        let key = embedded(&user.client_key, &place, &mut reasons).and_then(|bytes| {
            let (key, problems) = private_key(bytes);
            reasons.extend(problems.into_iter().map(|reason| Reason { place: place.clone(), ..reason }));
            key
        });
        credentials.push(Some(EmbeddedCredential { certificates, key }));
    }
    (KubeconfigArtifact { model, trust, credentials }, reasons)
}

/// The bytes that a kubeconfig embeds at `place`; what is not base64 is damaged.
fn embedded<'a>(material: &'a Material, place: &str, reasons: &mut Vec<Reason>) -> Option<&'a [u8]> {
    if let Material::Invalid(message) = material {
        reasons.push(Reason::damaged(place, format!("it cannot be decoded: {message}"), COPY_AGAIN));
    }
    material.embedded()
}

/// The certificates in PEM text, and what could not be read of it. Text without any certificate is damaged.
pub(super) fn certificates(bytes: &[u8]) -> (Vec<Certificate>, Vec<Reason>) {
    let Pem { certificates, mut reasons, .. } = read_pem(bytes, None);
    if certificates.is_empty() && reasons.is_empty() {
        reasons.push(Reason::damaged("", "it holds no certificate", COPY_AGAIN));
    }
    (certificates, reasons)
}

/// The first private key in PEM text, and what could not be read of it.
pub(super) fn private_key(bytes: &[u8]) -> (Option<Arc<PrivateKey>>, Vec<Reason>) {
    let Pem { keys, mut reasons, .. } = read_pem(bytes, None);
    let key = keys.into_iter().next();
    if key.is_none() && reasons.is_empty() {
        reasons.push(Reason::damaged("", "it holds no private key", COPY_AGAIN));
    }
    (key, reasons)
}

/// The first signing request in PEM text.
///
/// # Errors
/// A reason if there is none that can be read.
pub(super) fn signing_request(bytes: &[u8]) -> Result<SigningRequest, Reason> {
    let Pem { requests, mut reasons, .. } = read_pem(bytes, None);
    let none = || Reason::damaged("", "it holds no signing request", COPY_AGAIN);
    requests.into_iter().next().ok_or_else(|| if reasons.is_empty() { none() } else { reasons.remove(0) })
}

/// A text that its own reader refused.
pub(super) fn broken_text(error: &dyn std::fmt::Display) -> Reason {
    Reason::damaged("", format!("it cannot be read: {error}"), COPY_AGAIN)
}
