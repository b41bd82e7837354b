//! Renewing certificates without new CAs: options, and texts of Plan, Review and Download.

use airlock_core::plan::{Intent, request::Workers};

use crate::state::form::PlanForm;

/// The option for the kind of package.
pub const INTENT: &str = "What should this package do?";
/// The option for workers.
pub const WORKERS_OPTION: &str = "Worker nodes";
/// The options that a renewal does not have, and why.
pub const UNAVAILABLE: &str = "A renewal has no options for new CAs, certificate keys, kubelet certificates and worker nodes: the CAs stay, each certificate gets a new key, and kubelets renew their own certificates.";
/// The validity of renewed certificates.
pub const EXPECTED_DAYS: &str = "Expected validity of the new certificates, in days";
/// The only phase.
pub const PHASE: &str = "Renewal";
/// Details.
pub const PHASE_HEADING: &str = "The current CAs issue new certificates. Previous certificates work until they expire.";
/// The heading of the steps.
pub const STEPS_LEAD: &str =
    "The CAs stay the same, so trust does not change. The check of each step verifies the new certificates.";
/// The detail of the number of steps.
pub const SAME_CAS: &str = "same CAs";
/// Titles of the plan's facts.
pub const PLAN_STRIP: [&str; 2] = ["Certificates renewed", "Private keys in the package"];
/// The detail of the number of private keys.
pub const NO_KEYS: &str = "the cluster generates its own";
/// The state of the plan.
pub const KEYS_STATUS: &str = "The cluster generates the new keys; the package contains none";
/// The sentence below the heading of Review.
pub const REVIEW_SENTENCE: &str = "Will anything lose connectivity? No. The CAs stay the same: every client and server already trusts the certificates that they issue.";
/// The state of Review in the stepper.
pub const REVIEW_PROGRESS: &str = "Same CAs";
/// The state of Review.
pub const REVIEW_STATUS: &str = "Trust is unchanged";
/// The fact about trust: title, value, and what it means.
pub const TRUST_FACT: [&str; 3] = ["Trust", "Unchanged", "no CA is added or removed"];
/// The hint about loading the current files.
pub const COME_BACK: &str = "Load the nodes' current files to see the new expiry dates.";
/// About the first step.
pub const START: &str = "Scripts are idempotent and safe to re-run after interruption.";
/// The last task.
pub const DELETE_COPIES: &str = "Delete every copy after the renewal";

/// A kind of package: id of the choice, and label.
pub fn intent(intent: Intent) -> (&'static str, &'static str) {
    match intent {
        Intent::RenewLeaves => ("intent-renew-leaves", "Renew certificates only (same CAs)"),
        _ => ("intent-rotate", "Rotate the certificate authorities"),
    }
}

/// How workers drop the old CA: id of the choice, and label.
pub fn workers(how: Workers) -> (&'static str, &'static str) {
    match how {
        Workers::Reconfigure => ("workers-reconfigure", "Change each node in place"),
        Workers::Replace => ("workers-replace", "Replace or rejoin each node"),
    }
}

/// The validity of renewed certificates in a line.
pub fn validity(form: &PlanForm) -> String {
    format!("Expected: {} days", form.leaf_days)
}

/// Where certificates are renewed.
pub fn on_nodes(nodes: usize) -> String {
    match nodes {
        0 => "by command, in the cluster".to_owned(),
        nodes => format!("on {}", super::text::count(nodes, "control-plane node")),
    }
}
