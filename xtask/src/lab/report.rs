//! What a run found, in words and for other programs.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Lab, hammer::Report};

/// What was done beside the clients' requests.
#[derive(Default)]
pub struct Findings {
    /// Each step, each time that it was carried out or taken back.
    pub steps: Vec<Value>,
    /// When steps were killed.
    pub kills: Vec<String>,
    /// Machines that joined.
    pub joined: Vec<String>,
    /// What Cluster API made of `<cluster>-kubeconfig`, and when.
    pub regenerated: Vec<Value>,
    /// Every handshake that was made after a step.
    pub handshakes: Vec<Value>,
    /// What is wrong.
    pub problems: Vec<String>,
}

impl Findings {
    /// Prints what happened, writes it down for others, and fails if anything failed.
    pub fn conclude(&self, lab: &Lab, report: &Report, took: Duration) -> Result<()> {
        println!();
        let (mut succeeded, mut failed) = (0, 0);
        for (kind, (good, bad)) in &report.counts {
            println!("{good:8} answered, {bad} not: {kind}");
            succeeded += good;
            failed += bad;
        }
        for words in &report.excused {
            println!("excused, since that kubelet restarted: {words}");
        }
        let clients: serde_json::Map<String, Value> = report
            .counts
            .iter()
            .map(|(kind, (good, bad))| (kind.clone(), json!({ "succeeded": good, "failed": bad })))
            .collect();
        let path = lab.directory.join("report.json");
        let document = json!({
            "clients": clients,
            "seconds": took.as_secs_f64(), "succeeded": succeeded, "failed": report.failures.len(),
            "excused": report.excused.len(), "problems": self.problems, "steps": self.steps, "kills": self.kills,
            "joined": self.joined, "regenerated": self.regenerated, "handshakes": self.handshakes, "requests": report.raw,
        });
        fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")?;
        println!("{} handshakes made at the ends of steps", self.handshakes.len());
        println!(
            "{succeeded} requests answered, {} of {failed} unanswered ones without excuse, {} steps, killed {} times, {:.0} s; all of it in {}",
            report.failures.len(),
            self.steps.len(),
            self.kills.len(),
            took.as_secs_f64(),
            path.display()
        );
        const SHOWN: usize = 20;
        for problem in self.problems.iter().take(SHOWN) {
            eprintln!("problem: {problem}");
        }
        if self.problems.len() > SHOWN {
            eprintln!("and {} more", self.problems.len() - SHOWN);
        }
        ensure!(self.problems.is_empty(), "{} problems", self.problems.len());
        Ok(())
    }
}
