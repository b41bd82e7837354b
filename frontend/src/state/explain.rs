//! Explains error messages about certificates, with the loaded files that match.

use std::rc::Rc;

use airlock_core::{UnixTime, report::InventoryReport};

mod evidence;
mod model;
mod symptoms;

pub use self::model::{Clue, Explanation, Facts, Kind, Part, Suspect};

/// The maximum length of a message, in characters.
const MAX_LENGTH: usize = 20_000;

/// Words of this many characters are treated as secrets: no word of an error message is as long.
const LONG_WORD: usize = 160;

/// An error message that the person pasted, checked to contain no key or token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// `None` if the text may contain a private key or a token. Such a text is not stored.
    pub fn new(text: &str) -> Option<Self> {
        let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
        let longest = text.split(|c: char| !c.is_ascii() || !encoded(c as u8)).map(str::len).max().unwrap_or_default();
        let secret = text.contains("PRIVATE KEY") || text.contains("-----BEGIN") || longest >= LONG_WORD;
        (!secret).then(|| Self(text.chars().take(MAX_LENGTH).collect()))
    }

    /// The text as pasted, cut to the maximum length.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A pasted message and its explanations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    /// The message.
    pub message: Message,
    /// Did the pasted text look like a key? Then it was discarded.
    pub refused: bool,
    /// Its explanations; empty if none is known.
    pub explanations: Rc<[Explanation]>,
}

impl Explained {
    /// Explains another message; `None` for a text that was discarded.
    pub fn take(&mut self, message: Option<Message>, inventory: Option<&InventoryReport>, today: UnixTime) {
        self.refused = message.is_none();
        self.message = message.unwrap_or_default();
        self.fit(inventory, today);
    }

    /// Explains the message again with other files.
    pub fn fit(&mut self, inventory: Option<&InventoryReport>, today: UnixTime) {
        self.explanations = explain(&self.message, inventory, today).into();
    }
}

/// Is a text an error message about certificates, rather than a file?
pub fn is_message(text: &str) -> bool {
    let file = ["apiVersion:", "\"apiVersion\"", "-----BEGIN"].iter().any(|mark| text.contains(mark));
    !file && text.len() <= MAX_LENGTH && text.lines().any(|line| symptoms::read(line).is_some())
}

/// The maximum number of suspects that are named.
const FEW: usize = 12;

/// Explains the lines of a message that are about certificates, each kind with the same facts once.
pub fn explain(message: &Message, inventory: Option<&InventoryReport>, today: UnixTime) -> Vec<Explanation> {
    let mut found: Vec<Explanation> = Vec::new();
    for line in message.as_str().lines() {
        let Some((kind, facts)) = symptoms::read(line) else { continue };
        if found.iter().any(|one| (one.kind, &one.facts) == (kind, &facts)) {
            continue;
        }
        let mut suspects =
            inventory.map(|inventory| evidence::suspects(kind, &facts, inventory, today)).unwrap_or_default();
        suspects.sort();
        suspects.dedup();
        odd_ones_first(&mut suspects);
        let more = suspects.len().saturating_sub(FEW);
        suspects.truncate(FEW);
        found.push(Explanation { kind, facts, suspects, more });
    }
    found
}

/// Sorts suspects with a rare clue first: a clue that fits one file says more than one that fits many.
fn odd_ones_first(suspects: &mut [Suspect]) {
    let all = suspects.to_vec();
    let alike = |suspect: &Suspect| all.iter().filter(|other| other.clue == suspect.clue).count();
    suspects.sort_by_cached_key(|suspect| (alike(suspect), suspect.clone()));
}

#[cfg(test)]
mod tests;
