//! Who trusts whom at a moment: parties, and what they show and trust where they meet.

use std::collections::BTreeMap;

use airlock_core::{
    profile::{
        Component,
        edge::{End, Party},
    },
    simulate::{Edge, Verdict},
};

use super::chart::{Cell, Chart, Look, Mark, look, row, worse};

/// Who takes part, as the drawing has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
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
pub struct Held {
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
pub struct Wire {
    /// How it looks.
    pub look: Look,
    /// How many edges it is.
    pub edges: usize,
    /// What the client shows.
    pub client_shows: Held,
    /// What of it the server trusts.
    pub server_trusts: Held,
    /// What the server shows.
    pub server_shows: Held,
    /// What of it the client trusts.
    pub client_trusts: Held,
}

/// Who trusts whom at a moment: client, server, and what is between them.
pub fn wires(chart: &Chart, column: usize) -> BTreeMap<(Seat, Seat), Wire> {
    let mut wires: BTreeMap<(Seat, Seat), Wire> = BTreeMap::new();
    for edge in &chart.matrix.edges {
        let (Some(verdict), Some(ends)) = (edge.verdict(column), seats(edge)) else { continue };
        wires.entry(ends).or_default().add(verdict, look(edge, verdict, chart.accepted));
    }
    wires
}

/// What both ends of a cell present and trust, all of its connections together.
pub fn wire(cell: &Cell<'_>) -> Wire {
    let mut wire = Wire::default();
    for (_, verdict) in &cell.all {
        wire.add(verdict, cell.look);
    }
    wire
}

impl Wire {
    fn add(&mut self, verdict: &Verdict, look: Look) {
        self.look = worse(self.look, look);
        self.edges += 1;
        self.client_shows.add(&verdict.client_presents);
        self.server_trusts.add(&verdict.server_trusts);
        self.server_shows.add(&verdict.server_presents);
        self.client_trusts.add(&verdict.client_trusts);
    }
}

impl Held {
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
pub fn worst<'a>(wires: impl Iterator<Item = &'a Wire>) -> Option<Look> {
    wires.map(|wire| wire.look).reduce(worse)
}

/// Does anybody ask?
pub fn is_asked(look: Look) -> bool {
    look.mark != Mark::NotAsked
}

fn seats(edge: &Edge) -> Option<(Seat, Seat)> {
    let row = row(&edge.row)?;
    Some((seat(row.client, &edge.client), seat(row.server, &edge.server)))
}

/// Where a party sits. `name` tells the workers' kubelets from the others.
fn seat(end: End, name: &str) -> Seat {
    match end.party {
        Party::Component(Component::Apiserver) => Seat::Apiserver,
        Party::Component(Component::ControllerManager) => Seat::ControllerManager,
        Party::Component(Component::Scheduler) => Seat::Scheduler,
        Party::Component(Component::Konnectivity) => Seat::Konnectivity,
        Party::Component(Component::Kubelet) if name.ends_with("of every worker") => Seat::WorkerKubelets,
        Party::Component(Component::Kubelet) => Seat::Kubelets,
        Party::Component(Component::Apid | Component::Trustd) => Seat::Apid,
        Party::OnWorkers(_) => Seat::WorkerApid,
        Party::User(_) => Seat::Admins,
        Party::GivenClients | Party::OtherClients => Seat::People,
        Party::Pods => Seat::Pods,
        Party::JoiningNode => Seat::Joining,
        Party::Requester => Seat::Requester,
        Party::Management => Seat::Management,
        Party::ExtensionServers => Seat::Extensions,
        // Both ends are of that party: API servers by their configuration, and what they call.
        Party::Webhooks if end.presents.is_some() => Seat::Webhooks,
        Party::Webhooks => Seat::Apiserver,
        Party::OldHolder => Seat::OldHolder,
        _ => Seat::Other,
    }
}
