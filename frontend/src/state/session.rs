//! Saves the options of a session as a JSON file, without keys, so that they survive a reload.
//!
//! Not saved: confirmations for the loaded files (accepted outages, acknowledged dependencies, starting over).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    form::{AuthorityForm, PlanForm},
    work::LoadedFile,
};

/// The version of the format.
const FORMAT: u32 = 1;

/// The maximum size of a file of options, in bytes.
pub const MAX_SIZE: usize = 1 << 20;

/// The file's name without its extension.
const NAME: &str = "airlock-choices";

/// Saved options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choices {
    /// [`FORMAT`].
    airlock_choices: u32,
    /// The id of the chosen platform; `None` if it was detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// The options.
    pub(super) form: PlanForm,
}

/// The file's name.
pub fn file_name() -> String {
    format!("{NAME}.json")
}

/// Is it the name of such a file? Browsers add numbers to repeated downloads.
pub fn is_file_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".json").is_some_and(|stem| stem.starts_with(NAME))
}

/// Parses a file of options; `None` if it is invalid, or of another format version.
pub fn read(bytes: &[u8]) -> Option<Choices> {
    let choices: Choices = serde_json::from_slice(bytes).ok()?;
    (choices.airlock_choices == FORMAT).then_some(choices)
}

impl Choices {
    /// The options of a session, with the platform that the person chose.
    pub fn of(platform: Option<&str>, form: PlanForm) -> Self {
        Self { airlock_choices: FORMAT, platform: platform.map(str::to_owned), form }
    }

    /// The chosen platform, if it is a known one.
    pub fn platform(&self) -> Option<&'static str> {
        airlock_core::profile::named(self.platform.as_deref()?).map(|profile| profile.id)
    }

    /// As a file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("Invariant: choices have a JSON form") + "\n"
    }
}

impl PlanForm {
    /// Applies saved options. Values derived from the loaded files stay.
    pub(super) fn adopt(&mut self, saved: Self, files: &[LoadedFile]) {
        let authorities = std::mem::take(&mut self.authorities);
        let adopted = authorities.into_iter().map(|current| {
            let of_it = saved.authorities.iter().find(|one| one.id == current.id);
            of_it.map_or_else(|| current.clone(), |one| current.adopt(one, files))
        });
        *self = Self {
            authorities: adopted.collect(),
            possible: self.possible,
            takes_strategy: self.takes_strategy,
            under_way: std::mem::take(&mut self.under_way),
            outages: std::mem::take(&mut self.outages),
            start_over: false,
            confirmed: false,
            accept_outage: false,
            acknowledged: BTreeSet::new(),
            ..saved
        };
    }
}

impl AuthorityForm {
    /// The same CA with saved options, without files that are not loaded.
    fn adopt(&self, saved: &Self, files: &[LoadedFile]) -> Self {
        let loaded = |path: &String| files.iter().any(|file| file.path == *path);
        let chosen = |path: &String| if loaded(path) { path.clone() } else { String::new() };
        Self {
            title: self.title.clone(),
            progress: self.progress.clone(),
            proposed_name: self.proposed_name.clone(),
            same_key: self.same_key,
            whole_subject: self.whole_subject,
            key_algorithm: saved.key_algorithm.or_else(|| self.key_algorithm.filter(|_| self.same_key.is_none())),
            certificate: chosen(&saved.certificate),
            key: chosen(&saved.key),
            ..saved.clone()
        }
    }
}

#[cfg(test)]
mod tests;
