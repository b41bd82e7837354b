//! The steps of a plan for machines while they are collected.

use std::collections::BTreeMap;

use super::roles::MachineGroup;
use crate::{
    inventory::Inventory,
    plan::{
        model::{authorities::AuthorityChange, steps::Step},
        progress::Progress,
        replacements::Replacements,
    },
    profile::AuthorityId,
};

/// Builds the list of steps.
pub(crate) struct MachineSequence<'a, 'b> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) progress: Progress<'a>,
    pub(crate) replacements: &'b mut Replacements<'a>,
    pub(crate) groups: Vec<MachineGroup>,
    pub(crate) steps: Vec<Step>,
}
