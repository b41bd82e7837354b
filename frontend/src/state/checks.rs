//! The page's checks of itself: checksum, policy, self-tests.

use serde::{Deserialize, Serialize};

/// The result of the self-tests at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Does the browser return different random bytes each time?
    pub randomness: bool,
    /// Do signatures of new keys verify, and fail for other messages?
    pub signatures: bool,
}

/// The results of the page's checks of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the page's file; empty if unknown.
    pub build: String,
    /// The Content Security Policy; empty if there is none.
    pub policy: String,
    /// Requests that the policy blocked.
    pub blocked: usize,
    /// The result of the self-tests at the start; `None` until they finish.
    pub tested: Option<SelfTest>,
}

impl Checks {
    /// Are all known results good?
    pub fn is_well(&self) -> bool {
        let tested = self.tested.is_none_or(|tested| tested.randomness && tested.signatures);
        tested && self.blocked == 0 && !self.policy.is_empty()
    }
}
