//! Every connection of a cluster, at every pair of moments in which its two ends may meet, made by Go's TLS;
//! every certificate verified by Go's crypto/x509 and strictly by OpenSSL.

use std::collections::BTreeMap;

use airlock_tests::{
    fixtures,
    oracle::{Handshake, Shaken, Usage, Verify, all_connect, all_verify, all_verify_strictly, ask},
    phases::{Access, Phases},
    rotation::{CASES, Case},
};

/// Phases in which client and server may be at the same time: the same one, or one apart.
const MEETINGS: [(usize, usize); 10] = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3)];

/// Every kubeconfig of a phase: those on nodes, and those that people hold.
fn access(phases: &Phases, phase: usize) -> Vec<Access> {
    phases.kubeconfigs(phase).into_iter().map(|(_, access)| access).chain(phases.clients(phase)).collect()
}

fn handshake(phases: &Phases, client: &Access, server: usize, node: &str) -> Handshake {
    Handshake {
        what: format!("{} to {node} in phase {server}", client.name),
        server: phases.apiserver(server, node),
        client: client.party.clone(),
        server_name: client.host.clone(),
        time: fixtures::now(),
    }
}

/// The nodes whose API server a client reaches by the name in its kubeconfig: a load balancer's leads to all.
fn reached(phases: &Phases, client: &Access) -> Vec<String> {
    let questions: Vec<Handshake> =
        phases.control_plane.iter().map(|node| handshake(phases, client, 0, node)).collect();
    let answers: Vec<Shaken> = ask("tls", &questions);
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

#[test]
fn every_client_connects_to_every_api_server_one_phase_apart() {
    for case in CASES {
        let phases = case.phases();
        let all: Vec<Vec<Access>> = (0..=3).map(|phase| access(phases, phase)).collect();
        let reached: Vec<Vec<String>> = all[0].iter().map(|client| reached(phases, client)).collect();
        let mut questions = Vec::new();
        for (client, server) in MEETINGS {
            for (access, nodes) in all[client].iter().zip(&reached) {
                questions.extend(nodes.iter().map(|node| handshake(phases, access, server, node)));
            }
        }
        println!("{}: {} connections", case.name, questions.len());
        let answers = all_connect(&questions);

        // Whoever it was before, the servers take it for the same afterwards.
        let mut known = BTreeMap::new();
        for (question, answer) in questions.iter().zip(answers) {
            let client = question.what.split(" of ").next().expect("a name");
            let seen = (answer.common_name, answer.organizations);
            let before = known.entry(client.to_owned()).or_insert_with(|| seen.clone());
            assert_eq!(*before, seen, "{}: {}", case.name, question.what);
        }
    }
}

#[test]
fn the_old_is_refused_after_phase_3_and_the_stale_after_phase_2() {
    for case in CASES {
        let phases = case.phases();
        let reached: Vec<Vec<String>> = access(phases, 0).iter().map(|client| reached(phases, client)).collect();
        let mut questions = Vec::new();
        for (client, server) in [(0, 3), (1, 3), (0, 2), (3, 0), (3, 1)] {
            for (access, nodes) in access(phases, client).iter().zip(&reached) {
                questions.extend(nodes.iter().map(|node| handshake(phases, access, server, node)));
            }
        }
        let answers: Vec<Shaken> = ask("tls", &questions);
        for (question, answer) in questions.iter().zip(answers) {
            assert!(!answer.ok, "{}: {} must fail", case.name, question.what);
        }
    }
}

/// Certificates that are presented elsewhere than in a kubeconfig, with the file of the node that trusts them.
fn presented(phases: &Phases) -> Vec<Verify> {
    let mut questions = Vec::new();
    for (client, server) in MEETINGS {
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

/// Every API server's certificate under every bundle that comes with `cluster-info`.
fn joining(phases: &Phases) -> Vec<Verify> {
    let mut questions = Vec::new();
    for (client, server) in MEETINGS {
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

#[test]
fn go_verifies_what_is_presented_beside_kubeconfigs() {
    for case in CASES {
        let phases = case.phases();
        all_verify(&presented(phases));
        all_verify(&joining(phases));
    }
}

/// Each certificate of a phase under the bundle of the same phase, which OpenSSL judges strictly.
#[test]
fn openssl_verifies_every_certificate_strictly() {
    for case in CASES {
        let phases = case.phases();
        for phase in 1..=3 {
            let mut questions: Vec<Verify> = Vec::new();
            for (node, access) in phases.kubeconfigs(phase) {
                questions.push(Verify {
                    what: format!("{}: credential of {}", case.name, access.name),
                    roots: phases.read(phase, &node, "pki/ca.crt"),
                    certificate: access.party.certificate,
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
                        what: format!("{}: {node}/{leaf} of phase {phase}", case.name),
                        roots: phases.read(phase, node, &format!("pki/{authority}.crt")),
                        certificate: phases.read(phase, node, &format!("pki/{leaf}.crt")),
                        usage,
                        dns_name: if leaf == "apiserver" { node.clone() } else { String::new() },
                        time: fixtures::now(),
                    });
                }
            }
            all_verify(&questions);
            all_verify_strictly(&questions);
        }
    }
}

/// OpenSSL takes the first authority whose subject fits: names and key identifiers must lead it to the right one while
/// both are trusted, in either order.
#[test]
fn openssl_finds_the_right_authority_in_both_orders() {
    for case in CASES {
        let phases = case.phases();
        let node = &phases.control_plane[0];
        let mut questions = Vec::new();
        for (leaf, bundle) in [(0, 1), (0, 2), (1, 2), (2, 1), (3, 2), (3, 1)] {
            questions.push(Verify {
                what: format!("{}: apiserver of phase {leaf} under ca.crt of phase {bundle}", case.name),
                roots: phases.read(bundle, node, "pki/ca.crt"),
                certificate: phases.read(leaf, node, "pki/apiserver.crt"),
                usage: Usage::Server,
                dns_name: node.clone(),
                time: fixtures::now(),
            });
        }
        all_verify_strictly(&questions);
    }
}

/// What kube-controller-manager reads at its start: one certificate, and the key that belongs to it.
#[test]
fn the_signing_pair_fits_in_every_phase() {
    for case in CASES.iter().filter(|case| case.fixture != "kubeadm/external-1") {
        let phases = case.phases();
        for phase in 0..=3 {
            for node in &phases.control_plane {
                let path =
                    |kind| phases.signing_file(phase, node, kind).trim_start_matches("/etc/kubernetes/").to_owned();
                let certificate = phases.read(phase, node, &path("cert"));
                assert_eq!(certificate.matches("BEGIN CERTIFICATE").count(), 1, "{}: {node}, phase {phase}", case.name);
                assert_pair(
                    case,
                    &certificate,
                    &phases.read(phase, node, &path("key")),
                    &format!("{node}, phase {phase}: signing file"),
                );
                // kubeadm signs with the first certificate of each file.
                for authority in ["ca", "front-proxy-ca", "etcd/ca"] {
                    let bundle = phases.read(phase, node, &format!("pki/{authority}.crt"));
                    let key = phases.read(phase, node, &format!("pki/{authority}.key"));
                    assert_pair(case, &bundle, &key, &format!("{node}, phase {phase}: {authority}"));
                }
            }
        }
    }
}

/// Go's tls.X509KeyPair refuses a pair that does not fit; a client that trusts nobody gets no further than that.
fn assert_pair(case: &Case, certificate: &str, key: &str, what: &str) {
    let party =
        airlock_tests::oracle::Party { certificate: certificate.to_owned(), key: key.to_owned(), roots: String::new() };
    let question = Handshake {
        what: what.to_owned(),
        server: party.clone(),
        client: party,
        server_name: "any".to_owned(),
        time: fixtures::now(),
    };
    let answer: Shaken = ask("tls", &[question]).remove(0);
    assert!(!answer.server.contains("pair"), "{}: {what}: {}", case.name, answer.server);
}
