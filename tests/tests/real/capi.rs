//! Cluster API's own functions read the Secrets of every phase.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command, slice, time::SystemTime};

use airlock_core::{InputFile, UnixTime, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    oracle::ask,
    rotation::{Case, Rotation, scratch, walk},
    tools::{built, feed, succeed},
};
use serde::{Deserialize, Serialize};

use super::server::{AS_IT_IS, Server};

/// A cluster's Secrets.
#[derive(Serialize)]
struct Question {
    files: Vec<PathBuf>,
    cluster: String,
    namespace: &'static str,
}

/// Cluster API's results for them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ensure_all_exist: String,
    certificates: BTreeMap<String, Authority>,
    kubeconfig: Kubeconfig,
    regenerated: Kubeconfig,
    needs_rotation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authority {
    present: bool,
    error: String,
    subject: String,
    hashes: Vec<String>,
    can_sign: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kubeconfig {
    error: String,
    server: String,
    authorities: Vec<String>,
    common_name: String,
    organizations: Vec<String>,
    signed_by: Vec<String>,
}

/// The Secrets of a management cluster after each phase: the Secrets applied so far, over the original ones.
fn phases(rotation: &Rotation, fixture: &str) -> [Answer; 4] {
    let folder = fixtures::path(fixture);
    let mut held: BTreeMap<String, PathBuf> =
        walk(&folder).into_iter().map(|file| (file.clone(), folder.join(file))).collect();
    let cluster = fixture.rsplit('/').next().expect("a fixture has a name").to_owned();
    let mut questions =
        vec![Question { files: held.values().cloned().collect(), cluster: cluster.clone(), namespace: "default" }];
    for phase in 1..=3 {
        let folder = rotation.phase(phase).join("management");
        for file in walk(&folder).into_iter().filter(|file| file.ends_with(".yaml") && !file.contains('/')) {
            assert!(held.contains_key(&file), "{file} replaces nothing");
            held.insert(file.clone(), folder.join(file));
        }
        questions.push(Question {
            files: held.values().cloned().collect(),
            cluster: cluster.clone(),
            namespace: "default",
        });
    }
    let answers: Vec<Answer> = ask("capi-read", &questions);
    answers.try_into().unwrap_or_else(|_| panic!("four questions, four answers"))
}

fn check(rotation: &Rotation, fixture: &str, long_lived: bool) {
    let [before, both, switched, new] = phases(rotation, fixture);
    let old_pin = before.certificates["ca"].hashes[0].clone();
    let new_pin = new.certificates["ca"].hashes[0].clone();
    assert_ne!(old_pin, new_pin, "{fixture}");
    for (phase, answer) in [&before, &both, &switched, &new].into_iter().enumerate() {
        let what = format!("{fixture}, phase {phase}");
        assert_eq!(answer.ensure_all_exist, "", "{what}");
        for (purpose, authority) in &answer.certificates {
            assert!(authority.present && authority.error.is_empty(), "{what}: {purpose}: {}", authority.error);
            assert!(authority.can_sign || purpose == "sa", "{what}: {purpose} cannot sign");
            if purpose != "sa" {
                assert_eq!(authority.hashes.len(), 1, "{what}: a bundle in -{purpose} would not carry a roll-out over");
            }
        }
        let kubeconfig = &answer.kubeconfig;
        assert_eq!(kubeconfig.error, "", "{what}");
        assert_eq!(kubeconfig.server, before.kubeconfig.server, "{what}");
        assert_eq!(kubeconfig.common_name, "kubernetes-admin", "{what}");
        assert_eq!(kubeconfig.organizations, ["system:masters"], "{what}");
        assert_eq!(answer.regenerated.error, "", "{what}: RegenerateSecret");
    }
    // Cluster API uses the machine's clock: it does not renew a credential that is valid for years, whenever this test
    // runs.
    if long_lived {
        for answer in [&switched, &new] {
            assert!(!answer.needs_rotation, "{fixture}: the control plane's controller would regenerate it");
        }
    }
    // The CA data and the credential of the kubeconfig, by phase.
    assert_eq!(both.kubeconfig.authorities, [old_pin.clone(), new_pin.clone()], "{fixture}");
    assert_eq!(both.kubeconfig.signed_by, slice::from_ref(&old_pin), "{fixture}: still the old credential");
    assert_eq!(switched.kubeconfig.authorities, [new_pin.clone(), old_pin.clone()], "{fixture}");
    assert!(
        switched.kubeconfig.signed_by.is_empty(),
        "{fixture}: a credential of the new CA, which -ca does not hold yet"
    );
    assert_eq!(new.kubeconfig.authorities, slice::from_ref(&new_pin), "{fixture}");
    assert_eq!(new.kubeconfig.signed_by, slice::from_ref(&new_pin), "{fixture}");
    // -ca and -proxy change only in phase 3; -etcd and -sa never change.
    for (purpose, changes) in [("ca", true), ("proxy", true), ("etcd", false), ("sa", false)] {
        let hashes = |answer: &Answer| answer.certificates[purpose].hashes.clone();
        assert_eq!(hashes(&switched), hashes(&before), "{fixture}: -{purpose} before the roll-out");
        assert_eq!(hashes(&new) != hashes(&before), changes, "{fixture}: -{purpose}");
    }
    assert_ne!(new.certificates["ca"].subject, before.certificates["ca"].subject, "{fixture}: a distinct subject");
    // If Cluster API is forced to regenerate the kubeconfig after phase 3, the new one trusts the same CAs.
    assert_eq!(new.regenerated.authorities, slice::from_ref(&new_pin), "{fixture}");
    assert_eq!(new.regenerated.signed_by, [new_pin], "{fixture}");
}

#[test]
fn secrets_beside_node_trees() {
    let case = Case::named("rsa-3");
    check(case.rotation(), case.management, false);
}

/// An intermediate CA in `-ca` whose root is kept elsewhere: clients trust the intermediate, and the rotation replaces
/// it (kubernetes-sigs/cluster-api: docs/book/src/tasks/certs/using-custom-certificates.md).
#[test]
fn an_intermediate_is_an_authority_like_any_other() {
    let folder = scratch("intermediate");
    let script = r#"
        openssl req -x509 -new -nodes -newkey rsa:2048 -subj "/CN=Offline Root" -days 7300 -keyout root.key -out root.crt
        authority() { # FILE SUBJECT
            openssl req -new -nodes -newkey rsa:2048 -subj "$2" -keyout "$1.key" -out request.csr
            printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >extensions
            openssl x509 -req -in request.csr -CA root.crt -CAkey root.key -days 3650 -extfile extensions -out "$1.crt"
        }
        mkdir pki pki/etcd
        authority pki/ca /CN=intermediate
        authority pki/front-proxy-ca "/CN=intermediate proxy"
        authority pki/etcd/ca "/CN=intermediate etcd"
        openssl genpkey -algorithm RSA -out pki/sa.key
        openssl pkey -in pki/sa.key -pubout -out pki/sa.pub
        mkdir inter
    "#;
    succeed(Command::new("sh").args(["-euc", script]).current_dir(&folder));
    let secrets = folder.join("inter");
    let mut oracle = Command::new(built("oracle"));
    oracle.args(["capi-secrets", "--cluster", "inter", "--supplied", "--pki"]).arg(folder.join("pki"));
    succeed(oracle.arg("--out").arg(&secrets));
    let files = walk(&secrets).into_iter();
    let files =
        files.map(|file| InputFile::new(file.clone(), fs::read(secrets.join(&file)).expect("a file can be read")));
    let request = RotationRequest { leaf_days: 3650, ..RotationRequest::default() };
    let rotation = Rotation::at(clock(), files.collect(), &request, "intermediate-package");
    check(&rotation, secrets.to_str().expect("its path is text"), true);
}

/// The current time, because certificates that OpenSSL creates are not valid earlier.
fn clock() -> UnixTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    UnixTime(i64::try_from(now.as_secs()).expect("seconds fit"))
}

/// From a management cluster's Secrets alone: created by Cluster API with RSA and ECDSA, and supplied by a user.
#[test]
fn secrets_alone() {
    for name in ["one", "two", "supplied"] {
        let fixture = format!("cluster-api/{name}");
        let request = RotationRequest { leaf_days: 3650, ..RotationRequest::default() };
        check(&Rotation::of(fixtures::files(&fixture), &request, name), &fixture, true);
    }
}

/// A resource of Cluster API that the API server keeps as it is.
fn definition(group: &str, plural: &str, kind: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{plural: {plural}, singular: {singular}, kind: {kind}}}
  versions: [{{name: v1beta1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}]
---
",
        singular = kind.to_lowercase()
    )
}

const CLUSTER: &str =
    "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: two, namespace: default}\n";
const CONTROL_PLANE: &str = "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: {name: cp, namespace: default, labels: {cluster.x-k8s.io/cluster-name: two}}\nspec: {replicas: 1}\n";

/// Controllers do nothing for what is paused (kubernetes-sigs/cluster-api: util/annotations, `IsPaused`): a pause that its
/// owner set is named before phase 1, and no step ends it unless the owner lets it.
#[test]
fn a_pause_of_the_owner_is_not_ended() {
    let rotation = Rotation::of(fixtures::files("cluster-api/two"), &RotationRequest::default(), "capi-paused");
    let server = Server::start("capi-paused-server");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    let apply = |yaml: &str| {
        let mut command = server.kubectl();
        let answer = feed(command.args(["apply", "-f", "-"]), yaml.as_bytes());
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    };
    let definitions = [
        definition("cluster.x-k8s.io", "clusters", "Cluster"),
        definition("cluster.x-k8s.io", "machinedeployments", "MachineDeployment"),
        definition("cluster.x-k8s.io", "machinehealthchecks", "MachineHealthCheck"),
        definition("controlplane.cluster.x-k8s.io", "kubeadmcontrolplanes", "KubeadmControlPlane"),
    ];
    apply(&definitions.concat());
    succeed(server.kubectl().args(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]));
    apply(&format!("{CLUSTER}spec: {{paused: true}}\n---\n{CONTROL_PLANE}"));
    let run = |phase: &str, arguments: &[&str]| {
        server.run(&kubectl, &rotation, &[&[&*format!("{phase}/management/apply.sh")][..], arguments].concat())
    };
    let change = |arguments: &[&str]| succeed(server.kubectl().args(arguments));
    let paused = || {
        let fields = "jsonpath={.spec.paused} {.metadata.annotations.airlock/paused}";
        change(&["get", "clusters.cluster.x-k8s.io", "two", "-o", fields]).trim().to_owned()
    };
    let fails = |phase: &str, arguments: &[&str], words: &str| {
        let (passed, said) = run(phase, arguments);
        assert!(!passed && said.contains(words), "{phase} {arguments:?}: {said}");
    };
    let passes = |phase: &str, arguments: &[&str]| {
        let (passed, said) = run(phase, arguments);
        assert!(passed, "{phase} {arguments:?}: {said}");
    };
    let (first, last) = ("1-trust-both", "3-drop-old");
    for arguments in [&["pause"][..], &["pause", "--dry-run"], &["pause", "--check"]] {
        fails(first, arguments, "this package did not pause it");
    }
    fails(last, &["resume"], "kubectl -n default annotate cluster.cluster.x-k8s.io two airlock/paused=owner");
    passes(first, &["pause", "--undo"]);
    assert_eq!(paused(), "true", "it is as its owner left it");
    // The owner lets the rotation end the pause.
    change(&["annotate", "clusters.cluster.x-k8s.io", "two", "airlock/paused=owner"]);
    passes(first, &["pause"]);
    passes(first, &["pause", "--undo"]);
    assert_eq!(paused(), "true owner", "step pause did not pause it");
    fails(last, &["roll-out-control-plane"], "complete step resume first");
    passes(last, &["resume"]);
    assert_eq!(paused(), "false");
    // A control plane that is paused is never rolled out.
    let control_plane = ["kubeadmcontrolplanes.controlplane.cluster.x-k8s.io", "cp"];
    let annotate = |value: &str| change(&["annotate", control_plane[0], control_plane[1], value]);
    annotate("cluster.x-k8s.io/paused=");
    fails(first, &["pause"], "cluster.x-k8s.io/paused-");
    assert_eq!(paused(), "false");
    fails(last, &["roll-out-control-plane"], "cluster.x-k8s.io/paused-");
    annotate("cluster.x-k8s.io/paused-");
    // The package's own pause.
    passes(first, &["pause"]);
    assert_eq!(paused(), format!("true {}", rotation.package.name));
    passes(first, &["pause", "--check"]);
    passes(first, &["pause", "--undo"]);
    assert_eq!(paused(), "false");
    passes(first, &["pause"]);
    passes(last, &["resume"]);
    passes(last, &["resume", "--check"]);
    assert_eq!(paused(), "false");
    passes(last, &["roll-out-control-plane"]);
}

/// The same, where the objects are among the files.
#[test]
fn objects_that_their_owner_paused_are_named_in_the_plan() {
    let found = |yaml: &str| {
        let mut files = fixtures::files("cluster-api/two");
        files.push(InputFile::new("objects.yaml".to_owned(), yaml.as_bytes().to_vec()));
        let inventory = airlock_core::inspect(files, fixtures::now());
        let findings = match airlock_core::plan(&inventory, &RotationRequest::default(), fixtures::now()) {
            Ok(plan) => plan.findings().to_vec(),
            Err(refusal) => refusal.findings,
        };
        let of_pause = findings.into_iter().filter(|finding| finding.code == "paused-by-owner");
        of_pause.map(|finding| (finding.severity, finding.message, finding.remedy)).collect::<Vec<_>>()
    };
    let by_owner = found(&format!("{CLUSTER}spec: {{paused: true}}\n"));
    let [(airlock_core::Severity::Error, message, remedy)] = by_owner.as_slice() else { panic!("{by_owner:?}") };
    assert!(message.starts_with("Cluster default/two is paused"), "{message}");
    assert!(remedy.contains("annotate cluster.cluster.x-k8s.io two airlock/paused=owner"), "{remedy}");
    let annotated =
        |yaml: &str, annotation: &str| yaml.replacen("{name", &format!("{{annotations: {{{annotation}}}, name"), 1);
    for (yaml, errors) in [
        (format!("{CLUSTER}spec: {{paused: false}}\n"), 0),
        (format!("{}spec: {{paused: true}}\n", annotated(CLUSTER, "airlock/paused: owner")), 0),
        (format!("{}spec: {{paused: true}}\n", CLUSTER.replace("two", "three")), 0),
        (CONTROL_PLANE.to_owned(), 0),
        (annotated(CONTROL_PLANE, "cluster.x-k8s.io/paused: ''"), 1),
        (annotated(CONTROL_PLANE, "cluster.x-k8s.io/paused: airlock"), 0),
        (
            annotated(
                &CONTROL_PLANE.replace("cluster-name: two", "cluster-name: three"),
                "cluster.x-k8s.io/paused: ''",
            ),
            0,
        ),
        (
            CONTROL_PLANE
                .replace("controlplane.cluster.x-k8s.io/v1beta1", "cluster.x-k8s.io/v1beta1")
                .replace("KubeadmControlPlane", "MachineDeployment")
                .replace("replicas: 1", "paused: true"),
            1,
        ),
    ] {
        let found = found(&yaml);
        assert_eq!(found.len(), errors, "{yaml}: {found:?}");
    }
}
