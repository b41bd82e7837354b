//! What a verifier is asked, and what all verifiers share.

use const_oid::{ObjectIdentifier, db::rfc5280};

use crate::{
    time::UnixTime,
    x509::{
        bundle::TrustBundle,
        certificate::Certificate,
        extension::ExtendedKeyUsage,
        key::{KeyType, PublicKey},
        name::Name,
        signature::{MAX_RSA_BITS, SignatureAlgorithm},
    },
};

/// The TLS role of the side that presents the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // the two roles of TLS
pub enum Purpose {
    /// A client certificate, verified by a server.
    Client,
    /// A server certificate, verified by a client.
    Server,
}

/// The presented certificate.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // an existing certificate or a future one
pub enum Presented<'a> {
    /// A leaf, followed by the intermediates that the peer sends.
    Chain(&'a [Certificate]),
    /// A leaf that does not exist yet: this CA will issue it for the purpose, as Go's `x509.CreateCertificate` does,
    /// with the CA's key identifier.
    SignedBy(&'a Certificate),
}

/// The parameters of a verification. The verifying side is called the reader.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // callers construct it
pub struct Question<'a> {
    /// The CAs that the reader trusts.
    pub trust: &'a TrustBundle,
    /// The role that the certificate is presented for.
    pub purpose: Purpose,
    /// The DNS name or IP address that the reader connects to; `None` if it does not verify the host.
    pub host: Option<&'a str>,
    /// The time of the verification.
    pub now: UnixTime,
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Nothing is presented.
    #[error("no certificate is presented")]
    Nothing,
    /// Its validity has not begun.
    #[error("{0} is not valid yet")]
    NotYetValid(String),
    /// Its validity has ended.
    #[error("{0} has expired")]
    Expired(String),
    /// It is not valid for the host.
    #[error("the certificate is not valid for {0}")]
    WrongHost(String),
    /// Its key usages do not allow the purpose.
    #[error("{0} may not be used for this")]
    WrongUsage(String),
    /// No trust anchor has the issuer's name and key.
    #[error("signed by an unknown authority, {0}")]
    UnknownAuthority(String),
    /// Trust anchors have the issuer's name, but none of their keys made the signature.
    #[error("the signature is not that of the trusted {0}")]
    WrongKey(String),
    /// The CA may not sign certificates, or its path length is exceeded.
    #[error("{0} may not sign this")]
    MayNotSign(String),
    /// The signature uses MD5 or SHA-1, or an algorithm that the verifier does not support.
    #[error("it is signed with {0}, which is refused")]
    Algorithm(String),
    /// Its key is shorter than the verifier's minimum.
    #[error("the key of {0} is too short")]
    ShortKey(String),
    /// The verifier's parser rejects it.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, &'static str),
    /// It has a critical extension that the verifier does not handle.
    #[error("the critical extension {0} is not handled")]
    Critical(String),
    /// The certificate violates a rule of RFC 5280 that this verifier enforces.
    #[error("{0}: {1}")]
    Violation(String, &'static str),
    /// A name of the certificate violates the name constraints of a CA.
    #[error("{0} is not allowed by the name constraints of {1}")]
    NameConstraint(String, String),
    /// Airlock does not evaluate this case: neither accepted nor refused.
    #[error("{0}: not judged ({1})")]
    NotJudged(String, &'static str),
}

impl ChainError {
    /// Whether this is [`ChainError::NotJudged`], the absence of a verdict.
    #[must_use]
    pub fn is_not_judged(&self) -> bool {
        matches!(self, Self::NotJudged(..))
    }
}

/// A certificate whose issuer is being searched.
#[derive(Clone, Copy)]
pub(crate) enum Link<'a> {
    Present(&'a Certificate),
    Future(&'a Certificate),
}

impl<'a> Link<'a> {
    pub(super) fn issuer(self) -> &'a Name {
        match self {
            Self::Present(certificate) => certificate.issuer(),
            Self::Future(authority) => authority.subject(),
        }
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// [`ChainError::NotJudged`] for keys and algorithms whose signatures are not checked here.
    pub(super) fn is_signed_with(self, key: &PublicKey) -> Result<bool, ChainError> {
        let certificate = match self {
            Self::Future(authority) => return Ok(authority.public_key() == key),
            Self::Present(certificate) => certificate,
        };
        let unknown_key = match key.key_type() {
            KeyType::Other(_) => true,
            KeyType::Rsa(bits) => bits > MAX_RSA_BITS,
            _ => false,
        };
        let algorithm = certificate.signature_algorithm();
        if unknown_key && self.is_signed_like(key) || matches!(algorithm, SignatureAlgorithm::Other(_)) {
            return Err(ChainError::NotJudged(name(certificate), "signatures of this kind are not checked here"));
        }
        Ok(certificate.is_signed_with(key))
    }

    /// Whether `key`'s type fits the signature algorithm.
    pub(super) fn is_signed_like(self, key: &PublicKey) -> bool {
        let rsa = |key: &PublicKey| matches!(key.key_type(), KeyType::Rsa(_));
        match self {
            Self::Future(authority) => rsa(authority.public_key()) == rsa(key),
            Self::Present(certificate) => match certificate.signature_algorithm() {
                SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss { .. } => rsa(key),
                algorithm if algorithm.is_md5() => rsa(key),
                _ => !rsa(key),
            },
        }
    }

    /// Refuses MD5 and SHA-1 signatures, as Go and OpenSSL do. A trusted CA's signature on itself is not checked.
    pub(super) fn algorithm(self) -> Result<(), ChainError> {
        match self {
            Self::Present(certificate)
                if certificate.signature_algorithm().is_sha1() || certificate.signature_algorithm().is_md5() =>
            {
                Err(ChainError::Algorithm(certificate.signature_algorithm().to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Its authority key identifier. A certificate that does not exist yet will get its signer's key identifier.
    pub(super) fn authority_key_id(self) -> Option<&'a [u8]> {
        match self {
            Self::Present(certificate) => certificate.authority_key_id(),
            Self::Future(authority) => authority.subject_key_id(),
        }
    }
}

/// The critical extensions that Go and OpenSSL handle.
pub(crate) const HANDLED: [ObjectIdentifier; 10] = [
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
];

/// Refuses critical extensions that are neither [`HANDLED`] nor in `more`.
pub(crate) fn is_understood(certificate: &Certificate, more: &[ObjectIdentifier]) -> Result<(), ChainError> {
    let unhandled = certificate
        .extensions()
        .iter()
        .find(|extension| extension.critical && HANDLED.iter().chain(more).all(|known| extension.oid != *known));
    unhandled.map_or(Ok(()), |extension| Err(ChainError::Critical(extension.oid.to_string())))
}

/// The extended key usage that a purpose requires.
pub(crate) fn wanted(purpose: Purpose) -> ExtendedKeyUsage {
    match purpose {
        Purpose::Client => ExtendedKeyUsage::ClientAuth,
        Purpose::Server => ExtendedKeyUsage::ServerAuth,
    }
}

pub(crate) fn name(certificate: &Certificate) -> String {
    certificate.subject().to_string()
}

/// Returns [`ChainError::NotJudged`] for a leaf whose own key has a type that some releases of the verifiers do not
/// support.
pub(crate) fn has_judged_key(leaf: &Certificate) -> Result<(), ChainError> {
    match leaf.public_key().key_type() {
        KeyType::Other(_) => Err(ChainError::NotJudged(name(leaf), "keys of this type are not judged")),
        _ => Ok(()),
    }
}

/// The result of a search over several candidates: the first refusal, unless one of them is not judged.
#[derive(Default)]
pub(crate) struct Refusals(Option<ChainError>);

impl Refusals {
    pub(super) fn add(&mut self, error: ChainError) {
        if self.0.as_ref().is_none_or(|first| !first.is_not_judged() && error.is_not_judged()) {
            self.0 = Some(error);
        }
    }

    pub(super) fn or(self, otherwise: impl FnOnce() -> ChainError) -> ChainError {
        self.0.unwrap_or_else(otherwise)
    }
}
