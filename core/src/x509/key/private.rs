//! Private keys. Their bytes can be read only through [`PrivateKey::to_pem`] and [`PrivateKey::to_pkcs8_der`].

use std::{fmt, sync::Arc};

use const_oid::db::{rfc5912, rfc8410};
use der::{Decode, Reader, SliceReader, Tag};
use p256::elliptic_curve::Generate;
use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, RsaPrivateKeyRef};
use sec1::EcPrivateKey;
use sha2::Sha256;
use signature::{Keypair, SignatureEncoding, Signer};
use zeroize::Zeroizing;

use super::{
    kinds::{KeyAlgorithm, KeyEncoding, KeyError, KeyType, pem},
    public::{PublicKey, bit_length, curve, other_name},
};
use crate::x509::signature::{Digest, MAX_RSA_BITS, SignatureAlgorithm};

/// A private key that can sign. Its memory is wiped when the last clone is dropped. `Debug` prints only the public key
/// pin.
#[derive(Clone)]
pub struct PrivateKey {
    secret: Arc<Secret>,
    public: PublicKey,
    encoding: KeyEncoding,
}

/// Every variant wipes its memory on drop.
enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(rsa::pkcs1v15::SigningKey<Sha256>),
}

impl PrivateKey {
    /// Generates a key, encoded as kubeadm does (PKCS#1 for RSA, SEC 1 for ECDSA) or, for Ed25519, as Talos does.
    pub fn generate(algorithm: KeyAlgorithm, rng: &mut impl CryptoRng) -> Self {
        let mut rsa = |bits| {
            let key = rsa::RsaPrivateKey::new(rng, bits).expect("Invariant: these sizes and the exponent are valid");
            (Secret::Rsa(rsa::pkcs1v15::SigningKey::new(key)), KeyEncoding::Pkcs1)
        };
        let (secret, encoding) = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(2048),
            KeyAlgorithm::Rsa3072 => rsa(3072),
            KeyAlgorithm::Rsa4096 => rsa(4096),
            KeyAlgorithm::EcdsaP256 => {
                (Secret::P256(p256::SecretKey::generate_from_rng(rng).into()), KeyEncoding::Sec1)
            }
            KeyAlgorithm::EcdsaP384 => {
                (Secret::P384(p384::SecretKey::generate_from_rng(rng).into()), KeyEncoding::Sec1)
            }
            KeyAlgorithm::Ed25519 => {
                let mut seed = Zeroizing::new([0; ed25519_dalek::SECRET_KEY_LENGTH]);
                rng.fill_bytes(seed.as_mut());
                (Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed)), KeyEncoding::Talos)
            }
        };
        Self::new(secret, encoding).expect("Invariant: a key that was just made is consistent")
    }

    /// Reads a key in DER: PKCS#8, PKCS#1 or SEC 1, detected by its structure.
    ///
    /// # Errors
    /// If the bytes are not such a key, or it is encrypted, of an unsupported type, or inconsistent. A test signature
    /// is created and verified before a key is returned.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        match structure(der)? {
            KeyEncoding::Pkcs1 => Self::new(rsa_secret(der)?, KeyEncoding::Pkcs1),
            KeyEncoding::Pkcs8 => Self::from_pkcs8_der(der),
            KeyEncoding::Sec1 => Self::new(ec_secret(der, None)?, KeyEncoding::Sec1),
            KeyEncoding::Talos => Err(NOT_A_KEY),
        }
    }

    /// Reads the key in a PEM block with this label.
    ///
    /// # Errors
    /// Those of [`PrivateKey::from_der`], and if the label is not that of a private key or does not match the content:
    /// Go programs fail to read such files.
    pub fn from_pem_block(label: &str, der: &[u8]) -> Result<Self, KeyError> {
        let expected = match label {
            "RSA PRIVATE KEY" => KeyEncoding::Pkcs1,
            "PRIVATE KEY" => KeyEncoding::Pkcs8,
            "EC PRIVATE KEY" => KeyEncoding::Sec1,
            "ED25519 PRIVATE KEY" => return Self::from_talos_block(der),
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            "DSA PRIVATE KEY" => return Err(KeyError::Unsupported("DSA".to_owned())),
            "OPENSSH PRIVATE KEY" => return Err(KeyError::Unsupported("OpenSSH".to_owned())),
            _ => return Err(KeyError::NotAPrivateKey(label.to_owned())),
        };
        let encoding = structure(der)?;
        if encoding != expected {
            return Err(KeyError::Mislabelled { label: label.to_owned(), encoding });
        }
        Self::from_der(der)
    }

    /// Reads an Ed25519 key in PKCS#8 under Talos' label.
    fn from_talos_block(der: &[u8]) -> Result<Self, KeyError> {
        let key = Self::from_der(der)?;
        match &*key.secret {
            Secret::Ed25519(_) => Ok(key.with_encoding(KeyEncoding::Talos)),
            _ => Err(KeyError::Mislabelled { label: KeyEncoding::Talos.label().to_owned(), encoding: key.encoding }),
        }
    }

    /// Reads an unencrypted key in PKCS#8 (RFC 5958).
    ///
    /// # Errors
    /// Those of [`PrivateKey::from_der`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| NOT_A_KEY)?;
        let secret = match info.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => rsa_secret(info.private_key.as_bytes())?,
            rfc5912::ID_EC_PUBLIC_KEY => {
                ec_secret(info.private_key.as_bytes(), Some(curve(info.algorithm.parameters_oid().ok())))?
            }
            rfc8410::ID_ED_25519 => {
                Secret::Ed25519(ed25519_dalek::SigningKey::from_pkcs8_der(der).map_err(|_| NOT_A_KEY)?)
            }
            oid => return Err(KeyError::Unsupported(other_name(oid))),
        };
        Self::new(secret, KeyEncoding::Pkcs8)
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The type and size.
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }

    /// The encoding in which it was read, and will be written.
    pub fn encoding(&self) -> KeyEncoding {
        self.encoding
    }

    /// Returns the same key with another encoding. PKCS#1, SEC 1 and Talos' label all select the traditional encoding
    /// of the key's type: PKCS#1 for RSA, SEC 1 for ECDSA, and for Ed25519 PKCS#8 unless Talos' label is requested.
    #[must_use]
    pub fn with_encoding(self, encoding: KeyEncoding) -> Self {
        let encoding = match (&*self.secret, encoding) {
            (Secret::Ed25519(_), KeyEncoding::Talos) => KeyEncoding::Talos,
            (_, KeyEncoding::Pkcs8) | (Secret::Ed25519(_), _) => KeyEncoding::Pkcs8,
            (Secret::P256(_) | Secret::P384(_), _) => KeyEncoding::Sec1,
            (Secret::Rsa(_), _) => KeyEncoding::Pkcs1,
        };
        Self { encoding, ..self }
    }

    /// One PEM block in its encoding: lines of 64 characters, separated and ended by line feeds, without `EC
    /// PARAMETERS`.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = match (&*self.secret, self.encoding) {
            (Secret::Rsa(key), KeyEncoding::Pkcs1) => key.as_ref().to_pkcs1_der().expect(WRITES).to_bytes(),
            (Secret::P256(key), KeyEncoding::Sec1) => {
                p256::SecretKey::from(key.as_nonzero_scalar()).to_sec1_der().expect(WRITES)
            }
            (Secret::P384(key), KeyEncoding::Sec1) => {
                p384::SecretKey::from(key.as_nonzero_scalar()).to_sec1_der().expect(WRITES)
            }
            (Secret::Ed25519(_), KeyEncoding::Talos) => self.to_pkcs8_der(),
            _ => return Zeroizing::new(pem(KeyEncoding::Pkcs8.label(), &self.to_pkcs8_der())),
        };
        Zeroizing::new(pem(self.encoding.label(), &der))
    }

    /// The key in PKCS#8 (RFC 5958), version 1.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let document = match &*self.secret {
            Secret::P256(key) => p256::SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_der(),
            Secret::P384(key) => p384::SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_der(),
            // Without the public key: OpenSSL does not read PKCS#8 version 2.
            Secret::Ed25519(key) => {
                ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_der()
            }
            Secret::Rsa(key) => key.to_pkcs8_der(),
        };
        document.expect(WRITES).to_bytes()
    }

    /// Signs `message` with [`PrivateKey::signature_algorithm`]. Deterministic: PKCS#1 v1.5 and Ed25519 are, and the
    /// ECDSA nonce is derived by RFC 6979.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.secret.sign(message).expect("Invariant: the key has signed when it was read or made")
    }

    /// The signature algorithm: PKCS#1 v1.5 with SHA-256 for RSA, SHA-256 for P-256, SHA-384 for P-384, as in Go and
    /// therefore kubeadm.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        match &*self.secret {
            Secret::P256(_) => SignatureAlgorithm::Ecdsa(Digest::Sha256),
            Secret::P384(_) => SignatureAlgorithm::Ecdsa(Digest::Sha384),
            Secret::Ed25519(_) => SignatureAlgorithm::Ed25519,
            Secret::Rsa(_) => SignatureAlgorithm::RsaPkcs1(Digest::Sha256),
        }
    }

    /// Creates a key, after a test signature and a test of its encoding.
    fn new(secret: Secret, encoding: KeyEncoding) -> Result<Self, KeyError> {
        let public = secret.public_key().ok_or(KeyError::Inconsistent)?;
        if let Secret::Rsa(key) = &secret {
            key.as_ref().to_pkcs1_der().map_err(|_| KeyError::Inconsistent)?;
        }
        let signature = secret.sign(b"").ok_or(KeyError::Inconsistent)?;
        let key = Self { secret: Arc::new(secret), public, encoding };
        if !key.public.verify(&key.signature_algorithm(), b"", &signature) {
            return Err(KeyError::Inconsistent);
        }
        Ok(key)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret: _, public, encoding: _ } = self;
        write!(f, "PrivateKey({})", public.pin())
    }
}

impl Secret {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(message).ok()?;
                signature.to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(message).ok()?;
                signature.to_vec()
            }
            Self::Ed25519(key) => key.try_sign(message).ok()?.to_vec(),
            Self::Rsa(key) => key.try_sign(message).ok()?.to_vec(),
        })
    }

    fn public_key(&self) -> Option<PublicKey> {
        let document = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.verifying_key().to_public_key_der(),
        };
        PublicKey::from_der(document.ok()?.as_bytes()).ok()
    }
}

/// Detects the structure by the element after the version.
fn structure(der: &[u8]) -> Result<KeyEncoding, KeyError> {
    let tags = |der| -> der::Result<(Tag, Tag)> {
        SliceReader::new(der)?.sequence(|reader| {
            let first = Tag::peek(reader)?;
            reader.tlv_bytes()?;
            let second = Tag::peek(reader)?;
            while !reader.is_finished() {
                reader.tlv_bytes()?;
            }
            Ok((first, second))
        })
    };
    match tags(der).map_err(|_| NOT_A_KEY)? {
        (Tag::Integer, Tag::Integer) => Ok(KeyEncoding::Pkcs1),
        (Tag::Integer, Tag::OctetString) => Ok(KeyEncoding::Sec1),
        (Tag::Integer, Tag::Sequence) => Ok(KeyEncoding::Pkcs8),
        // EncryptedPrivateKeyInfo (RFC 5958, 3).
        (Tag::Sequence, Tag::OctetString) => Err(KeyError::Encrypted),
        _ => Err(NOT_A_KEY),
    }
}

fn rsa_secret(der: &[u8]) -> Result<Secret, KeyError> {
    let parts = RsaPrivateKeyRef::from_der(der).map_err(|_| NOT_A_KEY)?;
    if parts.other_prime_infos.is_some() {
        return Err(KeyError::Unsupported("RSA with more than two primes".to_owned()));
    }
    // Checked before any arithmetic, which would not terminate in practice for a huge modulus.
    let bits = bit_length(parts.modulus.as_bytes());
    if !(rsa::RsaPublicKey::MIN_SIZE..=MAX_RSA_BITS).contains(&bits) {
        return Err(KeyError::Unsupported(KeyType::Rsa(bits).to_string()));
    }
    let key = rsa::RsaPrivateKey::from_pkcs1_der(der).map_err(|_| KeyError::Inconsistent)?;
    Ok(Secret::Rsa(rsa::pkcs1v15::SigningKey::new(key)))
}

/// Reads an `ECPrivateKey`. Its curve is named by the enclosing PKCS#8 or by itself; otherwise it follows from the
/// length, which RFC 5915 fixes.
fn ec_secret(der: &[u8], outer: Option<KeyType>) -> Result<Secret, KeyError> {
    let parts = EcPrivateKey::from_der(der).map_err(|_| NOT_A_KEY)?;
    let inner = parts.parameters.map(|parameters| curve(parameters.named_curve()));
    let key_type = outer.or(inner).unwrap_or_else(|| match parts.private_key.len() {
        32 => KeyType::EcdsaP256,
        48 => KeyType::EcdsaP384,
        _ => curve(None),
    });
    match key_type {
        KeyType::EcdsaP256 => {
            p256::SecretKey::try_from(parts).map(|key| Secret::P256(key.into())).map_err(|_| KeyError::Inconsistent)
        }
        KeyType::EcdsaP384 => {
            p384::SecretKey::try_from(parts).map(|key| Secret::P384(key.into())).map_err(|_| KeyError::Inconsistent)
        }
        other => Err(KeyError::Unsupported(other.to_string())),
    }
}

const NOT_A_KEY: KeyError = KeyError::NotAKey("private key");
const WRITES: &str = "Invariant: a key that was read or made can be written";
