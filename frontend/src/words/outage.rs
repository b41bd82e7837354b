//! Predicted outages, and how they are accepted.

use crate::state::{chart::Chart, outage::Outage};

/// A plan that cannot be built.
pub const PREDICTION: &str = "A connection would break";

/// The button that accepts the outage.
pub const ACCEPT_PREDICTION: &str = "Accept this outage";

/// The instruction.
pub fn prediction(acceptable: bool) -> &'static str {
    if acceptable {
        "Remove the cause, or accept the outage. Otherwise no package is built."
    } else {
        "Remove the cause. Otherwise no package is built."
    }
}

/// The heading of outages that can be accepted.
pub const OUTAGE_TITLE: &str = "Unavoidable outage";

/// Details.
pub const OUTAGE_HINT: &str =
    "Remove the cause (above), or accept the outage to build anyway. Everything else stays connected.";

/// The problem if the checkbox is not selected.
pub const OUTAGE_NOT_TICKED: &str = "Select the box to accept the outage.";

/// The button below the checkbox.
pub const MAKE_WITH_OUTAGE: &str = "Build package with this outage";

/// In the plan.
pub const OUTAGE_ACCEPTED: &str = "You accept an outage";

/// Withdraws that.
pub const WITHDRAW_OUTAGE: &str = "Do not accept the outage";

/// In the options.
pub const OUTAGE_OPTION: &str = "Outage";

/// In the options.
pub const OUTAGE_FORM_HINT: &str =
    "Without this, no package is built while the cause exists. Loading or removing files resets it.";

/// Terms of an outage.
pub const OUTAGE_TERMS: [&str; 3] = ["When", "Cause", "Duration"];

/// The label of the checkbox.
pub fn accept_outages(outages: &[Outage]) -> String {
    let durations: Vec<&str> = outages.iter().map(|outage| outage.duration.as_str()).collect();
    format!("Accept this outage: {}.", durations.join("; "))
}

/// When an outage begins and ends.
pub fn outage_moments(chart: &Chart, outage: &Outage) -> String {
    let (from, to) = outage.moments;
    let to = if to == chart.last() { "the last step".to_owned() } else { format!("step {to}") };
    let title = chart.column(from).map_or("", |at| &at.title);
    format!("From step {from} of {} ({title}) to {to}", chart.last())
}
