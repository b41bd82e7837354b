//! Certificates of kinds that are rare in clusters. Airlock judges them as Go does, or reports that it does not judge
//! them.

use std::{collections::BTreeMap, process::Command};

use airlock_core::{
    Finding, InputFile, RotationRequest, Severity, UnixTime, inspect,
    plan::{self, BroughtAuthority, NewAuthority},
    profile::AuthorityId,
};
use airlock_tests::{
    fixtures,
    oracle::{self, Usage, Verify, VerifyResult},
    tools,
};

/// The folder of a control-plane node whose files are newer than the fixture `odd`.
const BASE: &str = "field/k-indent";
const LATER: i64 = 60 * 86_400;
const APISERVER: &str = "k-indent/master-a/etc/kubernetes/pki/apiserver.crt";

fn now() -> UnixTime {
    UnixTime(fixtures::now().0 + LATER)
}

fn odd(name: &str) -> Vec<u8> {
    fixtures::read(&format!("odd/{name}"))
}

/// The findings for the node with the CA and the API server's certificate of a kind.
fn findings_of(kind: &str) -> Vec<Finding> {
    let files = fixtures::files(BASE).into_iter().filter(|file| !file.path.ends_with("pki/ca.key"));
    let files = files.map(|file| {
        if file.path.ends_with("kubernetes/pki/ca.crt") {
            InputFile::new(file.path, odd(&format!("{kind}-ca.crt")))
        } else if file.path == APISERVER {
            InputFile::new(file.path, odd(&format!("{kind}-leaf.crt")))
        } else {
            file
        }
    });
    inspect(files.collect(), now()).findings().to_vec()
}

fn question(kind: &str) -> Verify {
    let text = |name: String| String::from_utf8(odd(&name)).expect("PEM is ASCII");
    Verify {
        what: kind.to_owned(),
        roots: text(format!("{kind}-ca.crt")),
        certificate: text(format!("{kind}-leaf.crt")),
        usage: Usage::Server,
        dns_name: "kubernetes.default".to_owned(),
        time: now(),
    }
}

#[test]
fn nothing_that_is_not_judged_is_called_wrong() {
    let kinds = ["p521", "v1", "k1", "md5", "dsa", "name", "constrained"];
    let asked: Vec<Verify> = kinds.iter().copied().map(question).collect();
    let answers: Vec<VerifyResult> = oracle::ask("verify", &asked);
    let go: BTreeMap<&str, bool> =
        asked.iter().zip(&answers).map(|(question, answer)| (question.what.as_str(), answer.ok)).collect();
    // Go takes P-521, version 1, and name constraints that allow the name.
    let expected = [
        ("constrained", true),
        ("dsa", false),
        ("k1", false),
        ("md5", false),
        ("name", false),
        ("p521", true),
        ("v1", true),
    ];
    assert_eq!(go, BTreeMap::from(expected));
    // OpenSSL confirms that each CA signed its leaf; it also finds the CA whose name has another string type.
    for kind in kinds {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-no-CApath", "-attime", &now().0.to_string(), "-CAfile"]);
        openssl.args([format!("{kind}-ca.crt"), format!("{kind}-leaf.crt")]);
        tools::succeed(openssl.current_dir(fixtures::path("odd")));
    }
    for kind in kinds {
        let findings = findings_of(kind);
        let at_leaf: Vec<&Finding> = findings.iter().filter(|finding| finding.file == APISERVER).collect();
        let codes: Vec<&str> = at_leaf.iter().map(|finding| finding.code.as_str()).collect();
        assert!(!codes.contains(&"wrong-issuer"), "{kind}: {at_leaf:#?}");
        assert!(findings.iter().all(|finding| finding.code != "not-a-ca"), "{kind}: {findings:#?}");
        let expected: &[&str] = match kind {
            "k1" | "dsa" => &["not-judged"],
            "md5" => &["md5", "not-judged"],
            "name" => &["issuer-name"],
            _ => &[],
        };
        let mut told: Vec<&str> =
            codes.iter().copied().filter(|code| ["md5", "not-judged", "issuer-name"].contains(code)).collect();
        told.sort_unstable();
        assert_eq!(told, expected, "{kind}: {at_leaf:#?}");
        for finding in at_leaf.iter().filter(|finding| finding.code == "not-judged") {
            assert!(
                finding.severity == Severity::Error && finding.remedy.contains("openssl verify -CAfile"),
                "{finding}"
            );
        }
        let constrained = findings.iter().any(|finding| finding.message.contains("name constraints"));
        assert_eq!(constrained, kind == "constrained", "{kind}: {findings:#?}");
    }
}

#[test]
fn a_brought_ca_that_the_plan_would_refuse_later_is_refused_at_once() {
    for (name, why) in [
        ("serial-negative", "its serial number is negative"),
        ("serial-long", "its serial number is 21 octets long"),
        ("unknown-extension", "the critical extension 1.2.3.4.5, which Go does not know"),
        ("constrained", "name constraints"),
    ] {
        let file = format!("{name}-ca.crt");
        let mut files = fixtures::files(BASE);
        files.push(InputFile::new(file.clone(), odd(&file)));
        let inventory = inspect(files, now());
        let brought = BroughtAuthority { certificate: file.clone(), key: String::new() };
        let authority = NewAuthority { brought: Some(brought), ..NewAuthority::default() };
        let request = RotationRequest {
            authorities: BTreeMap::from([(AuthorityId::Cluster, authority)]),
            external_ca: true,
            ..RotationRequest::default()
        };
        let refusal = plan::plan(&inventory, &request, now()).expect_err("such a CA is refused");
        let finding = refusal.findings.iter().find(|finding| finding.code == "brought-ca");
        let finding = finding.unwrap_or_else(|| panic!("{name}: {refusal}"));
        assert!(finding.file == file && finding.message.contains(why), "{finding}");
    }
}
