//! The vocabulary of a plan: steps, what they change, what must be true afterwards.

use std::fmt;

use super::{
    actions::{Action, ClusterAction},
    content::Edit,
    package_path::PackagePath,
    phase::Phase,
};

/// One step: who does what, and what must be true before the next one.
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

/// Who carries a step out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The package's script for the holder, or a person.
    Package,
    /// A tool of the platform's own, which knows what to do on the holder; the step's actions foresee that, and no file of
    /// the package brings it.
    Tool {
        /// Where the commands run.
        at: Holder,
        /// What has the tool do it; comes back when it is done.
        run: String,
        /// Exits 0 when it is done.
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

    /// Are workers replaced by it? Its other actions are what the machines that join then have.
    pub(crate) fn replaces_workers(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Cluster(ClusterAction::ReplaceWorkers)))
    }

    /// What an action does, in words, where that is not told by files and restarts; a tool's ways are its own.
    pub(crate) fn in_words(&self, action: &Action) -> Option<String> {
        let told = self.carrier == Carrier::Package || matches!(action, Action::Do { .. });
        action.in_words().filter(|_| told)
    }
}

/// What must be true before the next step.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    /// In words.
    pub(crate) words: String,
    /// What it establishes beyond doubt; without it, either state has to be reckoned with.
    pub(crate) proves: Vec<Fact>,
}

impl Gate {
    /// A gate that lets nobody by before `fact` is established.
    pub(crate) fn proving(words: &str, fact: Fact) -> Self {
        Self { proves: vec![fact], ..words.into() }
    }
}

impl From<&str> for Gate {
    fn from(words: &str) -> Self {
        Self { words: words.to_owned(), proves: Vec::new() }
    }
}

/// What a gate establishes. A plan without one of them has a red edge: each is there for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    /// The node's API server has taken up what lies on its disk. Seen by one file of the phase; the others
    /// are taken up in the same way, at the latest a minute after they changed (kubernetes/apiserver:
    /// pkg/server/dynamiccertificates).
    TakenUp,
    /// Every kubelet of the holder presents a certificate of the new authority.
    Renewed,
    /// No kubelet of the holder presents a serving certificate of the old authority any more.
    ServingRenewed,
    /// Everything that the step writes is where it belongs, with everyone whom it concerns.
    Everywhere,
    /// Nobody presents a certificate of the old authority any more, by their own word.
    Confirmed,
}

/// Who carries a step out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// A control-plane node.
    Node(String),
    /// Every control-plane node that was not given, one after the other.
    ControlPlanes,
    /// Every worker, given or not.
    Workers,
    /// Wherever kubectl reaches the workload cluster.
    Cluster,
    /// Wherever kubectl reaches the management cluster.
    Management,
    /// People and pipelines.
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
