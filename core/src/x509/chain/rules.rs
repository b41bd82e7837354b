//! The verifiers' rule sets, the programs that use them, and since which release.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rules by which a family of programs verifies certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Rules {
    /// Go's crypto/x509, used by every Kubernetes component. Its verdict decides whether a package is refused.
    Go,
    /// OpenSSL with its own defaults.
    OpenSsl,
    /// OpenSSL with the flags that Python sets since 3.13.
    OpenSslStrict,
    /// Java's PKIX trust manager with the HTTPS host name check.
    Java,
    /// rustls-webpki, the verifier of rustls.
    Webpki,
}

impl Rules {
    /// All of them; Go first.
    pub const ALL: [Self; 5] = [Self::Go, Self::OpenSsl, Self::OpenSslStrict, Self::Java, Self::Webpki];

    /// All except Go: their verdicts are only reported.
    pub const REPORTED: [Self; 4] = [Self::OpenSsl, Self::OpenSslStrict, Self::Java, Self::Webpki];

    /// The name in JSON, such as `openSslStrict`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::OpenSsl => "openSsl",
            Self::OpenSslStrict => "openSslStrict",
            Self::Java => "java",
            Self::Webpki => "webpki",
        }
    }

    /// The name in texts, such as `OpenSSL, strict`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Go => "Go",
            Self::OpenSsl => "OpenSSL",
            Self::OpenSslStrict => "OpenSSL, strict",
            Self::Java => "Java PKIX",
            Self::Webpki => "rustls",
        }
    }

    /// The programs that verify by these rules, such as `Python 3.13 and later`.
    #[must_use]
    pub const fn programs(self) -> &'static str {
        match self {
            Self::Go => "kubectl, all Kubernetes components",
            Self::OpenSsl => "curl, nginx, HAProxy, Python up to 3.12",
            Self::OpenSslStrict => "Python 3.13 and later",
            Self::Java => "Java clients, JDK 17 and later",
            Self::Webpki => "Rust clients",
        }
    }

    /// The first release that verifies by these rules, with its date; empty if all releases do.
    ///
    /// Python: "Changed in version 3.13: The context now uses `VERIFY_X509_PARTIAL_CHAIN` and `VERIFY_X509_STRICT` in
    /// its default verify flags" (python/cpython: Doc/library/ssl.rst).
    #[must_use]
    pub const fn since(self) -> &'static str {
        match self {
            Self::OpenSslStrict => "Python 3.13 (October 2024)",
            Self::Go | Self::OpenSsl | Self::Java | Self::Webpki => "",
        }
    }

    /// The index in [`Rules::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Title and programs, such as `OpenSSL, strict (Python 3.13 and later)`.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.title(), self.programs())
    }
}
