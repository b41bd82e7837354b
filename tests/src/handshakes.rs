//! What a package predicts of handshakes, beside what came of them on a cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What was compared, and where it differs.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Handshakes that came out as predicted, by who judged.
    pub agreed: BTreeMap<String, usize>,
    /// Handshakes of which nothing was predicted at that moment.
    pub unasked: usize,
    /// In words, each handshake that came out otherwise.
    pub mismatches: Vec<String>,
    /// Edges of which a moment has no handshake.
    pub missing: Vec<String>,
}

/// The verdicts of one edge, from the step on from which each holds.
struct Predicted<'a> {
    accepted: bool,
    verdicts: Vec<(usize, &'a Value)>,
}

impl Predicted<'_> {
    /// The verdict at a moment, by the rules of the verifier with this id.
    fn at(&self, moment: usize, rules: &str) -> &str {
        let last = self.verdicts.iter().rev().find(|(from, _)| *from <= moment);
        last.and_then(|(_, verdict)| verdict["others"][rules].as_str().or_else(|| verdict["verdict"].as_str()))
            .unwrap_or("not-asked")
    }
}

/// Every moment of a package: before the first step, and after each.
#[must_use]
pub fn moments(manifest: &Value) -> Vec<&str> {
    let steps = list(&manifest["steps"]).iter().map(|step| text(&step["id"]));
    std::iter::once("today").chain(steps).collect()
}

/// Does a step only read logs? It changes nothing, so no handshake is made after it.
fn reads_logs(step: &Value) -> bool {
    text(&step["run"]).is_empty() && text(&step["gate"]).contains(".sh verify ")
}

/// The rows of the table of edges that a package predicts.
#[must_use]
pub fn rows(manifest: &Value) -> BTreeSet<&str> {
    list(&manifest["edges"]).iter().map(|edge| row(text(&edge["id"]))).collect()
}

/// The row that an edge is one of.
#[must_use]
pub fn row(edge: &str) -> &str {
    edge.split_once('/').map_or(edge, |(row, _)| row)
}

/// Is it one of a machine that Cluster API makes in its roll-out?
#[must_use]
pub fn is_rolled(edge: &str) -> bool {
    edge.ends_with("/machines of the roll-out")
}

/// Compares every record with the verdict of its edge at its moment.
///
/// # Panics
///
/// If a record is about an edge or a moment that the package does not know.
#[must_use]
pub fn compare(manifest: &Value, records: &Value) -> Comparison {
    let moments = moments(manifest);
    let position = |id: &str| {
        moments.iter().position(|moment| *moment == id).unwrap_or_else(|| panic!("the package has no moment {id}"))
    };
    let edges: BTreeMap<&str, Predicted<'_>> = list(&manifest["edges"])
        .iter()
        .map(|edge| {
            let verdicts = list(&edge["verdicts"]).iter();
            let verdicts = verdicts.map(|verdict| (position(text(&verdict["from"])), verdict)).collect();
            (text(&edge["id"]), Predicted { accepted: edge["expected"] == "accepted", verdicts })
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut comparison = Comparison::default();
    for record in list(records) {
        let (edge, step, reader) = (text(&record["edge"]), text(&record["step"]), text(&record["reader"]));
        let predicted = edges.get(edge).unwrap_or_else(|| panic!("the package has no edge {edge}"));
        let rules = if reader == "go" { "go" } else { "openSsl" };
        let outcome = text(&record["outcome"]);
        if reader == "go" && outcome != "failed" {
            seen.insert((step, edge));
        }
        let expected = if predicted.accepted { "accepted" } else { "refused" };
        match predicted.at(position(step), rules) {
            "holds" if outcome == expected => *comparison.agreed.entry(reader.to_owned()).or_default() += 1,
            // Where it does not hold in every state, it may in the one that there is.
            "holds" => comparison.mismatches.push(format!("holds, it was predicted, but {}", words(record))),
            _ => comparison.unasked += 1,
        }
    }
    // A machine of the roll-out is there once it is rolled out, and where nobody plays Cluster API's part it never is.
    let has_rolled = seen.iter().any(|(_, edge)| is_rolled(edge));
    let steps = list(&manifest["steps"]).iter();
    let readers: BTreeSet<&str> = steps.filter(|step| reads_logs(step)).map(|step| text(&step["id"])).collect();
    for (index, moment) in moments.iter().enumerate().filter(|(_, moment)| !readers.contains(**moment)) {
        let asked = |edge: &str| has_rolled && edges[edge].at(index, "go") != "not-asked";
        let unseen = edges.keys().filter(|edge| !seen.contains(&(*moment, **edge)));
        for edge in unseen.filter(|edge| !is_rolled(edge) || asked(edge)) {
            comparison.missing.push(format!("{edge} at {moment}"));
        }
    }
    comparison
}

/// A record in a line.
#[must_use]
pub fn words(record: &Value) -> String {
    let word = |key: &str| text(&record[key]);
    format!(
        "{} at {}: {} → {}, by {}: {} {}",
        word("edge"),
        word("step"),
        word("client"),
        word("server"),
        word("reader"),
        word("outcome"),
        word("message")
    )
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
