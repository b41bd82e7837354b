//! Certificate extensions, and the types of keyUsage and extendedKeyUsage.

use std::fmt;

use super::oid::Oid;

/// An extension (RFC 5280, 4.1.2.9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extension {
    /// Its object identifier.
    pub oid: Oid,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// The content octets of `extnValue`.
    pub value: Vec<u8>,
}

/// keyUsage (RFC 5280, 4.2.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Sign data other than certificates and revocation lists, such as TLS handshakes.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// Sign data for non-repudiation (`nonRepudiation`).
    pub const CONTENT_COMMITMENT: Self = Self(1 << 1);
    /// Encrypt keys: TLS with RSA key transport.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// Encrypt data directly.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// Agree on keys.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// Sign certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// Sign revocation lists.
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// Only encipher during key agreement.
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// Only decipher during key agreement.
    pub const DECIPHER_ONLY: Self = Self(1 << 8);

    /// Builds usages from flags in which RFC 5280's bit 0 is the least significant bit.
    pub(super) const fn from_flags(flags: u16) -> Self {
        Self(flags)
    }

    /// Whether all usages of `other` are among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any usage of `other` is among these.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The union with `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// RFC 5280's names, separated by commas: `digitalSignature, keyEncipherment`.
impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            "digitalSignature",
            "contentCommitment",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        let mut separator = "";
        for (bit, name) in names.iter().enumerate() {
            if self.contains(Self(1 << bit)) {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// A purpose in extendedKeyUsage (RFC 5280, 4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExtendedKeyUsage {
    /// Any purpose.
    Any,
    /// A TLS client.
    ClientAuth,
    /// A TLS server.
    ServerAuth,
    /// Another purpose.
    Other(Oid),
}

impl ExtendedKeyUsage {
    pub(super) fn from_content(content: &[u8]) -> Self {
        let known = [Self::Any, Self::ClientAuth, Self::ServerAuth];
        known
            .into_iter()
            .find(|usage| usage.oid().as_bytes() == content)
            .unwrap_or_else(|| Self::Other(Oid::from_content(content)))
    }

    /// Its object identifier.
    pub fn oid(&self) -> Oid {
        match self {
            Self::Any => const_oid::db::rfc5280::ANY_EXTENDED_KEY_USAGE.into(),
            Self::ClientAuth => const_oid::db::rfc5280::ID_KP_CLIENT_AUTH.into(),
            Self::ServerAuth => const_oid::db::rfc5280::ID_KP_SERVER_AUTH.into(),
            Self::Other(oid) => oid.clone(),
        }
    }
}

/// RFC 5280's names, such as `serverAuth`; other purposes as object identifiers.
impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anyExtendedKeyUsage"),
            Self::ClientAuth => f.write_str("clientAuth"),
            Self::ServerAuth => f.write_str("serverAuth"),
            Self::Other(oid) => oid.fmt(f),
        }
    }
}
