//! kubectl reads every file that is meant for it, without a server.

use std::{fs, process::Command};

use airlock_core::InputFile;
use airlock_tests::{
    fixtures,
    phases::{read_kubeconfig, read_object},
    rotation::{CASES, Case, PHASES, scratch},
    tools::{built, succeed},
};

#[test]
fn config_view_reads_every_kubeconfig() {
    for case in CASES {
        let rotation = case.rotation();
        let mut seen = 0;
        for path in rotation.paths().into_iter().filter(|path| path.ends_with(".conf") && !path.starts_with(PHASES[0]))
        {
            if path.ends_with("kubelet.conf") {
                continue; // It names files of its node; phases are read in go_x509.rs.
            }
            let access = read_kubeconfig(&rotation.root().join(&path), &rotation.root(), &path);
            assert!(access.endpoint.roots.contains("BEGIN CERTIFICATE"), "{}: {path}", case.name);
            seen += 1;
        }
        assert!(seen >= 9, "{}: only {seen} kubeconfigs", case.name);
    }
}

#[test]
fn every_object_is_one_that_kubectl_understands() {
    for case in CASES {
        let rotation = case.rotation();
        for path in rotation.paths().into_iter().filter(|path| path.ends_with(".yaml") && !path.starts_with(PHASES[0]))
        {
            if path.contains("/patches/") {
                continue; // For kubeadm; kubeadm.rs gives it to kubeadm.
            }
            let object = read_object(&rotation.root().join(&path));
            let (metadata, kind) = (&object["metadata"], object["kind"].as_str().unwrap_or_default());
            assert!(metadata["name"].is_string() && metadata["namespace"].is_string(), "{}: {path}", case.name);
            if kind != "Pod" {
                for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
                    let value = &metadata[field];
                    assert!(value.is_null(), "{}: {path}: metadata.{field} is {value}", case.name);
                }
            }
        }
    }
}

/// All fields of a Secret or ConfigMap except its data stay the same.
#[test]
fn objects_keep_what_they_are() {
    let case = Case::named("rsa-3");
    let rotation = case.rotation();
    let mut seen = 0;
    for phase in 1..=3 {
        let folder = rotation.phase(phase).join("management");
        for entry in fs::read_dir(&folder).expect("a management folder in every phase") {
            let file = entry.expect("a folder can be read").path();
            let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
            if !name.ends_with(".yaml") {
                continue;
            }
            let (before, after) = (read_object(&fixtures::path(case.management).join(&name)), read_object(&file));
            for pointer in [
                "/apiVersion",
                "/kind",
                "/type",
                "/metadata/name",
                "/metadata/namespace",
                "/metadata/labels",
                "/metadata/ownerReferences",
            ] {
                assert_eq!(before.pointer(pointer), after.pointer(pointer), "{name} of phase {phase}: {pointer}");
            }
            let keys = |object: &serde_json::Value| -> Vec<String> {
                object["data"].as_object().map(|data| data.keys().cloned().collect()).unwrap_or_default()
            };
            assert_eq!(keys(&before), keys(&after), "{name} of phase {phase}");
            seen += 1;
        }
    }
    assert_eq!(seen, 3 + 2, "the kubeconfig in each phase, -ca and -proxy in the last");
}

/// The command that the page copies to the clipboard, pasted into a shell whose kubectl only records its input.
#[test]
fn the_apply_block_hands_kubectl_the_very_object() {
    let case = Case::named("rsa-3");
    let now = fixtures::now();
    let inventory = airlock_core::inspect(case.files(), now);
    let plan = airlock_core::plan(&inventory, &(case.request)(), now).expect("rsa-3 can be rotated");
    let algorithms: Vec<_> = plan.key_requests().iter().map(|request| request.algorithm).collect();
    let minted = airlock_core::mint(&plan, airlock_tests::keys::make(&algorithms)).expect("it can be minted");
    let files = airlock_core::package(&plan, &minted).expect("it can be packed");

    let folder = scratch("apply");
    let stand_in = "#!/bin/sh\nprintf '%s\\n' \"$@\" >arguments\ncat >object.yaml\n";
    fs::write(folder.join("kubectl"), stand_in).expect("a file can be written");
    succeed(Command::new("chmod").arg("+x").arg(folder.join("kubectl")));
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let report = files.report();
    let appliable: Vec<_> = report.files.iter().filter(|file| file.appliable).collect();
    assert!(appliable.len() >= 3 + 5, "cluster-info in each phase, and the management Secrets");
    for file in appliable {
        let block = files.apply_command(&file.path, "").expect("an appliable file has a command");
        succeed(Command::new("sh").arg("-c").arg(block.as_str()).current_dir(&folder).env("PATH", &path));
        let arguments = fs::read_to_string(folder.join("arguments")).expect("kubectl was called");
        for argument in ["apply", "--server-side", "--force-conflicts", "--field-manager=airlock", "-f", "-"] {
            assert!(arguments.lines().any(|line| line == argument), "{}: {arguments}", file.path);
        }
        let pasted = read_object(&folder.join("object.yaml"));
        fs::write(folder.join("packed.yaml"), case_file(&files, &file.path)).expect("a file can be written");
        assert_eq!(pasted, read_object(&folder.join("packed.yaml")), "{}", file.path);
        let cluster = if file.holder == "management" { "management" } else { "workload" };
        let object = fs::read_to_string(folder.join("object.yaml")).expect("kubectl was given an object");
        assert_eq!(object.lines().next(), Some(format!("# For the {cluster} cluster.").as_str()), "{}", file.path);

        // kubectl gets a context exactly as typed, as one argument.
        let context = "it's $HOME; admin@prod";
        let block = files.apply_command(&file.path, context).expect("an appliable file has a command");
        succeed(Command::new("sh").arg("-c").arg(block.as_str()).current_dir(&folder).env("PATH", &path));
        let arguments = fs::read_to_string(folder.join("arguments")).expect("kubectl was called");
        let lines: Vec<&str> = arguments.lines().collect();
        assert!(lines.windows(2).any(|pair| pair == ["--context", context]), "{}: {arguments}", file.path);
        assert_eq!(pasted, read_object(&folder.join("object.yaml")), "{}", file.path);
    }
    for file in report.files.iter().filter(|file| !file.appliable) {
        assert!(files.apply_command(&file.path, "").is_none(), "{} is no object", file.path);
    }
}

fn case_file(files: &airlock_core::OutputFiles, path: &str) -> Vec<u8> {
    let found = files.files().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("{path} is in the report and not in the package")).bytes.to_vec()
}

/// kubectl also reads the fixtures as a user would load them.
#[test]
fn fixtures_are_what_kubectl_writes() {
    for fixture in ["cluster-api/one", "cluster-api/two", "cluster-api/supplied", "cluster-api/rsa-3"] {
        for file in fixtures::files(fixture) {
            let InputFile { path, .. } = file;
            let object = read_object(&fixtures::path("cluster-api").join(&path));
            assert_eq!(object["kind"], "Secret", "{path}");
            assert!(object["metadata"]["uid"].is_string(), "{path}");
        }
    }
    assert!(built("kubectl").is_file());
}
