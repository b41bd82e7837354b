//! PKCS#12 containers (RFC 7292): certificates and keys in one password-protected file.
//!
//! The p12-keystore library does not wipe decrypted data: keys from a container may remain in freed memory.

use der::{Reader, SliceReader, Tag};
use p12_keystore::{Pkcs12Archive, error::Error};

use super::{certificate::Certificate, key::PrivateKey};
use crate::input::Password;

/// The limit of encrypted parts. A typical container has three: a key, its chain and the integrity check. Each part may
/// cost the library's million iterations, and an untrusted file could contain thousands.
pub const MAX_ENCRYPTED_PARTS: usize = 8;

/// DER prefixes of the object identifiers of encryption algorithms in containers: PKCS#12's own (RFC 7292, appendix C)
/// and PBES2 (RFC 8018, appendix A.4).
const ENCRYPTIONS: [&[u8]; 2] = [b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01", b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D"];

/// The object identifier of scrypt (RFC 7914, 7). Refused: the library allows it up to 1 GiB and panics for cost 0. No
/// common program writes it: OpenSSL, Java and Windows use PBKDF2 or PKCS#12's key derivation.
const SCRYPT: &[u8] = b"\x2B\x06\x01\x04\x01\xDA\x47\x04\x0B";

/// The contents of a container, in order.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Container {
    /// The readable certificates.
    pub certificates: Vec<Certificate>,
    /// The readable private keys.
    pub keys: Vec<PrivateKey>,
    /// Those of the certificates that Java trusts: their bags have its attribute `trustedKeyUsage` (OpenJDK:
    /// src/java.base/share/classes/sun/security/pkcs12/PKCS12KeyStore.java).
    pub trusted: Vec<Certificate>,
}

/// Why a container could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// It is malformed, or its encryption is not supported.
    #[error("the PKCS#12 container cannot be read")]
    Unreadable,
    /// The password is wrong.
    #[error("the password does not open the PKCS#12 container")]
    WrongPassword,
}

/// Whether the bytes are a DER sequence that begins with version 3 and a sequence, as a container does (RFC 7292, 4).
#[must_use]
pub fn is_container(der: &[u8]) -> bool {
    parts(der).is_some()
}

/// Is it a container that opens without a password: nothing in it is encrypted, and it has no integrity check? Java writes
/// such trust stores (OpenJDK: `keystore.pkcs12.macAlgorithm=NONE`).
pub(crate) fn is_open_container(der: &[u8]) -> bool {
    // Version and content; the integrity check would be the third.
    parts(der) == Some(2) && count_encrypted(der) == 0
}

/// The number of parts of the outermost sequence; `None` if it is no container.
fn parts(der: &[u8]) -> Option<usize> {
    let parts = |der| -> der::Result<Option<usize>> {
        SliceReader::new(der)?.sequence(|reader| {
            let version = reader.tlv_bytes()?;
            let is_sequence = Tag::peek(reader)? == Tag::Sequence;
            let mut count = 1;
            while !reader.is_finished() {
                reader.tlv_bytes()?;
                count += 1;
            }
            // INTEGER 3, with tag and length.
            Ok::<_, der::Error>((is_sequence && version == [2, 1, 3]).then_some(count))
        })
    };
    parts(der).ok().flatten()
}

/// How often the identifier of an encryption occurs.
fn count_encrypted(der: &[u8]) -> usize {
    let is_one = |start: &usize| ENCRYPTIONS.iter().any(|identifier| der[*start..].starts_with(identifier));
    (0..der.len()).filter(is_one).count()
}

impl Container {
    /// Opens a container, and verifies its integrity with the same password.
    ///
    /// # Errors
    /// If the password is wrong, the bytes are not a container, it has more than [`MAX_ENCRYPTED_PARTS`] encrypted
    /// parts, or one of them uses scrypt or more than a million iterations, which is the library's limit.
    pub fn open(der: &[u8], password: &Password) -> Result<Self, ContainerError> {
        let is_costly = count_encrypted(der) > MAX_ENCRYPTED_PARTS;
        if is_costly || (0..der.len()).any(|start| der[start..].starts_with(SCRYPT)) {
            return Err(ContainerError::Unreadable);
        }
        let archive = Pkcs12Archive::from_pkcs12(der, password.as_str()).map_err(|error| match error {
            Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => ContainerError::WrongPassword,
            _ => ContainerError::Unreadable,
        })?;
        let mut container = Self::default();
        for bag in &archive.certs {
            let Ok(certificate) = Certificate::from_der(bag.cert.as_der()) else { continue };
            if bag.trusted {
                container.trusted.push(certificate.clone());
            }
            container.certificates.push(certificate);
        }
        let keys = archive.keys.iter().filter_map(|bag| PrivateKey::from_pkcs8_der(bag.key.as_der()).ok());
        container.keys.extend(keys);
        Ok(container)
    }
}
