//! Numbers, sizes, dates and lists, in one format for all texts.

use airlock_core::{UnixTime, report::InventoryReport, x509::KeyAlgorithm};

use crate::state::{contexts::Target, role::days_left};

/// Opens the same facts as a table.
pub const AS_A_TABLE: &str = "Show as table";

/// `1 file`, `2 files`, `1,204 entries`.
pub fn count(number: usize, what: &str) -> String {
    let digits = grouped(number);
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e']) => format!("{digits} {stem}ies"),
        _ => format!("{digits} {what}s"),
    }
}

/// A number with a comma between thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, KiB or MiB.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}

/// Days until a moment: `83 days`, `today`, `expired`.
pub fn days_until(until: UnixTime, today: UnixTime) -> String {
    match days_left(until, today) {
        ..0 => "expired".to_owned(),
        0 => "today".to_owned(),
        days => count(usize::try_from(days).unwrap_or(usize::MAX), "day"),
    }
}

/// The end of a validity period.
pub fn until_date(until: UnixTime) -> String {
    format!("until {}", until.date())
}

/// A text shortened to `room` characters: keeps the start and most of the end.
pub fn short(text: &str, room: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= room {
        return text.to_owned();
    }
    let (head, tail) = (room / 4, room - room / 4 - 1);
    let end = &letters[letters.len() - tail..];
    letters[..head].iter().chain(['…'].iter()).chain(end).collect()
}

/// A shortened fingerprint: its first and last three bytes.
pub fn short_fingerprint(fingerprint: &str) -> String {
    match (fingerprint.get(..8), fingerprint.len().checked_sub(8).and_then(|from| fingerprint.get(from..))) {
        (Some(head), Some(tail)) if fingerprint.len() > 20 => format!("{head}…{tail}"),
        _ => fingerprint.to_owned(),
    }
}

/// Up to four holders by name.
pub fn few_holders(holders: &[String]) -> String {
    match holders {
        [first, second, third, fourth, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third}, {fourth} and {} more", rest.len())
        }
        all => all.join(", "),
    }
}

/// As many holders by name as fit into `room` characters.
pub fn holders_in(holders: &[String], room: usize) -> String {
    let some = |named: usize| match (holders[..named].join(", "), holders.len() - named) {
        (names, 0) => names,
        (names, rest) => format!("{names} and {rest} more"),
    };
    let fitting = (1..=holders.len()).rev().map(some).find(|text| text.chars().count() <= room);
    fitting.unwrap_or_else(|| short(&few_holders(holders), room))
}

/// The first and the last of several names: `worker-1 to worker-4`.
pub fn range(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}"),
    }
}

/// A text from core, with a capital letter and a final period.
pub fn sentence(said: &str) -> String {
    capital(said) + "."
}

/// A text from core with a capital letter. Names of files and components stay as they are.
pub fn capital(said: &str) -> String {
    let first = said.split(' ').next().unwrap_or_default();
    if first.contains(['.', '/', '_']) || first.starts_with("kube") {
        return said.to_owned();
    }
    let mut letters = said.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
}

/// The text with a lower case first letter.
pub fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `is` or `are`.
pub fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// The name of a phase.
pub fn phase(phase: u8) -> &'static str {
    match phase {
        1 => "Phase 1: trust both",
        2 => "Phase 2: switch",
        3 => "Phase 3: drop old",
        _ => "Whole package and backup",
    }
}

/// A phase in two words, with its number.
pub fn phase_short(phase: u8) -> &'static str {
    match phase {
        1 => "1 Trust both",
        2 => "2 Switch",
        3 => "3 Drop old",
        _ => "Today",
    }
}

/// The key types that can be chosen: type, id, label.
pub const KEY_ALGORITHMS: [(KeyAlgorithm, &str, &str); 6] = [
    (KeyAlgorithm::Rsa2048, "rsa-2048", "RSA 2048"),
    (KeyAlgorithm::Rsa3072, "rsa-3072", "RSA 3072"),
    (KeyAlgorithm::Rsa4096, "rsa-4096", "RSA 4096"),
    (KeyAlgorithm::EcdsaP256, "ecdsa-p256", "ECDSA P-256"),
    (KeyAlgorithm::EcdsaP384, "ecdsa-p384", "ECDSA P-384"),
    (KeyAlgorithm::Ed25519, "ed25519", "Ed25519"),
];

/// The label of a key type.
pub fn key_algorithm(algorithm: KeyAlgorithm) -> &'static str {
    KEY_ALGORITHMS.iter().find(|row| row.0 == algorithm).map_or("", |row| row.2)
}

/// The cluster by its name.
pub fn cluster(inventory: &InventoryReport) -> String {
    match inventory.cluster.as_str() {
        "" => "this cluster".to_owned(),
        name => name.to_owned(),
    }
}

/// A cluster in a sentence.
pub fn cluster_of(target: Target) -> &'static str {
    match target {
        Target::Management => "management cluster",
        Target::Workload => "workload cluster",
    }
}
