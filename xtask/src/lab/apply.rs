//! Applies a package: runs the steps of its manifest in order, without manual work.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::{
    aftermath::{OldCredentials, aftermath, apiservers, unready},
    arguments::Arguments,
    cluster, consumers,
    handshakes::{Recorder, keep_before},
    joining::Joining,
    load_clients::LoadClients,
    machines::{Lab, wait},
    management,
    package::{Package, Step},
    report::Findings,
    roll_out,
    runner::{Disturbance, Outcome, Runner},
    snapshot::{Objects, Trees},
    tenant_run,
};

/// How long controllers may take to update the objects that they write.
const OBJECTS_FOLLOW: Duration = Duration::from_secs(120);

/// Applies a package; fails if a step or a check failed.
pub fn run(lab: &Lab, arguments: &Arguments) -> Result<()> {
    let [path] = arguments.rest.as_slice() else { bail!("say which package: `cargo xtask lab run PACKAGE`") };
    ensure!(lab.holder().is_some(), "no lab is up in {}: `cargo xtask lab up`", lab.directory.display());
    let only: Option<Vec<String>> = arguments.value("only").map(|ids| ids.split(',').map(str::to_owned).collect());
    let quiet = Duration::from_secs(arguments.number("quiet-seconds", 120)? as u64);
    let undo = arguments.flag("undo");
    ensure!(!undo || only.is_none(), "--undo takes the whole package back: --only does not go with it");
    if lab.has_tenant()? {
        return tenant_run::run(lab, Path::new(path), quiet, undo);
    }
    let runner = Runner::new(lab, arguments.value("management-kubeconfig").map(PathBuf::from))?;
    let package = Package::deliver(lab, Path::new(path))?;
    if let Some(unknown) = only.iter().flatten().find(|id| !package.steps.iter().any(|step| step.id == **id)) {
        bail!("the package has no step {unknown}");
    }

    let old = if arguments.flag("continued") {
        OldCredentials::kept(lab)?
    } else {
        keep_before(lab)?;
        OldCredentials::keep(lab)?
    };
    let servers = apiservers(lab)?;
    let joining = Joining::planned(lab, &package.steps)?;
    let clients = LoadClients::start(lab, &package)?;
    let has_management = lab.description()?["management"] == true;
    let started = Instant::now();
    // The prediction is for the whole package, so it is not compared if only some steps run.
    let recorder = if only.is_none() { Some(Recorder::start(lab, &package)?) } else { None };
    let findings = Findings::default();
    let mut run = Run { runner, clients, joining, recorder, old, only, has_management, started, findings };
    let disturbance = Disturbance { twice: arguments.flag("twice"), kill: arguments.flag("kill") };
    let whole = match run.apply(&package, disturbance, undo) {
        Ok(()) => run.only.is_none(),
        Err(error) => {
            run.findings.problems.push(format!("{error:#}"));
            false
        }
    };
    let Run { mut clients, old, mut findings, .. } = run;
    if whole {
        clients.phase(4)?;
        if has_management {
            let answer = management::regenerate(lab, true)?;
            println!("{:7.1} s  {}", started.elapsed().as_secs_f64(), management::describe(&answer));
            findings
                .problems
                .extend(management::refusals(&answer).map(|refusal| format!("RegenerateSecret: {refusal}")));
            findings.regenerated.push(json!({ "when": "at the end", "answer": answer }));
        }
        if !lab.machines_where(|machine| machine["rolled"] == true)?.is_empty() {
            findings.problems.extend(roll_out::problems(lab, &package.new_pin()?)?);
        }
        findings.problems.extend(aftermath(lab, &old, quiet, started)?);
    }
    let report = clients.stop(lab)?;
    findings.problems.extend(report.failures.iter().map(|failure| format!("request: {failure}")));
    let after = apiservers(lab)?;
    for (node, server) in &servers {
        if after.iter().find(|(name, _)| name == node).is_none_or(|(_, now)| now != server) {
            findings.problems.push(format!("kube-apiserver of {node} was restarted"));
        }
    }
    // The next package is built from the objects as they are now.
    cluster::input_objects(lab)?;
    if has_management {
        management::write_secrets(lab)?;
    }
    findings.conclude(lab, &report, started.elapsed())
}

/// The state of a package's application.
struct Run<'a> {
    runner: Runner<'a>,
    clients: LoadClients,
    joining: Joining,
    /// Performs every handshake at the end of each step, when the step runs for the first time.
    recorder: Option<Recorder<'a>>,
    old: OldCredentials,
    only: Option<Vec<String>>,
    has_management: bool,
    started: Instant,
    findings: Findings,
}

/// The cluster's state at the end of a phase.
struct Boundary {
    trees: Trees,
    objects: Objects,
}

impl Run<'_> {
    /// Runs all phases; with `undo`, also rolls them back and runs them again.
    fn apply(&mut self, package: &Package, disturbance: Disturbance, undo: bool) -> Result<()> {
        let mut boundaries = Vec::new();
        if undo {
            boundaries.push(self.boundary()?);
        }
        self.record_handshakes(None)?;
        for phase in 1..=3 {
            self.phase(package, phase, disturbance)?;
            if undo {
                boundaries.push(self.boundary()?);
            }
        }
        self.recorder = None;
        if !undo {
            return Ok(());
        }
        for phase in (1..=3).rev() {
            self.roll_back(package, phase, disturbance.kill)?;
            self.compare(&boundaries[phase as usize - 1], &format!("phase {phase} undone"), Trees::changed)?;
        }
        self.clients.phase(0)?;
        let mut broken: Vec<_> = unready(self.runner.lab)?.iter().map(|node| format!("{node} is not Ready")).collect();
        broken.extend(self.old.unexpected_results(self.runner.lab, true)?);
        ensure!(broken.is_empty(), "everything undone: {}", broken.join(", "));
        for phase in 1..=3 {
            self.phase(package, phase, Disturbance::default())?;
            let when = format!("phase {phase} undisturbed");
            let unseen = package.steps.iter().any(|step| step.holder == "control-plane" && !step.reads_logs());
            let changed = |before: &Trees, now: &Trees| before.changed_by_another_run(now, unseen);
            self.compare(&boundaries[phase as usize], &when, changed)?;
        }
        Ok(())
    }

    /// Runs the steps of a phase, in order.
    fn phase(&mut self, package: &Package, phase: u64, disturbance: Disturbance) -> Result<()> {
        let steps = package.steps.iter().enumerate().filter(|(_, step)| step.phase == phase);
        let only = self.only.clone();
        let mut entered = false;
        for (index, step) in steps {
            if only.as_ref().is_some_and(|only| !only.contains(&step.id)) {
                continue;
            }
            if !entered {
                self.clients.phase(phase)?;
                entered = true;
            }
            let began = Instant::now();
            let outcome = self.runner.step(step, index, disturbance);
            let others = outcome.as_ref().map_or_else(|_| Vec::new(), |outcome| outcome.others.clone());
            self.note(step, began, outcome)?;
            for words in others {
                self.say(&words, began);
                self.findings.joined.push(words);
            }
            if step.holder == "clients" {
                consumers::settle(self.runner.lab, phase)?;
                self.say("the webhook's and the APIService's people have done their part", began);
                if let Some(recorder) = &mut self.recorder {
                    recorder.use_phase_files(package, phase)?;
                }
            }
            let began = Instant::now();
            for words in self.joining.after(self.runner.lab, step, &mut self.old)? {
                self.say(&words, began);
                self.findings.joined.push(words);
            }
            self.ask_cluster_api(step)?;
            self.record_handshakes(Some(step))?;
        }
        Ok(())
    }

    /// Performs every handshake that the package predicts.
    fn record_handshakes(&mut self, step: Option<&Step>) -> Result<()> {
        let Some(recorder) = &self.recorder else { return Ok(()) };
        // Such a step changes nothing, and the refused handshakes would appear in the logs that the next step reads.
        if step.is_some_and(Step::reads_logs) {
            return Ok(());
        }
        let began = Instant::now();
        let records = recorder.record(step)?;
        self.say(&format!("{} handshakes", records.len()), began);
        self.findings.handshakes.extend(records);
        Ok(())
    }

    /// Rolls back the steps of a phase in reverse order.
    fn roll_back(&mut self, package: &Package, phase: u64, kill: bool) -> Result<()> {
        self.clients.phase(phase)?;
        for (index, step) in package.steps.iter().enumerate().rev().filter(|(_, step)| step.phase == phase) {
            let began = Instant::now();
            if step.holder == "clients" {
                consumers::settle(self.runner.lab, phase - 1)?;
                self.say("the webhook's and the APIService's people have gone back", began);
            }
            match self.runner.undo(step, index, kill) {
                Ok(None) => {}
                Ok(Some(outcome)) => self.note(step, began, Ok(outcome))?,
                Err(error) => self.note(step, began, Err(error))?,
            }
        }
        Ok(())
    }

    /// Records what Cluster API would write to `<cluster>-kubeconfig`, after the steps that change it.
    fn ask_cluster_api(&mut self, step: &Step) -> Result<()> {
        let told = step.id == "1-freeze" || step.id == "3-authorities";
        let switched = step.phase == 2 && (step.holder == "clients" || step.id.ends_with("-published"));
        if !self.has_management || !(told || switched) {
            return Ok(());
        }
        let began = Instant::now();
        let answer = management::regenerate(self.runner.lab, false)?;
        self.say(&management::describe(&answer), began);
        if step.phase == 3 {
            let refusals = management::refusals(&answer).map(|refusal| format!("RegenerateSecret: {refusal}"));
            self.findings.problems.extend(refusals);
        }
        self.findings.regenerated.push(json!({ "when": format!("after {}", step.id), "answer": answer }));
        Ok(())
    }

    fn boundary(&self) -> Result<Boundary> {
        let lab = self.runner.lab;
        Ok(Boundary { trees: Trees::of(lab, &lab.machine_names()?)?, objects: Objects::of(lab)? })
    }

    /// Compares the current state with a boundary. Waits, because controllers write objects asynchronously.
    fn compare(
        &mut self,
        boundary: &Boundary,
        when: &str,
        trees: impl Fn(&Trees, &Trees) -> Vec<String>,
    ) -> Result<()> {
        let began = Instant::now();
        let mut last = Vec::new();
        let followed = wait(OBJECTS_FOLLOW, "the objects", || {
            last = boundary.objects.changed(&Objects::of(self.runner.lab)?);
            Ok(last.is_empty().then_some(()))
        });
        let mut changes = if followed.is_err() { last } else { Vec::new() };
        changes.extend(trees(&boundary.trees, &self.boundary()?.trees));
        self.say(&format!("{when}: {} differences", changes.len()), began);
        self.findings.problems.extend(changes.into_iter().map(|change| format!("{when}: {change}")));
        Ok(())
    }

    fn say(&self, words: &str, began: Instant) {
        let (now, seconds) = (self.started.elapsed().as_secs_f64(), began.elapsed().as_secs_f64());
        println!("{now:7.1} s  {:<16} {:<10} {words} ({seconds:.1} s)", "", "");
    }

    /// Prints and records the outcome of a step; returns the error of a failed step, which ends the run.
    fn note(&mut self, step: &Step, began: Instant, outcome: Result<Outcome>) -> Result<()> {
        let seconds = began.elapsed().as_secs_f64();
        let (words, kills) = match &outcome {
            Ok(outcome) if outcome.kills.is_empty() => (outcome.words.clone(), Vec::new()),
            Ok(outcome) => (format!("{}, killed {} times", outcome.words, outcome.kills.len()), outcome.kills.clone()),
            Err(error) => (format!("FAILED\n{error:#}"), Vec::new()),
        };
        println!(
            "{:7.1} s  {:<16} {:<10} {} ({seconds:.1} s): {words}",
            self.started.elapsed().as_secs_f64(),
            step.id,
            step.holder,
            step.title
        );
        self.findings.steps.push(json!({ "id": step.id, "seconds": seconds, "outcome": words, "kills": kills }));
        self.findings.kills.extend(kills.into_iter().map(|kill| format!("{}: {kill}", step.id)));
        outcome.map(drop).map_err(|error| error.context(format!("step {}", step.id)))
    }
}
