//! How far a plan goes: without a new CA's private key it ends where that is needed.

use airlock_core::{Finding, report::PlanReport};

/// The codes of core's findings about a plan that ends early.
const ENDS: [&str; 3] = [SIGNATURES_WANTED, "request-elsewhere", "new-ca-key-missing"];

/// Certificates have to be signed elsewhere before it goes on.
const SIGNATURES_WANTED: &str = "signatures-wanted";

/// A plan that is not the whole rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPlan {
    /// The last phase that it has steps of; 0 for none.
    pub last_phase: u8,
    /// Are signing requests in the package?
    pub asks: bool,
    /// Why it ends there, in core's words.
    pub findings: Vec<Finding>,
}

/// Where the plan ends, if that is not the end of the rotation.
pub fn partial_plan(plan: &PlanReport) -> Option<PartialPlan> {
    let ends = |finding: &&Finding| ENDS.contains(&finding.code.as_str());
    let findings: Vec<Finding> = plan.findings.iter().filter(ends).cloned().collect();
    let last_phase = plan.steps.iter().map(|step| step.phase).max().unwrap_or_default();
    let asks = findings.iter().any(|finding| finding.code == SIGNATURES_WANTED);
    (!findings.is_empty()).then_some(PartialPlan { last_phase, asks, findings })
}

#[cfg(test)]
mod tests;
