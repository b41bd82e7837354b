//! Keys: what kinds there are, how they are written down, why one could not be read.

mod encrypted;
mod private;
mod public;

use std::{fmt, str::FromStr};

use der::pem::LineEnding;
use serde::{Deserialize, Serialize};

pub use encrypted::{MAX_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_PARALLEL};
pub use private::PrivateKey;
pub use public::PublicKey;

/// The keys that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums)] // what every consumer accepts
pub enum KeyAlgorithm {
    /// RSA with a modulus of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// ECDSA on NIST P-256.
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on NIST P-384.
    #[serde(rename = "ecdsa-p384")]
    EcdsaP384,
    /// Ed25519, which Talos' API takes and Kubernetes' components do not.
    #[serde(rename = "ed25519")]
    Ed25519,
}

impl KeyAlgorithm {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519];

    /// Those that every component of Kubernetes takes.
    pub const KUBERNETES: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256, Self::EcdsaP384];

    /// Its name in options and JSON, such as `rsa-2048`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// How such keys are written where nothing else is asked for: as kubeadm does, and as Talos does with Ed25519.
    pub const fn encoding(self) -> KeyEncoding {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => KeyEncoding::Pkcs1,
            Self::EcdsaP256 | Self::EcdsaP384 => KeyEncoding::Sec1,
            Self::Ed25519 => KeyEncoding::Talos,
        }
    }

    /// The type of its keys.
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::Rsa2048 => KeyType::Rsa(2048),
            Self::Rsa3072 => KeyType::Rsa(3072),
            Self::Rsa4096 => KeyType::Rsa(4096),
            Self::EcdsaP256 => KeyType::EcdsaP256,
            Self::EcdsaP384 => KeyType::EcdsaP384,
            Self::Ed25519 => KeyType::Ed25519,
        }
    }
}

/// As people say it, such as `RSA 2048`.
impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key_type().fmt(f)
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    /// Reads what [`KeyAlgorithm::as_str`] gives.
    fn from_str(text: &str) -> Result<Self, UnknownKeyAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(UnknownKeyAlgorithm)
    }
}

/// A name that no [`KeyAlgorithm`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key algorithms are rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384 and ed25519")]
#[allow(clippy::exhaustive_structs)] // there is one way to be unknown
pub struct UnknownKeyAlgorithm;

/// What a key is. Shown as `RSA 2048` or `ECDSA P-256`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521: signatures are checked, none are made.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// One that nothing is checked or signed with here, by its name.
    Other(String),
    /// RSA with a modulus of so many bits.
    Rsa(usize),
}

impl KeyType {
    /// The algorithm that makes keys of just this type and size; `None` where none are made here.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.key_type() == *self)
    }

    /// The size: of the modulus for RSA, of the field for curves; `None` where it is not known.
    pub fn bits(&self) -> Option<usize> {
        match self {
            Self::EcdsaP256 | Self::Ed25519 => Some(256),
            Self::EcdsaP384 => Some(384),
            Self::EcdsaP521 => Some(521),
            Self::Other(_) => None,
            Self::Rsa(bits) => Some(*bits),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => f.write_str(name),
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
        }
    }
}

/// How a private key is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // there are these four
pub enum KeyEncoding {
    /// PKCS#1, `RSA PRIVATE KEY` (RFC 8017, A.1.2): as kubeadm writes RSA keys.
    Pkcs1,
    /// PKCS#8, `PRIVATE KEY` (RFC 5958): any key.
    Pkcs8,
    /// SEC 1, `EC PRIVATE KEY` (RFC 5915): as kubeadm writes EC keys, never after `EC PARAMETERS`.
    Sec1,
    /// PKCS#8 under the label `ED25519 PRIVATE KEY`: as Talos writes Ed25519 keys (siderolabs/crypto: x509/constants.go).
    Talos,
}

impl KeyEncoding {
    /// The label of its PEM block.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Talos => "ED25519 PRIVATE KEY",
        }
    }
}

/// Why a key could not be read. Never holds a part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is encrypted: [`PrivateKey::from_encrypted_der`] reads it.
    #[error("the private key is encrypted")]
    Encrypted,
    /// The numbers in it do not belong together.
    #[error("the parts of the private key do not belong together")]
    Inconsistent,
    /// The block's label says something else than its content.
    #[error("the block is labelled {label}, but holds a {} block's content", .encoding.label())]
    Mislabelled {
        /// The label.
        label: String,
        /// What the content is.
        encoding: KeyEncoding,
    },
    /// It is not a key in DER, or not one that follows its own format.
    #[error("this is not a {0} in DER")]
    NotAKey(&'static str),
    /// The block's label is not a private key's.
    #[error("{0} is not the label of a private key")]
    NotAPrivateKey(String),
    /// A key of a kind or size that nothing is signed with here.
    #[error("private keys of type {0} are not used here")]
    Unsupported(String),
    /// It is encrypted in a way that is not read here, or that would take too long.
    #[error("the private key is encrypted in a way that is not read here")]
    UnsupportedEncryption,
    /// The password is another.
    #[error("the password does not open the private key")]
    WrongPassword,
}

/// A PEM block (RFC 7468): lines of 64 characters, line feeds, one at the end too.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, LineEnding::LF, der)
        .expect("Invariant: the labels written here are valid, and the length fits the memory that it is in")
}
