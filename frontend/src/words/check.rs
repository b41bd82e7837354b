//! Rotation progress.

use airlock_core::{
    Severity, Standing,
    report::{CheckReport, ReplacedReport, StepReport},
};

use super::{
    platform,
    review::moment_title,
    text::{capital, count, few_holders, is, phase},
};
use crate::state::{
    check::{Behind, behind},
    platform::PhaseNames,
    progress::PhaseProgress,
};

/// The title of the panel.
pub const CHECK: &str = "Check rotation progress";
/// The introduction.
pub const CHECK_INTRODUCTION: &str =
    "Already rotating? Load the nodes' current files (and the package) to see how far each node has got.";
/// What it cannot do.
pub const CHECK_LIMIT: &str =
    "Files do not show running processes: run “apply.sh --check” from the package on each node as well.";
/// The heading of the buttons.
pub const CHECK_WHICH: &str = "Phase to check";
/// The heading of incomplete items.
pub const CHECK_MISSING: &str = "Not done yet";
/// The heading of the errors.
pub const CHECK_IN_THE_WAY: &str = "Problems";
/// The heading of the warnings.
pub const CHECK_WARNINGS: &str = "Warnings (they do not change the result)";
/// The heading of the CAs of a rotation in progress.
pub const UNDER_WAY: &str = "Rotation in progress";

/// The card over the plan of a rotation in progress.
pub const PROGRESS: &str = "Rotation progress";
/// The hint below it.
pub const PROGRESS_HINT: &str = "After each step, load the nodes' current files again: completed steps leave the plan, and the next step moves here.";
/// A plan without steps.
pub const NO_NEXT_STEP: &str = "All steps are complete.";

/// The progress of a phase.
pub fn phase_progress(progress: &PhaseProgress) -> String {
    let all = progress.done + progress.open.len();
    let done = format!("{} of {} complete", progress.done, count(all, "holder"));
    match progress.open.as_slice() {
        _ if progress.done == 0 => done,
        [] => done,
        open => format!("{done}; not complete: {}", few_holders(open)),
    }
}

/// The first step of the plan of a rotation in progress.
pub fn next_step(step: &StepReport) -> String {
    format!("Next step: {}", moment_title(&step.title, &step.holder))
}

/// The phases that can be checked.
pub fn phase_to_check(phase: Option<u8>, phase_names: PhaseNames) -> String {
    phase.map_or_else(|| "Latest phase started".to_owned(), |phase| platform::phase(phase, phase_names))
}

/// Whether a phase is complete.
pub fn verdict_of(report: &CheckReport) -> String {
    let (number, name) = phase(report.phase).split_once(": ").unwrap_or_default();
    format!("{number} ({name}) is {}", if report.holds { "complete" } else { "not complete" })
}

/// Whether a phase is complete, and which holders are not.
pub fn check_result(report: &CheckReport) -> String {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let behind = behind(report);
    let missing = format!(
        "{} of {} {} not done",
        count(report.missing.len(), "place"),
        count(behind.len(), if behind.iter().all(is_node) { "node" } else { "holder" }),
        is(report.missing.len())
    );
    match (report.holds, report.missing.len(), errors) {
        (true, ..) => "All loaded files are done.".to_owned(),
        (false, 0, errors) => format!("Cannot tell: {}.", count(errors, "error")),
        (false, _, 0) => format!("{missing}."),
        (false, _, errors) => format!("{missing}, and {}.", count(errors, "error")),
    }
}

/// After checking.
pub fn checked(report: &CheckReport) -> String {
    format!("{}. {}", verdict_of(report), check_result(report))
}

/// A holder that has not completed a phase.
pub fn behind_whom(behind: &Behind<'_>) -> String {
    format!("{}, {}", capital(super::inspect::role(behind.role)), count(behind.missing.len(), "place"))
}

fn is_node(behind: &Behind<'_>) -> bool {
    matches!(behind.role, "control-plane" | "worker")
}

/// A CA that is being replaced.
pub fn replaced(authority: &ReplacedReport) -> String {
    format!(
        "{}: {} → {}, {}",
        authority.title,
        authority.old.subject,
        authority.new.subject,
        if authority.new_key_present { "private key loaded" } else { "private key not loaded" }
    )
}

/// A holder's standing in a rotation, and how many of its files differ.
pub fn standing(standing: Option<(Standing, usize)>) -> String {
    let Some((standing, out_of_line)) = standing else { return "Not affected".to_owned() };
    let word = match standing {
        Standing::Before => "Not started",
        Standing::TrustsBoth => "Trusts both",
        Standing::Switched => "Switched",
        Standing::Done => "Done",
    };
    match out_of_line {
        0 => word.to_owned(),
        out => format!("{word}, {} {}", count(out, "place"), if out == 1 { "differs" } else { "differ" }),
    }
}
