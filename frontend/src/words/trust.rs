//! Components of the cluster, as the matrix and the diagram name them.

use airlock_core::profile::{
    AuthorityId, Component,
    edge::{End, Material, Party, Writer},
};

use crate::state::{
    chart::{Peers, row},
    trust::Participant,
};

/// All uses of the old CA that must be rejected at the end, together.
pub const OLD_USES: &str = "uses of the old CA";
/// The components that reject them.
pub const EVERY_COMPONENT: &str = "all components";

/// Client and server of a connection, or of several.
pub fn peers(peers: &Peers) -> (&str, &str) {
    match peers {
        Peers::One { client, server } => (client, server),
        Peers::Row(id) => {
            row(id).map_or((id, ""), |row| (party(row.client, row.authority), party(row.server, row.authority)))
        }
        Peers::OldCa => (OLD_USES, EVERY_COMPONENT),
    }
}

/// A party of a profile's row, all instances together. `authority`: the CA of the row.
pub fn party(end: End, authority: AuthorityId) -> &'static str {
    let serves = end.presents.is_some_and(|holding| holding.material == Material::KubeletServing);
    match end.party {
        // Kubelets verify API servers, and API servers may verify kubelets.
        Party::Component(Component::Kubelet) if serves => "kubelet serving certificate",
        Party::OldHolder if authority == AuthorityId::FrontProxy => "holder of the old front-proxy CA",
        Party::OldHolder if authority == AuthorityId::Talos => "holder of the old Talos API CA",
        Party::Component(component) => component.as_str(),
        // A worker connects to trustd with its machine configuration; its apid gets its trusted CAs from trustd.
        Party::OnWorkers(_) if end.trusts.is_some_and(|holding| holding.writer == Writer::Machine) => {
            "worker connecting to trustd"
        }
        Party::OnWorkers(_) => "apid on workers",
        Party::User(kubeconfig) => kubeconfig,
        Party::Pods => "pods",
        Party::JoiningNode => "joining node",
        Party::Requester => "newly issued client certificates",
        Party::Management => "management cluster",
        Party::GivenClients if authority == AuthorityId::Talos => "loaded talosconfigs",
        Party::OtherClients if authority == AuthorityId::Talos => "other talosconfigs",
        Party::GivenClients => "loaded kubeconfigs",
        Party::OtherClients => "other kubeconfigs",
        Party::ExtensionServers => "extension API servers",
        Party::Webhooks if end.presents.is_some() => "webhooks",
        Party::Webhooks => "kube-apiserver, by webhook CA data",
        Party::Consumer(_) => "other process on a node",
        Party::OldHolder => "holder of an old certificate or the old CA key",
        Party::ForeignHolder => "clients of other CAs",
        _ => "another component",
    }
}

/// A participant of the diagram.
pub fn participant(participant: Participant) -> &'static str {
    match participant {
        Participant::Admins => "admin kubeconfigs",
        Participant::People => "people and CI",
        Participant::Management => "management cluster",
        Participant::Pods => "pods",
        Participant::Joining => "joining node",
        Participant::Requester => "new certificates",
        Participant::Apiserver => "kube-apiserver",
        Participant::ControllerManager => "controller-manager",
        Participant::Scheduler => "scheduler",
        Participant::Konnectivity => "konnectivity server",
        Participant::Kubelets => "kubelets",
        Participant::WorkerKubelets => "kubelets of workers",
        Participant::Extensions => "extension API servers",
        Participant::Webhooks => "webhooks",
        Participant::Apid => "apid and trustd",
        Participant::WorkerApid => "apid on workers",
        Participant::OldHolder => "holder of an old certificate or the old CA key",
        Participant::Other => "other components",
    }
}
