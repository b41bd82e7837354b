//! Talos' files: machine configurations and their patches, cluster secrets, and client configurations.
//!
//! Sources: siderolabs/talos: pkg/machinery/config/types (fields), pkg/machinery/config/generate/secrets
//! (`secrets.yaml`), pkg/machinery/client/config (talosconfig), pkg/machinery/config/merge (patches).

mod client;
mod machine;
mod merge;
pub(crate) mod resource;
mod secrets;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) use self::{
    client::{ClientEdit, edit as edit_client, parse as parse_client},
    machine::{Layout, Machine, MachineRole},
    merge::merge,
    secrets::{Secrets, edit as edit_secrets},
};

use super::kubeconfig::Kubeconfig;

/// A file of Talos, by type.
#[derive(Debug)]
pub(crate) enum TalosFile {
    /// A talosconfig, converted to a kubeconfig: a cluster, a user and a context for each of its contexts.
    Client(Kubeconfig),
    /// A machine configuration.
    Machine(Machine),
    /// `secrets.yaml`.
    Secrets(Secrets),
}

/// A certificate or key in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// Its canonical field, such as `machine.ca.crt`, independent of the document that contains it.
    pub(crate) place: &'static str,
    /// Its actual field, such as `KubeAPIServerCAConfig.issuingCA.cert`.
    pub(crate) written: String,
    pub(crate) content: Content,
}

/// The value of a certificate or key field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Neither base64 nor PEM.
    Invalid,
    Pem(Zeroizing<Vec<u8>>),
    /// A marker that replaces a secret, written by the export.
    Redacted,
}

/// Prints the variant, never the bytes.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Invalid => "Invalid",
            Self::Pem(_) => "Pem",
            Self::Redacted => "Redacted",
        })
    }
}

/// The longest marker. Markers are short words or asterisks; the shortest PEM is longer. Characters.
const MAX_MARKER: usize = 64;

const BEGIN: &[u8] = b"-----BEGIN ";

/// Detects and reads one of Talos' files; `None` if the documents are none.
pub(crate) fn read(documents: &[Value]) -> Option<TalosFile> {
    if let Some(machine) = Machine::read(documents) {
        return Some(TalosFile::Machine(machine));
    }
    let [document] = documents else { return None };
    let secrets = || Secrets::read(document).map(TalosFile::Secrets);
    client::read(document).map(TalosFile::Client).or_else(secrets)
}

impl Content {
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
    fn of_base64(value: &Value) -> Option<Self> {
        Self::of(value, |text| {
            let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
            compact.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            STANDARD.decode(compact.as_slice()).ok().map(Zeroizing::new)
        })
    }

    /// Reads plain PEM, the format of the documents of 1.14.
    fn of_text(value: &Value) -> Option<Self> {
        Self::of(value, |text| Some(Zeroizing::new(text.as_bytes().to_vec())))
    }
}

/// The value at a path of keys; null if it does not exist.
fn at<'v>(value: &'v Value, keys: &[&str]) -> &'v Value {
    keys.iter().fold(value, |value, key| value.get(*key).unwrap_or(&Value::Null))
}

fn text(value: &Value, keys: &[&str]) -> String {
    at(value, keys).as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
