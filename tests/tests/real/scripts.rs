//! Tests of the package's scripts that need no cluster.

use std::{collections::BTreeSet, process::Command};

use airlock_core::{Content, InputFile, plan::RotationRequest};
use airlock_tests::{
    fixtures,
    rotation::{CASES, Case, PHASES, Rotation, TENANT},
    tools::succeed,
};

fn all() -> impl Iterator<Item = Case> {
    CASES.into_iter().chain([TENANT])
}

/// A package that was built from a management cluster's Secrets alone.
fn alone() -> Rotation {
    Rotation::of(fixtures::files("cluster-api/two"), &RotationRequest::default(), "two-alone")
}

/// Checks the scripts of a package, except those with the text of one that was `checked`: packages share libraries.
fn shellcheck(rotation: &Rotation, name: &str, holders: &[&str], checked: &mut BTreeSet<String>) {
    let scripts: Vec<String> = rotation.paths().into_iter().filter(|path| path.ends_with(".sh")).collect();
    let new: Vec<&String> = scripts.iter().filter(|script| checked.insert(rotation.text(script))).collect();
    // Libraries use the variables that scripts set.
    let mut command = Command::new("shellcheck");
    command.args(["--shell", "sh", "--exclude", "SC1091,SC2034"]).args(&new).current_dir(rotation.root());
    if !new.is_empty() {
        succeed(&mut command);
    }
    for script in &scripts {
        succeed(Command::new("sh").arg("-n").arg(script).current_dir(rotation.root()));
    }
    for phase in &PHASES[1..] {
        for holder in holders {
            assert!(scripts.contains(&format!("{phase}/{holder}/apply.sh")), "{name}: {phase}/{holder}");
        }
    }
}

/// Every script is POSIX sh, and shellcheck reports nothing.
#[test]
fn shellcheck_has_nothing_to_say() {
    let mut checked = BTreeSet::new();
    for case in all() {
        shellcheck(case.rotation(), case.name, &["workers", "cluster"], &mut checked);
    }
    shellcheck(&alone(), "two alone", &["control-plane", "workers", "cluster", "management"], &mut checked);
}

/// Every script that a step's commands name is in the package; a step names every script, or such a script loads it.
#[test]
fn steps_and_scripts_name_one_another() {
    let alone = alone();
    for (name, rotation) in all().map(|case| (case.name, case.rotation())).chain([("two alone", &alone)]) {
        let manifest = rotation.manifest();
        let mut named = Vec::new();
        for step in manifest["steps"].as_array().expect("steps") {
            for field in ["run", "gate", "undo"] {
                let command = step[field].as_str().expect("a command");
                for word in command.split_whitespace().filter(|word| word.ends_with(".sh")) {
                    assert!(rotation.root().join(word).is_file(), "{name}: {}: no {word}", step["id"]);
                    named.push(word.to_owned());
                }
            }
        }
        let loaded: Vec<String> = named
            .iter()
            .flat_map(|script| rotation.text(script).lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        for script in rotation.paths().iter().filter(|path| path.ends_with(".sh")) {
            let is_loaded = loaded.contains(&format!("library=$root/{script}"));
            assert!(named.contains(script) || is_loaded, "{name}: no step runs {script}");
        }
    }
}

/// If no node was provided, the package contains no leaf key: control-plane nodes get only the new CAs' keys.
#[test]
fn nodes_that_were_not_given_are_brought_authorities_alone() {
    let rotation = alone();
    let files: Vec<String> = rotation.paths().into_iter().filter(|path| path.contains("/control-plane/etc/")).collect();
    let below = |phase: usize, name: &str| format!("{}/control-plane/etc/kubernetes/pki/{name}", PHASES[phase]);
    let mut expected = vec![below(1, "ca-signing.crt"), below(1, "ca.crt"), below(1, "front-proxy-ca.crt")];
    expected.extend(
        ["ca-signing.crt", "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key"].map(|name| below(2, name)),
    );
    expected.extend(["ca.crt", "front-proxy-ca.crt"].map(|name| below(3, name)));
    assert_eq!(files, expected);
    let script = rotation.text(&format!("{}/control-plane/apply.sh", PHASES[2]));
    let renewed: Vec<&str> = script.lines().filter(|line| line.starts_with("  renew_on_node '")).collect();
    assert_eq!(renewed.len(), 2, "{renewed:?}");
    assert!(renewed.iter().all(|line| !line.contains("etcd")), "{renewed:?}");
    let manifest = rotation.manifest();
    let steps = manifest["steps"].as_array().expect("steps");
    let held: Vec<&str> =
        steps.iter().filter(|step| step["holder"] == "control-plane").filter_map(|step| step["id"].as_str()).collect();
    let backup = "1-control-plane-backup";
    let expected = [
        backup,
        "1-control-plane",
        "1-verify-nodes",
        "2-control-plane",
        "2-control-plane-kubelet",
        "2-verify-nodes",
        "3-control-plane",
        "3-verify-nodes",
    ];
    assert_eq!(held, expected);
}

/// Names from the input are treated as text in the runbook, README.txt and scripts, which people print on a terminal
/// and run as root.
#[test]
fn a_hostile_name_stays_a_name() {
    let mut files = fixtures::files("kubeadm/rsa-1");
    let planted = r#"clusterName: "kube\n```sh\ntouch /tmp/planted\n```\n\e[2J\u202e""#;
    let mut replaced = 0;
    for file in &mut files {
        let Content::Bytes(bytes) = &file.content else { continue };
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if text.contains("clusterName: kubernetes") {
            replaced += 1;
            let text = text.replace("clusterName: kubernetes", planted);
            *file = InputFile::new(file.path.clone(), text.into_bytes());
        }
    }
    assert_eq!(replaced, 1, "the fixture names its cluster once");
    let rotation = Rotation::of(files, &RotationRequest::default(), "hostile");
    assert!(rotation.inventory.cluster.contains("touch /tmp/planted"), "{:?}", rotation.inventory.cluster);
    for path in rotation.paths() {
        if ![".md", ".txt", ".sh"].iter().any(|end| path.ends_with(end)) {
            continue;
        }
        let text = rotation.text(&path);
        let mut lines = text.lines().map(str::trim);
        assert!(lines.all(|line| !line.starts_with("touch")), "{path} has a command from a name");
        let acts = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
        assert!(!text.contains(acts), "{path} has control characters");
    }
}
