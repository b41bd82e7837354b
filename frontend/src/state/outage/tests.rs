//! Outages, and when they can be accepted.

use super::*;
use crate::{
    state::chart::tests::{outage, sample},
    words,
};

#[test]
fn the_connections_of_a_row_are_one_outage() {
    let chart = outage(9, false, false);
    let found = outages(&chart);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].connections, found[0].moments), (2, (4, 8)));
    assert!(found[0].cause.contains("--kubelet-certificate-authority"), "{}", found[0].cause);
    assert!(words::accept_outages(&found).contains("logs, exec and port-forward fail"));
}

#[test]
fn an_outage_can_be_accepted_if_nothing_else_breaks() {
    assert!(is_acceptable(&outage(9, false, false)));
    assert!(!is_acceptable(&outage(9, false, true)), "a kubelet is left behind as well");
    assert!(!is_acceptable(&sample(9)), "that is no outage");
    assert!(!is_acceptable(&Chart::default()), "nothing breaks");
}
