//! Compares Airlock's predictions of handshakes with the results of Go and OpenSSL, for clusters and chains from a
//! generator that is independent of Airlock.

use std::{
    collections::BTreeMap,
    fs,
    ops::AddAssign,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use airlock_core::{
    Finding,
    formats::pem,
    simulate,
    simulate::{Trial, TrustMatrix},
    x509::{self, Certificate, ChainError, Presented, Purpose, Rules, TrustBundle, validate},
};
use airlock_tests::{
    generated::{self, Cluster, Keyring, UnusedKeys},
    oracle::Usage,
    rotation::scratch,
    tls_libraries::{self, Question, VERSIONS, Verdict},
    tools::root,
};
use serde::Serialize;

/// The number of clusters in a batch: the oracle is started once for each batch.
const BATCH: usize = 8;

/// Tests every validation that a cluster's connection matrix depends on, and each leaf again with a change after which
/// it should be rejected.
#[test]
fn the_matrix_is_what_go_and_openssl_do() {
    let started = Instant::now();
    let (unused, clusters) = generated::clusters();
    assert!(clusters.len() >= 200, "{} clusters", clusters.len());
    let keys = Keyring::of_all(&clusters, &unused);
    let batches: Vec<&[Cluster]> = clusters.chunks(BATCH).collect();
    let next = AtomicUsize::new(0);
    let together = Mutex::new((Tally::default(), Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let predictions: Vec<Prediction> =
                        batch.iter().flat_map(|cluster| predictions(cluster, &unused, &keys)).collect();
                    let (mut tally, mut wrong) = compare(&predictions, false);
                    without_handshakes(&predictions, &mut tally, &mut wrong);
                    let mut together = together.lock().expect("no other batch has panicked");
                    together.0 += tally;
                    together.1.extend(wrong);
                    together.2.extend(
                        predictions
                            .into_iter()
                            .enumerate()
                            .filter_map(|(number, prediction)| prediction.is_for(number, 0).then_some(prediction)),
                    );
                }
            });
        }
    });
    let (mut tally, mut wrong, for_java) = together.into_inner().expect("no batch has panicked");
    // One run for all, because a Java program starts slowly.
    let questions: Vec<Question> = for_java.iter().map(|prediction| prediction.question.clone()).collect();
    for (prediction, said) in for_java.iter().zip(tls_libraries::java(&questions)) {
        prediction.check("Java", &said, Rules::Java, &mut tally, &mut wrong);
    }
    println!("{} clusters, {tally}, in {} s", clusters.len(), started.elapsed().as_secs());
    assert!(wrong.is_empty(), "{} are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn odd_chains_are_judged_as_go_and_openssl_judge_them() {
    let predictions: Vec<Prediction> =
        generated::cases().into_iter().map(|case| Prediction::of(case.name, case.question)).collect();
    let (tally, wrong) = compare(&predictions, true);
    println!("{tally}");
    assert!(wrong.is_empty(), "{} are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// Cases that core's own tests also use, with the expected results of the TLS libraries.
const IN_CORE: [&str; 26] = [
    "as it should be, server",
    "signed by the cluster's CA, read with the front proxy's, client",
    "claims the cluster's CA and is signed by another, client",
    "an anchor without keyCertSign, server",
    "an anchor with CA:FALSE, server",
    "in front of the right one an anchor without keyCertSign, client",
    "a successor of that name in another string type in front, server",
    "the issuer's name is written in upper case, server",
    "a leaf for clients, server",
    "a leaf for anything, server",
    "a leaf without names, server",
    "a leaf that is itself trusted, its authority is not, server",
    "a leaf that signs itself and is trusted, server",
    "a leaf expired, client",
    "a leaf not yet valid, client",
    "of the wrong one's name and behind an anchor expired, client",
    "a leaf signed with SHA-1 and ECDSA, client",
    "on the leaf an extension nobody knows, client",
    "on the leaf an extension subjectKeyIdentifier, critical, client",
    "one name, signed by the second, both trusted, right id, server",
    "one name, signed by the second, both trusted, no id, server",
    "one name, signed by the second, both trusted, id of the other, server",
    "pathlen:0, one intermediate, server",
    "pathlen:0, a self-issued intermediate, server",
    "the last intermediate is the only anchor, server",
    "cross-signed, the cross-certificate and the old trusted, server",
];

/// `core/src/x509/testdata/chains.json` contains the current results of the TLS libraries.
#[test]
fn what_cores_own_tests_expect_of_chains_is_what_the_referees_say() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        name: &'a str,
        presented: &'a str,
        roots: &'a str,
        usage: Usage,
        dns_name: &'a str,
        time: i64,
        go: bool,
        openssl: bool,
    }
    let cases = generated::cases();
    let chosen = IN_CORE
        .map(|name| cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is named {name:?}")));
    let go = tls_libraries::go(&chosen.map(|case| case.question.clone()));
    let lines = chosen.iter().zip(go).map(|(case, go)| {
        let Question { presented, roots, usage, dns_name, time, .. } = &case.question;
        let openssl = tls_libraries::openssl(&case.question, VERSIONS[1].1).is_ok();
        let (usage, time, go) = (*usage, time.0, go.is_ok());
        let line = Line { name: &case.name, presented, roots, usage, dns_name, time, go, openssl };
        serde_json::to_string(&line).expect("a line is JSON")
    });
    let said = format!("[\n{}\n]\n", lines.collect::<Vec<_>>().join(",\n"));
    let path = root().join("core/src/x509/testdata/chains.json");
    let fresh = scratch("chains").join("chains.json");
    fs::write(&fresh, &said).expect("a file can be written");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == said, "{} is out of date: copy {} over it", path.display(), fresh.display());
}

/// A question, and Airlock's answers.
struct Prediction {
    what: String,
    question: Question,
    answers: [Result<(), ChainError>; Rules::ALL.len()],
    /// Whether the reader trusts only new CAs.
    is_new: bool,
}

impl Prediction {
    /// Whether a program without handshakes verifies this question: every question about new certificates, and a
    /// rotating selection of the others, many of which are similar.
    fn is_for(&self, number: usize, program: usize) -> bool {
        self.is_new || number % 3 == program
    }

    fn check(&self, by: &'static str, did: &Verdict, rules: Rules, tally: &mut Tally, wrong: &mut Vec<String>) {
        tally.count(by, did);
        let predicted = self.answer(rules);
        if predicted.as_ref().is_err_and(ChainError::is_not_judged) || did.is_ok() != predicted.is_ok() {
            wrong.push(format!("{}: {by} says {did:?}, predicted was {predicted:?}", self.what));
        }
    }

    fn of(what: String, question: Question) -> Self {
        let presented = certificates(&question.presented);
        let trust = TrustBundle::from(certificates(&question.roots));
        let purpose = match question.usage {
            Usage::Client => Purpose::Client,
            Usage::Server => Purpose::Server,
        };
        let host = Some(question.dns_name.as_str()).filter(|host| !host.is_empty());
        let asked = x509::Question { trust: &trust, purpose, host, now: question.time };
        let answers = Rules::ALL.map(|rules| validate(Presented::Chain(&presented), &asked, rules));
        Self { what, question, answers, is_new: false }
    }

    fn answer(&self, rules: Rules) -> &Result<(), ChainError> {
        &self.answers[rules.index()]
    }
}

fn certificates(text: &str) -> Vec<Certificate> {
    let blocks = pem::blocks(text.as_bytes()).blocks;
    blocks.iter().map(|block| Certificate::from_der(&block.der).expect("the generator's can be read")).collect()
}

/// The number of comparisons.
#[derive(Default)]
struct Tally {
    questions: usize,
    handshakes: usize,
    /// The number of accepted and rejected questions, by program.
    verdicts: BTreeMap<&'static str, (usize, usize)>,
}

impl Tally {
    fn count(&mut self, by: &'static str, verdict: &Verdict) {
        self.handshakes += 1;
        let (accepted, refused) = self.verdicts.entry(by).or_default();
        *(if verdict.is_ok() { accepted } else { refused }) += 1;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.questions += other.questions;
        self.handshakes += other.handshakes;
        for (by, (accepted, refused)) in other.verdicts {
            let mine = self.verdicts.entry(by).or_default();
            *mine = (mine.0 + accepted, mine.1 + refused);
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} questions, {} handshakes", self.questions, self.handshakes)?;
        self.verdicts.iter().try_for_each(|(by, (yes, no))| write!(f, "; {by}: {yes} accepted, {no} refused"))
    }
}

/// Performs the handshakes and lists each result that differs from the prediction. Uses every TLS version with OpenSSL,
/// or, if many questions are similar, the versions in turn.
fn compare(predictions: &[Prediction], in_each: bool) -> (Tally, Vec<String>) {
    let questions: Vec<Question> = predictions.iter().map(|prediction| prediction.question.clone()).collect();
    let mut tally = Tally { questions: questions.len(), ..Tally::default() };
    let mut wrong = Vec::new();
    for (number, (prediction, go)) in predictions.iter().zip(tls_libraries::go(&questions)).enumerate() {
        let mut check = |by: &'static str, did: &Verdict, predicted: &Result<(), ChainError>| {
            tally.count(by, did);
            // `verifiers.rs` lists the questions that may have no verdict.
            let is_judged = !predicted.as_ref().is_err_and(ChainError::is_not_judged);
            if !is_judged && !in_each || is_judged && did.is_ok() != predicted.is_ok() {
                wrong.push(format!("{}: {by} says {did:?}, predicted was {predicted:?}", prediction.what));
            }
        };
        check("Go", &go, prediction.answer(Rules::Go));
        for (at, (by, version)) in VERSIONS.into_iter().enumerate() {
            if in_each || number % VERSIONS.len() == at {
                check(by, &tls_libraries::openssl(&prediction.question, version), prediction.answer(Rules::OpenSsl));
            }
        }
    }
    (tally, wrong)
}

/// Asks the programs without handshakes, except Java. `verifiers.rs` asks them about single chains with one error each.
fn without_handshakes(predictions: &[Prediction], tally: &mut Tally, wrong: &mut Vec<String>) {
    for (number, prediction) in predictions.iter().enumerate() {
        if prediction.is_for(number, 1) {
            let said = tls_libraries::openssl_strict(&prediction.question);
            prediction.check("OpenSSL, strict", &said, Rules::OpenSslStrict, tally, wrong);
        }
        if prediction.is_for(number, 2) {
            let said = tls_libraries::webpki(&prediction.question);
            prediction.check("rustls", &said, Rules::Webpki, tally, wrong);
        }
    }
}

/// The predictions for one cluster's rotation: all validations of its connection matrix, and altered copies of some.
fn predictions(cluster: &Cluster, unused: &UnusedKeys, keys: &Keyring) -> Vec<Prediction> {
    let (plan, minted) = cluster.rotated(unused);
    let matrix = simulate(&plan, &minted).unwrap_or_else(|error| panic!("{}: {error}", cluster.name));
    assert_eq!(matrix.first_broken(), None, "{}", cluster.name);
    assert_new_certificates_pass(cluster, &matrix);
    let new: Vec<String> = minted.authorities().into_iter().map(|new| new.fingerprint).collect();
    let predict = |trial: &Trial, how: &str| {
        let subject = trial.presented[0].subject();
        let anchors = trial.trust.iter().map(|anchor| anchor.subject().to_string()).collect::<Vec<_>>().join(", ");
        Prediction {
            what: format!("{}: {subject}{how}, under [{anchors}]", cluster.name),
            question: question(trial, keys),
            answers: trial.answers.clone(),
            is_new: trial.trust.iter().all(|anchor| new.contains(&fingerprint(anchor))),
        }
    };
    let trials = matrix.trials();
    let as_they_are = trials.iter().map(|trial| predict(trial, ""));
    let some = trials.iter().enumerate().filter(|(number, _)| number % SPOILT == 0);
    let spoilt = some.map(|(number, trial)| {
        let other = &trials[(number * 7 + 3) % trials.len()].trust;
        let (trial, how) = spoilt(trial, number / SPOILT, other);
        predict(&trial, how)
    });
    as_they_are.chain(spoilt).collect()
}

/// Every rule set accepts the new CA and the certificates that it issued. The comparison of each answer shows that the
/// real programs do, too.
fn assert_new_certificates_pass(cluster: &Cluster, matrix: &TrustMatrix) {
    let findings = matrix.findings();
    let refused = findings.iter().filter(|finding| finding.code == "new-certificates-refused");
    // OpenSSL without X509_V_FLAG_PARTIAL_CHAIN requires the root above an imported intermediate; `plan` warns about
    // it.
    let expected =
        |finding: &&Finding| cluster.name.contains("brought-intermediate") && finding.message.starts_with("OpenSSL (");
    let unexpected: Vec<_> = refused.filter(|finding| !expected(finding)).collect();
    assert!(unexpected.is_empty(), "{}: {unexpected:?}", cluster.name);
}

/// As in reports: upper-case hexadecimal with colons.
fn fingerprint(certificate: &Certificate) -> String {
    let octets: Vec<String> = certificate.fingerprint().iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(":")
}

/// Every n-th question is asked again with a change.
const SPOILT: usize = 8;

/// The same question at another time, for another host, for the other usage, or with other trusted CAs.
fn spoilt(trial: &Trial, how: usize, other: &TrustBundle) -> (Trial, &'static str) {
    let mut spoilt = trial.clone();
    let leaf = &trial.presented[0];
    let what = match how % 5 {
        0 => {
            spoilt.now = leaf.not_before().plus_seconds(-1);
            " before its time"
        }
        1 => {
            spoilt.now = leaf.not_after().plus_seconds(1);
            " after its time"
        }
        2 => {
            (spoilt.purpose, spoilt.host) = match trial.purpose {
                Purpose::Client => (Purpose::Server, None),
                Purpose::Server => (Purpose::Client, None),
            };
            " from the other end"
        }
        3 if trial.purpose == Purpose::Server => {
            spoilt.host = Some("elsewhere.example.org".to_owned());
            " for another host"
        }
        _ => {
            spoilt.trust = other.clone();
            " with another's anchors"
        }
    };
    let asked =
        x509::Question { trust: &spoilt.trust, purpose: spoilt.purpose, host: spoilt.host.as_deref(), now: spoilt.now };
    let presented = Presented::Chain(&trial.presented);
    spoilt.answers = Rules::ALL.map(|rules| validate(presented, &asked, rules));
    (spoilt, what)
}

fn question(trial: &Trial, keys: &Keyring) -> Question {
    Question {
        presented: trial.presented.iter().map(Certificate::to_pem).collect(),
        key: keys.of(trial.presented[0].public_key()).to_owned(),
        roots: trial.trust.to_pem(),
        usage: if trial.purpose == Purpose::Client { Usage::Client } else { Usage::Server },
        dns_name: trial.host.clone().unwrap_or_default(),
        time: trial.now,
    }
}
