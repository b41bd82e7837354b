//! Encrypted files. The password itself is only in the worker.

use airlock_core::{
    inventory::{PASSWORD_NEEDED, PASSWORD_WRONG},
    report::InventoryReport,
};

/// Encrypted files, and the result of the last password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// The files that need a password, each once.
    pub files: Vec<String>,
    /// Was a wrong password tried?
    pub wrong: bool,
    /// Does the worker have a password that decrypted something?
    pub given: bool,
}

impl Encryption {
    /// Takes files and result from an inventory; keeps `given`.
    pub fn fit(&mut self, inventory: &InventoryReport) {
        let is = |code| inventory.findings.iter().filter(move |finding| finding.code == code);
        self.wrong = is(PASSWORD_WRONG).next().is_some();
        self.files = is(PASSWORD_WRONG).chain(is(PASSWORD_NEEDED)).map(|finding| finding.file.clone()).collect();
        self.files.sort();
        self.files.dedup();
    }

    /// Does any file need a password?
    pub fn needs_password(&self) -> bool {
        !self.files.is_empty()
    }
}

#[cfg(test)]
mod tests;
