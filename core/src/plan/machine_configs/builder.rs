//! The steps of a plan for machines while they are collected.

use std::collections::BTreeMap;

use super::roles::MachineGroup;
use crate::{
    inventory::Inventory,
    plan::{
        model::{actions::Action, authorities::AuthorityChange, steps::Step},
        progress::Progress,
        replacements::Replacements,
    },
    profile::AuthorityId,
};

/// A control-plane patch holds a private key.
pub(crate) const SECRET: u32 = 0o600;

pub(crate) const PUBLIC: u32 = 0o644;

/// Something that only people can do.
pub(crate) fn person(text: &str) -> Action {
    Action::Do { text: text.to_owned(), command: String::new() }
}

/// Builds the list.
pub(crate) struct MachineSequence<'a, 'b> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) progress: Progress<'a>,
    pub(crate) replacements: &'b mut Replacements<'a>,
    pub(crate) groups: Vec<MachineGroup>,
    pub(crate) steps: Vec<Step>,
}
