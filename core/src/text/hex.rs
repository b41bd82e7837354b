//! Hexadecimal output of bytes.

use std::fmt::Write as _;

/// Lower case, without separators, as `sha256sum` prints a digest.
#[must_use]
pub fn lower(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// Upper case, with colons between bytes, as OpenSSL prints key identifiers and fingerprints.
#[must_use]
pub fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(lower(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(colons(&[0, 0x0f, 0xa0, 0xff]), "00:0F:A0:FF");
        assert_eq!((lower(&[]), colons(&[])), (String::new(), String::new()));
    }
}
