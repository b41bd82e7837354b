//! Would a reader with these trust anchors accept what is presented? Judged by the rules of the two
//! implementations that Kubernetes' peers are built on.
//!
//! Go (golang/go: src/crypto/x509/verify.go, `Certificate.Verify`): every anchor whose subject is the issuer's name,
//! byte for byte, is tried. OpenSSL (openssl/openssl: crypto/x509/x509_vfy.c, `X509_verify_cert`): the first anchor
//! that could be the issuer by name and key id is taken, and no other one if its signature does not fit.
//!
//! Both are compared with real handshakes in `tests/tests/real/handshakes.rs`. What is not judged here is refused:
//! name constraints, and with Go policy constraints; no Kubernetes authority has them.

mod go;
mod host;
mod openssl;

use std::fmt;

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::{Certificate, ExtendedKeyUsage, KeyType, Name, PublicKey, SignatureAlgorithm, TrustBundle};
use crate::UnixTime;

/// The end that presents a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // TLS has two ends
pub enum Purpose {
    /// A client, to be accepted by a server.
    Client,
    /// A server, to be accepted by a client.
    Server,
}

/// What is presented.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // either it is there or it is not
pub enum Presented<'a> {
    /// A leaf and the intermediates that come with it.
    Chain(&'a [Certificate]),
    /// A leaf that does not exist yet: this authority will sign it for the purpose, as Go's
    /// `x509.CreateCertificate` does, with the authority's key identifier.
    SignedBy(&'a Certificate),
}

/// Whose rules are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // the two that Kubernetes' peers are built on
pub enum Rules {
    /// Go's crypto/x509: every Kubernetes component.
    Go,
    /// OpenSSL's: curl, Python, nginx, haproxy.
    OpenSsl,
}

/// What a reader asks of a certificate.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // a question is asked by writing it down
pub struct Question<'a> {
    /// Whom the reader trusts.
    pub trust: &'a TrustBundle,
    /// What the certificate is presented for.
    pub purpose: Purpose,
    /// The name or address that the reader went to; `None` where it asks for none.
    pub host: Option<&'a str>,
    /// When.
    pub now: UnixTime,
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Nothing is presented.
    #[error("no certificate is presented")]
    Nothing,
    /// It is valid only from then on.
    #[error("{0} is not valid yet")]
    NotYetValid(String),
    /// It was valid until then.
    #[error("{0} has expired")]
    Expired(String),
    /// It is made for other hosts.
    #[error("the certificate is not valid for {0}")]
    WrongHost(String),
    /// It is made for another purpose.
    #[error("{0} may not be used for this")]
    WrongUsage(String),
    /// No anchor has the issuer's name and key.
    #[error("signed by an unknown authority, {0}")]
    UnknownAuthority(String),
    /// Anchors have the issuer's name, but none the key that signed.
    #[error("the signature is not that of the trusted {0}")]
    WrongKey(String),
    /// The anchor may not sign certificates, or not so deep.
    #[error("{0} may not sign this")]
    MayNotSign(String),
    /// The signature rests on SHA-1.
    #[error("it is signed with {0}, which is refused")]
    Algorithm(String),
    /// Its key is shorter than the reader asks for.
    #[error("the key of {0} is too short")]
    ShortKey(String),
    /// It breaks a rule that the reader checks before anything else.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, &'static str),
    /// A critical extension that the reader does not handle, or name constraints, which are not judged here.
    #[error("the critical extension {0} is not handled")]
    Critical(String),
}

/// Would `reader` accept `presented`?
///
/// # Errors
/// The reason, if not.
pub fn validate(presented: Presented<'_>, reader: &Question<'_>, rules: Rules) -> Result<(), ChainError> {
    let (first, intermediates) = match presented {
        Presented::SignedBy(authority) => (Link::Future(authority), &[][..]),
        Presented::Chain([]) => return Err(ChainError::Nothing),
        Presented::Chain([leaf, intermediates @ ..]) => (Link::Present(leaf), intermediates),
    };
    match rules {
        Rules::Go => go::accept(first, intermediates, reader),
        Rules::OpenSsl => openssl::accept(first, intermediates, reader),
    }
}

/// Is it made for this host, by Go's rules?
pub(super) fn is_for_host(leaf: &Certificate, host: &str) -> bool {
    host::go(leaf, host)
}

/// A certificate whose issuer is looked for.
#[derive(Clone, Copy)]
enum Link<'a> {
    Present(&'a Certificate),
    Future(&'a Certificate),
}

impl<'a> Link<'a> {
    fn issuer(self) -> &'a Name {
        match self {
            Self::Present(certificate) => certificate.issuer(),
            Self::Future(authority) => authority.subject(),
        }
    }

    fn is_signed_with(self, key: &PublicKey) -> bool {
        match self {
            Self::Present(certificate) => certificate.is_signed_with(key),
            Self::Future(authority) => authority.public_key() == key,
        }
    }

    /// Is a signature by `key` of the same kind at all?
    fn is_signed_like(self, key: &PublicKey) -> bool {
        let rsa = |key: &PublicKey| matches!(key.key_type(), KeyType::Rsa(_));
        match self {
            Self::Future(authority) => rsa(authority.public_key()) == rsa(key),
            Self::Present(certificate) => match certificate.signature_algorithm() {
                SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss { .. } => rsa(key),
                _ => !rsa(key),
            },
        }
    }

    /// Both refuse signatures that rest on SHA-1, but for an anchor's own.
    fn algorithm(self) -> Result<(), ChainError> {
        match self {
            Self::Present(certificate) if certificate.signature_algorithm().is_sha1() => {
                Err(ChainError::Algorithm(certificate.signature_algorithm().to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// The critical extensions that both handle.
const HANDLED: [ObjectIdentifier; 9] = [
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
];

/// Refuses name constraints, and critical extensions that are neither [`HANDLED`] nor in `more`.
fn is_understood(certificate: &Certificate, more: &[ObjectIdentifier]) -> Result<(), ChainError> {
    let unhandled = certificate.extensions().iter().find(|extension| {
        extension.oid == rfc5280::ID_CE_NAME_CONSTRAINTS
            || extension.critical && HANDLED.iter().chain(more).all(|known| extension.oid != *known)
    });
    unhandled.map_or(Ok(()), |extension| Err(ChainError::Critical(extension.oid.to_string())))
}

/// What a certificate must allow for a purpose.
fn wanted(purpose: Purpose) -> ExtendedKeyUsage {
    match purpose {
        Purpose::Client => ExtendedKeyUsage::ClientAuth,
        Purpose::Server => ExtendedKeyUsage::ServerAuth,
    }
}

fn name(certificate: &Certificate) -> String {
    certificate.subject().to_string()
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::OpenSsl => "OpenSSL",
        })
    }
}
