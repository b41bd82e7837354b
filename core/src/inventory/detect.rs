//! Bytes to artifact: what a file is, told from its content alone.

mod odd;
mod pem;
pub(super) mod result;

use std::sync::Arc;

use serde_json::Value;

pub(super) use self::{
    pem::{Pem, first_element},
    result::{Detected, PemReader, Reason, contains, from_base64},
};

use self::{
    pem::{read_pem, sorted},
    result::{COPY_AGAIN, private_key_der},
};
use super::model::files::{Artifact, EmbeddedCredential, KubeconfigArtifact};
use crate::{
    formats::{
        kubeconfig::{self, Kubeconfig, Material},
        kubelet, object, static_pod, talos, yaml,
    },
    input::Password,
    x509::{Certificate, Container, ContainerError, PrivateKey, SigningRequest, container},
};

/// Tells what `bytes` are, whoever reads them. Partial damage comes back beside what could be read.
pub(super) fn detect(bytes: &[u8], password: Option<&Password>) -> (Detected, Vec<Reason>) {
    detect_for(bytes, password, PemReader::Person)
}

/// Tells what `bytes` are to a reader: blocks that it ignores count for nothing, and come back as reasons.
pub(super) fn detect_for(bytes: &[u8], password: Option<&Password>, reader: PemReader) -> (Detected, Vec<Reason>) {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return (Detected::Nothing(Reason::damaged("", "the file is empty", COPY_AGAIN)), Vec::new());
    }
    let has_pem = contains(text, b"-----BEGIN ");
    // A text that describes a certificate before its block may have lines that look like YAML.
    if odd::looks_like_objects(text) && !(has_pem && odd::is_pem_with_notes(text)) {
        return detect_yaml(bytes, reader);
    }
    if has_pem {
        return sorted(read_pem(bytes, password, reader));
    }
    if text[0] == 0x30 {
        return detect_der(bytes, password, reader);
    }
    let reason = odd::base64_of_pem(text)
        .unwrap_or_else(|| Reason::foreign("it is no certificate, key, kubeconfig, manifest or Kubernetes object"));
    (Detected::Nothing(reason), Vec::new())
}

fn detect_der(bytes: &[u8], password: Option<&Password>, reader: PemReader) -> (Detected, Vec<Reason>) {
    if let Some(reason) = odd::pkcs7(bytes) {
        return (Detected::Nothing(reason), Vec::new());
    }
    if let Some(reason) = odd::der_on_node(bytes, reader) {
        return (Detected::Nothing(reason), Vec::new());
    }
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

fn detect_yaml(bytes: &[u8], reader: PemReader) -> (Detected, Vec<Reason>) {
    let place = |line: usize| if line > 0 { format!("line {line}") } else { String::new() };
    let (mut documents, duplicate) = match yaml::documents_as_kubernetes(bytes) {
        Ok(read) => (read.values, read.duplicate),
        Err(error) => {
            let message = format!("the YAML cannot be read: {}", error.message);
            let reason = Reason::damaged(place(error.line), message, COPY_AGAIN);
            return (Detected::Nothing(reason), Vec::new());
        }
    };
    let (detected, mut reasons) = detect_documents(&mut documents, reader);
    if let Some(error) = duplicate {
        reasons.push(odd::duplicate_key(place(error.line), &error.message));
    }
    (detected, reasons)
}

/// Tells what the documents of a YAML text are to a reader.
fn detect_documents(documents: &mut Vec<Value>, reader: PemReader) -> (Detected, Vec<Reason>) {
    let mut said = Vec::new();
    if reader == PemReader::Kubelet && documents.len() > 1 {
        said.push(odd::further_documents(documents.len()));
        documents.drain(1..).for_each(|mut document| yaml::wipe(&mut document));
    }
    if let Some(talos) = talos::read(documents) {
        documents.iter_mut().for_each(yaml::wipe);
        return (Detected::Talos(Box::new(talos)), said);
    }
    if let Some(reason) = odd::documents(documents) {
        documents.iter_mut().for_each(yaml::wipe);
        return (Detected::Nothing(reason), said);
    }
    said.extend(odd::kubelet_configuration(documents, reader));
    let (detected, mut reasons) = match documents.as_slice() {
        [document] => match document.get("kind").and_then(Value::as_str).unwrap_or_default() {
            "Config" => detect_kubeconfig(document),
            "" if document.get("clusters").is_some() => detect_kubeconfig(document),
            "Pod" => (one("Pod", static_pod::from_value(document).map(Artifact::StaticPod)), Vec::new()),
            "KubeletConfiguration" => {
                (one("kubelet's configuration", kubelet::from_value(document).map(Artifact::KubeletConfig)), Vec::new())
            }
            _ => return (detect_objects(std::mem::take(documents)), said),
        },
        _ => return (detect_objects(std::mem::take(documents)), said),
    };
    documents.iter_mut().for_each(yaml::wipe);
    reasons.extend(said);
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
        let (certificates, problems) = certificates_for(bytes, PemReader::Pair);
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
    match material {
        Material::Invalid(message) => {
            reasons.push(Reason::damaged(place, format!("it cannot be decoded: {message}"), COPY_AGAIN));
        }
        Material::Omitted(marker) => reasons.push(odd::omitted(place, marker)),
        _ => {}
    }
    material.embedded()
}

/// The trust anchors in PEM text, as Go reads them, and what it does not read. Text without any certificate is damaged.
pub(super) fn certificates(bytes: &[u8]) -> (Vec<Certificate>, Vec<Reason>) {
    certificates_for(bytes, PemReader::Trust)
}

/// The certificates in PEM text, as this reader reads them, and what it does not read.
fn certificates_for(bytes: &[u8], reader: PemReader) -> (Vec<Certificate>, Vec<Reason>) {
    let Pem { certificates, mut reasons, .. } = read_pem(bytes, None, reader);
    if certificates.is_empty() && reasons.is_empty() {
        reasons.push(
            odd::base64_twice(bytes).unwrap_or_else(|| Reason::damaged("", "it holds no certificate", COPY_AGAIN)),
        );
    }
    (certificates, reasons)
}

/// The private key in PEM text that Go reads, the first one, and what could not be read of it.
pub(super) fn private_key(bytes: &[u8]) -> (Option<Arc<PrivateKey>>, Vec<Reason>) {
    let Pem { keys, mut reasons, .. } = read_pem(bytes, None, PemReader::Pair);
    let key = keys.into_iter().next();
    if key.is_none() && reasons.is_empty() {
        reasons.push(
            odd::base64_twice(bytes).unwrap_or_else(|| Reason::damaged("", "it holds no private key", COPY_AGAIN)),
        );
    }
    (key, reasons)
}

/// The first signing request in PEM text.
///
/// # Errors
/// A reason if there is none that can be read.
pub(super) fn signing_request(bytes: &[u8]) -> Result<SigningRequest, Reason> {
    let Pem { requests, mut reasons, .. } = read_pem(bytes, None, PemReader::Person);
    let none = || Reason::damaged("", "it holds no signing request", COPY_AGAIN);
    requests.into_iter().next().ok_or_else(|| if reasons.is_empty() { none() } else { reasons.remove(0) })
}

/// A text that its own reader refused.
pub(super) fn broken_text(error: &dyn std::fmt::Display) -> Reason {
    Reason::damaged("", format!("it cannot be read: {error}"), COPY_AGAIN)
}
