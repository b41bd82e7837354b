//! Texts that are computed.

use super::*;

#[test]
fn holders_are_named_as_far_as_there_is_room() {
    let holders = ["cp1", "cp2", "cp3", "worker1"].map(str::to_owned);
    assert_eq!(holders_in(&holders, 40), "cp1, cp2, cp3, worker1");
    assert_eq!(holders_in(&holders, 20), "cp1, cp2 and 2 more");
    assert_eq!(holders_in(&holders[..1], 40), "cp1");
    let long = ["a-node-whose-name-goes-on-and-on.example".to_owned()];
    assert_eq!(holders_in(&long, 20), "a-nod…and-on.example");
    assert_eq!(holders_in(&[], 20), "");
}
