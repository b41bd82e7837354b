//! Unavoidable outages of a platform: what breaks, why, for how long, and whether the person accepts them.

use airlock_core::{
    profile::{PROFILES, edge},
    simulate::{Edge, Outcome},
};

use super::chart::{Chart, Group, Peers};

/// An outage of all connections of a profile's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Client and server.
    pub peers: Peers,
    /// The number of connections.
    pub connections: usize,
    /// The first and the last matrix column in which one of them breaks.
    pub moments: (usize, usize),
    /// The cause, as a sentence without a final period.
    pub cause: String,
    /// The duration, in words.
    pub duration: String,
}

/// Whether the person accepts the outages over which a package was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// The checkbox is selected.
    Given,
    /// The form was submitted without selecting the checkbox.
    Missing,
    /// Not asked, or not answered yet.
    #[default]
    Open,
}

/// The outages of a prediction, whether accepted or not.
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

/// The outage that a row declares with this text. Several platforms have rows of this id; not all declare an outage.
fn declared(id: &str, words: &str) -> Option<edge::Outage> {
    let rows = PROFILES.iter().flat_map(|profile| profile.edges).filter(|row| row.id == id);
    rows.filter_map(|row| row.outage).find(|outage| words.contains(outage.cause) && words.contains(outage.duration))
}

/// Would the package be built if the outages were accepted? Not if another connection breaks.
pub fn is_acceptable(chart: &Chart) -> bool {
    let mut broken = chart.matrix.edges.iter().filter(|edge| broken(edge).is_some()).peekable();
    broken.peek().is_some() && broken.all(|edge| !edge.outage.is_empty())
}

/// The first and the last matrix column in which a connection breaks.
fn broken(edge: &Edge) -> Option<(usize, usize)> {
    let mut spans = edge.spans.iter().filter(|span| span.verdict.outcome == Outcome::Broken);
    let first = spans.next()?;
    Some((first.from, spans.next_back().unwrap_or(first).to))
}

#[cfg(test)]
mod tests;
