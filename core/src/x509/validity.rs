//! A validity period.

use super::{certificate::Certificate, issue_error::IssueError};
use crate::time::UnixTime;

/// The validity of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs)] // the fields of RFC 5280
pub struct Validity {
    /// First second.
    pub not_before: UnixTime,
    /// Last second.
    pub not_after: UnixTime,
}

impl Validity {
    pub(crate) fn check(self) -> Result<(), IssueError> {
        let possible =
            UnixTime(0) <= self.not_before && self.not_before <= self.not_after && self.not_after <= UnixTime::LAST;
        if possible { Ok(()) } else { Err(IssueError::Validity) }
    }

    pub(crate) fn check_under(self, issuer: &Certificate) -> Result<(), IssueError> {
        self.check()?;
        if self.not_after > issuer.not_after() {
            return Err(IssueError::OutlivesIssuer { not_after: self.not_after, issuer: issuer.not_after() });
        }
        Ok(())
    }
}
