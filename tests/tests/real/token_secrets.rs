//! Secrets whose treatment needs a real API server and a real kube-controller-manager: service account token Secrets,
//! which kube-controller-manager updates, and immutable Secrets, which the API server does not allow to be changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_core::RotationRequest;
use airlock_tests::{
    fixtures,
    rotation::{Case, Rotation},
    tools::{output, succeed},
};

use super::server::{AS_IT_IS, Server, wait_for};

/// One control plane for both, because starting one takes longer than the tests themselves.
#[test]
fn a_real_control_plane_updates_token_secrets_and_refuses_immutable_ones() {
    let server = Server::start("real-secrets");
    let kubectl = server.commands("kubectl", AS_IT_IS);
    token_secrets(&server, &kubectl);
    immutable_secrets(&server, &kubectl);
}

/// A value of an object in the API server; empty if there is none.
fn field(server: &Server, namespace: &str, object: &str, path: &str) -> String {
    let output = output(server.kubectl().args(["-n", namespace, "get", object, "-o", &format!("jsonpath={{{path}}}")]));
    if output.status.success() { String::from_utf8(output.stdout).expect("UTF-8") } else { String::new() }
}

/// `ca.crt` of a service account token Secret, decoded.
fn authority_of(server: &Server, secret: &str) -> String {
    let template = r#"go-template={{with .data}}{{with index . "ca.crt"}}{{base64decode .}}{{end}}{{end}}"#;
    succeed(server.kubectl().args(["-n", "ci", "get", "secret", secret, "-o", template]))
}

/// A service account with a token Secret of the legacy kind (kubernetes.io/docs/reference/access-authn-authz/
/// service-accounts-admin: "manually create an API token").
fn with_token(name: &str) -> String {
    format!(
        "apiVersion: v1
kind: ServiceAccount
metadata: {{namespace: ci, name: {name}}}
---
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {{namespace: ci, name: {name}, annotations: {{kubernetes.io/service-account.name: {name}}}}}
---
"
    )
}

fn wait_for_authority(server: &Server, secret: &str, expected: &str) {
    wait_for(&format!("ca.crt of {secret}"), || {
        let found = authority_of(server, secret);
        if found == expected { Ok(()) } else { Err(found) }
    });
}

/// The check of phases 1 and 3, before and after kube-controller-manager restarts with the package's bundle.
fn token_secrets(server: &Server, kubectl: &Path) {
    let rotation = Case::named("ecdsa-3").rotation();
    let check = |phase: usize| {
        let script = ["", "1-trust-both/cluster/apply.sh", "", "3-drop-old/cluster/apply.sh"][phase];
        server.run(kubectl, rotation, &[script, "published", "--check"])
    };
    let bundle = |phase: usize| {
        let file = rotation.phase(phase).join("control-plane/cp1/etc/kubernetes/pki/ca.crt");
        fs::read_to_string(file).expect("the package has the file")
    };
    let old = String::from_utf8(fixtures::read("kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt")).expect("PEM");
    let file = server.folder.join("ca.crt");
    fs::write(&file, &old).expect("a file can be written");
    let replace = |text: &str| {
        let new = file.with_extension("new");
        fs::write(&new, text).expect("a file can be written");
        fs::rename(&new, &file).expect("a file can be renamed");
    };

    let controller_manager = server.controller_manager(&file);
    server.create("apiVersion: v1\nkind: Namespace\nmetadata: {name: ci}\n");
    server.create(&[with_token("robot"), with_token("sealed")].concat());
    for secret in ["robot", "sealed"] {
        wait_for_authority(server, secret, &old);
    }
    let freeze = ["-n", "ci", "patch", "secret", "sealed", "--type=merge", "-p", r#"{"immutable":true}"#];
    succeed(server.kubectl().args(freeze));
    let token = field(server, "ci", "secret/robot", ".data.token");
    let identity = field(server, "ci", "secret/robot", ".metadata.uid");
    assert!(token.len() > 100, "kube-controller-manager issued a token");
    let (passed, said) = check(1);
    assert!(!passed && said.contains("NOT READY"), "{said}");

    // The file on disk does not suffice: kube-controller-manager reads it once, at its start.
    replace(&bundle(1));
    server.create(&with_token("late"));
    wait_for_authority(server, "late", &old);
    let (passed, said) = check(1);
    assert!(!passed && said.contains("kube-root-ca.crt in "), "{said}");

    // The check fails only because of the token Secrets: every ConfigMap has the new content.
    drop(controller_manager);
    publish(server, &bundle(1));
    let (passed, said) = check(1);
    assert!(!passed && said.contains("ca.crt of the Secret ci/"), "{said}");
    for secret in ["robot", "late"] {
        assert_eq!(authority_of(server, secret), old);
    }

    // After its restart, it updates each mutable Secret. The script names an immutable one and what to do.
    let controller_manager = server.controller_manager(&file);
    for secret in ["robot", "late"] {
        wait_for_authority(server, secret, &bundle(1));
    }
    let (passed, said) = check(1);
    assert!(!passed && said.contains("Secret ci/sealed is immutable"), "{said}");
    assert_eq!(authority_of(server, "sealed"), old);
    let log = server.folder.join("kube-controller-manager.log");
    wait_for("the API server refuses the change of the immutable Secret", || {
        let log = fs::read_to_string(&log).expect("there is a log");
        if log.contains("field is immutable when `immutable` is set") { Ok(()) } else { Err(log) }
    });
    succeed(server.kubectl().args(["-n", "ci", "delete", "secret", "sealed"]));
    wait_for_gate(|| check(1));
    assert_eq!(field(server, "ci", "secret/robot", ".data.token"), token, "the token stays");
    assert_eq!(field(server, "ci", "secret/robot", ".metadata.uid"), identity, "the Secret stays");

    // Phase 3.
    let (passed, said) = check(3);
    assert!(!passed && said.contains("NOT READY"), "{said}");
    drop(controller_manager);
    replace(&bundle(3));
    publish(server, &bundle(3));
    let (passed, said) = check(3);
    assert!(!passed && said.contains("ca.crt of the Secret ci/"), "{said}");
    let _controller_manager = server.controller_manager(&file);
    wait_for_gate(|| check(3));
    for secret in ["robot", "late"] {
        assert_eq!(authority_of(server, secret), bundle(3));
    }
    assert_eq!(field(server, "ci", "secret/robot", ".data.token"), token, "the token stays");
    let (passed, said) = check(1);
    assert!(!passed, "{said}");
}

fn wait_for_gate(check: impl Fn() -> (bool, String)) {
    wait_for("the gate passes", || {
        let (passed, said) = check();
        if passed { Ok(()) } else { Err(said) }
    });
}

/// Writes `kube-root-ca.crt` of every namespace, as kube-controller-manager does.
fn publish(server: &Server, bundle: &str) {
    let patch = serde_json::json!({ "data": { "ca.crt": bundle } }).to_string();
    let names = succeed(server.kubectl().args(["get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}"]));
    for namespace in names.split_whitespace() {
        let mut command = server.kubectl();
        command.args(["-n", namespace, "patch", "configmap", "kube-root-ca.crt", "--type=merge", "-p", &patch]);
        succeed(&mut command);
    }
}

/// A kubectl that changes a Secret once, after its version was read.
const CHANGES_MEANWHILE: &str = r#"#!/bin/sh
@KUBECTL@ "$@" || exit
case "$*" in
  *'jsonpath={.metadata.resourceVersion}'*)
    [ -e "${0%/*}/once" ] || @KUBECTL@ -n default annotate secret stage-1-ca seen=yes >/dev/null || exit
    : >"${0%/*}/once"
    ;;
esac
"#;

/// The API server rejects a plain apply. The step deletes and recreates each Secret, and its rollback restores the old
/// one.
fn immutable_secrets(server: &Server, kubectl: &Path) {
    let files = fixtures::files("field/s-immutable");
    let rotation = Rotation::of(files, &RotationRequest::default(), "real-immutable");
    let step = |kubectl: &Path, options: &[&str]| {
        server.run(kubectl, &rotation, &[&["3-drop-old/management/apply.sh", "authorities"][..], options].concat())
    };
    let folder = rotation.phase(3).join("management");
    let apply = |file: PathBuf| -> Command {
        let mut command = server.kubectl();
        command.args(["apply", "--server-side", "--force-conflicts", "--field-manager=airlock", "-f"]).arg(file);
        command
    };
    let secrets = ["stage-1-ca", "stage-1-proxy"];
    for secret in secrets {
        succeed(&mut apply(folder.join(format!("undo/{secret}.yaml"))));
    }
    let state = |secret: &str| {
        let object = format!("secret/{secret}");
        let [certificate, key, immutable, identity] =
            [r".data.tls\.crt", r".data.tls\.key", ".immutable", ".metadata.uid"]
                .map(|path| field(server, "default", &object, path));
        assert_eq!(immutable, "true", "{secret}");
        ((certificate, key), identity)
    };
    let before = secrets.map(state);

    for secret in secrets {
        let refused = output(&mut apply(folder.join(format!("{secret}.yaml"))));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("field is immutable when `immutable` is set"), "{said}");
    }
    let (passed, said) = step(kubectl, &["--check"]);
    assert!(!passed && said.contains("stage-1-ca is not this phase's"), "{said}");
    let (passed, said) = step(kubectl, &["--dry-run"]);
    assert!(passed && said.contains("would apply stage-1-ca.yaml"), "{said}");
    assert_eq!(secrets.map(state), before, "a check and a dry run change nothing");

    // A change after the Secret was read: the deletion's precondition fails.
    let (passed, said) = step(&server.commands("kubectl-meanwhile", CHANGES_MEANWHILE), &[]);
    assert!(!passed && said.contains("Conflict"), "{said}");
    assert_eq!(secrets.map(state), before, "nothing was deleted");

    let (passed, said) = step(kubectl, &[]);
    assert!(passed, "{said}");
    let after = secrets.map(state);
    for (old, new) in before.iter().zip(&after) {
        assert!(old.0 != new.0 && old.1 != new.1, "another pair, in another object");
    }
    let (passed, said) = step(kubectl, &["--check"]);
    assert!(passed, "{said}");
    let (passed, said) = step(kubectl, &[]);
    assert!(passed, "{said}");
    assert_eq!(secrets.map(state), after, "a second run changes nothing");

    let (passed, said) = step(kubectl, &["--undo"]);
    assert!(passed, "{said}");
    for (old, new) in before.iter().zip(secrets.map(state)) {
        assert_eq!(old.0, new.0, "the old pair is back");
    }
    let (passed, said) = step(kubectl, &["--check"]);
    assert!(!passed, "{said}");
}
