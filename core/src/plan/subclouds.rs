//! The options of `dcmanager kube-rootca-update-strategy create`, and the combinations that dcmanager rejects.
//!
//! Source: starlingx/distcloud-client: dcmanagerclient/commands/v1/sw_update_manager.py (`validate_group_params`) and
//! kube_rootca_update_manager.py; starlingx/distcloud: dcmanager/api/controllers/v1/sw_update_strategy.py and
//! dcmanager/orchestrator/orchestrator_manager.py (`_process_extra_args_creation`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{NewAuthority, RotationRequest};
use crate::{
    Finding, UnixTime,
    formats::sysinv,
    profile::{AuthorityRow, Profile},
};

/// The largest number of subclouds that current releases update in parallel (distcloud: `MAX_PARALLEL_SUBCLOUDS_LIMIT`);
/// releases of 2021 take 100.
pub const MAX_PARALLEL_SUBCLOUDS: u32 = 5000;

/// Which subclouds a strategy updates, and how. Without a name and a group: all that are managed and online.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SubcloudStrategy {
    /// The name of a single subcloud.
    pub cloud_name: Option<String>,
    /// The name or ID of a subcloud group (`--group`).
    pub group: Option<String>,
    /// How subclouds are updated (`--subcloud-apply-type`); `None` for the setting of each subcloud group.
    pub apply_type: Option<SubcloudApplyType>,
    /// How many subclouds are updated in parallel (`--max-parallel-subclouds`); `None` for the setting of each group.
    pub max_parallel: Option<u32>,
    /// Start no further subcloud after a failure (`--stop-on-failure`).
    pub stop_on_failure: bool,
    /// Update subclouds that are in-sync as well (`--force`).
    pub force: bool,
    /// The path, on the system controller, of a PEM file with the new CA's certificate and key (`--cert-file`).
    pub cert_file: Option<String>,
}

/// How dcmanager updates several subclouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // dcmanager has two
pub enum SubcloudApplyType {
    /// Several at a time.
    Parallel,
    /// One after the other.
    Serial,
}

impl fmt::Display for SubcloudApplyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parallel => "parallel",
            Self::Serial => "serial",
        })
    }
}

/// Reads `parallel` or `serial`; the error says so.
impl FromStr for SubcloudApplyType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "parallel" => Ok(Self::Parallel),
            "serial" => Ok(Self::Serial),
            _ => Err("--subcloud-apply-type is parallel or serial".to_owned()),
        }
    }
}

/// Reads the options as they follow `create` on dcmanager's command line: `--group edge --stop-on-failure`, or
/// `--force subcloud1`. Values with spaces are in single or double quotes. The error is one sentence without a period.
impl FromStr for SubcloudStrategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut strategy = Self::default();
        let mut words = words(text)?.into_iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (word, None),
            };
            let has_value = value.is_some();
            let mut value = || value.clone().or_else(|| words.next()).ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--stop-on-failure" | "--force" if has_value => return Err(format!("{name} takes no value")),
                "--stop-on-failure" => strategy.stop_on_failure = true,
                "--force" => strategy.force = true,
                "--group" => strategy.group = Some(value()?),
                "--subcloud-apply-type" => strategy.apply_type = Some(value()?.parse()?),
                "--max-parallel-subclouds" => {
                    let number = value()?.parse().map_err(|_| "--max-parallel-subclouds needs a number")?;
                    strategy.max_parallel = Some(number);
                }
                "--cert-file" => strategy.cert_file = Some(value()?),
                "--subject" | "--expiry-date" => return Err(format!("{name} has a field of its own")),
                option if option.starts_with('-') => return Err(format!("dcmanager has no option {option} here")),
                _ if strategy.cloud_name.is_some() => return Err("dcmanager takes the name of one subcloud".to_owned()),
                _ => strategy.cloud_name = Some(name),
            }
        }
        Ok(strategy)
    }
}

/// Words between spaces; quotes keep spaces.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err("a quotation mark is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

impl SubcloudStrategy {
    /// What dcmanager would reject, or ignore without a word. Sentences without a period; empty where it takes everything.
    #[must_use]
    pub fn problems(&self, new: &NewAuthority) -> Vec<String> {
        let mut problems = Vec::new();
        let mut reject = |is_wrong: bool, message: &str| problems.extend(is_wrong.then(|| message.to_owned()));
        let group = self.group.is_some();
        reject(group && self.cloud_name.is_some(), "dcmanager takes a subcloud's name or --group, not both");
        reject(
            group && self.apply_type.is_some(),
            "dcmanager does not take --subcloud-apply-type with --group: the group has its own setting",
        );
        reject(
            group && self.max_parallel.is_some(),
            "dcmanager does not take --max-parallel-subclouds with --group: the group has its own setting",
        );
        reject(
            self.max_parallel.is_some_and(|number| number == 0 || number > MAX_PARALLEL_SUBCLOUDS),
            "--max-parallel-subclouds is a number from 1 to 5000",
        );
        let serial = self.apply_type == Some(SubcloudApplyType::Serial);
        reject(
            serial && self.max_parallel.is_some_and(|number| number > 1),
            "with --subcloud-apply-type serial, dcmanager updates one subcloud at a time and ignores --max-parallel-subclouds",
        );
        reject(
            self.cert_file.is_some() && (new.subject.is_some() || new.expiry_date.is_some()),
            "dcmanager takes --cert-file, or --subject and --expiry-date for a CA that each subcloud generates, not both",
        );
        for (what, name) in
            [("a subcloud's name", &self.cloud_name), ("--group", &self.group), ("--cert-file", &self.cert_file)]
        {
            let is_odd =
                |name: &String| name.trim().is_empty() || name.starts_with('-') || name.chars().any(char::is_control);
            reject(
                name.as_ref().is_some_and(is_odd),
                &format!("{what} must not be empty, begin with a dash, or contain control characters"),
            );
        }
        problems
    }

    /// The arguments after `create`, in the order of the client's help.
    pub(super) fn arguments(&self, new: &NewAuthority) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            arguments.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        option("--subcloud-apply-type", self.apply_type.map(|of| of.to_string()));
        option("--max-parallel-subclouds", self.max_parallel.map(|number| number.to_string()));
        option("--group", self.group.clone());
        option("--subject", new.subject.clone());
        option("--expiry-date", new.expiry_date.clone());
        option("--cert-file", self.cert_file.clone());
        let switches = [("--stop-on-failure", self.stop_on_failure), ("--force", self.force)];
        arguments.extend(switches.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name).to_owned()));
        arguments.extend(self.cloud_name.clone());
        arguments
    }
}

/// Options for subclouds on a platform that has none.
pub(super) fn check_platform(profile: &Profile, request: &RotationRequest, findings: &mut Vec<Finding>) {
    if !profile.takes_strategy() && *request.subclouds != SubcloudStrategy::default() {
        let message = format!("{} has no subclouds, and options for their strategy were given", profile.title);
        let remedy = "Leave them out, or choose the platform starlingx-dc";
        findings.push(Finding::error("subcloud-strategy", "", message).remedy(remedy));
    }
}

/// What dcmanager would reject, and what it has no option for.
pub(super) fn check(row: &AuthorityRow, request: &RotationRequest, now: UnixTime, findings: &mut Vec<Finding>) {
    let new = request.authorities.get(&row.id).cloned().unwrap_or_default();
    let mut reject = |message: String, remedy: &str| {
        findings.push(Finding::error("subcloud-strategy", "", message).remedy(remedy.to_owned()));
    };
    for problem in request.subclouds.problems(&new) {
        reject(problem, "Change the options of the strategy");
    }
    if let Some(Err(error)) = new.subject.as_deref().map(sysinv::subject) {
        reject(format!("dcmanager rejects the subject: {error}"), "Change --subject");
    }
    if let Some(Err(error)) = new.expiry_date.as_deref().map(|date| sysinv::expiry(date, now)) {
        reject(format!("dcmanager rejects the date: {error}"), "Change --expiry-date");
    }
    let taken =
        NewAuthority { subject: new.subject.clone(), expiry_date: new.expiry_date.clone(), ..Default::default() };
    if new != taken {
        reject(
            "each subcloud generates its CA with a subject and an expiry date, or takes one from --cert-file; other properties of the CA cannot be chosen".to_owned(),
            "Leave out the CA's name, key type and files. A package of the platform starlingx makes a file for --cert-file (1-trust-both/cluster/rootca.pem)",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategy(text: &str) -> SubcloudStrategy {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn options_are_read_as_they_follow_create() {
        let all = "--subcloud-apply-type parallel --max-parallel-subclouds=10 --stop-on-failure --force --cert-file '/root/new ca.pem'";
        let expected = SubcloudStrategy {
            apply_type: Some(SubcloudApplyType::Parallel),
            max_parallel: Some(10),
            stop_on_failure: true,
            force: true,
            cert_file: Some("/root/new ca.pem".to_owned()),
            ..SubcloudStrategy::default()
        };
        assert_eq!(strategy(all), expected);
        assert_eq!(strategy(""), SubcloudStrategy::default());
        assert_eq!(strategy("--force \"sub cloud\"").cloud_name.as_deref(), Some("sub cloud"));
        for wrong in [
            "--group",
            "--force=yes",
            "--subcloud-apply-type both",
            "--max-parallel-subclouds ten",
            "--max-parallel-subclouds -1",
            "one two",
            "--yes",
            "--subject CN=a",
            "'open",
        ] {
            assert!(wrong.parse::<SubcloudStrategy>().is_err(), "{wrong}");
        }
    }

    /// `validate_group_params` of the client, the server's own checks, and 0, which the client drops.
    #[test]
    fn combinations_that_dcmanager_rejects_are_problems() {
        let new = NewAuthority::default();
        for taken in [
            "",
            "subcloud1",
            "--group edge",
            "--group edge --stop-on-failure --force",
            "--subcloud-apply-type serial --stop-on-failure",
            "--subcloud-apply-type serial --max-parallel-subclouds 1",
            "--max-parallel-subclouds 5000 --cert-file ca.pem",
        ] {
            assert_eq!(strategy(taken).problems(&new), Vec::<String>::new(), "{taken}");
        }
        for rejected in [
            "--group edge subcloud1",
            "--group edge --subcloud-apply-type parallel",
            "--group edge --max-parallel-subclouds 2",
            "--max-parallel-subclouds 0",
            "--max-parallel-subclouds 5001",
            "--subcloud-apply-type serial --max-parallel-subclouds 2",
            "--group ''",
            "--group=-x",
        ] {
            assert_eq!(strategy(rejected).problems(&new).len(), 1, "{rejected}");
        }
        let dated = NewAuthority { expiry_date: Some("2031-01-01".to_owned()), ..NewAuthority::default() };
        assert_eq!(strategy("--cert-file ca.pem").problems(&dated).len(), 1);
        assert_eq!(strategy("--group edge").problems(&dated), Vec::<String>::new());
    }
}
