//! Public keys.

use std::{cmp::Ordering, fmt, hash};

use const_oid::{
    ObjectIdentifier,
    db::{rfc5912, rfc8410},
};
use der::Decode;
use pkcs1::RsaPublicKeyRef;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;

use super::{
    check,
    kinds::{self, KeyError, KeyType},
};
use crate::{
    text::hex,
    x509::{
        oid::Oid,
        signature::{SignatureAlgorithm, SignatureVerdict},
    },
};

/// A public key, stored as its original `SubjectPublicKeyInfo`. Two are equal if their bytes are identical.
#[derive(Clone)]
pub struct PublicKey {
    der: Box<[u8]>,
    bits: Box<[u8]>,
    key_type: KeyType,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in DER (RFC 5280, 4.1.2.7).
    ///
    /// Keys of unknown types are read as [`KeyType::Other`].
    ///
    /// # Errors
    /// If the bytes are not a `SubjectPublicKeyInfo`.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        const NOT_A_KEY: KeyError = KeyError::NotAKey("public key");
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| NOT_A_KEY)?;
        let bits = info.subject_public_key.as_bytes().ok_or(NOT_A_KEY)?;
        Ok(Self { der: der.into(), key_type: key_type(&info, bits), bits: bits.into() })
    }

    /// The `SubjectPublicKeyInfo` in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// A PEM block `PUBLIC KEY` (RFC 7468), as in kubeadm's `sa.pub`.
    pub fn to_pem(&self) -> String {
        kinds::pem("PUBLIC KEY", self.der())
    }

    /// The public key pin: `sha256:` and the hexadecimal SHA-256 of its DER, as in `kubeadm join
    /// --discovery-token-ca-cert-hash`.
    pub fn pin(&self) -> String {
        format!("sha256:{}", hex::lower(&Sha256::digest(&self.der)))
    }

    /// The type and size.
    pub fn key_type(&self) -> KeyType {
        self.key_type.clone()
    }

    /// Whether `signature` is valid over `message` for this key. False also where it is not judged: see
    /// [`Self::check`].
    pub fn verify(&self, algorithm: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.check(algorithm, message, signature) == SignatureVerdict::Valid
    }

    /// Checks `signature` over `message`. Not judged for keys and algorithms that are not implemented: RSA with less
    /// than 1024 or more than 8192 bits, curves other than P-256, P-384 and P-521, DSA, Ed448, MD5.
    pub fn check(&self, algorithm: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> SignatureVerdict {
        check::check(self.key_type(), &self.bits, algorithm, message, signature)
    }

    /// Whether it is the same key as `other`, even if encoded differently: a point may be compressed, and the
    /// parameters of RSA may be absent.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self == other || (self.key_type == other.key_type && self.canonical() == other.canonical())
    }

    /// Whether `der` (PKCS#1 or PKCS#8) can be this key's private key. An RSA private key contains the modulus (RFC
    /// 8017, A.1.2); comparing that is faster than reading the key. Always true for other types, which are fast to
    /// read.
    pub(crate) fn may_belong_to(&self, der: &[u8]) -> bool {
        match RsaPublicKeyRef::from_der(&self.bits) {
            Ok(key) if matches!(self.key_type, KeyType::Rsa(_)) => {
                let modulus = key.modulus.as_bytes();
                der.windows(modulus.len()).any(|window| window == modulus)
            }
            _ => true,
        }
    }

    /// SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1): the key identifier for new certificates. Existing
    /// identifiers may be made differently, so they are copied, never recomputed.
    pub(crate) fn key_id(&self) -> [u8; 20] {
        Sha1::digest(&self.bits).into()
    }

    /// The content of `subjectPublicKey`.
    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    fn canonical(&self) -> Vec<u8> {
        match &self.key_type {
            KeyType::EcdsaP256 => p256::PublicKey::from_sec1_bytes(&self.bits)
                .map_or_else(|_| self.bits.to_vec(), |key| key.to_sec1_bytes().to_vec()),
            KeyType::EcdsaP384 => p384::PublicKey::from_sec1_bytes(&self.bits)
                .map_or_else(|_| self.bits.to_vec(), |key| key.to_sec1_bytes().to_vec()),
            KeyType::EcdsaP521 => p521::PublicKey::from_sec1_bytes(&self.bits)
                .map_or_else(|_| self.bits.to_vec(), |key| key.to_sec1_bytes().to_vec()),
            KeyType::Ed25519 | KeyType::Rsa(_) => self.bits.to_vec(),
            KeyType::Other(_) => self.der.to_vec(),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.key_type, self.pin())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.der.cmp(&other.der)
    }
}

impl hash::Hash for PublicKey {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

fn key_type(info: &SubjectPublicKeyInfoRef<'_>, bits: &[u8]) -> KeyType {
    match info.algorithm.oid {
        rfc5912::RSA_ENCRYPTION => match RsaPublicKeyRef::from_der(bits) {
            Ok(key) => KeyType::Rsa(bit_length(key.modulus.as_bytes())),
            Err(_) => KeyType::Other("RSA (unreadable)".to_owned()),
        },
        rfc5912::ID_EC_PUBLIC_KEY => curve(info.algorithm.parameters_oid().ok()),
        rfc8410::ID_ED_25519 => KeyType::Ed25519,
        oid => KeyType::Other(other_name(oid)),
    }
}

/// The key type for this curve; [`KeyType::Other`] for unsupported curves and explicit parameters (`None`).
pub(super) fn curve(oid: Option<ObjectIdentifier>) -> KeyType {
    match oid {
        Some(rfc5912::SECP_256_R_1) => KeyType::EcdsaP256,
        Some(rfc5912::SECP_384_R_1) => KeyType::EcdsaP384,
        Some(rfc5912::SECP_521_R_1) => KeyType::EcdsaP521,
        Some(rfc5912::SECP_224_R_1) => KeyType::Other("ECDSA P-224".to_owned()),
        Some(SECP256K1) => KeyType::Other("ECDSA secp256k1".to_owned()),
        Some(oid) => KeyType::Other(format!("ECDSA on curve {}", Oid::from(oid))),
        None => KeyType::Other("ECDSA on a curve without a name".to_owned()),
    }
}

/// The display name of an unsupported algorithm.
pub(super) fn other_name(oid: ObjectIdentifier) -> String {
    match oid {
        rfc5912::ID_DSA => "DSA".to_owned(),
        rfc5912::ID_RSASSA_PSS => "RSA-PSS".to_owned(),
        rfc8410::ID_ED_448 => "Ed448".to_owned(),
        rfc8410::ID_X_25519 => "X25519".to_owned(),
        oid => Oid::from(oid).to_string(),
    }
}

/// The bit length of a big-endian number without leading zeros.
pub(super) fn bit_length(octets: &[u8]) -> usize {
    let leading = octets.first().map_or(0, |first| first.leading_zeros() as usize);
    (octets.len() * 8).saturating_sub(leading)
}

/// secp256k1 (SEC 2, 2.4.1).
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
