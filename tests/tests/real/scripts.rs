//! The package's scripts, as far as they can be judged without a cluster.

use std::process::Command;

use airlock_tests::{
    rotation::{CASES, Case, PHASES, TENANT},
    tools::succeed,
};

fn all() -> impl Iterator<Item = Case> {
    CASES.into_iter().chain([TENANT])
}

/// Every script is POSIX sh, and shellcheck has nothing to say about it.
#[test]
fn shellcheck_has_nothing_to_say() {
    for case in all() {
        let rotation = case.rotation();
        let scripts: Vec<String> = rotation.paths().into_iter().filter(|path| path.ends_with(".sh")).collect();
        succeed(Command::new("shellcheck").args(["--shell", "sh"]).args(&scripts).current_dir(rotation.root()));
        for script in &scripts {
            succeed(Command::new("sh").arg("-n").arg(script).current_dir(rotation.root()));
        }
        for phase in &PHASES[1..] {
            for holder in ["workers", "cluster"] {
                assert!(scripts.contains(&format!("{phase}/{holder}/apply.sh")), "{}: {phase}/{holder}", case.name);
            }
        }
    }
}

/// A step's commands name scripts that are in the package, and every script is named by a step.
#[test]
fn steps_and_scripts_name_one_another() {
    for case in all() {
        let rotation = case.rotation();
        let manifest = rotation.manifest();
        let mut named = Vec::new();
        for step in manifest["steps"].as_array().expect("steps") {
            for field in ["run", "gate", "undo"] {
                let command = step[field].as_str().expect("a command");
                for word in command.split_whitespace().filter(|word| word.ends_with(".sh")) {
                    assert!(rotation.root().join(word).is_file(), "{}: {}: no {word}", case.name, step["id"]);
                    named.push(word.to_owned());
                }
            }
        }
        for script in rotation.paths().iter().filter(|path| path.ends_with(".sh")) {
            assert!(named.contains(script), "{}: no step runs {script}", case.name);
        }
    }
}
