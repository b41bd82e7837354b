//! Reproduces planted faults on a real cluster (`cargo xtask lab faults`).
//!
//! Applies the correct package step by step. Where a faulty package would differ, puts the cluster into the state that
//! the fault causes, records the handshakes that break, and restores the correct state.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use self::fault_run::FaultRun;
use super::{
    arguments::Arguments,
    handshakes::{Recorder, keep_before},
    machines::Lab,
    package::Package,
    runner::Runner,
};

mod early;
mod fault_run;
mod fault_states;
mod late;

/// Applies a package, and reproduces each fault at the step where it has an effect.
pub fn run(lab: &Lab, arguments: &Arguments) -> Result<()> {
    let [package, folder] = arguments.rest.as_slice() else {
        bail!("say which package, and which folder has the faulty ones: `cargo xtask lab faults PACKAGE FOLDER`")
    };
    ensure!(lab.holder().is_some(), "no lab is up in {}: `cargo xtask lab up`", lab.directory.display());
    let package = Package::deliver(lab, Path::new(package))?;
    keep_before(lab)?;
    let mut run = FaultRun {
        lab,
        runner: Runner::new(lab, None)?,
        recorder: Recorder::start(lab, &package)?,
        package,
        folder: PathBuf::from(folder),
        started: Instant::now(),
        seen: BTreeMap::new(),
        handshakes: Vec::new(),
    };
    let outcome = run.run_all();
    let seen: serde_json::Map<String, Value> = run.seen.into_iter().collect();
    let document =
        json!({ "faults": seen, "handshakes": run.handshakes, "seconds": run.started.elapsed().as_secs_f64() });
    fs::write(lab.directory.join("faults.json"), serde_json::to_string_pretty(&document)? + "\n")?;
    outcome
}
