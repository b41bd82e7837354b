//! Key types, encodings and reading errors.

use std::{fmt, str::FromStr};

use der::pem::LineEnding;
use serde::{Deserialize, Serialize};

/// A key algorithm for key generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums)] // all supported algorithms
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
    /// Ed25519: supported by Talos' API, not by Kubernetes components.
    #[serde(rename = "ed25519")]
    Ed25519,
}

impl KeyAlgorithm {
    /// All algorithms, in the order in which user interfaces list them.
    pub const ALL: [Self; 6] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519];

    /// The algorithms that every Kubernetes component supports.
    pub const KUBERNETES: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256, Self::EcdsaP384];

    /// The name in options and JSON, such as `rsa-2048`.
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

    /// The default encoding of new keys: kubeadm's, and Talos' for Ed25519.
    pub const fn encoding(self) -> KeyEncoding {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => KeyEncoding::Pkcs1,
            Self::EcdsaP256 | Self::EcdsaP384 => KeyEncoding::Sec1,
            Self::Ed25519 => KeyEncoding::Talos,
        }
    }

    /// The type of the generated keys.
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

/// Display name, such as `RSA 2048`.
impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key_type().fmt(f)
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    /// Parses the names of [`KeyAlgorithm::as_str`].
    fn from_str(text: &str) -> Result<Self, UnknownKeyAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(UnknownKeyAlgorithm)
    }
}

/// The text is not the name of a [`KeyAlgorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key algorithms are rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384 and ed25519")]
#[allow(clippy::exhaustive_structs)] // no further details
pub struct UnknownKeyAlgorithm;

/// The type and size of a key. Displayed as `RSA 2048` or `ECDSA P-256`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521: signatures are verified, but never created.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// An unsupported type, by its name.
    Other(String),
    /// RSA, with the size of the modulus in bits.
    Rsa(usize),
}

impl KeyType {
    /// The algorithm that generates keys of this type and size; `None` if there is none.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.key_type() == *self)
    }

    /// The size in bits: of the modulus for RSA, of the field for elliptic curves; `None` if unknown.
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

/// The encoding of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // all supported encodings
pub enum KeyEncoding {
    /// PKCS#1, `RSA PRIVATE KEY` (RFC 8017, A.1.2): kubeadm's encoding of RSA keys.
    Pkcs1,
    /// PKCS#8, `PRIVATE KEY` (RFC 5958): any key.
    Pkcs8,
    /// SEC 1, `EC PRIVATE KEY` (RFC 5915): kubeadm's encoding of EC keys, without a preceding `EC PARAMETERS` block.
    Sec1,
    /// PKCS#8 with the label `ED25519 PRIVATE KEY`: Talos' encoding of Ed25519 keys (siderolabs/crypto:
    /// x509/constants.go).
    Talos,
}

impl KeyEncoding {
    /// The label of the PEM block.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Talos => "ED25519 PRIVATE KEY",
        }
    }
}

/// Why a key could not be read. Never contains a part of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is encrypted: use [`PrivateKey::from_encrypted_der`](super::PrivateKey::from_encrypted_der).
    #[error("the private key is encrypted")]
    Encrypted,
    /// The numbers of the key are inconsistent.
    #[error("the parts of the private key do not belong together")]
    Inconsistent,
    /// The label of the PEM block does not match its content.
    #[error("the block is labelled {label}, but holds a {} block's content", .encoding.label())]
    Mislabelled {
        /// The label.
        label: String,
        /// The encoding of the content.
        encoding: KeyEncoding,
    },
    /// The bytes are not a key in DER, or violate the key's format.
    #[error("this is not a {0} in DER")]
    NotAKey(&'static str),
    /// The label is not that of a private key.
    #[error("{0} is not the label of a private key")]
    NotAPrivateKey(String),
    /// The type or size of the key is not supported for signing.
    #[error("private keys of type {0} are not used here")]
    Unsupported(String),
    /// The encryption is not supported, or decryption would take too long.
    #[error("the private key is encrypted in a way that is not read here")]
    UnsupportedEncryption,
    /// The password is wrong.
    #[error("the password does not open the private key")]
    WrongPassword,
}

/// A PEM block (RFC 7468): lines of 64 characters, separated and ended by line feeds.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, LineEnding::LF, der)
        .expect("Invariant: the labels written here are valid, and the length fits the memory that it is in")
}

/// The limit of PBKDF2 iterations. OpenSSL's default is 2,048, and OWASP recommends 600,000 (2023). An untrusted file
/// could otherwise require minutes.
pub const MAX_ITERATIONS: u32 = 2_000_000;

/// The limit of scrypt's memory (`128 · N · r`) in bytes. OpenSSL's default is 16 MiB.
pub const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;

/// The limit of scrypt's `p`. OpenSSL's default is 1.
pub const MAX_SCRYPT_PARALLEL: u16 = 16;
