//! Everyone who holds something, in a line each.

use std::collections::{BTreeMap, BTreeSet};

use airlock_core::{
    Severity, Standing, UnixTime,
    report::{HolderReport, InventoryReport},
};

/// A holder in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its part in the cluster, as core names it.
    pub role: String,
    /// How much it holds.
    pub entries: usize,
    /// Different private keys among it.
    pub keys: usize,
    /// What of it expires first, and when; `None` where it has no certificate.
    pub first: Option<(String, UnixTime)>,
    /// Errors, warnings and notes about its files.
    pub findings: [usize; 3],
    /// Where it is in a rotation that is under way, and how much of it is out of line; `None` where it has no part in one.
    pub standing: Option<(Standing, usize)>,
}

/// A line for each holder, in the inventory's order.
pub fn rows(inventory: &InventoryReport) -> Vec<Row> {
    let mut findings: Findings<'_> = BTreeMap::new();
    for finding in &inventory.findings {
        let severities = [Severity::Error, Severity::Warning, Severity::Note];
        if let Some(at) = severities.iter().position(|severity| *severity == finding.severity) {
            findings.entry(finding.file.as_str()).or_default()[at] += 1;
        }
    }
    inventory.holders.iter().map(|holder| row(inventory, holder, &findings)).collect()
}

/// Errors, warnings and notes by file: a cluster of a thousand nodes has thousands of either.
type Findings<'a> = BTreeMap<&'a str, [usize; 3]>;

fn row(inventory: &InventoryReport, holder: &HolderReport, findings: &Findings<'_>) -> Row {
    let files: BTreeSet<&str> = holder.slots.iter().map(|slot| slot.file.as_str()).collect();
    let mut its = [0; 3];
    for counts in files.iter().filter_map(|file| findings.get(file)) {
        for (sum, count) in its.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let certificates = holder.slots.iter().flat_map(|slot| slot.certificates.iter().map(move |one| (slot, one)));
    let first = certificates.min_by_key(|(_, certificate)| certificate.not_after);
    let pins: BTreeSet<&str> = holder.slots.iter().flat_map(|slot| &slot.keys).map(|key| key.pin.as_str()).collect();
    Row {
        name: holder.name.clone(),
        role: holder.role.clone(),
        entries: holder.slots.len(),
        keys: pins.len(),
        first: first.map(|(slot, certificate)| (slot.place.clone(), certificate.not_after)),
        findings: its,
        standing: standing(inventory, holder),
    }
}

/// A node stands for itself; objects and kubeconfigs have a line together, and stand where the last of them does.
fn standing(inventory: &InventoryReport, holder: &HolderReport) -> Option<(Standing, usize)> {
    let node = matches!(holder.role.as_str(), "control-plane" | "worker");
    let its =
        inventory.rotation.holders.iter().filter(|one| one.role == holder.role && (!node || one.name == holder.name));
    let its: Vec<_> = its.collect();
    let last = its.iter().map(|one| one.standing).min()?;
    let behind = its.iter().filter(|one| one.standing != last).count();
    Some((last, behind + its.iter().map(|one| one.out_of_line.len()).sum::<usize>()))
}

#[cfg(test)]
mod tests;
