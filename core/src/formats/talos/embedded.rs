//! Certificates and keys in the fields of Talos' files.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

/// A certificate or key in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// Its canonical field, such as `machine.ca.crt`, independent of the document that contains it.
    pub(crate) place: &'static str,
    /// Its actual field, such as `KubeAPIServerCAConfig.issuingCA.cert`.
    pub(crate) written: String,
    pub(crate) content: EmbeddedContent,
}

/// The value of a certificate or key field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum EmbeddedContent {
    /// Neither base64 nor PEM.
    Invalid,
    Pem(Zeroizing<Vec<u8>>),
    /// A marker that replaces a secret, written by the export.
    Redacted,
}

/// Prints the variant, never the bytes.
impl std::fmt::Debug for EmbeddedContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Invalid => "Invalid",
            Self::Pem(_) => "Pem",
            Self::Redacted => "Redacted",
        })
    }
}

/// The longest marker. Markers are short words or asterisks; the shortest PEM is longer. Characters.
pub(crate) const MAX_MARKER: usize = 64;

pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";

impl EmbeddedContent {
    /// Reads a field's value; `None` if it is not set.
    fn of(value: &Value, decode: impl Fn(&str) -> Option<Zeroizing<Vec<u8>>>) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(match decode(text) {
                Some(bytes) if bytes.windows(BEGIN.len()).any(|window| window == BEGIN) => Self::Pem(bytes),
                _ if text.len() < MAX_MARKER => Self::Redacted,
                _ => Self::Invalid,
            }),
            _ => Some(Self::Invalid),
        }
    }

    /// Reads base64 of PEM, the format of most fields.
    pub(crate) fn of_base64(value: &Value) -> Option<Self> {
        Self::of(value, |text| {
            let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
            compact.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            STANDARD.decode(compact.as_slice()).ok().map(Zeroizing::new)
        })
    }

    /// Reads plain PEM, the format of the documents of 1.14.
    pub(crate) fn of_text(value: &Value) -> Option<Self> {
        Self::of(value, |text| Some(Zeroizing::new(text.as_bytes().to_vec())))
    }
}

/// The value at a path of keys; null if it does not exist.
pub(crate) fn at<'v>(value: &'v Value, keys: &[&str]) -> &'v Value {
    keys.iter().fold(value, |value, key| value.get(*key).unwrap_or(&Value::Null))
}

pub(crate) fn text(value: &Value, keys: &[&str]) -> String {
    at(value, keys).as_str().unwrap_or_default().to_owned()
}
