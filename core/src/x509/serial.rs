//! Deterministic serial numbers.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::key::PrivateKey;

/// The length of a serial number in octets: more than the 64 bits that resist guessing, less than the maximum of 20
/// octets (RFC 5280, 4.1.2.2).
pub(super) const LENGTH: usize = 16;

/// Placeholder serial number in the draft certificate from which the real one is derived.
pub(super) const DRAFT: &[u8] = &[1];

/// Derives the serial number of the certificate with this draft, signed by `key`.
///
/// HMAC-SHA-256 under the issuer's private key, as RFC 6979 derives nonces. It is unpredictable without the key. The
/// same content gets the same number; different content gets different numbers, except for collisions in 126 bits.
/// Positive, never zero, always [`LENGTH`] octets.
pub(super) fn derive(key: &PrivateKey, draft: &[u8]) -> [u8; LENGTH] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&key.to_pkcs8_der()).expect("Invariant: HMAC takes keys of any length");
    mac.update(b"airlock certificate serial number\0");
    mac.update(draft);
    let code = mac.finalize().into_bytes();
    let mut serial = [0; LENGTH];
    serial.copy_from_slice(&code[..LENGTH]);
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}
