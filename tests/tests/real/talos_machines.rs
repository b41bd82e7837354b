//! Applies packages step by step to machines that a program simulates (`tests/go/oracle/talos`). Called as talosctl and
//! kubectl, it merges patches as Talos does and reports which clients the machines accept.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_core::{InspectOptions, inspect_with, plan, profile::AuthorityId};
use airlock_tests::{
    rotation::{Rotation, scratch},
    talos::{
        APIS, CONTRACTS, MachineCas, Merge, assert_all_merge_to, base, configured_cas, file, files, now, request,
        to_the_fixtures_cas,
    },
    tools::{built, output, succeed},
};

/// The machines' addresses, with each machine's role.
const MACHINES: [(&str, &str); 4] =
    [("10.5.1.2", "controlplane"), ("10.5.1.3", "controlplane"), ("10.5.1.4", "worker"), ("fd00::5", "worker")];

/// Machines, and the package that is applied to them.
struct Cluster<'a> {
    rotation: &'a Rotation,
    folder: PathBuf,
}

impl<'a> Cluster<'a> {
    fn new(contract: &str, rotation: &'a Rotation, label: &str) -> Self {
        let folder = scratch(label);
        for (address, role) in MACHINES {
            fs::write(folder.join(format!("{address}.yaml")), base(contract, role)).expect("a machine is made");
            if role == "worker" {
                fs::write(folder.join(format!("{address}.handed")), base(contract, "controlplane"))
                    .expect("it is told");
            }
        }
        let programs = folder.join("programs");
        fs::create_dir(&programs).expect("a folder is made");
        for name in ["talosctl", "kubectl"] {
            symlink(built("talos"), programs.join(name)).expect("a program is linked");
        }
        let own =
            fs::write(folder.join("talosconfig"), airlock_tests::talos::read("cluster-a/contract-v1.13/talosconfig"));
        own.expect("a person has a talosconfig");
        Self { rotation, folder }
    }

    fn of_role(role: &str) -> String {
        MACHINES.iter().filter(|(_, of)| *of == role).map(|(address, _)| *address).collect::<Vec<_>>().join(" ")
    }

    fn shell(&self, line: &str) -> Output {
        let mut command = Command::new("sh");
        let path = format!("{}:{}", self.folder.join("programs").display(), std::env::var("PATH").expect("a path"));
        command.args(["-c", line]).current_dir(self.rotation.root()).env("PATH", path);
        command.env("TALOS_MACHINES", &self.folder).env("TALOS_TIME", now().0.to_string());
        command.env("TALOSCONFIG", self.folder.join("talosconfig")).env("AIRLOCK_TIMEOUT", "2");
        command.env("AIRLOCK_CONTROL_PLANE", Self::of_role("controlplane"));
        command.env("AIRLOCK_WORKERS", Self::of_role("worker"));
        output(&mut command)
    }

    #[track_caller]
    fn works(&self, what: &str, line: &str) {
        let output = self.shell(line);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{what}: {line}\n{}", String::from_utf8_lossy(&said));
    }

    fn configuration(&self, address: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{address}.yaml"))).expect("a machine has a configuration")
    }

    fn held(&self) -> Vec<MachineCas> {
        configured_cas(&MACHINES.map(|(address, _)| self.configuration(address)))
    }

    /// The steps with commands, in order.
    fn steps(&self) -> Vec<[String; 4]> {
        let manifest = self.rotation.manifest();
        let steps = manifest["steps"].as_array().expect("steps");
        let text = |step: &serde_json::Value, key: &str| step[key].as_str().expect("a text").to_owned();
        let all = steps.iter().map(|step| ["id", "run", "gate", "undo"].map(|key| text(step, key)));
        all.filter(|step| !step[2].is_empty()).collect()
    }
}

fn is_patch(id: &str) -> bool {
    id.contains("control-plane") || id.contains("workers")
}

/// Every check fails before its step and passes after it, also if the step is run twice. At the end every machine has
/// only the new CAs, which come from the package alone.
#[test]
fn a_package_is_carried_out_by_its_own_commands() {
    for contract in CONTRACTS {
        let rotation = to_the_fixtures_cas(contract, &APIS.map(|(id, _)| id));
        let cluster = Cluster::new(contract, rotation, &format!("machines-{contract}"));
        let mut patches = 0;
        for [id, run, gate, _] in cluster.steps() {
            if is_patch(&id) {
                patches += 1;
                assert!(!cluster.shell(&gate).status.success(), "{contract} {id}: the gate is open before the step");
                let before: Vec<_> = MACHINES.map(|(address, _)| cluster.configuration(address)).to_vec();
                cluster.works(&id, &format!("{run} --dry-run"));
                assert_eq!(before, MACHINES.map(|(address, _)| cluster.configuration(address)), "{id}: --dry-run");
            }
            if !run.is_empty() {
                cluster.works(&id, &run);
            }
            cluster.works(&id, &gate);
            let done: Vec<_> = MACHINES.map(|(address, _)| cluster.configuration(address)).to_vec();
            if !run.is_empty() {
                cluster.works(&id, &run);
            }
            assert_eq!(done, MACHINES.map(|(address, _)| cluster.configuration(address)), "{id}: twice");
        }
        assert_eq!(patches, 12, "{contract}");
        let new = configured_cas(&[base_with_new(contract, "controlplane"), base_with_new(contract, "worker")]);
        for (held, (address, role)) in cluster.held().iter().zip(MACHINES) {
            let expected = &new[usize::from(role == "worker")];
            for (held, expected) in [(&held.talos, &expected.talos), (&held.kubernetes, &expected.kubernetes)] {
                assert_eq!((&held.issuing, &held.accepted), (&expected.issuing, &expected.accepted), "{address}");
                assert_eq!(held.key, expected.key, "{address}");
            }
        }
    }
}

/// The fixtures' configuration after both rotations: their own patches applied to the base.
fn base_with_new(contract: &str, role: &str) -> String {
    let of = if contract == "1.14" { "1.14" } else { "1.13" };
    let patches = APIS
        .map(|(_, api)| airlock_tests::talos::read(&format!("patches/v{of}/{api}-3-drop/{role}.patch.from-base.yaml")));
    let question = Merge { base: base(contract, role), patches: patches.to_vec(), ..Merge::default() };
    airlock_tests::talos::merge(&[question]).remove(0).merged
}

/// A rollback of all phases, in the opposite order of steps, restores every configuration.
#[test]
fn a_rotation_can_be_taken_back() {
    for contract in ["1.13", "1.14"] {
        let rotation = to_the_fixtures_cas(contract, &APIS.map(|(id, _)| id));
        let cluster = Cluster::new(contract, rotation, &format!("machines-back-{contract}"));
        let steps: Vec<_> = cluster.steps().into_iter().filter(|[id, ..]| is_patch(id)).collect();
        for phases in 1..=3 {
            let taken: Vec<_> =
                steps.iter().filter(|[id, ..]| id[..1].parse::<usize>().is_ok_and(|at| at <= phases)).collect();
            for [id, run, ..] in &taken {
                cluster.works(id, run);
            }
            for [id, _, _, undo] in taken.iter().rev() {
                cluster.works(id, undo);
            }
            let same = MACHINES.map(|(address, role)| Merge {
                what: format!("{contract}, {phases} phases and back: {address}"),
                base: cluster.configuration(address),
                expected: base(contract, role),
                ..Merge::default()
            });
            assert_all_merge_to(&same);
        }
    }
}

/// A step that is run too early stops at its precondition, and a skipped machine is named.
#[test]
fn gates_name_the_machine_that_is_not_through() {
    let rotation = to_the_fixtures_cas("1.13", &APIS.map(|(id, _)| id));
    let cluster = Cluster::new("1.13", rotation, "machines-left-out");
    let steps = cluster.steps();
    let [_, run, gate, _] = steps.iter().find(|[id, ..]| id == "1-talos-control-plane").expect("it is there");
    cluster.works("one of two", &format!("AIRLOCK_CONTROL_PLANE=10.5.1.2 {run}"));
    let refused = cluster.shell(gate);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("10.5.1.3 is not through") && !said.contains("10.5.1.2 is not through"), "{said}");
    let unset = cluster.shell(&format!(
        "unset AIRLOCK_WORKERS; sh {}",
        run.trim_start_matches("sh ").replace("control-plane", "workers")
    ));
    assert!(!unset.status.success());
    assert!(String::from_utf8_lossy(&unset.stderr).contains("AIRLOCK_WORKERS"));
    cluster.works("no workers", &format!("AIRLOCK_WORKERS= {}", run.replace("control-plane", "workers")));
}

/// CAs that Airlock generates, if only machines' configurations were loaded: the user's own talosconfig in phase 1, the
/// package's from then on.
#[test]
fn a_package_without_given_clients_is_carried_out() {
    let input = files("1.14").into_iter().filter(|file| file.path.ends_with(".yaml") && file.path != "secrets.yaml");
    let rotation = Rotation::at(now(), input.collect(), &request(&APIS.map(|(id, _)| id)), "talos-bare");
    let codes: Vec<_> = rotation.plan.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"missing-talosconfig") && codes.contains(&"missing-kubeconfig"), "{codes:?}");
    assert!(!rotation.paths().iter().any(|path| path.ends_with("secrets.yaml")));
    let cluster = Cluster::new("1.14", &rotation, "machines-bare");
    for [id, run, gate, _] in cluster.steps() {
        if !run.is_empty() {
            cluster.works(&id, &run);
        }
        cluster.works(&id, &gate);
    }
    let held = cluster.held();
    let new = &held[0].talos.issuing;
    assert!(held.iter().all(|one| one.talos.issuing == *new && one.talos.accepted.is_empty()));
}

/// A configuration that gives Pods access to the Talos API is reported before anything is built, in both of its forms.
#[test]
fn access_of_pods_is_said_beforehand() {
    let codes = |contract: &str, control_plane: String| {
        let mut input = files(contract);
        input[0] = file("controlplane.yaml", &control_plane);
        let inventory = inspect_with(input, InspectOptions::default(), now());
        let plan = plan(&inventory, &request(&[AuthorityId::Talos]), now()).unwrap_or_else(|error| panic!("{error}"));
        plan.findings().iter().map(|finding| finding.code.clone()).collect::<Vec<_>>()
    };
    let has = |codes: &[String]| codes.iter().any(|code| code == "talos-api-access");
    let field = "    features:\n        kubernetesTalosAPIAccess:\n            enabled: true\n";
    let enabled = base("1.13", "controlplane").replacen("    features:\n", field, 1);
    assert!(has(&codes("1.13", enabled.clone())));
    assert!(!has(&codes("1.13", enabled.replace("enabled: true\n", "enabled: false\n"))));
    assert!(!has(&codes("1.14", base("1.14", "controlplane"))));
    let document = "---\napiVersion: v1alpha1\nkind: KubeTalosAPIAccessConfig\nallowedRoles:\n    - os:reader\n";
    assert!(has(&codes("1.14", base("1.14", "controlplane").trim_end().to_owned() + "\n" + document)));
}

/// Pods with Talos API access: their Secrets have the new CA before they restart, and each workload restarts once.
/// Workloads without access, or with another Secret, do not restart.
#[test]
fn pods_with_talos_api_access_restart_once_their_secrets_have_the_new_ca() {
    let rotation = to_the_fixtures_cas("1.13", &APIS.map(|(id, _)| id));
    let cluster = Cluster::new("1.13", rotation, "machines-access");
    let mark = || fs::read_to_string(cluster.folder.join("marked")).unwrap_or_default();
    let steps = cluster.steps();
    let at = |id: &str| steps.iter().position(|[own, ..]| own == id).unwrap_or_else(|| panic!("{id} of {steps:?}"));
    let access = at("2-talos-access");
    assert!(at("2-talos-workers") < access && access < at("2-kubernetes-control-plane"));
    let [_, run, gate, undo] = &steps[access];
    // Not enabled: there is nothing to do.
    cluster.works("not enabled", gate);
    fs::write(cluster.folder.join("access"), "").expect("a file can be written");
    let early = cluster.shell(&format!("AIRLOCK_TIMEOUT=1 {run}"));
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(
        !early.status.success() && said.contains("Secret etcd-backup in backup does not have the new CA"),
        "{said}"
    );
    assert_eq!(mark(), "", "no restart before");
    for [id, run, gate, _] in &steps[..access] {
        for line in [run, gate].into_iter().filter(|line| !line.is_empty()) {
            cluster.works(id, line);
        }
    }
    let closed = cluster.shell(gate);
    let said = String::from_utf8_lossy(&closed.stderr).into_owned();
    assert!(!closed.status.success() && said.contains("Deployment/copier in backup uses Talos API access"), "{said}");
    let done = cluster.shell(run);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("restarted Deployment/copier in backup"), "{said}");
    assert!(
        said.contains("no controller: backup/once") && !said.contains("intruder") && !said.contains("other"),
        "{said}"
    );
    assert!(mark().starts_with("airlock-"), "{}", mark());
    cluster.works("2-talos-access", gate);
    let again = cluster.shell(run);
    assert!(!String::from_utf8_lossy(&again.stdout).contains("restarted"), "once");
    assert_eq!(undo, "");
}

#[test]
fn shellcheck_has_nothing_to_say() {
    for contract in CONTRACTS {
        let rotation = to_the_fixtures_cas(contract, &APIS.map(|(id, _)| id));
        let scripts: Vec<String> = rotation.paths().into_iter().filter(|path| path.ends_with(".sh")).collect();
        assert_eq!(scripts.len(), 4, "one for each phase, and the library");
        succeed(
            Command::new("shellcheck")
                .args(["--external-sources", "--shell", "sh"])
                .args(&scripts)
                .current_dir(rotation.root()),
        );
        succeed(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(rotation.root()));
        assert!(Path::new(&rotation.root()).join("0-backup/control-plane/controlplane.yaml").is_file());
    }
}
