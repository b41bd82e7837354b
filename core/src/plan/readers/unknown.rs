//! Readers of which it is not known what they read: units whose environment was not provided, and Java keystores.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Judge, list,
    words::{process_name, reference},
};
use crate::{
    formats::systemd_unit::Unknown,
    inventory::{Artifact, Node, Reader},
};

impl Judge<'_> {
    /// Units whose commands have parts that no provided file sets.
    pub(super) fn unknown(&mut self, node: &Node) {
        let mut units: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
        for (unit, unknown) in self.inventory.unknown(node) {
            let (what, file) = match unknown {
                Unknown::Variable { name, file } => (format!("the variable {name}"), file),
                Unknown::EnvironmentFile { path, file } => (format!("EnvironmentFile={path}"), file),
            };
            units.entry(unit).or_insert_with(|| (BTreeSet::new(), file)).0.insert(what);
        }
        for (unit, (what, file)) in units {
            let what: Vec<_> = what.iter().map(String::as_str).collect();
            let message = format!(
                "the unit {unit} on {{nodes}} uses {}, and no provided file sets it: which files the unit reads is not known, and one that changes breaks it without notice",
                list(&what)
            );
            let remedy = "Provide every file that the unit names in EnvironmentFile=; or make sure that it reads no file of this rotation";
            self.problem(node, "unit-not-known", &unit, message, remedy, &file);
        }
    }

    /// Java keystores that a process names.
    pub(super) fn not_readable(&mut self, node: &Node, readers: &[Reader]) {
        for reader in readers {
            let mut slots = [&reader.target, &reader.path].into_iter().filter_map(|path| node.file(path));
            let Some(slot) = slots.find(|slot| matches!(slot.artifact, Artifact::Keystore)) else { continue };
            let (name, how) = (process_name(&reader.process), reference(&reader.reference));
            let message = format!(
                "{name} on {{nodes}} reads the Java keystore {} ({how}), which Airlock cannot read: it may trust the old CA, or hold a certificate that the old CA issued",
                slot.place
            );
            let remedy = "List it with `keytool -list -v -keystore FILE`. If it depends on the old CA, import the new CA in phase 1, replace the certificate in phase 2 and delete the old CA in phase 3";
            self.problem(node, "keystore-not-read", &slot.place, message, remedy, &slot.file);
        }
    }
}
