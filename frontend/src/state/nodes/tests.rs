//! Rows of the inventory.

use airlock_core::{
    Finding,
    report::{MissingReport, StandingReport},
};

use super::*;
use crate::{state::pki::tests::sample, words};

#[test]
fn a_line_says_what_is_held_and_what_expires_first() {
    let mut found = sample();
    found.findings =
        vec![Finding::warning("old", "nodes.tar!/kubelet.crt", "it is old"), Finding::error("odd", "", "odd")];
    let rows = rows(&found);
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["cp1", "cp2", "worker1"]);
    assert_eq!(rows[1].first, Some(("/pki/apiserver.crt".to_owned(), UnixTime(200_000_000))));
    assert_eq!((rows[0].findings, rows[2].findings), ([0, 0, 0], [0, 1, 0]));
    assert_eq!(
        (words::state(rows[0].findings), words::state(rows[2].findings)),
        ("OK".to_owned(), "1 warning".to_owned())
    );
    assert!(rows.iter().all(|row| row.standing.is_none()), "no rotation is under way");
}

#[test]
fn a_line_says_where_in_a_rotation_its_holder_is() {
    let mut found = sample();
    let stands = |name: &str, role: &str, standing, out: usize| StandingReport {
        name: name.to_owned(),
        role: role.to_owned(),
        standing,
        out_of_line: vec![
            MissingReport {
                holder: name.to_owned(),
                role: role.to_owned(),
                place: String::new(),
                file: String::new(),
                seen: String::new(),
            };
            out
        ],
    };
    found.rotation.holders = vec![
        stands("cp1", "control-plane", Standing::Switched, 0),
        stands("cp2", "control-plane", Standing::TrustsBoth, 2),
    ];
    let said: Vec<_> = rows(&found).into_iter().map(|row| words::standing(row.standing)).collect();
    assert_eq!(said, ["Switched", "Trusts both, 2 places differ", "Not affected"]);
}

#[test]
fn many_nodes_with_the_same_files_are_one_row() {
    let mut found = sample();
    let worker = found.holders[2].clone();
    found.holders.extend((2..6).map(|number| HolderReport { name: format!("worker{number}"), ..worker.clone() }));
    let folds = folded(rows(&found));
    let names: Vec<_> = folds.iter().map(words::fold_name).collect();
    assert_eq!(names, ["cp1", "cp2", "worker1 to worker5"]);
    assert_eq!(folds[2].first(), folds[2].rows[0].first.as_ref());
}

#[test]
fn a_filter_finds_names_paths_subjects_and_what_expires() {
    let found = sample();
    let rows = rows(&found);
    let fitting = |filter: &Filter| -> Vec<&str> {
        let fits = |at: &usize| filter.fits(&found.holders[*at], &rows[*at], UnixTime(200_000_000 - 86_400 * 5));
        (0..rows.len()).filter(fits).map(|at| rows[at].name.as_str()).collect()
    };
    let text = |text: &str| Filter { text: text.to_owned(), ..Filter::default() };
    assert_eq!(fitting(&Filter::default()), ["cp1", "cp2", "worker1"]);
    assert_eq!(fitting(&text("WORKER")), ["worker1"]);
    assert_eq!(fitting(&text("apiserver.crt")), ["cp1", "cp2"]);
    assert_eq!(fitting(&text("nothing of the sort")), Vec::<&str>::new());
    let soon = Filter { within: Some(10), ..Filter::default() };
    assert!(fitting(&soon).contains(&"cp2"));
    assert_eq!(fitting(&Filter { severity: Some(Severity::Error), ..Filter::default() }), Vec::<&str>::new());
}

#[test]
fn the_api_server_that_most_kubeconfigs_name_comes_first() {
    let mut found = sample();
    for (holder, server) in [(0, "https://a:6443"), (1, "https://b:6443"), (2, "https://b:6443")] {
        found.holders[holder].slots[0].server = server.to_owned();
    }
    assert_eq!(servers(&found), ["b:6443", "a:6443"]);
}
