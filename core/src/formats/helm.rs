//! The records of Helm's releases, which Helm keeps in Secrets or ConfigMaps (helm/helm: pkg/storage/driver/util.go,
//! `encodeRelease`: base64 of gzip of JSON, with the chart, its values and the rendered manifests).

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use zeroize::Zeroizing;

use super::object::Object;

/// The type of the Secrets (helm/helm: pkg/storage/driver/secrets.go).
const SECRET_TYPE: &str = "helm.sh/release.v1";

/// How the names of the objects begin (helm/helm: pkg/storage/storage.go, `HelmStorageType`).
const NAME: &str = "sh.helm.release.v1.";

/// The key of the record in the object's data.
pub(crate) const KEY: &str = "release";

/// A record may expand to this many times its size …
const MAX_RATIO: usize = 20;
/// … and as many bytes more …
const ALLOWANCE: usize = 64 * 1024;
/// … and to no more than this. Bytes.
const MAX_EXPANDED: usize = 16 * 1024 * 1024;

/// How PEM begins and ends.
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Is the object a release's record? ConfigMaps have a label `owner: helm` (helm/helm: pkg/storage/driver/cfgmaps.go).
pub(crate) fn is_release(object: &Object) -> bool {
    match object.kind.as_str() {
        "Secret" => object.secret_type() == SECRET_TYPE,
        "ConfigMap" => object.name.starts_with(NAME) && object.labels.get("owner").map(String::as_str) == Some("helm"),
        _ => false,
    }
}

/// The JSON of a record; `None` if it cannot be read within the limits.
pub(crate) fn read(record: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let packed = Zeroizing::new(STANDARD.decode(record.trim_ascii()).ok()?);
    if !packed.starts_with(&[0x1F, 0x8B]) {
        // Helm reads records that are not compressed as well.
        return packed.starts_with(b"{").then_some(packed);
    }
    let limit = packed.len().saturating_mul(MAX_RATIO).saturating_add(ALLOWANCE).min(MAX_EXPANDED);
    // Allocated once, so that no copy of it stays in memory.
    let mut json = Zeroizing::new(Vec::with_capacity(limit + 1));
    GzDecoder::new(packed.as_slice()).take(limit as u64 + 1).read_to_end(&mut json).ok()?;
    (json.len() <= limit && json.starts_with(b"{")).then_some(json)
}

/// The certificates in PEM anywhere in a JSON text, in DER: line ends are escaped there, once or several times, and lines of
/// rendered manifests are indented.
pub(crate) fn certificates(json: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = json;
    while let Some(at) = find(rest, BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        // A block that is cut off ends where the next one begins.
        let block = &rest[..find(rest, BEGIN).unwrap_or(rest.len())];
        let body = block.strip_prefix(b"CERTIFICATE-----").and_then(|body| Some(&body[..find(body, END)?]));
        found.extend(body.and_then(decode));
    }
    found
}

/// Base64 without white space and without JSON's escapes for it.
fn decode(body: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(body.len());
    let mut is_escaped = false;
    for byte in body {
        match byte {
            b'\\' => is_escaped = true,
            b'n' | b'r' | b't' if is_escaped => is_escaped = false,
            byte if byte.is_ascii_whitespace() => {}
            byte => text.push(*byte),
        }
    }
    STANDARD.decode(text).ok()
}

/// The texts that begin so, as far as they are base64.
pub(crate) fn base64_texts<'a>(json: &'a [u8], start: &str) -> Vec<&'a [u8]> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut found = Vec::new();
    let mut rest = json;
    while let Some(at) = find(rest, start.as_bytes()) {
        let text = &rest[at..];
        let length = text.iter().position(|byte| !is_base64(byte)).unwrap_or(text.len());
        found.push(&text[..length]);
        rest = &text[length..];
    }
    found
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
