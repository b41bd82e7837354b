//! A package for a part of the rotation.

use super::text::phase;
use crate::state::partial_plan::PartialPlan;

/// The title of the card about a partial plan.
pub const PARTIAL_PLAN: &str = "This package is only a part of the rotation";

/// The title of the card about the next tasks.
pub const NEXT: &str = "How to continue";

/// The part of the rotation that the package covers.
pub fn partial_plan(partial_plan: &PartialPlan) -> String {
    match partial_plan.last_phase {
        0 => "It has no steps yet: phase 1 needs something that is not loaded.".to_owned(),
        last => {
            format!("It ends after “{}”: the next phase needs something that is not loaded.", phase(last))
        }
    }
}

/// The tasks after downloading a package for a part of the rotation.
pub fn partial_plan_steps(partial_plan: &PartialPlan) -> Vec<&'static str> {
    let carry_out = "Run the steps of this package as RUNBOOK.md describes.";
    let wait = "Stop there: with both CAs trusted everywhere, you may pause for days.";
    let steps = (partial_plan.last_phase > 0).then_some([carry_out, wait]).into_iter().flatten();
    let then: &[&str] = if partial_plan.asks {
        &[
            "Have the new CA sign every request in signing-requests/, with the names and usages that it asks for.",
            "Load the nodes' current files, this package and the signed certificates, and select the external CA again. \
             The private keys of the requests are only in this package: keep it until then.",
        ]
    } else {
        &["Load the nodes' current files, this package and the new CA's private key."]
    };
    steps.chain(then.iter().copied()).collect()
}
