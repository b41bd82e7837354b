//! The rows of the inventory: one for each holder.

use std::collections::{BTreeMap, BTreeSet};

use airlock_core::{
    Severity, Standing, UnixTime,
    report::{HolderReport, InventoryReport},
};

/// A holder's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its role in the cluster, as core names it.
    pub role: String,
    /// The number of its files.
    pub entries: usize,
    /// The number of different private keys among the files.
    pub keys: usize,
    /// The path of the certificate that expires first, and when; `None` without certificates.
    pub first: Option<(String, UnixTime)>,
    /// Errors, warnings and notes about its files.
    pub findings: [usize; 3],
    /// Its standing in the rotation in progress, and how many files differ; `None` if it is not affected.
    pub standing: Option<(Standing, usize)>,
}

/// The rows, in the inventory's order.
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

/// Counts errors, warnings and notes by file in one pass: large clusters have thousands of files and findings.
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

/// The standing that a row shows, and the number of differing files. Nodes have their own. Objects and kubeconfigs share
/// a row with the least advanced standing; the others count as differing.
fn standing(inventory: &InventoryReport, holder: &HolderReport) -> Option<(Standing, usize)> {
    let node = matches!(holder.role.as_str(), "control-plane" | "worker");
    let its =
        inventory.rotation.holders.iter().filter(|one| one.role == holder.role && (!node || one.name == holder.name));
    let its: Vec<_> = its.collect();
    let last = its.iter().map(|one| one.standing).min()?;
    let behind = its.iter().filter(|one| one.standing != last).count();
    Some((last, behind + its.iter().map(|one| one.out_of_line.len()).sum::<usize>()))
}

/// The API servers that kubeconfigs connect to, the most frequent first.
pub fn servers(inventory: &InventoryReport) -> Vec<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for slot in inventory.holders.iter().flat_map(|holder| &holder.slots).filter(|slot| !slot.server.is_empty()) {
        *counts.entry(slot.server.trim_start_matches("https://")).or_default() += 1;
    }
    let mut servers: Vec<(&str, usize)> = counts.into_iter().collect();
    servers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    servers.into_iter().map(|(server, _)| server).collect()
}

/// From this many nodes with the same files on, they share a row.
const MANY: usize = 4;

/// A row of the table: a holder, or several nodes with the same files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The holders, in order. At least one.
    pub rows: Vec<Row>,
}

impl Fold {
    /// The earliest expiry among them.
    pub fn first(&self) -> Option<&(String, UnixTime)> {
        self.rows.iter().filter_map(|row| row.first.as_ref()).min_by_key(|(_, until)| *until)
    }
}

/// Merges consecutive holders with the same number of files and keys and the same state into one row.
pub fn folded(rows: Vec<Row>) -> Vec<Fold> {
    let same = |one: &Row, other: &Row| {
        matches!(one.role.as_str(), "control-plane" | "worker")
            && (&one.role, one.entries, one.keys, one.findings, one.standing)
                == (&other.role, other.entries, other.keys, other.findings, other.standing)
    };
    let groups = rows.chunk_by(same).flat_map(|group| {
        if group.len() >= MANY {
            vec![Fold { rows: group.to_vec() }]
        } else {
            group.iter().map(|row| Fold { rows: vec![row.clone()] }).collect()
        }
    });
    groups.collect()
}

/// The filter of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a node's name, a path or a subject.
    pub text: String,
    /// Expires within this many days.
    pub within: Option<i64>,
    /// Has at least a finding of this severity.
    pub severity: Option<Severity>,
}

impl Filter {
    /// Is the filter empty?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Does a holder match?
    pub fn fits(&self, holder: &HolderReport, row: &Row, today: UnixTime) -> bool {
        let text = self.text.trim().to_lowercase();
        let has = |found: &str| found.to_lowercase().contains(&text);
        let named = text.is_empty()
            || has(&holder.name)
            || holder
                .slots
                .iter()
                .any(|slot| has(&slot.place) || slot.certificates.iter().any(|certificate| has(&certificate.subject)));
        let soon = self.within.is_none_or(|days| {
            row.first.as_ref().is_some_and(|(_, until)| super::role::days_left(*until, today) < days)
        });
        let [errors, warnings, _] = row.findings;
        let bad = match self.severity {
            None | Some(Severity::Note) => true,
            Some(Severity::Warning) => errors + warnings > 0,
            Some(Severity::Error) => errors > 0,
        };
        named && soon && bad
    }
}

#[cfg(test)]
mod tests;
