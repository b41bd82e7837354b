//! Secrets of a tenant that its operator creates again: the package's scripts in front of a stand-in for the operator
//! (`tests/lab/kubectl-kamaji.py`, with OpenSSL), and the runbooks of rotations at once.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use airlock_core::{InputFile, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    rotation::{CASES, PHASES, Rotation, TENANT, scratch},
    tools::{output, root, succeed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::x509::X509;
use serde_json::{Value, json};

/// A management cluster with one tenant, reached through a kubectl of the tests.
struct Management {
    folder: PathBuf,
    release: &'static str,
}

impl Management {
    /// The Secrets of these fixtures; no certificate that the operator makes ends before `until`.
    fn new(label: &str, release: &'static str, fixtures: &[&str]) -> Self {
        let folder = scratch(label);
        let kubectl = root().join("tests/lab/kubectl-kamaji.py");
        let text = format!("#!/bin/sh\nexec python3 '{}' '{}' \"$@\"\n", kubectl.display(), folder.display());
        fs::write(folder.join("kubectl"), text).expect("a file can be written");
        succeed(Command::new("chmod").arg("+x").arg(folder.join("kubectl")));
        let mut secrets = serde_json::Map::new();
        for fixture in fixtures {
            for entry in fs::read_dir(fixtures::path(fixture)).expect("a folder") {
                let path = entry.expect("a file").path();
                let text = fs::read_to_string(&path).unwrap_or_default();
                if text.lines().any(|line| line == "kind: Secret") {
                    let (name, secret) = secret_of(&text);
                    secrets.insert(name, secret);
                }
            }
        }
        let until = fixtures::now().0 + 2 * 365 * 86400;
        let state = json!({ "secrets": secrets, "paused": false, "until": until });
        fs::write(folder.join("state.json"), state.to_string()).expect("a file can be written");
        Self { folder, release }
    }

    fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join("state.json")).expect("a state")).expect("JSON")
    }

    fn set(&self, pointer: &str, value: Value) {
        let mut state = self.state();
        *state.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        fs::write(self.folder.join("state.json"), state.to_string()).expect("a file can be written");
    }

    fn run(&self, rotation: &Rotation, phase: usize, arguments: &[&str], fault: &str) -> Output {
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg(rotation.phase(phase).join("management/apply.sh")).args(arguments);
        command.env("PATH", path).env("KAMAJI_FAULT", fault).env("KAMAJI_RELEASE", self.release);
        output(command.env("AIRLOCK_TIMEOUT", "5").env("AIRLOCK_PAUSE", "0"))
    }

    #[track_caller]
    fn succeeds(&self, rotation: &Rotation, phase: usize, arguments: &[&str]) -> String {
        let answer = self.run(rotation, phase, arguments, "");
        assert!(answer.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).expect("UTF-8")
    }

    /// A value of a Secret.
    fn value(&self, component: &str, key: &str) -> Vec<u8> {
        let state = self.state();
        let value = &state["secrets"][format!("alpha-{component}")]["data"][key];
        BASE64_STANDARD.decode(value.as_str().unwrap_or_else(|| panic!("no {component}/{key}"))).expect("base64")
    }

    /// The certificate of a Secret, or the client certificate of its kubeconfig.
    fn certificate(&self, component: &str, key: &str) -> X509 {
        let value = self.value(component, key);
        let pem = if key.ends_with(".crt") { value } else { embedded(&value, "client-certificate-data") };
        X509::from_pem(&pem).expect("a certificate")
    }

    fn uids(&self) -> BTreeMap<String, String> {
        let state = self.state();
        let secrets = state["secrets"].as_object().expect("Secrets").iter();
        secrets.map(|(name, secret)| (name.clone(), secret["metadata"]["uid"].to_string())).collect()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.folder.join("calls")).unwrap_or_default()
    }
}

/// Name and content of a Secret of a fixture, as the stand-in keeps it.
fn secret_of(text: &str) -> (String, Value) {
    let mut data = serde_json::Map::new();
    let lines = text.lines().skip_while(|line| *line != "data:").skip(1).take_while(|line| line.starts_with("  "));
    for (key, value) in lines.filter_map(|line| line.trim().split_once(": ")) {
        data.insert(key.to_owned(), value.into());
    }
    let field = |name: &str| {
        let value = text.lines().rev().find_map(|line| line.strip_prefix(&format!("  {name}: ")));
        value.unwrap_or_else(|| panic!("no {name}")).trim_matches(['\'', '"']).to_owned()
    };
    let label = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("    kamaji.clastix.io/{name}: ")));
        value.map(|value| (format!("kamaji.clastix.io/{name}"), Value::from(value)))
    };
    let labels: serde_json::Map<_, _> =
        ["name", "component", "certificate_lifecycle_controller"].into_iter().filter_map(label).collect();
    let metadata = json!({
        "name": field("name"), "uid": field("uid"), "creationTimestamp": field("creationTimestamp"), "labels": labels,
    });
    (field("name"), json!({ "metadata": metadata, "data": data }))
}

/// A base64 value in a kubeconfig.
fn embedded(kubeconfig: &[u8], key: &str) -> Vec<u8> {
    let text = String::from_utf8(kubeconfig.to_vec()).expect("UTF-8");
    let value = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
    BASE64_STANDARD.decode(value.unwrap_or_else(|| panic!("no {key}"))).expect("base64")
}

const KONNECTIVITY: [&str; 2] = ["kamaji/alpha", "kamaji/alpha-konnectivity"];

fn at_once(files: Vec<InputFile>, label: &str) -> Rotation {
    let request = RotationRequest { release: Some("v1.0.0".into()), accept_outage: true, ..RotationRequest::default() };
    Rotation::of(files, &request, label)
}

/// The seed's deletion, in the step that replaces the CA: the operator of such a release keeps konnectivity's Secrets, and
/// konnectivity-server reads its kubeconfig at its start.
#[test]
fn at_once_konnectivity_s_secrets_are_created_again() {
    let rotation = at_once(fixtures::all(&KONNECTIVITY), "konnectivity-at-once");
    let management = Management::new("kubectl-konnectivity", "v1.0.0", &KONNECTIVITY);
    let step = ["control-plane"];
    let old = management.value("ca", "ca.crt");
    assert!(!management.run(&rotation, 3, &["control-plane", "--check"], "").status.success());
    management.succeeds(&rotation, 3, &["control-plane", "--dry-run"]);
    assert!(!management.calls().contains("delete"), "a dry run deletes nothing");
    let said = management.succeeds(&rotation, 3, &step);
    for secret in ["konnectivity-certificate", "konnectivity-kubeconfig", "scheduler-kubeconfig"] {
        assert!(said.contains(&format!("created Secret tenants/alpha-{secret} again")), "{said}");
    }
    let holds = |management: &Management, authority: &[u8]| {
        let authority = X509::from_pem(authority).expect("a certificate");
        let kubeconfig = management.value("konnectivity-kubeconfig", "konnectivity-server.conf");
        let trusted = X509::from_pem(&embedded(&kubeconfig, "certificate-authority-data")).expect("a certificate");
        let own = management.certificate("konnectivity-certificate", "tls.crt");
        let presented = management.certificate("konnectivity-kubeconfig", "konnectivity-server.conf");
        assert_eq!(trusted, authority);
        assert_eq!(presented, own);
        assert!(own.verify(&authority.public_key().expect("a key")).expect("a signature"));
    };
    let new = management.value("ca", "ca.crt");
    assert_ne!(new, old);
    holds(&management, &new);
    // Every Pod is younger than the kubeconfig that it mounts.
    let state = management.state();
    let kubeconfig = &state["secrets"]["alpha-konnectivity-kubeconfig"]["metadata"]["creationTimestamp"];
    for (pod, created) in state["pods"].as_object().expect("Pods") {
        assert!(created.as_str() >= kubeconfig.as_str(), "{pod}");
    }
    // Again, nothing is deleted; the check passes.
    let uids = management.uids();
    assert_eq!(management.succeeds(&rotation, 3, &step), "");
    management.succeeds(&rotation, 3, &["control-plane", "--check"]);
    assert_eq!(management.uids(), uids);
    // The way back takes konnectivity along.
    management.succeeds(&rotation, 3, &["control-plane", "--undo"]);
    assert_eq!(management.value("ca", "ca.crt"), old);
    holds(&management, &old);
}

/// Wherever the answer to a change is lost, the next run does what is left, and the check passes only then.
#[test]
fn an_interrupted_deletion_is_completed() {
    let rotation = at_once(fixtures::all(&KONNECTIVITY), "konnectivity-interrupted");
    // Two Secrets of CAs are applied, three are deleted.
    for lost in 1..=5 {
        let management = Management::new(&format!("kubectl-lost-{lost}"), "v1.0.0", &KONNECTIVITY);
        let answer = management.run(&rotation, 3, &["control-plane"], &format!("lost-{lost}"));
        assert!(!answer.status.success() && String::from_utf8_lossy(&answer.stderr).contains("FAILED"), "{lost}");
        management.succeeds(&rotation, 3, &["control-plane"]);
        management.succeeds(&rotation, 3, &["control-plane", "--check"]);
        let kubeconfig = management.value("konnectivity-kubeconfig", "konnectivity-server.conf");
        assert_eq!(embedded(&kubeconfig, "certificate-authority-data"), management.value("ca", "ca.crt"), "{lost}");
    }
    // An operator that does nothing is waited for, and named.
    let management = Management::new("kubectl-dead", "v1.0.0", &KONNECTIVITY);
    let answer = management.run(&rotation, 3, &["control-plane"], "dead");
    assert!(!answer.status.success() && String::from_utf8_lossy(&answer.stderr).contains("time-out"), "{answer:?}");
}

/// Every step and every folder that a runbook names is there: nothing is said of steps that this plan does not have.
#[test]
fn runbooks_name_steps_that_exist() {
    let at_once = [
        at_once(fixtures::files("kamaji/alpha"), "texts-at-once"),
        at_once(fixtures::all(&KONNECTIVITY), "texts-konnectivity"),
    ];
    let cases: Vec<_> = CASES.iter().chain([&TENANT]).map(|case| (case.name, case.rotation())).collect();
    let cases = cases.into_iter().chain(at_once.iter().map(|rotation| ("at once", rotation)));
    for (name, rotation) in cases {
        let steps = rotation.manifest()["steps"].clone();
        let ids: Vec<_> = steps.as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
        let runbook = rotation.text("RUNBOOK.md");
        let words = runbook.split(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)));
        let is_step = |word: &&str| word.len() > 2 && "123".contains(&word[..1]) && word[1..].starts_with('-');
        for word in words.map(|word| word.trim_end_matches('.')).filter(is_step) {
            let known = ids.contains(&word) || (PHASES.contains(&word) && rotation.root().join(word).is_dir());
            assert!(known, "{name}: the runbook names {word}, which is no step: {ids:?}");
        }
        for phase in 1..=3 {
            let has = ids.iter().any(|id| id.starts_with(&format!("{phase}-")));
            let named = runbook.contains(&format!("phase {phase}")) && !runbook.contains(&format!("no phase {phase}"));
            assert!(has || !named, "{name}: there is no phase {phase}");
        }
    }
}

/// What is not true where the CA is replaced at once, and what is said instead.
#[test]
fn at_once_the_runbook_says_what_happens() {
    let rotation = at_once(fixtures::all(&KONNECTIVITY), "texts-words");
    let runbook = rotation.text("RUNBOOK.md");
    let (before, after) = runbook.split_once("## Phase 3").expect("phase 3");
    for untrue in
        ["while both CAs are", "the new one signs, the old", "new CA, old CA", "Everyone learns", "without pause"]
    {
        assert!(!runbook.contains(untrue), "{untrue}");
    }
    assert!(!before.contains("fetches it again"), "the admin kubeconfig does not change in phase 1");
    assert!(
        after.contains("Everyone who uses a kubeconfig from Secret tenants/alpha-admin-kubeconfig fetches it again")
    );
    assert!(after.contains("| `Secret tenants/alpha-ca` | old CA | new CA and its key |"));
    assert!(after.contains("| `/etc/kubernetes/pki/ca.crt` | old CA, new CA | new CA |"));
    // The state that the page names, where to see it, and why it is no check.
    assert!(before.contains("`kubectl -n tenants get tenantcontrolplanes.kamaji.clastix.io alpha -w`"));
    assert!(before.contains("`CertificateAuthorityRotating`") && before.contains("no check"));
    // The page's label selectors, for this tenant alone.
    let selector = |kind: &str| {
        format!(
            "kubectl -n tenants delete secret -l kamaji.clastix.io/name=alpha,kamaji.clastix.io/certificate_lifecycle_controller={kind}`"
        )
    };
    for rotation in [&rotation, TENANT.rotation()] {
        let runbook = rotation.text("RUNBOOK.md");
        assert!(runbook.contains(&selector("x509")) && runbook.contains(&selector("kubeconfig")));
        for said in ["one day before", "CertificateLifecycle", "MySQL, PostgreSQL and NATS", "--intent renew-leaves"] {
            assert!(runbook.contains(said), "{said}");
        }
    }
}
