//! Messages of real programs (`tests/fixtures/errors`), with the files of a cluster.

use airlock_core::{
    Finding,
    profile::AuthorityId,
    report::{CertificateReport, HolderReport, SlotReport},
};

use super::*;
use crate::{state::tests::authority, words::explain as words};

const MESSAGES: &str = include_str!("../../../../tests/fixtures/errors/messages.txt");

fn message(name: &str) -> &'static str {
    let line = MESSAGES.lines().find_map(|line| line.split_once('\t').filter(|(known, _)| *known == name));
    line.unwrap_or_else(|| panic!("messages.txt has no {name}")).1
}

fn explained(text: &str, inventory: &InventoryReport) -> Explanation {
    let message = Message::new(text).expect("a message");
    let mut all = explain(&message, Some(inventory), UnixTime(1_000_000_000));
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.remove(0)
}

#[test]
fn every_message_of_the_real_programs_is_known_for_what_it_is() {
    for (name, kind) in [
        ("go-same-name", Kind::UnknownAuthority),
        ("go-other-authority", Kind::UnknownAuthority),
        ("go-expired", Kind::Expired),
        ("go-not-yet-valid", Kind::NotYetValid),
        ("go-other-name", Kind::WrongName),
        ("go-other-address", Kind::WrongName),
        ("go-no-names", Kind::WrongName),
        ("go-no-addresses", Kind::WrongName),
        ("go-common-name", Kind::WrongName),
        ("go-usage", Kind::Usage),
        ("go-client-of-another-server", Kind::UnknownAuthority),
        ("go-client-of-another-client", Kind::Refused),
        ("go-client-expired-server", Kind::Expired),
        ("go-client-expired-client", Kind::Expired),
        ("go-client-without-server", Kind::NoCertificate),
        ("go-client-without-client", Kind::Refused),
        ("go-client-usage-server", Kind::Usage),
        ("go-client-usage-client", Kind::Refused),
        ("go-key-mismatch", Kind::KeyMismatch),
        ("go-key-type", Kind::KeyMismatch),
        ("go-no-pem", Kind::Unreadable),
        ("go-not-a-ca", Kind::NotACa),
        ("go-malformed", Kind::Unreadable),
        ("openssl-no-issuer", Kind::UnknownAuthority),
        ("openssl-other-ca", Kind::UnknownAuthority),
        ("openssl-self-signed", Kind::UnknownAuthority),
        ("openssl-self-signed-in-chain", Kind::UnknownAuthority),
        ("openssl-expired", Kind::Expired),
        ("openssl-not-yet-valid", Kind::NotYetValid),
        ("openssl-hostname", Kind::WrongName),
        ("openssl-address", Kind::WrongName),
        ("openssl-purpose", Kind::Usage),
        ("openssl-checkhost", Kind::WrongName),
        ("openssl-key-mismatch", Kind::KeyMismatch),
        ("curl-other-ca", Kind::UnknownAuthority),
        ("curl-hostname", Kind::WrongName),
        ("kubeadm-wrong-ca", Kind::WrongCa),
        ("kubeadm-wrong-ca-until-1.30", Kind::WrongCa),
        ("controller-manager-bundle", Kind::Bundle),
        ("kubeadm-pin", Kind::Pin),
        ("kubectl-unauthorized", Kind::Unauthorized),
        ("apiserver-unauthorized", Kind::ClientOfAnotherCa),
        ("java-other-ca", Kind::UnknownAuthority),
        ("java-same-name", Kind::UnknownAuthority),
        ("java-address", Kind::WrongName),
        ("java-expired", Kind::Expired),
        ("java-no-certificate", Kind::NoCertificate),
        ("java-usage", Kind::Usage),
        ("node-other-ca", Kind::UnknownAuthority),
        ("node-same-name", Kind::UnknownAuthority),
        ("node-address", Kind::WrongName),
        ("node-expired", Kind::Expired),
        ("node-no-certificate", Kind::NoCertificate),
        ("node-refused", Kind::Refused),
        ("node-usage", Kind::Usage),
        ("python-other-ca", Kind::UnknownAuthority),
        ("python-same-name", Kind::UnknownAuthority),
        ("python-address", Kind::WrongName),
        ("python-expired", Kind::Expired),
        ("python-no-certificate", Kind::NoCertificate),
        ("python-refused", Kind::Refused),
        ("python-usage", Kind::Usage),
        ("dotnet-untrusted", Kind::UnknownAuthority),
        ("dotnet-partial", Kind::UnknownAuthority),
        ("dotnet-time", Kind::Expired),
        ("dotnet-name", Kind::WrongName),
    ] {
        let explanation = explained(message(name), &InventoryReport::default());
        assert_eq!(explanation.kind, kind, "{name}");
        assert!(is_message(message(name)), "{name} is a message");
        assert!(!words::commands(&explanation).is_empty() && !words::to_do(kind).is_empty(), "{name}");
    }
    assert_eq!(MESSAGES.lines().count(), 66, "every message has its line above");
}

#[test]
fn names_and_moments_are_read_out_of_a_message() {
    let facts = |name: &str| explained(message(name), &InventoryReport::default()).facts;
    assert_eq!(facts("go-same-name").authority, "kubernetes");
    let other = facts("go-other-name");
    assert_eq!((other.names.len(), other.wanted.as_str()), (3, "api.example"));
    assert_eq!(facts("go-other-address").wanted, "192.0.2.99");
    assert_eq!(facts("go-no-names").wanted, "api.example");
    assert_eq!(facts("go-no-addresses").wanted, "192.0.2.99");
    assert_eq!(facts("openssl-checkhost").wanted, "api.example");
    assert_eq!(facts("curl-hostname").wanted, "api.example");
    for name in ["java-address", "node-address", "python-address"] {
        assert_eq!(facts(name).wanted, "127.0.0.1", "{name}");
    }
    assert!(facts("go-expired").moment.ends_with('Z'));
    assert_eq!(facts("controller-manager-bundle").file, "/etc/kubernetes/pki/ca.crt");
    assert_eq!(facts("kubeadm-wrong-ca").file, "/etc/kubernetes/admin.conf");
    assert_eq!(facts("kubeadm-pin").pin.len(), 71);
    assert_eq!(facts("openssl-no-issuer"), Facts::default());
}

#[test]
fn the_server_of_a_message_is_the_one_of_its_command() {
    for (text, server) in [
        (
            r#"Get "https://api.example:6443/api?timeout=32s": x509: certificate signed by unknown authority"#,
            "api.example:6443",
        ),
        (
            "Post https://[2001:db8::1]:6443/: tls: failed to verify certificate: x509: certificate has expired",
            "[2001:db8::1]:6443",
        ),
        ("dial tcp 10.0.0.1:2379: x509: certificate signed by unknown authority", "10.0.0.1:2379"),
        ("https://metrics.example/: x509: certificate signed by unknown authority", "metrics.example:443"),
        ("x509: certificate signed by unknown authority", ""),
        ("https://$(rm): x509: certificate signed by unknown authority", ""),
    ] {
        let explanation = explained(text, &InventoryReport::default());
        assert_eq!(explanation.facts.server, server, "{text}");
        let command = &words::commands(&explanation)[0];
        let expected = if server.is_empty() { "SERVER:6443" } else { server };
        assert!(command.contains(&format!("-connect {expected} ")), "{command}");
    }
}

#[test]
fn a_key_is_no_message() {
    let key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
    assert_eq!((Message::new(key), Message::new(&"QUJD".repeat(50))), (None, None));
    assert!(!is_message(key) && !is_message("apiVersion: v1\nkind: Config\n# x509: certificate has expired"));
    let mut state = Explained::default();
    state.take(Some(Message::new("Unauthorized").unwrap()), None, UnixTime(0));
    assert_eq!((state.refused, state.explanations.len()), (false, 1));
    state.take(Message::new(key), None, UnixTime(0));
    assert_eq!((state.refused, state.message.as_str(), state.explanations.len()), (true, "", 0));
}

#[test]
fn each_line_of_a_log_counts_once() {
    let log = [message("go-expired"), "nothing", message("go-expired"), message("go-same-name")].join("\n");
    let all = explain(&Message::new(&log).unwrap(), None, UnixTime(0));
    assert_eq!(all.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Expired, Kind::UnknownAuthority]);
}

fn certificate(subject: &str, issuer: &str, signed_by: &str, fingerprint: &str) -> CertificateReport {
    let template = authority(AuthorityId::Cluster, true).certificate;
    CertificateReport {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        signed_by: signed_by.to_owned(),
        fingerprint: fingerprint.to_owned(),
        authority: signed_by == "itself",
        not_after: UnixTime(2_000_000_000),
        ..template
    }
}

fn ca(fingerprint: &str) -> CertificateReport {
    certificate("CN=kubernetes", "CN=kubernetes", "itself", fingerprint)
}

fn leaf(subject: &str, signed_by: &str) -> CertificateReport {
    certificate(subject, "CN=kubernetes", signed_by, "99:99:99:99:99")
}

const OLD: &str = "AA:AA:AA:AA:AA";
const NEW: &str = "BB:BB:BB:BB:BB";
const BY_NEW: &str = "CN=kubernetes (BB:BB:BB:BB)";

fn slot(place: &str, server: &str, certificates: Vec<CertificateReport>) -> SlotReport {
    let file = format!("cp1{place}");
    SlotReport {
        place: place.to_owned(),
        file,
        kind: String::new(),
        certificates,
        keys: Vec::new(),
        server: server.to_owned(),
    }
}

/// A node with a new CA and an old kubeconfig.
fn replaced() -> InventoryReport {
    let mut served = leaf("CN=kube-apiserver", BY_NEW);
    served.alternative_names = ["DNS:cp1", "DNS:kubernetes", "DNS:kubernetes.default", "IP:10.96.0.1", "IP:192.0.2.11"]
        .map(str::to_owned)
        .into();
    let slots = vec![
        slot("/etc/kubernetes/pki/ca.crt", "", vec![ca(NEW)]),
        slot("/etc/kubernetes/pki/apiserver.crt", "", vec![served]),
        slot(
            "/etc/kubernetes/admin.conf",
            "https://api.example:6443",
            vec![ca(OLD), leaf("CN=kubernetes-admin", "CN=kubernetes (AA:AA:AA:AA)")],
        ),
    ];
    let holder = HolderReport { name: "cp1".to_owned(), role: "control-plane".to_owned(), slots };
    InventoryReport { holders: vec![holder], ..InventoryReport::default() }
}

#[track_caller]
fn accuses(name: &str, inventory: &InventoryReport, expected: &[(Part, &str, &str)]) {
    let explanation = explained(message(name), inventory);
    let found: Vec<_> = explanation
        .suspects
        .iter()
        .map(|one| (one.part, one.place.rsplit('/').next().unwrap(), words::clue(&one.clue)))
        .collect();
    let found: Vec<_> = found.iter().map(|(part, place, clue)| (*part, *place, clue.as_str())).collect();
    assert_eq!(found, expected, "{name}");
}

#[test]
fn two_cas_of_one_name_are_told_apart() {
    accuses(
        "go-same-name",
        &replaced(),
        &[
            (Part::Server, "apiserver.crt", "presents a certificate issued by CN=kubernetes (BB:BB:BB:BB)"),
            (Part::Trust, "admin.conf", "trusts only CN=kubernetes (AA:AA:AA:AA)"),
            (Part::Trust, "ca.crt", "trusts only CN=kubernetes (BB:BB:BB:BB)"),
        ],
    );
    accuses("go-other-authority", &InventoryReport::default(), &[]);
    // A suspect that differs from the others is first.
    let mut inventory = replaced();
    let name = |index: usize| format!("cp{index}");
    for index in 2..20 {
        let mut other = inventory.holders[0].clone();
        other.name = name(index);
        other.slots.truncate(2);
        inventory.holders.push(other);
    }
    let explanation = explained(message("go-same-name"), &inventory);
    assert_eq!(explanation.suspects[0].place, "/etc/kubernetes/admin.conf");
    assert!(explanation.suspects.len() == FEW && explanation.more > 10);
}

#[test]
fn who_shows_something_of_a_ca_that_is_gone_is_the_client() {
    let expected = [(Part::Client, "admin.conf", "presents a certificate issued by CN=kubernetes (AA:AA:AA:AA)")];
    for name in ["kubectl-unauthorized", "apiserver-unauthorized", "go-client-of-another-client"] {
        accuses(name, &replaced(), &expected);
    }
}

#[test]
fn the_certificate_that_ended_at_that_very_second_is_the_one() {
    let mut inventory = replaced();
    let moment = explained(message("go-expired"), &inventory).facts.moment;
    let slots = &mut inventory.holders[0].slots;
    slots[1].certificates[0].not_after = UnixTime(900_000_000);
    let text = message("go-expired").replace(&moment, &UnixTime(900_000_000).to_string());
    let explanation = explained(&text, &inventory);
    assert_eq!(explanation.suspects.len(), 1, "{explanation:?}");
    // If no certificate matches the message's time, all expired ones are named.
    inventory.holders[0].slots[0].certificates[0].not_after = UnixTime(800_000_000);
    assert_eq!(explained(message("openssl-expired"), &inventory).suspects.len(), 2);
    assert_eq!(explained(&text, &inventory).suspects.len(), 1);
}

#[test]
fn the_server_is_known_by_its_names_and_the_client_by_where_it_connects() {
    accuses(
        "go-other-name",
        &replaced(),
        &[
            (
                Part::Server,
                "apiserver.crt",
                "certificate names: cp1, kubernetes, kubernetes.default, 10.96.0.1, 192.0.2.11",
            ),
            (Part::Client, "admin.conf", "connects to https://api.example:6443"),
        ],
    );
    let explanation = explained(message("go-other-name"), &replaced());
    assert!(words::commands(&explanation)[0].contains("-connect api.example:6443"));
}

#[test]
fn bundles_other_cas_and_pins_are_found_where_they_are() {
    let mut inventory = replaced();
    accuses(
        "kubeadm-wrong-ca",
        &inventory,
        &[(Part::File, "admin.conf", "its CA is CN=kubernetes (AA:AA:AA:AA), but ca.crt starts with another one")],
    );
    inventory.holders[0].slots[0].certificates.push(ca(OLD));
    accuses("controller-manager-bundle", &inventory, &[(Part::File, "ca.crt", "contains 2 certificates")]);
    let pin = explained(message("kubeadm-pin"), &inventory).facts.pin;
    inventory.holders[0].slots[0].certificates[1].pin.clone_from(&pin);
    accuses("kubeadm-pin", &inventory, &[(Part::Trust, "ca.crt", &format!("the CA with {pin}"))]);
    inventory.findings = vec![Finding::error("key-mismatch", "cp1/etc/kubernetes/pki/ca.crt", "they differ")];
    let explanation = explained(message("go-key-mismatch"), &inventory);
    assert_eq!((explanation.suspects[0].holder.as_str(), &explanation.suspects[0].clue), ("cp1", &Clue::OtherKey));
}
