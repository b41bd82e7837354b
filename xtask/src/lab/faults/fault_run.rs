//! The state of a run with planted faults: applies steps, expects connections to break and to be restored.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::lab::{
    consumers,
    handshakes::Recorder,
    machines::{ADMIN, Lab, wait},
    package::{Package, Step},
    runner::{Disturbance, Runner},
};

/// How long an effect may take, such as a server's reload of a certificate or the expiry of a lease.
pub const EFFECT_LIMIT: Duration = Duration::from_secs(150);

/// How long a step of a faulty package waits for an effect that does not occur, in seconds.
pub const NO_EFFECT_WAIT: u64 = 12;

/// The state of the correct package's application, and the results of the faulty ones.
pub struct FaultRun<'a> {
    pub lab: &'a Lab,
    pub runner: Runner<'a>,
    pub recorder: Recorder<'a>,
    pub package: Package,
    /// The folder with the faulty packages, named by fault.
    pub folder: PathBuf,
    pub started: Instant,
    pub seen: BTreeMap<String, Value>,
    pub handshakes: Vec<Value>,
}

/// The expected result of a connection when there is no fault.
fn expected(edge: &str) -> &'static str {
    let row = edge.split_once('/').map_or(edge, |(row, _)| row);
    if row.starts_with("old-") || row.ends_with("-impostor") { "refused" } else { "accepted" }
}

/// The TLS library that checks the handshakes of a fault: Go, or OpenSSL for a fault that only OpenSSL rejects.
fn reader_of(fault: &str) -> &'static str {
    if fault == "KeyIdOfWrongAuthority" { "openssl" } else { "go" }
}

fn is_wrong(record: &Value, reader: &str) -> bool {
    let wrong =
        if expected(record["edge"].as_str().unwrap_or_default()) == "refused" { "accepted" } else { "refused failed" };
    record["reader"] == reader && record["outcome"].as_str().is_some_and(|outcome| wrong.contains(outcome))
}

impl FaultRun<'_> {
    pub fn step(&self, id: &str) -> Result<&Step> {
        self.package.steps.iter().find(|step| step.id == id).with_context(|| format!("the package has no step {id}"))
    }

    pub fn say(&self, words: &str, began: Instant) {
        let (now, seconds) = (self.started.elapsed().as_secs_f64(), began.elapsed().as_secs_f64());
        println!("{now:7.1} s  {words} ({seconds:.1} s)");
    }

    /// Runs a step of the correct package.
    pub fn apply(&mut self, id: &str) -> Result<()> {
        let began = Instant::now();
        let step = self.step(id)?;
        let (phase, holder) = (step.phase, step.holder.clone());
        self.runner.step(step, 0, Disturbance::default()).with_context(|| format!("step {id}"))?;
        if holder == "clients" {
            consumers::settle(self.lab, phase)?;
            self.recorder.use_phase_files(&self.package, phase)?;
        }
        self.say(id, began);
        Ok(())
    }

    /// Performs every handshake after a step; each must have the expected result.
    pub fn check_handshakes(&mut self, id: &str) -> Result<()> {
        let began = Instant::now();
        let records = self.recorder.record(self.package.steps.iter().find(|step| step.id == id))?;
        self.say(&format!("{} handshakes after {id}", records.len()), began);
        self.handshakes.extend(records);
        Ok(())
    }

    pub fn apply_and_check(&mut self, ids: &[&str]) -> Result<()> {
        for id in ids {
            self.apply(id)?;
            self.check_handshakes(id)?;
        }
        Ok(())
    }

    /// The connections of a row, or the single connection with that id.
    pub fn edges(&self, row: &str) -> Vec<String> {
        let of_row = |edge: &&String| **edge == *row || edge.starts_with(&format!("{row}/"));
        self.package.edges.iter().filter(of_row).cloned().collect()
    }

    /// Performs a row's handshakes after a step; waits only briefly for certificates to be issued.
    pub fn records(&self, step: &str, row: &str) -> Result<Vec<Value>> {
        let edges = self.edges(row);
        ensure!(!edges.is_empty(), "the package has no edge {row}");
        self.recorder.record_edges(step, self.step(step)?.phase, &edges, NO_EFFECT_WAIT)
    }

    /// Waits until a handshake of the row breaks for clients named `client`, with the message `said`, and records it.
    /// Call it after putting the fault in place.
    pub fn expect_broken(&mut self, fault: &str, step: &str, row: &str, client: &str, said: &str) -> Result<()> {
        let began = Instant::now();
        let mut all = Vec::new();
        let wrong = wait(EFFECT_LIMIT, &format!("{fault} to break {row}"), || {
            let records = self.records(step, row)?;
            let named = |record: &Value| record["client"].as_str().is_some_and(|name| name.contains(client));
            let wrong = records.iter().filter(|record| is_wrong(record, reader_of(fault)) && named(record));
            let wrong: Vec<Value> = wrong.cloned().collect();
            all = records;
            Ok((!wrong.is_empty()).then_some(wrong))
        })?;
        let message = wrong.first().map(|record| record["message"].to_string()).unwrap_or_default();
        self.say(&format!("{fault} breaks {row} at {step}: {message:.120}"), began);
        self.seen
            .insert(fault.to_owned(), json!({ "step": step, "row": row, "wrong": wrong, "all": all, "said": said }));
        Ok(())
    }

    /// Waits until every handshake of the row has the expected result again. Call it after removing the fault.
    pub fn expect_restored(&self, fault: &str, step: &str, row: &str) -> Result<()> {
        let mut last = String::new();
        wait(EFFECT_LIMIT, &format!("{row} to hold again after {fault}"), || {
            let records = self.records(step, row)?;
            last = records
                .iter()
                .find(|record| is_wrong(record, reader_of(fault)))
                .map(ToString::to_string)
                .unwrap_or_default();
            Ok(last.is_empty().then_some(()))
        })
        .with_context(|| last.clone())
    }

    /// Records that a script detected the fault itself and stopped.
    pub fn record_refusal(&mut self, fault: &str, step: &str, said: &str) {
        self.seen.insert(fault.to_owned(), json!({ "step": step, "row": "", "wrong": [], "said": said }));
    }

    /// Runs a command of a step from a fault's package, which waits at most `seconds` for an effect. Returns its
    /// output; it may refuse to run.
    pub fn faulty(&self, fault: &str, id: &str, which: &str, seconds: u64) -> Result<String> {
        let began = Instant::now();
        let package = self.folder.join(fault);
        let manifest: Value = serde_json::from_slice(&fs::read(package.join("manifest.json"))?)?;
        let steps = manifest["steps"].as_array().context("manifest.json has no steps")?;
        let step = steps.iter().find(|step| step["id"] == id).with_context(|| format!("{fault} has no step {id}"))?;
        let holder = step["holder"].as_str().unwrap_or_default();
        let (machine, kubeconfig) = match holder {
            "cluster" => (ADMIN, "/root/admin.conf"),
            node => (node, "/etc/kubernetes/admin.conf"),
        };
        let target = self.lab.private(machine, "/root/faults").join(fault);
        fs::create_dir_all(&target)?;
        let status = Command::new("cp").arg("--archive").arg(package.join(".")).arg(&target).status()?;
        ensure!(status.success(), "{} cannot be copied", package.display());
        let command = step[which].as_str().unwrap_or_default();
        let script = format!("cd /root/faults/{fault} && KUBECONFIG={kubeconfig} AIRLOCK_TIMEOUT={seconds} {command}");
        let output = self.lab.on(machine, "sh")?.args(["-c", &script]).output()?;
        let said = [output.stdout, output.stderr].concat();
        let last = String::from_utf8_lossy(&said).trim().lines().next_back().unwrap_or_default().to_owned();
        self.say(&format!("{fault}, {which} of {id}: {}: {last}", output.status), began);
        Ok(format!("{which} of {id}: {}: {last}", output.status))
    }
}
