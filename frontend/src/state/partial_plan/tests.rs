use airlock_core::report::StepReport;

use super::*;
use crate::words;

fn plan(phases: &[u8], codes: &[&str]) -> PlanReport {
    let step = |phase: &u8| StepReport {
        id: format!("{phase}-cp1"),
        phase: *phase,
        holder: "cp1".to_owned(),
        title: String::new(),
        edits: vec![],
        restarts: vec![],
        gate: String::new(),
        commands: airlock_core::report::StepCommands::default(),
    };
    PlanReport {
        package: "airlock-one-20260801".to_owned(),
        intent: airlock_core::plan::Intent::Rotate,
        authorities: vec![],
        keys: vec![],
        steps: phases.iter().map(step).collect(),
        findings: codes.iter().map(|code| Finding::warning(code, "", "so it is")).collect(),
        acknowledged: vec![],
    }
}

#[test]
fn a_whole_rotation_needs_no_word() {
    assert_eq!(partial_plan(&plan(&[1, 2, 3], &["nobody-signs", "ca-key-elsewhere"])), None);
}

#[test]
fn where_signatures_are_wanted_the_way_back_is_told() {
    let partial_plan =
        partial_plan(&plan(&[1, 1], &["nobody-signs", "signatures-wanted", "request-elsewhere"])).unwrap();
    assert_eq!((partial_plan.last_phase, partial_plan.asks, partial_plan.findings.len()), (1, true, 2));
    assert!(words::partial_plan(&partial_plan).contains("Phase 1: trust both"));
    let next = words::partial_plan_steps(&partial_plan).join(" ");
    assert!(
        next.starts_with("Run the steps") && next.contains("signing-requests/") && next.contains("keep it until then")
    );
    assert_eq!(words::no_steps(&plan(&[1], &[]), 2), "Not in this package.");
    assert_eq!(words::no_steps(&plan(&[3], &[]), 2), "This phase is already complete.");
}

#[test]
fn without_a_step_nothing_is_carried_out() {
    let partial_plan = partial_plan(&plan(&[], &["new-ca-key-missing"])).unwrap();
    assert_eq!((partial_plan.last_phase, words::partial_plan_steps(&partial_plan).len()), (0, 1));
}
