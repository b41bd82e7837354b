//! UTF-16, as Windows' PowerShell writes files, into UTF-8. Neither Go nor OpenSSL reads it, but what is inside may be right.

use zeroize::Zeroizing;

/// The same text as UTF-8, without the byte order mark; `None` if the bytes do not begin with one or are not UTF-16.
pub fn to_utf8(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xFF, 0xFE] => u16::from_le_bytes,
        [0xFE, 0xFF] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, odd) = rest.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    // Three bytes are the most that one unit becomes: no growth, so no copy of a key is left behind.
    let mut text = Zeroizing::new(Vec::with_capacity(3 * pairs.len()));
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.extend_from_slice(character.ok()?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `iconv -f UTF-8 -t UTF-16LE` and `UTF-16BE` have it, with their marks.
    #[test]
    fn both_orders_are_read_and_nothing_else() {
        let little = b"\xFF\xFEa\0\xFC\0\x3D\xD8\x00\xDE\n\0";
        let big = b"\xFE\xFF\0a\0\xFC\xD8\x3D\xDE\x00\0\n";
        for bytes in [&little[..], big] {
            assert_eq!(to_utf8(bytes).as_deref().map(Vec::as_slice), Some("aü😀\n".as_bytes()));
        }
        for bytes in [&b""[..], b"\xFF", b"a\0b\0", b"\xFF\xFEa", b"\xFF\xFE\x3D\xD8"] {
            assert_eq!(to_utf8(bytes), None, "{bytes:?}");
        }
    }
}
