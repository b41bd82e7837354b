//! The verdicts: every edge at every step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    Finding, UnixTime,
    profile::{AuthorityId, edge::Expectation},
    x509::{Certificate, ChainError, Purpose, Rules, TrustBundle},
};

mod verifiers;

/// How the label of a component on all workers ends.
pub(super) const ALL_WORKERS: &str = "of every worker";

pub use verifiers::VerifierSummary;

/// Every edge of the cluster at every step of the rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustMatrix {
    /// Today, then every step in order.
    pub columns: Vec<Column>,
    /// In the profile's order.
    pub edges: Vec<Edge>,
    /// Every question that was asked of a certificate, with the answers.
    #[serde(skip)]
    pub(super) trials: Vec<Trial>,
}

/// A moment: today, or from the beginning of a step until its gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Column {
    /// The step's id; `today` for the moment before the first.
    pub id: String,
    /// 1, 2 or 3; 0 for today.
    pub phase: u8,
    /// Who carries it out; empty for today.
    pub holder: String,
    /// What is done, in words.
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
    /// The authority that it hangs on.
    pub authority: AuthorityId,
    /// Who connects, in words.
    pub client: String,
    /// Who is connected to, in words.
    pub server: String,
    /// What shall come of it.
    pub refused: bool,
    /// What each end presents and trusts, who writes that, and when a change takes effect, in words.
    pub facts: Vec<String>,
    /// What to look at when it breaks, in words.
    pub remedy: String,
    /// Cause and duration of an outage that a person may accept, in words; empty where there is none.
    pub outage: String,
    /// What came of it: runs of columns, in order, without gaps.
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
    /// What holds there.
    pub verdict: Verdict,
}

/// What comes of an edge at a moment, in every state that its ends may be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Verdict {
    /// By Go's rules, which all of Kubernetes follows.
    pub outcome: Outcome,
    /// The other rule sets whose outcome is not the same, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Rules, OtherVerdict>,
    /// How many pairs of what is presented and what is trusted were judged.
    pub states: usize,
    /// What the client may present, in words.
    pub client_presents: Vec<String>,
    /// What the servers may trust, in words.
    pub server_trusts: Vec<String>,
    /// What the servers may present, in words.
    pub server_presents: Vec<String>,
    /// What the client may trust, in words.
    pub client_trusts: Vec<String>,
    /// Why it is broken, in words; empty where it is not.
    pub why: String,
}

/// What comes of a connection by the rules of another verifier than Go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OtherVerdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, in words; empty where the connection works.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Verdict {
    /// The outcome by a rule set.
    #[must_use]
    pub fn by(&self, rules: Rules) -> Outcome {
        self.others.get(&rules).map_or(self.outcome, |other| other.outcome)
    }

    /// The reason by a rule set, in words; empty where the connection works.
    #[must_use]
    pub fn why_by(&self, rules: Rules) -> &str {
        self.others.get(&rules).map_or(&self.why, |other| &other.why)
    }

    /// The same with what is broken already before the first step as such. `today` is the verdict of that moment; `None` if
    /// this is it.
    pub(super) fn since(mut self, today: Option<&Self>) -> Self {
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

/// What comes of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // all that can come of it
pub enum Outcome {
    /// Nobody asks at that moment.
    #[default]
    NotAsked,
    /// It comes out as it shall in every state.
    Holds,
    /// Nothing is known to break, but of some state Airlock cannot tell.
    NotJudged,
    /// In some state it does not, and today it does not either.
    BrokenToday,
    /// In some state it does not.
    Broken,
}

/// A question that was asked of a certificate, and the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// The leaf, and the intermediates that come with it.
    pub presented: Vec<Certificate>,
    /// Whom the reader trusts.
    pub trust: TrustBundle,
    /// Which end presents it.
    pub purpose: Purpose,
    /// The name or address that it is checked for.
    pub host: Option<String>,
    /// When.
    pub now: UnixTime,
    /// The answers, in the order of [`Rules::ALL`].
    pub answers: [Result<(), ChainError>; Rules::ALL.len()],
}

impl Trial {
    /// The answer by a rule set.
    pub fn answer(&self, rules: Rules) -> &Result<(), ChainError> {
        &self.answers[rules.index()]
    }
}

/// The first edge that breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{client} → {server} breaks in step {step} ({title}): {why}")]
#[non_exhaustive]
pub struct Broken {
    /// The edge's id.
    pub edge: String,
    /// The step's id.
    pub step: String,
    /// The step in words.
    pub title: String,
    /// Who connects.
    pub client: String,
    /// Who is connected to.
    pub server: String,
    /// Why it breaks.
    pub why: String,
    /// What to change.
    pub remedy: String,
    /// Cause and duration of the outage, where a person may accept it; otherwise empty.
    pub outage: String,
}

impl TrustMatrix {
    /// Every question that was asked about a certificate that is there, once.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The first edge that the rotation breaks; `None` if none does.
    #[must_use]
    pub fn first_broken(&self) -> Option<Broken> {
        self.broken().min_by_key(|(column, _)| *column).map(|(_, broken)| broken)
    }

    /// The first edge that forbids the rotation: one that breaks, unless it is an outage that was accepted.
    pub(crate) fn refusal(&self, accept_outage: bool) -> Option<Broken> {
        let accepted = |broken: &Broken| accept_outage && !broken.outage.is_empty();
        let forbidding = self.broken().filter(|(_, broken)| !accepted(broken));
        forbidding.min_by_key(|(column, _)| *column).map(|(_, broken)| broken)
    }

    /// Every edge that the rotation breaks, with the column in which it does first.
    fn broken(&self) -> impl Iterator<Item = (usize, Broken)> {
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

    /// Cause and duration of every outage that comes with the rotation, each once; a package is made only if they were accepted.
    pub(crate) fn outages(&self) -> BTreeSet<&str> {
        let broken = self.edges.iter().filter(|edge| edge.worst() == Outcome::Broken);
        broken.map(|edge| edge.outage.as_str()).filter(|outage| !outage.is_empty()).collect()
    }

    /// What is to be said of edges that do not hold today, before anything is changed, and of outages that were accepted.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let outages = self.broken().map(|(_, broken)| {
            Finding::warning("outage-accepted", "", format!("{broken}. {}", broken.outage)).remedy(broken.remedy)
        });
        let broken = self.edges.iter().filter_map(|edge| {
            let verdict = edge.verdict(0).filter(|verdict| verdict.outcome == Outcome::BrokenToday)?;
            // Their number is not known, so that the plan never takes the loaded ones for all.
            let is_serving = edge.row.contains("kubelet-serving");
            let of_workers = !is_serving && verdict.why.contains(ALL_WORKERS);
            let unseen = if of_workers {
                ". This includes workers whose files were not loaded, which may be one phase behind"
            } else {
                ""
            };
            let message = format!("{} → {} does not hold today: {}{unseen}", edge.client, edge.server, verdict.why);
            let remedy = if of_workers {
                "Check ca.crt, kubelet.conf and the kubelet's certificate on every worker, loaded or not"
            } else {
                "Mend it first, or know that it is so"
            };
            Some(Finding::warning("edge-broken-today", "", message).remedy(remedy))
        });
        broken.chain(outages).chain(verifiers::findings(self)).collect()
    }

    /// How many pairs of what is presented and what is trusted were judged.
    #[must_use]
    pub fn states(&self) -> usize {
        let spans = self.edges.iter().flat_map(|edge| &edge.spans);
        spans.map(|span| span.verdict.states * (span.to - span.from + 1)).sum()
    }
}

impl Broken {
    /// As a finding: who, when, why, and what to change.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let remedy = match self.outage.as_str() {
            "" => self.remedy.clone(),
            outage => format!("{}; or accept the outage (--accept-outage): {outage}", self.remedy),
        };
        Finding::error("edge-broken", "", self.to_string()).remedy(remedy)
    }
}

/// Such as `50 edges hold at each of 33 moments, in 5,000 states`.
impl fmt::Display for TrustMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = self.edges.iter().filter(|edge| edge.worst() == Outcome::Holds).count();
        let (all, moments) = (self.edges.len(), self.columns.len());
        if all == 0 {
            return f.write_str("no edge is judged: no CA is made here");
        }
        write!(f, "{holds} of {all} edges hold at each of {moments} moments, judged in {} states", self.states())
    }
}

impl Edge {
    /// The verdict in a column.
    #[must_use]
    pub fn verdict(&self, column: usize) -> Option<&Verdict> {
        self.spans.iter().find(|span| (span.from..=span.to).contains(&column)).map(|span| &span.verdict)
    }

    /// The worst that comes of it.
    #[must_use]
    pub fn worst(&self) -> Outcome {
        self.worst_by(Rules::Go)
    }

    /// The worst that comes of it by a rule set.
    #[must_use]
    pub fn worst_by(&self, rules: Rules) -> Outcome {
        self.spans.iter().map(|span| span.verdict.by(rules)).max().unwrap_or_default()
    }

    /// What comes of it by a rule set once the last step is done.
    pub(super) fn last_by(&self, rules: Rules) -> Outcome {
        self.spans.last().map(|span| span.verdict.by(rules)).unwrap_or_default()
    }

    pub(super) fn push(&mut self, column: usize, verdict: Verdict) {
        match self.spans.last_mut() {
            Some(last) if last.verdict == verdict && last.to + 1 == column => last.to = column,
            _ => self.spans.push(Span { from: column, to: column, verdict }),
        }
    }
}

impl From<Expectation> for bool {
    /// Shall it be refused?
    fn from(expectation: Expectation) -> Self {
        expectation == Expectation::RefusedAtTheEnd
    }
}
