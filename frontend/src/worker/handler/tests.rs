//! The core worker's handler with files of a real kubeadm cluster, without a browser.

use std::{fs, path::Path};

use airlock_core::{
    UnixTime,
    plan::request::RotationRequest,
    report::{InventoryReport, PackageReport, PlanReport},
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
            // Skips symbolic links, as browsers skip dangling ones.
            files.push((path.strip_prefix(fixtures()).unwrap().display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// A handler with a loaded cluster whose key type is generated quickly.
fn loaded() -> Core {
    let mut files = Vec::new();
    walk(&fixtures().join("ecdsa-3"), &mut files);
    let mut core = Core::default();
    let inventory = take_in(&mut core, 0, files);
    assert!(!inventory.holders.is_empty());
    core
}

/// Loads files with ids from `first`.
fn take_in(core: &mut Core, first: u32, files: Vec<(String, Vec<u8>)>) -> InventoryReport {
    take_in_as(core, first, files, None)
}

/// Loads files as those of a chosen platform.
fn take_in_as(core: &mut Core, first: u32, files: Vec<(String, Vec<u8>)>, platform: Option<&str>) -> InventoryReport {
    let (tickets, bodies): (Vec<_>, Vec<_>) = files
        .into_iter()
        .zip(first..)
        .map(|((path, bytes), id)| {
            (
                FileTicket { id: FileId(id), path, body: FileBody::Attached },
                Content::Bytes(Zeroizing::new(bytes).into()),
            )
        })
        .unzip();
    let platform = platform.map(str::to_owned);
    let ask = Ask::Inspect { add: tickets, remove: Vec::new(), platform, now: now() };
    match core.answer(ask, bodies).map(|answer| answer.reply) {
        Some(Reply::Inventory(inventory, _)) => inventory,
        other => panic!("inspecting answers with an inventory, not {other:?}"),
    }
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

/// A handler that has built a package, and the package's report.
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
        let answer =
            core.answer(Ask::Command { path: file.path.clone(), context: "it's mine".to_owned() }, Vec::new()).unwrap();
        assert_eq!(answer.reply == Reply::Command, file.appliable, "{}", file.path);
        assert_eq!(answer.bytes.is_some(), file.appliable, "{}", file.path);
        let command = answer.bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        assert_eq!(command.contains(r"--context 'it'\''s mine' -f -"), file.appliable, "{}", file.path);
    }
}

#[test]
fn more_files_take_plan_and_package_away() {
    let (mut core, _) = packaged();
    ask(&mut core, Ask::Inspect { add: Vec::new(), remove: vec![FileId(0)], platform: None, now: now() });
    assert!(matches!(ask(&mut core, Ask::Archive), Some(Reply::Failed(_))));
    assert!(matches!(ask(&mut core, Ask::Make { run: 9 }), Some(Reply::Failed(_))));
}

/// A file of `tests/fixtures/encrypted`, under that name.
fn encrypted(name: &str) -> (String, Vec<u8>) {
    (name.to_owned(), fs::read(fixtures().join("../encrypted").join(name)).unwrap())
}

/// The codes of findings about encrypted files, and whether the password decrypted anything.
fn unlock(core: &mut Core, password: &str) -> (Vec<String>, bool) {
    let typed = Content::Bytes(Zeroizing::new(password.as_bytes().to_vec()).into());
    match core.answer(Ask::Unlock { now: now() }, vec![typed]).map(|answer| answer.reply) {
        Some(Reply::Unlocked { inventory, opened }) => (shut(&inventory), opened),
        other => panic!("no answer to a password: {other:?}"),
    }
}

fn shut(inventory: &InventoryReport) -> Vec<String> {
    let codes = inventory.findings.iter().map(|finding| finding.code.clone());
    codes.filter(|code| code.starts_with("password-")).collect()
}

#[test]
fn a_password_opens_what_is_there_and_what_comes_later() {
    let mut core = loaded();
    assert_eq!(shut(&take_in(&mut core, 900, vec![encrypted("ca.p12")])), ["password-needed"]);
    assert_eq!(unlock(&mut core, "another"), (vec!["password-wrong".to_owned()], false));
    assert!(core.password.is_none(), "what opens nothing is not kept");
    assert_eq!(unlock(&mut core, "airlock"), (vec![], true));
    assert_eq!(shut(&take_in(&mut core, 901, vec![encrypted("legacy.p12")])), Vec::<String>::new());
    assert_eq!(ask(&mut core, Ask::Wipe), Some(Reply::Wiped));
    assert!(core.password.is_none() && core.files.is_empty() && core.inventory.is_none());
    assert_eq!(shut(&take_in(&mut core, 902, vec![encrypted("legacy.p12")])), ["password-needed"]);
}

#[test]
fn another_password_shuts_nothing_that_was_opened() {
    let mut core = loaded();
    take_in(&mut core, 900, vec![encrypted("ca.p12")]);
    unlock(&mut core, "airlock");
    assert_eq!(unlock(&mut core, "another"), (vec![], false));
    assert!(core.password.is_some());
    let plan = ask(&mut core, Ask::Plan { request: Default::default(), now: now() });
    assert!(matches!(plan, Some(Reply::Plan(_))), "{plan:?}");
}

#[test]
fn a_password_travels_beside_the_question_and_not_in_it() {
    let typed = || Content::Bytes(Zeroizing::new(b"hunter2".to_vec()).into());
    let question = serde_json::to_string(&Ask::Unlock { now: now() }).unwrap();
    assert!(!question.contains("hunter2") && !format!("{:?}", typed()).contains("hunter2"));
    assert!(matches!(ask(&mut loaded(), Ask::Unlock { now: now() }), Some(Reply::Failed(_))), "none came along");
}

#[test]
fn a_phase_is_checked_without_a_plan_and_takes_none_away() {
    let (mut core, _) = packaged();
    for phase in [None, Some(1), Some(3)] {
        match ask(&mut core, Ask::Check { phase }) {
            Some(Reply::Checked(report)) => {
                assert!(!report.holds);
                assert_eq!((report.phase, report.findings[0].code.as_str()), (phase.unwrap_or(1), "no-rotation"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(ask(&mut core, Ask::Archive), Some(Reply::Archive { .. })));
}

#[test]
fn questions_before_anything_is_loaded_fail_with_a_sentence() {
    let all = [
        Ask::Check { phase: None },
        Ask::Plan { request: Default::default(), now: now() },
        Ask::Make { run: 1 },
        Ask::Preview { path: "README.txt".to_owned() },
        Ask::Command { path: "README.txt".to_owned(), context: String::new() },
        Ask::Archive,
    ];
    for question in all {
        assert!(matches!(ask(&mut Core::default(), question), Some(Reply::Failed(_))));
    }
}

#[test]
fn files_that_cannot_be_read_are_inspected_too() {
    let add = vec![
        FileTicket { id: FileId(0), path: "huge".to_owned(), body: FileBody::Attached },
        FileTicket { id: FileId(1), path: "torn".to_owned(), body: FileBody::Unreadable("a reason".to_owned()) },
    ];
    let ask = Ask::Inspect { add, remove: Vec::new(), platform: None, now: now() };
    let answer = Core::default().answer(ask, vec![Content::TooLarge(100_000_000)]);
    match answer.map(|answer| answer.reply) {
        Some(Reply::Inventory(inventory, sizes)) => assert_eq!((inventory.files, sizes), (2, vec![100_000_000, 0])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_person_says_which_platform_it_is() {
    let mut core = loaded();
    let mut say = |platform: Option<&str>| {
        let ask =
            Ask::Inspect { add: Vec::new(), remove: Vec::new(), platform: platform.map(str::to_owned), now: now() };
        match core.answer(ask, Vec::new()).map(|answer| answer.reply) {
            Some(Reply::Inventory(inventory, _)) => inventory.platform,
            other => panic!("no inventory: {other:?}"),
        }
    };
    assert_eq!(say(Some("starlingx")), "starlingx");
    assert_eq!(say(None), "kubeadm");
}

/// What a plan would break is known before its keys are generated.
#[test]
fn a_break_is_predicted_without_the_plans_keys() {
    let mut core = loaded();
    assert!(matches!(core.answer(Ask::Predict, Vec::new()).unwrap().reply, Reply::Predicted(None)), "there is no plan");
    let plan = |core: &mut Core, request: RotationRequest| {
        let reply = core.answer(Ask::Plan { request, now: now() }, Vec::new()).unwrap().reply;
        assert!(matches!(reply, Reply::Plan(_)), "{reply:?}");
    };
    plan(&mut core, RotationRequest::default());
    assert!(matches!(core.answer(Ask::Predict, Vec::new()).unwrap().reply, Reply::Predicted(None)), "nothing breaks");

    // The tool of StarlingX does not renew serving certificates, and kube-apiserver verifies kubelets.
    let mut files = Vec::new();
    walk(&fixtures().join("ecdsa-3"), &mut files);
    for (path, bytes) in &mut files {
        let edit = |key: &str, with: String| String::from_utf8(bytes.clone()).unwrap().replace(key, &with).into_bytes();
        if path.ends_with("kube-apiserver.yaml") {
            let key = "    - --kubelet-client-key=";
            *bytes = edit(key, format!("    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\n{key}"));
        } else if path.ends_with("kubelet/config.yaml") {
            let key = "rotateCertificates: true\n";
            *bytes = edit(key, format!("{key}serverTLSBootstrap: true\n"));
        }
    }
    let mut core = Core::default();
    take_in_as(&mut core, 0, files, Some("starlingx"));
    plan(&mut core, RotationRequest::default());
    match core.answer(Ask::Predict, Vec::new()).unwrap().reply {
        Reply::Predicted(Some((finding, matrix))) => {
            assert_eq!(finding.code, "edge-broken");
            assert!(matrix.first_broken().is_some_and(|broken| !broken.outage.is_empty()));
        }
        other => panic!("an outage is predicted, not {other:?}"),
    }
}
