//! The three phases, and the trusted CAs in each.

use std::fmt;

use crate::profile::Profile;

/// One of the three phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    TrustBoth,
    Switch,
    DropOld,
}

impl Phase {
    pub(crate) const ALL: [Self; 3] = [Self::TrustBoth, Self::Switch, Self::DropOld];

    /// 1, 2 or 3.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::TrustBoth => 1,
            Self::Switch => 2,
            Self::DropOld => 3,
        }
    }

    /// The phase's folder in the package.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::TrustBoth => "1-trust-both",
            Self::Switch => "2-switch",
            Self::DropOld => "3-drop-old",
        }
    }

    /// The phase's name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::TrustBoth => "trust both",
            Self::Switch => "switch",
            Self::DropOld => "drop old",
        }
    }

    /// The phase's name, and the platform's own name for it if there is one.
    pub(crate) fn title_on(self, profile: &Profile) -> String {
        match profile.phase_words[usize::from(self.number()) - 1] {
            "" => self.title().to_owned(),
            word => format!("{} ({word})", self.title()),
        }
    }

    /// The trusted CAs of every holder when the phase begins.
    pub(crate) fn trusted_before(self) -> &'static str {
        match self {
            Self::TrustBoth => "old CA",
            Self::Switch => "old CA, new CA",
            Self::DropOld => "new CA, old CA",
        }
    }

    /// The trusted CAs of every holder at the end of the phase. The first is the one that issues, because kubeadm and
    /// Cluster API issue with the first certificate of `ca.crt`.
    pub(crate) fn trust(self) -> Trust {
        match self {
            Self::TrustBoth => Trust::OldNew,
            Self::Switch => Trust::NewOld,
            Self::DropOld => Trust::New,
        }
    }
}

/// An ordered trust bundle of the old and the new CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    OldNew,
    NewOld,
    New,
}

impl Trust {
    /// The CAs, in order.
    pub(crate) fn sides(self) -> &'static [Side] {
        match self {
            Self::OldNew => &[Side::Old, Side::New],
            Self::NewOld => &[Side::New, Side::Old],
            Self::New => &[Side::New],
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldNew => "old CA, new CA",
            Self::NewOld => "new CA, old CA",
            Self::New => "new CA",
        })
    }
}

/// The old CA or the new CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Old,
    New,
}
