//! Redaction of files for display: private keys are replaced by their public key pins.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::pem;
use crate::{
    text::hex,
    x509::{Certificate, PrivateKey},
};

/// The minimum length of base64 that is decoded. Characters; the shortest private key is far longer.
const MIN_BASE64: usize = 64;

/// The limit of nested base64: Secrets contain kubeconfigs, and kubeconfigs contain keys.
const MAX_NESTING: usize = 3;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The certificates of a file, in order: DER, PEM, or base64 in a kubeconfig or an object.
pub(crate) fn certificates(bytes: &[u8]) -> Vec<Certificate> {
    let mut found = Vec::new();
    collect(bytes, 0, &mut found);
    found
}

fn collect(bytes: &[u8], depth: usize, found: &mut Vec<Certificate>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        found.extend(Certificate::from_der(bytes));
        return;
    };
    let scan = pem::blocks(bytes);
    found.extend(scan.blocks.iter().filter_map(|block| Certificate::from_der(&block.der).ok()));
    if depth < MAX_NESTING && scan.blocks.is_empty() {
        for line in text.lines() {
            let run = base64_run(line).and_then(|(from, to)| BASE64.decode(&line[from..to]).ok());
            if let Some(inner) = run.map(Zeroizing::new) {
                collect(&inner, depth + 1, found);
            }
        }
    }
}

/// Whether a file contains a private key, in any encoding that Kubernetes uses.
pub(crate) fn holds_key(bytes: &[u8]) -> bool {
    redact(bytes, Keys::Unread).keys > 0
}

/// How redacted private keys are described.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    /// By public key pin. Reading the key for this includes a test signature.
    Pins,
    /// Not at all: keys are only counted.
    Unread,
}

/// A text with private keys removed.
pub(crate) struct Redacted {
    pub(crate) text: String,
    keys: usize,
}

/// Redacts the text of a file. For a binary file, returns a description.
pub(crate) fn redact(bytes: &[u8], named: Keys) -> Redacted {
    match std::str::from_utf8(bytes) {
        Ok(text) => redact_text(text, named, 0),
        Err(_) => redact_binary(bytes),
    }
}

fn redact_binary(bytes: &[u8]) -> Redacted {
    if let Ok(key) = PrivateKey::from_der(bytes) {
        return Redacted { text: name_key(Some(&key)), keys: 1 };
    }
    let text = match Certificate::from_der(bytes) {
        Ok(certificate) => format!("‹certificate {}›", name_certificate(&certificate)),
        Err(_) => format!("‹{} bytes that are no text›", bytes.len()),
    };
    Redacted { text, keys: 0 }
}

fn name_key(key: Option<&PrivateKey>) -> String {
    key.map_or_else(|| "‹private key›".to_owned(), |key| format!("‹private key, pin {}›", key.public_key().pin()))
}

/// Describes a certificate: subject, issuer, and the beginning of its fingerprint, which distinguishes it from its
/// replacement.
fn name_certificate(certificate: &Certificate) -> String {
    let fingerprint = hex::lower(&certificate.fingerprint()[..4]);
    format!("{} by {} (SHA-256 {fingerprint}…)", certificate.subject(), certificate.issuer())
}

/// Describes the private key among PEM blocks, by its pin if requested.
fn name_key_in(pem: &[u8], named: Keys) -> String {
    match named {
        Keys::Pins => {
            let scan = pem::blocks(pem);
            let mut blocks = scan.blocks.iter();
            name_key(blocks.find_map(|block| PrivateKey::from_pem_block(&block.label, &block.der).ok()).as_ref())
        }
        Keys::Unread => name_key(None),
    }
}

fn redact_text(text: &str, named: Keys, depth: usize) -> Redacted {
    let pem = redact_pem(text, named);
    let base64 = redact_base64(&pem.text, named, depth);
    Redacted { text: base64.text, keys: pem.keys + base64.keys }
}

/// Replaces every private key block, with any line endings. A block without an end extends to the end of the text.
fn redact_pem(text: &str, named: Keys) -> Redacted {
    let mut redacted = String::with_capacity(text.len());
    let mut keys = 0;
    let mut rest = text;
    while let Some(at) = rest.find("PRIVATE KEY-----") {
        let start = rest[..at].rfind("-----BEGIN").unwrap_or(at);
        let body = at + "PRIVATE KEY-----".len();
        let end = rest[body..].find("PRIVATE KEY-----").map_or(rest.len(), |end| body + end + "PRIVATE KEY-----".len());
        redacted.push_str(&rest[..start]);
        redacted.push_str(&name_key_in(&rest.as_bytes()[start..end], named));
        keys += 1;
        rest = &rest[end..];
    }
    redacted.push_str(rest);
    Redacted { text: redacted, keys }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

/// Decodes long runs of base64, on one or several lines, and redacts them. PEM blocks of public data are kept.
fn redact_base64(text: &str, named: Keys, depth: usize) -> Redacted {
    let mut redacted = String::with_capacity(text.len());
    let mut keys = 0;
    let mut in_pem = false;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.contains("-----BEGIN ") || line.contains("-----END ") {
            in_pem = line.contains("-----BEGIN ") && !line.contains("-----END ");
            redacted.push_str(line);
            continue;
        }
        let Some((start, end)) = base64_run(line).filter(|_| !in_pem) else {
            redacted.push_str(line);
            continue;
        };
        // A wrapped value continues as long as the lines contain nothing else.
        let mut joined = Zeroizing::new(line[start..end].to_owned());
        let whole_lines = line[end..].trim_matches(['\n', '\r', '\\', ' ']).is_empty();
        let mut followers = Vec::new();
        while whole_lines
            && let Some(next) = lines.peek()
            && let content = next.trim().trim_end_matches(['\\', '"', '\'', ','])
            && !content.is_empty()
            && content.chars().all(is_base64)
        {
            joined.push_str(content);
            followers.push(lines.next().unwrap_or_default());
        }
        match reveal(&joined, named, depth) {
            Some(inner) => {
                keys += inner.keys;
                redacted.push_str(&line[..start]);
                redacted.push_str(&inner.text);
                redacted.push_str(&line[end..]);
            }
            None => {
                redacted.push_str(line);
                redacted.extend(followers);
            }
        }
    }
    Redacted { text: redacted, keys }
}

/// The longest run of base64 in a line, if it has at least the minimum length.
fn base64_run(line: &str) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), '\n')]) {
        match (is_base64(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if best.is_none_or(|(a, b)| at - from > b - a) {
                    best = Some((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    best.filter(|(from, to)| to - from >= MIN_BASE64)
}

/// Describes decoded base64: keys by pin, certificates by subject, kubeconfigs as text.
fn reveal(base64: &str, named: Keys, depth: usize) -> Option<Redacted> {
    let bytes = Zeroizing::new(BASE64.decode(base64).ok()?);
    let Ok(text) = std::str::from_utf8(&bytes) else {
        let inner = redact_binary(&bytes);
        return (inner.keys > 0).then_some(inner);
    };
    let scan = pem::blocks(&bytes);
    let certificates: Vec<_> = scan.blocks.iter().filter_map(|block| Certificate::from_der(&block.der).ok()).collect();
    let names: Vec<_> = certificates.iter().map(name_certificate).collect();
    if text.contains("PRIVATE KEY-----") {
        let certificate =
            if names.is_empty() { String::new() } else { format!("‹certificate {}› ", names.join("; ")) };
        return Some(Redacted { text: format!("{certificate}{}", name_key_in(&bytes, named)), keys: 1 });
    }
    if !names.is_empty() {
        let plural = if names.len() == 1 { "certificate" } else { "certificates" };
        return Some(Redacted { text: format!("‹{plural} {}›", names.join("; ")), keys: 0 });
    }
    if depth < MAX_NESTING {
        let inner = redact_text(text, named, depth + 1);
        if inner.text != text {
            let indented: String = inner.text.lines().map(|line| format!("\n    ┆ {line}")).collect();
            return Some(Redacted { text: format!("‹base64 of›{indented}"), keys: inner.keys });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;
    use crate::x509::KeyAlgorithm;

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::EcdsaP256, &mut rand_core::UnwrapErr(getrandom::SysRng))
    }

    /// Asserts that no line of the key's PEM body appears, in any encoding.
    fn check(text: &str, key: &PrivateKey) {
        let redacted = redact(text.as_bytes(), Keys::Pins);
        assert!(redacted.keys > 0, "{text}");
        assert!(redacted.text.contains(&key.public_key().pin()), "{}", redacted.text);
        let pem = key.to_pem();
        for line in pem.lines().filter(|line| !line.starts_with("-----")) {
            assert!(!redacted.text.contains(&line[..16]), "{}", redacted.text);
            assert!(!redacted.text.contains(&STANDARD.encode(line)[..16]), "{}", redacted.text);
        }
        let base64 = STANDARD.encode(pem.as_bytes());
        for at in (0..base64.len() - 24).step_by(24).skip(2) {
            assert!(!redacted.text.contains(&base64[at..at + 24]), "{}", redacted.text);
        }
    }

    #[test]
    fn no_wrapping_shows_a_key() {
        let key = key();
        let pem = key.to_pem();
        let base64 = STANDARD.encode(pem.as_bytes());
        check(&pem, &key);
        check(&pem.replace('\n', "\r\n"), &key);
        check(&format!("client-key-data: {base64}\n"), &key);
        check(&format!("client-key-data: \"{base64}\"\n"), &key);
        check(&format!("{{\"data\":{{\"tls.key\":\"{base64}\",\"x\":1}}}}"), &key);
        let wrapped: Vec<_> =
            base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ascii")).collect();
        check(&format!("tls.key: |\n  {}\n", wrapped.join("\n  ")), &key);
        check(&format!("tls.key: \"{}\"\n", wrapped.join("\\\n    ")), &key);
        let kubeconfig = format!("users:\n- user:\n    client-key-data: {base64}\n");
        check(&format!("data:\n  value: {}\n", STANDARD.encode(kubeconfig)), &key);
    }

    #[test]
    fn certificates_are_found_in_every_wrapping() {
        let name = crate::x509::AuthorityName::Common("one".to_owned());
        let (from, to) = (crate::UnixTime(0), crate::UnixTime(1_000_000_000));
        let parameters = crate::x509::AuthorityParameters { name, not_before: from, not_after: to };
        let certificate = crate::x509::issue_authority(parameters, &key()).expect("it can be made");
        let pem = certificate.to_pem();
        let kubeconfig = format!("clusters:\n- cluster:\n    certificate-authority-data: {}\n", STANDARD.encode(&pem));
        let secret = format!("data:\n  value: {}\n", STANDARD.encode(&kubeconfig));
        for bytes in [certificate.der(), pem.as_bytes(), kubeconfig.as_bytes(), secret.as_bytes()] {
            let found = certificates(bytes);
            assert_eq!(found.iter().map(|one| one.subject().to_string()).collect::<Vec<_>>(), ["CN=one"]);
        }
        assert!(certificates(b"kind: Pod").is_empty());
    }

    #[test]
    fn public_text_stays() {
        let text = "a: b\n-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIRAM0000000000000000000000000000000000000000000000\n-----END CERTIFICATE-----\n";
        let redacted = redact(text.as_bytes(), Keys::Pins);
        assert_eq!((redacted.text.as_str(), redacted.keys), (text, 0));
    }
}
