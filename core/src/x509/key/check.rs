//! Verifies signatures with public keys.

use rsa::pkcs1::DecodeRsaPublicKey;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use signature::{Verifier, hazmat::PrehashVerifier};

use super::kinds::KeyType;
use crate::x509::signature::{Digest, MAX_RSA_BITS, SignatureAlgorithm, SignatureVerdict};

/// Checks whether a key created `signature` over `message`. `key` is the content of its `subjectPublicKey` (RFC 5280,
/// 4.1.2.7).
///
/// Not judged: RSA keys with less than 1024 or more than [`MAX_RSA_BITS`] bits, curves other than P-256, P-384 and
/// P-521, DSA, Ed448, keys restricted to RSA-PSS, and signatures with digests that are not in [`Digest`], such as MD5.
pub(crate) fn check(
    key_type: KeyType,
    key: &[u8],
    algorithm: &SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> SignatureVerdict {
    use SignatureVerdict::{Invalid, NotJudged};
    match (key_type, algorithm) {
        // Cheap check first: most pairs of a CA and a certificate fail here.
        (KeyType::Rsa(bits), algorithm) if signature.len() != bits.div_ceil(8) && algorithm.is_of_rsa() => Invalid,
        (KeyType::Rsa(bits), _) if bits > MAX_RSA_BITS => NotJudged,
        (KeyType::Rsa(_), SignatureAlgorithm::RsaPkcs1(digest)) => {
            verify_pkcs1(key, *digest, message, signature).map_or(NotJudged, SignatureVerdict::of)
        }
        (KeyType::Rsa(_), SignatureAlgorithm::RsaPss { digest, salt_len }) => {
            let salt_len = usize::from(*salt_len);
            verify_pss(key, *digest, salt_len, message, signature).map_or(NotJudged, SignatureVerdict::of)
        }
        (KeyType::EcdsaP256, SignatureAlgorithm::Ecdsa(digest)) => {
            let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(key) else { return NotJudged };
            let signature = p256::ecdsa::Signature::from_der(signature);
            SignatureVerdict::of(signature.is_ok_and(|it| key.verify_prehash(&digest.of(message), &it).is_ok()))
        }
        (KeyType::EcdsaP384, SignatureAlgorithm::Ecdsa(digest)) => {
            let Ok(key) = p384::ecdsa::VerifyingKey::from_sec1_bytes(key) else { return NotJudged };
            let signature = p384::ecdsa::Signature::from_der(signature);
            SignatureVerdict::of(signature.is_ok_and(|it| key.verify_prehash(&digest.of(message), &it).is_ok()))
        }
        (KeyType::EcdsaP521, SignatureAlgorithm::Ecdsa(digest)) => {
            let Ok(key) = p521::ecdsa::VerifyingKey::from_sec1_bytes(key) else { return NotJudged };
            let signature = p521::ecdsa::Signature::from_der(signature);
            SignatureVerdict::of(signature.is_ok_and(|it| key.verify_prehash(&digest.of(message), &it).is_ok()))
        }
        (KeyType::Ed25519, SignatureAlgorithm::Ed25519) => {
            let Ok(key) = ed25519_dalek::VerifyingKey::try_from(key) else { return NotJudged };
            let signature = ed25519_dalek::Signature::from_slice(signature);
            SignatureVerdict::of(signature.is_ok_and(|it| key.verify(message, &it).is_ok()))
        }
        (KeyType::Other(kind), algorithm) if algorithm.may_be_of(&kind) => NotJudged,
        (KeyType::Rsa(_), algorithm) if algorithm.may_be_of("RSA") => NotJudged,
        (KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521, algorithm) if algorithm.may_be_of("ECDSA") => {
            NotJudged
        }
        _ => Invalid,
    }
}

/// `None` for a key that the library does not take.
pub(crate) fn verify_pkcs1(key: &[u8], digest: Digest, message: &[u8], signature: &[u8]) -> Option<bool> {
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    let key = rsa::RsaPublicKey::from_pkcs1_der(key).ok()?;
    let Ok(signature) = Signature::try_from(signature) else { return Some(false) };
    let verified = match digest {
        Digest::Sha1 => VerifyingKey::<Sha1>::new(key).verify(message, &signature),
        Digest::Sha256 => VerifyingKey::<Sha256>::new(key).verify(message, &signature),
        Digest::Sha384 => VerifyingKey::<Sha384>::new(key).verify(message, &signature),
        Digest::Sha512 => VerifyingKey::<Sha512>::new(key).verify(message, &signature),
    };
    Some(verified.is_ok())
}

/// `None` for a key that the library does not take.
pub(crate) fn verify_pss(
    key: &[u8],
    digest: Digest,
    salt_len: usize,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    use rsa::pss::{Signature, VerifyingKey};
    let key = rsa::RsaPublicKey::from_pkcs1_der(key).ok()?;
    let Ok(signature) = Signature::try_from(signature) else { return Some(false) };
    let verified = match digest {
        Digest::Sha1 => VerifyingKey::<Sha1>::new_with_salt_len(key, salt_len).verify(message, &signature),
        Digest::Sha256 => VerifyingKey::<Sha256>::new_with_salt_len(key, salt_len).verify(message, &signature),
        Digest::Sha384 => VerifyingKey::<Sha384>::new_with_salt_len(key, salt_len).verify(message, &signature),
        Digest::Sha512 => VerifyingKey::<Sha512>::new_with_salt_len(key, salt_len).verify(message, &signature),
    };
    Some(verified.is_ok())
}
