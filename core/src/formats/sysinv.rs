//! StarlingX: subject and expiry date of a new CA, parsed as its `sysinv` tool does.
//!
//! Source: starlingx/config: sysinv/sysinv/sysinv/sysinv/api/controllers/v1/kube_rootca_update.py, `get_subject` and
//! `_calculate_duration`. The functions here accept and refuse exactly the same inputs.

use crate::{
    time::{DAY, UnixTime},
    x509::{AuthorityName, NameAttribute},
};

/// Why the tool would refuse a subject or a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SysinvError {
    /// An unknown attribute.
    #[error("it has {0:?}, and only C, ST, L, O, OU and CN are taken")]
    Attribute(String),
    /// The common name is missing.
    #[error("it has no CN")]
    NoCommonName,
    /// The text is not a date.
    #[error("{0:?} is no date of the form YYYY-MM-DD")]
    NoDate(String),
    /// The CA would expire in less than a day.
    #[error("the CA would end within 24 hours")]
    TooSoon,
}

/// Parses `C=CA ST=ON L=Ottawa O=Company OU=Sale CN=kubernetes`: attributes in any order, separated by spaces; values
/// may contain spaces. If an attribute is repeated, the last value counts. Text before the first match is ignored, as
/// in the tool.
///
/// # Errors
/// If the tool would refuse it.
pub fn subject(text: &str) -> Result<AuthorityName, SysinvError> {
    let pairs = pairs(text);
    let value = |key: &str| pairs.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let known = |key: &str| key == "CN" || NameAttribute::ALL.iter().any(|attribute| attribute.as_str() == key);
    if let Some((key, _)) = pairs.iter().find(|(key, _)| !known(key)) {
        return Err(SysinvError::Attribute(key.clone()));
    }
    let common_name = value("CN").ok_or(SysinvError::NoCommonName)?;
    let attributes =
        NameAttribute::ALL.into_iter().filter_map(|attribute| Some((attribute, value(attribute.as_str())?)));
    let attributes: Vec<_> = attributes.collect();
    Ok(if attributes.is_empty() {
        AuthorityName::Common(common_name)
    } else {
        AuthorityName::Distinguished(attributes, common_name)
    })
}

/// Formats the subject for the tool.
#[must_use]
pub fn text(name: &AuthorityName) -> String {
    match name {
        AuthorityName::Distinguished(attributes, common_name) => {
            let attributes = attributes.iter().map(|(attribute, value)| format!("{}={value} ", attribute.as_str()));
            attributes.collect::<String>() + &format!("CN={common_name}")
        }
        other => other.to_string(),
    }
}

/// Matches of Python's `re.findall(r"([^=]+=[^=]+)(?:\s|$)", text)`: a key up to `=`, then the longest text without
/// another `=` that ends before a space or at the end.
fn pairs(text: &str) -> Vec<(String, String)> {
    let characters: Vec<char> = text.chars().collect();
    let mut pairs = Vec::new();
    let mut start = 0;
    while let Some(sign) = (start..characters.len()).find(|at| characters[*at] == '=') {
        let end = (sign + 1..characters.len()).find(|at| characters[*at] == '=').unwrap_or(characters.len());
        let closes = |at: &usize| characters.get(*at).is_none_or(|next| is_space(*next));
        let close = (sign + 2..=end).rev().find(closes).filter(|_| sign > start);
        match close {
            Some(close) => {
                let part = |from: usize, to: usize| characters[from..to].iter().collect::<String>();
                pairs.push((part(start, sign), part(sign + 1, close)));
                start = close + 1;
            }
            None => start = sign + 1,
        }
    }
    pairs
}

/// Whether Python's `\s` matches: whitespace, and four ASCII separators that Unicode does not count as whitespace.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The last second of a CA that shall expire on the day `YYYY-MM-DD`. The tool adds a day to the number of whole days
/// until then, so the CA expires on that day and not before.
///
/// # Errors
/// If the tool would refuse it.
pub fn expiry(text: &str, now: UnixTime) -> Result<UnixTime, SysinvError> {
    let date = date(text).ok_or_else(|| SysinvError::NoDate(text.to_owned()))?;
    let days = (date.0 - now.0).div_euclid(DAY);
    if days * 24 + 24 <= 24 {
        return Err(SysinvError::TooSoon);
    }
    Ok(now.plus_days(days + 1))
}

/// Parses a date as Python's `strptime(text, "%Y-%m-%d")`: a year of four digits, month and day of one or two.
fn date(text: &str) -> Option<UnixTime> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    let fits = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    let month = time::Month::try_from(u8::try_from(number(month)?).ok()?).ok()?;
    let day = u8::try_from(number(day.strip_prefix(' ').filter(|rest| rest.len() == 1).unwrap_or(day))?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(number(year)?), month, day).ok()?;
    (fits && parts.next().is_none()).then(|| UnixTime(date.midnight().assume_utc().unix_timestamp()))
}
