//! A line for each holder.

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
        ("in order".to_owned(), "1 warning".to_owned())
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
    assert_eq!(said, ["switched", "trusts both, 2 places out of line", "has no part in it"]);
}
