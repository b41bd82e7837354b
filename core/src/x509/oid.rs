//! Object identifiers of any size.

use std::fmt;

/// An object identifier, stored as its DER content octets.
///
/// Libraries limit arcs to 32 bits. Identifiers made from a UUID (`2.25.…`, ITU-T X.667) have one of 128 bits, and
/// certificates that contain them must be readable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<[u8]>);

impl Oid {
    /// Creates an identifier from content octets, which are not checked. Malformed ones are displayed in hexadecimal.
    pub fn from_content(content: &[u8]) -> Self {
        Self(content.into())
    }

    /// The content octets, without tag and length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<const_oid::ObjectIdentifier> for Oid {
    fn from(oid: const_oid::ObjectIdentifier) -> Self {
        Self::from_content(oid.as_bytes())
    }
}

impl PartialEq<const_oid::ObjectIdentifier> for Oid {
    fn eq(&self, other: &const_oid::ObjectIdentifier) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

/// Dotted decimal; arcs beyond 128 bits and malformed identifiers as `0x` and hexadecimal.
impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = |f: &mut fmt::Formatter<'_>| write!(f, "0x{}", crate::text::hex::lower(&self.0));
        let Some(arcs) = arcs(&self.0) else {
            return raw(f);
        };
        let Some((&first, rest)) = arcs.split_first() else {
            return raw(f);
        };
        // The first two arcs are encoded as one number (X.690, 8.19.4).
        let root = (first / 40).min(2);
        write!(f, "{root}.{}", first - 40 * root)?;
        rest.iter().try_for_each(|arc| write!(f, ".{arc}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// Decodes the base-128 numbers (X.690, 8.19.2); `None` if one is truncated or exceeds 128 bits.
fn arcs(content: &[u8]) -> Option<Vec<u128>> {
    let mut arcs = Vec::new();
    let mut arc: u128 = 0;
    for &octet in content {
        if arc >> (128 - 7) != 0 {
            return None;
        }
        arc = arc << 7 | u128::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    (content.last()? & 0x80 == 0).then_some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_dotted_decimal() {
        // $ openssl asn1parse -genstr OID:2.999.3 -noout -out - | xxd, and so on
        assert_eq!(Oid::from_content(&[0x88, 0x37, 0x03]).to_string(), "2.999.3");
        assert_eq!(Oid::from_content(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2]).to_string(), "1.3.6.1.4.1.311.20.2");
        assert_eq!(Oid::from(const_oid::db::rfc4519::CN).to_string(), "2.5.4.3");
    }

    #[test]
    fn shows_identifiers_made_from_a_uuid() {
        // $ openssl asn1parse -genstr OID:2.25.329800735698586629295641978511506172918 -noout -out - | xxd
        let content = [
            0x69, 0x83, 0xf0, 0x9d, 0xa7, 0xeb, 0xcf, 0xde, 0xe0, 0xc7, 0xa1, 0xa7, 0xb2, 0xc0, 0x94, 0x8c, 0xc8, 0xf9,
            0xd7, 0x76,
        ];
        assert_eq!(Oid::from_content(&content).to_string(), "2.25.329800735698586629295641978511506172918");
    }

    #[test]
    fn shows_what_is_no_identifier_as_hexadecimal() {
        assert_eq!(Oid::from_content(&[]).to_string(), "0x");
        assert_eq!(Oid::from_content(&[0x2a, 0x86]).to_string(), "0x2a86");
        assert!(Oid::from_content(&[0xff; 40]).to_string().starts_with("0xff"));
    }
}
