//! The choices of a session as a small JSON file, without keys, so that a reload loses nothing else.
//!
//! Not saved: what was confirmed for the files of that moment (accepted outages, acknowledged dependencies, starting over).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    form::{AuthorityForm, PlanForm},
    work::LoadedFile,
};

/// The format that is written and read.
const FORMAT: u32 = 1;

/// No file of choices is larger. Bytes.
pub const MAX_SIZE: usize = 1 << 20;

/// The file's name without its ending.
const NAME: &str = "airlock-choices";

/// The choices of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choices {
    /// [`FORMAT`].
    airlock_choices: u32,
    /// The id of the chosen platform; none where it was detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// The options.
    pub(super) form: PlanForm,
}

/// The name of the file.
pub fn file_name() -> String {
    format!("{NAME}.json")
}

/// Is that the name of such a file? Browsers number downloads of one name.
pub fn is_file_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".json").is_some_and(|stem| stem.starts_with(NAME))
}

/// Reads a file of choices; `None` if it is none, or of another format.
pub fn read(bytes: &[u8]) -> Option<Choices> {
    let choices: Choices = serde_json::from_slice(bytes).ok()?;
    (choices.airlock_choices == FORMAT).then_some(choices)
}

impl Choices {
    /// The choices of a session: the platform that the person chose, and the options.
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
    /// Takes saved options. What depends on the loaded files stays as it is.
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
    /// The same CA with saved options. A file that is not loaded is not chosen.
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
