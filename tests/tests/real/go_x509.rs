//! Go's TLS performs every connection of a cluster in every pair of phases in which its two ends can be. Go's
//! crypto/x509, and OpenSSL in strict mode, verify every certificate.

use airlock_tests::{
    connections::{self, access, handshake, reached},
    fixtures,
    oracle::{Handshake, HandshakeResult, Usage, Verify, ask, assert_all_verify, assert_all_verify_strictly},
    rotation::{CASES, Case},
};

#[test]
fn every_client_connects_to_every_api_server_one_phase_apart() {
    for case in CASES {
        let questions = connections::all(case.phases());
        println!("{}: {} connections", case.name, questions.len());
        connections::assert_connect(&questions);
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
        let answers: Vec<HandshakeResult> = ask("tls", &questions);
        for (question, answer) in questions.iter().zip(answers) {
            assert!(!answer.ok, "{}: {} must fail", case.name, question.what);
        }
    }
}

#[test]
fn go_verifies_what_is_presented_beside_kubeconfigs() {
    for case in CASES {
        let phases = case.phases();
        assert_all_verify(&connections::presented(phases));
        assert_all_verify(&connections::joining(phases));
    }
}

/// Verifies each certificate of a phase with the bundle of the same phase, in OpenSSL's strict mode.
#[test]
fn openssl_verifies_every_certificate_strictly() {
    for case in CASES {
        let phases = case.phases();
        for phase in 1..=3 {
            let questions = connections::held(phases, phase);
            assert_all_verify(&questions);
            assert_all_verify_strictly(&questions);
        }
    }
}

/// OpenSSL uses the first CA whose subject matches. While both CAs are trusted, names and key identifiers must lead it
/// to the issuer, whichever CA comes first.
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
        assert_all_verify_strictly(&questions);
    }
}

/// The files that kube-controller-manager reads at its start: one certificate, and the matching key.
#[test]
fn the_signing_pair_fits_in_every_phase() {
    for case in CASES.iter().filter(|case| case.fixture != "kubeadm/external-1") {
        let phases = case.phases();
        for phase in 0..=3 {
            for node in &phases.control_plane {
                let path = |kind| {
                    format!("pki/{}", phases.signing_file(phase, node, kind).rsplit('/').next().unwrap_or_default())
                };
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

/// Go's tls.X509KeyPair rejects a certificate with another key. A client that trusts no CA fails after this check.
fn assert_pair(case: &Case, certificate: &str, key: &str, what: &str) {
    let party = airlock_tests::oracle::Endpoint {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        roots: String::new(),
    };
    let question = Handshake {
        what: what.to_owned(),
        server: party.clone(),
        client: party,
        server_name: "any".to_owned(),
        time: fixtures::now(),
    };
    let answer: HandshakeResult = ask("tls", &[question]).remove(0);
    assert!(!answer.server.contains("pair"), "{}: {what}: {}", case.name, answer.server);
}
