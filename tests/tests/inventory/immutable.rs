//! Immutable Secrets: runs a script against a simulated API server with Kubernetes' rules (kubernetes/kubernetes:
//! pkg/apis/core/validation, `ValidateSecretUpdate`: "field is immutable when `immutable` is set").

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_core::{RotationRequest, Severity};
use airlock_tests::{
    fixtures,
    loaded::Loaded,
    rotation::{PHASES, Rotation},
    tools::{output, root, succeed},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// A management cluster with the fixture's Secrets, accessed through a simulated kubectl.
struct Management {
    rotation: Rotation,
    folder: PathBuf,
}

impl Management {
    fn new(label: &str) -> Self {
        let rotation = Rotation::of(
            fixtures::files("field/s-immutable"),
            &RotationRequest::default(),
            &format!("immutable-{label}"),
        );
        let folder = airlock_tests::rotation::scratch(&format!("kubectl-{label}"));
        let kubectl = root().join("tests/lab/kubectl-immutable.py");
        let text = format!("#!/bin/sh\nexec python3 '{}' '{}' \"$@\"\n", kubectl.display(), folder.display());
        fs::write(folder.join("kubectl"), text).expect("a file can be written");
        succeed(Command::new("chmod").arg("+x").arg(folder.join("kubectl")));
        let management = Self { rotation, folder };
        for name in ["stage-1-ca", "stage-1-proxy"] {
            let given = management.phase(3).join(format!("undo/{name}.yaml"));
            let mut kubectl = Command::new(management.folder.join("kubectl"));
            succeed(kubectl.args(["apply", "--server-side", "-f"]).arg(given));
        }
        management
    }

    fn phase(&self, phase: usize) -> PathBuf {
        self.rotation.root().join(PHASES[phase]).join("management")
    }

    fn run(&self, options: &[&str], fault: &str) -> Output {
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg(self.phase(3).join("apply.sh")).arg("authorities").args(options);
        output(command.env("PATH", path).env("FAULT", fault).env("AIRLOCK_TIMEOUT", "5"))
    }

    fn stored(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(format!("default-{name}"))).ok()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.folder.join("calls")).unwrap_or_default()
    }
}

/// The lines of an object's data in its YAML.
fn data(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("  tls.")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the package has the file")
}

#[test]
fn an_immutable_secret_is_deleted_and_created_again() {
    let management = Management::new("whole");
    let (new, old) = (management.phase(3).join("stage-1-ca.yaml"), management.phase(3).join("undo/stage-1-ca.yaml"));
    let first = management.run(&[], "");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let stored = management.stored("stage-1-ca").expect("it is there");
    assert_eq!(data(&stored), data(&read(&new)));
    assert_ne!(data(&stored), data(&read(&old)));
    assert!(stored.lines().any(|line| line == "immutable: true"), "it stays immutable");
    assert!(management.run(&["--check"], "").status.success());
    // What was there is kept, in case it cannot be created again.
    assert_eq!(data(&read(&management.phase(3).join("before-stage-1-ca.yaml"))), data(&read(&old)));
    let deletions = management.calls().matches("delete --raw").count();
    assert_eq!(deletions, 2, "{}", management.calls());
    assert!(management.run(&[], "").status.success());
    assert_eq!(management.calls().matches("delete --raw").count(), deletions, "a second run changes nothing");
    assert!(management.run(&["--undo"], "").status.success());
    assert_eq!(data(&management.stored("stage-1-ca").expect("it is there")), data(&read(&old)));
    assert!(!management.run(&["--check"], "").status.success());
}

/// Another client changes the Secret after it was read: nothing is deleted.
#[test]
fn a_secret_that_changed_meanwhile_is_not_deleted() {
    let management = Management::new("conflict");
    let before = management.stored("stage-1-ca");
    let run = management.run(&[], "conflict");
    assert!(!run.status.success() && String::from_utf8_lossy(&run.stderr).contains("Conflict"));
    assert_eq!(management.stored("stage-1-ca").as_deref().map(data), before.as_deref().map(data));
    assert!(management.run(&[], "").status.success(), "run again, it is done");
}

#[test]
fn a_run_that_was_cut_short_can_be_run_again() {
    let management = Management::new("cut");
    let run = management.run(&[], "create");
    assert!(!run.status.success() && management.stored("stage-1-ca").is_none());
    assert!(management.phase(3).join("before-stage-1-ca.yaml").is_file());
    let again = management.run(&[], "");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(management.stored("stage-1-ca").is_some() && management.run(&["--check"], "").status.success());
}

/// The clipboard command uses kubectl's own method, because an apply would be refused.
#[test]
fn findings_and_commands_say_so() {
    let (findings, planned) = Loaded::of("field/s-immutable").outcome(&RotationRequest::default(), fixtures::now());
    let found: Vec<_> = findings.iter().filter(|finding| finding.code == "immutable-object").collect();
    assert!(planned && found.len() == 3 && found.iter().all(|one| one.severity == Severity::Warning), "{found:#?}");
    let info = Loaded::of("kubeadm/ecdsa-3").swap_text(
        "cluster-info.yaml",
        "kind: ConfigMap",
        "immutable: true\nkind: ConfigMap",
    );
    info.expect("immutable-object", Severity::Error, "cluster-info.yaml");
    // A program that watches the Secret would create the old one between deletion and creation.
    let raced = Loaded::of("cluster-api/one").swap_text(
        "one-ca.yaml",
        "kind: Secret\nmetadata:\n",
        "immutable: true\nkind: Secret\nmetadata:\n  annotations: {argocd.argoproj.io/tracking-id: a}\n",
    );
    raced.expect("immutable-object", Severity::Error, "one-ca.yaml");
}

/// The scripts are POSIX sh, and shellcheck reports nothing.
#[test]
fn shellcheck_has_nothing_to_say() {
    let rotation =
        Rotation::of(fixtures::files("field/s-immutable"), &RotationRequest::default(), "immutable-shellcheck");
    for phase in &PHASES[1..] {
        let script = rotation.root().join(phase).join("management/apply.sh");
        assert!(read(&script).contains("immutable object stage-1-kubeconfig.yaml"), "{phase}");
        succeed(Command::new("shellcheck").args(["--shell", "sh", "--exclude", "SC1091,SC2034"]).arg(&script));
    }
}

/// kube-controller-manager cannot update such a Secret (`tests/tests/real/token_secrets.rs` shows it), so phase 1 would
/// wait for it: a finding names it in advance.
#[test]
fn an_immutable_token_secret_is_named_before_phase_1() {
    let ca = Loaded::of("kubeadm/ecdsa-3").get("cp1/etc/kubernetes/pki/ca.crt");
    let token = |immutable: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n{immutable}metadata: {{name: robot, namespace: ci}}\ndata: {{ca.crt: {}}}\n",
            BASE64_STANDARD.encode(&ca)
        )
    };
    let with = |token: String| Loaded::of("kubeadm/ecdsa-3").with("tokens.yaml", token.into_bytes());
    with(token("immutable: true\n")).expect("immutable-object", Severity::Warning, "tokens.yaml");
    for fine in [token(""), token("immutable: false\n")] {
        let (findings, planned) = with(fine).outcome(&RotationRequest::default(), fixtures::now());
        assert!(planned && findings.iter().all(|one| one.code != "immutable-object"), "{findings:#?}");
    }
}
