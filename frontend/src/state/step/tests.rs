//! Moves between the steps, without a browser.

use super::*;
use crate::state::{
    Action, Outcome, State,
    form::FormChange,
    tests::{after, inventory, made, planned},
};

/// The available steps.
fn open(state: &State) -> Vec<Step> {
    Step::ALL.into_iter().filter(|step| state.missing(*step).is_none()).collect()
}

#[test]
fn a_step_is_open_once_what_it_shows_is_there() {
    assert_eq!(open(&State::default()), [Step::Load]);
    assert_eq!(open(&after([])), [Step::Load, Step::Inspect, Step::Plan]);
    assert_eq!(open(&after([planned()])), [Step::Load, Step::Inspect, Step::Plan]);
    assert_eq!(open(&after([planned(), made()])), Step::ALL);
}

#[test]
fn one_goes_freely_among_open_steps_and_nothing_is_lost() {
    let there = after([planned(), made(), Action::Went(Step::Download)]);
    assert_eq!((there.step, there.focus.id.as_str()), (Step::Download, "download"));
    let back = there.after(Action::Went(Step::Load));
    assert_eq!((back.step, back.focus.id.as_str(), back.package.is_some()), (Step::Load, "load", true));
    assert_eq!(after([Action::Went(Step::Review)]).step, Step::Load, "there is nothing to review");
}

#[test]
fn the_same_step_again_leaves_the_focus_where_it_is() {
    let state = after([Action::Went(Step::Plan)]);
    let focus = state.focus.clone();
    assert_eq!(state.after(Action::Went(Step::Plan)).focus, focus);
}

#[test]
fn a_package_leads_on_from_the_plan_and_from_nowhere_else() {
    let made_on = |step| after([planned(), Action::Went(step), made()]);
    assert_eq!((made_on(Step::Plan).step, made_on(Step::Plan).focus.id.as_str()), (Step::Review, "review"));
    assert_eq!(made_on(Step::Inspect).step, Step::Inspect);
}

#[test]
fn what_goes_away_takes_the_way_back_with_it() {
    let there = || after([planned(), made(), Action::Went(Step::Download)]);
    let changed = there().after(Action::Form(FormChange::KeepKeys(true)));
    assert_eq!((changed.step, changed.focus.id.as_str()), (Step::Plan, "plan-form"));
    let emptied = there().after(Action::Inspected([].into(), airlock_core::report::InventoryReport::default().into()));
    assert_eq!(emptied.step, Step::Load);
    let more = after([Action::Went(Step::Inspect), Action::Inspected(there().files, inventory().into())]);
    assert_eq!(more.step, Step::Inspect, "more files leave one where one is");
    let refused = after([Action::Went(Step::Plan), Action::Planned(Outcome::Refused([].into()))]);
    assert_eq!(refused.step, Step::Plan);
}

#[test]
fn the_address_names_a_step_and_nothing_else() {
    for step in Step::ALL {
        assert_eq!(Step::from_id(step.id()), Some(step));
    }
    assert_eq!((Step::from_id(""), Step::from_id("ca.key")), (Some(Step::Load), None));
}
