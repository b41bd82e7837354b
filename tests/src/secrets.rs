//! Detects private keys in texts that must not contain them.

use std::{collections::BTreeSet, ops::Range};

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The length of a compared piece of a private key, in characters. A match of this length is no coincidence.
const PIECE: usize = 24;

/// Pieces of private keys, in every encoding in which they occurred.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Adds the private keys of a text: PEM blocks, including those nested in base64 at any depth.
    pub fn add(&mut self, text: &str) {
        self.find(text);
    }

    /// Adds a secret of exactly 24 letters and digits, such as a password.
    ///
    /// # Panics
    ///
    /// If `word` is anything else.
    pub fn add_word(&mut self, word: &str) {
        assert!(word.len() == PIECE && word.chars().all(is_base64), "{word} is no such word");
        self.0.insert(word.to_owned());
    }

    /// The number of known pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no piece is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first known piece of a private key in `text`.
    #[must_use]
    pub fn find_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let runs = text.split(|c: char| !is_base64(c)).filter(|run| run.len() >= PIECE);
        runs.flat_map(|run| (0..=run.len() - PIECE).map(move |at| &run[at..at + PIECE]))
            .find(|piece| self.0.contains(*piece))
    }

    /// The positions of private keys in `text`.
    fn find(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = blocks(text).map(private_part).collect();
        let mut at = 0;
        for run in text.split(|c: char| !is_base64(c) && c != '=') {
            let start = at;
            at += run.len() + text[at + run.len()..].chars().next().map_or(0, char::len_utf8);
            // Lines of a PEM block are shorter.
            if run.len() > 80
                && let Ok(bytes) = BASE64_STANDARD.decode(run)
                && let Ok(inner) = String::from_utf8(bytes)
            {
                // Three bytes are four characters; those at the edges also contain bits of the neighboring bytes.
                let found = self.find(&inner).into_iter();
                ranges.extend(found.map(|r| start + r.start.div_ceil(3) * 4..start + r.end / 3 * 4));
            }
        }
        for range in &ranges {
            for run in text[range.clone()].split(|c: char| !is_base64(c)) {
                self.0.extend(run.as_bytes().chunks_exact(PIECE).map(|piece| String::from_utf8_lossy(piece).into()));
            }
        }
        ranges
    }
}

/// The position and base64 content of each private key's PEM block.
fn blocks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("PRIVATE KEY-----\n").filter_map(|(at, label)| {
        let start = at + label.len();
        // Text after an END label is not a block's content.
        let is_begin = text[..at].rfind("-----").is_some_and(|dashes| text[dashes..].starts_with("-----BEGIN "));
        let body = &text[start..start + text[start..].find("-----END ")?];
        is_begin.then_some((start, body))
    })
}

/// The part of the base64 content that is secret. A key's file begins with its algorithm; an RSA key then has the
/// modulus, which is also in the certificate; an elliptic-curve key ends with the public key.
fn private_part((start, body): (usize, &str)) -> Range<usize> {
    let part = match body.len() {
        500.. => body.len() / 3..body.len(),
        // SEC 1: a version, then the private number. PKCS #8: the algorithm first; the private number is in the second
        // line.
        _ if body.starts_with("MH") || body.starts_with("MIGk") => 12..48,
        _ => 65..90,
    };
    start + part.start..start + part.end
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '+' || c == '/'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_however_deep_it_lies() {
        let key = std::fs::read_to_string(crate::fixtures::path("brought/ca.key")).unwrap();
        let mut secrets = Secrets::default();
        secrets.add(&key);
        assert!(secrets.len() > 30 && secrets.find_in(&format!("<p>{key}</p>")).is_some());
        let once = BASE64_STANDARD.encode(format!("client-key-data: {}\n", BASE64_STANDARD.encode(&key)));
        assert!(secrets.find_in(&once).is_none());
        secrets.add(&format!("value: {once}\n"));
        assert!(secrets.find_in(&once).is_some());
        assert!(secrets.find_in(&BASE64_STANDARD.encode(&key)).is_some());
    }

    #[test]
    fn what_is_public_is_not_taken_for_a_key() {
        for name in ["brought/ca", "brought/front-proxy-ca"] {
            let read = |end: &str| std::fs::read_to_string(crate::fixtures::path(&format!("{name}.{end}"))).unwrap();
            let mut secrets = Secrets::default();
            secrets.add(&read("key"));
            assert!(!secrets.is_empty() && secrets.find_in(&read("crt")).is_none());
        }
    }
}
