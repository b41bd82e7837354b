//! Serial numbers that need no randomness.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::PrivateKey;

/// Octets of a serial number: more than the 64 bits that guessing attacks ask for, less than the 20 octets
/// that RFC 5280, 4.1.2.2 allows.
pub(super) const LENGTH: usize = 16;

/// Stands in for the serial number in the draft that the serial number is derived from.
pub(super) const DRAFT: &[u8] = &[1];

/// The serial number of the certificate whose draft this is, signed by `key`.
///
/// HMAC-SHA-256 under the issuer's private key, as RFC 6979 derives nonces: nobody else can foretell
/// it, the same content gets the same one, and different content, but for a collision in 126 bits,
/// different ones. Positive, never zero, always [`LENGTH`] octets.
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
