use airlock_core::Finding;

use super::*;
use crate::{
    state::{
        Action, Job, State,
        tests::{after, inventory, made, planned},
    },
    words,
};

fn locked(code: &str, files: &[&str]) -> InventoryReport {
    let finding = |file: &&str| Finding::warning(code, file, "the private key is encrypted");
    InventoryReport { findings: files.iter().map(finding).collect(), ..inventory() }
}

fn tried(code: &str, files: &[&str], opened: bool) -> Action {
    Action::Unlocked(locked(code, files).into(), opened)
}

#[test]
fn each_file_is_named_once() {
    let state = after([tried(PASSWORD_NEEDED, &["ca.p12", "a.key", "a.key"], false)]);
    assert_eq!(state.encryption.files, ["a.key", "ca.p12"]);
    assert!(state.asks_for_password() && !state.encryption.wrong);
    assert!(!after([]).asks_for_password());
}

fn said(state: &State) -> String {
    words::notice(state.notice.as_ref().unwrap())
}

#[test]
fn a_wrong_password_is_said_and_takes_nothing_that_was_loaded() {
    let state = after([tried(PASSWORD_WRONG, &["a.key"], false)]);
    assert!(state.encryption.wrong && !state.encryption.given && state.asks_for_password());
    assert_eq!((state.focus.id.as_str(), state.files.len()), ("password", 1));
    assert!(state.is_refused() && said(&state).contains("does not decrypt") && state.inventory.is_some());
}

#[test]
fn the_right_one_is_known_to_be_there_and_nothing_more() {
    let state = after([tried(PASSWORD_NEEDED, &[], true)]);
    assert!(state.encryption.given && !state.asks_for_password() && state.memory().password);
    assert_eq!(state.focus.id, "load", "the field is gone, and the focus with it");
    assert!(words::memory(&state.memory()).iter().any(|line| line.starts_with("A password")));
    assert!(!state.after(Action::Wiped).memory().password);
}

#[test]
fn a_part_may_stay_shut() {
    let state = after([tried(PASSWORD_WRONG, &["b.key"], true)]);
    assert!(state.encryption.given && state.encryption.wrong && state.asks_for_password());
    assert_eq!(said(&state), "The password decrypted some files; 1 file is still encrypted.");
    assert!(!state.is_refused());
}

#[test]
fn a_worker_that_dies_takes_the_password_along() {
    let died = |actions: Vec<Action>| after(actions).after(Action::CoreDied(String::new()));
    let state = died(vec![tried(PASSWORD_NEEDED, &[], true)]);
    assert!(!state.encryption.given && words::alert(&state.alert.unwrap()).contains("Enter the password again"));
    assert!(!words::alert(&died(vec![]).alert.unwrap()).contains("password"));
}

#[test]
fn nobody_is_asked_while_a_package_is_made_or_there() {
    let shut = || tried(PASSWORD_NEEDED, &["a.key"], false);
    assert!(!after([shut(), Action::Began(Job::Making { done: 0, total: 1 })]).asks_for_password());
    assert!(!after([shut(), planned(), made()]).asks_for_password());
    assert!(after([shut(), planned()]).asks_for_password());
}
