//! Who trusts whom at a moment: parties, and what they show and trust where they meet.

use std::collections::BTreeMap;

use airlock_core::{
    profile::{
        Component,
        edge::{End, Party},
    },
    simulate::{Edge, Verdict},
};

use super::chart::{Cell, CellStyle, Chart, Mark, row, style, worse};

/// Who takes part, as the drawing has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Participant {
    /// Users of the kubeconfigs on control-plane nodes.
    Admins,
    /// People and pipelines.
    People,
    /// The management cluster.
    Management,
    /// Pods, by their ServiceAccounts.
    Pods,
    /// A node that joins.
    Joining,
    /// Whoever has a certificate signed.
    Requester,
    /// kube-apiserver.
    Apiserver,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// The server's half of konnectivity, beside a tenant's API server.
    Konnectivity,
    /// The kubelets of control-plane nodes, or all of them.
    Kubelets,
    /// The kubelets of workers.
    WorkerKubelets,
    /// Extension API servers.
    Extensions,
    /// Webhooks whose CA data hangs on the cluster CA.
    Webhooks,
    /// Talos' API on control-plane machines.
    Apid,
    /// And on workers.
    WorkerApid,
    /// Whoever holds what the old CA signed.
    OldHolder,
    /// A party that has no seat of its own.
    Other,
}

/// What may be shown or trusted, out of old and new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaSet {
    /// The old alone.
    pub old: bool,
    /// Both.
    pub both: bool,
    /// The new alone.
    pub new: bool,
    /// Neither, but something else.
    pub other: bool,
}

/// All edges between two seats, at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// How it looks.
    pub style: CellStyle,
    /// How many edges it is.
    pub edges: usize,
    /// What the client shows.
    pub client_presents: CaSet,
    /// What of it the server trusts.
    pub server_trusts: CaSet,
    /// What the server shows.
    pub server_presents: CaSet,
    /// What of it the client trusts.
    pub client_trusts: CaSet,
}

/// Who trusts whom at a moment: client, server, and what is between them.
pub fn links(chart: &Chart, column: usize) -> BTreeMap<(Participant, Participant), Link> {
    let mut links: BTreeMap<(Participant, Participant), Link> = BTreeMap::new();
    for edge in &chart.matrix.edges {
        let (Some(verdict), Some(ends)) = (edge.verdict(column), participants(edge)) else { continue };
        links.entry(ends).or_default().add(verdict, style(edge, verdict, chart.accepted));
    }
    links
}

/// What both ends of a cell present and trust, all of its connections together.
pub fn link(cell: &Cell<'_>) -> Link {
    let mut link = Link::default();
    for (_, verdict) in &cell.all {
        link.add(verdict, cell.style);
    }
    link
}

impl Link {
    fn add(&mut self, verdict: &Verdict, style: CellStyle) {
        self.style = worse(self.style, style);
        self.edges += 1;
        self.client_presents.add(&verdict.client_presents);
        self.server_trusts.add(&verdict.server_trusts);
        self.server_presents.add(&verdict.server_presents);
        self.client_trusts.add(&verdict.client_trusts);
    }
}

impl CaSet {
    /// Reads what core says in words: `certificate of the new CA`, or the names of a bundle.
    fn add(&mut self, words: &[String]) {
        for word in words {
            let has =
                |age: &str| word.contains(&format!("{age} CA")) || word.contains(&format!("{age} front-proxy CA"));
            match (has("old"), has("new")) {
                (true, true) => self.both = true,
                (true, false) => self.old = true,
                (false, true) => self.new = true,
                (false, false) => self.other = true,
            }
        }
    }

    /// Is there nothing?
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Is it one of several, nobody knows which?
    pub fn is_open(self) -> bool {
        [self.old, self.both, self.new, self.other].into_iter().filter(|held| *held).count() > 1
    }
}

/// The worst of what several wires look like.
pub fn worst<'a>(links: impl Iterator<Item = &'a Link>) -> Option<CellStyle> {
    links.map(|link| link.style).reduce(worse)
}

/// Does anybody ask?
pub fn is_asked(style: CellStyle) -> bool {
    style.mark != Mark::NotAsked
}

fn participants(edge: &Edge) -> Option<(Participant, Participant)> {
    let row = row(&edge.row)?;
    Some((participant(row.client, &edge.client), participant(row.server, &edge.server)))
}

/// Where a party sits. `name` tells the workers' kubelets from the others.
fn participant(end: End, name: &str) -> Participant {
    match end.party {
        Party::Component(Component::Apiserver) => Participant::Apiserver,
        Party::Component(Component::ControllerManager) => Participant::ControllerManager,
        Party::Component(Component::Scheduler) => Participant::Scheduler,
        Party::Component(Component::Konnectivity) => Participant::Konnectivity,
        Party::Component(Component::Kubelet) if name.ends_with("of every worker") => Participant::WorkerKubelets,
        Party::Component(Component::Kubelet) => Participant::Kubelets,
        Party::Component(Component::Apid | Component::Trustd) => Participant::Apid,
        Party::OnWorkers(_) => Participant::WorkerApid,
        Party::User(_) => Participant::Admins,
        Party::GivenClients | Party::OtherClients => Participant::People,
        Party::Pods => Participant::Pods,
        Party::JoiningNode => Participant::Joining,
        Party::Requester => Participant::Requester,
        Party::Management => Participant::Management,
        Party::ExtensionServers => Participant::Extensions,
        // Both ends are of that party: API servers by their configuration, and what they call.
        Party::Webhooks if end.presents.is_some() => Participant::Webhooks,
        Party::Webhooks => Participant::Apiserver,
        Party::OldHolder => Participant::OldHolder,
        _ => Participant::Other,
    }
}
