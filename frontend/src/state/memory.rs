//! The contents of the page's memory, and what of it is secret.

use std::collections::BTreeSet;

use airlock_core::report::InventoryReport;

use super::{page::State, work::Job};

/// The number of different private keys in an inventory.
pub fn keys(inventory: &InventoryReport) -> usize {
    let keys = inventory.holders.iter().flat_map(|holder| &holder.slots).flat_map(|slot| &slot.keys);
    keys.map(|key| key.pin.as_str()).collect::<BTreeSet<_>>().len()
}

/// What is in the memory of page and workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Loaded files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Different private keys in them.
    pub keys: usize,
    /// Removed files that undo can restore.
    pub removed: usize,
    /// Is a password kept?
    pub password: bool,
    /// Files of the package that contain a private key; `None` without a package.
    pub secret_outputs: Option<usize>,
}

impl State {
    /// What is in memory now.
    pub fn memory(&self) -> Memory {
        let package = self.package.as_ref();
        Memory {
            files: self.files.len(),
            bytes: self.files.iter().map(|file| file.size).sum(),
            keys: self.keys_loaded,
            removed: self.history.removed(),
            password: self.encryption.given,
            secret_outputs: package.map(|package| package.files.iter().filter(|file| file.secret).count()),
        }
    }

    /// Would leaving the page lose keys that were generated here?
    pub fn has_unsaved_keys(&self) -> bool {
        let making = matches!(self.job, Some(Job::Making { .. }));
        making || (self.package.is_some() && self.download.is_none())
    }
}
