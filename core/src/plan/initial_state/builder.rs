//! The initial state while it is collected.

use std::collections::BTreeMap;

use crate::{
    inventory::Inventory,
    plan::{kubelet_authority::KubeletAuthority, model::authorities::AuthorityChange, progress::Progress},
    profile::AuthorityId,
};

pub(crate) struct Present<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) progress: Progress<'a>,
    pub(crate) kubelet_authority: &'a KubeletAuthority,
}
