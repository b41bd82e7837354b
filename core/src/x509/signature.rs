//! Signature algorithms, and the verification of signatures.

use std::fmt;

use const_oid::{
    ObjectIdentifier,
    db::{rfc5912, rfc8410},
};
use der::{Decode, Encode};
use pkcs1::RsaPssParamsOwned;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;

use super::oid::Oid;

/// The limit of the RSA modulus for signature checks, in bits. Beyond it a single check could take minutes, and the
/// input could contain thousands.
pub const MAX_RSA_BITS: usize = 8192;

/// The name of an algorithm that is recognised but not checked (RFC 3279, 2.2.1).
const MD5_WITH_RSA: &str = "MD5 with RSA";

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // all supported digests
pub enum Digest {
    /// SHA-1, broken: Go, and therefore Kubernetes, refuses it in certificates.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    pub(super) fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            rfc5912::ID_SHA_1 => Some(Self::Sha1),
            rfc5912::ID_SHA_256 => Some(Self::Sha256),
            rfc5912::ID_SHA_384 => Some(Self::Sha384),
            rfc5912::ID_SHA_512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// A signature algorithm. Displayed as `SHA-256 with RSA`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA (FIPS 186-5, RFC 5758).
    Ecdsa(Digest),
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS with the same digest in MGF1 (RFC 8017, 8.1).
    RsaPss {
        /// The digest of the message and of MGF1.
        digest: Digest,
        /// The salt's length in octets.
        salt_len: u8,
    },
    /// An algorithm that is not checked, by its name or object identifier.
    Other(String),
}

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier` in DER.
    pub(super) fn from_der(der: &[u8]) -> Self {
        let Ok(identifier) = AlgorithmIdentifierRef::from_der(der) else {
            return Self::Other("unknown".to_owned());
        };
        match identifier.oid {
            rfc5912::SHA_1_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha1),
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha256),
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha384),
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Digest::Sha512),
            ECDSA_WITH_SHA_1 => Self::Ecdsa(Digest::Sha1),
            rfc5912::ECDSA_WITH_SHA_256 => Self::Ecdsa(Digest::Sha256),
            rfc5912::ECDSA_WITH_SHA_384 => Self::Ecdsa(Digest::Sha384),
            rfc5912::ECDSA_WITH_SHA_512 => Self::Ecdsa(Digest::Sha512),
            rfc8410::ID_ED_25519 => Self::Ed25519,
            rfc5912::ID_RSASSA_PSS => pss(identifier).unwrap_or_else(|| Self::Other("RSA-PSS".to_owned())),
            rfc5912::MD_5_WITH_RSA_ENCRYPTION => Self::Other(MD5_WITH_RSA.to_owned()),
            oid => Self::Other(Oid::from(oid).to_string()),
        }
    }

    /// Its `AlgorithmIdentifier`; `None` for algorithms that Airlock never signs with.
    pub(super) fn identifier(&self) -> Option<spki::AlgorithmIdentifierOwned> {
        let (oid, null) = match self {
            Self::RsaPkcs1(Digest::Sha256) => (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, true),
            Self::Ecdsa(Digest::Sha256) => (rfc5912::ECDSA_WITH_SHA_256, false),
            Self::Ecdsa(Digest::Sha384) => (rfc5912::ECDSA_WITH_SHA_384, false),
            Self::Ed25519 => (rfc8410::ID_ED_25519, false),
            _ => return None,
        };
        Some(spki::AlgorithmIdentifierOwned { oid, parameters: null.then(der::Any::null) })
    }

    /// Whether it uses MD5, which Go and OpenSSL refuse in certificates.
    pub fn is_md5(&self) -> bool {
        matches!(self, Self::Other(name) if name == MD5_WITH_RSA)
    }

    /// Whether it uses an RSA key.
    pub(super) fn is_of_rsa(&self) -> bool {
        matches!(self, Self::RsaPkcs1(_) | Self::RsaPss { .. })
            || matches!(self, Self::Other(name) if name == MD5_WITH_RSA || name == "RSA-PSS")
    }

    /// Whether a key of this type could create such signatures. True if unknown.
    pub(super) fn may_be_of(&self, kind: &str) -> bool {
        match self {
            Self::Ecdsa(_) => kind.starts_with("ECDSA"),
            Self::Ed25519 => false,
            Self::Other(_) if !self.is_of_rsa() => true,
            Self::RsaPkcs1(_) | Self::RsaPss { .. } | Self::Other(_) => kind.starts_with("RSA"),
        }
    }

    /// Whether it uses SHA-1, which Go refuses in certificates.
    pub fn is_sha1(&self) -> bool {
        matches!(
            self,
            Self::Ecdsa(Digest::Sha1) | Self::RsaPkcs1(Digest::Sha1) | Self::RsaPss { digest: Digest::Sha1, .. }
        )
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(digest) => write!(f, "{digest} with ECDSA"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::RsaPkcs1(digest) => write!(f, "{digest} with RSA"),
            Self::RsaPss { digest, .. } => write!(f, "{digest} with RSA-PSS"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Parses the parameters of RSASSA-PSS; `None` if they use two different digests, which does not occur in practice.
fn pss(identifier: AlgorithmIdentifierRef<'_>) -> Option<SignatureAlgorithm> {
    let parameters = RsaPssParamsOwned::from_der(&identifier.parameters?.to_der().ok()?).ok()?;
    let digest = Digest::from_oid(parameters.hash.oid)?;
    let mask = parameters.mask_gen;
    let same = mask.oid == rfc5912::ID_MGF_1 && mask.parameters?.oid == parameters.hash.oid;
    same.then_some(SignatureAlgorithm::RsaPss { digest, salt_len: parameters.salt_len })
}

/// The result of a signature check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // callers must handle all variants
pub enum SignatureVerdict {
    /// The key made the signature.
    Valid,
    /// The key did not make the signature.
    Invalid,
    /// The check is not implemented here for this key or algorithm: either may be true.
    NotJudged,
}

impl SignatureVerdict {
    pub(super) fn of(is_valid: bool) -> Self {
        if is_valid { Self::Valid } else { Self::Invalid }
    }
}

/// RFC 3279, 2.2.3; const-oid does not have it.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
