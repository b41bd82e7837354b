//! The complete pipeline: inspect, plan, mint, package, archive; with checks of all output.

use airlock_core::{
    InputFile, InspectOptions, RotationRequest, UnixTime,
    formats::{kubeconfig, object, pem, static_pod, yaml},
    inspect_with, mint, package,
    package::{OutputFile, PackageError},
    plan,
    profile::Profile,
    x509::{Certificate, PrivateKey},
};
use serde_json::Value;

use crate::{keys, secrets::Secrets};

/// Runs the pipeline as far as the input allows.
///
/// # Panics
///
/// If any text contains a private key, or a file of the package cannot be parsed again.
pub fn run(
    files: Vec<InputFile>,
    platform: Option<&'static Profile>,
    request: &RotationRequest,
    now: UnixTime,
    secrets: &Secrets,
) {
    let inventory = inspect_with(files, InspectOptions { platform, ..InspectOptions::default() }, now);
    silent(&serde_json::to_string(&inventory.report(now)).expect("a report is JSON"), secrets);
    silent(&format!("{inventory:?}"), secrets);
    let plan = match plan(&inventory, request, now) {
        Ok(plan) => plan,
        Err(refusal) => return silent(&refusal.to_string(), secrets),
    };
    silent(&serde_json::to_string(&plan.report()).expect("a report is JSON"), secrets);
    let Some(keys) = keys::for_plan(&plan) else { return };
    let minted = match mint(&plan, keys) {
        Ok(minted) => minted,
        Err(error) => return silent(&error.to_string(), secrets),
    };
    match package(&plan, &minted) {
        Ok(files) => {
            for file in files.files() {
                reads_back(file, secrets);
            }
            silent(&serde_json::to_string(&files.report()).expect("a report is JSON"), secrets);
        }
        Err(PackageError::Broken(broken)) => silent(&broken.finding().to_string(), secrets),
        // Planning tries every edit, so packaging must not fail.
        Err(error) => panic!("a plan was made that cannot be packaged: {error}"),
    }
}

fn silent(text: &str, secrets: &Secrets) {
    assert!(secrets.find_in(text).is_none(), "a private key is shown");
}

/// Parses a file of the package as its consumer does. Files of the backup are copies of the input.
fn reads_back(file: &OutputFile, secrets: &Secrets) {
    let OutputFile { path, bytes, secret, .. } = file;
    if path.starts_with("0-backup/") || path.starts_with("undo/") {
        return;
    }
    if !secret && let Ok(text) = std::str::from_utf8(bytes) {
        silent(text, secrets);
    }
    let certificates = || {
        let scan = pem::blocks(bytes);
        assert!(scan.problems.is_empty() && !scan.blocks.is_empty(), "{path}: {:?}", scan.problems);
        for block in scan.blocks.iter().filter(|block| block.label == "CERTIFICATE") {
            Certificate::from_der(&block.der).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        for block in scan.blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")) {
            PrivateKey::from_pem_block(&block.label, &block.der).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    };
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("crt" | "key" | "pem") => certificates(),
        Some("conf") => drop(kubeconfig::parse(bytes).unwrap_or_else(|error| panic!("{path}: {error}"))),
        // The files of a talosconfig keep their original names.
        _ if path.contains("/clients/") => {}
        Some("json") => drop(serde_json::from_slice::<Value>(bytes).unwrap_or_else(|error| panic!("{path}: {error}"))),
        Some("yaml") if path.contains("/manifests/") => {
            drop(static_pod::parse(bytes).unwrap_or_else(|error| panic!("{path}: {error}")));
        }
        // A patch for `kubeadm --patches`: a list of operations (RFC 6902).
        Some("yaml") if path.contains("/patches/") => {
            let patches = yaml::documents(bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(matches!(patches.as_slice(), [Value::Array(operations)] if !operations.is_empty()), "{path}");
        }
        // A patch for Talos machines: documents, some of which only mark what to delete.
        Some("yaml") if path.ends_with(".patch.yaml") || path.ends_with("secrets.yaml") => {
            drop(yaml::documents(bytes).unwrap_or_else(|error| panic!("{path}: {error}")));
        }
        Some("yaml") => {
            let objects = object::objects(bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
            let documents = yaml::documents(bytes).expect("what holds objects is YAML");
            assert_eq!(objects.len(), documents.len(), "{path}: a document is no object");
        }
        _ => {}
    }
}
