//! The connections of a cluster during a rotation: every connection in every pair of phases that its two ends may be
//! in, and every certificate with the CAs of each component that verifies it.

use std::collections::BTreeMap;

use crate::{
    fixtures,
    oracle::{Handshake, HandshakeResult, Usage, Verify, ask, assert_all_connect},
    phases::{Access, Phases},
};

/// The pairs of phases that client and server may be in at the same time: equal, or one apart.
pub const PHASE_PAIRS: [(usize, usize); 10] =
    [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3)];

/// Every kubeconfig of a phase, on nodes and of users.
#[must_use]
pub fn access(phases: &Phases, phase: usize) -> Vec<Access> {
    phases.kubeconfigs(phase).into_iter().map(|(_, access)| access).chain(phases.clients(phase)).collect()
}

/// The handshake of a client with a node's API server.
#[must_use]
pub fn handshake(phases: &Phases, client: &Access, server: usize, node: &str) -> Handshake {
    Handshake {
        what: format!("{} to {node} in phase {server}", client.name),
        server: phases.apiserver(server, node),
        client: client.endpoint.clone(),
        server_name: client.host.clone(),
        time: fixtures::now(),
    }
}

/// The nodes whose API server a client reaches by the host in its kubeconfig; a load balancer leads to all.
///
/// # Panics
///
/// If there is no such node.
#[must_use]
pub fn reached(phases: &Phases, client: &Access) -> Vec<String> {
    let questions: Vec<Handshake> =
        phases.control_plane.iter().map(|node| handshake(phases, client, 0, node)).collect();
    let answers: Vec<HandshakeResult> = ask("tls", &questions);
    let nodes: Vec<String> = phases
        .control_plane
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer.ok)
        .map(|(node, _)| node.clone())
        .collect();
    assert!(!nodes.is_empty(), "{} reaches no API server before the rotation", client.name);
    nodes
}

/// Every client with every API server that it reaches, at most one phase apart.
#[must_use]
pub fn all(phases: &Phases) -> Vec<Handshake> {
    let all: Vec<Vec<Access>> = (0..=3).map(|phase| access(phases, phase)).collect();
    let reached: Vec<Vec<String>> = all[0].iter().map(|client| reached(phases, client)).collect();
    let mut questions = Vec::new();
    for (client, server) in PHASE_PAIRS {
        for (access, nodes) in all[client].iter().zip(&reached) {
            questions.extend(nodes.iter().map(|node| handshake(phases, access, server, node)));
        }
    }
    questions
}

/// Asserts that all connections succeed, and that servers authenticate each client as the same user and groups as
/// before.
///
/// # Panics
///
/// If connections fail (the message lists each), or if a client's identity changes.
pub fn assert_connect(questions: &[Handshake]) {
    let answers = assert_all_connect(questions);
    let mut known = BTreeMap::new();
    for (question, answer) in questions.iter().zip(answers) {
        let client = question.what.split(" of ").next().expect("a name");
        let seen = (answer.common_name, answer.organizations);
        let before = known.entry(client.to_owned()).or_insert_with(|| seen.clone());
        assert_eq!(*before, seen, "{}", question.what);
    }
}

/// Certificates that are presented without a kubeconfig, each with the node's file of CAs that verifies it.
#[must_use]
pub fn presented(phases: &Phases) -> Vec<Verify> {
    let mut questions = Vec::new();
    for (client, server) in PHASE_PAIRS {
        for presenter in &phases.control_plane {
            for holder in phases.control_plane.iter().chain(&phases.workers) {
                for (leaf, authority) in [("apiserver-kubelet-client", "ca"), ("front-proxy-client", "front-proxy-ca")]
                {
                    if phases.workers.contains(holder) && authority != "ca" {
                        continue;
                    }
                    questions.push(Verify {
                        what: format!(
                            "{presenter}/{leaf} of phase {client} under {holder}/{authority}.crt of phase {server}"
                        ),
                        roots: phases.read(server, holder, &format!("pki/{authority}.crt")),
                        certificate: phases.read(client, presenter, &format!("pki/{leaf}.crt")),
                        usage: Usage::Client,
                        dns_name: String::new(),
                        time: fixtures::now(),
                    });
                }
            }
        }
    }
    questions
}

/// Every API server's certificate with every CA bundle of `cluster-info`.
#[must_use]
pub fn joining(phases: &Phases) -> Vec<Verify> {
    let mut questions = Vec::new();
    for (client, server) in PHASE_PAIRS {
        let access = phases.cluster_info(client);
        for node in &phases.control_plane {
            questions.push(Verify {
                what: format!("{node}/apiserver of phase {server} under cluster-info of phase {client}"),
                roots: access.roots.clone(),
                certificate: phases.read(server, node, "pki/apiserver.crt"),
                usage: Usage::Server,
                dns_name: access.host.clone(),
                time: fixtures::now(),
            });
        }
    }
    questions
}

/// Each certificate of a phase with the CA bundle of the same phase.
#[must_use]
pub fn held(phases: &Phases, phase: usize) -> Vec<Verify> {
    let mut questions: Vec<Verify> = Vec::new();
    for (node, access) in phases.kubeconfigs(phase) {
        questions.push(Verify {
            what: format!("credential of {}", access.name),
            roots: phases.read(phase, &node, "pki/ca.crt"),
            certificate: access.endpoint.certificate,
            usage: Usage::Client,
            dns_name: String::new(),
            time: fixtures::now(),
        });
    }
    for node in &phases.control_plane {
        for (leaf, authority, usage) in [
            ("apiserver", "ca", Usage::Server),
            ("apiserver-kubelet-client", "ca", Usage::Client),
            ("front-proxy-client", "front-proxy-ca", Usage::Client),
        ] {
            questions.push(Verify {
                what: format!("{node}/{leaf} of phase {phase}"),
                roots: phases.read(phase, node, &format!("pki/{authority}.crt")),
                certificate: phases.read(phase, node, &format!("pki/{leaf}.crt")),
                usage,
                dns_name: if leaf == "apiserver" { node.clone() } else { String::new() },
                time: fixtures::now(),
            });
        }
    }
    questions
}
