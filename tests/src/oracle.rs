//! Questions to code that is not ours: Go's crypto/x509 and crypto/tls, Cluster API, OpenSSL.

use std::{fs, process::Command};

use airlock_core::UnixTime;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::tools::{built, feed, output};

/// Asks one command of `target/tools/oracle` all questions at once; one answer each.
///
/// # Panics
///
/// If the oracle fails or answers otherwise.
pub fn ask<Q: Serialize, A: DeserializeOwned>(command: &str, questions: &[Q]) -> Vec<A> {
    ask_of("oracle", command, questions)
}

/// Asks one command of a program of `target/tools` all questions at once; one answer each.
///
/// # Panics
///
/// If the program fails or answers otherwise.
pub fn ask_of<Q: Serialize, A: DeserializeOwned>(program: &str, command: &str, questions: &[Q]) -> Vec<A> {
    let lines: Vec<String> =
        questions.iter().map(|question| serde_json::to_string(question).expect("a question is JSON")).collect();
    let answered = feed(Command::new(built(program)).arg(command), lines.join("\n").as_bytes());
    assert!(answered.status.success(), "{program} {command}: {}", String::from_utf8_lossy(&answered.stderr));
    let text = String::from_utf8(answered.stdout).expect("the oracle speaks UTF-8");
    let answers: Vec<A> = text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
    assert_eq!(answers.len(), questions.len(), "{program} {command}: one answer for each question");
    answers
}

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // the two of TLS
pub enum Usage {
    /// It is presented by a client.
    Client,
    /// It is presented by a server.
    Server,
}

/// Does Go accept this certificate?
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    /// What this is about; for the message of a failure, the oracle does not look at it.
    pub what: String,
    /// PEM of the trusted authorities.
    pub roots: String,
    /// PEM of the certificate.
    pub certificate: String,
    /// What it is used for.
    pub usage: Usage,
    /// The host that was connected to; empty for none.
    pub dns_name: String,
    /// At this time.
    pub time: UnixTime,
}

/// Go's answer to [`Verify`].
#[derive(Clone, Debug, Deserialize)]
pub struct Verified {
    /// It does.
    pub ok: bool,
    /// Go's words if it does not.
    pub error: String,
}

/// Go must accept every one of these.
///
/// # Panics
///
/// With each that it does not.
pub fn all_verify(questions: &[Verify]) {
    let answers: Vec<Verified> = ask("verify", questions);
    let refused: Vec<String> = questions
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| !answer.ok)
        .map(|(question, answer)| format!("{}: {}", question.what, answer.error))
        .collect();
    assert!(refused.is_empty(), "Go refuses {} of {}:\n{}", refused.len(), questions.len(), refused.join("\n"));
}

/// One end of a connection, in PEM.
#[derive(Clone, Debug, Serialize)]
pub struct Party {
    /// What it presents.
    pub certificate: String,
    /// The key that belongs to it.
    pub key: String,
    /// Whom it trusts.
    pub roots: String,
}

/// Does this connection come about?
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// What this is about; for the message of a failure.
    pub what: String,
    /// The end that listens and asks for a client certificate.
    pub server: Party,
    /// The end that connects.
    pub client: Party,
    /// The host that the client connects to.
    pub server_name: String,
    /// At this time.
    pub time: UnixTime,
}

/// Go's answer to [`Handshake`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shaken {
    /// It does.
    pub ok: bool,
    /// The server's words if it does not.
    pub server: String,
    /// The client's words if it does not.
    pub client: String,
    /// Whom the server takes the client for.
    pub common_name: String,
    /// And its groups.
    pub organizations: Vec<String>,
}

/// Every one of these connections must come about; gives whom the servers take the clients for.
///
/// # Panics
///
/// With each that does not.
pub fn all_connect(questions: &[Handshake]) -> Vec<Shaken> {
    let answers: Vec<Shaken> = ask("tls", questions);
    let refused: Vec<String> = questions
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| !answer.ok)
        .map(|(question, answer)| format!("{}: server “{}”, client “{}”", question.what, answer.server, answer.client))
        .collect();
    assert!(refused.is_empty(), "{} of {} connections fail:\n{}", refused.len(), questions.len(), refused.join("\n"));
    answers
}

/// In what do two certificates differ?
#[derive(Clone, Debug, Serialize)]
pub struct Compare {
    /// What this is about; for the message of a failure.
    pub what: String,
    /// PEM of the one before.
    pub old: String,
    /// PEM of the one after.
    pub new: String,
}

/// Go's answer to [`Compare`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The fields that differ, sorted.
    pub differences: Vec<String>,
    /// The object identifiers of the extensions whose bytes, criticality or place differ.
    pub extensions: Vec<String>,
    /// Is the new serial number greater than zero?
    pub serial_positive: bool,
    /// Its length.
    pub serial_bits: u32,
}

/// What `openssl verify -x509_strict` says of a certificate at a time; nothing if it accepts it.
///
/// # Panics
///
/// If OpenSSL cannot be started.
#[must_use]
pub fn openssl_refusal(question: &Verify) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (roots, certificate) = (folder.path().join("roots.pem"), folder.path().join("certificate.pem"));
    fs::write(&roots, &question.roots).expect("a file can be written");
    fs::write(&certificate, &question.certificate).expect("a file can be written");
    let purpose = if question.usage == Usage::Client { "sslclient" } else { "sslserver" };
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", "-no-CAfile", "-no-CApath", "-purpose", purpose, "-attime"]);
    command.arg(question.time.0.to_string()).arg("-CAfile").arg(&roots);
    if question.dns_name.parse::<std::net::IpAddr>().is_ok() {
        command.arg("-verify_ip").arg(&question.dns_name);
    } else if !question.dns_name.is_empty() {
        command.arg("-verify_hostname").arg(&question.dns_name);
    }
    let said = output(command.arg(&certificate));
    (!said.status.success()).then(|| String::from_utf8_lossy(&said.stderr).into_owned())
}

/// OpenSSL must accept every one of these, strictly.
///
/// # Panics
///
/// With each that it does not.
pub fn all_verify_strictly(questions: &[Verify]) {
    let refused: Vec<String> = questions
        .iter()
        .filter_map(|question| Some(format!("{}: {}", question.what, openssl_refusal(question)?)))
        .collect();
    assert!(refused.is_empty(), "OpenSSL refuses {} of {}:\n{}", refused.len(), questions.len(), refused.join("\n"));
}
