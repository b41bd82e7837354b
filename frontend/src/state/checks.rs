//! The page's checks of itself.

use serde::{Deserialize, Serialize};

/// What came of the tests at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Does the browser give random bytes, other ones each time?
    pub randomness: bool,
    /// Do signatures of new keys verify, and those of other messages not?
    pub signatures: bool,
}

/// What the page found out about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the page's file; empty where it is not known.
    pub build: String,
    /// The content policy; empty where there is none.
    pub policy: String,
    /// Attempts that the policy stopped.
    pub blocked: usize,
    /// What came of the tests at the start; `None` until they are through.
    pub tested: Option<SelfTest>,
}

impl Checks {
    /// Is there nothing to worry about, as far as is known?
    pub fn is_well(&self) -> bool {
        let tested = self.tested.is_none_or(|tested| tested.randomness && tested.signatures);
        tested && self.blocked == 0 && !self.policy.is_empty()
    }
}
