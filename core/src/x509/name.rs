//! Distinguished names, stored as the signed bytes.

use std::fmt;

use x509_parser::{
    der_parser::asn1_rs::{Any, Tag},
    prelude::FromDer,
    x509::X509Name,
};

use super::{escape::escape, oid::Oid};
use crate::text::hex;

/// A distinguished name (RFC 5280, 4.1.2.4). Two are equal if their DER is identical, as in Go.
///
/// Displayed in encoding order, such as `O=system:masters, CN=kubernetes-admin`: the output of `openssl x509 -nameopt
/// esc_2253,esc_ctrl,utf8,sep_comma_plus_space,sname`, except that invisible non-ASCII characters are escaped as well.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    der: Box<[u8]>,
}

impl Name {
    /// Creates a name from DER that has already been parsed as one.
    pub(super) fn from_parsed(der: &[u8]) -> Self {
        Self { der: der.into() }
    }

    /// The whole `Name` in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it has no attributes.
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// The common name, which is the user in Kubernetes. If there are several, the last, as in Go.
    pub fn common_name(&self) -> Option<String> {
        self.values(CN).pop()
    }

    /// The organizations, in order, which are the groups in Kubernetes.
    pub fn organizations(&self) -> Vec<String> {
        self.values(O)
    }

    /// All common names, in order.
    pub(crate) fn common_names(&self) -> Vec<String> {
        self.values(CN)
    }

    /// Whether OpenSSL treats the names as equal. See [`Name::canonical`].
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self == other || self.canonical() == other.canonical()
    }

    /// Whether Java treats the names as equal (openjdk/jdk: sun/security/x509/AVA.java, `toRFC2253CanonicalString`:
    /// text of two string types in lower case, trimmed, runs of spaces collapsed).
    pub(crate) fn is_like_in_java(&self, other: &Self) -> bool {
        let canonical = |name: &Self| -> Vec<(bool, Attribute)> {
            let attributes = name.attributes();
            attributes.map(|(same, attribute)| (same, attribute.canonical_in_java())).collect()
        };
        self == other || canonical(self) == canonical(other)
    }

    /// The form in which OpenSSL compares names (openssl/openssl: crypto/x509/x_name.c, `asn1_string_canon`): text of
    /// any string type in ASCII lower case, trimmed, runs of spaces collapsed. Attributes that are not text are
    /// unchanged.
    fn canonical(&self) -> Vec<Vec<Attribute>> {
        let mut names: Vec<Vec<Attribute>> = Vec::new();
        for (same, attribute) in self.attributes() {
            let attribute = attribute.canonical();
            match names.last_mut() {
                Some(name) if same => name.push(attribute),
                _ => names.push(vec![attribute]),
            }
        }
        // The attributes of one RDN are a set.
        names.iter_mut().for_each(|name| name.sort());
        names
    }

    fn values(&self, oid: &[u8]) -> Vec<String> {
        self.attributes().filter(|(_, attribute)| attribute.oid.as_bytes() == oid).map(|(_, a)| a.text()).collect()
    }

    /// The attributes, each with whether it belongs to the same RDN as the one before it.
    fn attributes(&self) -> impl Iterator<Item = (bool, Attribute)> + use<> {
        let mut attributes = Vec::new();
        if let Ok((_, name)) = X509Name::from_der(&self.der) {
            for relative_name in name.iter_rdn() {
                for (position, attribute) in relative_name.iter().enumerate() {
                    attributes.push((position > 0, Attribute::new(attribute.attr_type(), attribute.attr_value())));
                }
            }
        }
        attributes.into_iter()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (same, attribute)) in self.attributes().enumerate() {
            f.write_str(match (position, same) {
                (0, _) => "",
                (_, true) => " + ",
                (_, false) => ", ",
            })?;
            attribute.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// One attribute of a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    oid: Oid,
    /// The universal tag of the value's type.
    tag: u32,
    value: Vec<u8>,
}

impl Attribute {
    fn new(oid: &x509_parser::der_parser::oid::Oid<'_>, value: &Any<'_>) -> Self {
        Self { oid: Oid::from_content(oid.as_bytes()), tag: value.tag().0, value: value.data.to_vec() }
    }

    /// The value as text. Bytes that are invalid for its string type become the replacement character.
    fn text(&self) -> String {
        match Tag(self.tag) {
            Tag::BmpString => {
                let units = self.value.chunks(2).map(|pair| match *pair {
                    [high, low] => u16::from_be_bytes([high, low]),
                    _ => 0xd800, // an unpaired surrogate becomes a replacement character
                });
                char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            Tag::UniversalString => self
                .value
                .chunks(4)
                .map(|quad| {
                    <[u8; 4]>::try_from(quad)
                        .ok()
                        .and_then(|quad| char::from_u32(u32::from_be_bytes(quad)))
                        .unwrap_or(char::REPLACEMENT_CHARACTER)
                })
                .collect(),
            // T.61 is in practice written as Latin-1.
            Tag::T61String => self.value.iter().copied().map(char::from).collect(),
            _ => String::from_utf8_lossy(&self.value).into_owned(),
        }
    }

    /// See [`Name::canonical`].
    fn canonical(self) -> Self {
        if !self.is_text() || matches!(Tag(self.tag), Tag::GeneralString | Tag::NumericString) {
            return self;
        }
        let is_space = |character: char| matches!(character, ' ' | '\t'..='\r');
        let text = self.text().to_ascii_lowercase();
        let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
        Self { tag: Tag::Utf8String.0, value: words.join(" ").into_bytes(), ..self }
    }

    /// See [`Name::is_like_in_java`].
    fn canonical_in_java(self) -> Self {
        if !matches!(Tag(self.tag), Tag::PrintableString | Tag::Utf8String) {
            return self;
        }
        let text = self.text().to_lowercase();
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        Self { tag: Tag::Utf8String.0, value: words.join(" ").into_bytes(), ..self }
    }

    fn is_text(&self) -> bool {
        matches!(
            Tag(self.tag),
            Tag::BmpString
                | Tag::GeneralString
                | Tag::Ia5String
                | Tag::NumericString
                | Tag::PrintableString
                | Tag::T61String
                | Tag::UniversalString
                | Tag::Utf8String
                | Tag::VisibleString
        )
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SHORT_NAMES.iter().find(|(oid, _)| *oid == self.oid.as_bytes()) {
            Some((_, short)) => f.write_str(short)?,
            None => write!(f, "{}", self.oid)?,
        }
        if !self.is_text() {
            return write!(f, "=#{}", hex::lower(&self.value));
        }
        let text = escape(&self.text(), ",+\"\\<>;");
        // A leading space or # and a trailing space are escaped as well (RFC 4514, 2.4).
        let front = if text.starts_with([' ', '#']) { "\\" } else { "" };
        match text.strip_suffix(' ') {
            Some(start) if !start.is_empty() => write!(f, "={front}{start}\\ "),
            _ => write!(f, "={front}{text}"),
        }
    }
}

const CN: &[u8] = &[0x55, 4, 3];
const O: &[u8] = &[0x55, 4, 10];

/// OpenSSL's short names of common attributes.
const SHORT_NAMES: &[(&[u8], &str)] = &[
    (CN, "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "street"),
    (O, "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 13], "description"),
    (&[0x55, 4, 15], "businessCategory"),
    (&[0x55, 4, 17], "postalCode"),
    (&[0x55, 4, 41], "name"),
    (&[0x55, 4, 42], "GN"),
    (&[0x55, 4, 43], "initials"),
    (&[0x55, 4, 46], "dnQualifier"),
    (&[0x55, 4, 97], "organizationIdentifier"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// A common name without the date (`-yyyymmdd`) that Airlock appends to new CAs' names; `None` if it ends without a
/// date.
pub(crate) fn before_date(name: &str) -> Option<&str> {
    let (base, date) = name.rsplit_once('-')?;
    (date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit())).then_some(base)
}
