//! Random flags and mounts that refer to random files of a tree.

use std::collections::BTreeSet;

use airlock_core::{InputFile, RotationRequest, inspect, plan};
use airlock_tests::{fixtures, rotation::Case};
use proptest::{collection::vec, prelude::*, sample::Index};

/// The ways in which a program that is not part of Kubernetes can refer to a path.
#[derive(Clone, Copy, Debug)]
enum How {
    Flag,
    FlagWithValue,
    Environment,
    Script,
    File,
    Folder,
}

const WAYS: [How; 6] = [How::Flag, How::FlagWithValue, How::Environment, How::Script, How::File, How::Folder];

/// A static Pod that refers to `path` only in this way.
fn pod(name: &str, how: How, path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let (command, mounted) = match how {
        How::Flag => (format!("    command: [/bin/{name}, --file={path}]\n"), folder),
        How::FlagWithValue => (format!("    command: [/bin/{name}]\n    args: [run, --file, {path}]\n"), folder),
        How::Environment => {
            (format!("    command: [/bin/{name}]\n    env:\n    - {{name: FILE, value: {path}}}\n"), folder)
        }
        How::Script => (format!("    command: [/bin/sh, -c, 'exec {name} -c {path}']\n"), folder),
        How::File => (format!("    command: [/bin/{name}]\n"), path),
        How::Folder => (format!("    command: [/bin/{name}]\n"), folder),
    };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: kube-system}}\nspec:\n  containers:\n  - name: {name}\n    image: example\n{command}    volumeMounts:\n    - {{mountPath: {mounted}, name: v}}\n  volumes:\n  - {{name: v, hostPath: {{path: {mounted}}}}}\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each Pod that reads a file which a step changes is restarted by that step, must be acknowledged, or makes
    /// Airlock refuse the plan. The test writes the Pod's manifest and therefore knows what the Pod reads.
    #[test]
    fn every_reader_of_a_changed_file_is_accounted_for(picks in vec((any::<Index>(), any::<Index>()), 1..4)) {
        let mut files = Case::named("rsa-1").files();
        let prefix = "rsa-1/cp1";
        let mut paths: Vec<String> =
            files.iter().filter_map(|file| file.path.strip_prefix(prefix)).map(str::to_owned).collect();
        paths.retain(|path| path.starts_with("/etc/kubernetes/") && !path.contains("/manifests/"));
        let readers: Vec<(String, How, String)> = picks
            .iter()
            .enumerate()
            .map(|(at, (way, path))| (format!("reader{at}"), *way.get(&WAYS), path.get(&paths).clone()))
            .collect();
        for (name, how, path) in &readers {
            let manifest = format!("{prefix}/etc/kubernetes/manifests/{name}.yaml");
            files.push(InputFile::new(manifest, pod(name, *how, path).into_bytes()));
        }
        let inventory = inspect(files, fixtures::now());
        match plan(&inventory, &RotationRequest::default(), fixtures::now()) {
            Err(refusal) => {
                let named = |finding: &airlock_core::Finding| readers.iter().any(|(name, ..)| finding.message.contains(name));
                let errors: Vec<_> = refusal.findings.iter().filter(|one| one.severity == airlock_core::Severity::Error).collect();
                prop_assert!(errors.iter().all(|error| named(error)), "{errors:#?}");
            }
            Ok(plan) => {
                let report = plan.report();
                for step in report.steps.iter().filter(|step| step.holder == "cp1") {
                    let changed: BTreeSet<&str> = step.edits.iter().map(|edit| edit.target.as_str()).collect();
                    for (name, how, path) in &readers {
                        if matches!(how, How::Folder) {
                            continue;
                        }
                        if changed.contains(path.as_str()) {
                            prop_assert!(step.restarts.contains(name), "{} in {}: {:?} {path}", name, step.id, how);
                        }
                    }
                }
            }
        }
    }
}
