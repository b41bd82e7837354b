//! The results of each rule set over all connections.

use std::fmt;

use super::model::{Edge, Outcome, TrustMatrix};
use crate::{finding::Finding, x509::Rules};

/// The result of a rule set over all connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifierSummary {
    /// The rule set.
    pub rules: Rules,
    /// The number of connections.
    pub connections: usize,
    /// The number of connections that work at every moment.
    pub work: usize,
    /// The number of connections that do not work before the first step.
    pub broken_today: usize,
    /// The number of those that work after the last step.
    pub mended: usize,
    /// The number of connections that stop working during the rotation.
    pub broken: usize,
    /// The number of connections that are not judged.
    pub not_judged: usize,
    /// The reason for the first one that does not work or is not judged, as text; empty if all work.
    pub why: String,
}

impl TrustMatrix {
    /// The results of all rule sets, Go first.
    #[must_use]
    pub fn verifiers(&self) -> Vec<VerifierSummary> {
        Rules::ALL.map(|rules| VerifierSummary::of(self, rules)).into_iter().collect()
    }
}

impl VerifierSummary {
    fn of(matrix: &TrustMatrix, rules: Rules) -> Self {
        let worst = |outcome: Outcome| matrix.edges.iter().filter(move |edge| edge.worst_by(rules) == outcome);
        let mended = |edge: &&Edge| edge.last_by(rules) <= Outcome::Holds;
        let bad = [Outcome::Broken, Outcome::BrokenToday, Outcome::NotJudged].into_iter().flat_map(worst).next();
        let why = bad.and_then(|edge| {
            let worst = edge.spans.iter().find(|span| span.verdict.by(rules) == edge.worst_by(rules))?;
            Some(format!("{} → {}: {}", edge.client, edge.server, worst.verdict.why_by(rules)))
        });
        Self {
            rules,
            connections: matrix.edges.len(),
            work: worst(Outcome::Holds).count() + worst(Outcome::NotAsked).count(),
            broken_today: worst(Outcome::BrokenToday).count(),
            mended: worst(Outcome::BrokenToday).filter(mended).count(),
            broken: worst(Outcome::Broken).count(),
            not_judged: worst(Outcome::NotJudged).count(),
            why: why.unwrap_or_default(),
        }
    }

    /// Whether all connections work at every moment.
    #[must_use]
    pub fn all_work(&self) -> bool {
        self.work == self.connections
    }

    /// The result, such as `all 46 connections work`.
    #[must_use]
    pub fn result(&self) -> String {
        let Self { connections, work, broken_today, mended, broken, not_judged, .. } = self;
        if self.all_work() {
            return format!("all {connections} connections work");
        }
        let mut parts = vec![format!("{work} of {connections} connections work in every step")];
        if *broken > 0 {
            parts.push(format!("{broken} stop working during the rotation"));
        }
        if *broken_today > 0 {
            let after = match broken_today - mended {
                0 => "all of them work after the rotation".to_owned(),
                left => format!("{left} of them also after the rotation"),
            };
            parts.push(format!("{broken_today} are already refused before the rotation, {after}"));
        }
        if *not_judged > 0 {
            parts.push(format!("{not_judged} are not judged"));
        }
        parts.join("; ")
    }
}

/// Summary, such as `Go (kubectl, all Kubernetes components): all 46 connections work`.
impl fmt::Display for VerifierSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rules, self.result())
    }
}

/// Findings about rule sets that refuse new certificates after the last step, because every verifier must accept them.
/// Go's refusals are not included, because they prevent the package; connections that Go's rules do not judge are.
pub(super) fn findings(matrix: &TrustMatrix) -> impl Iterator<Item = Finding> {
    Rules::ALL.into_iter().filter_map(|rules| {
        let is_refused = |edge: &&Edge| match edge.last_by(rules) {
            Outcome::Broken | Outcome::BrokenToday => rules != Rules::Go,
            Outcome::NotJudged => rules == Rules::Go,
            Outcome::Holds | Outcome::NotAsked => false,
        };
        let mut refused = matrix.edges.iter().filter(is_refused);
        let first = refused.next()?;
        let count = 1 + refused.count();
        let verdict = &first.spans.last()?.verdict;
        let why = verdict.why_by(rules);
        let all = matrix.edges.len();
        Some(if rules == Rules::Go {
            let message = format!("{count} of {all} connections are not judged: {} → {}: {why}", first.client, first.server);
            Finding::warning("connection-not-judged", "", message)
                .remedy("Check these connections yourself after each step; Airlock cannot predict them")
        } else {
            let message = format!(
                "{rules} refuses {count} of {all} connections after the rotation: {} → {}: {why}",
                first.client, first.server
            );
            Finding::warning("new-certificates-refused", "", message).remedy(
                "Generate the new CA with Airlock, or import a CA that this verifier accepts; without such clients ignore this",
            )
        })
    })
}
