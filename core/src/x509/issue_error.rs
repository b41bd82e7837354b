//! Why a certificate was not issued.

use super::oid::Oid;
use crate::time::UnixTime;

/// Why a certificate could not be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A part of the old certificate cannot be copied byte for byte.
    #[error("the {0} of the certificate cannot be copied byte for byte")]
    CannotCopy(&'static str),
    /// The encoder refused the input.
    #[error("the certificate could not be encoded")]
    Encoding,
    /// The old certificate has an extension twice, which no verifier accepts (RFC 5280, 4.2).
    #[error("the certificate has extension {0} twice")]
    ExtensionTwice(Oid),
    /// The result, when read back, differs from the parameters. This is a bug, never an input error.
    #[error("the certificate that was made has the wrong {0}")]
    Mismatch(&'static str),
    /// A name is empty, too long, or contains characters that are not allowed in names.
    #[error("{0:?} cannot be a name in a certificate")]
    Name(String),
    /// It would expire after its issuer.
    #[error("the certificate would be valid until {not_after}, its issuer only until {issuer}")]
    OutlivesIssuer {
        /// The requested end of validity.
        not_after: UnixTime,
        /// The issuer's end of validity.
        issuer: UnixTime,
    },
    /// Its validity would end before it begins, or begin before 1970.
    #[error("the validity is empty or out of range")]
    Validity,
}
