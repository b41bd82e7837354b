//! Partial plans: without a new CA's private key, a plan ends before the step that needs it.

use airlock_core::{Finding, report::PlanReport};

/// The codes of core's findings about a plan that ends early.
const ENDS: [&str; 3] = [SIGNATURES_WANTED, "request-elsewhere", "new-ca-key-missing"];

/// Certificates must be signed by the external CA before the next package.
const SIGNATURES_WANTED: &str = "signatures-wanted";

/// A plan that does not cover the whole rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPlan {
    /// The last phase with steps; 0 if there are none.
    pub last_phase: u8,
    /// Does the package contain CSRs?
    pub asks: bool,
    /// Why it ends there: core's findings.
    pub findings: Vec<Finding>,
}

/// The part that a plan covers; `None` if it covers the whole rotation.
pub fn partial_plan(plan: &PlanReport) -> Option<PartialPlan> {
    let ends = |finding: &&Finding| ENDS.contains(&finding.code.as_str());
    let findings: Vec<Finding> = plan.findings.iter().filter(ends).cloned().collect();
    let last_phase = plan.steps.iter().map(|step| step.phase).max().unwrap_or_default();
    let asks = findings.iter().any(|finding| finding.code == SIGNATURES_WANTED);
    (!findings.is_empty()).then_some(PartialPlan { last_phase, asks, findings })
}

#[cfg(test)]
mod tests;
