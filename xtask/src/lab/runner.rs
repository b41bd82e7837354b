//! Runs the commands of a step on the machines that the step belongs to.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    cluster::kubectl,
    kill::{self, End, Moment},
    machines::{ADMIN, Lab, wait},
    package::{FOLDER, Step},
    roll_out,
    snapshot::{Objects, Trees},
    tenant,
};

/// The time limits of a step's command and of repeating its check.
const RUN_LIMIT: Duration = Duration::from_secs(900);
const GATE_LIMIT: Duration = Duration::from_secs(300);

/// The path of the administrator's kubeconfig on the admin machine: a copy of the first control-plane node's current
/// one.
const KUBECONFIG: &str = "/root/admin.conf";

/// The path, on the admin machine, of the kubeconfig of a separate management cluster.
const MANAGEMENT: &str = "/root/management.conf";

/// The cluster on which the steps for a management cluster run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Management {
    /// There is none: these steps are skipped.
    None,
    /// The lab's own cluster.
    Own,
    /// The cluster of a kubeconfig on the admin machine.
    Other,
}

/// Additional tests of a step while it runs.
#[derive(Clone, Copy, Default)]
pub struct Disturbance {
    /// Run each step again after its check.
    pub twice: bool,
    /// Kill each step and run it again.
    pub kill: bool,
}

/// Runs steps on a lab.
pub struct Runner<'a> {
    pub lab: &'a Lab,
    management: Management,
}

/// The outcome of a step.
pub struct Outcome {
    /// A description.
    pub words: String,
    /// The moments at which it was killed, by machine.
    pub kills: Vec<String>,
    /// What controllers and users did in reaction to it, as text.
    pub others: Vec<String>,
}

impl<'a> Runner<'a> {
    /// A runner; copies the kubeconfig of a separate management cluster to the admin machine if one is given.
    pub fn new(lab: &'a Lab, management: Option<PathBuf>) -> Result<Self> {
        let own = lab.description()?["management"] == true || lab.has_tenant()?;
        let management = match management {
            Some(path) => {
                fs::copy(&path, lab.private(ADMIN, MANAGEMENT))
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                Management::Other
            }
            None if own => Management::Own,
            None => Management::None,
        };
        Ok(Self { lab, management })
    }

    /// The machines that a step runs on, or a description if the lab does not run the step.
    fn holders(&self, step: &Step) -> Result<Result<Vec<String>, &'static str>> {
        Ok(Ok(match step.holder.as_str() {
            "clients" => return Ok(Err("by a person")),
            "management" if self.management == Management::None => {
                return Ok(Err("left out, there is no management cluster"));
            }
            "cluster" | "management" => vec![ADMIN.to_owned()],
            "control-plane" => self.lab.machines("control-plane")?,
            "workers" => self.lab.machines("worker")?,
            node => vec![node.to_owned()],
        }))
    }

    /// Runs a step and waits until its check passes. `index` varies the moments of killing.
    pub fn step(&self, step: &Step, index: usize, disturbance: Disturbance) -> Result<Outcome> {
        let by = |words: &str| Ok(Outcome { words: words.to_owned(), kills: Vec::new(), others: Vec::new() });
        let machines = match self.holders(step)? {
            Ok(machines) => machines,
            Err(words) => return by(words),
        };
        if step.run.is_empty() && step.gate.is_empty() {
            return by("by a person");
        }
        ensure!(!machines.is_empty() || step.holder == "workers", "nobody holds this step");
        let mut kills = Vec::new();
        let rolled = self.lab.machines_where(|machine| machine["rolled"] == true)?;
        if !step.run.is_empty() {
            for machine in &machines {
                if rolled.contains(machine) {
                    self.run_without_changes(step, machine)?;
                    continue;
                }
                kills.extend(self.run_killed(step, machine, "run", &step.run, disturbance.kill.then_some(index))?);
            }
        }
        let others = roll_out::after(self.lab, step)?;
        if !step.gate.is_empty() {
            for machine in &machines {
                let mut last = String::new();
                wait(GATE_LIMIT, &format!("the gate on {machine}"), || {
                    match self.command(step, machine, "gate", &step.gate, Vec::new()) {
                        Ok(_) => Ok(Some(())),
                        Err(error) => {
                            last = format!("{error:#}");
                            Ok(None)
                        }
                    }
                })
                .with_context(|| last.clone())?;
            }
        }
        if disturbance.twice && !step.run.is_empty() {
            for machine in &machines {
                self.run_again(step, machine)?;
            }
        }
        Ok(Outcome { words: "done".to_owned(), kills, others })
    }

    /// Runs a step on a machine that the roll-out created. The step must find nothing to do.
    fn run_without_changes(&self, step: &Step, machine: &str) -> Result<()> {
        let trees = Trees::of(self.lab, &[machine])?;
        self.command(step, machine, "run", &step.run, Vec::new())?;
        let changes = trees.touched(&Trees::of(self.lab, &[machine])?);
        ensure!(changes.is_empty(), "on {machine}, which the roll-out made, it changed\n{}", changes.join("\n"));
        Ok(())
    }

    /// Rolls back a step; `None` if it has no rollback.
    pub fn undo(&self, step: &Step, index: usize, kill: bool) -> Result<Option<Outcome>> {
        let (false, Ok(machines)) = (step.undo.is_empty(), self.holders(step)?) else { return Ok(None) };
        let mut kills = Vec::new();
        for machine in &machines {
            kills.extend(self.run_killed(step, machine, "undo", &step.undo, kill.then_some(index))?);
        }
        Ok(Some(Outcome { words: "undone".to_owned(), kills, others: Vec::new() }))
    }

    /// Runs a command of a step, and kills it at the moments of `index` if that is given. Returns when it was killed.
    fn run_killed(
        &self,
        step: &Step,
        machine: &str,
        which: &str,
        script: &str,
        index: Option<usize>,
    ) -> Result<Vec<String>> {
        let moments = index.map_or_else(Vec::new, |index| kill::moments(step, index));
        let (_, kills) = self.command(step, machine, which, script, moments)?;
        ensure!(index.is_none() || !kills.is_empty(), "{which} on {machine} ended before it could be killed");
        Ok(kills)
    }

    /// Runs a step again directly after its check. It must change nothing and print only its last line.
    fn run_again(&self, step: &Step, machine: &str) -> Result<()> {
        self.wait_for_published_ca()?;
        let trees = Trees::of(self.lab, &[machine])?;
        let objects = Objects::of(self.lab)?;
        let (output, _) = self.command(step, machine, "again", &step.run, Vec::new())?;
        let mut changes = trees.touched(&Trees::of(self.lab, &[machine])?);
        changes.extend(objects.touched(&Objects::of(self.lab)?));
        if !changes.is_empty() {
            bail!("run again on {machine}, it changed\n{}", changes.join("\n"));
        }
        // A node's script always prints a last line with the node's phase.
        let last = usize::from(!matches!(step.holder.as_str(), "cluster" | "management"));
        ensure!(output.len() <= last, "run again on {machine}, it said\n{}", output.join("\n"));
        Ok(())
    }

    /// Waits until kube-controller-manager has published the CA file of the only control-plane node. It publishes the
    /// file when it becomes leader again after a restart, so the step's second run is not the cause.
    fn wait_for_published_ca(&self) -> Result<()> {
        let nodes = self.lab.machines("control-plane")?;
        let [node] = nodes.as_slice() else { return Ok(()) };
        let file = self.lab.node(node).join(self.lab.certificates()?.trim_start_matches('/')).join("ca.crt");
        let bundle = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let get = "get configmaps --all-namespaces --field-selector=metadata.name=kube-root-ca.crt --output=json";
        wait(GATE_LIMIT, "kube-root-ca.crt to be published", || {
            let list: Value = serde_json::from_str(&kubectl(self.lab, get)?)?;
            let items = list["items"].as_array().context("kubectl answers a list")?;
            Ok(items.iter().all(|item| item["data"]["ca.crt"] == bundle).then_some(()))
        })
    }

    /// Runs one command of a step in the package's folder. Kills it at each moment that occurs and runs it again.
    /// Returns the output of the last attempt, and when the others were killed. Saves the output.
    fn command(
        &self,
        step: &Step,
        machine: &str,
        which: &str,
        script: &str,
        mut moments: Vec<Moment>,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let folders = [
            self.lab.node(machine).join("etc/kubernetes/.airlock"),
            self.lab.node(machine).join("var/lib/kubelet/.airlock"),
            self.lab.private(machine, "/var/lib/airlock"),
        ];
        let logs = self.lab.directory.join("steps");
        fs::create_dir_all(&logs)?;
        let path = logs.join(format!("{}.{machine}.{which}.log", step.id));
        let mut log = fs::File::options().create(true).append(true).open(path)?;
        let mut kills = Vec::new();
        let started = Instant::now();
        loop {
            let left = RUN_LIMIT.saturating_sub(started.elapsed());
            let attempt = kill::attempt(self.shell_command(step, machine, script)?, &folders, &mut moments, left)
                .with_context(|| format!("{which} on {machine}: {script}"))?;
            let text = attempt.output.join("\n");
            match attempt.end {
                End::Killed(moment) => {
                    writeln!(log, "{text}\n-- killed {moment}")?;
                    kills.push(format!("{which} on {machine} {moment}"));
                }
                End::Finished(status) => {
                    writeln!(log, "{text}\n-- {status}")?;
                    ensure!(status.success(), "{which} on {machine}: {status}: {script}\n{text}");
                    return Ok((attempt.output, kills));
                }
            }
        }
    }

    /// A command in the package's folder, with the current kubeconfig.
    fn shell_command(&self, step: &Step, machine: &str, script: &str) -> Result<Command> {
        let kubeconfig = match step.holder.as_str() {
            "management" if self.management == Management::Other => MANAGEMENT,
            "cluster" if self.lab.has_tenant()? => tenant::take_kubeconfig(self.lab)?,
            "cluster" | "management" => {
                let first = self.lab.machines("control-plane")?.swap_remove(0);
                fs::copy(self.lab.node(&first).join("etc/kubernetes/admin.conf"), self.lab.private(ADMIN, KUBECONFIG))?;
                KUBECONFIG
            }
            _ => "/etc/kubernetes/admin.conf",
        };
        let mut command = self.lab.on(machine, "env")?;
        command.arg(format!("KUBECONFIG={kubeconfig}")).args(["sh", "-c", &format!("cd {FOLDER} && {{ {script}\n}}")]);
        Ok(command)
    }
}
