//! A Kamaji tenant: the Secrets of each phase, checked with the rules of its operator (`tests/go/kamaji`, independent
//! of Airlock). The rules are first tested on the objects of a real operator.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use airlock_core::{Content, InputFile, Standing, UnixTime, check, inspect, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    oracle::ask_program,
    rotation::{Rotation, TENANT, walk},
    tools::built,
};
use serde::{Deserialize, Serialize};

/// The operator's actions for the tenant, if it ran.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Question {
    tenant: &'static str,
    namespace: &'static str,
    endpoint: &'static str,
    names: Vec<&'static str>,
    before: Vec<PathBuf>,
    now: Vec<PathBuf>,
    pkcs8: bool,
    paused: bool,
    time: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    rounds: Vec<Vec<Change>>,
    pub(crate) loops: bool,
    pub(crate) authority: String,
    front_proxy: String,
    sums: BTreeMap<String, bool>,
}

#[derive(Debug, Deserialize)]
struct Change {
    secret: String,
    what: String,
}

/// The operator's actions if only the kubeconfigs differ from what it would write.
const KUBECONFIGS: [(&str, &str); 3] = [
    ("alpha-admin-kubeconfig", "written anew"),
    ("alpha-controller-manager-kubeconfig", "written anew"),
    ("alpha-scheduler-kubeconfig", "written anew"),
];

pub(crate) fn question(before: &str, now: Vec<PathBuf>) -> Question {
    Question {
        tenant: "alpha",
        namespace: "tenants",
        endpoint: "10.96.67.53:6443",
        // From ConfigMap alpha-kubeadmconfig, certSANs.
        names: vec![
            "127.0.0.1",
            "localhost",
            "alpha",
            "alpha.tenants.svc",
            "alpha.tenants.svc.cluster.local",
            "10.96.67.53",
        ],
        before: if before.is_empty() { Vec::new() } else { secrets(before) },
        now,
        pkcs8: true,
        paused: false,
        time: fixtures::now().0,
    }
}

/// The same for the sample, at its time.
pub(crate) fn sample_question(before: Vec<PathBuf>, time: UnixTime) -> Question {
    let names = ["127.0.0.1", "localhost", "sample-kamaji", "sample-kamaji.sample.svc"];
    let names = names.into_iter().chain(["sample-kamaji.sample.svc.cluster.local", "192.0.2.20"]).collect();
    Question {
        tenant: "sample-kamaji",
        namespace: "sample",
        endpoint: "192.0.2.20:6443",
        names,
        before,
        time: time.0,
        ..question("", Vec::new())
    }
}

impl Answer {
    /// Whether the operator has nothing left to do.
    pub(crate) fn is_settled(&self) -> bool {
        self.rounds.is_empty() && !self.loops
    }
}

impl Question {
    /// The same for a release that discards PKCS#8 keys.
    pub(crate) fn without_pkcs8(self) -> Self {
        Self { pkcs8: false, ..self }
    }
}

fn judge(questions: &[Question]) -> Vec<Answer> {
    ask_program(Command::new(built("kamaji")).arg("judge"), questions)
}

pub(crate) fn one(question: Question) -> Answer {
    judge(&[question]).remove(0)
}

/// The Secrets of a fixture.
fn secrets(fixture: &str) -> Vec<PathBuf> {
    let folder = fixtures::path(fixture);
    let names = walk(&folder).into_iter().filter(|name| name.starts_with("secret-"));
    names.map(|name| folder.join(name)).collect()
}

/// The objects of a package for the management cluster, of all phases up to this one.
fn applied(rotation: &Rotation, last: usize) -> Vec<PathBuf> {
    let folders = (1..=last).map(|phase| rotation.phase(phase).join("management")).filter(|folder| folder.is_dir());
    let objects = folders.flat_map(|folder| {
        let names = walk(&folder).into_iter().filter(|name| name.ends_with(".yaml") && !name.contains('/'));
        names.map(|name| folder.join(name)).collect::<Vec<_>>()
    });
    objects.collect()
}

pub(crate) fn done(answer: &Answer, round: usize) -> Vec<(&str, &str)> {
    answer.rounds[round].iter().map(|change| (change.secret.as_str(), change.what.as_str())).collect()
}

/// Tests the rules first: they keep the objects of a real operator, and predict its actions after the CA was replaced.
#[test]
fn the_rules_keep_what_a_real_operator_left() {
    for fixture in ["kamaji/alpha", "kamaji/alpha-after-openssl-ca"] {
        let answer = one(question(fixture, Vec::new()));
        assert!(answer.rounds.is_empty() && !answer.loops, "{fixture}: {:?}", answer.rounds);
        for (component, sum) in &answer.sums {
            // The checksum of kubeconfigs also covers the CA and kubeadm's configuration. The replaced CA keeps the
            // annotation of the previous one, which the operator does not need.
            let replaced = component == "ca" && fixture.ends_with("openssl-ca");
            assert_eq!(*sum, !component.ends_with("kubeconfig") && !replaced, "{fixture}: {component}");
        }
    }
    let replaced = vec![fixtures::path("kamaji/alpha-after-openssl-ca/secret-alpha-ca.yaml")];
    let answer = one(question("kamaji/alpha", replaced.clone()));
    let leaves = ["alpha-api-server-certificate", "alpha-api-server-kubelet-client-certificate"];
    let mut expected: Vec<_> = leaves.map(|leaf| (leaf, "issued anew")).into_iter().chain(KUBECONFIGS).collect();
    expected.sort_unstable();
    assert_eq!((answer.rounds.len(), done(&answer, 0)), (1, expected));
    // Its key is PKCS#8, which releases before 26.7.5-edge cannot read.
    let answer = one(Question { pkcs8: false, ..question("kamaji/alpha", replaced) });
    assert!(done(&answer, 0).contains(&("alpha-ca", "overwritten with a CA of its own")), "{answer:?}");
}

/// Bundles exist only while the operator is paused. At the end it accepts everything and only regenerates its
/// kubeconfigs, once.
#[test]
fn the_operator_takes_over_what_phase_3_leaves_and_nothing_before() {
    let rotation = TENANT.rotation();
    for phase in [1, 2] {
        let running = question("kamaji/alpha", applied(rotation, phase));
        let paused = Question { paused: true, ..running.clone() };
        let [running, paused] = judge(&[running, paused]).try_into().expect("two answers");
        assert!(running.loops && paused.rounds.is_empty(), "phase {phase}");
        for round in 0..running.rounds.len() {
            assert_eq!(done(&running, round), KUBECONFIGS, "phase {phase}: the leaves hang on the first certificate");
        }
    }
    for pkcs8 in [true, false] {
        let answer = one(Question { pkcs8, ..question("kamaji/alpha", applied(rotation, 3)) });
        assert!(!answer.loops);
        assert_eq!((answer.rounds.len(), done(&answer, 0)), (1, KUBECONFIGS.to_vec()));
        assert_eq!(answer.authority, "CN=kubernetes-20261122");
        assert_eq!(answer.front_proxy, "CN=front-proxy-ca-20261122");
    }
    // A bundle in the front-proxy CA alone has no effect on the operator.
    let proxy = rotation.phase(1).join("management/alpha-front-proxy-ca-certificate.yaml");
    let answer = one(question("kamaji/alpha", vec![proxy]));
    assert!(answer.rounds.is_empty() && !answer.loops, "{answer:?}");
}

/// The steps for a release that supports neither a pause nor PKCS#8.
#[test]
fn at_once_the_operator_issues_everything_under_the_new_ca() {
    let request = RotationRequest { release: Some("v1.0.0".into()), accept_outage: true, ..RotationRequest::default() };
    let rotation = Rotation::of(fixtures::files("kamaji/alpha"), &request, "kamaji at once");
    let answer = one(Question { pkcs8: false, ..question("kamaji/alpha", applied(&rotation, 3)) });
    let leaves = [
        "alpha-api-server-certificate",
        "alpha-api-server-kubelet-client-certificate",
        "alpha-front-proxy-client-certificate",
    ];
    let mut expected: Vec<_> = leaves.map(|leaf| (leaf, "issued anew")).into_iter().chain(KUBECONFIGS).collect();
    expected.sort_unstable();
    assert_eq!((answer.rounds.len(), done(&answer, 0)), (1, expected));
    assert_eq!((answer.authority.as_str(), answer.loops), ("CN=kubernetes-20261122", false));
    let runbook = rotation.text("RUNBOOK.md");
    assert!(runbook.contains("cannot be paused"), "the runbook says what comes");
}

/// The objects of a management cluster after a phase: the fixture, overlaid with the package's objects.
fn held(rotation: &Rotation, phase: usize, paused: bool) -> Vec<InputFile> {
    let mut files = fixtures::files("kamaji/alpha");
    for object in applied(rotation, phase) {
        let name = object.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let bytes = std::fs::read(&object).expect("an object of the package can be read");
        let place = format!("alpha/secret-{name}");
        files.retain(|file| file.path != place);
        files.push(InputFile::new(place, bytes));
    }
    let deployment =
        if phase == 0 { "kamaji/alpha/deployment.yaml" } else { "kamaji/alpha-signing-apart/deployment.yaml" };
    replace(&mut files, "alpha/deployment.yaml", |_| {
        let text = String::from_utf8(fixtures::read(deployment)).expect("text");
        // That Deployment was recorded with an additional flag, which is removed here.
        text.replace("        - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\n", "")
    });
    let annotation = "  annotations:\n    kamaji.clastix.io/paused: \"\"\n";
    let args = "    deployment:\n      extraArgs:\n        controllerManager:\n        - --cluster-signing-cert-file=/etc/ca-certificates/tls.crt\n        - --cluster-signing-key-file=/etc/ca-certificates/tls.key\n";
    replace(&mut files, "alpha/tenantcontrolplane.yaml", |text| {
        let text = if phase > 0 { text.replacen("    deployment:\n", args, 1) } else { text };
        if paused { text.replacen("  annotations:\n", annotation, 1) } else { text }
    });
    files
}

fn replace(files: &mut [InputFile], path: &str, change: impl FnOnce(String) -> String) {
    let file = files.iter_mut().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
    let Content::Bytes(bytes) = &file.content else { panic!("{path} has no bytes") };
    let text = change(String::from_utf8(bytes.to_vec()).expect("text"));
    *file = InputFile::new(path, text.into_bytes());
}

/// If the user returns in the middle of a rotation, Airlock reports each holder's phase and continues with the same new
/// CA.
#[test]
fn a_rotation_that_was_interrupted_goes_on() {
    let rotation = TENANT.rotation();
    let now = fixtures::now();
    for (phase, standing) in [(1, Standing::TrustsBoth), (2, Standing::Switched)] {
        let inventory = inspect(held(rotation, phase, true), now);
        assert!(inventory.findings().iter().all(|finding| finding.code != "bundle-under-operator"));
        let report = inventory.report(now).rotation;
        let tenant = report.holders.iter().find(|holder| holder.name == "alpha").expect("the tenant is a holder");
        assert_eq!((tenant.standing, tenant.out_of_line.as_slice()), (standing, &[][..]), "phase {phase}");
        assert!(check(&inventory, Some(1)).missing.iter().all(|missing| missing.holder != "alpha"));
        let late = check(&inventory, Some(phase as u8 + 1));
        assert!(late.missing.iter().any(|missing| missing.holder == "alpha"), "phase {phase} is not the next one");

        let mut files = held(rotation, phase, true);
        files.extend(fixtures::tree(&rotation.root()));
        let going_on = Rotation::of(files, &RotationRequest::default(), &format!("kamaji continued {phase}"));
        let ids: Vec<_> = going_on.plan.steps.iter().map(|step| step.id.as_str()).collect();
        assert!(!ids.contains(&format!("{phase}-control-plane").as_str()), "{ids:?}");
        assert!(!ids.contains(&"1-signing") && ids.contains(&format!("{phase}-pause").as_str()), "{ids:?}");
        assert!(ids.contains(&"3-resume"), "{ids:?}");
        let pins = |rotation: &Rotation| rotation.manifest()["authorities"].clone();
        for (begun, now) in
            pins(rotation).as_array().into_iter().flatten().zip(pins(&going_on).as_array().into_iter().flatten())
        {
            assert_eq!(begun["newPin"], now["newPin"], "the same new CA");
        }
        let objects: Vec<PathBuf> = applied(rotation, phase).into_iter().chain(applied(&going_on, 3)).collect();
        let answer = one(question("kamaji/alpha", objects));
        assert_eq!((answer.rounds.len(), done(&answer, 0), answer.loops), (1, KUBECONFIGS.to_vec(), false));
    }
}

/// kube-controller-manager's arguments are set before phase 1, and removed after phase 3.
#[test]
fn arguments_of_its_own_say_nothing_of_where_a_tenant_is() {
    let rotation = TENANT.rotation();
    for (phase, paused) in [(0, false), (3, true)] {
        let mut files = held(rotation, phase, paused);
        let told = |text: &[u8]| String::from_utf8_lossy(text).contains("=/etc/ca-certificates/tls.crt");
        if phase == 0 {
            let apart = fixtures::read("kamaji/alpha-signing-apart/deployment.yaml");
            replace(&mut files, "alpha/deployment.yaml", |_| String::from_utf8(apart).expect("text"));
        }
        let has_flags = |file: &InputFile| matches!(&file.content, Content::Bytes(bytes) if told(bytes));
        assert!(files.iter().any(|file| file.path.ends_with("deployment.yaml") && has_flags(file)));
        files.extend(fixtures::tree(&rotation.root()));
        let inventory = inspect(files, fixtures::now());
        let report = inventory.report(fixtures::now()).rotation;
        let tenant = report.holders.iter().find(|holder| holder.name == "alpha").expect("the tenant is a holder");
        // After phase 3 the kubeconfigs still contain both CAs, until the operator regenerates them.
        let wrong: Vec<_> = tenant.out_of_line.iter().map(|missing| missing.place.as_str()).collect();
        let ahead = ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt"];
        let expected = if phase == 0 { (Standing::Before, &[][..]) } else { (Standing::Switched, &ahead[..]) };
        assert_eq!((tenant.standing, wrong.as_slice()), expected);
        let warnings = check(&inventory, Some(3)).findings;
        assert!(warnings.iter().all(|finding| finding.code != "left-over"), "{warnings:?}");
        let unseen = warnings.iter().filter(|finding| finding.code == "not-seen" && finding.message.contains("alpha"));
        assert_eq!(unseen.count(), 0, "a tenant's control plane has no kubelet");
    }
}

#[track_caller]
fn refused(files: Vec<InputFile>, request: &RotationRequest, code: &str) {
    let now = fixtures::now();
    let refusal = airlock_core::plan(&inspect(files, now), request, now).expect_err("it is refused");
    let errors: Vec<_> =
        refusal.findings.iter().filter(|finding| finding.severity == airlock_core::Severity::Error).collect();
    assert!(errors.iter().any(|finding| finding.code == code && !finding.remedy.is_empty()), "{code}: {errors:?}");
}

#[test]
fn what_the_operator_would_spoil_is_refused() {
    let rotation = TENANT.rotation();
    let default = RotationRequest::default();
    refused(held(rotation, 1, false), &default, "bundle-under-operator");
    let mut unseen = held(rotation, 1, true);
    unseen.retain(|file| !file.path.ends_with("tenantcontrolplane.yaml"));
    refused(unseen, &default, "bundle-under-operator");

    let mut mismatched = fixtures::files("kamaji/alpha");
    let key = |text: &str| text.lines().find(|line| line.starts_with("  ca.key: ")).expect("a key").to_owned();
    let other = String::from_utf8(fixtures::read("kamaji/alpha-after-openssl-ca/secret-alpha-ca.yaml")).expect("text");
    replace(&mut mismatched, "alpha/secret-alpha-ca.yaml", |text| text.replace(&key(&text), &key(&other)));
    refused(mismatched, &default, "key-mismatch");

    let openssl = || fixtures::files("kamaji/alpha-after-openssl-ca");
    for release in ["v1.0.0", "edge-25.7.2", "26.7.4-edge"] {
        refused(openssl(), &RotationRequest { release: Some(release.into()), ..default.clone() }, "pkcs8-discarded");
    }
    refused(openssl(), &RotationRequest { release: Some("newest".into()), ..default.clone() }, "release-unknown");
    let mut untold = fixtures::files("kamaji/alpha");
    replace(&mut untold, "alpha/tenantcontrolplane.yaml", |text| text.replace("  writePermissions: {}\n", ""));
    refused(untold.clone(), &default, "release-unknown");
    let said = RotationRequest { release: Some("25.7.2-edge".into()), ..default.clone() };
    let now = fixtures::now();
    airlock_core::plan(&inspect(untold, now), &said, now).expect("the release was said");

    let mut early = fixtures::files("kamaji/alpha");
    replace(&mut early, "alpha/tenantcontrolplane.yaml", |text| {
        text.replacen("  annotations:\n", "  annotations:\n    kamaji.clastix.io/paused: \"true\"\n", 1)
    });
    refused(early, &default, "paused-too-early");
    let mut half = fixtures::files("kamaji/alpha");
    half.retain(|file| !file.path.contains("front-proxy"));
    refused(half, &default, "missing-secret");
}

/// If a dump contains two tenants, Airlock asks for the tenant. With a name, it uses the named tenant.
#[test]
fn of_several_tenants_one_is_taken() {
    let now = fixtures::now();
    let mut files = fixtures::files("kamaji/alpha");
    let beta: Vec<_> = files
        .iter()
        .filter(|file| file.path.contains("secret-") || file.path.contains("/tenantcontrolplane"))
        .map(|file| {
            let Content::Bytes(bytes) = &file.content else { panic!("{} has no bytes", file.path) };
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            let text = text.replace("name: alpha", "name: beta").replace("io/name: alpha", "io/name: beta");
            InputFile::new(file.path.replace("alpha", "beta"), text.into_bytes())
        })
        .collect();
    files.extend(beta);
    refused(files.clone(), &RotationRequest::default(), "several-tenants");
    for tenant in ["beta", "tenants/beta"] {
        let options = airlock_core::InspectOptions { tenant: Some(tenant), ..Default::default() };
        let report = airlock_core::inspect_with(files.clone(), options, now).report(now);
        assert_eq!(report.cluster, "beta");
        assert!(report.findings.iter().all(|finding| finding.code != "several-tenants"), "{tenant}");
    }
    let options = airlock_core::InspectOptions { tenant: Some("gamma"), ..Default::default() };
    let inventory = airlock_core::inspect_with(files, options, now);
    assert!(inventory.findings().iter().any(|finding| finding.code == "several-tenants"));
}

/// Each object is valid for `kubectl apply --server-side`, and keeps the existing Secret's name, type, labels and
/// owner.
#[test]
fn objects_stay_the_operators() {
    let rotation = TENANT.rotation();
    for object in applied(rotation, 3) {
        let text = std::fs::read_to_string(&object).expect("an object is text");
        let name = object.file_name().expect("a name").to_string_lossy().into_owned();
        let before = String::from_utf8(fixtures::read(&format!("kamaji/alpha/secret-{name}"))).expect("text");
        let kept =
            ["kamaji.clastix.io/component: ", "kamaji.clastix.io/name: ", "type: ", "controller: ", "- apiVersion: "];
        for kept in kept {
            let lines =
                |text: &str| text.lines().map(str::trim).rfind(|line| line.starts_with(kept)).map(str::to_owned);
            let (now, was) = (lines(&text), lines(&before));
            assert!(now.is_some() && now == was, "{name}: {kept}: {now:?}, it was {was:?}");
        }
        assert!(text.contains("uid: d247ac4a-1b33-4f11-ba6f-29795e77dfde"), "{name}: its owner");
        for gone in ["managedFields", "resourceVersion", "creationTimestamp"] {
            assert!(!text.contains(gone), "{name}: {gone}");
        }
    }
}
