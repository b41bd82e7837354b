//! Queries code that is independent of Airlock: Go's crypto/x509 and crypto/tls, Cluster API, OpenSSL.

use std::{fs, process::Command};

use airlock_core::UnixTime;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::tools::{built, feed, output};

/// Runs a command of `target/tools/oracle` on all questions at once; returns one answer for each.
///
/// # Panics
///
/// If the oracle fails or its output cannot be parsed.
pub fn ask<Q: Serialize, A: DeserializeOwned>(command: &str, questions: &[Q]) -> Vec<A> {
    ask_program(Command::new(built("oracle")).arg(command), questions)
}

/// As [`ask`], for any program that reads questions and writes answers as lines of JSON.
///
/// # Panics
///
/// If the program fails or its output cannot be parsed.
pub fn ask_program<Q: Serialize, A: DeserializeOwned>(program: &mut Command, questions: &[Q]) -> Vec<A> {
    let lines: Vec<String> =
        questions.iter().map(|question| serde_json::to_string(question).expect("a question is JSON")).collect();
    let answered = feed(program, lines.join("\n").as_bytes());
    assert!(answered.status.success(), "{program:?}: {}", String::from_utf8_lossy(&answered.stderr));
    let text = String::from_utf8(answered.stdout).expect("the oracle speaks UTF-8");
    let answers: Vec<A> = text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
    assert_eq!(answers.len(), questions.len(), "{program:?}: one answer for each question");
    answers
}

/// How Kubernetes interprets a client certificate, or a CSR for one (`tests/go/kubernetes/identities`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesIdentity {
    /// The user name in kube-apiserver.
    pub user: String,
    /// The user's groups.
    pub groups: Option<Vec<String>>,
    /// The node name in the node authorizer; empty if it is not a node.
    pub node: String,
    /// The reason for which the kubelet client signer rejects a CSR; empty if it accepts it.
    pub kubelet_client: String,
    /// Whether the API server rejects the CSR before any signer sees it.
    pub restricted: bool,
    /// Whether the CSR is signed by its own key.
    pub signed: bool,
}

/// Queries Kubernetes about certificates and CSRs in PEM.
///
/// # Panics
///
/// If the program fails.
pub fn identities(pems: &[String]) -> Vec<KubernetesIdentity> {
    ask_program(&mut Command::new(built("identities")), pems)
}

/// The usage of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // the two of TLS
pub enum Usage {
    /// A client presents it.
    Client,
    /// A server presents it.
    Server,
}

/// A certificate for Go to verify.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    /// A description for failure messages; the oracle ignores it.
    pub what: String,
    /// PEM of the trusted CAs.
    pub roots: String,
    /// PEM of the certificate.
    pub certificate: String,
    /// The usage to verify it for.
    pub usage: Usage,
    /// The host name to verify; empty for none.
    pub dns_name: String,
    /// The time of the verification.
    pub time: UnixTime,
}

/// Go's answer to [`Verify`].
#[derive(Clone, Debug, Deserialize)]
pub struct VerifyResult {
    /// Whether Go accepts the certificate.
    pub ok: bool,
    /// Go's error message if it does not.
    pub error: String,
}

/// Asserts that Go accepts every certificate.
///
/// # Panics
///
/// If Go rejects any; the message lists each.
pub fn assert_all_verify(questions: &[Verify]) {
    let answers: Vec<VerifyResult> = ask("verify", questions);
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
pub struct Endpoint {
    /// The certificate that it presents.
    pub certificate: String,
    /// The certificate's private key.
    pub key: String,
    /// The CAs that it trusts.
    pub roots: String,
}

/// A TLS handshake for Go to perform.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// A description for failure messages.
    pub what: String,
    /// The server, which requests a client certificate.
    pub server: Endpoint,
    /// The client.
    pub client: Endpoint,
    /// The host name that the client connects to.
    pub server_name: String,
    /// The time of the handshake.
    pub time: UnixTime,
}

/// Go's answer to [`Handshake`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandshakeResult {
    /// Whether the handshake succeeded.
    pub ok: bool,
    /// The server's error message if it did not.
    pub server: String,
    /// The client's error message if it did not.
    pub client: String,
    /// The common name of the client, as the server sees it.
    pub common_name: String,
    /// The organizations (groups) of the client, as the server sees it.
    pub organizations: Vec<String>,
}

/// Asserts that every handshake succeeds; returns the clients' identities as seen by the servers.
///
/// # Panics
///
/// If any handshake fails; the message lists each.
pub fn assert_all_connect(questions: &[Handshake]) -> Vec<HandshakeResult> {
    let answers: Vec<HandshakeResult> = ask("tls", questions);
    let refused: Vec<String> = questions
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| !answer.ok)
        .map(|(question, answer)| format!("{}: server “{}”, client “{}”", question.what, answer.server, answer.client))
        .collect();
    assert!(refused.is_empty(), "{} of {} connections fail:\n{}", refused.len(), questions.len(), refused.join("\n"));
    answers
}

/// Two certificates to compare.
#[derive(Clone, Debug, Serialize)]
pub struct Compare {
    /// A description for failure messages.
    pub what: String,
    /// PEM of the certificate before the rotation.
    pub old: String,
    /// PEM of the certificate after the rotation.
    pub new: String,
}

/// Go's answer to [`Compare`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The names of the fields that differ, sorted.
    pub differences: Vec<String>,
    /// The object identifiers of the extensions whose content, criticality or position differs.
    pub extensions: Vec<String>,
    /// Whether the new serial number is positive.
    pub serial_positive: bool,
    /// The bit length of the new serial number.
    pub serial_bits: u32,
}

/// The error of `openssl verify -x509_strict` for a certificate at a time; `None` if OpenSSL accepts it.
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

/// Asserts that OpenSSL accepts every certificate in strict mode.
///
/// # Panics
///
/// If OpenSSL rejects any; the message lists each.
pub fn assert_all_verify_strictly(questions: &[Verify]) {
    let refused: Vec<String> = questions
        .iter()
        .filter_map(|question| Some(format!("{}: {}", question.what, openssl_refusal(question)?)))
        .collect();
    assert!(refused.is_empty(), "OpenSSL refuses {} of {}:\n{}", refused.len(), questions.len(), refused.join("\n"));
}
