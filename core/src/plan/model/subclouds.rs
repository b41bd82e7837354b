//! How a distributed cloud rotates the CAs of its subclouds.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::new_authority::NewAuthority;

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
    /// Options that dcmanager would reject, or ignore without a message. Sentences without a period; empty if all are
    /// valid.
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
    pub(crate) fn arguments(&self, new: &NewAuthority) -> Vec<String> {
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
