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

/// The API servers that kubeconfigs connect to, the one that most of them name first.
pub fn servers(inventory: &InventoryReport) -> Vec<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for slot in inventory.holders.iter().flat_map(|holder| &holder.slots).filter(|slot| !slot.server.is_empty()) {
        *counts.entry(slot.server.trim_start_matches("https://")).or_default() += 1;
    }
    let mut servers: Vec<(&str, usize)> = counts.into_iter().collect();
    servers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    servers.into_iter().map(|(server, _)| server).collect()
}

/// As many nodes with the same files are one row of the table.
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

/// Holders in a row that have as many files and keys, in the same state, are one row once there are many of them.
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

/// What a person looks for.
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
    /// Is nothing looked for?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Does a holder have what is looked for?
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
