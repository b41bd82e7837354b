use airlock_core::Finding;

use super::*;
use crate::{
    state::work::FileId,
    state::{
        Action, LoadedFile, State,
        notice::Alert,
        tests::{after, inventory},
    },
    words,
};

fn missing(holder: &str, place: &str) -> MissingReport {
    MissingReport {
        holder: holder.to_owned(),
        role: "control-plane".to_owned(),
        place: place.to_owned(),
        file: format!("{holder}{place}"),
        seen: "it trusts the old CA alone".to_owned(),
    }
}

fn report(phase: u8, missing: Vec<MissingReport>, findings: Vec<Finding>) -> Rc<CheckReport> {
    CheckReport { phase, holds: missing.is_empty() && findings.is_empty(), missing, findings }.into()
}

fn asked(phase: Option<u8>) -> State {
    after([Action::CheckAsked(phase)])
}

#[test]
fn whoever_is_behind_is_named_once_with_all_that_is_missing() {
    let report = report(2, vec![missing("cp1", "/a"), missing("cp1", "/b"), missing("cp2", "/a")], vec![]);
    let behind = behind(&report);
    let holders: Vec<_> = behind.iter().map(|one| (one.holder, one.missing.len())).collect();
    assert_eq!(holders, [("cp1", 2), ("cp2", 1)]);
    assert_eq!(words::checked(&report), "Phase 2 (switch) is not complete. 3 places of 2 nodes are not done.");
}

#[test]
fn a_check_can_be_asked_for_without_a_plan_and_is_waited_for() {
    let state = asked(Some(1));
    assert!(state.is_busy() && state.job.is_none() && state.plan().is_none());
    let state = state.after(Action::Checked(Some(1), report(1, vec![], vec![])));
    assert!(!state.is_busy() && state.check.unwrap().report.unwrap().holds);
    assert!(
        words::notice(&state.notice.unwrap()).ends_with("Phase 1 (trust both) is complete. All loaded files are done.")
    );
}

#[test]
fn what_stands_in_the_way_is_counted_apart_from_who_is_behind() {
    let error = || vec![Finding::error("no-rotation", "", "there is one CA only")];
    let only = words::check_result(&report(3, vec![], error()));
    assert_eq!(only, "Cannot tell: 1 error.");
    let both = words::check_result(&report(3, vec![missing("cp1", "/a")], error()));
    assert_eq!(both, "1 place of 1 node is not done, and 1 error.");
}

#[test]
fn an_answer_to_what_was_asked_before_is_no_answer() {
    let state = asked(Some(1)).after(Action::CheckAsked(None));
    let state = state.after(Action::Checked(Some(1), report(1, vec![], vec![])));
    assert_eq!(state.check, Some(Check { phase: None, report: None }));
}

#[test]
fn other_files_take_the_answer_away() {
    let answered = || asked(None).after(Action::Checked(None, report(1, vec![], vec![])));
    let file = LoadedFile { id: FileId(1), path: "more".to_owned(), size: 1 };
    assert_eq!(answered().after(Action::Inspected([file].into(), inventory().into())).check, None);
    assert_eq!(answered().after(Action::CoreDied(String::new())).check, None);
    assert!(answered().after(Action::Failed(Alert::NoAnswer)).check.is_some(), "what was answered stays");
    assert_eq!(asked(None).after(Action::Failed(Alert::NoAnswer)).check, None, "what never comes is not waited for");
}
