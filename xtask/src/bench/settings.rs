//! The folders, programs and settings that all measurements share.

use std::{fs, path::PathBuf};

use super::process::Meter;
use crate::setup;

/// The value of `--only` for the measurement of large clusters. The other values are [`PAGE`] and the key types.
pub const TREES: &str = "trees";

/// The value of `--only` for the page's start time and long tasks.
pub const PAGE: &str = "page";

/// The folders, programs and settings that all measurements use.
pub struct Bench {
    /// The folder for inputs and outputs.
    pub folder: PathBuf,
    pub airlock: PathBuf,
    pub kubeadm: PathBuf,
    pub page: PathBuf,
    pub meter: Meter,
    /// The number of measurements for each contender, without the warm-up.
    pub samples: usize,
}

impl Bench {
    /// The path of a script in `tests/bench`.
    pub fn script(&self, name: &str) -> PathBuf {
        setup::root().join("tests/bench").join(name)
    }
}

/// The load average of the last minute, where the system reports it.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}
