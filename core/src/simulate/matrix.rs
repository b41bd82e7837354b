//! The trust matrix: the verdict of every edge at every step.

pub(crate) use self::model::columns;
pub use self::{
    model::{Broken, Column, Edge, OtherVerdict, Outcome, Span, Trial, TrustMatrix, Verdict},
    verifiers::VerifierSummary,
};

use crate::{finding::Finding, profile::edge::Expectation};

mod model;
mod verifiers;

impl From<Expectation> for bool {
    /// Whether the expectation is a refusal.
    fn from(expectation: Expectation) -> Self {
        expectation == Expectation::RefusedAtTheEnd
    }
}

impl TrustMatrix {
    /// Findings about edges that are already broken, and about accepted outages.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let outages = self.broken().map(|(_, broken)| {
            Finding::warning("outage-accepted", "", format!("{broken}. {}", broken.outage)).remedy(broken.remedy)
        });
        let broken = self.edges.iter().filter_map(|edge| {
            let verdict = edge.verdict(0).filter(|verdict| verdict.outcome == Outcome::BrokenToday)?;
            let message = format!("{} → {} does not hold today: {}", edge.client, edge.server, verdict.why);
            Some(Finding::warning("edge-broken-today", "", message).remedy("Mend it first, or know that it is so"))
        });
        broken.chain(outages).chain(verifiers::findings(self)).collect()
    }
}
