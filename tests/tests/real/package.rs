//! The package itself: its checksums, its file modes, the content of each phase, and where private keys are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use airlock_core::Content;
use airlock_tests::{
    rotation::{CASES, Case, PHASES, Rotation},
    tools::succeed,
};

/// The private keys in a text, by their PEM or its base64.
fn keys(rotation: &Rotation, path: &str) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&rotation.read(path)).into_owned();
    let mut found = BTreeSet::new();
    for block in text
        .split("-----BEGIN ")
        .skip(1)
        .filter(|block| block.lines().next().is_some_and(|label| label.contains("PRIVATE KEY")))
    {
        found.insert(block.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect());
    }
    for field in ["client-key-data:", "tls.key:", "value:"] {
        for line in text.lines().filter_map(|line| line.trim().trim_matches('"').strip_prefix(field)) {
            found.insert(line.trim().trim_matches('"').to_owned());
        }
    }
    found
}

#[test]
fn checksums_cover_every_file() {
    for case in CASES {
        let rotation = case.rotation();
        succeed(
            Command::new("sha256sum")
                .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
                .current_dir(rotation.root()),
        );
        let sums = rotation.text("SHA256SUMS");
        let summed: Vec<&str> = sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, path)| path).collect();
        let there: Vec<String> = rotation.paths().into_iter().filter(|path| path != "SHA256SUMS").collect();
        assert_eq!(summed, there, "{}", case.name);
    }
}

#[test]
fn modes_are_those_of_the_files_on_their_nodes() {
    for case in CASES {
        let rotation = case.rotation();
        // The output of zipinfo: "-rw-------  2.0 unx     1675 b- stor 80-Jan-01 00:00 airlock-…/ca.key"
        let listing = succeed(Command::new("zipinfo").args(["-l", "-h"]).arg(rotation.archive()));
        let mut modes = BTreeMap::new();
        for line in listing.lines().filter(|line| line.starts_with('-')) {
            let mut columns = line.split_whitespace();
            let (mode, system) = (columns.next().unwrap_or_default(), columns.nth(1).unwrap_or_default());
            assert_eq!(system, "unx", "{}: {line}", case.name);
            let path = columns.next_back().unwrap_or_default();
            let path = path.split_once('/').map_or(path, |(_, path)| path);
            modes.insert(path.to_owned(), mode.to_owned());
        }
        assert_eq!(modes.len(), rotation.paths().len(), "{}: one line for each file", case.name);
        for (path, mode) in &modes {
            let secret = path.ends_with(".key")
                || path.ends_with(".conf")
                || path.contains("/management/") && path.ends_with(".yaml");
            // Libraries are loaded, not executed.
            let script = path.ends_with("apply.sh");
            // A patch contains no key; a manifest keeps kubeadm's mode 0600.
            let expected: &[&str] = match (secret, script) {
                (true, _) => &["-rw-------"],
                (_, true) => &["-rwxr-xr-x"],
                _ => &["-rw-r--r--", "-rw-------"],
            };
            assert!(expected.contains(&mode.as_str()), "{}: {path} is {mode}", case.name);
            if path.ends_with(".crt") {
                assert_eq!(mode, "-rw-r--r--", "{}: {path}", case.name);
            }
            if rotation.text(path).contains("PRIVATE KEY") {
                assert_eq!(mode, "-rw-------", "{}: {path} holds a key", case.name);
            }
        }
    }
}

#[test]
fn phase_1_carries_no_new_private_key() {
    for case in CASES {
        let rotation = case.rotation();
        let paths = rotation.paths();
        let given: BTreeSet<String> =
            paths.iter().filter(|path| path.starts_with(PHASES[0])).flat_map(|path| keys(rotation, path)).collect();
        for path in paths.iter().filter(|path| path.starts_with(PHASES[1])) {
            assert!(!path.ends_with(".key"), "{}: {path}", case.name);
            if !path.contains("/management/") {
                assert!(
                    keys(rotation, path).is_subset(&given),
                    "{}: {path} carries a key that was not there before",
                    case.name
                );
            }
        }
    }
}

#[test]
fn keys_of_an_externally_managed_authority_stay_out_of_every_nodes_folder() {
    let rotation = Case::named("external-1").rotation();
    let paths = rotation.paths();
    for file in ["ca-keys/ca.crt", "ca-keys/ca.key", "ca-keys/front-proxy-ca.crt", "ca-keys/front-proxy-ca.key"] {
        assert!(paths.iter().any(|path| path == file), "no {file}");
    }
    let home: BTreeSet<String> =
        keys(rotation, "ca-keys/ca.key").into_iter().chain(keys(rotation, "ca-keys/front-proxy-ca.key")).collect();
    assert_eq!(home.len(), 2);
    for path in paths.iter().filter(|path| !path.starts_with("ca-keys/")) {
        assert!(keys(rotation, path).is_disjoint(&home), "{path} holds an authority's key");
        assert!(!path.ends_with("ca-signing.crt"), "{path}: nobody signs there");
        let unchanged = path.starts_with(PHASES[0]) || !path.ends_with("kube-controller-manager.yaml");
        assert!(unchanged, "{path}: empty signing flags stay empty");
    }
}

/// `0-backup` contains every file that a phase replaces, byte for byte as loaded.
#[test]
fn the_backup_restores_every_replaced_file() {
    for case in CASES {
        let rotation = case.rotation();
        let given: BTreeMap<String, Vec<u8>> = case
            .files()
            .into_iter()
            .filter_map(|file| match file.content {
                Content::Bytes(bytes) => Some((file.path, bytes.to_vec())),
                _ => None,
            })
            .collect();
        let mut restored = 0;
        for path in rotation.paths() {
            let Some((_, below)) = PHASES[1..].iter().find_map(|phase| path.split_once(&format!("{phase}/"))) else {
                continue;
            };
            let Some(below) = below.strip_prefix("control-plane/") else { continue };
            let Some((node, file)) = below.split_once('/') else {
                assert_eq!(below, "apply.sh", "{}: the script that reads every node's logs", case.name);
                continue;
            };
            let original = given.iter().find(|(name, _)| name.ends_with(&format!("/{node}/{file}")));
            let Some((name, bytes)) = original else {
                assert!(
                    file == "apply.sh"
                        || file.ends_with("ca-signing.crt")
                        || file.starts_with("patches/")
                        || file.contains("kubelet-client-"),
                    "{}: {path} replaces nothing",
                    case.name
                );
                continue;
            };
            let backup = rotation.read(&format!("{}/control-plane/{below}", PHASES[0]));
            assert!(backup == *bytes, "{}: {name} is not restored byte for byte", case.name);
            restored += 1;
        }
        assert!(restored > 20, "{}: {restored} files", case.name);
        for path in rotation.paths().iter().filter(|path| path.starts_with(PHASES[0])) {
            let backup = rotation.read(path);
            assert!(given.values().any(|bytes| *bytes == backup), "{}: {path} was never given", case.name);
        }
    }
}

/// manifest.json, RUNBOOK.md, README.txt and SHA256SUMS contain no secrets.
#[test]
fn nothing_is_secret_in_what_describes_the_package() {
    for case in CASES {
        let rotation = case.rotation();
        let secrets: BTreeSet<String> = rotation.paths().iter().flat_map(|path| keys(rotation, path)).collect();
        // The first line of a key is the same for all keys of a type; a piece from the middle is unique.
        let pieces: Vec<&str> =
            secrets.iter().filter(|secret| secret.len() > 150).map(|secret| &secret[100..140]).collect();
        assert!(pieces.len() >= 4, "{}: the test finds keys", case.name);
        for file in ["manifest.json", "RUNBOOK.md", "README.txt", "SHA256SUMS"] {
            let text = rotation.text(file);
            assert!(!text.contains("PRIVATE KEY"), "{}: {file}", case.name);
            for piece in &pieces {
                assert!(!text.contains(piece), "{}: {file} holds a piece of a key", case.name);
            }
        }
    }
}

#[test]
fn the_manifest_names_every_file_and_every_step() {
    for case in CASES {
        let rotation = case.rotation();
        let manifest = rotation.manifest();
        assert_eq!(manifest["format"], "airlock-package/1");
        let files: BTreeMap<&str, &serde_json::Value> = manifest["files"]
            .as_array()
            .expect("files")
            .iter()
            .map(|file| (file["path"].as_str().unwrap_or_default(), file))
            .collect();
        let named: Vec<String> = files.keys().map(|path| (*path).to_owned()).collect();
        let there: Vec<String> =
            rotation.paths().into_iter().filter(|path| path != "manifest.json" && path != "SHA256SUMS").collect();
        assert_eq!(named, there, "{}", case.name);
        for (path, file) in files {
            for field in ["sha256", "mode", "phase", "holder", "purpose"] {
                assert!(!file[field].is_null(), "{}: {path}: no {field}", case.name);
            }
        }
        let nodes: Vec<&str> = rotation
            .inventory
            .holders
            .iter()
            .filter(|holder| holder.role == "control-plane")
            .map(|holder| holder.name.as_str())
            .collect();
        let steps = manifest["steps"].as_array().expect("steps");
        let mut phase = 1;
        for step in steps {
            let keys: Vec<&str> = step.as_object().expect("a step").keys().map(String::as_str).collect();
            assert_eq!(keys, ["id", "phase", "holder", "title", "run", "gate", "undo"], "{}", case.name);
            let (holder, number) = (step["holder"].as_str().expect("holder"), step["phase"].as_u64().expect("phase"));
            assert!(
                nodes.contains(&holder)
                    || ["control-plane", "workers", "cluster", "management", "clients"].contains(&holder),
                "{}: {holder}",
                case.name
            );
            assert!((1..=3).contains(&number) && number >= phase, "{}: steps are in order", case.name);
            phase = number;
        }
        let ids: BTreeSet<&str> = steps.iter().filter_map(|step| step["id"].as_str()).collect();
        assert_eq!(ids.len(), steps.len(), "{}: ids are unique", case.name);
        for node in &nodes {
            for phase in 1..=3_u64 {
                assert!(
                    steps.iter().any(|step| step["holder"] == *node && step["phase"] == phase),
                    "{}: {node}, phase {phase}",
                    case.name
                );
            }
        }
    }
}

/// The same input, options, clock and keys give the same bytes.
#[test]
fn packing_twice_gives_the_same_archive() {
    let case = Case::named("ecdsa-3");
    let now = airlock_tests::fixtures::now();
    let make = |keys: Vec<airlock_core::x509::PrivateKey>| {
        let inventory = airlock_core::inspect(case.files(), now);
        let plan = airlock_core::plan(&inventory, &(case.request)(), now).expect("it can be rotated");
        let minted = airlock_core::mint(&plan, keys).expect("it can be minted");
        airlock_core::archive(&airlock_core::package(&plan, &minted).expect("it can be packed"))
    };
    let inventory = airlock_core::inspect(case.files(), now);
    let plan = airlock_core::plan(&inventory, &(case.request)(), now).expect("it can be rotated");
    let algorithms: Vec<_> = plan.key_requests().iter().map(|request| request.algorithm).collect();
    let keys = airlock_tests::keys::make(&algorithms);
    let again = keys
        .iter()
        .map(|key| airlock_core::x509::PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).expect("a key"))
        .collect();
    assert!(make(keys) == make(again), "two archives of one rotation differ");
}

/// Every PEM file on a node ends with a newline, because some platforms concatenate files without adding one.
#[test]
fn every_pem_file_ends_with_a_newline_and_has_no_parameters_in_front() {
    for case in CASES {
        let rotation = case.rotation();
        for path in rotation.paths().iter().filter(|path| !path.starts_with(PHASES[0])) {
            if path.ends_with(".crt") || path.ends_with(".key") || path.ends_with(".pem") {
                let text = rotation.text(path);
                assert!(text.starts_with("-----BEGIN ") && text.ends_with("-----\n"), "{}: {path}", case.name);
                assert!(!text.contains("EC PARAMETERS") && !text.contains('\r'), "{}: {path}", case.name);
            }
        }
    }
}

/// A phase contains only files that differ from the phase before.
#[test]
fn a_phase_holds_only_what_changes_in_it() {
    for case in CASES {
        let rotation = case.rotation();
        let mut held: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for phase in PHASES {
            let folder = rotation.root().join(phase);
            for path in rotation.paths().iter().filter_map(|path| path.strip_prefix(&format!("{phase}/"))) {
                let bytes = fs::read(folder.join(path)).expect("a file can be read");
                let before = held.insert(path.to_owned(), bytes.clone());
                assert!(before.is_none_or(|before| before != bytes), "{}: {phase}/{path} changes nothing", case.name);
            }
        }
    }
}
