//! Time: whole seconds in UTC, always passed by the caller.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Backdating of new certificates: they are valid from five minutes before they are created, as kubeadm's
/// (kubernetes/kubernetes: cmd/kubeadm/app/constants, `CertificateBackdate`). Seconds.
pub const BACKDATE: i64 = 300;

/// A point in time, in seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(
    /// Seconds since 1970-01-01T00:00:00Z.
    pub i64,
);

impl UnixTime {
    /// The last second that a certificate can express: 9999-12-31T23:59:59Z (RFC 5280, 4.1.2.5).
    pub const LAST: Self = Self(253_402_300_799);

    /// Adds `days` days (subtracts, if negative), up to [`UnixTime::LAST`].
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY))).min(Self::LAST)
    }

    /// Adds `seconds` (subtracts, if negative), up to [`UnixTime::LAST`].
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds)).min(Self::LAST)
    }

    /// Whole days from `self` to `later`, rounded down; negative if `later` is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        later.0.saturating_sub(self.0).div_euclid(DAY)
    }

    /// `yyyymmdd`, as in the package's folder name.
    #[must_use]
    pub fn compact_date(self) -> String {
        let date = self.calendar().date();
        format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
    }

    /// `yyyy-mm-dd`.
    #[must_use]
    pub fn date(self) -> String {
        let date = self.calendar().date();
        format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }

    /// Converts to a calendar date. Times outside the calendar's range become its first or last second.
    #[must_use]
    pub fn calendar(self) -> OffsetDateTime {
        let first = -62_167_219_200; // 0000-01-01T00:00:00Z
        OffsetDateTime::from_unix_timestamp(self.0.clamp(first, Self::LAST.0)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// RFC 3339, such as `2026-08-01T12:00:00Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.calendar().time();
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), t.hour(), t.minute(), t.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_date_does() {
        // $ date -u -d @1785542400 +%FT%TZ
        assert_eq!(UnixTime(1_785_542_400).to_string(), "2026-08-01T00:00:00Z");
        assert_eq!(UnixTime(1_785_542_400).compact_date(), "20260801");
        assert_eq!(UnixTime::LAST.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn never_leaves_the_calendar() {
        assert_eq!(UnixTime(i64::MAX).plus_days(i64::MAX), UnixTime::LAST);
        assert_eq!(UnixTime(i64::MIN).date(), "0000-01-01");
    }
}
