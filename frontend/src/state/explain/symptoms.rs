//! The table of known messages, and the details that they contain.
//!
//! The texts are those of Go's crypto/x509 and crypto/tls, OpenSSL's crypto/x509/x509_txt.c, curl, kubeadm,
//! kube-controller-manager, the API server, Java, Node, Python and .NET; `tests/fixtures/errors` has the messages as they come.

use super::model::{Facts, Kind};

/// Each kind with the texts that identify it: a message must contain all texts of one row. The first match counts.
const SYMPTOMS: &[(Kind, &[&[&str]])] = &[
    (Kind::Pin, &[&["none of the public keys", "pinned"], &["ca hash does not match"]]),
    (Kind::Bundle, &[&["expected 1 certificate, found"], &["wanted exactly one certificate"]]),
    (Kind::WrongCa, &[&["wrong ca cert"], &["does not contain a trusted ca"]]),
    (
        Kind::KeyMismatch,
        &[&["private key does not match public key"], &["private key type does not match"], &["key values mismatch"]],
    ),
    (Kind::KeyIds, &[&["key identifier mismatch"]]),
    (
        Kind::NotYetValid,
        &[&["current time", "is before"], &["certificate is not yet valid"], &["certificatenotyetvalidexception"]],
    ),
    (
        Kind::Expired,
        &[
            &["current time", "is after"],
            &["certificate has expired"],
            &["expired certificate"],
            &["alert certificate expired"],
            &["certificateexpiredexception"],
            &["certificate chain", "nottimevalid"],
        ],
    ),
    (
        Kind::WrongName,
        &[
            &["certificate is valid for", ", not "],
            &["not valid for any names"],
            &["doesn't contain any ip sans"],
            &["legacy common name field"],
            &["hostname mismatch"],
            &["ip address mismatch"],
            &["does not match certificate"],
            &["no alternative certificate subject name matches"],
            &["no subject alternative"],
            &["no name matching"],
            &["remotecertificatenamemismatch"],
        ],
    ),
    (Kind::Usage, &[&["incompatible key usage"], &["certificate purpose"], &["extended key usage does not permit"]]),
    (
        Kind::NotACa,
        &[
            &["cannot sign this kind of certificate"],
            &["not authorized to sign other certificates"],
            &["invalid ca certificate"],
        ],
    ),
    (Kind::Weak, &[&["insecure algorithm"], &["digest algorithm too weak"], &["key too weak"]]),
    (Kind::ClientOfAnotherCa, &[&["unable to authenticate the request", "unknown authority"]]),
    (
        Kind::UnknownAuthority,
        &[
            &["signed by unknown authority"],
            &["unable to get local issuer certificate"],
            &["unable to get issuer certificate"],
            &["unable to verify the first certificate"],
            &["self-signed certificate"],
            &["self signed certificate"],
            &["certificate signature failure"],
            &["unable to find valid certification path"],
            &["does not chain with any of the trust anchors"],
            &["certificate chain", "untrustedroot"],
            &["certificate chain", "partialchain"],
            &["remotecertificatechainerrors"],
        ],
    ),
    (
        Kind::Refused,
        &[
            &["unknown certificate authority"],
            &["alert unknown ca"],
            &["bad certificate"],
            &["tls: unknown certificate"],
            &["alert certificate unknown"],
            &["remote error: tls: handshake failure"],
            &["fatal alert: unknown_ca"],
            &["fatal alert: bad_certificate"],
            &["fatal alert: certificate_unknown"],
        ],
    ),
    (
        Kind::NoCertificate,
        &[
            &["didn't provide a certificate"],
            &["certificate required"],
            &["did not return a certificate"],
            &["fatal alert: certificate_required"],
            &["remotecertificatenotavailable"],
        ],
    ),
    (Kind::Unreadable, &[&["failed to find any pem data"], &["malformed certificate"], &["no start line"]]),
    (Kind::Unauthorized, &[&["unauthorized"], &["asked for the client to provide credentials"]]),
];

/// Kind and details of a line; `None` if it is not about certificates.
pub fn read(line: &str) -> Option<(Kind, Facts)> {
    // Logs quote messages, with escaped quotation marks.
    let text = line.replace("\\\"", "\"").replace("\\'", "'");
    let lower = text.to_lowercase();
    let says = |words: &&[&str]| words.iter().all(|word| lower.contains(word));
    let (kind, _) = SYMPTOMS.iter().find(|(_, rows)| rows.iter().any(&says))?;
    Some((*kind, facts(&text)))
}

fn facts(text: &str) -> Facts {
    let names = between(text, "certificate is valid for ", ", not ").unwrap_or_default();
    let wanted = [
        after(text, "certificate is valid for ").and_then(|rest| after(rest, ", not ")).map(word),
        after(text, "wanted to match ").map(word),
        between(text, "cannot validate certificate for ", " because"),
        between(text, "Hostname ", " does NOT match"),
        between(text, "target host name '", "'"),
        between(text, "is not valid for '", "'"),
        between(text, "matching IP address ", " found"),
        between(text, "DNS name matching ", " found"),
        between(text, "No name matching ", " found"),
        between(text, "altnames: IP: ", " is not in"),
        between(text, "altnames: Host: ", ". is not in"),
    ];
    Facts {
        authority: between(text, "candidate authority certificate \"", "\"").unwrap_or_default().to_owned(),
        wanted: wanted.into_iter().flatten().next().unwrap_or_default().to_owned(),
        names: names.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        moment: ["is after ", "is before "]
            .iter()
            .find_map(|mark| after(text, mark))
            .map(word)
            .unwrap_or_default()
            .to_owned(),
        file: text.split(['"', '\'', ' ']).find(|piece| is_file(piece)).unwrap_or_default().to_owned(),
        pin: pin(text),
        server: server(text),
    }
}

/// Host and port of the first URL, or of the connection that a Go program names (`dial tcp`).
fn server(text: &str) -> String {
    let of_url = after(text, "https://").map(|rest| (rest, "443"));
    let Some((rest, port)) = of_url.or_else(|| after(text, "dial tcp ").map(|rest| (rest, ""))) else {
        return String::new();
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())].trim_end_matches([':', '.']);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match (host.is_empty(), has_port || port.is_empty()) {
        (true, _) => String::new(),
        (false, true) => host.to_owned(),
        (false, false) => format!("{host}:{port}"),
    }
}

/// The text after a mark.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    after(text, from)?.split_once(to).map(|(between, _)| between)
}

/// The first word, without closing punctuation.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | ']' | ',')).unwrap_or(text.len());
    text[..end].trim_end_matches([':', '.'])
}

fn is_file(piece: &str) -> bool {
    piece.starts_with('/') && [".crt", ".key", ".pem", ".conf", ".yaml"].iter().any(|end| piece.ends_with(end))
}

/// The digest after `sha256:`, with this prefix; empty if it is not one.
fn pin(text: &str) -> String {
    let Some(rest) = after(text, "sha256:") else { return String::new() };
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    if digits.len() == 64 { format!("sha256:{}", digits.to_lowercase()) } else { String::new() }
}
