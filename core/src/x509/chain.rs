//! Predicts whether a verifier with given trusted CAs accepts a presented certificate. Each [`Rules`] is one verifier:
//!
//! - Go (golang/go: src/crypto/x509/verify.go, `Certificate.Verify`): tries every trusted CA whose subject equals the
//!   issuer's name byte for byte.
//! - OpenSSL (openssl/openssl: crypto/x509/x509_vfy.c, `X509_verify_cert`): takes the first trusted CA that matches by
//!   name and key identifier, and no other one if its signature does not verify.
//! - OpenSSL, strict: the same with `X509_V_FLAG_X509_STRICT` and `X509_V_FLAG_PARTIAL_CHAIN`, the defaults of Python's
//!   `ssl.create_default_context` since 3.13 (python/cpython: Lib/ssl.py).
//! - Java (openjdk/jdk: sun.security.validator, `PKIXValidator`): PKIX path validation and the HTTPS host name check.
//! - rustls (rustls/webpki: src/verify_cert.rs): tries every trust anchor; an anchor is a name, a key and name
//!   constraints, nothing else of its certificate counts.
//!
//! The tests compare all of them with the real programs: `tests/tests/real/handshakes.rs` and
//! `tests/tests/real/verifiers.rs`. Cases that are not evaluated here give [`ChainError::NotJudged`], never a verdict.

mod constraints;
mod go;
mod host;
mod idna;
mod java;
mod openssl;
mod question;
mod rules;
mod webpki;

pub use self::{
    question::{ChainError, Presented, Purpose, Question},
    rules::Rules,
};

use self::question::Link;
use super::certificate::Certificate;

/// Verifies `presented` for `reader` by `rules`.
///
/// # Errors
/// The reason for which the reader refuses it.
pub fn validate(presented: Presented<'_>, reader: &Question<'_>, rules: Rules) -> Result<(), ChainError> {
    let (first, intermediates) = match presented {
        Presented::SignedBy(authority) => (Link::Future(authority), &[][..]),
        Presented::Chain([]) => return Err(ChainError::Nothing),
        Presented::Chain([leaf, intermediates @ ..]) => (Link::Present(leaf), intermediates),
    };
    match rules {
        Rules::Go => go::accept(first, intermediates, reader),
        Rules::OpenSsl => openssl::accept(first, intermediates, reader, openssl::Mode::Default),
        Rules::OpenSslStrict => openssl::accept(first, intermediates, reader, openssl::Mode::Strict),
        Rules::Java => java::accept(first, intermediates, reader),
        Rules::Webpki => webpki::accept(first, intermediates, reader),
    }
}

/// Converts a host name to the ASCII form that clients compare with certificates: `bücher.example` to
/// `xn--bcher-kva.example`.
pub(crate) fn ascii_host(host: &str) -> String {
    idna::to_ascii(host)
}

impl Certificate {
    /// Whether it is valid for this host (DNS name or IP address), by Go's rules: subject alternative names only.
    pub fn is_for_host(&self, host: &str) -> bool {
        host::go(self, host)
    }
}
