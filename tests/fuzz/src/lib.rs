//! Checks shared by all fuzz targets: memory in proportion to the input, a few seconds of processor time, and no
//! private key in displayed text.

pub mod keys;
pub mod meter;
pub mod pipeline;
#[path = "../../src/secrets.rs"]
pub mod secrets;
pub mod trees;

pub use meter::{metered, timed};
