//! The content of a file, and the reasons why it was not read.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    finding::Severity,
    formats::{object::Object, talos::TalosFile},
    input::Password,
    inventory::model::{
        files::Artifact,
        inventory::{PASSWORD_NEEDED, PASSWORD_WRONG},
    },
    profile::{AuthorityId, Profile},
    x509::{KeyError, PrivateKey},
};

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemReader {
    /// A person provides the file to Airlock alone: everything that can be read counts.
    Person,
    /// Go's `tls.X509KeyPair` reads a certificate or a private key.
    Pair,
    /// Go's `x509.CertPool.AppendCertsFromPEM` or client-go's `cert.ParseCertsPEM` reads trust anchors.
    Trust,
    /// etcd, or kube-apiserver as its client, reads trust anchors: every block counts, whatever its label, and one that is
    /// no certificate makes the reader fail (etcd-io/etcd: client/pkg/tlsutil/tlsutil.go, `NewCertPool`).
    EtcdTrust,
    /// The kubelet reads a static Pod's manifest.
    Kubelet,
}

impl PemReader {
    /// Who reads the file at `path` on a node.
    pub(crate) fn on_node(profile: &Profile, path: &str) -> Self {
        if profile.static_pods.iter().any(|row| row.path == path) {
            return Self::Kubelet;
        }
        match profile.authorities.iter().find(|row| row.certificate == path) {
            Some(row) if row.id == AuthorityId::Etcd => Self::EtcdTrust,
            Some(_) => Self::Trust,
            None if profile.signing.certificate == path => Self::Trust,
            None => Self::Pair,
        }
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Detected {
    Artifact(Artifact),
    Objects(Vec<Object>),
    Talos(Box<TalosFile>),
    /// Nothing that has a place, and why.
    Nothing(Reason),
}

/// Why a file, or a part of it, could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// `line 3`, `clusters[0]`; empty for the whole file.
    pub(crate) place: String,
    /// A sentence without a final period.
    pub(crate) message: String,
    /// What to do about it; empty where nothing has to be done.
    pub(crate) remedy: String,
    /// The code of the finding.
    pub(crate) code: &'static str,
    /// The finding has this severity at most, however much the file matters.
    pub(crate) at_most: Severity,
    /// Whether the file was meant to be something and is damaged, rather than being something else.
    pub(crate) damaged: bool,
}

impl Reason {
    /// The same reason, about a part of something larger.
    pub(crate) fn within(&self, place: &str) -> Self {
        let at = format!("{place} {}", self.place);
        Self { place: at.trim_end().to_owned(), ..self.clone() }
    }

    pub(crate) fn foreign(message: impl Into<String>) -> Self {
        Self {
            place: String::new(),
            message: message.into(),
            remedy: String::new(),
            code: UNREADABLE,
            at_most: Severity::Error,
            damaged: false,
        }
    }

    pub(crate) fn damaged(place: impl Into<String>, message: impl Into<String>, remedy: &str) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
            remedy: remedy.to_owned(),
            code: UNREADABLE,
            at_most: Severity::Error,
            damaged: true,
        }
    }

    /// Something that is readable, but not by the programs that read it in a cluster.
    pub(crate) fn unfit(
        code: &'static str,
        place: impl Into<String>,
        message: impl Into<String>,
        remedy: &str,
    ) -> Self {
        Self { code, ..Self::damaged(place, message, remedy) }
    }

    /// Something encrypted that was not opened; `wrong` if a password was tried.
    pub(crate) fn locked(place: impl Into<String>, message: impl Into<String>, wrong: bool) -> Self {
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
pub(crate) const MAX_PROBLEMS: usize = 20;

/// The code of findings about what cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable-content";

/// What to do about keys that are encrypted in ways that nobody should use any more, or at too great a cost.
pub(crate) const CONVERT: &str =
    "Encrypt it anew (openssl pkcs8 -topk8 -in FILE -out NEW -v2 aes-256-cbc), or give it without a password";

/// What to do about keys of other kinds: a rotation makes new keys, and needs no old one of that kind.
pub(crate) const UNUSED_KEY: &str =
    "Leave the private key out: a rotation makes new keys. A new CA needs an RSA or ECDSA key";

pub(crate) const PLAIN_KEY: &str =
    "Give an RSA or ECDSA key; `openssl pkey -in FILE -out FILE.plain` removes a password";

pub(crate) const COPY_AGAIN: &str = "Copy the complete file from the node again";

/// Does `needle` stand anywhere in `haystack`?
pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The bytes that a base64 text stands for; line breaks in it are skipped.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

/// A private key in DER, opened where it is encrypted.
pub(crate) fn private_key_der(
    bytes: &[u8],
    place: &str,
    password: Option<&Password>,
) -> Result<Arc<PrivateKey>, Reason> {
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
        error => unreadable_key(place, &error),
    })
}

/// A private key of a kind that is not used here, or one that is damaged.
pub(crate) fn unreadable_key(place: &str, error: &KeyError) -> Reason {
    let remedy = match error {
        KeyError::Unsupported(_) => UNUSED_KEY,
        _ => PLAIN_KEY,
    };
    Reason::damaged(place, format!("the private key cannot be read: {error}"), remedy)
}
