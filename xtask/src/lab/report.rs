//! The report of a run, as text and as JSON.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{load_clients::Report, machines::Lab};

/// Everything that a run records, except the clients' requests.
#[derive(Default)]
pub struct Findings {
    /// Each execution and rollback of a step.
    pub steps: Vec<Value>,
    /// The moments at which steps were killed.
    pub kills: Vec<String>,
    /// The machines that joined.
    pub joined: Vec<String>,
    /// What Cluster API generated for `<cluster>-kubeconfig`, and after which step.
    pub regenerated: Vec<Value>,
    /// Every handshake after a step.
    pub handshakes: Vec<Value>,
    /// Problems, each as a message.
    pub problems: Vec<String>,
}

impl Findings {
    /// Prints the report, writes it as JSON, and fails if there is any problem.
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
