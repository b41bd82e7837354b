//! Helpers that replace or add files of a cluster and run Airlock on it.

use std::{fs, path::Path, process::Command, sync::OnceLock};

use airlock_core::{
    Finding, InputFile, RotationRequest, Severity, inspect, mint, package,
    plan::{self, RotationPlan},
};
use airlock_tests::{fixtures, keys, tools};

/// The CA's certificate on the first node of `kubeadm/ecdsa-3`.
pub(crate) const CA: &str = "ecdsa-3/cp1/etc/kubernetes/pki/ca.crt";

pub(crate) fn cluster() -> Vec<InputFile> {
    fixtures::files("kubeadm/ecdsa-3")
}

/// The cluster's files, with these files replaced or added.
pub(crate) fn with(files: &[(&str, Vec<u8>)]) -> Vec<InputFile> {
    let mut all = cluster();
    all.retain(|file| files.iter().all(|(path, _)| file.path != *path));
    all.extend(files.iter().map(|(path, bytes)| InputFile::new(*path, bytes.clone())));
    all
}

/// The findings about `files` that the cluster's own files do not cause, and whether a plan can be made.
pub(crate) fn findings_of(files: Vec<InputFile>) -> (Vec<Finding>, bool) {
    static KNOWN: OnceLock<Vec<Finding>> = OnceLock::new();
    let now = fixtures::now();
    let known = KNOWN.get_or_init(|| inspect(cluster(), now).findings().to_vec());
    let inventory = inspect(files, now);
    let planned = plan::plan(&inventory, &RotationRequest::default(), now).is_ok();
    (inventory.findings().iter().filter(|finding| !known.contains(finding)).cloned().collect(), planned)
}

#[track_caller]
pub(crate) fn expect<'a>(findings: &'a [Finding], code: &str, severity: Severity, file: &str) -> &'a Finding {
    let found = findings.iter().find(|finding| finding.code == code && finding.file == file);
    let found = found.unwrap_or_else(|| panic!("no {code} at {file:?} in {findings:#?}"));
    assert_eq!(found.severity, severity, "{found}");
    found
}

/// The command in a finding's remedy: the text after the first colon.
pub(crate) fn command(finding: &Finding) -> &str {
    finding
        .remedy
        .split_once(": ")
        .expect("the remedy names a command")
        .1
        .split(". ")
        .next()
        .expect("a split has a part")
}

/// Runs the remedy's command on a file `FILE` in a folder, and returns the content that it writes to `NEW`.
pub(crate) fn mended(finding: &Finding, bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run(command(finding), folder.path(), bytes);
    fs::read(folder.path().join("NEW")).unwrap_or_else(|error| panic!("{}: {error}", finding.remedy))
}

/// Runs a command in a shell, with these bytes as `FILE`.
pub(crate) fn run(command: &str, folder: &Path, bytes: &[u8]) {
    fs::write(folder.join("FILE"), bytes).expect("a file can be written");
    tools::succeed(Command::new("sh").arg("-c").arg(command).current_dir(folder));
}

/// The plan for these files, and the files of its package.
pub(crate) fn packed(files: Vec<InputFile>) -> (RotationPlan, Vec<(String, Vec<u8>)>) {
    let now = fixtures::now();
    let inventory = inspect(files, now);
    let plan = plan::plan(&inventory, &RotationRequest::default(), now).unwrap_or_else(|refusal| panic!("{refusal}"));
    let algorithms: Vec<_> = plan.key_requests().iter().map(|request| request.algorithm).collect();
    let minted = mint(&plan, keys::make(&algorithms)).expect("the plan can be minted");
    let output = package(&plan, &minted).unwrap_or_else(|error| panic!("{error}"));
    let written = output.files().map(|file| (file.path.clone(), file.bytes.to_vec())).collect();
    (plan, written)
}
