//! Files of two clusters among the input: one finding that says which files belong to which cluster.
//!
//! A node, or a Cluster's Secrets, of which the parts fit together belongs to the cluster of its CA. A single file that does
//! not fit its node is no second cluster. Everything else follows its CA, or else the folder that it was loaded from.

mod shared;
mod units;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{
    shared::Identity,
    units::{Holder, Unit},
};
use super::{
    model::{
        clusters::FoundCluster,
        copies::CaCopy,
        files::{Node, Role, Slot},
        inventory::{Conflicts, Inventory},
        objects::StoredObject,
    },
    pins::Pinned,
};
use crate::{finding::Finding, profile::AuthorityId, text::hex, x509::Certificate};

/// So many folders and nodes are named in a finding; the rest is counted. The report has all of them.
const NAMED: usize = 6;

/// What belongs to other clusters than the one that the checks judge.
#[derive(Debug, Default)]
pub(super) struct Others {
    nodes: Vec<Node>,
    objects: Vec<Arc<StoredObject>>,
    clients: Vec<Slot>,
    loose: Vec<Slot>,
    copies: Vec<CaCopy>,
    pins: Vec<Pinned>,
}

/// Which unit belongs to which cluster; the first cluster is the one that the checks judge.
struct Grouping {
    /// The CAs of each cluster.
    authorities: Vec<BTreeSet<Certificate>>,
    /// For each unit, its cluster.
    of: Vec<usize>,
    /// What differs between clusters that share a CA, in words; empty where the CAs differ.
    differing: String,
}

impl Inventory {
    /// Takes out what belongs to other clusters, so that the checks judge one, and adds a finding that names all of them;
    /// `None` where there is one cluster. [`Inventory::put_back`] is its counterpart.
    pub(super) fn take_other_clusters(&mut self) -> Option<Others> {
        let conflicts = std::mem::take(&mut self.conflicts);
        let in_files = !self.profile.directory.is_empty() && self.tenant.is_none();
        let units = if in_files { units::units(self, &conflicts) } else { Vec::new() };
        let grouping = by_authority(self, &conflicts, &units).or_else(|| by_identity(self, &conflicts, &units));
        let is_other = |holder: Holder| {
            let of = grouping.as_ref().map(|grouping| &grouping.of);
            of.is_some_and(|of| units.iter().zip(of).any(|(unit, group)| *group > 0 && unit.holder == holder))
        };
        // What belongs to another cluster does not contradict what belongs to this one.
        let nodes = conflicts.nodes.iter().enumerate().filter(|(index, _)| !is_other(Holder::ConflictingNode(*index)));
        let mut kept: Vec<Finding> = nodes.flat_map(|(_, (_, findings))| findings.clone()).collect();
        let objects =
            conflicts.objects.iter().enumerate().filter(|(index, _)| !is_other(Holder::ConflictingObject(*index)));
        kept.extend(objects.map(|(_, (_, finding))| finding.clone()));
        self.findings.append(&mut kept);
        let grouping = grouping?;
        self.found_clusters = found(self, &conflicts, &units, &grouping);
        let finding = finding(&self.found_clusters, &grouping.differing);
        self.findings.push(finding);
        Some(self.take(&units, &grouping))
    }

    fn take(&mut self, units: &[Unit], grouping: &Grouping) -> Others {
        let others = units.iter().zip(&grouping.of).filter(|(_, group)| **group > 0);
        let others: BTreeSet<Holder> = others.map(|(unit, _)| unit.holder).collect();
        let mut taken = Others::default();
        (self.nodes, taken.nodes) = part(&mut self.nodes, |index, _| others.contains(&Holder::Node(index)));
        (self.objects, taken.objects) = part(&mut self.objects, |index, _| others.contains(&Holder::Object(index)));
        (self.clients, taken.clients) = part(&mut self.clients, |index, _| others.contains(&Holder::Client(index)));
        (self.loose, taken.loose) = part(&mut self.loose, |index, _| others.contains(&Holder::Loose(index)));
        let (own, foreign) =
            grouping.authorities.split_first().expect("Invariant: a grouping has two clusters or more");
        let is_foreign = |one: &Certificate| !own.contains(one) && foreign.iter().any(|group| group.contains(one));
        (self.copies, taken.copies) = part(&mut self.copies, |_, copy| copy.authorities().any(is_foreign));
        let pins: BTreeSet<String> =
            foreign.iter().flatten().filter(|one| is_foreign(one)).map(|one| one.public_key().pin()).collect();
        (self.pins, taken.pins) = part(&mut self.pins, |_, pinned| pinned.pins.iter().any(|pin| pins.contains(pin)));
        taken
    }

    /// Puts back what [`Inventory::take_other_clusters`] took, for reports.
    pub(super) fn put_back(&mut self, others: Others) {
        self.nodes.extend(others.nodes);
        self.nodes.sort_by(|a, b| a.role.cmp(&b.role).then_with(|| a.name.cmp(&b.name)));
        self.objects.extend(others.objects);
        self.clients.extend(others.clients);
        self.loose.extend(others.loose);
        self.copies.extend(others.copies);
        self.pins.extend(others.pins);
    }
}

/// Parts a list in what stays and what is taken.
fn part<T>(list: &mut Vec<T>, is_taken: impl Fn(usize, &T) -> bool) -> (Vec<T>, Vec<T>) {
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for (index, one) in std::mem::take(list).into_iter().enumerate() {
        if is_taken(index, &one) { &mut taken } else { &mut kept }.push(one);
    }
    (kept, taken)
}

/// The CAs of a unit that count: of a bundle with foreign CAs, those that issued something or whose key is among the files.
fn counting<'a>(inventory: &Inventory, unit: &'a Unit) -> Vec<&'a Certificate> {
    let counts =
        |one: &&Certificate| inventory.signers.issued_leaves(one) || inventory.key_of(one.public_key()).is_some();
    let counting: Vec<_> = unit.authorities.iter().filter(counts).collect();
    if counting.is_empty() { unit.authorities.iter().collect() } else { counting }
}

/// Clusters that have different CAs.
fn by_authority(inventory: &Inventory, conflicts: &Conflicts, units: &[Unit]) -> Option<Grouping> {
    let mut groups = Groups::default();
    let whole: Vec<(usize, &Unit)> = units.iter().enumerate().filter(|(_, unit)| unit.whole).collect();
    for (_, unit) in &whole {
        groups.join(&counting(inventory, unit));
    }
    if groups.count() < 2 {
        return None;
    }
    // While a rotation is in progress, one cluster has two CAs.
    if let Some(rotation) = inventory.rotations.get(&AuthorityId::Cluster) {
        groups.join(&[&rotation.old, &rotation.new]);
    }
    let mut by_cluster: BTreeMap<&(String, String), &Certificate> = BTreeMap::new();
    let mut identities: Vec<(Identity<'_>, &Certificate)> = Vec::new();
    for (_, unit) in &whole {
        let Some(first) = counting(inventory, unit).first().copied() else { continue };
        if let Some(cluster) = &unit.cluster {
            groups.join(&[*by_cluster.entry(cluster).or_insert(first), first]);
        }
        // Nodes that verify the same tokens are of one cluster, even if their CAs differ.
        if let Some(node) = unit.node(inventory, conflicts).filter(|node| node.role == Role::ControlPlane) {
            let identity = Identity::of(inventory, node);
            match identities.iter().find(|(other, _)| other.shares_tokens(&identity)) {
                Some((_, other)) => groups.join(&[*other, first]),
                None => identities.push((identity, first)),
            }
        }
    }
    if groups.count() < 2 {
        return None;
    }
    let judged = inventory.authorities.get(&AuthorityId::Cluster).map(|authority| &authority.certificate);
    let sets = groups.sets(judged);
    let clusters: BTreeMap<_, _> = whole
        .iter()
        .filter_map(|(_, unit)| Some((unit.cluster.as_ref()?, group_of(&sets, &counting(inventory, unit))?)))
        .collect();
    let certain = |unit: &Unit| {
        let by_cluster = unit.cluster.as_ref().and_then(|cluster| clusters.get(cluster).copied());
        by_cluster.or_else(|| group_of(&sets, &unit.authorities.iter().collect::<Vec<_>>()))
    };
    let certain: Vec<_> = units.iter().map(certain).collect();
    let of = by_folder(inventory, conflicts, units, &certain);
    Some(Grouping { authorities: sets, of, differing: String::new() })
}

/// Clusters that share a CA.
fn by_identity(inventory: &Inventory, conflicts: &Conflicts, units: &[Unit]) -> Option<Grouping> {
    let (mut certain, differing) = shared::by_identity(inventory, conflicts, units)?;
    let count = certain.iter().flatten().max()? + 1;
    let mut servers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (unit, group) in units.iter().zip(&certain) {
        if let (Some(node), Some(group)) = (unit.node(inventory, conflicts), group) {
            for server in shared::servers(node) {
                servers.entry(server).or_default().insert(*group);
            }
        }
    }
    for (unit, group) in units.iter().zip(&mut certain).filter(|(_, group)| group.is_none()) {
        let named: Vec<&str> = match unit.holder {
            Holder::Client(index) => {
                let access = inventory.clients[index].artifact.access();
                access.map(|(_, access)| access.model.clusters.iter().map(|one| one.server.as_str()).collect())
            }
            _ => unit.node(inventory, conflicts).map(|node| shared::servers(node).collect()),
        }
        .unwrap_or_default();
        let reached: BTreeSet<usize> =
            named.iter().filter_map(|server| servers.get(server)).flatten().copied().collect();
        *group = Some(reached).filter(|reached| reached.len() == 1).and_then(|mut reached| reached.pop_first());
    }
    let own = inventory.present(AuthorityId::Cluster).into_iter().cloned().collect();
    let of = by_folder(inventory, conflicts, units, &certain);
    Some(Grouping { authorities: vec![own; count], of, differing })
}

/// Completes what is certain: a unit belongs to the cluster whose files lie in the same folder, or the nearest one above it;
/// where that has files of several clusters, to the first cluster.
fn by_folder(inventory: &Inventory, conflicts: &Conflicts, units: &[Unit], certain: &[Option<usize>]) -> Vec<usize> {
    let mut folders: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (unit, group) in units.iter().zip(certain) {
        let Some(group) = group else { continue };
        for file in unit.files(inventory, conflicts) {
            for folder in above(file) {
                folders.entry(folder).or_default().insert(*group);
            }
        }
    }
    let nearest = |unit: &Unit| {
        let file = *unit.files(inventory, conflicts).first()?;
        let groups = above(file).collect::<Vec<_>>().into_iter().rev().find_map(|folder| folders.get(folder))?;
        groups.first().copied().filter(|_| groups.len() == 1)
    };
    units.iter().zip(certain).map(|(unit, group)| group.or_else(|| nearest(unit)).unwrap_or_default()).collect()
}

/// Every folder above a file and the file itself, the outermost first.
fn above(file: &str) -> impl Iterator<Item = &str> {
    file.match_indices('/').map(|(at, _)| &file[..at]).chain([file])
}

/// The group that has one of the CAs; the first one where several have.
fn group_of(sets: &[BTreeSet<Certificate>], authorities: &[&Certificate]) -> Option<usize> {
    sets.iter().position(|set| authorities.iter().any(|one| set.contains(one)))
}

/// CAs that belong together.
#[derive(Default)]
struct Groups<'a> {
    of: BTreeMap<&'a Certificate, usize>,
    next: usize,
}

impl<'a> Groups<'a> {
    fn join(&mut self, authorities: &[&'a Certificate]) {
        let known: BTreeSet<usize> = authorities.iter().filter_map(|one| self.of.get(one)).copied().collect();
        let group = known.first().copied().unwrap_or(self.next);
        self.next = self.next.max(group + 1);
        if known.len() > 1 {
            self.of.values_mut().filter(|of| known.contains(of)).for_each(|of| *of = group);
        }
        self.of.extend(authorities.iter().map(|one| (*one, group)));
    }

    fn count(&self) -> usize {
        self.of.values().collect::<BTreeSet<_>>().len()
    }

    /// The groups, the one that has `first` before the others.
    fn sets(&self, first: Option<&Certificate>) -> Vec<BTreeSet<Certificate>> {
        let mut sets: BTreeMap<usize, BTreeSet<Certificate>> = BTreeMap::new();
        for (authority, group) in &self.of {
            sets.entry(*group).or_default().insert((*authority).clone());
        }
        let mut sets: Vec<_> = sets.into_values().collect();
        sets.sort_by_key(|set| !first.is_some_and(|first| set.contains(first)));
        sets
    }
}

fn found(inventory: &Inventory, conflicts: &Conflicts, units: &[Unit], grouping: &Grouping) -> Vec<FoundCluster> {
    let mut folders: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (unit, group) in units.iter().zip(&grouping.of) {
        for folder in unit.files(inventory, conflicts).into_iter().flat_map(above) {
            folders.entry(folder).or_default().insert(*group);
        }
    }
    let clusters = grouping.authorities.iter().enumerate().filter_map(|(group, authorities)| {
        let own = || units.iter().zip(&grouping.of).filter(move |(_, of)| **of == group).map(|(unit, _)| unit);
        let files: BTreeSet<&str> = own().flat_map(|unit| unit.files(inventory, conflicts)).collect();
        let loaded_from: BTreeSet<&str> = files.iter().map(|file| outermost(file, &folders)).collect();
        let whole = own().filter(|unit| unit.whole).flat_map(|unit| &unit.authorities);
        let owned = |texts: BTreeSet<&str>| texts.into_iter().map(str::to_owned).collect();
        Some(FoundCluster {
            name: own().find_map(|unit| Some(unit.cluster.clone()?.1)).unwrap_or_default(),
            authority: whole.chain(authorities).find(|one| authorities.contains(one))?.clone(),
            nodes: owned(own().filter_map(|unit| Some(unit.node(inventory, conflicts)?.name.as_str())).collect()),
            files: owned(files),
            loaded_from: owned(loaded_from),
        })
    });
    clusters.collect()
}

/// The outermost folder above a file that has files of one cluster only; the file itself where there is none.
fn outermost<'a>(file: &'a str, folders: &BTreeMap<&str, BTreeSet<usize>>) -> &'a str {
    above(file).find(|folder| folders.get(folder).is_some_and(|of| of.len() == 1)).unwrap_or(file)
}

/// The one finding about files of several clusters.
fn finding(clusters: &[FoundCluster], differing: &str) -> Finding {
    let ca = |cluster: &FoundCluster| {
        format!("{} (SHA-256 {})", cluster.authority.subject(), hex::colons(&cluster.authority.fingerprint()))
    };
    let loaded = |cluster: &FoundCluster| {
        let nodes = if cluster.nodes.is_empty() { String::new() } else { format!(", nodes {}", named(&cluster.nodes)) };
        format!("{} files in {}{nodes}", cluster.files.len(), named(&cluster.loaded_from))
    };
    let count = clusters.len();
    let message = if differing.is_empty() {
        let each: Vec<_> = clusters.iter().map(|cluster| format!("{}: {}", ca(cluster), loaded(cluster))).collect();
        format!("files of {count} clusters are loaded, and their cluster CAs differ. {}", each.join("; "))
    } else {
        let each: Vec<_> = clusters.iter().map(loaded).collect();
        let ca = clusters.first().map(ca).unwrap_or_default();
        format!(
            "files of {count} clusters are loaded that share the cluster CA {ca}: their {differing} differ. {}",
            each.join("; ")
        )
    };
    let removed = |kept: usize| {
        let others = clusters.iter().enumerate().filter(|(index, _)| *index != kept);
        named(&others.flat_map(|(_, cluster)| cluster.loaded_from.clone()).collect::<Vec<_>>())
    };
    let ways: Vec<_> = (0..count).map(|kept| format!("remove {}", removed(kept))).collect();
    let last = clusters.get(1).map(|cluster| &cluster.files);
    let file = last.and_then(|files| files.iter().find(|file| file.ends_with("/ca.crt")).or_else(|| files.first()));
    Finding::error("two-clusters", file.map_or("", String::as_str), message).remedy(format!(
        "Keep the files of one cluster, and rotate each cluster with a package of its own: {}",
        ways.join(", or ")
    ))
}

fn named(all: &[String]) -> String {
    let mut named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    let rest = format!("{} more", all.len().saturating_sub(NAMED));
    if all.len() > NAMED {
        named.push(&rest);
    }
    named.join(", ")
}
