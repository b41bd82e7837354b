//! What this page can and cannot guarantee.

use super::text::{count, size};
use crate::state::{Checks, checks::SelfTest, memory::Memory};

/// The card on Load.
pub const THIS_PAGE: &str = "This page";
/// The panel.
pub const TRUST_PANEL: &str = "Security: what this page can and cannot guarantee";
/// A row's title.
pub const NETWORK: &str = "Network";
/// A row's title.
pub const VERSION: &str = "Version";
/// The file's digest.
pub const BUILD_SUM: &str = "SHA-256 of this file";
/// How to check it.
pub const BUILD_HINT: &str = "Compare it with the checksum that you received separately, and with “sha256sum airlock.html”. \
    A forged page can show any value here, so run that command.";
/// The policy.
pub const POLICY: &str = "Content Security Policy";
/// Requests that the policy blocked.
pub const BLOCKED: &str = "Blocked requests";
/// The tests at the start.
pub const SELF_TEST: &str = "Self-tests";
/// What is in memory.
pub const MEMORY: &str = "In memory";
/// The button.
pub const WIPE: &str = "Delete everything";
/// The introduction.
pub const WIPE_HINT: &str = "Deletes files, keys and package from memory. A package that was not downloaded is lost. Closing the tab does the same.";
/// The heading of the limits.
pub const LIMITS_TITLE: &str = "What a Content Security Policy cannot stop";
/// The limits.
pub const LIMITS: [&str; 6] = [
    "Browser extensions that can read every page: use a profile without extensions.",
    "A compromised browser or operating system: use a computer that you trust with the keys.",
    "A forged copy of this file: verify its checksum before you load anything.",
    "Links that leave the page with data in their address: this page has none, and the list of browser functions that it uses is checked when it is built.",
    "The clipboard: every program of your session can read what you copy.",
    "The downloaded zip: it is an ordinary file and is not encrypted.",
];

/// What the page found out about itself, in a line.
pub fn checks(checks: &Checks) -> String {
    format!("{} · {}", blocked(checks.blocked), tested(checks.tested))
}

/// The chip.
pub fn tested(tested: Option<SelfTest>) -> &'static str {
    match tested {
        None => "self-tests are running",
        Some(SelfTest { randomness: true, signatures: true }) => "self-tests passed",
        Some(_) => "a self-test failed: do not generate keys here",
    }
}

/// Requests that the policy blocked.
pub fn blocked(attempts: usize) -> String {
    match attempts {
        0 => "0 network attempts".to_owned(),
        attempts => format!(
            "{} blocked: something in this browser tries to reach the network",
            count(attempts, "network attempt")
        ),
    }
}

/// The row about the network.
pub fn network(attempts: usize) -> String {
    match attempts {
        0 => "0 requests. The Content Security Policy blocks all network requests.".to_owned(),
        attempts => format!("{}. The Content Security Policy blocks all network requests.", blocked(attempts)),
    }
}

/// The file's digest.
pub fn build(build: &str) -> &str {
    if build.is_empty() { "unknown: the page was not opened from its single file" } else { build }
}

/// The policy.
pub fn policy(policy: &str) -> &str {
    if policy.is_empty() { "none: the page was not opened from its single file" } else { policy }
}

/// The tests at the start.
pub fn self_test(tested: Option<SelfTest>) -> String {
    let Some(SelfTest { randomness, signatures }) = tested else { return "Running.".to_owned() };
    let word = |works: bool| if works { "passed" } else { "FAILED: do not generate keys here" };
    format!(
        "Browser randomness: {}. Signing and verifying with new keys (ECDSA P-256, P-384): {}.",
        word(randomness),
        word(signatures)
    )
}

/// What is in memory, line by line.
pub fn memory(memory: &Memory) -> Vec<String> {
    if memory.files == 0 && memory.removed == 0 {
        return vec!["No files.".to_owned()];
    }
    let keys = match memory.keys {
        0 => "no private keys".to_owned(),
        keys => count(keys, "private key"),
    };
    let loaded = format!("{}, {}, with {keys}.", count(memory.files, "file"), size(memory.bytes));
    let removed = (memory.removed > 0).then(|| format!("{} removed, kept for undo.", count(memory.removed, "file")));
    let password = memory.password.then(|| "A password.".to_owned());
    let package = match memory.secret_outputs {
        None => "No package.".to_owned(),
        Some(secret) => format!("The package, with private keys in {}.", count(secret, "file")),
    };
    let stored = "Nothing is stored: no cookies, no storage, no caches.".to_owned();
    [Some(loaded), removed, password, Some(package), Some(stored)].into_iter().flatten().collect()
}
