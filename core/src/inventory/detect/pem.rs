//! PEM as its reader reads it: what Go ignores counts for nothing on a node.

use std::sync::Arc;

use super::{
    odd,
    result::{CONVERT, COPY_AGAIN, Detected, MAX_PROBLEMS, PemReader, Reason, private_key_der, unreadable_key},
};
use crate::{
    formats::pem::{self, PemBlock, PemScan},
    input::Password,
    inventory::model::files::Artifact,
    x509::{Certificate, PrivateKey, PublicKey, SigningRequest},
};

/// The command that writes every certificate of a file in the form that all readers take, and nothing else.
pub(super) const CONVERT_CERTIFICATES: &str = "Convert it: openssl storeutl -certs FILE >NEW";

/// The code of findings about certificates that Go does not read.
const IGNORED: &str = "ignored-certificate";

/// The code of findings about private keys among trust anchors.
const KEY_IN_TRUST: &str = "key-in-trust-bundle";

/// What a file is that holds all this.
pub(super) fn sorted(pem: Pem) -> (Detected, Vec<Reason>) {
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
pub(crate) struct Pem {
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<Arc<PrivateKey>>,
    pub(super) public_keys: Vec<PublicKey>,
    pub(super) requests: Vec<SigningRequest>,
    pub(super) others: Vec<String>,
    pub(super) reasons: Vec<Reason>,
}

/// Reads the PEM blocks of a text as `reader` does. Text that the reader ignores comes back as reasons.
pub(super) fn read_pem(bytes: &[u8], password: Option<&Password>, reader: PemReader) -> Pem {
    let scan = pem::blocks(bytes);
    let mut pem = Pem::default();
    pem.faults(&scan);
    let faulty: Vec<usize> = scan.problems.iter().map(|problem| problem.line).collect();
    if reader == PemReader::Person {
        for block in scan.blocks {
            pem.notice(&block);
            pem.add(block, password);
        }
        return pem;
    }
    let read = pem::go_blocks(bytes);
    for block in &scan.blocks {
        let is_read = read.iter().any(|one| one.line == block.line && counts(one, reader));
        let explained = faulty.iter().any(|line| (block.line..=block.last_line).contains(line));
        if !is_read && is_certificate(&block.label) && !explained {
            pem.reasons.push(ignored(block, bytes));
        }
        if matches!(reader, PemReader::Trust | PemReader::EtcdTrust) && block.label.ends_with("PRIVATE KEY") {
            pem.reasons.push(key_in_trust(block.line, reader));
        }
    }
    for block in read {
        if is_certificate(&block.label) && !counts(&block, reader) {
            continue;
        }
        pem.add(block, password);
    }
    pem
}

/// Is this a label under which some program looks for a certificate?
/// (OpenSSL: include/openssl/pem.h, `PEM_STRING_X509`, `PEM_STRING_X509_OLD`, `PEM_STRING_X509_TRUSTED`.)
fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// Does the reader take a block that encoding/pem found?
fn counts(block: &PemBlock, reader: PemReader) -> bool {
    match reader {
        PemReader::Person | PemReader::EtcdTrust => true,
        PemReader::Pair | PemReader::Kubelet => block.label == "CERTIFICATE" || !is_certificate(&block.label),
        PemReader::Trust => (block.label == "CERTIFICATE" && !block.headers) || !is_certificate(&block.label),
    }
}

/// A certificate that Go ignores, who reads it all the same, and the command that mends it.
fn ignored(block: &PemBlock, bytes: &[u8]) -> Reason {
    let PemBlock { label, line, .. } = block;
    let at_start = bytes.starts_with(b"\xef\xbb\xbf") && bytes[3..].starts_with(b"-----BEGIN ");
    let why = if label != "CERTIFICATE" {
        format!("its label is {label}, not CERTIFICATE. OpenSSL-based programs (curl, Python, nginx) do read it")
    } else if block.headers {
        "it has PEM headers. OpenSSL refuses the whole file as a trust store".to_owned()
    } else if *line == 1 && at_start {
        "a byte order mark precedes -----BEGIN. OpenSSL 3 does read it".to_owned()
    } else {
        "its -----BEGIN or -----END line is not as Go requires".to_owned()
    };
    let message = format!("Go, and so every Kubernetes component, ignores the certificate here: {why}");
    Reason::unfit(IGNORED, format!("line {line}"), message, CONVERT_CERTIFICATES)
}

/// A private key in a file of trust anchors
/// (kubernetes/kubernetes: pkg/controller/certificates/rootcacertpublisher publishes `--root-ca-file` as it is).
fn key_in_trust(line: usize, reader: PemReader) -> Reason {
    let why = if reader == PemReader::EtcdTrust {
        "etcd cannot read the file: it takes every block for a certificate"
    } else {
        "Trust bundles are public: kube-controller-manager copies ca.crt into the ConfigMap kube-root-ca.crt of every namespace"
    };
    Reason::unfit(
        KEY_IN_TRUST,
        format!("line {line}"),
        format!("it holds a private key among the trusted certificates. {why}"),
        "Remove the key: openssl crl2pkcs7 -nocrl -certfile FILE | openssl pkcs7 -print_certs -out NEW. If the file was in use, treat the key as disclosed",
    )
}

impl Pem {
    /// What is wrong with the text itself.
    fn faults(&mut self, scan: &PemScan) {
        let count = scan.problems.len();
        let unsaid = count.saturating_sub(MAX_PROBLEMS);
        if unsaid > 0 {
            let message = format!("its PEM has {count} faults; the first {MAX_PROBLEMS} and the last are said");
            self.reasons.push(Reason::damaged("", message, COPY_AGAIN));
        }
        let said = |place: &usize| *place < MAX_PROBLEMS || *place == unsaid + MAX_PROBLEMS - 1;
        for (_, problem) in scan.problems.iter().enumerate().filter(|(place, _)| said(place)) {
            let remedy = odd::mend_lines(&problem.message).unwrap_or(COPY_AGAIN);
            self.reasons.push(Reason::damaged(format!("line {}", problem.line), &problem.message, remedy));
        }
    }

    /// Says of a certificate that a person provides that Go would ignore it.
    fn notice(&mut self, block: &PemBlock) {
        if is_certificate(&block.label) && (block.label != "CERTIFICATE" || block.headers) {
            self.reasons.push(ignored(block, b""));
        }
    }

    /// Sorts one block in.
    fn add(&mut self, block: PemBlock, password: Option<&Password>) {
        let place = format!("line {}", block.line);
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                // Only OpenSSL takes trust settings behind a certificate; they make the block unreadable to Go.
                let der = if block.label.starts_with("TRUSTED") { first_element(&block.der) } else { &block.der };
                match Certificate::from_der(der) {
                    Ok(certificate) => self.certificates.push(certificate),
                    Err(error) => {
                        let message = format!("the certificate cannot be read: {error}");
                        self.reasons.push(Reason::damaged(place, message, COPY_AGAIN));
                    }
                }
            }
            "EC PARAMETERS" => {}
            "PKCS7" | "PKCS #7 SIGNED DATA" => self.reasons.push(Reason { place, ..odd::pkcs7_in_pem() }),
            "PUBLIC KEY" => match PublicKey::from_der(&block.der) {
                Ok(key) => self.public_keys.push(key),
                Err(error) => {
                    let message = format!("the public key cannot be read: {error}");
                    self.reasons.push(Reason::damaged(place, message, COPY_AGAIN));
                }
            },
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => match SigningRequest::from_der(&block.der) {
                Ok(request) => self.requests.push(request),
                Err(error) => {
                    let message = format!("the request cannot be read: {error}");
                    self.reasons.push(Reason::damaged(place, message, COPY_AGAIN));
                }
            },
            label if label.ends_with("PRIVATE KEY") => match key(&block, &place, password) {
                Ok(key) => self.keys.push(key),
                Err(reason) => self.reasons.push(reason),
            },
            label => self.others.push(label.to_owned()),
        }
    }
}

/// The private key in a block.
fn key(block: &PemBlock, place: &str, password: Option<&Password>) -> Result<Arc<PrivateKey>, Reason> {
    if block.label == "ENCRYPTED PRIVATE KEY" {
        return private_key_der(&block.der, place, password);
    }
    if block.headers {
        let message = "the private key is encrypted in OpenSSL's old way, which is not read here";
        return Err(Reason::damaged(place, message, CONVERT));
    }
    PrivateKey::from_pem_block(&block.label, &block.der).map(Arc::new).map_err(|error| unreadable_key(place, &error))
}

/// The certificate of a `TRUSTED CERTIFICATE` block, which OpenSSL's own trust settings may follow.
pub(crate) fn first_element(der: &[u8]) -> &[u8] {
    use der::Reader as _;
    let first = der::SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes());
    first.unwrap_or(der)
}
