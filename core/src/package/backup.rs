//! `0-backup`: every input that a later phase replaces, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::output::{OutputFile, edits};
use crate::{
    formats::redaction::holds_key,
    plan::{FileContent, Holder, PackagePath, RotationPlan},
};

/// The backup's files. An object's backup is the whole file it came in.
pub(super) fn files(plan: &RotationPlan) -> Vec<OutputFile> {
    let mut files: BTreeMap<String, OutputFile> = BTreeMap::new();
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for (node, slot) in &plan.workers {
        let path = format!("0-backup/workers/{}{}", PackagePath::name(node), slot.target);
        kept.insert(slot.source.file.clone());
        let purpose = format!("{} of {node} as it was given", slot.target);
        let file = OutputFile::whole(path.clone(), slot.mode, Zeroizing::clone(&slot.source.bytes), purpose);
        let secret = holds_key(&slot.source.bytes);
        files.insert(
            path,
            OutputFile { holder: Holder::Workers.to_string(), secret, replaces: Some(slot.source.clone()), ..file },
        );
    }
    for (role, name, source) in &plan.machines {
        let path = format!("0-backup/{}/{}.yaml", role.folder(), PackagePath::name(name));
        kept.insert(source.file.clone());
        let purpose = format!("the configuration of {name} as it was given in {}", source.file);
        let file = OutputFile::whole(path.clone(), 0o600, Zeroizing::clone(&source.bytes), purpose);
        let file =
            OutputFile { holder: Holder::Cluster.to_string(), secret: true, replaces: Some(source.clone()), ..file };
        files.insert(path, file);
    }
    for (step, edit) in edits(plan) {
        let Some(source) = &edit.source else { continue };
        if !kept.insert(source.file.clone()) {
            continue;
        }
        let folder = step.holder.folder();
        let in_phase = edit.output.split_once('/').map_or("", |(_, rest)| rest);
        let path = match (&step.holder, &edit.content) {
            // What a tool of the platform's replaces.
            _ if edit.output.is_empty() => format!("{folder}{}", edit.target),
            (Holder::Node(_) | Holder::Workers, _) => in_phase.to_owned(),
            (_, FileContent::Object(_)) => {
                let name = PackagePath::name(source.file.rsplit('/').next().unwrap_or(&source.file));
                unused(&files, &format!("{folder}/{name}"))
            }
            _ => in_phase.to_owned(),
        };
        let path = format!("0-backup/{path}");
        let secret = holds_key(&source.bytes);
        let file = OutputFile {
            holder: step.holder.to_string(),
            secret,
            replaces: Some(source.clone()),
            ..OutputFile::whole(
                path.clone(),
                if secret { 0o600 } else { edit.mode },
                Zeroizing::clone(&source.bytes),
                format!("{} as it was given in {}", edit.target, source.file),
            )
        };
        files.insert(path, file);
    }
    files.into_values().collect()
}

/// A path that no file of the backup has yet.
fn unused(files: &BTreeMap<String, OutputFile>, path: &str) -> String {
    let taken = |path: &str| files.contains_key(&format!("0-backup/{path}"));
    if !taken(path) {
        return path.to_owned();
    }
    let (stem, end) = path.rsplit_once('.').unwrap_or((path, "yaml"));
    let mut numbered = (2..).map(|number| format!("{stem}-{number}.{end}"));
    numbered.find(|path| !taken(path)).unwrap_or_else(|| path.to_owned())
}
