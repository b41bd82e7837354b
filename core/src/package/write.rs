//! Proves a plan and writes its package.

use std::{collections::BTreeMap, sync::Arc};

use zeroize::Zeroizing;

use super::{
    backup, manifest,
    output::{OutputFile, OutputFiles, PackageError, edits},
    runbook, scripts,
};
use crate::{
    mint::Minted,
    plan::{AuthorityChange, Edit, FileContent, KeyHome, RotationPlan, Source, request_path},
    render::Renderer,
    simulate::{TrustMatrix, simulate},
};

/// Proves the rotation, and writes every file of the package.
///
/// # Errors
/// A [`PackageError`] if an edge would break whose outage was not accepted, or if a given file cannot be changed in place.
pub fn package(plan: &RotationPlan, minted: &Minted) -> Result<OutputFiles, PackageError> {
    let matrix = simulate(plan, minted)?;
    match matrix.refusal(plan.accept_outage) {
        Some(broken) => Err(PackageError::Broken(Box::new(broken))),
        None => write(plan, minted, matrix),
    }
}

/// Writes every file of a package, whatever `matrix` says.
pub(crate) fn write(plan: &RotationPlan, minted: &Minted, matrix: TrustMatrix) -> Result<OutputFiles, PackageError> {
    let mut output = OutputFiles { name: plan.name.clone(), files: BTreeMap::new(), matrix };
    let renderer = Renderer { minted, plan };
    for (step, edit) in edits(plan).filter(|(_, edit)| !edit.output.is_empty()) {
        let bytes = renderer.bytes(&edit.content)?;
        let purpose = format!("{}: {} → {}", edit.target, edit.before, edit.after);
        output.add(OutputFile {
            path: edit.output.clone(),
            mode: edit.mode,
            secret: renderer.is_secret(&edit.content),
            bytes,
            phase: step.phase.number(),
            holder: step.place().to_string(),
            purpose,
            replaces: replaced(edit),
            appliable: matches!(edit.content, FileContent::Object(_)),
        })?;
    }
    let elsewhere =
        |authority_change: &&AuthorityChange| authority_change.key_home != KeyHome::Nodes && authority_change.has_key();
    for authority_change in plan.authority_changes.values().filter(elsewhere) {
        let (certificate, key) = renderer.authority_files(authority_change);
        let name = authority_change.base_name(plan.profile);
        let purpose = format!("the new {}, for where the old key is kept", authority_change.title);
        output.add(OutputFile::whole(format!("ca-keys/{name}.crt"), 0o644, certificate, purpose.clone()))?;
        output.add(OutputFile {
            secret: true,
            ..OutputFile::whole(format!("ca-keys/{name}.key"), 0o600, key, purpose)
        })?;
    }
    for (replacement, minted) in plan.requests.iter().zip(&minted.requests) {
        let path = request_path(&replacement.owner);
        let request = Zeroizing::new(minted.request.clone().into_bytes());
        let purpose = format!("the signing request of {}", replacement.owner);
        output.add(OutputFile::whole(format!("{path}.csr"), 0o644, request, purpose))?;
        let key = Zeroizing::new(minted.key.to_pem().as_bytes().to_vec());
        let purpose = format!("the private key of {}, until its certificate is there", replacement.owner);
        let key = OutputFile { secret: true, ..OutputFile::whole(format!("{path}.key"), 0o600, key, purpose) };
        output.add(key)?;
    }
    for file in backup::files(plan) {
        output.add(file)?;
    }
    for script in scripts::scripts(plan, &renderer, &output) {
        output.add(script)?;
    }
    let text = |text: String| Zeroizing::new(text.into_bytes());
    let runbook = runbook::runbook(plan, minted, &output.matrix);
    output.add(OutputFile::whole("RUNBOOK.md".into(), 0o644, text(runbook), "what to do, step by step".into()))?;
    let readme = runbook::readme(plan);
    output.add(OutputFile::whole("README.txt".into(), 0o644, text(readme), "what this package is".into()))?;
    let manifest = manifest::manifest(plan, minted, &output);
    output.add(OutputFile::whole("manifest.json".into(), 0o644, text(manifest), "the package for machines".into()))?;
    let sums = output.checksums();
    output.add(OutputFile::whole("SHA256SUMS".into(), 0o644, text(sums), "checked with sha256sum -c".into()))?;
    Ok(output)
}

/// What a file is compared with: an object with itself as it was given, not with the whole list it came in.
pub(crate) fn replaced(edit: &Edit) -> Option<Source> {
    let FileContent::Object(change) = &edit.content else { return edit.source.clone() };
    let Some(stored) = change.stored() else {
        return edit.source.clone();
    };
    let yaml = stored.object.to_yaml();
    Some(Source { file: stored.file.clone(), bytes: Arc::new(Zeroizing::new(yaml.as_bytes().to_vec())) })
}
