//! Secrets that a tenant's operator recreates: runs the package's scripts with a simulated operator
//! (`tests/lab/kubectl-kamaji.py`, with OpenSSL), and checks the runbooks of rotations without a bundle.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use airlock_core::{
    Content, InputFile, inspect,
    plan::{Intent, RotationRequest},
    profile::AuthorityId,
};
use airlock_tests::{
    fixtures,
    rotation::{CASES, PHASES, Rotation, TENANT, scratch},
    tools::{output, root, succeed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::x509::X509;
use serde_json::{Value, json};

/// A management cluster with one tenant, and a kubectl of the tests.
struct Management {
    folder: PathBuf,
    release: &'static str,
}

impl Management {
    /// The Secrets of these fixtures; all certificates that the operator issues end at `until` or later.
    fn new(label: &str, release: &'static str, fixtures: &[&str]) -> Self {
        let folder = scratch(label);
        let kubectl = root().join("tests/lab/kubectl-kamaji.py");
        let text = format!("#!/bin/sh\nexec python3 -I -S '{}' '{}' \"$@\"\n", kubectl.display(), folder.display());
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
        let store = fixtures::read("kamaji/alpha-datastore/datastore-ca.key");
        let held = fixtures::read("kamaji/alpha-datastore/secret-alpha-datastore-certificate.yaml");
        let authority = embedded(&held, "ca.crt");
        let [crt, key] = [authority, store].map(|pem| String::from_utf8(pem).expect("PEM"));
        let state = json!({
            "secrets": secrets, "paused": false, "until": until, "datastore": { "crt": crt, "key": key },
        });
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

/// The name and content of a fixture's Secret, as the simulation stores it.
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

/// The same, with a data store whose CA key the simulation has.
const WHOLE: [&str; 3] = ["kamaji/alpha", "kamaji/alpha-konnectivity", "kamaji/alpha-datastore"];

/// The files of [`WHOLE`]; the second of the data store's two Secrets is used.
fn whole() -> Vec<InputFile> {
    let mut files = fixtures::all(&WHOLE);
    files.retain(|file| file.path != "alpha/secret-alpha-datastore-certificate.yaml" && !file.path.ends_with(".key"));
    files
}

fn at_once(files: Vec<InputFile>, label: &str) -> Rotation {
    let request = RotationRequest { release: Some("v1.0.0".into()), accept_outage: true, ..RotationRequest::default() };
    Rotation::of(files, &request, label)
}

/// The deletion that the Kamaji documentation describes, in the step that replaces the CA: the operator of such a
/// release keeps konnectivity's Secrets, and konnectivity-server reads its kubeconfig at its start.
#[test]
fn at_once_konnectivity_s_secrets_are_created_again() {
    let rotation = at_once(fixtures::all(&KONNECTIVITY), "konnectivity-at-once");
    let management = Management::new("kubectl-konnectivity", "v1.0.0", &KONNECTIVITY);
    let step = ["control-plane"];
    let old = management.value("ca", "ca.crt");
    assert!(!management.run(&rotation, 3, &["control-plane", "--check"], "").status.success());
    management.succeeds(&rotation, 3, &["control-plane", "--dry-run"]);
    assert!(!management.calls().contains(" delete secret "), "a dry run deletes nothing");
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
    // Every Pod is newer than the kubeconfig that it mounts.
    let state = management.state();
    let kubeconfig = &state["secrets"]["alpha-konnectivity-kubeconfig"]["metadata"]["creationTimestamp"];
    for (pod, created) in state["pods"].as_object().expect("Pods") {
        assert!(created.as_str() >= kubeconfig.as_str(), "{pod}");
    }
    // The second run deletes nothing; the check passes.
    let uids = management.uids();
    assert_eq!(management.succeeds(&rotation, 3, &step), "");
    management.succeeds(&rotation, 3, &["control-plane", "--check"]);
    assert_eq!(management.uids(), uids);
    // The rollback includes konnectivity.
    management.succeeds(&rotation, 3, &["control-plane", "--undo"]);
    assert_eq!(management.value("ca", "ca.crt"), old);
    holds(&management, &old);
}

/// Wherever the answer to a change is lost, the next run does the rest, and only then the check passes.
#[test]
fn an_interrupted_deletion_is_completed() {
    let rotation = at_once(fixtures::all(&KONNECTIVITY), "konnectivity-interrupted");
    // Two Secrets of CAs are applied, then three are deleted.
    for lost in 3..=5 {
        let management = Management::new(&format!("kubectl-lost-{lost}"), "v1.0.0", &KONNECTIVITY);
        let answer = management.run(&rotation, 3, &["control-plane"], &format!("lost-{lost}"));
        assert!(!answer.status.success() && String::from_utf8_lossy(&answer.stderr).contains("FAILED"), "{lost}");
        management.succeeds(&rotation, 3, &["control-plane"]);
        management.succeeds(&rotation, 3, &["control-plane", "--check"]);
        let kubeconfig = management.value("konnectivity-kubeconfig", "konnectivity-server.conf");
        assert_eq!(embedded(&kubeconfig, "certificate-authority-data"), management.value("ca", "ca.crt"), "{lost}");
    }
    // The script waits for an operator that does nothing, and names it when the time is over.
    let management = Management::new("kubectl-dead", "v1.0.0", &KONNECTIVITY);
    let answer = management.run(&rotation, 3, &["control-plane"], "stuck");
    assert!(!answer.status.success() && String::from_utf8_lossy(&answer.stderr).contains("time-out"), "{answer:?}");
    // One that does not run is noticed before anything changes.
    let management = Management::new("kubectl-none", "v1.0.0", &KONNECTIVITY);
    let uids = management.uids();
    for fault in ["dead", "no-operator"] {
        let answer = management.run(&rotation, 3, &["control-plane"], fault);
        assert!(!answer.status.success(), "{fault}");
        assert!(String::from_utf8_lossy(&answer.stderr).contains("no operator runs"), "{fault}: {answer:?}");
    }
    assert_eq!(management.uids(), uids);
    // Without leader election, its Pod counts.
    let answer = management.run(&rotation, 3, &["control-plane", "--dry-run"], "no-lease");
    assert!(answer.status.success(), "{answer:?}");
}

/// Every step and folder that a runbook names exists: the runbook mentions no step that this plan does not have.
#[test]
fn runbooks_name_steps_that_exist() {
    let front_proxy = |release: Option<&str>| RotationRequest {
        rotate: Some(vec![AuthorityId::FrontProxy]),
        release: release.map(str::to_owned),
        accept_outage: release.is_some(),
        ..RotationRequest::default()
    };
    let at_once = [
        at_once(fixtures::files("kamaji/alpha"), "texts-at-once"),
        at_once(fixtures::all(&KONNECTIVITY), "texts-konnectivity"),
        Rotation::of(fixtures::files("kamaji/alpha"), &front_proxy(Some("v1.0.0")), "texts-front-proxy-at-once"),
        Rotation::of(fixtures::files("kamaji/alpha"), &front_proxy(None), "texts-front-proxy"),
        Rotation::of(fixtures::files("kubeadm/rsa-1"), &front_proxy(None), "texts-front-proxy-kubeadm"),
    ];
    let cases = CASES.iter().chain([&TENANT]).map(|case| (case.name, case.rotation()));
    let cases = cases.chain(at_once.iter().map(|rotation| ("at once", rotation)));
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

/// Statements that do not apply if the CA is replaced without a bundle, and their replacements.
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
    assert!(!before.contains("fetch it again"), "the admin kubeconfig does not change in phase 1");
    assert!(
        after.contains("Everyone who uses a kubeconfig from Secret tenants/alpha-admin-kubeconfig must fetch it again")
    );
    assert!(after.contains("| `Secret tenants/alpha-ca` | old CA | new CA and its key |"));
    assert!(after.contains("| `/etc/kubernetes/pki/ca.crt` | old CA, new CA | new CA |"));
    for fails in ["konnectivity-server fails", "kubelets fail", "kube-controller-manager and kube-scheduler fail"] {
        assert!(before.contains(&format!("at once: {fails} from step 3-control-plane on")), "{fails}");
    }
    // The state that the documentation names, how to display it, and why it is not a check.
    assert!(before.contains("`kubectl -n tenants get tenantcontrolplanes.kamaji.clastix.io alpha -w`"));
    assert!(before.contains("`CertificateAuthorityRotating`") && before.contains("no check"));
    // The documentation's label selectors, for this tenant alone.
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

fn renewal() -> RotationRequest {
    RotationRequest { intent: Intent::RenewLeaves, ..RotationRequest::default() }
}

/// Every certificate that Kamaji creates according to its documentation: Secret and key.
const LEAVES: [(&str, &str); 5] = [
    ("api-server-certificate", "apiserver.crt"),
    ("api-server-kubelet-client-certificate", "apiserver-kubelet-client.crt"),
    ("datastore-certificate", "server.crt"),
    ("front-proxy-client-certificate", "front-proxy-client.crt"),
    ("konnectivity-certificate", "tls.crt"),
];

/// And its kubeconfigs.
const KUBECONFIGS: [(&str, &str); 7] = [
    ("admin-kubeconfig", "admin.conf"),
    ("admin-kubeconfig", "admin.svc"),
    ("admin-kubeconfig", "super-admin.conf"),
    ("admin-kubeconfig", "super-admin.svc"),
    ("controller-manager-kubeconfig", "controller-manager.conf"),
    ("konnectivity-kubeconfig", "konnectivity-server.conf"),
    ("scheduler-kubeconfig", "scheduler.conf"),
];

/// The other Secrets: CAs, keys, the connection to the data store.
const KEPT: [&str; 4] =
    ["alpha-ca", "alpha-front-proxy-ca-certificate", "alpha-sa-certificate", "alpha-datastore-config"];

/// The thirteen Secrets of the documentation: its label selectors match nine that the operator recreates; four stay.
#[test]
fn leaves_are_renewed_by_deleting_their_secrets() {
    let rotation = Rotation::of(whole(), &renewal(), "renew-tenant");
    let management = Management::new("kubectl-renew", "26.8.2-edge", &WHOLE);
    let before = management.uids();
    assert_eq!(before.len(), 13);
    let old: BTreeMap<_, _> = LEAVES
        .iter()
        .chain(&KUBECONFIGS)
        .map(|(secret, key)| ((*secret, *key), management.certificate(secret, key)))
        .collect();
    for step in ["certificates", "kubeconfigs"] {
        assert!(!management.run(&rotation, 2, &[step, "--check"], "").status.success());
        let said = management.succeeds(&rotation, 2, &[step, "--dry-run"]);
        assert!(said.contains("would delete the Secrets with the labels kamaji.clastix.io/name=alpha,"), "{said}");
        management.succeeds(&rotation, 2, &[step]);
        management.succeeds(&rotation, 2, &[step, "--check"]);
    }
    let calls = management.calls();
    let deletions: Vec<_> = calls.lines().filter(|call| call.contains(" delete secret ")).collect();
    assert_eq!(deletions.len(), 2, "one for each kind: {deletions:?}");
    for (deletion, kind) in deletions.iter().zip(["x509", "kubeconfig"]) {
        assert!(deletion.contains(&format!("certificate_lifecycle_controller={kind},")), "{deletion}");
    }
    let after = management.uids();
    for (secret, uid) in &before {
        assert_eq!(after[secret] == *uid, KEPT.contains(&secret.as_str()), "{secret}");
    }
    for ((secret, key), old) in &old {
        let new = management.certificate(secret, key);
        let (authority, file) = match *secret {
            "front-proxy-client-certificate" => ("front-proxy-ca-certificate", "front-proxy-ca.crt"),
            "datastore-certificate" => ("datastore-certificate", "ca.crt"),
            _ => ("ca", "ca.crt"),
        };
        let authority = X509::from_pem(&management.value(authority, file)).expect("a certificate");
        assert!(new.verify(&authority.public_key().expect("a key")).expect("a signature"), "{secret}: the same CA");
        assert!(new.not_after() > old.not_after(), "{secret}: it ends later");
        assert!(!new.public_key().unwrap().public_eq(&old.public_key().unwrap()), "{secret}: a new key");
    }
    // konnectivity's kubeconfig embeds its previous certificate.
    let [own, embedded] =
        [("konnectivity-certificate", "tls.crt"), ("konnectivity-kubeconfig", "konnectivity-server.conf")]
            .map(|(secret, key)| management.certificate(secret, key));
    assert_eq!(own, embedded);
    // The second run deletes nothing.
    assert_eq!(management.succeeds(&rotation, 2, &[]), "");
    assert_eq!(management.uids(), after);
}

/// Each of these states fails the check and is named: no renewal by another CA, no earlier expiry, no endless wait.
#[test]
fn a_renewal_that_went_wrong_is_named() {
    let rotation = Rotation::of(whole(), &renewal(), "renew-wrong");
    let fails = |management: &Management, fault: &str, words: &str| {
        let answer = management.run(&rotation, 2, &["certificates"], fault);
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(!answer.status.success() && said.contains(words), "{fault}: {said}");
        said
    };
    for (fault, words) in
        [("other-ca", "is not issued by the CA"), ("short", "does not end later"), ("stuck", "time-out after")]
    {
        fails(&Management::new(&format!("kubectl-renew-{fault}"), "26.8.2-edge", &WHOLE), fault, words);
    }
    let management = Management::new("kubectl-renew-lost", "26.8.2-edge", &WHOLE);
    fails(&management, "lost-1", "the connection was lost");
    management.succeeds(&rotation, 2, &["certificates"]);
    management.succeeds(&rotation, 2, &["certificates", "--check"]);
    // Before anything is deleted.
    let management = Management::new("kubectl-renew-paused", "26.8.2-edge", &WHOLE);
    let uids = management.uids();
    // Nothing renews the Lease; or there is none, and no Pod of the operator is ready.
    fails(&management, "dead", "nothing renews the Lease kamaji.clastix.io");
    fails(&management, "no-operator", "no Pod of clastix/kamaji is ready");
    for arguments in [&["certificates", "--dry-run"][..], &["kubeconfigs"], &[]] {
        assert!(!management.run(&rotation, 2, arguments, "dead").status.success(), "{arguments:?}");
    }
    // konnectivity's kubeconfig would embed the previous certificate.
    let early = management.run(&rotation, 2, &["kubeconfigs"], "");
    let said = String::from_utf8_lossy(&early.stderr);
    assert!(!early.status.success() && said.contains("complete step certificates first"), "{said}");
    assert_eq!(management.uids(), uids);
    assert!(!management.calls().contains(" delete secret "));
    management.set("/paused", true.into());
    fails(&management, "", "the operator is paused for tenants/alpha");
    management.set("/paused", false.into());
    let other =
        secret_of(&String::from_utf8(fixtures::read("kamaji/alpha-after-openssl-ca/secret-alpha-ca.yaml")).unwrap());
    management.set("/secrets/alpha-ca/data", other.1["data"].clone());
    fails(&management, "", "has another CA than the one that this package was made for");
    assert_eq!(management.uids(), uids);
}

/// A tenant's files, with another driver of its data store.
fn with_driver(driver: &str) -> Vec<InputFile> {
    let mut files = fixtures::files("kamaji/alpha");
    let file = files.iter_mut().find(|file| file.path == "alpha/tenantcontrolplane.yaml").expect("the tenant");
    let Content::Bytes(bytes) = &file.content else { panic!("bytes") };
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let driver = if driver.is_empty() { String::new() } else { format!("    driver: {driver}\n") };
    let text = text.replace("    driver: etcd\n", &driver);
    *file = InputFile::new("alpha/tenantcontrolplane.yaml", text.into_bytes());
    files
}

/// The data store's certificate depends on the data store's CA: no rotation changes it, and the operator issues it only
/// with etcd (clastix/kamaji: internal/resources/datastore/datastore_certificate.go; the drivers of api/v1alpha1).
#[test]
fn the_data_store_has_its_own_rule() {
    for (driver, issued) in [("etcd", true), ("MySQL", false), ("PostgreSQL", false), ("NATS", false), ("", false)] {
        let inventory = inspect(with_driver(driver), fixtures::now());
        let found: Vec<_> = inventory.findings().iter().filter(|finding| finding.code == "outlives-ca").collect();
        assert_eq!(found.len(), 1, "the operator gives it ten years, whenever the CA ends");
        let remedy = &found[0].remedy;
        assert!(
            remedy.starts_with("It depends on the DataStore's CA, which this rotation does not replace"),
            "{remedy}"
        );
        assert!(!remedy.contains("new CA"), "{remedy}");
        assert_eq!(remedy.contains("the operator issues it"), issued || driver.is_empty(), "{driver}: {remedy}");
        assert_eq!(remedy.contains("have your PKI renew that one"), !issued, "{driver}: {remedy}");

        let rotation = Rotation::of(with_driver(driver), &renewal(), &format!("renew-driver-{driver}"));
        let script = rotation.text("2-switch/management/apply.sh");
        assert_eq!(script.contains("alpha-datastore-certificate"), issued, "{driver}");
        let told = rotation.plan.findings.iter().any(|finding| finding.code == "data-store-elsewhere");
        assert_eq!(told, !issued, "{driver}");
    }
}

/// The package contains no key, and its runbook describes a renewal.
#[test]
fn a_renewal_has_a_runbook_of_its_own() {
    let rotation = Rotation::of(whole(), &renewal(), "renew-runbook");
    assert!(rotation.package.files.iter().all(|file| !file.secret), "no key");
    assert_eq!(rotation.manifest()["intent"], "renew-leaves");
    let runbook = rotation.text("RUNBOOK.md");
    assert!(runbook.contains("restore it from the file of step 2-backup with `kubectl create -f FILE`"));
    for untrue in ["new CA", "old CA", "Phase", "phase", "both CAs", "trust both", "nothing to take back"] {
        assert!(!runbook.contains(untrue), "{untrue}: {runbook}");
    }
    let secrets = LEAVES.iter().chain(&KUBECONFIGS).map(|(secret, _)| format!("alpha-{secret}"));
    for said in secrets.chain(["one day before".into(), "CertificateLifecycle".into(), "does not revoke".into()]) {
        assert!(runbook.contains(&said), "{said}");
    }
    let steps = rotation.manifest()["steps"].clone();
    let ids: Vec<_> = steps.as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert_eq!(ids, ["2-backup", "2-certificates", "2-kubeconfigs", "2-clients"]);
    for word in runbook.split(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c))) {
        assert!(!word.starts_with("2-") || ids.contains(&word) || word == "2-switch", "{word}");
    }
}

/// If a renewal is impossible, Airlock refuses it and names the reason.
#[test]
fn renewals_that_nobody_could_carry_out_are_refused() {
    let refused = |files: Vec<InputFile>, request: &RotationRequest, code: &str| {
        let now = fixtures::now();
        let refusal = airlock_core::plan(&inspect(files, now), request, now).expect_err(code);
        assert!(refusal.findings.iter().any(|one| one.code == code && !one.remedy.is_empty()), "{code}: {refusal}");
    };
    let mut paused = fixtures::files("kamaji/alpha");
    let file = paused.iter_mut().find(|file| file.path == "alpha/tenantcontrolplane.yaml").expect("the tenant");
    let Content::Bytes(bytes) = &file.content else { panic!("bytes") };
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let text = text.replacen("  annotations:\n", "  annotations:\n    kamaji.clastix.io/paused: \"\"\n", 1);
    *file = InputFile::new("alpha/tenantcontrolplane.yaml", text.into_bytes());
    refused(paused, &renewal(), "operator-paused");
    let conflict = RotationRequest { rotate: Some(vec![AuthorityId::Cluster]), ..renewal() };
    refused(fixtures::files("kamaji/alpha"), &conflict, "intent-conflict");
    for elsewhere in ["kubeadm/elsewhere-1", "kubeadm/external-1"] {
        refused(fixtures::files(elsewhere), &renewal(), "leaves-elsewhere");
    }
}

/// The output of the documentation's `kubectl get secret`: name, type, number of values. It shows one value for
/// administrators; later releases write four (`tests/fixtures/kamaji/alpha`).
const THIRTEEN: [(&str, &str, usize); 13] = [
    ("admin-kubeconfig", "Opaque", 4),
    ("api-server-certificate", "Opaque", 2),
    ("api-server-kubelet-client-certificate", "Opaque", 2),
    ("ca", "Opaque", 4),
    ("controller-manager-kubeconfig", "Opaque", 1),
    ("datastore-certificate", "Opaque", 3),
    ("datastore-config", "Opaque", 4),
    ("front-proxy-ca-certificate", "Opaque", 2),
    ("front-proxy-client-certificate", "Opaque", 2),
    ("konnectivity-certificate", "kubernetes.io/tls", 2),
    ("konnectivity-kubeconfig", "Opaque", 1),
    ("sa-certificate", "Opaque", 2),
    ("scheduler-kubeconfig", "Opaque", 1),
];

/// The sample is such a tenant, and so are the fixtures, which the real operator created.
#[test]
fn the_sample_has_the_thirteen_secrets_of_the_page() {
    let sample = crate::sample::laid_out(airlock_core::sample::named("kamaji").expect("a sample"));
    let folders =
        [sample.join("management"), fixtures::path("kamaji/alpha"), fixtures::path("kamaji/alpha-konnectivity")];
    let mut found: BTreeMap<&str, BTreeMap<String, (String, usize, Value)>> = BTreeMap::new();
    for (tenant, folder) in ["sample-kamaji", "alpha", "alpha"].into_iter().zip(folders) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let text = fs::read_to_string(entry.expect("a file").path()).unwrap_or_default();
            if !text.lines().any(|line| line == "kind: Secret") {
                continue;
            }
            let kind = text.lines().rev().find_map(|line| line.strip_prefix("type: ")).expect("a type").to_owned();
            let values = text
                .lines()
                .skip_while(|line| *line != "data:")
                .skip(1)
                .take_while(|line| line.starts_with("  "))
                .count();
            let name = text.lines().rev().find_map(|line| line.strip_prefix("  name: ")).expect("a name");
            let label = |line: &&str| line.trim().starts_with("kamaji.clastix.io/certificate_lifecycle_controller: ");
            let lifecycle = text.lines().find(label).map(|line| line.trim().to_owned());
            let component = name.strip_prefix(&format!("{tenant}-")).expect("the tenant's").to_owned();
            found.entry(tenant).or_default().insert(component, (kind, values, json!(lifecycle)));
        }
    }
    for (tenant, secrets) in &found {
        let all: Vec<_> =
            secrets.iter().map(|(name, (kind, values, _))| (name.as_str(), kind.as_str(), *values)).collect();
        assert_eq!(all, THIRTEEN, "{tenant}");
    }
    let labels =
        |tenant: &str| found[tenant].iter().map(|(name, secret)| (name.clone(), secret.2.clone())).collect::<Vec<_>>();
    assert_eq!(labels("sample-kamaji"), labels("alpha"), "the labels by which leaves are renewed");
}

/// According to the documentation every certificate is valid for one year, as kubeadm's are, and a CA for ten. The
/// operator's own template, for the data store and konnectivity, also has ten years (clastix/kamaji:
/// internal/crypto/crypto.go).
#[test]
fn certificates_live_as_long_as_the_page_says_with_two_exceptions() {
    let management = Management::new("kubectl-lifetimes", "26.8.2-edge", &["kamaji/alpha"]);
    let days = |certificate: X509| certificate.not_before().diff(certificate.not_after()).expect("two times").days;
    for (secret, key) in LEAVES.iter().chain(&KUBECONFIGS).filter(|(secret, _)| !secret.starts_with("konnectivity")) {
        let expected = if *secret == "datastore-certificate" { 3650..=3653 } else { 365..=366 };
        let days = days(management.certificate(secret, key));
        assert!(expected.contains(&days), "{secret}: {days} days");
    }
    for (secret, key) in [("ca", "ca.crt"), ("front-proxy-ca-certificate", "front-proxy-ca.crt")] {
        let days = days(management.certificate(secret, key));
        assert!((3650..=3653).contains(&days), "{secret}: {days} days");
    }
}
