//! Recognizes the phase of every holder from files: the trees of each phase, overlaid over kubeadm's, and trees in
//! which one file is in another state.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use airlock_core::{Standing, report::InventoryReport};
use airlock_tests::{
    fixtures,
    foreign::{replace_trusted_cas, root},
    rotation::{Case, scratch},
    tools::{airlock, output},
};
use serde_json::Value;

/// The phase of each holder in the trees of a phase.
const MOMENTS: [Standing; 4] = [Standing::Before, Standing::TrustsBoth, Standing::Switched, Standing::Done];

fn run(arguments: &[&str], paths: &[&Path]) -> Output {
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(arguments).args(paths);
    output(&mut command)
}

fn inspect(paths: &[&Path]) -> InventoryReport {
    let output = run(&["inspect", "--format", "json"], paths);
    serde_json::from_slice(&output.stdout).expect("inspection gives JSON")
}

/// Whether the phase is complete, and the output of `airlock check`.
fn check(phase: usize, paths: &[&Path]) -> (bool, Value) {
    let phase = phase.to_string();
    let output = run(&["check", "--format", "json", "--phase", &phase], paths);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a check gives JSON");
    assert_eq!(report["holds"], output.status.success(), "the exit code says what the report says");
    (output.status.success(), report)
}

#[test]
fn every_phase_is_recognised_from_its_files() {
    for name in ["rsa-1", "rsa-3", "ecdsa-3", "external-1"] {
        let case = Case::named(name);
        let (phases, package) = (case.phases(), case.rotation().root());
        for (phase, moment) in MOMENTS.into_iter().enumerate() {
            let folder = phases.phase(phase);
            let report = inspect(&[&folder, &package]);
            let standings = &report.rotation.holders;
            assert!(standings.len() > phases.control_plane.len(), "{name}, phase {phase}: {standings:?}");
            for holder in standings {
                assert!(holder.out_of_line.is_empty(), "{name}, phase {phase}: {holder:?}");
                // The management cluster's pair is the old one until phase 3; files that a package does not change stay
                // the same.
                let pair = holder.role == "management" && !holder.name.ends_with("-kubeconfig");
                let expected = if pair && phase < 3 { Standing::Before } else { moment };
                assert_eq!(holder.standing, expected, "{name}, phase {phase}: {}", holder.name);
            }
            for asked in 1..=3 {
                let (holds, report) = check(asked, &[&folder, &package]);
                assert_eq!(holds, asked <= phase, "{name}, phase {phase}, asked {asked}: {report:#}");
            }
        }
    }
}

/// While both CAs are present, Airlock distinguishes them without the package.
#[test]
fn a_rotation_is_recognised_without_its_package() {
    let phases = Case::named("ecdsa-3").phases();
    for phase in [1, 2] {
        let report = inspect(&[&phases.phase(phase)]);
        let names: Vec<_> =
            report.rotation.authorities.iter().map(|one| (one.old.subject.as_str(), &one.new.subject)).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().all(|(old, new)| new.starts_with(old) && new.len() > old.len()), "{names:?}");
        assert!(
            report.findings.iter().all(|finding| finding.severity != airlock_core::Severity::Error),
            "{:?}",
            report.findings
        );
        assert!(check(phase, &[&phases.phase(phase)]).0);
    }
    // If only one CA is present everywhere, it cannot be known whether it is the old or the new one.
    for phase in [0, 3] {
        let (holds, report) = check(3, &[&phases.phase(phase)]);
        assert!(!holds);
        assert_eq!(report["findings"][0]["code"], "no-rotation");
    }
}

/// A copy of a phase's trees with one change.
fn changed(phase: usize, label: &str, change: impl FnOnce(&Path)) -> PathBuf {
    let folder = scratch(&format!("standing-{label}"));
    fixtures::copy(&Case::named("ecdsa-3").phases().phase(phase), &folder);
    change(&folder);
    folder
}

fn take(from: usize, file: &str) -> impl FnOnce(&Path) {
    let source = Case::named("ecdsa-3").phases().phase(from).join(file);
    let file = file.to_owned();
    move |folder| {
        fs::copy(source, folder.join(file)).expect("a file can be copied");
    }
}

#[test]
fn what_is_out_of_line_is_named() {
    let pki = "cp2/etc/kubernetes/pki";
    let kubelet = fs::canonicalize(Case::named("ecdsa-3").phases().node(1, "cp2").join("var/lib/kubelet/pki"));
    let kubelet = fs::read_dir(kubelet.expect("a node has a kubelet")).expect("it can be listed");
    let kubelet =
        kubelet.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("a name is text"));
    let kubelet =
        kubelet.filter(|name| name.starts_with("kubelet-client-2")).max().expect("a kubelet has a certificate");
    let cases: [(&str, PathBuf, &str); 6] = [
        (
            "a kubeconfig one phase behind",
            changed(1, "kubeconfig", take(0, "cp2/etc/kubernetes/scheduler.conf")),
            "/etc/kubernetes/scheduler.conf: it trusts the old CA alone",
        ),
        (
            "the order wrong",
            changed(1, "order", |folder| {
                let path = folder.join(pki).join("ca.crt");
                let text = fs::read_to_string(&path).expect("a bundle is text");
                let (first, second) = text.split_at(text.rfind("-----BEGIN").expect("a bundle has two"));
                fs::write(&path, format!("{second}{first}")).expect("a file can be written");
            }),
            "/etc/kubernetes/pki/ca.crt: it trusts both, the new CA first",
        ),
        (
            "a bundle to sign with",
            changed(1, "signing", |folder| {
                let pki = folder.join(pki);
                fs::copy(pki.join("ca.crt"), pki.join("ca-signing.crt")).expect("a file can be copied");
            }),
            "/etc/kubernetes/pki/ca-signing.crt: the signing file is a bundle: kube-controller-manager dies of that as soon as it leads",
        ),
        (
            "the new key beside the old certificate",
            changed(1, "key", take(2, "cp2/etc/kubernetes/pki/ca.key")),
            "/etc/kubernetes/pki/ca.key: it is the new CA's key",
        ),
        (
            "the kubelet's certificate still old",
            changed(2, "kubelet", |folder| {
                let pki = folder.join("cp2/var/lib/kubelet/pki");
                fs::remove_file(pki.join("kubelet-client-current.pem")).expect("it is there");
                let old = Case::named("ecdsa-3").phases().node(1, "cp2").join("var/lib/kubelet/pki").join(&kubelet);
                fs::copy(old, pki.join("kubelet-client-current.pem")).expect("a file can be copied");
            }),
            "/var/lib/kubelet/pki/kubelet-client-current.pem: the kubelet's certificate is signed by the old CA",
        ),
        (
            "the old apiserver certificate",
            changed(2, "leaf", |folder| {
                take(1, "cp2/etc/kubernetes/pki/apiserver.crt")(folder);
                take(1, "cp2/etc/kubernetes/pki/apiserver.key")(folder);
            }),
            "/etc/kubernetes/pki/apiserver.crt: its certificate is signed by the old CA",
        ),
    ];
    for (what, folder, expected) in &cases {
        let report = inspect(&[folder]);
        for holder in &report.rotation.holders {
            let said: Vec<_> = holder.out_of_line.iter().map(|one| format!("{}: {}", one.place, one.seen)).collect();
            let wanted: &[&str] = if holder.name == "cp2" { &[expected] } else { &[] };
            assert_eq!(said, wanted, "{what}: {}", holder.name);
        }
        let finding = report.findings.iter().find(|finding| finding.code == "out-of-line");
        assert!(finding.is_some_and(|finding| finding.file.contains("cp2/")), "{what}: {finding:?}");
    }
}

/// A CA created by OpenSSL in each kubeconfig, as a proxy requires it: it is not part of the rotation, whatever its
/// age.
#[test]
fn a_foreign_ca_does_not_hide_a_rotation() {
    let phases = Case::named("ecdsa-3").phases();
    for (phase, year) in [(1, 2020), (1, 2027), (2, 2020), (2, 2027)] {
        let label = format!("foreign-{phase}-{year}");
        let folder = changed(phase, &label, |folder| {
            for name in ["admin.conf", "scheduler.conf", "kubelet.conf"] {
                let path = folder.join("cp1/etc/kubernetes").join(name);
                let text = fs::read(&path).expect("it can be read");
                let both = replace_trusted_cas(&text, |own| [own, root("Example Root CA", year)].concat());
                fs::write(&path, both).expect("it can be written");
            }
        });
        let (report, whole) = (inspect(&[&folder]), inspect(&[&phases.phase(phase)]));
        assert_eq!(report.rotation.authorities, whole.rotation.authorities, "phase {phase}");
        let standings = |report: &InventoryReport| -> Vec<_> {
            report.rotation.holders.iter().map(|holder| (holder.standing, holder.out_of_line.clone())).collect()
        };
        assert_eq!(standings(&report), standings(&whole), "phase {phase}");
        assert!(!report.rotation.authorities.is_empty());
        let asked = report.findings.iter().filter(|finding| finding.code == "foreign-ca");
        assert_eq!(asked.count(), 3, "{:?}", report.findings);
        assert!(check(phase, &[&folder]).0, "phase {phase} is done all the same");
    }
}

/// A file that phase 3 deletes still exists: only a warning.
#[test]
fn a_signing_file_that_nothing_names_is_a_warning() {
    let case = Case::named("ecdsa-3");
    let folder = changed(3, "left-over", take(2, "cp2/etc/kubernetes/pki/ca-signing.crt"));
    let (holds, report) = check(3, &[&folder, &case.rotation().root()]);
    assert!(holds, "{report:#}");
    let codes: Vec<_> = report["findings"].as_array().expect("a list").iter().map(|one| one["code"].as_str()).collect();
    assert!(codes.contains(&Some("left-over")), "{codes:?}");
}
