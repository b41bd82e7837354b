//! The trust matrix: the verdict of every edge at every step.

mod model;
mod verifiers;

pub(crate) use self::model::columns;
pub use self::{
    model::{Broken, Column, Edge, OtherVerdict, Outcome, Span, Trial, TrustMatrix, Verdict},
    verifiers::VerifierSummary,
};

use crate::{finding::Finding, profile::edge::Expectation};

/// How the label of a component on all workers ends.
pub(super) const ALL_WORKERS: &str = "of every worker";

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
            // Their number is not known, so that the plan never takes the loaded ones for all.
            let is_serving = edge.row.contains("kubelet-serving");
            let of_workers = !is_serving && verdict.why.contains(ALL_WORKERS);
            let unseen = if of_workers {
                ". This includes workers whose files were not loaded, which may be one phase behind"
            } else {
                ""
            };
            let message = format!("{} → {} does not hold today: {}{unseen}", edge.client, edge.server, verdict.why);
            let remedy = if of_workers {
                "Check ca.crt, kubelet.conf and the kubelet's certificate on every worker, loaded or not"
            } else {
                "Mend it first, or know that it is so"
            };
            Some(Finding::warning("edge-broken-today", "", message).remedy(remedy))
        });
        broken.chain(outages).chain(verifiers::findings(self)).collect()
    }
}
