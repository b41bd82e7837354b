//! Compares Airlock's predictions for OpenSSL in strict mode, Java and rustls with their results: for chains with one
//! error each, and for the cases of x509-limbo.

use std::{collections::BTreeSet, process::Command};

use airlock_core::{
    Content, Finding, InputFile, UnixTime,
    formats::pem,
    simulate,
    x509::{self, Certificate, ChainError, Presented, Purpose, Rules, TrustBundle, validate},
};
use airlock_tests::{
    fixtures, generated,
    oracle::{self, Usage, Verify, VerifyResult},
    tls_libraries::{self, Question, Verdict},
    tools::{built, succeed},
};
use serde::Deserialize;

/// Asks the real program; one verdict for each question.
type Program = fn(&[Question]) -> Vec<Verdict>;

/// Cases in which Airlock's result differs from the real program's.
struct Exceptions {
    /// Cases without a verdict: the start of their names, and the reason.
    not_judged: &'static [(&'static str, &'static str)],
    /// Cases with another verdict on purpose: the name, the verifier, and the reason.
    different: &'static [(&'static str, Rules, &'static str)],
}

/// Exceptions among the generated chains.
const GENERATED: Exceptions = Exceptions {
    not_judged: &[
        (
            "a leaf signed with SHA-512 by P-256",
            "rustls: aws-lc-rs, the default provider, supports it; ring, the one that is asked here, does not",
        ),
        ("an anchor with a key of type ecdsa-p521", "signatures by P-521 are not checked in core"),
        ("name constraints of the anchor permit a directory name", "directory names"),
        ("name constraints of the intermediate permit a directory name", "directory names"),
        ("name constraints of the anchor permit a mail domain", "addresses in subjects"),
        ("name constraints of the intermediate permit a mail domain", "addresses in subjects"),
    ],
    different: &[],
};

/// Wildcards outside the first label: JDK 17, which is installed on many machines, accepts them; JDK 25, whose rules
/// Airlock follows, does not (HostnameChecker.java, `matchAllWildcards` and `matchLeftmostWildcard`).
const OLD_JAVA: [&str; 3] = ["api.*.com", "*.*.example.com", "webpki::san::wildcard-not-in-leftmost-san"];
/// The first release that is known to reject them.
const JAVA_OF_THE_RULES: u32 = 25;

/// Exceptions among x509-limbo's cases.
const LIMBO: Exceptions = Exceptions {
    not_judged: &[
        ("rfc5280::nc::", "constraints on directory names, e-mail addresses and other names, and on common names"),
        ("rfc5280::pc::ica-noncritical-pc", "policy constraints"),
        ("rfc5280::san::malformed", "an extension that cannot be parsed"),
        ("webpki::cn::", "names in Punycode that Java cannot decode, as it knows the characters of Unicode 3.2 only"),
        ("webpki::explicit-curve", "signatures by a curve without a name"),
        ("webpki::forbidden-p192", "P-192"),
        ("webpki::forbidden-dsa", "DSA"),
    ],
    different: &[(
        "webpki::malformed-aia",
        Rules::Go,
        "Go parses authorityInfoAccess, which has no part in a cluster's certificates; Airlock does not",
    )],
};

/// One question, with its name.
struct Asked {
    name: String,
    question: Question,
}

#[test]
fn odd_chains_are_judged_as_each_verifier_judges_them() {
    let cases = generated::cases().into_iter().map(|case| Asked { name: case.name, question: case.question });
    compare(&cases.collect::<Vec<_>>(), &ALL, &GENERATED);
}

#[test]
fn the_cases_of_x509_limbo_are_judged_as_each_verifier_judges_them() {
    compare(&limbo(), &ALL, &LIMBO);
}

/// CAs without key identifiers, as Go created them before 1.15, are reported once each; other CAs are not.
#[test]
fn a_ca_that_strict_clients_refuse_is_one_finding() {
    let (_, clusters) = generated::clusters();
    let findings = |part: &str| -> Vec<Finding> {
        let cluster = clusters.iter().find(|cluster| cluster.name.contains(part)).expect("one is like that");
        let inventory = airlock_core::inspect(cluster.files.clone(), cluster.now);
        inventory.findings().iter().filter(|finding| finding.code == "strict-clients-refuse").cloned().collect()
    };
    let found = findings("-ids-none-");
    assert_eq!(found.len(), 2, "the cluster's CA and the front proxy's: {found:?}");
    for finding in &found {
        let words = "OpenSSL, strict, since Python 3.13 (October 2024): ";
        assert!(
            finding.message.contains(words) && finding.message.contains("without subject key identifier"),
            "{finding}"
        );
        assert!(!finding.message.contains("Java") && !finding.message.contains("rustls"), "{finding}");
        assert!(finding.remedy.starts_with("Rotate this CA: every verifier accepts the new CA"), "{finding}");
    }
    assert_eq!(findings("-ids-both-"), []);
}

/// The host of a kubeconfig, as Go's HTTP transport sends it and compares it with the API server's certificate.
#[test]
fn international_hosts_are_compared_as_gos_transport_compares_them() {
    let (spare, clusters) = generated::clusters();
    let cluster = clusters.into_iter().find(|cluster| cluster.name.contains("-idn-")).expect("one has such a host");
    for (name, is_its_own) in [
        ("bücher.example.com", true),
        ("BÜCHER.Example.com", true),
        ("bücher。example.com", true),
        ("bucher.example.com", false),
        ("例え.example.com", false),
        ("испытание.example.com", false),
    ] {
        let files = cluster.files.iter().map(|file| {
            let Content::Bytes(bytes) = &file.content else { panic!("{} is no regular file", file.path) };
            let text = String::from_utf8(bytes.to_vec()).expect("the generator writes text");
            let text = text.replace("https://xn--bcher-kva.example.com", &format!("https://{name}"));
            InputFile::new(file.path.clone(), text.into_bytes())
        });
        let inventory = airlock_core::inspect(files.collect(), cluster.now);
        let plan = airlock_core::plan(&inventory, &cluster.request, cluster.now).expect("it can be rotated");
        let minted = airlock_core::mint(&plan, spare.keys(&plan)).expect("it can be minted");
        let matrix = simulate(&plan, &minted).expect("it can be simulated");
        let sent = succeed(Command::new(built("pki")).args(["idn", name])).trim().to_ascii_lowercase();
        let trials = matrix
            .trials()
            .iter()
            .filter(|trial| trial.host.as_ref().is_some_and(|host| host.to_ascii_lowercase() == sent));
        let trials: Vec<_> = trials.collect();
        assert!(!trials.is_empty(), "{name}: no connection goes to {sent}");
        let accepted = trials.iter().filter(|trial| trial.answer(Rules::Go).is_ok()).count();
        assert_eq!(accepted > 0, is_its_own, "{name}");
    }
}

/// Asks the real programs and compares; each exception must still be needed.
fn compare(cases: &[Asked], programs: &[(Rules, Program)], exceptions: &Exceptions) {
    let questions: Vec<Question> = cases.iter().map(|case| case.question.clone()).collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    let java = tls_libraries::java_release();
    for (rules, ask) in programs {
        let (rules, said) = (*rules, ask(&questions));
        let (mut accepted, mut refused) = (0, 0);
        for (case, said) in cases.iter().zip(said) {
            let predicted = predict(&case.question, rules);
            match said {
                Ok(()) => accepted += 1,
                Err(_) => refused += 1,
            }
            let known = match &predicted {
                Err(error) if error.is_not_judged() => {
                    exceptions.not_judged.iter().map(|(name, _)| *name).find(|name| case.name.starts_with(name))
                }
                predicted if predicted.is_ok() == said.is_ok() => continue,
                _ if rules == Rules::Java
                    && java < JAVA_OF_THE_RULES
                    && OLD_JAVA.iter().any(|name| case.name.contains(name)) =>
                {
                    continue;
                }
                _ => exceptions
                    .different
                    .iter()
                    .find(|(name, by, _)| *name == case.name && *by == rules)
                    .map(|(name, ..)| *name),
            };
            match known {
                Some(known) => _ = used.insert(known),
                None => wrong.push(format!("{rules}: {}: said {said:?}, predicted {predicted:?}", case.name)),
            }
        }
        println!("{rules}: {accepted} accepted, {refused} refused");
        assert!(accepted > 20 && refused > 20, "{rules} must tell cases apart");
    }
    assert!(wrong.is_empty(), "{} are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
    let all = exceptions.not_judged.iter().map(|(name, reason)| (*name, *reason));
    let all = all.chain(exceptions.different.iter().map(|(name, _, reason)| (*name, *reason)));
    for (name, reason) in all {
        assert!(used.contains(name), "the exception {name} ({reason}) is not needed");
    }
}

/// The programs, without handshakes.
const ALL: [(Rules, Program); Rules::ALL.len()] = [
    (Rules::Go, go_verify),
    (Rules::OpenSsl, |questions| questions.iter().map(tls_libraries::openssl_default).collect()),
    (Rules::OpenSslStrict, |questions| questions.iter().map(tls_libraries::openssl_strict).collect()),
    (Rules::Java, tls_libraries::java),
    (Rules::Webpki, |questions| questions.iter().map(tls_libraries::webpki).collect()),
];

/// Go's `Certificate.Verify`, which needs no private key.
fn go_verify(questions: &[Question]) -> Vec<Verdict> {
    let questions = questions.iter().map(|question| Verify {
        what: String::new(),
        roots: question.roots.clone(),
        certificate: question.presented.clone(),
        usage: question.usage,
        dns_name: question.dns_name.clone(),
        time: question.time,
    });
    let answers: Vec<VerifyResult> = oracle::ask("verify", &questions.collect::<Vec<_>>());
    answers.into_iter().map(|answer| if answer.ok { Ok(()) } else { Err(answer.error) }).collect()
}

fn predict(question: &Question, rules: Rules) -> Result<(), ChainError> {
    let presented = certificates(&question.presented)?;
    let trust = TrustBundle::from(certificates(&question.roots)?);
    let purpose = if question.usage == Usage::Client { Purpose::Client } else { Purpose::Server };
    let host = Some(question.dns_name.as_str()).filter(|host| !host.is_empty());
    let asked = x509::Question { trust: &trust, purpose, host, now: question.time };
    validate(Presented::Chain(&presented), &asked, rules)
}

/// Airlock refuses input that it cannot read before any verification.
fn certificates(text: &str) -> Result<Vec<Certificate>, ChainError> {
    let blocks = pem::blocks(text.as_bytes()).blocks;
    let read = |der: &[u8]| {
        Certificate::from_der(der).map_err(|_| ChainError::Unreadable("a certificate".to_owned(), "it cannot be read"))
    };
    blocks.iter().map(|block| read(&block.der)).collect()
}

/// The cases of x509-limbo as questions; those that need revocation lists or a maximum depth are not in the file.
fn limbo() -> Vec<Asked> {
    #[derive(Deserialize)]
    struct Case {
        id: String,
        usage: Usage,
        host: String,
        time: i64,
        presented: Vec<String>,
        roots: Vec<String>,
        key: String,
    }
    let cases: Vec<Case> = serde_json::from_slice(&fixtures::read("x509-limbo/cases.json")).expect("cases are JSON");
    let asked = cases.into_iter().map(|case| Asked {
        name: case.id,
        question: Question {
            presented: case.presented.concat(),
            key: case.key,
            roots: case.roots.concat(),
            usage: case.usage,
            dns_name: case.host,
            time: UnixTime(case.time),
        },
    });
    asked.collect()
}
