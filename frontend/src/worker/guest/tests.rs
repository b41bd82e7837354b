//! The core guest on a real kubeadm tree, without a browser.

use std::{fs, path::Path};

use airlock_core::{
    UnixTime,
    report::{PackageReport, PlanReport},
};

use super::*;

/// The day after the fixtures were made (`tests/fixtures/kubeadm/CREATED`).
fn now() -> UnixTime {
    let made = fs::read_to_string(fixtures().join("CREATED")).unwrap();
    UnixTime(made.trim().parse().unwrap()).plus_days(1)
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/kubeadm")
}

fn walk(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.is_file() {
            // Links are left out, as browsers leave out those that lead nowhere.
            files.push((path.strip_prefix(fixtures()).unwrap().display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// A guest that has taken in a cluster whose keys are quickly made.
fn loaded() -> Core {
    let mut files = Vec::new();
    walk(&fixtures().join("ecdsa-3"), &mut files);
    let mut core = Core::default();
    let (tickets, bodies): (Vec<_>, Vec<_>) = files
        .into_iter()
        .zip(0..)
        .map(|((path, bytes), id)| {
            (
                FileTicket { id: FileId(id), path, body: FileBody::Attached },
                Content::Bytes(Zeroizing::new(bytes).into()),
            )
        })
        .unzip();
    let ask = Ask::Inspect { add: tickets, remove: Vec::new(), now: now() };
    let Some(Reply::Inventory(inventory)) = core.answer(ask, bodies).map(|answer| answer.reply) else {
        panic!("inspecting answers with an inventory")
    };
    assert!(!inventory.holders.is_empty());
    core
}

fn plan(core: &mut Core) -> PlanReport {
    let ask = Ask::Plan { request: Default::default(), now: now() };
    match core.answer(ask, Vec::new()).map(|answer| answer.reply) {
        Some(Reply::Plan(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    }
}

fn keys(plan: &PlanReport) -> Vec<Zeroizing<Vec<u8>>> {
    plan.keys.iter().map(|key| make_key(key.algorithm)).collect()
}

fn ask(core: &mut Core, ask: Ask) -> Option<Reply> {
    core.answer(ask, Vec::new()).map(|answer| answer.reply)
}

/// A guest that has made a package, with its report.
fn packaged() -> (Core, PackageReport) {
    let mut core = loaded();
    let plan = plan(&mut core);
    assert_eq!(ask(&mut core, Ask::Make { run: 1 }), None);
    let mut last = None;
    for (index, key) in keys(&plan).iter().enumerate() {
        assert!(last.is_none(), "only the last key is answered");
        last = core.key(1, index, key);
    }
    match last.map(|answer| answer.reply) {
        Some(Reply::Package(package, _)) => (core, package),
        other => panic!("no package: {other:?}"),
    }
}

#[test]
fn the_last_key_makes_the_package() {
    let (_, package) = packaged();
    assert!(package.files.iter().any(|file| file.path.ends_with("manifest.json")));
}

#[test]
fn keys_may_come_in_any_order_and_before_the_question() {
    let mut core = loaded();
    let plan = plan(&mut core);
    for (index, key) in keys(&plan).iter().enumerate().rev() {
        assert!(core.key(1, index, key).is_none());
    }
    assert!(matches!(ask(&mut core, Ask::Make { run: 1 }), Some(Reply::Package(..))));
}

#[test]
fn keys_of_an_abandoned_run_are_no_keys() {
    let mut core = loaded();
    let plan = plan(&mut core);
    let keys = keys(&plan);
    for (index, key) in keys.iter().enumerate() {
        core.key(1, index, key);
    }
    assert_eq!(ask(&mut core, Ask::Cancel), Some(Reply::Cancelled));
    assert_eq!(ask(&mut core, Ask::Make { run: 2 }), None);
    assert!(core.key(1, 0, &keys[0]).is_none());
    let last = keys.iter().enumerate().filter_map(|(index, key)| core.key(2, index, key)).next();
    assert!(matches!(last.map(|answer| answer.reply), Some(Reply::Package(..))));
}

#[test]
fn a_broken_key_fails_its_run_alone() {
    let mut core = loaded();
    plan(&mut core);
    ask(&mut core, Ask::Make { run: 2 });
    assert!(core.key(1, 0, b"not a key").is_none());
    assert!(matches!(core.key(2, 0, b"not a key").map(|answer| answer.reply), Some(Reply::Failed(_))));
}

#[test]
fn every_file_has_a_preview_and_no_preview_has_a_key() {
    let (mut core, package) = packaged();
    for file in package.files {
        match ask(&mut core, Ask::Preview { path: file.path.clone() }) {
            Some(Reply::Preview(preview)) => {
                assert!(preview.lines.iter().all(|line| !line.text.contains("PRIVATE KEY")), "{}", file.path);
            }
            other => panic!("{}: {other:?}", file.path),
        }
    }
}

#[test]
fn the_archive_comes_with_its_name_and_checksum() {
    let (mut core, package) = packaged();
    let answer = core.answer(Ask::Archive, Vec::new()).unwrap();
    let bytes = answer.bytes.unwrap();
    let expected = Reply::Archive { name: format!("{}.zip", package.name), sha256: sha256(&bytes) };
    assert_eq!(answer.reply, expected);
    assert_eq!(&bytes[..2], b"PK");
}

#[test]
fn commands_are_for_objects_only() {
    let (mut core, package) = packaged();
    for file in package.files {
        let answer = core.answer(Ask::Command { path: file.path.clone() }, Vec::new()).unwrap();
        assert_eq!(answer.reply == Reply::Command, file.appliable, "{}", file.path);
        assert_eq!(answer.bytes.is_some(), file.appliable, "{}", file.path);
    }
}

#[test]
fn more_files_take_plan_and_package_away() {
    let (mut core, _) = packaged();
    ask(&mut core, Ask::Inspect { add: Vec::new(), remove: vec![FileId(0)], now: now() });
    assert!(matches!(ask(&mut core, Ask::Archive), Some(Reply::Failed(_))));
    assert!(matches!(ask(&mut core, Ask::Make { run: 9 }), Some(Reply::Failed(_))));
}

#[test]
fn questions_before_anything_is_loaded_fail_with_a_sentence() {
    let all = [
        Ask::Plan { request: Default::default(), now: now() },
        Ask::Make { run: 1 },
        Ask::Preview { path: "README.txt".to_owned() },
        Ask::Command { path: "README.txt".to_owned() },
        Ask::Archive,
    ];
    for question in all {
        assert!(matches!(ask(&mut Core::default(), question), Some(Reply::Failed(_))));
    }
}

#[test]
fn files_that_cannot_be_read_are_inspected_too() {
    let add = vec![
        FileTicket { id: FileId(0), path: "huge".to_owned(), body: FileBody::TooLarge(100_000_000) },
        FileTicket { id: FileId(1), path: "torn".to_owned(), body: FileBody::Unreadable("a reason".to_owned()) },
    ];
    match ask(&mut Core::default(), Ask::Inspect { add, remove: Vec::new(), now: now() }) {
        Some(Reply::Inventory(inventory)) => assert_eq!(inventory.files, 2),
        other => panic!("{other:?}"),
    }
}
