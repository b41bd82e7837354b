//! Conversion of UTF-16, written by Windows PowerShell, to UTF-8. Go and OpenSSL cannot read UTF-16, but the content
//! may be correct.

use zeroize::Zeroizing;

/// Converts to UTF-8 without the byte order mark; `None` if the bytes do not begin with one or are not UTF-16.
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
    // One code unit becomes at most three bytes. With this capacity the buffer never moves and leaves no copy of a key.
    let mut text = Zeroizing::new(Vec::with_capacity(3 * pairs.len()));
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.extend_from_slice(character.ok()?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of `iconv -f UTF-8 -t UTF-16LE` and `UTF-16BE`, with byte order marks added.
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
