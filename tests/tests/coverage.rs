//! Completeness: every process that reads a file which the package changes, and every file that depends on a rotated
//! CA, is handled by a step, must be acknowledged, or makes Airlock refuse the plan.

#[path = "coverage/by_hand.rs"]
mod by_hand;
#[path = "coverage/cluster.rs"]
mod cluster;
#[path = "coverage/dependents.rs"]
mod dependents;
#[path = "coverage/keys.rs"]
mod keys;
#[path = "coverage/published.rs"]
mod published;
#[path = "coverage/random.rs"]
mod random;
#[path = "coverage/readers.rs"]
mod readers;
#[path = "coverage/serving.rs"]
mod serving;
#[path = "coverage/sources.rs"]
mod sources;
#[path = "coverage/stale.rs"]
mod stale;
#[path = "coverage/workloads.rs"]
mod workloads;
