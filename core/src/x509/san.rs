//! Subject alternative names.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use x509_parser::extensions::GeneralName;

use super::{escape::escape, name::Name, oid::Oid};
use crate::text::hex;

/// A subject alternative name (RFC 5280, 4.2.1.6), displayed as `DNS:name`, `IP:address`, `email:…`, `URI:…`,
/// `DirName:…`, `Registered ID:…` or `othername:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AlternativeName {
    /// A host name, possibly with a wildcard.
    Dns(String),
    /// An address, IPv4 or IPv6.
    Ip(IpAddr),
    /// An e-mail address.
    Email(String),
    /// A URI, such as a SPIFFE identity.
    Uri(String),
    /// A distinguished name.
    Directory(Name),
    /// An object identifier.
    RegisteredId(Oid),
    /// Any other form, and malformed values of the forms above.
    Other {
        /// The tag number of the form in RFC 5280's `GeneralName`.
        form: u32,
        /// Its content octets.
        content: Vec<u8>,
    },
}

impl AlternativeName {
    /// The host name; `None` for every other form.
    pub fn dns(&self) -> Option<&str> {
        match self {
            Self::Dns(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is an IP address whose length is neither 4 nor 16 octets.
    pub(super) fn is_malformed_address(&self) -> bool {
        matches!(self, Self::Other { form: 7, .. })
    }

    pub(super) fn from_parsed(name: &GeneralName<'_>) -> Self {
        let other = |form, content: &[u8]| Self::Other { form, content: content.to_vec() };
        match name {
            GeneralName::OtherName(oid, value) => other(0, &[oid.as_bytes(), value].concat()),
            GeneralName::RFC822Name(text) => Self::Email((*text).to_owned()),
            GeneralName::DNSName(text) => Self::Dns((*text).to_owned()),
            GeneralName::X400Address(any) => other(3, any.data),
            GeneralName::DirectoryName(name) => Self::Directory(Name::from_parsed(name.as_raw())),
            GeneralName::EDIPartyName(any) => other(5, any.data),
            GeneralName::URI(text) => Self::Uri((*text).to_owned()),
            GeneralName::IPAddress(octets) => match **octets {
                [a, b, c, d] => Self::Ip(Ipv4Addr::new(a, b, c, d).into()),
                _ => match <[u8; 16]>::try_from(*octets) {
                    Ok(octets) => Self::Ip(Ipv6Addr::from(octets).into()),
                    Err(_) => other(7, octets),
                },
            },
            GeneralName::RegisteredID(oid) => Self::RegisteredId(Oid::from_content(oid.as_bytes())),
            GeneralName::Invalid(tag, content) => other(tag.0, content),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{}", escape(name, "")),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Email(address) => write!(f, "email:{}", escape(address, "")),
            Self::Uri(uri) => write!(f, "URI:{}", escape(uri, "")),
            Self::Directory(name) => write!(f, "DirName:{name}"),
            Self::RegisteredId(oid) => write!(f, "Registered ID:{oid}"),
            Self::Other { form, content } => write!(f, "othername:{form}:{}", hex::lower(content)),
        }
    }
}
