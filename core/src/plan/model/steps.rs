//! The steps of a plan and their checks.

use std::fmt;

use super::{
    actions::{Action, ClusterAction},
    content::Edit,
    package_path::PackagePath,
    phase::Phase,
};

/// One step: the actions on one holder, and the check that must pass before the next step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Unique in the plan, such as `1-cp1`.
    pub(crate) id: String,
    pub(crate) phase: Phase,
    pub(crate) holder: Holder,
    pub(crate) title: String,
    pub(crate) actions: Vec<Action>,
    pub(crate) gate: Gate,
    pub(crate) carrier: Carrier,
}

/// What performs a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The package's script for the holder, or the user.
    Package,
    /// The platform's own tool. The step's actions predict what it does; the package contains no files for them.
    Tool {
        /// Where the commands run.
        at: Holder,
        /// The command that starts the tool. It returns when the tool has finished.
        run: String,
        /// The check: it exits with status 0 when the step is complete.
        gate: String,
    },
}

impl Step {
    /// A step whose id begins with the phase's number: `id` is `cp1` for `1-cp1`.
    pub(crate) fn new(
        carrier: Carrier,
        phase: Phase,
        id: &str,
        holder: Holder,
        title: &str,
        actions: Vec<Action>,
        gate: impl Into<Gate>,
    ) -> Self {
        let id = format!("{}-{id}", phase.number());
        Self { id, phase, holder, title: title.to_owned(), actions, gate: gate.into(), carrier }
    }

    /// The files and objects that it changes.
    pub(crate) fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.actions.iter().filter_map(|action| match action {
            Action::Write(edit) => Some(edit),
            _ => None,
        })
    }

    /// Where its commands run.
    pub(crate) fn place(&self) -> &Holder {
        match &self.carrier {
            Carrier::Package if self.replaces_workers() => &Holder::Cluster,
            Carrier::Package => &self.holder,
            Carrier::Tool { at, .. } => at,
        }
    }

    /// Whether it replaces workers. Its other actions then describe the machines that join.
    pub(crate) fn replaces_workers(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Cluster(ClusterAction::ReplaceWorkers)))
    }

    /// Describes an action that is not a write, a removal or a restart. `None` if the platform's own tool performs it.
    pub(crate) fn in_words(&self, action: &Action) -> Option<String> {
        let is_described = self.carrier == Carrier::Package || matches!(action, Action::Do { .. });
        action.in_words().filter(|_| is_described)
    }
}

/// The check of a step.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    /// The condition that it checks, as texts show it.
    pub(crate) words: String,
    /// The facts that are certain once it passes. The simulation considers both states of everything else.
    pub(crate) proves: Vec<Fact>,
}

impl Gate {
    /// A check that passes only once `fact` is certain.
    pub(crate) fn proving(words: &str, fact: Fact) -> Self {
        Self { proves: vec![fact], ..words.into() }
    }
}

impl From<&str> for Gate {
    fn from(words: &str) -> Self {
        Self { words: words.to_owned(), proves: Vec::new() }
    }
}

/// A fact that a check proves. Without any one of them, the simulation finds a broken connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    /// The node's API server uses the files on its disk. The check tests one file of the phase. The API server reloads
    /// the others in the same way, at most one minute after they changed (kubernetes/apiserver:
    /// pkg/server/dynamiccertificates).
    TakenUp,
    /// Every kubelet of the holder presents a client certificate of the new CA.
    Renewed,
    /// No kubelet of the holder presents a serving certificate of the old CA any more.
    ServingRenewed,
    /// Everything that the step writes is in place, on every member of the holder.
    Everywhere,
    /// The users have confirmed that no client presents a certificate of the old CA any more.
    Confirmed,
}

/// Where a step is performed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// A control-plane node.
    Node(String),
    /// Every control-plane node whose files were not provided, one after the other.
    ControlPlanes,
    /// Every worker, whether or not its files were provided.
    Workers,
    /// The workload cluster, through kubectl.
    Cluster,
    /// The management cluster, through kubectl.
    Management,
    /// Users and pipelines with kubeconfigs.
    Clients,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node(name) => name,
            Self::ControlPlanes => "control-plane",
            Self::Workers => "workers",
            Self::Cluster => "cluster",
            Self::Management => "management",
            Self::Clients => "clients",
        })
    }
}

impl Holder {
    /// The holder's folder within a phase of the package.
    pub(crate) fn folder(&self) -> String {
        match self {
            Self::Node(name) => format!("control-plane/{}", PackagePath::name(name)),
            other => other.to_string(),
        }
    }
}
