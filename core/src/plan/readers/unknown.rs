//! Readers whose files are unknown or not readable: units whose environment was not provided, and Java keystores.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    decision::Judge,
    words::{process_name, reference},
};
use crate::{
    formats::systemd_unit::Unknown,
    inventory::{Artifact, Node, Reader},
    plan::{
        model::consumers::{Consumers, Process},
        unhandled::list,
    },
    x509::{Certificate, JavaKeystore},
};

impl Judge<'_> {
    /// Reports units whose commands use variables that no provided file sets.
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

    /// Reports Java keystores that a process names, unless they were read completely and do not depend on a rotated CA.
    pub(super) fn not_readable(&mut self, node: &Node, readers: &[Reader]) {
        for reader in readers {
            let mut slots = [&reader.target, &reader.path].into_iter().filter_map(|path| node.file(path));
            let Some(slot) = slots.find(|slot| matches!(slot.artifact, Artifact::Keystore)) else { continue };
            let keystore = JavaKeystore::read(&slot.bytes);
            let certificates: Vec<Certificate> =
                keystore.chains.into_iter().flatten().chain(keystore.trusted).collect();
            let depends = self.authority_changes.values().any(|authority_change| {
                authority_change.is_trusted_by(&certificates)
                    || certificates.iter().any(|one| authority_change.signed(one))
            });
            let what = match (depends, keystore.is_complete) {
                (true, _) => {
                    "which this package does not change: it trusts the old CA, or contains a certificate that the old CA issued"
                }
                (false, true) => continue,
                (false, false) => {
                    "which Airlock cannot read to its end: it may trust the old CA, or contain a certificate that the old CA issued"
                }
            };
            let (name, how) = (process_name(&reader.process), reference(&reader.reference));
            let message = format!("{name} on {{nodes}} reads the Java keystore {} ({how}), {what}", slot.place);
            let remedy = "List it with `keytool -list -v -keystore FILE`. If it depends on the old CA, import the new CA in phase 1, replace the certificate in phase 2 and delete the old CA in phase 3";
            self.problem(node, "keystore-not-read", &slot.place, message, remedy, &slot.file);
        }
    }

    /// Reports static Pods that must restart and whose manifest is not `manifests/NAME.yaml`, the only path that the
    /// scripts handle.
    pub(super) fn restartable(&mut self, node: &Node, consumers: &Consumers) {
        let folder = format!("{}/manifests", self.inventory.profile.directory);
        let of_node = consumers.all.iter().filter(|consumer| consumer.nodes.contains(&node.name));
        let names: BTreeSet<&str> = of_node
            .filter_map(|consumer| match &consumer.process {
                Process::StaticPod { name, .. } => Some(name.as_str()),
                _ => None,
            })
            .collect();
        for slot in node.files().filter(|slot| matches!(slot.artifact, Artifact::StaticPod(_))) {
            let (parent, name) = slot.place.rsplit_once('/').unwrap_or_default();
            let stem = name.strip_suffix(".yaml");
            if !names.contains(stem.unwrap_or(name)) || (parent == folder && stem.is_some()) {
                continue;
            }
            let message = format!(
                "the static Pod in {} on {{nodes}} must restart, and this package restarts only Pods whose manifest is {folder}/NAME.yaml",
                slot.place
            );
            let remedy = "Move the manifest to that directory under a name that ends in .yaml, or out of it if it is a copy, then provide the files again";
            self.problem(node, "manifest-name", "", message, remedy, &slot.file);
        }
    }
}
