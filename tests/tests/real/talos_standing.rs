//! Recognizes the phase of each machine from its configuration alone: the fixtures' configurations of each phase, and
//! those that an interrupted `talosctl rotate-ca` leaves.

use std::{fs, path::Path};

use airlock_core::{
    InputFile, Standing, UnixTime, check, inspect, plan,
    plan::RotationRequest,
    profile::AuthorityId,
    report::{InventoryReport, PlanReport},
};
use airlock_tests::{
    rotation::{PHASES as FOLDERS, Rotation},
    talos::{APIS, MachineCas, Merge, PHASES, ROLES, base, configured_cas, file, files, merge, now, read, request},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A machine's configuration after a phase of `rotate-ca`; 0 is before.
fn after(contract: &str, api: &str, role: &str, phase: usize) -> String {
    match phase {
        0 => base(contract, role),
        _ => read(&format!("patches/v{contract}/{api}-{}/{role}.rotate-ca.yaml", PHASES[phase - 1])),
    }
}

fn report(input: Vec<InputFile>) -> InventoryReport {
    inspect(input, now()).report(now())
}

fn standings(report: &InventoryReport) -> Vec<(&str, Standing, usize)> {
    let machines = report.rotation.holders.iter().filter(|holder| holder.role != "clients");
    machines.map(|holder| (holder.name.as_str(), holder.standing, holder.out_of_line.len())).collect()
}

/// Each machine alone, in any combination with the others.
#[test]
fn each_machine_is_found_in_its_phase() {
    for contract in ["1.13", "1.14"] {
        for (id, api) in APIS {
            for control_plane in 0..=3 {
                for worker in 0..=3 {
                    let input = vec![
                        file("cp.yaml", &after(contract, api, "controlplane", control_plane)),
                        file("worker.yaml", &after(contract, api, "worker", worker)),
                    ];
                    let report = report(input.clone());
                    let what = format!("{contract} {api} {control_plane} {worker}");
                    if control_plane == worker && [0, 3].contains(&worker) {
                        // With one CA, it cannot be known whether it is the old or the new one.
                        assert!(report.rotation.authorities.is_empty(), "{what}");
                        continue;
                    }
                    let [first, second] = [control_plane, worker].map(|phase| Standing::ALL[phase]);
                    assert_eq!(standings(&report), [("cp", first, 0), ("worker", second, 0)], "{what}");
                    assert_eq!(
                        report.rotation.authorities.iter().map(|one| one.id).collect::<Vec<_>>(),
                        [id],
                        "{what}"
                    );
                    for phase in 1..=3 {
                        let told = check(&inspect(input.clone(), now()), Some(phase));
                        assert_eq!(
                            told.holds,
                            usize::from(phase) <= control_plane.min(worker),
                            "{what}: check {phase}"
                        );
                    }
                }
            }
        }
    }
}

/// Applies the existing patches of a package, phase by phase, to the configurations from which it was built.
fn carried_out(rotation: &Rotation, configurations: [&str; 2]) -> Vec<MachineCas> {
    let questions = ROLES.iter().zip(configurations).map(|((role, folder), base)| {
        let paths =
            FOLDERS[1..].iter().flat_map(|phase| APIS.map(|(_, api)| format!("{phase}/{folder}/{api}.patch.yaml")));
        let there = paths.filter(|path| rotation.root().join(path).is_file());
        let patches = there.map(|path| rotation.text(&path)).collect();
        Merge { what: (*role).to_owned(), base: base.to_owned(), patches, ..Merge::default() }
    });
    let questions: Vec<_> = questions.collect();
    configured_cas(&merge(&questions).into_iter().map(|answer| answer.merged).collect::<Vec<_>>())
}

fn end(contract: &str, api: &str) -> Vec<MachineCas> {
    configured_cas(&ROLES.map(|(role, _)| after(contract, api, role, 3)))
}

#[track_caller]
fn same(what: &str, held: &[MachineCas], expected: &[MachineCas]) {
    for (held, expected) in held.iter().zip(expected) {
        for (held, expected) in [(&held.talos, &expected.talos), (&held.kubernetes, &expected.kubernetes)] {
            assert_eq!(
                (&held.issuing, &held.key, &held.accepted),
                (&expected.issuing, &expected.key, &expected.accepted),
                "{what}"
            );
        }
    }
}

/// Wherever `rotate-ca` was interrupted, the next package leads to the same new CA. Its key is in the configurations
/// from phase 2 on; before that it must be loaded.
#[test]
fn an_interrupted_rotation_goes_on_with_the_same_ca() {
    for contract in ["1.13", "1.14"] {
        for (id, api) in APIS {
            for (control_plane, worker) in [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2)] {
                let configurations =
                    [after(contract, api, "controlplane", control_plane), after(contract, api, "worker", worker)];
                let mut input = vec![
                    file("cp.yaml", &configurations[0]),
                    file("worker.yaml", &configurations[1]),
                    file("talosconfig", &read(&format!("cluster-a/contract-v{contract}/talosconfig"))),
                ];
                if control_plane == 1 {
                    input.push(file("kept.yaml", &read("rotation/new-secrets.yaml")));
                }
                let what = format!("{contract} {api} {control_plane} {worker}");
                let label = format!("talos-continued-{contract}-{api}-{control_plane}-{worker}");
                let rotation = Rotation::at(now(), input, &request(&[id]), &label);
                assert!(rotation.plan.authorities.iter().all(|one| one.under_way), "{what}");
                assert_eq!(rotation.plan.keys.iter().filter(|key| key.owner.contains("CA")).count(), 0, "{what}");
                let first = rotation
                    .plan
                    .steps
                    .iter()
                    .find(|step| step.id.contains("control-plane") || step.id.contains("workers"));
                assert_eq!(first.map(|step| usize::from(step.phase)), Some(control_plane.min(worker) + 1), "{what}");
                let held = carried_out(&rotation, [&configurations[0], &configurations[1]]);
                same(&what, &held, &end(contract, api));
            }
        }
    }
}

fn planned(input: Vec<InputFile>, request: &RotationRequest) -> PlanReport {
    plan(&inspect(input, now()), request, now()).unwrap_or_else(|refusal| panic!("{refusal}")).report()
}

/// In phase 1 no configuration contains the new CA's key. Without it, the package ends with that phase and says so.
#[test]
fn without_the_new_key_phase_1_is_as_far_as_it_goes() {
    for (id, api) in APIS {
        let input = || {
            let [cp, worker] =
                [("controlplane", 1), ("worker", 0)].map(|(role, phase)| after("1.13", api, role, phase));
            vec![file("cp.yaml", &cp), file("worker.yaml", &worker)]
        };
        let report = planned(input(), &request(&[id]));
        assert!(report.findings.iter().any(|finding| finding.code == "new-ca-key-missing"), "{:?}", report.findings);
        assert!(report.steps.iter().all(|step| step.phase == 1), "{api}");
        let anew = RotationRequest { start_over: true, ..request(&[id]) };
        let rotation = Rotation::at(now(), input(), &anew, &format!("talos-anew-{api}"));
        let held = carried_out(&rotation, [&after("1.13", api, "controlplane", 1), &after("1.13", api, "worker", 0)]);
        let abandoned = end("1.13", api);
        let [own, theirs] =
            [&held[0], &abandoned[0]].map(|one| if api == "talos" { &one.talos } else { &one.kubernetes });
        assert!(own.accepted.is_empty() && own.key == "matches" && own.issuing != theirs.issuing, "{api}");
    }
}

/// A CA of an unfinished run of `rotate-ca`, with an age between the fixtures' old and new CA.
fn abandoned(id: AuthorityId) -> String {
    let between = UnixTime(now().0 + 300 - 25);
    let rotation = Rotation::at(between, files("1.13"), &request(&[id]), &format!("talos-abandoned-{id}"));
    let name = if id == AuthorityId::Talos { "talos-ca" } else { "kubernetes-ca" };
    rotation.text(&format!("ca-keys/{name}.crt"))
}

/// A configuration that accepts one more CA.
fn accepting(contract: &str, api: &str, role: &str, phase: usize, pem: &str) -> String {
    let patch = match (contract, api) {
        ("1.14", "kubernetes") => {
            let lines: String = pem.lines().map(|line| format!("    {line}\n")).collect();
            format!("apiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\nacceptedCAs:\n- |\n{lines}")
        }
        _ => {
            let root = if api == "talos" { "machine" } else { "cluster" };
            format!("{root}:\n  acceptedCAs:\n  - crt: {}\n", STANDARD.encode(pem))
        }
    };
    merge(&[Merge { base: after(contract, api, role, phase), patches: vec![patch], ..Merge::default() }])
        .remove(0)
        .merged
}

/// The unfinished run left its CA in the accepted list. In every phase of the following run, the package removes it.
#[test]
fn an_abandoned_ca_is_recognised_and_taken_away() {
    for contract in ["1.13", "1.14"] {
        for (id, api) in APIS {
            let pem = abandoned(id);
            for phase in 1..=2 {
                let configurations = ROLES.map(|(role, _)| accepting(contract, api, role, phase, &pem));
                let input = vec![
                    file("cp.yaml", &configurations[0]),
                    file("worker.yaml", &configurations[1]),
                    file("secrets.yaml", &read("cluster-a/secrets.yaml")),
                    file("kept.yaml", &read("rotation/new-secrets.yaml")),
                ];
                let what = format!("{contract} {api} phase {phase}");
                let told = report(input.clone());
                assert_eq!(told.findings.iter().filter(|finding| finding.code == "abandoned-ca").count(), 1, "{what}");
                let standing = Standing::ALL[phase];
                assert_eq!(standings(&told), [("cp", standing, 1), ("worker", standing, 1)], "{what}");
                let seen = &told.rotation.holders[0].out_of_line[0].seen;
                assert!(seen.contains("nobody issues"), "{what}: {seen}");
                assert!(!check(&inspect(input.clone(), now()), Some(1)).holds, "{what}");
                let label = format!("talos-stray-{contract}-{api}-{phase}");
                let rotation = Rotation::at(now(), input, &request(&[id]), &label);
                same(&what, &carried_out(&rotation, [&configurations[0], &configurations[1]]), &end(contract, api));
            }
        }
    }
}

/// The following run was completed: the remaining CA is the only other one, and only needs to be removed.
#[test]
fn what_a_finished_run_left_is_dropped() {
    for contract in ["1.13", "1.14"] {
        for (id, api) in APIS {
            let pem = abandoned(id);
            let configurations = ROLES.map(|(role, _)| accepting(contract, api, role, 3, &pem));
            let input = vec![file("cp.yaml", &configurations[0]), file("worker.yaml", &configurations[1])];
            assert_eq!(
                standings(&report(input.clone())),
                [("cp", Standing::Switched, 0), ("worker", Standing::Switched, 0)],
                "{contract} {api}"
            );
            let rotation = Rotation::at(now(), input, &request(&[id]), &format!("talos-left-{contract}-{api}"));
            assert!(rotation.plan.steps.iter().all(|step| step.phase >= 2), "{contract} {api}");
            same(api, &carried_out(&rotation, [&configurations[0], &configurations[1]]), &end(contract, api));
        }
    }
}

/// With the package, Airlock distinguishes the end of a rotation from its beginning, and has the new CA's key.
#[test]
fn a_package_tells_which_ca_is_the_new_one() {
    let ids = APIS.map(|(id, _)| id);
    let rotation = Rotation::at(now(), files("1.13"), &request(&ids), "talos-told");
    let package = || -> Vec<InputFile> {
        let paths = rotation.paths().into_iter();
        paths.map(|path| InputFile::new(format!("package/{path}"), rotation.read(&path))).collect()
    };
    let machines = |held: usize| {
        ROLES.map(|(role, folder)| {
            let paths = FOLDERS[1..=held]
                .iter()
                .flat_map(|phase| APIS.map(|(_, api)| format!("{phase}/{folder}/{api}.patch.yaml")));
            let patches = paths.map(|path| rotation.text(&path)).collect();
            let merged = merge(&[Merge { base: base("1.13", role), patches, ..Merge::default() }]).remove(0).merged;
            file(&format!("{role}.yaml"), &merged)
        })
    };
    for held in 0..=3 {
        let input = [package(), machines(held).to_vec()].concat();
        let told = report(input.clone());
        let standing = Standing::ALL[held];
        assert_eq!(standings(&told), [("controlplane", standing, 0), ("worker", standing, 0)]);
        assert!(told.rotation.authorities.iter().all(|one| one.new_key_present), "phase {held}");
        for phase in 1..=3 {
            assert_eq!(check(&inspect(input.clone(), now()), Some(phase)).holds, usize::from(phase) <= held);
        }
        if held < 3 {
            assert!(planned(input, &request(&ids)).authorities.iter().all(|one| one.under_way), "phase {held}");
        }
    }
}

fn finding(input: Vec<InputFile>, code: &str) -> Option<(String, String)> {
    let report = report(input);
    report.findings.iter().find(|one| one.code == code).map(|one| (one.severity.to_string(), one.place.clone()))
}

/// Errors that Talos accepts silently, and inputs that it rejects: Airlock detects them in advance.
#[test]
fn traps_are_seen_in_what_was_given() {
    let with = |contract: &str, role: &str, patch: &str| {
        let other = if role == "worker" { "controlplane" } else { "worker" };
        let merged =
            merge(&[Merge { base: base(contract, role), patches: vec![patch.to_owned()], ..Merge::default() }]);
        vec![file("a.yaml", &merged[0].merged), file("b.yaml", &base(contract, other))]
    };
    let field = |contract: &str, role: &str, name: &str| {
        let text = base(contract, role);
        let line = text.lines().find(|line| line.trim().starts_with(&format!("{name}: L"))).expect("it is there");
        line.trim().strip_prefix(&format!("{name}: ")).expect("a value").to_owned()
    };
    let crt = field("1.13", "controlplane", "crt");
    let some = |severity: &str, place: &str| Some((severity.to_owned(), place.to_owned()));
    // A pair without its key: Talos erases the key, and for cluster.ca its validation passes.
    let erased = with("1.13", "controlplane", &format!("machine:\n  ca:\n    crt: {crt}\n"));
    assert_eq!(finding(erased, "ca-without-key"), some("warning", "machine.ca.crt"));
    // A key of another certificate also passes Talos' validation.
    let new = read("rotation/new-secrets.yaml");
    let other =
        new.lines().rev().find_map(|line| line.trim().strip_prefix("key: ")).expect("the last is the Talos API's");
    let mixed = with("1.13", "controlplane", &format!("machine:\n  ca:\n    crt: {crt}\n    key: {other}\n"));
    assert_eq!(finding(mixed, "key-mismatch").map(|(severity, _)| severity), Some("error".to_owned()));
    // Talos rejects a worker with a key.
    let key = field("1.13", "controlplane", "key");
    let keyed = with("1.13", "worker", &format!("machine:\n  ca:\n    crt: {crt}\n    key: {key}\n"));
    assert_eq!(finding(keyed, "key-on-worker"), some("error", "machine.ca.key"));
    // 1.14 ignores the old field silently, and rejects the other.
    let ignored = with("1.14", "worker", &format!("cluster:\n  acceptedCAs:\n  - crt: {crt}\n"));
    assert_eq!(finding(ignored, "ignored-field"), some("warning", "cluster.acceptedCAs"));
    let conflicting = with("1.14", "worker", &format!("cluster:\n  ca:\n    crt: {crt}\n    key: \"\"\n"));
    assert_eq!(finding(conflicting, "conflicting-fields"), some("error", "cluster.ca"));
    // Fields that an export has removed are kept: no error, and the rotation can be planned.
    let redacted = base("1.13", "controlplane").replace(&key, "'******'");
    let input = || vec![file("a.yaml", &redacted), file("b.yaml", &base("1.13", "worker"))];
    assert_eq!(finding(input(), "redacted"), some("note", "machine.ca.key"));
    let report = planned(input(), &request(&[AuthorityId::Talos]));
    let back = report.steps.iter().flat_map(|step| &step.edits).filter(|edit| edit.output.contains("/undo/"));
    assert!(back.clone().count() > 0 && back.into_iter().all(|edit| !edit.output.contains("2-switch/control-plane")));
}

/// Two configuration generations on machines of one role: no patch fits both.
#[test]
fn machines_of_two_generations_are_asked_about() {
    let input = vec![
        file("cp1.yaml", &base("1.13", "controlplane")),
        file("cp2.yaml", &base("1.14", "controlplane")),
        file("worker.yaml", &base("1.13", "worker")),
    ];
    let refusal = plan(&inspect(input, now()), &request(&APIS.map(|(id, _)| id)), now()).expect_err("it is refused");
    assert!(refusal.findings.iter().any(|finding| finding.code == "two-generations"), "{refusal}");
}

/// Messages contain no part of a key, and a missing configuration has an explanation.
#[test]
fn nothing_can_be_planned_without_a_control_plane() {
    for (names, code) in
        [(&["secrets.yaml"][..], "missing-machine-config"), (&["worker.yaml"], "missing-machine-config")]
    {
        let input = files("1.13").into_iter().filter(|file| names.contains(&file.path.as_str()));
        let refusal =
            plan(&inspect(input.collect(), now()), &request(&APIS.map(|(id, _)| id)), now()).expect_err("refused");
        assert!(refusal.findings.iter().any(|finding| finding.code == code), "{names:?}: {refusal}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/talos/README.md");
    assert!(
        fs::read_to_string(folder).is_ok_and(|text| text.contains("rotate-ca")),
        "the fixtures say how they were made"
    );
}
