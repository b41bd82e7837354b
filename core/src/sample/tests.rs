//! Tests of how samples are recognised.

use getrandom::rand_core::UnwrapErr;

use super::*;
use crate::{
    InputFile, InspectOptions, RotationRequest, Severity, inspect_with, mint, package, plan, x509::KeyAlgorithm,
};

const NOW: UnixTime = UnixTime(1_800_000_000);

fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm, &mut UnwrapErr(getrandom::SysRng))
}

/// From the archive to the package, without errors or warnings.
#[test]
fn every_sample_leads_to_a_package_that_bears_its_mark() {
    for sample in SAMPLES {
        let (name, archive) = sample.archive(NOW, &mut key);
        let options = InspectOptions { platform: sample.platform_to_say(), ..InspectOptions::default() };
        let inventory = inspect_with(vec![InputFile::new(name, archive.to_vec())], options, NOW);
        let report = inventory.report(NOW);
        assert_eq!(
            (report.cluster.clone(), report.platform.as_str()),
            (format!("{SAMPLE_PREFIX}{}", sample.id), sample.platform)
        );
        assert_eq!(share(&report), SampleShare::All);
        assert!(
            report.findings.iter().all(|one| one.severity != Severity::Error),
            "{}: {:#?}",
            sample.id,
            report.findings
        );
        let of_role = |role| report.holders.iter().filter(move |holder| holder.role == role).map(|holder| &holder.name);
        let nodes = [of_role("control-plane").count(), of_role("worker").count()];
        // A tenant's control plane counts as one node, however many Pods it has.
        assert_eq!(nodes, if sample.id == "kamaji" { [1, 2] } else { [3, 1] }, "{}", sample.id);
        for name in of_role("control-plane").chain(of_role("worker")) {
            assert!(name.starts_with(SAMPLE_PREFIX), "{}: {name}", sample.id);
        }
        assert!(report.unrecognised.is_empty(), "{}: {:#?}", sample.id, report.unrecognised);
        // StarlingX's outage is unavoidable, so a sample also asks the user to accept it.
        let request = &RotationRequest { accept_outage: true, ..RotationRequest::default() };
        let plan = plan(&inventory, request, NOW).unwrap_or_else(|refusal| panic!("{}: {refusal:?}", sample.id));
        let keys = plan.key_requests().iter().map(|request| key(request.algorithm)).collect();
        let files = package(&plan, &mint(&plan, keys).unwrap()).unwrap();
        let text = |path: &str| {
            let file = files.files().find(|file| file.path == path).unwrap();
            String::from_utf8(file.bytes.to_vec()).unwrap()
        };
        for path in ["README.txt", "RUNBOOK.md"] {
            let said = text(path);
            let lines: Vec<_> = said.lines().take(4).collect();
            assert!(
                lines[2].contains("made from a sample") && lines[2].contains("nothing in it fits"),
                "{path}: {lines:?}"
            );
        }
        assert!(text("manifest.json").contains("\n  \"sample\": true,\n"));
        assert!(files.name().starts_with(&format!("airlock-{SAMPLE_PREFIX}{}", sample.id)), "{}", files.name());
    }
}

#[test]
fn one_name_alone_makes_no_sample() {
    let holder = |name: &str| crate::report::HolderReport {
        name: name.to_owned(),
        role: "worker".to_owned(),
        slots: Vec::new(),
    };
    let of = |cluster: &str, nodes: &[&str]| {
        let holders = nodes.iter().map(|name| holder(name)).collect();
        share(&InventoryReport { cluster: cluster.to_owned(), holders, ..InventoryReport::default() })
    };
    assert_eq!((of("sample-one", &[]), of("one", &["cp1"])), (SampleShare::None, SampleShare::None));
    assert_eq!(of("sample-one", &["cp1", "sample-cp1"]), SampleShare::Part);
    assert_eq!(of("sample-one", &["sample-cp1"]), SampleShare::All);
}

/// Keys are newly generated each time, so no one can have a copy.
#[test]
fn no_two_samples_are_the_same() {
    let keys = || {
        let files = SAMPLES[0].files(NOW, &mut key);
        files.into_iter().filter(|file| file.path.ends_with(".key")).map(|file| file.bytes.to_vec()).collect::<Vec<_>>()
    };
    let (first, second) = (keys(), keys());
    assert!(first.len() > 20 && first.iter().all(|key| !second.contains(key)));
}
