//! Applies Airlock's patches to machines' configurations with an independent program that merges as Talos does. For the
//! same old and new CAs, the result equals the fixtures' patches, which `talosctl rotate-ca` computed.

use std::collections::BTreeSet;

use airlock_tests::talos::{
    APIS, ApiCas, CONTRACTS, Merge, PHASES, ROLES, assert_all_merge_to, base, configured_cas, merge, read,
    to_the_fixtures_cas,
};

/// The phases' folders in a package.
const FOLDERS: [&str; 3] = ["1-trust-both", "2-switch", "3-drop-old"];

/// The configuration generations for which the fixtures have patches.
const PATCHED: [&str; 2] = ["1.13", "1.14"];

/// The fixtures' configuration after a phase; phase 0 is before the rotation.
fn after(contract: &str, api: &str, role: &str, phase: usize, form: &str) -> String {
    match phase {
        0 => base(contract, role),
        _ => read(&format!("patches/v{contract}/{api}-{}/{role}.{form}.yaml", PHASES[phase - 1])),
    }
}

/// Tests the program itself: for the fixtures' own patches it computes the result of Talos.
#[test]
fn the_merging_program_is_proved_on_the_fixtures_own_patches() {
    let mut questions = Vec::new();
    for contract in PATCHED {
        for (_, api) in APIS {
            for (role, _) in ROLES {
                for phase in 1..=3 {
                    for (form, base) in [("incremental", phase - 1), ("from-base", 0)] {
                        let patch = format!("patches/v{contract}/{api}-{}/{role}.patch.{form}.yaml", PHASES[phase - 1]);
                        for expected in [form, "rotate-ca"] {
                            questions.push(Merge {
                                what: format!("{contract} {api} {role} phase {phase} {form}, {expected}"),
                                base: after(contract, api, role, base, "incremental"),
                                patches: vec![read(&patch)],
                                expected: after(contract, api, role, phase, expected),
                            });
                        }
                    }
                }
            }
        }
    }
    assert_eq!(questions.len(), 96);
    assert_all_merge_to(&questions);
}

/// It detects differences: another phase's patch has another result.
#[test]
fn the_merging_program_sees_what_differs() {
    let question = |patch: &str| Merge {
        base: base("1.13", "worker"),
        patches: vec![read(&format!("patches/v1.13/{patch}/worker.patch.from-base.yaml"))],
        expected: after("1.13", "talos", "worker", 1, "rotate-ca"),
        ..Merge::default()
    };
    let answers = merge(&[question("talos-1-add"), question("talos-2-swap"), question("kubernetes-1-add")]);
    assert_eq!(answers.iter().map(|answer| answer.equal).collect::<Vec<_>>(), [true, false, false]);
    assert!(answers[1].difference.contains("/machine/acceptedCAs"), "{}", answers[1].difference);
}

/// Every patch of a package that rotates one API, with the expected result.
fn questions(form: &str) -> Vec<Merge> {
    let mut questions = Vec::new();
    for contract in CONTRACTS {
        for (id, api) in APIS {
            let rotation = to_the_fixtures_cas(contract, &[id]);
            for (role, folder) in ROLES {
                for phase in 1..=3 {
                    let end = if form == "incremental" { "patch.yaml" } else { "from-base.patch.yaml" };
                    let path = |phase: usize| format!("{}/{folder}/{api}.{end}", FOLDERS[phase - 1]);
                    let patches = if form == "incremental" { (1..=phase).collect() } else { vec![phase] };
                    let what = format!("{contract} {api} {role} phase {phase} {form}");
                    let patches = patches.into_iter().map(|phase| rotation.text(&path(phase))).collect();
                    let expected = if PATCHED.contains(&contract) {
                        after(contract, api, role, phase, "rotate-ca")
                    } else {
                        // Its layout is that of 1.13, as in Talos' own patch.
                        let patch = format!("patches/v1.13/{api}-{}/{role}.patch.from-base.yaml", PHASES[phase - 1]);
                        let patches = vec![read(&patch)];
                        let of_fixture = Merge { base: base(contract, role), patches, ..Merge::default() };
                        merge(&[of_fixture]).remove(0).merged
                    };
                    questions.push(Merge { what, base: base(contract, role), patches, expected });
                }
            }
        }
    }
    assert_eq!(questions.len(), 36);
    questions
}

#[test]
fn patches_on_the_phase_before_have_the_effect_of_talos_own() {
    assert_all_merge_to(&questions("incremental"));
}

#[test]
fn patches_on_the_base_have_the_effect_of_talos_own() {
    assert_all_merge_to(&questions("from-base"));
}

/// Talos appends to lists, so a patch that is applied twice would add each accepted CA twice.
#[test]
fn a_patch_applied_twice_does_nothing_the_second_time() {
    for form in ["incremental", "from-base"] {
        let mut twice = questions(form);
        for question in &mut twice {
            question.patches = question.patches.iter().flat_map(|patch| [patch.clone(), patch.clone()]).collect();
        }
        assert_all_merge_to(&twice);
    }
}

/// The CAs of the resulting machine are those that Talos' own packages compute, and each key matches its certificate.
#[test]
fn machines_hold_what_talos_says_they_hold() {
    let questions: Vec<Merge> =
        questions("incremental").into_iter().filter(|one| !one.what.starts_with("1.8")).collect();
    let merged: Vec<String> = merge(&questions).into_iter().map(|answer| answer.merged).collect();
    for (question, held) in questions.iter().zip(configured_cas(&merged)) {
        let words: Vec<&str> = question.what.split(' ').collect();
        let [contract, api, role, _, phase, _] = words.as_slice() else { panic!("{words:?}") };
        let phase: usize = phase.parse().expect("a number");
        let told = read(&format!("patches/v{contract}/{api}-{}/{role}.rotate-ca.ca.json", PHASES[phase - 1]));
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        for (name, held) in [("machine", &held.talos), ("cluster", &held.kubernetes)] {
            let told = &told[name];
            let accepted = told["effectiveAcceptedCAs"].as_array().expect("a list");
            let accepted: BTreeSet<&str> = accepted.iter().filter_map(|one| one["sha256"].as_str()).collect();
            let ApiCas { issuing, key, accepted: others } = held;
            let own: BTreeSet<&str> =
                others.iter().chain([issuing]).map(String::as_str).filter(|sum| !sum.is_empty()).collect();
            assert_eq!(own, accepted, "{}: {name}", question.what);
            let of_control_plane = told["effectiveIssuingCA"]["sha256"].as_str();
            match of_control_plane {
                Some(sum) => assert_eq!((issuing.as_str(), key.as_str()), (sum, "matches"), "{}", question.what),
                None => assert!(key.is_empty() || key == "absent", "{}: a worker has a key", question.what),
            }
        }
    }
}

/// If a control-plane patch sets an issuing certificate, it also sets its key; no worker's patch has a key.
#[test]
fn keys_are_where_they_belong_and_nowhere_else() {
    for contract in CONTRACTS {
        for (id, api) in APIS {
            let rotation = to_the_fixtures_cas(contract, &[id]);
            for path in rotation.paths().iter().filter(|path| path.ends_with(".patch.yaml")) {
                let text = rotation.text(path);
                let report = rotation.package.files.iter().find(|file| file.path == *path).expect("it is reported");
                let pair = text.contains("crt: ") && text.lines().any(|line| line.trim() == "ca:")
                    || text.contains("issuingCA");
                let filled = text
                    .lines()
                    .any(|line| line.trim().strip_prefix("key: ").is_some_and(|key| !key.trim_matches('"').is_empty()));
                let of_control_plane = path.contains("control-plane/");
                assert_eq!(filled, of_control_plane && pair, "{contract} {api} {path}");
                assert_eq!((report.secret, report.mode), (filled, if filled { 0o600 } else { 0o644 }), "{path}");
            }
        }
    }
}

/// Each rollback patch restores the state at the start of the phase.
#[test]
fn undoing_a_phase_leads_back() {
    let mut questions = Vec::new();
    for contract in CONTRACTS {
        for (id, api) in APIS {
            let rotation = to_the_fixtures_cas(contract, &[id]);
            for (role, folder) in ROLES {
                let forth = |phase: usize| rotation.text(&format!("{}/{folder}/{api}.patch.yaml", FOLDERS[phase - 1]));
                for phase in 1..=3 {
                    let before: Vec<String> = (1..phase).map(forth).collect();
                    let back = rotation.text(&format!("{}/{folder}/undo/{api}.patch.yaml", FOLDERS[phase - 1]));
                    let there = [before.clone(), vec![forth(phase), back]].concat();
                    let was = Merge { base: base(contract, role), patches: before, ..Merge::default() };
                    let what = format!("{contract} {api} {role}: back from phase {phase}");
                    let expected = merge(&[was]).remove(0).merged;
                    questions.push(Merge { what, base: base(contract, role), patches: there, expected });
                }
            }
        }
    }
    assert_all_merge_to(&questions);
}

/// Only the intended fields change: not the other API, and no other part of the configuration.
#[test]
fn a_rotation_of_both_leaves_the_rest_alone() {
    let mut questions = Vec::new();
    for contract in PATCHED {
        let ids = APIS.map(|(id, _)| id);
        let rotation = to_the_fixtures_cas(contract, &ids);
        for (role, folder) in ROLES {
            let ours = (1..=3)
                .flat_map(|phase| APIS.map(|(_, api)| format!("{}/{folder}/{api}.patch.yaml", FOLDERS[phase - 1])));
            let theirs =
                APIS.map(|(_, api)| read(&format!("patches/v{contract}/{api}-3-drop/{role}.patch.from-base.yaml")));
            let of_fixtures = Merge { base: base(contract, role), patches: theirs.to_vec(), ..Merge::default() };
            questions.push(Merge {
                what: format!("{contract} {role}"),
                base: base(contract, role),
                patches: ours.map(|path| rotation.text(&path)).collect(),
                expected: merge(&[of_fixtures]).remove(0).merged,
            });
        }
    }
    assert_all_merge_to(&questions);
}
