//! The chart of a matrix.

use airlock_core::profile::{AuthorityId, STARLINGX};
use serde_json::{Value, json};

use super::*;
use crate::{
    state::trust::{CaSet, Participant, links},
    words,
};

/// A verdict: the results of Go and OpenSSL, and what the client may present.
fn verdict(outcome: &str, open_ssl: &str, shows: &[&str]) -> Value {
    let others = if open_ssl == outcome { json!({}) } else { json!({ "openSsl": { "outcome": open_ssl } }) };
    json!({ "outcome": outcome, "others": others, "states": shows.len(), "clientPresents": shows, "why": format!("why of {outcome}"),
        "serverTrusts": ["old CA, new CA"], "serverPresents": ["certificate of the old CA"], "clientTrusts": ["old CA"] })
}

fn edge(row: &str, name: &str, refused: bool, spans: &[(usize, usize, Value)]) -> Value {
    let spans: Vec<Value> =
        spans.iter().map(|(from, to, verdict)| json!({ "from": from, "to": to, "verdict": verdict })).collect();
    json!({ "id": format!("{row}/{name}"), "row": row, "authority": "cluster", "client": name, "server": "every kube-apiserver",
        "refused": refused, "facts": ["a fact"], "remedy": "Mend it", "outage": "", "spans": spans })
}

/// A chart with this many steps, in three phases after today.
fn chart(columns: usize, edges: &[Value]) -> Chart {
    judged(columns, edges, false)
}

fn judged(columns: usize, edges: &[Value], accepted: bool) -> Chart {
    let columns: Vec<Value> = (0..columns)
        .map(|at| json!({ "id": at.to_string(), "phase": at.div_ceil(3), "holder": "cp1", "title": format!("title {at}") }))
        .collect();
    Chart::of(serde_json::from_value(json!({ "columns": columns, "edges": edges })).unwrap(), accepted)
}

fn holds() -> Value {
    verdict("holds", "holds", &["certificate of the old CA"])
}

/// Three kubelets, of which the second breaks at the end, and one connection that is rejected.
pub(in crate::state) fn sample(columns: usize) -> Chart {
    let last = columns - 1;
    let changes = verdict("holds", "holds", &["certificate of the old CA", "certificate of the new CA"]);
    chart(
        columns,
        &[
            edge("kubelet-apiserver", "kubelet on cp1", false, &[(0, 1, holds()), (2, 3, changes), (4, last, holds())]),
            edge(
                "kubelet-apiserver",
                "kubelet on cp2",
                false,
                &[(0, 4, holds()), (5, last, verdict("broken", "broken", &["certificate of the old CA"]))],
            ),
            edge("kubelet-apiserver", "kubelet of every worker", false, &[(0, last, verdict("holds", "broken", &[]))]),
            edge("pods-apiserver", "pods", false, &[(0, last, verdict("broken-today", "broken-today", &[]))]),
            edge(
                "old-client-apiserver",
                "somebody",
                true,
                &[(0, last - 1, verdict("not-asked", "not-asked", &[])), (last, last, holds())],
            ),
        ],
    )
}

/// An outage of two kube-apiservers from the fifth step on; with `more`, another connection breaks.
pub(in crate::state) fn outage(columns: usize, accepted: bool, more: bool) -> Chart {
    let last = columns - 1;
    let broken = verdict("broken", "broken", &[]);
    let mut edges: Vec<Value> = ["cp1", "cp2"]
        .map(|node| {
            let spans = [(0, 3, holds()), (4, last, broken.clone())];
            let mut edge = edge("apiserver-kubelet-serving", &format!("kube-apiserver on {node}"), false, &spans);
            // In core's format.
            let rows = STARLINGX.edges.iter().find(|row| row.id == "apiserver-kubelet-serving");
            let declared = rows.unwrap().outage.unwrap();
            edge["outage"] = json!(format!("{}: {}", declared.cause, declared.duration));
            edge
        })
        .into();
    edges.push(edge("pods-apiserver", "pods", false, &[(0, last, if more { broken } else { holds() })]));
    judged(columns, &edges, accepted)
}

fn marks(chart: &Chart, group: usize) -> Vec<(usize, usize, Mark)> {
    chart.groups[group].runs.iter().map(|run| (run.from, run.to, run.style.mark)).collect()
}

#[test]
fn the_edges_of_a_row_are_one_line_with_the_worst_of_them() {
    let chart = sample(9);
    let rows: Vec<_> = chart.groups.iter().map(|group| (group.row.as_str(), group.edges.len())).collect();
    assert_eq!(rows, [("kubelet-apiserver", 3), ("pods-apiserver", 1), ("old-client-apiserver", 1)]);
    let expected = [(0, 1, Mark::Holds), (2, 3, Mark::Changes), (4, 4, Mark::Holds), (5, 8, Mark::Broken)];
    assert_eq!(marks(&chart, 0), expected);
    assert_eq!(marks(&chart, 1), [(0, 8, Mark::BrokenToday)]);
    assert_eq!(marks(&chart, 2), [(0, 7, Mark::NotAsked), (8, 8, Mark::Refused)]);
    assert!(chart.groups[0].runs.iter().all(|run| run.style.differs), "OpenSSL differs over one of them");
}

#[test]
fn few_moments_have_a_row_each_and_many_are_drawn_together() {
    assert_eq!(sample(9).rows().len(), 9);
    let chart = sample(600);
    let line = Line { group: 0, edge: None };
    let marks: Vec<Mark> = chart.rows().iter().map(|row| chart.style_at(line, *row).mark).collect();
    assert_eq!((marks[0], marks.last().copied()), (Mark::Holds, Some(Mark::Broken)));
    let edge = Line { group: 0, edge: Some(1) };
    let broken =
        chart.rows().iter().filter(|row| chart.style_at(edge, **row).mark == Mark::Broken).map(|row| row.from).min();
    assert_eq!(broken, Some(5));
}

#[test]
fn a_cell_speaks_of_the_worst_and_of_how_many() {
    let chart = sample(9);
    let cell = chart.cell(Line { group: 0, edge: None }, 6).unwrap();
    assert_eq!((cell.style.mark, cell.all.len(), cell.worst.0.client.as_str()), (Mark::Broken, 3, "kubelet on cp2"));
    assert_eq!(cell.until, 8);
    assert_eq!(words::verdict(&cell), "Breaks: why of broken.");
    assert_eq!(words::which(&cell), "1 of 3 connections is affected, first kubelet on cp2 → every kube-apiserver.");
    let one = chart.cell(Line { group: 0, edge: Some(0) }, 2).unwrap();
    assert_eq!((words::peers(&one.peers).0, one.style.mark, one.until), ("kubelet on cp1", Mark::Changes, 3));
    assert_eq!(chart.cell(Line { group: 9, edge: None }, 0), None);
    assert_eq!(chart.cell(Line { group: 0, edge: None }, 9), None);
}

#[test]
fn a_refusal_that_nobody_asks_for_yet_says_so() {
    let chart = sample(9);
    let line = Line { group: 2, edge: None };
    assert!(words::verdict(&chart.cell(line, 0).unwrap()).starts_with("Not tested before the last step"));
    assert!(words::verdict(&chart.cell(line, 8).unwrap()).starts_with("Correctly rejected"));
}

#[test]
fn an_outage_breaks_until_it_is_accepted() {
    let line = Line { group: 0, edge: None };
    for (accepted, mark, said) in [
        (false, Mark::Broken, "Breaks: why of broken."),
        (true, Mark::Outage, "Fails, as you accepted: why of broken."),
    ] {
        let chart = outage(9, accepted, true);
        assert_eq!(marks(&chart, 0), [(0, 3, Mark::Holds), (4, 8, mark)]);
        assert_eq!(marks(&chart, 1), [(0, 8, Mark::Broken)], "what is not declared is not accepted");
        let cell = chart.cell(line, 6).unwrap();
        assert_eq!(words::verdict(&cell), said);
        assert_eq!(words::outage(&cell).contains("You accepted"), accepted);
    }
    let chart = outage(9, true, false);
    assert_eq!(words::answer(&chart), "Will anything lose connectivity? Only the outage that you accepted.");
    assert_eq!(links(&chart, 6)[&(Participant::Apiserver, Participant::Kubelets)].style.mark, Mark::Outage);
}

#[test]
fn phases_are_runs_of_moments() {
    assert_eq!(sample(9).phases, [(0, 0, 0), (1, 1, 3), (2, 4, 6), (3, 7, 8)]);
}

#[test]
fn the_drawing_says_what_each_end_shows_and_trusts() {
    let chart = sample(9);
    let link = &links(&chart, 2)[&(Participant::Kubelets, Participant::Apiserver)];
    assert_eq!((link.edges, link.style.mark), (2, Mark::Changes));
    assert_eq!(link.client_presents, CaSet { old: true, new: true, ..CaSet::default() });
    assert_eq!(words::ca_set(link.client_presents), "old or new");
    assert_eq!(
        (words::ca_set(link.server_trusts).as_str(), words::ca_set(link.client_trusts).as_str()),
        ("both", "old")
    );
    assert_eq!(links(&chart, 6)[&(Participant::Kubelets, Participant::Apiserver)].style.mark, Mark::Broken);
    assert_eq!(
        links(&chart, 6)[&(Participant::WorkerKubelets, Participant::Apiserver)].style,
        CellStyle { mark: Mark::Holds, differs: true }
    );
}

#[test]
fn the_front_proxy_has_an_old_and_a_new_ca_as_well() {
    let changes = ["certificate of the old front-proxy CA", "certificate of the new front-proxy CA"];
    let chart = chart(1, &[edge("aggregator-extension", "a", false, &[(0, 0, verdict("holds", "holds", &changes))])]);
    assert_eq!(
        words::ca_set(links(&chart, 0)[&(Participant::Apiserver, Participant::Extensions)].client_presents),
        "old or new"
    );
}

#[test]
fn no_two_rows_have_the_same_words() {
    for profile in PROFILES {
        let words = |row: &EdgeRow| {
            words::connection((words::party(row.client, row.authority), words::party(row.server, row.authority)))
        };
        let mut said: Vec<String> = profile.edges.iter().map(words).collect();
        said.sort();
        let all = said.len();
        said.dedup();
        assert_eq!(said.len(), all, "{said:#?}");
    }
}

#[test]
fn every_row_of_a_profile_has_words_and_a_seat() {
    for row in PROFILES.iter().flat_map(|profile| profile.edges) {
        for end in [row.client, row.server] {
            assert_ne!(words::party(end, row.authority), "another component", "{}", row.id);
        }
        let one = chart(1, &[edge(row.id, "kubelet on cp1", false, &[(0, 0, holds())])]);
        let ends = links(&one, 0).into_keys().next().unwrap();
        assert!(![ends.0, ends.1].contains(&Participant::Other), "{}", row.id);
        // Connections to Talos' own API are only in the table below the diagram.
        let drawn = [ends.0, ends.1]
            .iter()
            .any(|participant| matches!(participant, Participant::Apiserver | Participant::OldHolder));
        assert!(drawn || row.authority == AuthorityId::Talos, "{} is drawn", row.id);
    }
}

#[test]
fn an_empty_matrix_has_nothing_to_draw() {
    let chart = Chart::of(TrustMatrix::default(), false);
    assert_eq!((chart.groups.len(), chart.last(), chart.phases.len()), (0, 0, 0));
    assert_eq!(chart.cell(Line::default(), 0), None);
}
