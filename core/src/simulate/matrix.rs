//! The trust matrix: the verdict of every edge at every step.

pub(crate) use self::model::columns;
pub use self::{
    model::{Broken, Column, Edge, OtherVerdict, Outcome, Span, Trial, TrustMatrix, Verdict},
    verifiers::VerifierSummary,
};

use crate::profile::edge::Expectation;

mod model;
mod verifiers;

impl From<Expectation> for bool {
    /// Whether the expectation is a refusal.
    fn from(expectation: Expectation) -> Self {
        expectation == Expectation::RefusedAtTheEnd
    }
}
