//! Compares the handshakes that a package predicts with those performed on a cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The number of handshakes with the predicted result, by TLS library.
    pub agreed: BTreeMap<String, usize>,
    /// The number of handshakes without a prediction at that moment.
    pub not_predicted: usize,
    /// Handshakes with another result than predicted, as text.
    pub mismatches: Vec<String>,
    /// Connections that have no handshake at some moment.
    pub missing: Vec<String>,
}

/// The predictions for one connection, each with the step from which it applies.
struct Predicted<'a> {
    accepted: bool,
    verdicts: Vec<(usize, &'a Value)>,
}

impl Predicted<'_> {
    /// The prediction at a moment, by the rules of the verifier with this id.
    fn at(&self, moment: usize, rules: &str) -> &str {
        let last = self.verdicts.iter().rev().find(|(from, _)| *from <= moment);
        last.and_then(|(_, verdict)| verdict["others"][rules].as_str().or_else(|| verdict["verdict"].as_str()))
            .unwrap_or("not-asked")
    }
}

/// The moments of a package: before the first step, and after each step.
#[must_use]
pub fn moments(manifest: &Value) -> Vec<&str> {
    let steps = list(&manifest["steps"]).iter().map(|step| text(&step["id"]));
    std::iter::once("today").chain(steps).collect()
}

/// Whether a step only reads logs. Such a step changes nothing, so no handshake follows it.
fn reads_logs(step: &Value) -> bool {
    text(&step["run"]).is_empty() && text(&step["gate"]).contains(".sh verify ")
}

/// The rows of the connection table that a package predicts.
#[must_use]
pub fn rows(manifest: &Value) -> BTreeSet<&str> {
    list(&manifest["edges"]).iter().map(|edge| row(text(&edge["id"]))).collect()
}

/// The row to which a connection belongs.
#[must_use]
pub fn row(edge: &str) -> &str {
    edge.split_once('/').map_or(edge, |(row, _)| row)
}

/// Whether a connection belongs to a machine that Cluster API's roll-out creates.
#[must_use]
pub fn is_rolled(edge: &str) -> bool {
    edge.ends_with("/machines of the roll-out")
}

/// Compares every record with the prediction for its connection at its moment.
///
/// # Panics
///
/// If the package does not know the connection or the moment of a record.
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
            // A connection that does not work in every state may still work in the current one.
            "holds" => comparison.mismatches.push(format!("holds, it was predicted, but {}", describe(record))),
            _ => comparison.not_predicted += 1,
        }
    }
    // Machines of the roll-out exist only after it, and never exist if the lab does not simulate Cluster API.
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

/// A record as a line of text.
#[must_use]
pub fn describe(record: &Value) -> String {
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
