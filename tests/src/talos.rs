//! Clusters of Talos machines: fixtures that Talos' own packages made, and a program that knows its rules of merging.

use std::{collections::BTreeMap, process::Command, sync::Mutex};

use airlock_core::{
    InputFile, UnixTime,
    plan::{BroughtAuthority, NewAuthority, RotationRequest},
    profile::AuthorityId,
};
use serde::{Deserialize, Serialize};

use crate::{fixtures, oracle::ask_program, rotation::Rotation, tools::built};

/// The generations of machine configurations that the fixtures have.
pub const CONTRACTS: [&str; 3] = ["1.8", "1.13", "1.14"];

/// Each API: whose it is, and its word in the fixtures and in packages.
pub const APIS: [(AuthorityId, &str); 2] = [(AuthorityId::Talos, "talos"), (AuthorityId::Cluster, "kubernetes")];

/// Each role: its file in the fixtures, and its folder in packages.
pub const ROLES: [(&str, &str); 2] = [("controlplane", "control-plane"), ("worker", "workers")];

/// Each phase's folder in the fixtures, from phase 1 on.
pub const PHASES: [&str; 3] = ["1-add", "2-swap", "3-drop"];

/// The clock of these tests: just after the fixtures were made.
///
/// # Panics
///
/// If the file that says so is not there.
#[must_use]
pub fn now() -> UnixTime {
    let text = read("CREATED");
    UnixTime(text.trim().parse().expect("unix seconds"))
}

/// A fixture's text.
///
/// # Panics
///
/// If there is no such text.
#[must_use]
pub fn read(name: &str) -> String {
    String::from_utf8(fixtures::read(&format!("talos/{name}"))).unwrap_or_else(|_| panic!("{name} is not UTF-8"))
}

/// A machine's configuration as it was before the rotation.
#[must_use]
pub fn base(contract: &str, role: &str) -> String {
    read(&format!("cluster-a/contract-v{contract}/{role}.yaml"))
}

/// A file of input.
#[must_use]
pub fn file(name: &str, text: &str) -> InputFile {
    InputFile::new(name, text.as_bytes().to_vec())
}

/// Everything that a person has of the cluster before a rotation.
#[must_use]
pub fn files(contract: &str) -> Vec<InputFile> {
    vec![
        file("controlplane.yaml", &base(contract, "controlplane")),
        file("worker.yaml", &base(contract, "worker")),
        file("secrets.yaml", &read("cluster-a/secrets.yaml")),
        file("talosconfig", &read(&format!("cluster-a/contract-v{contract}/talosconfig"))),
        file("kubeconfig", &read("rotation/kubeconfig.0-before")),
    ]
}

/// A rotation of these APIs whose outages are known.
#[must_use]
pub fn request(rotate: &[AuthorityId]) -> RotationRequest {
    RotationRequest { rotate: Some(rotate.to_vec()), accept_outage: true, ..RotationRequest::default() }
}

/// The rotation to the fixtures' own new CAs, made once in a test's process; look at it and leave it as it is.
///
/// # Panics
///
/// If it is refused.
#[must_use]
pub fn to_the_fixtures_cas(contract: &str, rotate: &[AuthorityId]) -> &'static Rotation {
    static MADE: Mutex<BTreeMap<String, &Rotation>> = Mutex::new(BTreeMap::new());
    let names: Vec<_> = rotate.iter().map(ToString::to_string).collect();
    let label = format!("talos-{contract}-{}", names.join("-"));
    let mut made = MADE.lock().expect("a rotation that was refused has already failed its test");
    made.entry(label.clone()).or_insert_with(|| {
        let mut input = files(contract);
        input.push(file("new-secrets.yaml", &read("rotation/new-secrets.yaml")));
        let name = || "new-secrets.yaml".to_owned();
        let brought = || BroughtAuthority { certificate: name(), key: name() };
        let authorities =
            rotate.iter().map(|id| (*id, NewAuthority { brought: Some(brought()), ..Default::default() }));
        let request = RotationRequest { authorities: authorities.collect(), ..request(rotate) };
        Box::leak(Box::new(Rotation::at(now(), input, &request, &label)))
    })
}

/// What do patches, one after the other, make of a configuration?
#[derive(Clone, Debug, Default, Serialize)]
pub struct Merge {
    /// What this is about; for the message of a failure.
    pub what: String,
    /// The configuration.
    pub base: String,
    /// The patches, in their order.
    pub patches: Vec<String>,
    /// What it is compared with.
    pub expected: String,
}

/// The answer to [`Merge`].
#[derive(Clone, Debug, Deserialize)]
pub struct Merged {
    /// Is it, document by document, what was expected?
    pub equal: bool,
    /// What came of it.
    pub merged: String,
    /// The first place in which it is not what was expected; empty where it is.
    pub difference: String,
}

/// Asks what came of each.
#[must_use]
pub fn merge(questions: &[Merge]) -> Vec<Merged> {
    ask_program(Command::new(built("talos")).arg("merge"), questions)
}

/// Each must come to what was expected.
///
/// # Panics
///
/// With each that does not.
pub fn all_merge_to(questions: &[Merge]) {
    let answers = merge(questions);
    let wrong: Vec<String> = questions
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| !answer.equal)
        .map(|(question, answer)| format!("{}: {}", question.what, answer.difference))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), questions.len(), wrong.join("\n"));
}

/// What a configuration makes a machine hold of one API.
#[derive(Clone, Debug, Deserialize)]
pub struct HeldAuthority {
    /// SHA-256 of the certificate that issues; empty for none.
    pub issuing: String,
    /// `matches`, `another`, `absent`; empty where nothing issues.
    pub key: String,
    /// SHA-256 of the others that are accepted.
    #[serde(default, deserialize_with = "list")]
    pub accepted: Vec<String>,
}

/// What a configuration makes a machine hold.
#[derive(Clone, Debug, Deserialize)]
pub struct HeldMachine {
    /// Of Talos' own API.
    pub talos: HeldAuthority,
    /// Of Kubernetes' API.
    pub kubernetes: HeldAuthority,
}

/// Go writes an empty list as null.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What each configuration makes a machine hold; what Talos would refuse fails.
#[must_use]
pub fn holds(configurations: &[String]) -> Vec<HeldMachine> {
    #[derive(Serialize)]
    struct Question<'a> {
        configuration: &'a str,
    }
    let questions: Vec<_> = configurations.iter().map(|configuration| Question { configuration }).collect();
    ask_program(Command::new(built("talos")).arg("holds"), &questions)
}
