//! Reads files into an inventory.

use super::{
    assign, authorities, checks,
    model::{
        inventory::{InspectOptions, Inventory},
        signers::Signers,
    },
    standing,
};
use crate::{input::InputFile, time::UnixTime};

/// Looks at every file and puts what it recognises into its place.
///
/// `files` are as the skin read them; archives among them are opened. `now` judges what has expired.
#[must_use]
pub fn inspect(files: Vec<InputFile>, now: UnixTime) -> Inventory {
    inspect_with(files, InspectOptions::default(), now)
}

/// As [`inspect`], with what the person says about the files.
#[must_use]
pub fn inspect_with(files: Vec<InputFile>, options: InspectOptions<'_>, now: UnixTime) -> Inventory {
    let mut inventory = assign::assign(files, options);
    inventory.keys = inventory.collect_keys();
    inventory.signers = Signers::of(&inventory);
    inventory.rotations = standing::rotations(&inventory);
    inventory.authorities = authorities::find(&mut inventory);
    let others = inventory.take_other_clusters();
    if others.is_some() {
        inventory.rotations = standing::rotations(&inventory);
        inventory.authorities = authorities::find(&mut inventory);
    }
    inventory.standings = standing::holders(&inventory);
    inventory.cluster = inventory.cluster_name();
    inventory.refuse_unsupported();
    if !inventory.is_unsupported() {
        checks::check(&mut inventory, now);
        let findings = standing::findings(&inventory);
        inventory.findings.extend(findings);
    }
    if let Some(others) = others {
        inventory.put_back(others);
    }
    inventory.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    inventory.findings.dedup();
    inventory
}
