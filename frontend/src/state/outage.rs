//! Outages that the platform knows no way around: what breaks, why, for how long, and whether the person accepts it.

use airlock_core::{
    profile::{PROFILES, edge},
    simulate::{Edge, Outcome},
};

use super::chart::{Chart, Group, Peers};

/// What breaks for a time, all connections of a row together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Client and server.
    pub peers: Peers,
    /// How many connections that is.
    pub connections: usize,
    /// The first moment in which one of them breaks, and the last.
    pub moments: (usize, usize),
    /// Why it cannot be helped, as a sentence without a final period.
    pub cause: String,
    /// How long it lasts, in words.
    pub duration: String,
}

/// Whether the person accepts the outages over which a package was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// The box is ticked.
    Given,
    /// The question was handed in without the tick.
    Missing,
    /// Not asked, or not answered.
    #[default]
    Open,
}

/// The outages of what was predicted, whether accepted or not.
pub fn outages(chart: &Chart) -> Vec<Outage> {
    let outage = |group: &Group| {
        let edges = chart.matrix.edges[group.edges.clone()].iter().filter(|edge| !edge.outage.is_empty());
        let declared = declared(&group.row, &edges.clone().next()?.outage)?;
        let broken: Vec<(usize, usize)> = edges.filter_map(broken).collect();
        let moments = (broken.iter().map(|at| at.0).min()?, broken.iter().map(|at| at.1).max()?);
        Some(Outage {
            peers: group.peers.clone(),
            connections: broken.len(),
            moments,
            cause: declared.cause.to_owned(),
            duration: declared.duration.to_owned(),
        })
    };
    chart.groups.iter().filter_map(outage).collect()
}

/// The outage that a row declares with these words: platforms have rows of the same name, and not all of them declare one.
fn declared(id: &str, words: &str) -> Option<edge::Outage> {
    let rows = PROFILES.iter().flat_map(|profile| profile.edges).filter(|row| row.id == id);
    rows.filter_map(|row| row.outage).find(|outage| words.contains(outage.cause) && words.contains(outage.duration))
}

/// Would a package be made if the outages were accepted? Not if anything else breaks, too.
pub fn is_acceptable(chart: &Chart) -> bool {
    let mut broken = chart.matrix.edges.iter().filter(|edge| broken(edge).is_some()).peekable();
    broken.peek().is_some() && broken.all(|edge| !edge.outage.is_empty())
}

/// The first and the last moment in which an edge breaks.
fn broken(edge: &Edge) -> Option<(usize, usize)> {
    let mut spans = edge.spans.iter().filter(|span| span.verdict.outcome == Outcome::Broken);
    let first = spans.next()?;
    Some((first.from, spans.next_back().unwrap_or(first).to))
}

#[cfg(test)]
mod tests;
