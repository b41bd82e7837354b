//! Common operator faults, planted into a plan. The connection matrix must predict each fault, and each must break a
//! real cluster in the predicted connection.
//!
//! `cargo xtask lab faults` applies the correct plan to a cluster, and puts it into the state in which each fault has
//! an effect: which kube-controller-manager leads, which components have restarted, which nodes have joined.

use std::{collections::BTreeMap, fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path};

use airlock_core::{
    InputFile, RotationRequest, UnixTime,
    faults::{Fault, package_unproved},
    inspect, mint,
    package::OutputFiles,
    plan::RotationPlan,
    simulate::{Outcome, TrustMatrix},
    x509::{PrivateKey, Rules},
};
use airlock_tests::{
    fixtures, handshakes, keys,
    lab::{Lab, read},
};
use serde_json::Value;

/// The effect of each fault: the step after which it occurs, the connection or row, and the error of a broken
/// handshake. The error is empty if the fault is that credentials of the old CA are still accepted.
const BROKEN: [(Fault, &str, &str, &str); 28] = [
    (Fault::SwappedAuthorities, "1-cp1", "admin-apiserver/cp1", "401 Unauthorized"),
    (Fault::BundleInStandbysSigningFile, "1-cp2", "requester-apiserver", "no certificate was signed"),
    (Fault::EarlyDropInKubeconfigs, "1-clients", "given-clients-apiserver", "signed by unknown authority"),
    (Fault::PodsBeforeBarrier, "2-cp1", "pods-apiserver", "signed by unknown authority"),
    (Fault::PodsNotRestarted, "2-cp1", "pods-apiserver", "signed by unknown authority"),
    (Fault::WorkersBeforeClusterInfo, "2-cp1", "kubelet-apiserver/workers", "signed by unknown authority"),
    (Fault::WorkersSkippedInPhase1, "2-cp1", "kubelet-apiserver/workers", "signed by unknown authority"),
    (Fault::StaleClusterInfo, "2-cp1", "joining-apiserver", "signed by unknown authority"),
    (Fault::NodeSkippedInPhase1, "2-cp1", "admin-apiserver/cp1", "401 Unauthorized"),
    (Fault::ControllerManagerNotRestarted, "2-cp1", "pods-apiserver", "signed by unknown authority"),
    (Fault::AggregatorTooEarly, "2-cp1", "aggregator-extension/cp1", "signed by unknown authority"),
    (Fault::MissingSan, "2-cp1", "admin-apiserver/cp1", "doesn't contain any IP SANs"),
    (Fault::LeafOfWrongAuthority, "2-cp1", "admin-apiserver/cp1", "signed by unknown authority"),
    (Fault::NotYetValid, "2-cp1", "admin-apiserver/cp1", "expired or is not yet valid"),
    (Fault::ExpiredLeaf, "2-cp1", "admin-apiserver/cp1", "expired or is not yet valid"),
    (Fault::WrongUsage, "2-cp1", "apiserver-kubelet/cp1", "401 Unauthorized"),
    (Fault::EarlyDrop, "2-cp1", "kubelet-apiserver/workers", "401 Unauthorized"),
    (Fault::KeyOfAnotherCertificate, "2-cp1", "admin-apiserver/cp1", "connection refused"),
    (Fault::KubeletNotRestarted, "2-cp2", "kubelet-apiserver/cp2", "signed by unknown authority"),
    (Fault::KubeconfigNotPatched, "2-cp2", "scheduler-apiserver/cp2", "signed by unknown authority"),
    (Fault::NewCertificateOldKey, "2-cp2", "requester-apiserver", "no certificate was signed"),
    (Fault::RenewedWithoutLeader, "2-cp1-kubelet", "requester-apiserver", "no certificate was signed"),
    (Fault::CredentialsNotReplaced, "3-cp1", "given-clients-apiserver", "401 Unauthorized"),
    (Fault::WorkersNotRenewed, "3-cp1", "kubelet-apiserver/workers", "401 Unauthorized"),
    (Fault::NodeSkippedInPhase2, "3-cp1", "admin-apiserver/cp2", "401 Unauthorized"),
    (Fault::KubeletNotRenewed, "3-cp2", "kubelet-apiserver/cp2", "401 Unauthorized"),
    (Fault::NothingForgotten, "3-after-care", "old-front-proxy-extension", ""),
    (Fault::OldKept, "3-after-care", "old-client-apiserver", ""),
];

/// The log message of a real component that reports a fault; these need no handshakes.
const LOGGED: [(Fault, &str); 3] = [
    (Fault::BundleInStandbysSigningFile, "expected 1 certificate, found 2"),
    (Fault::KeyOfAnotherCertificate, "private key does not match public key"),
    (Fault::NewCertificateOldKey, "private key does not match public key"),
];

#[test]
fn every_planted_fault_is_red_and_breaks_a_real_cluster() {
    let lab = Lab::up("lab-test-faults", &["--control-planes", "2", "--workers", "1", "--spares", "1"]);
    let given = ClusterFiles::of(&lab);
    let base = given.package(None);
    assert_eq!(base.matrix().first_broken(), None);
    write_package(&base, &lab.directory.join("base"));
    let mut matrices = BTreeMap::new();
    for fault in Fault::ALL.into_iter().chain([Fault::KeyIdOfWrongAuthority]) {
        let package = given.package(Some(fault));
        write_package(&package, &lab.directory.join("faulty").join(format!("{fault:?}")));
        matrices.insert(format!("{fault:?}"), package.matrix().clone());
    }
    for fault in Fault::ALL {
        assert!(matrices[&format!("{fault:?}")].first_broken().is_some(), "{fault:?} is not red");
    }

    let path = |name: &str| lab.directory.join(name).display().to_string();
    lab.xtask(&["faults", &path("base"), &path("faulty")]);
    let report = read(&lab.directory.join("faults.json"));

    let comparison = lab.compare(&report["handshakes"]);
    println!("handshakes as predicted: {:?}; {} not asked", comparison.agreed, comparison.not_predicted);
    assert!(comparison.mismatches.is_empty(), "without a fault:\n{}", comparison.mismatches.join("\n"));
    assert!(comparison.missing.is_empty(), "no handshake was made of\n{}", comparison.missing.join("\n"));

    let mut table = String::new();
    let mut wrong = Vec::new();
    for (fault, step, edge, message) in BROKEN {
        let name = format!("{fault:?}");
        let seen = &report["faults"][&name];
        let _ = writeln!(table, "{name}: {step}, {edge}: {}", first(seen));
        if seen["step"] != step || seen["row"] != edge {
            wrong.push(format!("{name} was not brought about after {step} on {edge}"));
        }
        if !breaks(seen, message) {
            wrong.push(format!("{name}: no handshake of {edge} says {message:?}: {seen}"));
        }
        for edge in edges(seen) {
            if predicted(&matrices[&name], edge, step, |verdict| verdict.outcome) != Some(Outcome::Broken) {
                wrong.push(format!("{name} broke {edge} after {step}, where the matrix is not red"));
            }
        }
    }
    for (fault, words) in LOGGED {
        let heard = report["faults"][format!("{fault:?}")]["heard"].as_str().unwrap_or_default();
        if !heard.contains(words) {
            wrong.push(format!("{fault:?}: nobody said {words:?} but {heard:?}"));
        }
    }

    // Go treats the key identifier as a hint; OpenSSL does not find the issuer. The matrix predicts both.
    let name = "KeyIdOfWrongAuthority";
    let (seen, matrix) = (&report["faults"][name], &matrices[name]);
    assert!(breaks(seen, "unable to get local issuer certificate"), "{seen}");
    for edge in edges(seen) {
        assert_eq!(predicted(matrix, edge, "2-cp1", |verdict| verdict.outcome), Some(Outcome::Holds), "{edge}");
        assert_eq!(
            predicted(matrix, edge, "2-cp1", |verdict| verdict.by(Rules::OpenSsl)),
            Some(Outcome::Broken),
            "{edge}"
        );
    }
    assert_eq!(matrix.first_broken(), None);
    let by_go =
        seen["all"].as_array().expect("all handshakes were kept").iter().filter(|record| record["reader"] == "go");
    let by_go: Vec<_> = by_go.map(|record| record["outcome"].as_str()).collect();
    assert!(!by_go.is_empty() && by_go.iter().all(|outcome| *outcome == Some("accepted")), "{seen}");

    // The scripts detect these faults themselves and restore the kubelet's old certificate.
    for fault in [Fault::RenewedBeforeSwitch, Fault::RenewedWithoutLeader] {
        let said = report["faults"][format!("{fault:?}")]["said"].as_str().unwrap_or_default();
        assert!(said.contains("no certificate of the new CA arrived"), "{fault:?}: {said}");
    }

    println!("{table}");
    assert!(wrong.is_empty(), "{}\n{table}", wrong.join("\n"));
}

/// The cluster's files for `airlock`, with keys that are generated once, so that packages differ only in the planted
/// fault.
struct ClusterFiles {
    files: Vec<InputFile>,
    now: UnixTime,
    keys: Vec<PrivateKey>,
}

impl ClusterFiles {
    fn of(lab: &Lab) -> Self {
        let files = ["nodes", "clients", "cluster"].iter().flat_map(|name| fixtures::tree(&lab.directory.join(name)));
        let files: Vec<InputFile> = files.filter(|file| is_read(&file.path)).collect();
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        let now = UnixTime(i64::try_from(seconds).expect("before the sun is gone"));
        let mut given = Self { files, now, keys: Vec::new() };
        let algorithms: Vec<_> = given.plan().key_requests().iter().map(|request| request.algorithm).collect();
        given.keys = keys::make(&algorithms);
        given
    }

    fn plan(&self) -> RotationPlan {
        let inventory = inspect(self.files.clone(), self.now);
        airlock_core::plan(&inventory, &RotationRequest::default(), self.now)
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Builds a package, with a planted fault if one is given.
    fn package(&self, fault: Option<Fault>) -> OutputFiles {
        let mut plan = self.plan();
        let mut minted = mint(&plan, self.keys.clone()).expect("the plan can be minted");
        if let Some(fault) = fault {
            fault.plant(&mut plan, &mut minted);
        }
        package_unproved(&plan, &minted).expect("the plan can be packed")
    }
}

/// Whether a file of a node determines what a component trusts or presents.
fn is_read(path: &str) -> bool {
    !path.contains("/var/lib/kubelet/") || path.contains("/var/lib/kubelet/pki/") || path.ends_with("/config.yaml")
}

/// Writes a package into a folder.
fn write_package(package: &OutputFiles, folder: &Path) {
    for file in package.files() {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(&path, file.bytes.as_slice()).expect("a file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).expect("a mode can be set");
    }
}

/// The predicted state of a connection at a step.
fn predicted(
    matrix: &TrustMatrix,
    edge: &str,
    step: &str,
    which: impl Fn(&airlock_core::simulate::Verdict) -> Outcome,
) -> Option<Outcome> {
    let column = matrix.columns.iter().position(|column| column.id == step)?;
    let edge = matrix.edges.iter().find(|known| known.id == edge)?;
    edge.verdict(column).map(which)
}

/// The records of broken handshakes.
fn records(seen: &Value) -> &[Value] {
    seen["wrong"].as_array().map_or(&[], Vec::as_slice)
}

/// The connections with a broken handshake.
fn edges(seen: &Value) -> impl Iterator<Item = &str> {
    records(seen).iter().filter_map(|record| record["edge"].as_str())
}

fn breaks(seen: &Value, message: &str) -> bool {
    records(seen).iter().any(|record| record["message"].as_str().is_some_and(|words| words.contains(message)))
}

fn first(seen: &Value) -> String {
    records(seen).first().map(handshakes::describe).unwrap_or_default()
}
