//! kubeconfigs: reading of credentials and trusted CAs, and replacement in place.
//!
//! Read as client-go's clientcmd does (kubernetes/client-go: tools/clientcmd/api/v1/types.go): a `…-data` field takes
//! precedence over the file reference. All other fields are ignored, and preserved by edits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    edit::{self, Edit, EditError, Segment},
    yaml::{self, YamlError},
};

/// The used fields of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubeconfig {
    /// `clusters`, in the file's order; edits refer to them by index.
    pub clusters: Vec<Cluster>,
    /// `users`, in the file's order; edits refer to them by index.
    pub users: Vec<User>,
    /// `contexts`, in the file's order.
    pub contexts: Vec<Context>,
    /// `current-context`; empty if it is not set.
    pub current_context: String,
}

/// A cluster entry: an API server and its trusted CAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name; empty in `cluster-info`.
    pub name: String,
    /// `server`, a URL; empty if it is not set.
    pub server: String,
    /// `certificate-authority-data` or `certificate-authority`.
    pub certificate_authority: Material,
    /// `insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `tls-server-name`: the host name to verify in the server's certificate instead of the URL's.
    pub tls_server_name: Option<String>,
    /// `proxy-url`: the proxy through which the client connects.
    pub proxy_url: Option<String>,
}

/// Fields of a user that authenticate without a certificate in the file.
pub const OTHERS: [&str; 6] = ["token", "tokenFile", "username", "password", "exec", "auth-provider"];

/// A user entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// `client-certificate-data` or `client-certificate`.
    pub client_certificate: Material,
    /// `client-key-data` or `client-key`.
    pub client_key: Material,
    /// The fields of [`OTHERS`] that the user has, in addition to or instead of a certificate.
    pub others: Vec<&'static str>,
}

/// A context entry: a cluster with a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The name of a cluster.
    pub cluster: String,
    /// The name of a user.
    pub user: String,
}

/// A certificate or key: embedded, or a file reference.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // callers must handle all variants
pub enum Material {
    /// Embedded in the kubeconfig: the decoded bytes, usually PEM; wiped when dropped.
    Embedded(Zeroizing<Vec<u8>>),
    /// A reference to a file: its path as written, relative to the kubeconfig's folder unless absolute.
    File(String),
    /// The field is not set.
    Absent,
    /// Embedded, but not valid base64 text, with the reason.
    Invalid(String),
    /// Omitted by `kubectl config view` without `--raw`, with the marker that it writes instead.
    Omitted(&'static str),
}

/// Markers of `kubectl config view` for omitted data (kubernetes/client-go: tools/clientcmd/api/helpers.go,
/// `ShortenConfig`, `RedactSecrets`). Both are valid base64.
const OMITTED: [&str; 2] = ["DATA+OMITTED", "REDACTED"];

impl Material {
    /// The embedded bytes.
    pub fn embedded(&self) -> Option<&[u8]> {
        match self {
            Self::Embedded(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The path of the file.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }
}

/// Prints the variant, never the bytes.
impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(bytes) => write!(f, "Embedded({} bytes)", bytes.len()),
            Self::File(path) => write!(f, "File({path})"),
            Self::Absent => f.write_str("Absent"),
            Self::Invalid(reason) => write!(f, "Invalid({reason})"),
            Self::Omitted(marker) => write!(f, "Omitted({marker})"),
        }
    }
}

/// Why bytes could not be read as a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeconfigError {
    /// The text is not YAML or JSON.
    #[error(transparent)]
    Syntax(#[from] YamlError),
    /// The text is not a kubeconfig.
    #[error("the text is not a kubeconfig: {0}")]
    NotKubeconfig(&'static str),
    /// The text has several documents: client-go reads the first and silently ignores the rest.
    #[error("the file holds {0} documents, a kubeconfig is one")]
    SeveralDocuments(usize),
}

/// Why a kubeconfig could not be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeconfigEditError {
    /// The text is not a kubeconfig.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// The value is a file reference: change that file instead of the kubeconfig.
    #[error("{place} refers to the file {path}")]
    Reference {
        /// The field, as in `users[0].user.client-key`.
        place: String,
        /// The path as written.
        path: String,
    },
    /// The user or cluster has neither data nor a reference.
    #[error("{place} is not there")]
    Absent {
        /// The field, as in `users[0].user.client-key-data`.
        place: String,
    },
    /// The text cannot be edited in place.
    #[error(transparent)]
    Text(#[from] EditError),
}

/// The replacement of one embedded value.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // the TLS fields of a kubeconfig
pub enum KubeconfigEdit {
    /// `certificate-authority-data` of a cluster.
    CertificateAuthority {
        /// The cluster's index, from 0.
        cluster: usize,
        /// The new bundle.
        pem: String,
    },
    /// `client-certificate-data` of a user.
    ClientCertificate {
        /// The user's index, from 0.
        user: usize,
        /// The new certificate, followed by intermediates.
        pem: String,
    },
    /// `client-key-data` of a user.
    ClientKey {
        /// The user's index, from 0.
        user: usize,
        /// The new key.
        pem: Zeroizing<String>,
    },
}

/// Prints field and index, never the PEM.
impl fmt::Debug for KubeconfigEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (list, index, _, field) = self.place();
        write!(f, "{list}[{index}].{field}")
    }
}

impl KubeconfigEdit {
    /// The list, the index, the item's key, and the field without `-data`.
    fn place(&self) -> (&'static str, usize, &'static str, &'static str) {
        match self {
            Self::CertificateAuthority { cluster, .. } => ("clusters", *cluster, "cluster", "certificate-authority"),
            Self::ClientCertificate { user, .. } => ("users", *user, "user", "client-certificate"),
            Self::ClientKey { user, .. } => ("users", *user, "user", "client-key"),
        }
    }

    fn pem(&self) -> &str {
        match self {
            Self::CertificateAuthority { pem, .. } | Self::ClientCertificate { pem, .. } => pem,
            Self::ClientKey { pem, .. } => pem,
        }
    }
}

/// Whether a value is a kubeconfig: `kind: Config`, or no kind (client-go's default) and a list of clusters.
pub fn is_kubeconfig(value: &Value) -> bool {
    match value.get("kind").and_then(Value::as_str) {
        Some("Config") => matches!(value.get("apiVersion").and_then(Value::as_str), None | Some("" | "v1")),
        Some("") | None => value.get("clusters").is_some_and(Value::is_array),
        Some(_) => false,
    }
}

/// Reads a kubeconfig in YAML or JSON. Errors in one entry are reported there ([`Material::Invalid`]).
///
/// # Errors
///
/// The text is not YAML, has several documents, or is not a kubeconfig.
pub fn parse(bytes: &[u8]) -> Result<Kubeconfig, KubeconfigError> {
    let mut documents = yaml::documents(bytes)?;
    let parsed = match documents.as_slice() {
        [] => Err(KubeconfigError::NotKubeconfig("it is empty")),
        [value] => from_value(value),
        several => Err(KubeconfigError::SeveralDocuments(several.len())),
    };
    documents.iter_mut().for_each(yaml::wipe);
    parsed
}

/// Reads a kubeconfig from a parsed value.
///
/// # Errors
///
/// The value is not a kubeconfig.
pub fn from_value(value: &Value) -> Result<Kubeconfig, KubeconfigError> {
    if !is_kubeconfig(value) {
        return Err(KubeconfigError::NotKubeconfig("it has neither kind Config nor a list of clusters"));
    }
    let clusters = items(value, "clusters")
        .map(|item| {
            let cluster = item.get("cluster").unwrap_or(&Value::Null);
            Cluster {
                name: text(item, "name"),
                server: text(cluster, "server"),
                certificate_authority: material(cluster, "certificate-authority"),
                insecure_skip_tls_verify: cluster.get("insecure-skip-tls-verify") == Some(&Value::Bool(true)),
                tls_server_name: Some(text(cluster, "tls-server-name")).filter(|name| !name.is_empty()),
                proxy_url: Some(text(cluster, "proxy-url")).filter(|url| !url.is_empty()),
            }
        })
        .collect();
    let users = items(value, "users")
        .map(|item| {
            let user = item.get("user").unwrap_or(&Value::Null);
            let others = OTHERS.into_iter().filter(|field| user.get(*field).is_some_and(|value| !is_empty(value)));
            User {
                name: text(item, "name"),
                client_certificate: material(user, "client-certificate"),
                client_key: material(user, "client-key"),
                others: others.collect(),
            }
        })
        .collect();
    let contexts = items(value, "contexts")
        .map(|item| {
            let context = item.get("context").unwrap_or(&Value::Null);
            Context { name: text(item, "name"), cluster: text(context, "cluster"), user: text(context, "user") }
        })
        .collect();
    Ok(Kubeconfig { clusters, users, contexts, current_context: text(value, "current-context") })
}

/// Replaces embedded values and preserves every other byte. Data are written as base64 on one line.
///
/// # Errors
///
/// The text is not a kubeconfig, a value is a file reference or is not set, or the text cannot be edited in place.
pub fn edit(bytes: &[u8], edits: &[KubeconfigEdit]) -> Result<Zeroizing<Vec<u8>>, KubeconfigEditError> {
    let kubeconfig = parse(bytes)?;
    let edits = edits.iter().map(|edit| text_edit(&kubeconfig, edit)).collect::<Result<Vec<_>, _>>()?;
    Ok(edit::splice(bytes, &edits)?)
}

fn text_edit(kubeconfig: &Kubeconfig, edit: &KubeconfigEdit) -> Result<Edit, KubeconfigEditError> {
    let (list, index, inner, field) = edit.place();
    let material = match edit {
        KubeconfigEdit::CertificateAuthority { cluster, .. } => {
            kubeconfig.clusters.get(*cluster).map(|cluster| &cluster.certificate_authority)
        }
        KubeconfigEdit::ClientCertificate { user, .. } => {
            kubeconfig.users.get(*user).map(|user| &user.client_certificate)
        }
        KubeconfigEdit::ClientKey { user, .. } => kubeconfig.users.get(*user).map(|user| &user.client_key),
    };
    let place = format!("{list}[{index}].{inner}.{field}");
    match material {
        Some(Material::Embedded(_) | Material::Invalid(_) | Material::Omitted(_)) => Ok(Edit {
            document: 0,
            path: vec![list.into(), index.into(), inner.into(), Segment::Key(format!("{field}-data"))],
            value: Zeroizing::new(STANDARD.encode(edit.pem())),
        }),
        Some(Material::File(path)) => Err(KubeconfigEditError::Reference { place, path: path.clone() }),
        Some(Material::Absent) | None => Err(KubeconfigEditError::Absent { place: format!("{place}-data") }),
    }
}

fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// The marker, if the value is one: either literally, or base64-encoded as `kubectl config view -o json` writes it.
fn omitted(data: &str) -> Option<&'static str> {
    OMITTED.into_iter().find(|marker| data.trim() == *marker || data.trim() == STANDARD.encode(marker))
}

/// Reads `<field>-data` unless it is empty, otherwise `<field>`.
fn material(value: &Value, field: &str) -> Material {
    match value.get(format!("{field}-data")) {
        None => {}
        Some(data) if is_empty(data) => {}
        Some(Value::String(data)) => {
            if let Some(marker) = omitted(data) {
                return Material::Omitted(marker);
            }
            // Block scalars add line breaks and spaces; Go ignores the former.
            let mut compact = Zeroizing::new(Vec::with_capacity(data.len()));
            compact.extend(data.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            return match STANDARD.decode(compact.as_slice()) {
                Ok(bytes) => Material::Embedded(Zeroizing::new(bytes)),
                Err(_) => Material::Invalid("the value is not base64, or cut off".to_owned()),
            };
        }
        Some(_) => return Material::Invalid("the value is not a string".to_owned()),
    }
    match value.get(field).and_then(Value::as_str) {
        Some(path) if !path.is_empty() => Material::File(path.to_owned()),
        _ => Material::Absent,
    }
}

#[cfg(test)]
mod tests;
