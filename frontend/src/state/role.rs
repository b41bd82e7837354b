//! The meaning of a result, which sets its colour and icon.

use airlock_core::{Severity, UnixTime};

/// The meaning of a result, a chip or a callout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A fact.
    #[default]
    Plain,
    /// A fact that matters now.
    Info,
    /// A good result.
    Ok,
    /// Needs attention.
    Warning,
    /// Blocks, or has expired.
    Error,
}

impl From<Severity> for Role {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Days until a moment, rounded down; negative after it.
pub fn days_left(until: UnixTime, today: UnixTime) -> i64 {
    (until.0 - today.0).div_euclid(DAY)
}

/// How a certificate's expiry is shown: red below 14 days or expired, amber below 30 days, for a CA below 90 days.
pub fn expiry(until: UnixTime, today: UnixTime, authority: bool) -> Role {
    match days_left(until, today) {
        ..14 => Role::Error,
        14..30 => Role::Warning,
        30..90 if authority => Role::Warning,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_soon_is_marked() {
        let of = |days: i64, authority| expiry(UnixTime(days * DAY + 5), UnixTime(5), authority);
        assert_eq!(
            [of(-1, false), of(13, false), of(14, false), of(29, false), of(30, false)],
            [Role::Error, Role::Error, Role::Warning, Role::Warning, Role::Plain]
        );
        assert_eq!([of(13, true), of(89, true), of(90, true)], [Role::Error, Role::Warning, Role::Plain]);
    }
}
