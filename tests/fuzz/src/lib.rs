//! What every fuzz target holds the core to: memory in proportion to the input, a few seconds, and no private key in what is shown.

pub mod keys;
pub mod meter;
pub mod pipeline;
#[path = "../../src/secrets.rs"]
pub mod secrets;
pub mod trees;

pub use meter::{metered, timed};
