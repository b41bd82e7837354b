//! What is encrypted among the files. The password itself is never here: only the worker has it.

use airlock_core::{
    inventory::{PASSWORD_NEEDED, PASSWORD_WRONG},
    report::InventoryReport,
};

/// What is encrypted, and what was done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// The files that a password would open, each once.
    pub files: Vec<String>,
    /// Was one tried that does not open them?
    pub wrong: bool,
    /// Does the worker have one that opened something?
    pub given: bool,
}

impl Encryption {
    /// What the inventory says of it; `given` as before.
    pub fn fit(&mut self, inventory: &InventoryReport) {
        let is = |code| inventory.findings.iter().filter(move |finding| finding.code == code);
        self.wrong = is(PASSWORD_WRONG).next().is_some();
        self.files = is(PASSWORD_WRONG).chain(is(PASSWORD_NEEDED)).map(|finding| finding.file.clone()).collect();
        self.files.sort();
        self.files.dedup();
    }

    /// Would a password open anything?
    pub fn needs_password(&self) -> bool {
        !self.files.is_empty()
    }
}

#[cfg(test)]
mod tests;
