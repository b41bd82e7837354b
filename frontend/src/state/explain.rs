//! What an error message about certificates means, with the loaded files as suspects.

use std::rc::Rc;

use airlock_core::{UnixTime, report::InventoryReport};

mod evidence;
mod model;
mod symptoms;

pub use self::model::{Clue, Explanation, Facts, Kind, Part, Suspect};

/// No message is longer. Characters.
const MAX_LENGTH: usize = 20_000;

/// No secret is shorter, and no word of a message that is none is as long. Characters.
const LONG_WORD: usize = 160;

/// An error message that a person pasted, looked through so that it is no key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// `None` where it holds what could be a private key or a token: that is no message, and is kept nowhere.
    pub fn new(text: &str) -> Option<Self> {
        let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
        let longest = text.split(|c: char| !c.is_ascii() || !encoded(c as u8)).map(str::len).max().unwrap_or_default();
        let secret = text.contains("PRIVATE KEY") || text.contains("-----BEGIN") || longest >= LONG_WORD;
        (!secret).then(|| Self(text.chars().take(MAX_LENGTH).collect()))
    }

    /// As it was pasted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was pasted, and what it means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    /// The message.
    pub message: Message,
    /// Was something pasted that looks like a key? It is kept nowhere.
    pub refused: bool,
    /// What it means; empty where nothing is known.
    pub explanations: Rc<[Explanation]>,
}

impl Explained {
    /// Takes another message; `None` for what is none.
    pub fn take(&mut self, message: Option<Message>, inventory: Option<&InventoryReport>, today: UnixTime) {
        self.refused = message.is_none();
        self.message = message.unwrap_or_default();
        self.fit(inventory, today);
    }

    /// Looks for suspects among what is loaded now.
    pub fn fit(&mut self, inventory: Option<&InventoryReport>, today: UnixTime) {
        self.explanations = explain(&self.message, inventory, today).into();
    }
}

/// Is a text an error message about certificates, rather than a file?
pub fn is_message(text: &str) -> bool {
    let file = ["apiVersion:", "\"apiVersion\"", "-----BEGIN"].iter().any(|mark| text.contains(mark));
    !file && text.len() <= MAX_LENGTH && text.lines().any(|line| symptoms::read(line).is_some())
}

/// How many suspects are named.
const FEW: usize = 12;

/// Explains every line of a message that is about certificates, each kind once.
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

/// What speaks against one alone says more than what speaks against all of them.
fn odd_ones_first(suspects: &mut [Suspect]) {
    let all = suspects.to_vec();
    let alike = |suspect: &Suspect| all.iter().filter(|other| other.clue == suspect.clue).count();
    suspects.sort_by_cached_key(|suspect| (alike(suspect), suspect.clone()));
}

#[cfg(test)]
mod tests;
