//! The history for undo: the last changes to files and options.

use super::{
    form::{AuthorityChange, FormChange, PlanForm},
    work::{FileId, LoadedFile},
};

/// The maximum number of changes, and of removals whose files are kept.
pub const MAX_UNDOS: usize = 20;

/// A change, with what undo needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Files were added.
    Added(Vec<FileId>),
    /// An option was changed: the form before, and the field.
    Chosen(Box<PlanForm>, String),
    /// The platform was chosen: the previous choice.
    Platform(Option<&'static str>),
    /// Files were removed: the form before, which may refer to them.
    Removed(Vec<FileId>, Box<PlanForm>),
}

/// The changes, the newest last, and whether one is being undone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    changes: Vec<Change>,
    /// Are the next changes those of an undo?
    undoing: bool,
    /// The form to restore together with removed files.
    form: Option<Box<PlanForm>>,
}

impl History {
    /// The last change.
    pub fn last(&self) -> Option<&Change> {
        self.changes.last()
    }

    /// The number of removed files that can be restored.
    pub fn removed(&self) -> usize {
        let removed = |change: &Change| if let Change::Removed(files, _) = change { files.len() } else { 0 };
        self.changes.iter().map(removed).sum()
    }

    fn remember(&mut self, change: Change) {
        if self.undoing {
            return;
        }
        // Characters typed into one field are one change.
        if let (Some(Change::Chosen(_, last)), Change::Chosen(_, field)) = (self.last(), &change)
            && last == field
            && is_typed(field)
        {
            return;
        }
        self.changes.push(change);
        if self.changes.len() > MAX_UNDOS {
            self.changes.remove(0);
        }
    }

    /// Records files that were added or removed.
    pub(super) fn files(&mut self, before: &[LoadedFile], after: &[LoadedFile], form: &PlanForm) {
        let missing = |from: &[LoadedFile], of: &[LoadedFile]| -> Vec<FileId> {
            let has = |id: FileId| of.iter().any(|file| file.id == id);
            from.iter().map(|file| file.id).filter(|id| !has(*id)).collect()
        };
        let (added, removed) = (missing(after, before), missing(before, after));
        if !removed.is_empty() {
            self.remember(Change::Removed(removed, Box::new(form.clone())));
        }
        if !added.is_empty() {
            self.remember(Change::Added(added));
        }
        self.undoing = false;
    }

    pub(super) fn choice(&mut self, change: &FormChange, form: &PlanForm) {
        self.remember(Change::Chosen(Box::new(form.clone()), field(change)));
    }

    /// Records that saved options replaced the form.
    pub(super) fn choices(&mut self, form: &PlanForm) {
        self.remember(Change::Chosen(Box::new(form.clone()), "saved choices".to_owned()));
    }

    pub(super) fn platform(&mut self, before: Option<&'static str>) {
        self.remember(Change::Platform(before));
    }

    /// Removes the last change from the list. Returns the form to restore if the change was a choice; files come back
    /// from the worker, and the form with them ([`Self::form_that_comes_back`]).
    pub(super) fn undo(&mut self) -> Option<PlanForm> {
        match self.changes.pop()? {
            Change::Chosen(form, _) => return Some(*form),
            Change::Removed(_, form) => {
                self.undoing = true;
                self.form = Some(form);
            }
            Change::Added(_) | Change::Platform(_) => self.undoing = true,
        }
        None
    }

    /// The form to restore with the files that come back.
    pub(super) fn form_that_comes_back(&mut self) -> Option<PlanForm> {
        self.form.take().map(|form| *form)
    }
}

/// The name of the field that a change concerns.
fn field(change: &FormChange) -> String {
    let text = format!("{change:?}");
    let name = |text: &str| text.split(['(', ' ']).next().unwrap_or_default().to_owned();
    match change {
        FormChange::Authority(id, AuthorityChange::BroughtPath(part, _)) => format!("{id} {part:?}"),
        FormChange::Authority(id, inner) => format!("{id} {}", name(&format!("{inner:?}"))),
        _ => name(&text),
    }
}

/// Is it a text field?
fn is_typed(field: &str) -> bool {
    let typed = ["CaDays", "LeafDays", "Strategy", "Name", "Subject", "ExpiryDate"];
    typed.contains(&field.rsplit(' ').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use airlock_core::{
        plan::request::{Intent, KubeletCertificates, Workers},
        profile::AuthorityId,
    };

    use super::*;
    use crate::state::{
        Action, State,
        tests::{after, inventory},
    };

    fn files(ids: &[u32]) -> Action {
        let file = |id: &u32| LoadedFile { id: FileId(*id), path: format!("{id}.crt"), size: 1 };
        Action::Inspected(ids.iter().map(file).collect(), inventory().into())
    }

    fn name(text: &str) -> Action {
        Action::Form(FormChange::Authority(AuthorityId::Cluster, AuthorityChange::Name(text.to_owned())))
    }

    #[test]
    fn what_was_added_and_removed_is_remembered_in_turn() {
        let state = after([files(&[0, 1, 2]), files(&[0, 2])]);
        assert!(matches!(state.history.last(), Some(Change::Removed(ids, _)) if *ids == [FileId(1)]));
        assert_eq!(state.history.removed(), 1);
        // The worker restores the file; that is not another change.
        let state = state.after(Action::Undo).after(files(&[0, 1, 2]));
        assert_eq!(state.history.last(), Some(&Change::Added(vec![FileId(1), FileId(2)])));
        let state = state.after(Action::Undo).after(files(&[0]));
        assert_eq!(state.history.last(), Some(&Change::Added(vec![FileId(0)])));
        let state = state.after(Action::Undo).after(files(&[]));
        assert_eq!((state.history.last(), state.history.removed()), (None, 0));
    }

    #[test]
    fn a_choice_comes_back_as_it_was() {
        let how = FormChange::KubeletCertificates(KubeletCertificates::Mint);
        let state = after([name("a"), name("ab"), name("abc"), Action::Form(how)]);
        assert_eq!(state.form.kubelet_certificates, KubeletCertificates::Mint);
        let state = state.after(Action::Undo);
        let authority = |state: &State| state.form.authorities[0].name.clone();
        assert_eq!(
            (state.form.kubelet_certificates, authority(&state)),
            (KubeletCertificates::Renew, Some("abc".to_owned()))
        );
        let state = state.after(Action::Undo);
        assert_eq!(authority(&state), None, "what was typed is one change");
    }

    #[test]
    fn the_characters_typed_into_a_text_field_are_one_change() {
        let authority = |change| FormChange::Authority(AuthorityId::Cluster, change);
        let text_fields: [fn(String) -> FormChange; 3] =
            [FormChange::CaDays, FormChange::LeafDays, FormChange::Strategy];
        let text_fields_of_a_ca: [fn(String) -> AuthorityChange; 3] =
            [AuthorityChange::Name, AuthorityChange::Subject, AuthorityChange::ExpiryDate];
        let typed = |text: &str| {
            let text = || text.to_owned();
            let of_the_ca = text_fields_of_a_ca.map(|field| authority(field(text())));
            text_fields.map(|field| field(text())).into_iter().chain(of_the_ca)
        };
        for (one, two) in typed("1").zip(typed("12")) {
            let before = after([]);
            let state = before.clone().after(Action::Form(one)).after(Action::Form(two.clone()));
            assert_ne!(state.form, before.form, "{two:?}");
            let state = state.after(Action::Undo);
            assert_eq!((&state.form, &state.history), (&before.form, &before.history), "{two:?}");
        }
    }

    #[test]
    fn the_kind_of_package_and_the_way_of_workers_are_choices_like_others() {
        let workers = FormChange::Workers(Workers::Replace);
        let state = after([Action::Form(workers), Action::Form(FormChange::Intent(Intent::RenewLeaves))]);
        let said = |state: &State| (state.form.intent(), state.form.workers());
        assert_eq!(said(&state), (Intent::RenewLeaves, Workers::Replace));
        let state = state.after(Action::Undo);
        assert_eq!(said(&state), (Intent::Rotate, Workers::Replace));
        assert_eq!(said(&state.after(Action::Undo)), (Intent::Rotate, Workers::Reconfigure));
    }

    #[test]
    fn a_chosen_file_that_comes_back_is_chosen_again() {
        let path = |path: &str| {
            let part = crate::state::form::BroughtPart::Certificate;
            Action::Form(FormChange::Authority(
                AuthorityId::Cluster,
                AuthorityChange::BroughtPath(part, path.to_owned()),
            ))
        };
        let state = after([files(&[0, 1]), path("1.crt"), files(&[0])]);
        assert_eq!(state.form.authorities[0].certificate, "");
        let state = state.after(Action::Undo).after(files(&[0, 1]));
        assert_eq!(state.form.authorities[0].certificate, "1.crt");
    }

    #[test]
    fn the_platform_comes_back_too_and_wiping_forgets_all() {
        let state = after([Action::PlatformChosen(Some("talos"))]);
        assert_eq!(state.history.last(), Some(&Change::Platform(None)));
        let state = state.after(Action::Undo).after(Action::PlatformChosen(None)).after(files(&[0]));
        assert_eq!((state.platform, state.history.last()), (None, Some(&Change::Added(vec![FileId(0)]))));
        assert_eq!(state.after(Action::Wiped).history, History::default());
    }

    #[test]
    fn nothing_is_taken_back_that_would_cost_a_package() {
        let state = after([name("a")]);
        assert!(state.undoable().is_some());
        assert!(state.clone().after(Action::Began(crate::state::Job::Planning)).undoable().is_none());
        assert!(state.after(crate::state::tests::made()).undoable().is_none());
    }

    #[test]
    fn so_many_changes_are_remembered_and_no_more() {
        let mut state = after([]);
        for round in 0..2 * MAX_UNDOS {
            state = state.after(Action::Form(FormChange::KeepKeys(round % 2 == 0)));
        }
        assert_eq!(state.history.changes.len(), MAX_UNDOS);
    }
}
