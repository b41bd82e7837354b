//! The plan as a table: steps that do the same on several nodes share a row.

use std::collections::{BTreeMap, BTreeSet};

use airlock_core::report::{EditReport, PlanReport, StepCommands, StepReport};

/// Replaces the node's name in the title of a merged row.
const NAME: &str = "\u{0}";

/// A row: one step, or several that do the same on one node each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// 1, 2 or 3.
    pub phase: u8,
    /// Number of the first step, from 1.
    pub first: usize,
    /// Number of the last step.
    pub last: usize,
    /// The steps' ids.
    pub ids: Vec<String>,
    /// The title from core, with `NUL` instead of the node's name.
    pub title: String,
    /// The holders, in order.
    pub holders: Vec<String>,
    /// Where the steps are carried out.
    pub place: Where,
    /// Files and objects that change.
    pub changes: Vec<Change>,
    /// Other actions, as sentences.
    pub instructions: Vec<String>,
    /// Components that each step restarts.
    pub restarts: Vec<String>,
    /// The check before the next step.
    pub gate: String,
    /// The commands of the first step; those of the others differ in the node's name.
    pub commands: StepCommands,
}

/// Where steps are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// On these nodes, one after the other.
    Nodes(Vec<String>),
    /// On every worker.
    Workers,
    /// Where kubectl reaches the cluster.
    Cluster,
    /// Where kubectl reaches the management cluster.
    Management,
    /// By the people and systems with a kubeconfig.
    Clients,
}

/// A file or object that changes in the same way on several nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path on the holder, or the object's name.
    pub target: String,
    /// Its content before the step, as core describes it.
    pub before: String,
    /// Its content after the step, as core describes it.
    pub after: String,
    /// The holders that have this change.
    pub holders: Vec<String>,
}

impl Step {
    /// How many files and objects change, on all nodes together.
    pub fn files(&self) -> usize {
        self.changes.iter().map(|change| change.holders.len()).sum()
    }
}

/// The rows of a plan, in order.
pub fn steps(plan: &PlanReport) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, report) in plan.steps.iter().enumerate() {
        let next = step(index + 1, report);
        match steps.last_mut().filter(|last| is_same(last, &next)) {
            Some(last) => last.take(next),
            None => steps.push(next),
        }
    }
    steps
}

fn step(number: usize, report: &StepReport) -> Step {
    let place = match report.holder.as_str() {
        "workers" => Where::Workers,
        "cluster" => Where::Cluster,
        "management" => Where::Management,
        "clients" => Where::Clients,
        node => Where::Nodes(vec![node.to_owned()]),
    };
    let is_node = matches!(place, Where::Nodes(_));
    let (changes, instructions): (Vec<&EditReport>, Vec<&EditReport>) =
        report.edits.iter().partition(|edit| is_file(edit));
    Step {
        phase: report.phase,
        first: number,
        last: number,
        ids: vec![report.id.clone()],
        title: if is_node { report.title.replacen(&report.holder, NAME, 1) } else { report.title.clone() },
        holders: vec![report.holder.clone()],
        place,
        changes: changes.into_iter().map(|edit| change(report, edit)).collect(),
        instructions: instructions.into_iter().map(|edit| edit.target.clone()).collect(),
        restarts: report.restarts.clone(),
        gate: report.gate.replace(&report.holder, if is_node { NAME } else { &report.holder }),
        commands: report.commands.clone(),
    }
}

fn change(report: &StepReport, edit: &EditReport) -> Change {
    Change {
        target: edit.target.clone(),
        before: edit.before.clone(),
        after: edit.after.clone(),
        holders: vec![report.holder.clone()],
    }
}

/// Does the edit change a file or object? Others are instructions for people.
pub fn is_file(edit: &EditReport) -> bool {
    !(edit.before.is_empty() && edit.after.is_empty())
}

fn is_same(one: &Step, next: &Step) -> bool {
    let nodes = matches!((&one.place, &next.place), (Where::Nodes(_), Where::Nodes(_)));
    nodes
        && one.phase == next.phase
        && one.title == next.title
        && one.restarts == next.restarts
        && one.gate == next.gate
        && one.instructions == next.instructions
}

impl Step {
    fn take(&mut self, next: Self) {
        self.last = next.last;
        self.ids.extend(next.ids);
        self.holders.extend(next.holders.iter().cloned());
        if let Where::Nodes(names) = &mut self.place {
            names.extend(next.holders);
        }
        for change in next.changes {
            let same = |known: &&mut Change| {
                (&known.target, &known.before, &known.after) == (&change.target, &change.before, &change.after)
            };
            match self.changes.iter_mut().find(same) {
                Some(known) => known.holders.extend(change.holders),
                None => self.changes.push(change),
            }
        }
    }
}

/// Restarts and changes of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Restarts of components, in all steps.
    pub restarts: usize,
    /// Numbers of the steps in which pods restart.
    pub pod_steps: Vec<usize>,
    /// Changes to files and objects.
    pub changes: usize,
    /// Control-plane nodes on which a file changes.
    pub nodes: usize,
    /// Does a file change on the workers?
    pub workers: bool,
    /// New CAs among the new keys.
    pub cas: usize,
    /// Phases with steps.
    pub phases: usize,
}

/// Counts them in a plan.
pub fn costs(plan: &PlanReport) -> Costs {
    let is_node = |holder: &str| !matches!(holder, "cluster" | "management" | "clients" | "workers");
    let changed = || plan.steps.iter().filter(|step| step.edits.iter().any(is_file)).map(|step| step.holder.as_str());
    Costs {
        restarts: plan.steps.iter().map(|step| step.restarts.len()).sum(),
        pod_steps: (1..).zip(&plan.steps).filter(|(_, step)| step.id.ends_with("-pods")).map(|(at, _)| at).collect(),
        changes: plan.steps.iter().flat_map(|step| &step.edits).filter(|edit| is_file(edit)).count(),
        nodes: changed().filter(|holder| is_node(holder)).collect::<BTreeSet<_>>().len(),
        workers: changed().any(|holder| holder == "workers"),
        cas: plan.authorities.iter().filter(|one| !one.brought && !one.under_way).count().min(plan.keys.len()),
        phases: plan.steps.iter().map(|step| step.phase).collect::<BTreeSet<_>>().len(),
    }
}

/// How often a component restarts on a node, by phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restarts {
    /// The most restarts on one control-plane node, by phase.
    pub control_plane: BTreeMap<u8, usize>,
    /// The restarts on each worker, by phase.
    pub workers: BTreeMap<u8, usize>,
}

/// Restarts by component, in the order of the plan.
pub fn restarts(plan: &PlanReport) -> Vec<(String, Restarts)> {
    /// The number of restarts, by phase and holder.
    type Times<'a> = BTreeMap<(u8, &'a str), usize>;
    let mut found: Vec<(String, Times<'_>)> = Vec::new();
    for step in &plan.steps {
        for component in &step.restarts {
            let at = found.iter().position(|(name, _)| name == component).unwrap_or_else(|| {
                found.push((component.clone(), BTreeMap::new()));
                found.len() - 1
            });
            *found[at].1.entry((step.phase, &step.holder)).or_default() += 1;
        }
    }
    let summed = |all: Times<'_>| {
        let mut restarts = Restarts::default();
        for ((phase, holder), times) in all {
            let side = if holder == "workers" { &mut restarts.workers } else { &mut restarts.control_plane };
            let most = side.entry(phase).or_default();
            *most = (*most).max(times);
        }
        restarts
    };
    found.into_iter().map(|(name, all)| (name, summed(all))).collect()
}

#[cfg(test)]
mod tests;
