//! The verdicts of a simulation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    finding::Finding,
    plan::Step,
    profile::AuthorityId,
    time::UnixTime,
    x509::{Certificate, ChainError, Purpose, Rules, TrustBundle},
};

/// Every edge of the cluster at every step of the rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustMatrix {
    /// The initial state ("today"), then every step in order.
    pub columns: Vec<Column>,
    /// In the profile's order.
    pub edges: Vec<Edge>,
    /// Every distinct verification of a certificate, with its results.
    #[serde(skip)]
    pub(crate) trials: Vec<Trial>,
}

/// A moment: today, or the time from the beginning of a step until its check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Column {
    /// The step's id; `today` before the first step.
    pub id: String,
    /// 1, 2 or 3; 0 for today.
    pub phase: u8,
    /// The holder on which the step runs; empty for today.
    pub holder: String,
    /// The action, as text.
    pub title: String,
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Edge {
    /// Unique, such as `kubelet-apiserver/cp1`.
    pub id: String,
    /// The profile's row, such as `kubelet-apiserver`.
    pub row: String,
    /// The CA that it depends on.
    pub authority: AuthorityId,
    /// The client, as text.
    pub client: String,
    /// The server, as text.
    pub server: String,
    /// Whether the connection must be refused.
    pub refused: bool,
    /// What each side presents and trusts, what writes it, and when a change takes effect, as text.
    pub facts: Vec<String>,
    /// What to check if it breaks, as text.
    pub remedy: String,
    /// Cause and duration of an outage that the user may accept, as text; empty if there is none.
    pub outage: String,
    /// Its verdicts: runs of columns, in order, without gaps.
    pub spans: Vec<Span>,
}

/// A run of columns with the same verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Span {
    /// Index of the first column.
    pub from: usize,
    /// Index of the last column.
    pub to: usize,
    /// The verdict in these columns.
    pub verdict: Verdict,
}

/// The verdict of an edge at a moment, over all states of both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Verdict {
    /// The outcome by Go's rules, which all Kubernetes components use.
    pub outcome: Outcome,
    /// The rule sets with a different outcome, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Rules, OtherVerdict>,
    /// The number of combinations of presented certificate and trusted CAs.
    pub states: usize,
    /// The certificates that the client may present, as text.
    pub client_presents: Vec<String>,
    /// The CAs that the servers may trust, as text.
    pub server_trusts: Vec<String>,
    /// The certificates that the servers may present, as text.
    pub server_presents: Vec<String>,
    /// The CAs that the client may trust, as text.
    pub client_trusts: Vec<String>,
    /// Why it is broken, as text; otherwise empty.
    pub why: String,
}

/// The outcome by another rule set than Go's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OtherVerdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, as text; empty if the connection works.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Verdict {
    /// The outcome by a rule set.
    #[must_use]
    pub fn by(&self, rules: Rules) -> Outcome {
        self.others.get(&rules).map_or(self.outcome, |other| other.outcome)
    }

    /// The reason by a rule set, as text; empty if the connection works.
    #[must_use]
    pub fn why_by(&self, rules: Rules) -> &str {
        self.others.get(&rules).map_or(&self.why, |other| &other.why)
    }

    /// Marks outcomes that were already broken before the first step as [`Outcome::BrokenToday`]. `today` is the
    /// verdict of that moment; `None` if this is it.
    pub(crate) fn since(mut self, today: Option<&Self>) -> Self {
        let by_then: Vec<(Rules, Outcome)> =
            Rules::ALL.map(|rules| (rules, self.outcome_since(today, rules))).into_iter().collect();
        let why = self.why.clone();
        for (rules, outcome) in by_then {
            if rules == Rules::Go {
                self.outcome = outcome;
                continue;
            }
            let reason = self.others.remove(&rules).map_or_else(|| why.clone(), |other| other.why);
            if outcome != self.outcome {
                self.others.insert(rules, OtherVerdict { outcome, why: reason });
            }
        }
        self
    }

    fn outcome_since(&self, today: Option<&Self>, rules: Rules) -> Outcome {
        let broken_today = today.is_none_or(|today| today.by(rules) == Outcome::BrokenToday);
        match self.by(rules) {
            Outcome::Broken if broken_today => Outcome::BrokenToday,
            outcome => outcome,
        }
    }
}

/// The outcome of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // all possible outcomes
pub enum Outcome {
    /// The connection is not used at this moment.
    #[default]
    NotAsked,
    /// It has the expected result in every state.
    Holds,
    /// No state is known to break, but Airlock cannot judge all of them.
    NotJudged,
    /// It breaks in some state, and was already broken before the first step.
    BrokenToday,
    /// It breaks in some state.
    Broken,
}

/// A verification of a certificate, with its results.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// The leaf, followed by the intermediates that the peer sends.
    pub presented: Vec<Certificate>,
    /// The CAs that the verifier trusts.
    pub trust: TrustBundle,
    /// The role of the side that presents it.
    pub purpose: Purpose,
    /// The host name or address to verify; `None` for none.
    pub host: Option<String>,
    /// The time of the verification.
    pub now: UnixTime,
    /// The results, in the order of [`Rules::ALL`].
    pub answers: [Result<(), ChainError>; Rules::ALL.len()],
}

impl Trial {
    /// The result by a rule set.
    pub fn answer(&self, rules: Rules) -> &Result<(), ChainError> {
        &self.answers[rules.index()]
    }
}

/// A broken edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{client} → {server} breaks in step {step} ({title}): {why}")]
#[non_exhaustive]
pub struct Broken {
    /// The edge's id.
    pub edge: String,
    /// The step's id.
    pub step: String,
    /// The step's title.
    pub title: String,
    /// The client.
    pub client: String,
    /// The server.
    pub server: String,
    /// Why it breaks.
    pub why: String,
    /// What to change.
    pub remedy: String,
    /// Cause and duration of the outage, if the user may accept it; otherwise empty.
    pub outage: String,
}

impl TrustMatrix {
    /// Every distinct verification of an existing certificate.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The first edge that the rotation breaks; `None` if none does.
    #[must_use]
    pub fn first_broken(&self) -> Option<Broken> {
        self.broken().min_by_key(|(column, _)| *column).map(|(_, broken)| broken)
    }

    /// The first edge that prevents the rotation: a broken one that is not an accepted outage.
    pub(crate) fn refusal(&self, accept_outage: bool) -> Option<Broken> {
        let accepted = |broken: &Broken| accept_outage && !broken.outage.is_empty();
        let forbidding = self.broken().filter(|(_, broken)| !accepted(broken));
        forbidding.min_by_key(|(column, _)| *column).map(|(_, broken)| broken)
    }

    /// Every edge that the rotation breaks, with the first column in which it does.
    pub(super) fn broken(&self) -> impl Iterator<Item = (usize, Broken)> {
        self.edges.iter().filter_map(|edge| {
            let span = edge.spans.iter().find(|span| span.verdict.outcome == Outcome::Broken)?;
            let column = &self.columns[span.from];
            let broken = Broken {
                edge: edge.id.clone(),
                step: column.id.clone(),
                title: column.title.clone(),
                client: edge.client.clone(),
                server: edge.server.clone(),
                why: span.verdict.why.clone(),
                remedy: edge.remedy.clone(),
                outage: edge.outage.clone(),
            };
            Some((span.from, broken))
        })
    }

    /// Cause and duration of every outage of the rotation, without duplicates. A package requires that the user
    /// accepted them.
    pub(crate) fn outages(&self) -> BTreeSet<&str> {
        let broken = self.edges.iter().filter(|edge| edge.worst() == Outcome::Broken);
        broken.map(|edge| edge.outage.as_str()).filter(|outage| !outage.is_empty()).collect()
    }

    /// The number of judged combinations of presented certificate and trusted CAs.
    #[must_use]
    pub fn states(&self) -> usize {
        let spans = self.edges.iter().flat_map(|edge| &edge.spans);
        spans.map(|span| span.verdict.states * (span.to - span.from + 1)).sum()
    }
}

impl Broken {
    /// As a finding: client, server, step, reason and remedy.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let remedy = match self.outage.as_str() {
            "" => self.remedy.clone(),
            outage => format!("{}; or accept the outage (--accept-outage): {outage}", self.remedy),
        };
        Finding::error("edge-broken", "", self.to_string()).remedy(remedy)
    }
}

/// Summary, such as `50 of 50 connections work at each of 33 points of the rotation (5000 combinations verified)`. A
/// connection that is not used at any of these points, for example because a continued rotation is past it, cannot
/// break: it counts as working, as in [`VerifierSummary`](super::VerifierSummary), and the summary says how many there
/// are.
impl fmt::Display for TrustMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |outcome: Outcome| self.edges.iter().filter(|edge| edge.worst() == outcome).count();
        let (all, moments) = (self.edges.len(), self.columns.len());
        if all == 0 {
            return f.write_str("no connection is verified: this package contains no new CA");
        }
        let unused = count(Outcome::NotAsked);
        let work = count(Outcome::Holds) + unused;
        let combinations = self.states();
        write!(f, "{work} of {all} connections work at each of {moments} points of the rotation (")?;
        if unused > 0 {
            write!(f, "{unused} of them not used; ")?;
        }
        write!(f, "{combinations} combinations verified)")
    }
}

impl Edge {
    /// The verdict in a column.
    #[must_use]
    pub fn verdict(&self, column: usize) -> Option<&Verdict> {
        self.spans.iter().find(|span| (span.from..=span.to).contains(&column)).map(|span| &span.verdict)
    }

    /// The worst outcome in all columns.
    #[must_use]
    pub fn worst(&self) -> Outcome {
        self.worst_by(Rules::Go)
    }

    /// The worst outcome by a rule set.
    #[must_use]
    pub fn worst_by(&self, rules: Rules) -> Outcome {
        self.spans.iter().map(|span| span.verdict.by(rules)).max().unwrap_or_default()
    }

    /// The outcome by a rule set after the last step.
    pub(crate) fn last_by(&self, rules: Rules) -> Outcome {
        self.spans.last().map(|span| span.verdict.by(rules)).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, column: usize, verdict: Verdict) {
        match self.spans.last_mut() {
            Some(last) if last.verdict == verdict && last.to + 1 == column => last.to = column,
            _ => self.spans.push(Span { from: column, to: column, verdict }),
        }
    }
}

pub(crate) fn columns<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<Column> {
    let today =
        Column { id: "today".to_owned(), phase: 0, holder: String::new(), title: "before the first step".to_owned() };
    let steps = steps.map(|step| Column {
        id: step.id.clone(),
        phase: step.phase.number(),
        holder: step.holder.to_string(),
        title: step.title.clone(),
    });
    std::iter::once(today).chain(steps).collect()
}

#[cfg(test)]
mod tests {
    use super::{Column, Edge, Outcome, Span, TrustMatrix, Verdict};
    use crate::profile::AuthorityId;

    fn column(id: &str) -> Column {
        Column { id: id.to_owned(), phase: 0, holder: String::new(), title: String::new() }
    }

    fn edge(outcomes: [Outcome; 2]) -> Edge {
        let spans = outcomes.into_iter().enumerate().map(|(at, outcome)| {
            let states = usize::from(outcome != Outcome::NotAsked);
            Span { from: at, to: at, verdict: Verdict { outcome, states, ..Verdict::default() } }
        });
        Edge {
            id: String::new(),
            row: String::new(),
            authority: AuthorityId::Cluster,
            client: String::new(),
            server: String::new(),
            refused: false,
            facts: Vec::new(),
            remedy: String::new(),
            outage: String::new(),
            spans: spans.collect(),
        }
    }

    fn summary(edges: &[[Outcome; 2]]) -> String {
        let columns = ["today", "2-cp1"].map(column).to_vec();
        let edges = edges.iter().copied().map(edge).collect();
        let matrix = TrustMatrix { columns, edges, trials: Vec::new() };
        let go = matrix.verifiers().remove(0);
        assert!(matrix.to_string().starts_with(&format!("{} of {} connections", go.work, go.connections)));
        matrix.to_string()
    }

    #[test]
    fn connections_that_are_not_used_do_not_count_as_broken() {
        use Outcome::{Broken, BrokenToday, Holds, NotAsked, NotJudged};
        for (edges, said) in [
            (
                &[[Holds, Holds], [NotAsked, Holds]][..],
                "2 of 2 connections work at each of 2 points of the rotation (3 combinations verified)",
            ),
            (
                &[[Holds, Holds], [Holds, NotAsked], [NotAsked, NotAsked]],
                "3 of 3 connections work at each of 2 points of the rotation (1 of them not used; 3 combinations verified)",
            ),
            (
                &[[NotAsked, NotAsked], [NotAsked, Broken], [Holds, NotJudged], [BrokenToday, NotAsked]],
                "1 of 4 connections work at each of 2 points of the rotation (1 of them not used; 4 combinations verified)",
            ),
        ] {
            assert_eq!(summary(edges), said);
        }
    }
}
