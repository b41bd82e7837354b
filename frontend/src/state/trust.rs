//! The trust diagram at one step: participants, and what they present and trust in their connections.

use std::collections::BTreeMap;

use airlock_core::{
    profile::{
        Component,
        edge::{End, Party},
    },
    simulate::{Edge, Verdict},
};

use super::chart::{Cell, CellStyle, Chart, Mark, row, style, worse};

/// A participant of the trust diagram.
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
    /// A joining node.
    Joining,
    /// Clients that request certificates.
    Requester,
    /// kube-apiserver.
    Apiserver,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// The konnectivity server, which runs with a hosted API server.
    Konnectivity,
    /// The kubelets of control-plane nodes, or of all nodes.
    Kubelets,
    /// The kubelets of workers.
    WorkerKubelets,
    /// Extension API servers.
    Extensions,
    /// Webhooks whose certificate the cluster CA issued.
    Webhooks,
    /// apid and trustd on Talos control-plane nodes.
    Apid,
    /// apid on Talos workers.
    WorkerApid,
    /// A holder of an old certificate or of the old CA key.
    OldHolder,
    /// Any other component.
    Other,
}

/// Which CAs may be presented or trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaSet {
    /// Only the old CA.
    pub old: bool,
    /// Both CAs.
    pub both: bool,
    /// Only the new CA.
    pub new: bool,
    /// Neither.
    pub other: bool,
}

/// All connections between two participants, at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its style.
    pub style: CellStyle,
    /// The number of connections.
    pub edges: usize,
    /// What the client presents.
    pub client_presents: CaSet,
    /// The CAs that the server trusts.
    pub server_trusts: CaSet,
    /// What the server presents.
    pub server_presents: CaSet,
    /// The CAs that the client trusts.
    pub client_trusts: CaSet,
}

/// The links at one step, by client and server.
pub fn links(chart: &Chart, column: usize) -> BTreeMap<(Participant, Participant), Link> {
    let mut links: BTreeMap<(Participant, Participant), Link> = BTreeMap::new();
    for edge in &chart.matrix.edges {
        let (Some(verdict), Some(ends)) = (edge.verdict(column), participants(edge)) else { continue };
        links.entry(ends).or_default().add(verdict, style(edge, verdict, chart.accepted));
    }
    links
}

/// What both ends of a cell present and trust, for all of its connections.
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
    /// Parses core's texts: `certificate of the new CA`, or the names of a bundle.
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

    /// Is it empty?
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Are several values possible?
    pub fn is_open(self) -> bool {
        [self.old, self.both, self.new, self.other].into_iter().filter(|held| *held).count() > 1
    }
}

/// The worst style of several links; `None` without links.
pub fn worst<'a>(links: impl Iterator<Item = &'a Link>) -> Option<CellStyle> {
    links.map(|link| link.style).reduce(worse)
}

/// Is the connection verified at this step?
pub fn is_asked(style: CellStyle) -> bool {
    style.mark != Mark::NotAsked
}

fn participants(edge: &Edge) -> Option<(Participant, Participant)> {
    let row = row(&edge.row)?;
    Some((participant(row.client, &edge.client), participant(row.server, &edge.server)))
}

/// The participant of a connection's end. `name` distinguishes the workers' kubelets from the others.
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
        // Both ends have this party: the API server is the client; the webhook presents the serving certificate.
        Party::Webhooks if end.presents.is_some() => Participant::Webhooks,
        Party::Webhooks => Participant::Apiserver,
        Party::OldHolder => Participant::OldHolder,
        _ => Participant::Other,
    }
}
