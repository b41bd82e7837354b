//! The sentences that the page says.
//!
//! Rules: short sentences, the field's words (ARCHITECTURE.md), what happened before what to do,
//! never a secret, never blame.

use airlock_core::{
    Severity, Standing, UnixTime,
    plan::request::KubeletCertificates,
    profile::{
        AuthorityId, Component,
        edge::{End, Material, Party, Writer},
    },
    report::{
        AuthorityReport, CertificateReport, CheckReport, ExtensionReport, InventoryReport, OutputFileReport,
        PackageReport, PlanReport, ReplacedReport, SuccessorReport,
    },
    simulate::{self, TrustMatrix},
    x509::KeyAlgorithm,
    x509::Rules,
};

use crate::state::{
    Checks, Job, Outcome, State, Workplace,
    chart::{Cell, Chart, Group, Look, Mark},
    check::{Behind, behind},
    form::{BroughtPart, Course},
    lifetimes::{Kind, Life, Lifetimes},
    lock::Lock,
    memory::Memory,
    outage::Outage,
    pki::{Pki, Place},
    platform::Tongue,
    reach::Reach,
    sides::Pair,
    step::Step,
    trust::{Held, Seat, Wire},
    undo::Change,
};
use crate::worker::protocol::SelfTest;

pub mod explain;
pub mod hints;
pub mod platform;
pub mod sample;

/// Over the two ways in which a change is shown.
pub const LAYOUT: &str = "How the change is shown";
/// Over what was there.
pub const BEFORE: &str = "Before";
/// Over what is in the package.
pub const AFTER: &str = "In the package";
/// Over names of fields.
pub const FIELD: &str = "Field";
/// A field that does not change.
pub const SAME: &str = "the same";
/// Over every field of a certificate.
pub const ALL_FIELDS: &str = "All fields";

/// How a change is shown.
pub fn layout(beside: bool) -> &'static str {
    if beside { "Side by side" } else { "In one column" }
}

/// What becomes of a certificate in a file.
pub fn certificate_change(pair: &Pair<'_>) -> String {
    let subject = |one: Option<&CertificateReport>| one.map(|one| one.subject.clone()).unwrap_or_default();
    match (pair.before, pair.after) {
        (None, after) => format!("A certificate comes: {}", subject(after)),
        (before, None) => format!("A certificate goes: {}", subject(before)),
        (before, after) if subject(before) == subject(after) => format!("A certificate changes: {}", subject(after)),
        (before, after) => format!("A certificate changes: {} → {}", subject(before), subject(after)),
    }
}

/// An extension by its name, or by its identifier where it has none here.
pub fn extension(extension: &ExtensionReport) -> String {
    let name = if extension.name.is_empty() { "unknown extension" } else { &extension.name };
    let critical = if extension.critical { ", critical" } else { "" };
    format!("{name} ({}{critical})", extension.oid)
}

/// Octets as they stand.
pub fn raw(octets: &str) -> String {
    format!("raw: {octets}")
}

/// Over why a finding matters.
pub const WHY: &str = "Why it matters, and how to check it";
/// What a command is, for those who listen.
pub const COMMAND: &str = "Command";
/// The button beside a command.
pub const COPY: &str = "Copy";
/// After copying it.
pub const COMMAND_COPIED: &str = "The command is in the clipboard.";

/// The button, for those who listen.
pub fn copy_command(command: &str) -> String {
    format!("Copy the command {}", command.chars().take(60).collect::<String>())
}

/// The button that takes the last change back.
pub fn undo(change: &Change) -> String {
    match change {
        Change::Added(files) => format!("Undo: {} added", count(files.len(), "file")),
        Change::Chosen(..) => "Undo: the last choice".to_owned(),
        Change::Platform(_) => "Undo: the platform".to_owned(),
        Change::Removed(files, _) => format!("Undo: {} removed", count(files.len(), "file")),
    }
}

/// How long the work under way still takes.
pub fn time_left(seconds: u32) -> String {
    match seconds {
        0..2 => "about a second left".to_owned(),
        2..90 => format!("about {seconds} seconds left"),
        _ => format!("about {} minutes left", seconds.div_ceil(60)),
    }
}

/// After cancelling.
pub const CANCELLED: &str = "Cancelled. Nothing was made, and the keys made so far are gone.";
/// No authority is ticked.
pub const NO_AUTHORITY_CHOSEN: &str = "Choose at least one authority to rotate.";
/// A field for days holds something else.
pub const NOT_DAYS: &str = "Enter a whole number of days, 1 or more.";
/// What the page promises.
pub const PROMISE: &str =
    "Everything stays on this machine: the page sends nothing, and its content policy has the browser refuse requests.";
/// Before the browser's own question, which speaks of uploading.
pub const FOLDER_HINT: &str =
    "For a folder the browser asks whether to “upload” it. Nothing is uploaded: it only lets this page read the files.";
/// What can be loaded.
pub const LOAD_HINT: &str = "An /etc/kubernetes tree of each control-plane node (folder, .tar, .tar.gz or .zip), with or without private keys; \
    /var/lib/kubelet beside it; kubeconfigs; Secrets and ConfigMaps as kubectl get -o yaml or -o json gives them. All at once or bit by bit.";
/// Where pasting goes.
pub const PASTE_HINT: &str = "What is pasted here, or anywhere on the page, is loaded at once and never shown. An error message is explained instead.";
/// Dropping.
pub const DROP_HINT: &str = "Or drop files and folders anywhere on this page.";
/// The choice to keep keys.
pub const KEEP_KEYS: &str = "Keep the keys of leaves and kubeconfigs";
/// What keeping keys means.
pub const KEEP_KEYS_HINT: &str =
    "The certificates are re-signed for the keys that are there. A key that somebody may have copied stays in use.";
/// Checking the zip.
pub const CHECK_HINT: &str = "Compare it with sha256sum on the machine that you carry the zip to; inside, sha256sum -c SHA256SUMS checks every file.";
/// Over the password's form.
pub const LOCKED: &str = "Something is encrypted";
/// Before what a password would open.
pub const LOCKED_FILES: &str = "A password opens ";
/// What becomes of a password.
pub const PASSWORD_HINT: &str = "One password for all of them. It goes straight to where the files are read, stays in that memory alone \
    for files that you load later, and is gone when you wipe everything or close the page.";
/// Over the field.
pub const PASSWORD: &str = "Password";
/// The button.
pub const UNLOCK: &str = "Open with this password";
/// One that opens nothing more.
pub const PASSWORD_WRONG: &str =
    "This password does not open it. Type it again, or load files with another password by themselves.";

/// After a password was tried.
pub fn unlocked(lock: &Lock, opened: bool) -> String {
    match (lock.is_shut(), opened) {
        (false, _) => "The password opened all that was encrypted.".to_owned(),
        (true, true) => {
            let files = lock.files.len();
            format!("The password opened a part; {} {} still encrypted.", count(files, "file"), is(files))
        }
        (true, false) => "The password opened nothing. Nothing that was loaded is lost.".to_owned(),
    }
}

/// Over what was found.
pub const HOLDINGS: &str = "What is there";
/// Over the check.
pub const CHECK: &str = "Check what I have";
/// What it does.
pub const CHECK_INTRODUCTION: &str = "At any moment of a rotation: is a phase done, for everything that is loaded? The package of the rotation \
    may be among the files, and tells which CA is the new one.";
/// What it cannot do.
pub const CHECK_LIMIT: &str =
    "What runs cannot be seen in files: “apply.sh --check” in the package asks each node and the cluster.";
/// Over the buttons.
pub const CHECK_WHICH: &str = "Which phase is to be done?";
/// What of somebody is not through the phase.
pub const CHECK_MISSING: &str = "What is not through it, and where";
/// Over the errors.
pub const CHECK_IN_THE_WAY: &str = "What stands in the way of a yes";
/// Over the warnings.
pub const CHECK_WARNINGS: &str = "Warnings, which do not change the answer";

/// The phases that can be checked, with the button's name of each.
pub fn phase_to_check(phase: Option<u8>, tongue: Tongue) -> String {
    phase.map_or_else(|| "The furthest that anyone has begun".to_owned(), |phase| platform::phase(phase, tongue))
}

/// Whether a phase is done, in a word.
pub fn verdict_of(report: &CheckReport) -> String {
    let (number, name) = phase(report.phase).split_once(": ").unwrap_or_default();
    format!("{number} ({name}) is {}", if report.holds { "done" } else { "not done" })
}

/// Whether a phase is done, and for whom not.
pub fn check_result(report: &CheckReport) -> String {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let behind = behind(report);
    let missing = format!(
        "{} of {} {} not through it",
        count(report.missing.len(), "place"),
        count(behind.len(), if behind.iter().all(is_node) { "node" } else { "holder" }),
        is(report.missing.len())
    );
    match (report.holds, report.missing.len(), errors) {
        (true, ..) => "Everything that is loaded is through it.".to_owned(),
        (false, 0, errors) => format!("{} in the way of an answer.", stand(errors)),
        (false, _, 0) => format!("{missing}."),
        (false, _, errors) => format!("{missing}, and {} in the way.", stand(errors)),
    }
}

/// After checking.
pub fn checked(report: &CheckReport) -> String {
    format!("{}. {}", verdict_of(report), check_result(report))
}

/// Somebody who is not through a phase.
pub fn behind_whom(behind: &Behind<'_>) -> String {
    format!("{}, {}", role(behind.role), count(behind.missing.len(), "place"))
}

fn is_node(behind: &Behind<'_>) -> bool {
    matches!(behind.role, "control-plane" | "worker")
}

fn stand(errors: usize) -> String {
    if errors == 1 { "1 error stands".to_owned() } else { format!("{errors} errors stand") }
}

fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// Over the authorities of a rotation that is under way.
pub const UNDER_WAY: &str = "A rotation is under way";

/// An authority that is being replaced.
pub fn replaced(authority: &ReplacedReport) -> String {
    format!(
        "{}: {} → {}, {}",
        authority.title,
        authority.old.subject,
        authority.new.subject,
        new_key_given(authority.new_key_present)
    )
}

fn new_key_given(given: bool) -> &'static str {
    if given { "whose private key is here" } else { "whose private key is not here" }
}

/// Over the choice.
pub const START_OVER: &str = "The rotation that is under way";
/// The way on.
pub const GO_ON: &str = "Go on with the same new CA";
/// The way back to the beginning.
pub const START_OVER_CHOICE: &str = "Start over: give that new CA up, and begin anew with another one";
/// What that means.
pub const START_OVER_HINT: &str =
    "Phase 1 is done again, everywhere: a third CA takes its place, and nobody trusts the second one any more.";
/// Handed in without the confirmation.
pub const START_OVER_NOT_CONFIRMED: &str = "Tick the box to give the new CA up, or go on with it.";

/// Beside the box, in so many words.
pub fn confirm_start_over(under_way: &[String]) -> String {
    format!("Yes, give up {}. A third CA is to be made.", under_way.join(" and "))
}

/// What becomes of an authority while a rotation is under way; empty where it begins.
pub fn course(course: &Course) -> String {
    match course {
        Course::Begins => String::new(),
        Course::GoesOn(subject, key) => format!(
            "{subject} takes over: this rotation has begun with it, and its private key is {}.",
            if *key { "here" } else { "not here" }
        ),
        Course::Waits => {
            "The rotation that is under way has begun without it: it stays as it is until that is over.".to_owned()
        }
    }
}

/// The choice for authorities that are kept elsewhere.
pub const EXTERNAL_CA: &str = "The new CAs' private keys stay elsewhere (external CA)";
/// What it means.
pub const EXTERNAL_CA_HINT: &str = "No CA key is made or wanted here: bring the certificate of each new CA along. The package goes as far as nobody \
    needs its key, and has signing requests for the rest. When they are signed, load what the nodes have then, that package and the signed \
    certificates, choose this again, and the next package goes on.";
/// Where nothing can be made.
pub const BRING_CERTIFICATE: &str = "The CA that was made elsewhere; its private key only if it comes along after all.";

/// Over what says how far the package goes.
pub const REACH: &str = "This package is not the whole rotation";
/// Over what comes next.
pub const NEXT: &str = "What to do next";

/// How far the package goes.
pub fn reach(reach: &Reach) -> String {
    match reach.last_phase {
        0 => "It has no step yet: the first one needs what is not here.".to_owned(),
        last => format!("It ends with “{}”, because the next phase needs what is not here.", phase(last)),
    }
}

/// What to do with a package that ends early, in order.
pub fn next(reach: &Reach) -> Vec<&'static str> {
    let carry_out = "Carry out the steps that it has, as its RUNBOOK.md says.";
    let wait = "Stop there: with both CAs trusted everywhere, a cluster can stay for days.";
    let steps = (reach.last_phase > 0).then_some([carry_out, wait]).into_iter().flatten();
    let then: &[&str] = if reach.asks {
        &[
            "Have every request in signing-requests/ signed by the new CA where that is kept, with the names and usages that it asks for.",
            "Come back with what the nodes have then, this package and the signed certificates; in the plan, choose again that the keys stay elsewhere. \
             The private keys beside the requests are in this package alone: keep it until then.",
        ]
    } else {
        &["Come back with what the nodes have then, this package and the new CA's private key."]
    };
    steps.chain(then.iter().copied()).collect()
}

/// What in the zip is secret.
pub fn download_hint(package: &PackageReport) -> &'static str {
    let mut secret = package.files.iter().filter(|file| file.secret).peekable();
    if secret.peek().is_none() {
        "The zip holds no private key. Keep it as you keep what it was made of."
    } else if secret.any(|file| (file.phase != 0 && file.path.ends_with("ca.key")) || file.path.starts_with("ca-keys/"))
    {
        "The zip holds private keys of the new CAs. Keep it as you keep the keys themselves, and delete it when the rotation is done."
    } else {
        "The zip holds private keys, none of a new CA. Keep it as you keep the keys themselves, and delete it when the rotation is done."
    }
}

/// A remedy of core's, without the command line's options in brackets: the page has fields for them.
pub fn without_options(remedy: &str) -> String {
    let mut text = String::new();
    let mut rest = remedy;
    while let Some((before, after)) = rest.split_once(" (--") {
        let Some((_, later)) = after.split_once(')') else { break };
        text.push_str(before);
        rest = later;
    }
    text + rest
}

/// The browser had thrown the page out.
pub const THROWN_OUT: &str = "The browser closed this page to save memory, and has opened it anew. What was loaded was in memory alone and is gone: load it again.";
/// The page slept, with nothing to do.
pub const WOKE: &str = "The browser had put this page to sleep. Everything that was loaded is still here.";
/// The page slept in the middle of something.
pub const WOKE_AT_WORK: &str = "The browser had put this page to sleep. Nothing is lost: the work goes on where it stood. It goes faster while the page is in sight.";

/// An empty drop.
pub const NOTHING_FOUND: &str = "There was no file in what was dropped.";
/// Copying a command that carries a key.
pub const SECRET_WARNING: &str = "Holds a private key. The copied command carries it in plain text: paste it only into a terminal that you trust, \
    and clear the clipboard afterwards.";
/// The core worker answered with something that was not asked.
pub const NO_ANSWER: &str = "Airlock's worker gave no answer. Try again.";
/// Nobody can start work.
pub const CORE_CANNOT_START: &str = "Airlock's worker stopped again while it took up the files that were loaded. Remove some of them, or reload the page and begin anew.";

/// Over the fingerprints.
pub const FINGERPRINTS: &str = "Fingerprints to read aloud";
/// What they are for.
pub const FINGERPRINTS_HINT: &str = "SHA-256 of each certificate, in eight lines of four bytes. One person reads a line from this page, \
    another compares it with what “openssl x509 -noout -fingerprint -sha256 -in ca.crt” prints on the node.";
/// The letters among the digits.
pub const SPELLED: &str = "A is Alfa, B is Bravo, C is Charlie, D is Delta, E is Echo, F is Foxtrot.";

/// Over the fingerprint of the authority that is there.
pub fn old_of(title: &str) -> String {
    format!("{title} of today")
}

/// Over the fingerprint of the one that takes over.
pub fn new_of(title: &str) -> String {
    format!("{title}, new")
}

/// A fingerprint in lines of four bytes.
pub fn spelled(fingerprint: &str) -> Vec<String> {
    let bytes: Vec<&str> = fingerprint.split(':').collect();
    bytes.chunks(4).map(|line| line.join(" ")).collect()
}

/// Over the left column of the drawing.
pub const TRUSTED_IN: &str = "Trusted by whoever reads";
/// Over the right one.
pub const SIGNED: &str = "Signed by it";
/// The columns of the drawing as a table.
pub const PKI_TABLE: [&str; 4] = ["File or object", "On", "What it has to do with a CA", "Expires first"];
/// In that table.
pub const TRUSTS: &str = "trusts the";
/// In that table.
pub const SIGNED_BY: &str = "signed by the";
/// In that table.
pub const NONE_OF_THEM: &str = "holder itself, or by somebody who is not among the files";
/// Over the bars.
pub const LIFETIMES: &str = "How long everything lives";
/// On the line in them.
pub const TODAY: &str = "today";
/// The columns of the holders' table.
pub const NODE_TABLE: [&str; 6] = ["Name", "What it is", "State", "Holds", "Private keys", "Expires first"];
/// Its last column.
pub const STANDING: &str = "In the rotation";

/// What is drawn.
pub fn pki(pki: &Pki) -> String {
    let signers = pki.signers.iter().map(|signer| {
        let trusted = count(signer.trusted_in.len(), "place");
        format!(
            "{} is trusted in {trusted} and signed certificates in {}",
            signer.title,
            count(signer.signed.len(), "place")
        )
    });
    format!(
        "Drawing of who signs and trusts whom. {}. The table below it says all of it",
        signers.collect::<Vec<_>>().join("; ")
    )
}

/// A text that has room for so many letters: its end tells more than its middle.
pub fn short(text: &str, room: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= room {
        return text.to_owned();
    }
    let (head, tail) = (room / 4, room - room / 4 - 1);
    let end = &letters[letters.len() - tail..];
    letters[..head].iter().chain(['…'].iter()).chain(end).collect()
}

/// The end of a life.
pub fn until_date(until: UnixTime) -> String {
    format!("until {}", until.date())
}

/// Whether a private key is there.
pub fn key_given(given: bool) -> &'static str {
    if given { "its key is here" } else { "its key is elsewhere" }
}

/// Holders, the first of them by name.
pub fn few_holders(holders: &[String]) -> String {
    match holders {
        [first, second, third, fourth, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third}, {fourth} and {} more", rest.len())
        }
        all => all.join(", "),
    }
}

/// As many holders by name as fit into so many letters.
pub fn holders_in(holders: &[String], room: usize) -> String {
    let some = |named: usize| match (holders[..named].join(", "), holders.len() - named) {
        (names, 0) => names,
        (names, rest) => format!("{names} and {rest} more"),
    };
    let fitting = (1..=holders.len()).rev().map(some).find(|text| text.chars().count() <= room);
    fitting.unwrap_or_else(|| short(&few_holders(holders), room))
}

/// A place in full.
pub fn place_and_holders(place: &Place) -> String {
    format!("{} on {}, {}", place.path, few_holders(&place.holders), until_date(place.until))
}

/// What expires first.
pub fn first_expiry(all: &Lifetimes) -> String {
    let Some((what, until)) = &all.first else { return String::new() };
    let days = (until.0 - all.today.0).div_euclid(86_400);
    let left = match usize::try_from(days) {
        Ok(days) => format!("in {}", count(days, "day")),
        Err(_) => "already over".to_owned(),
    };
    format!("Expires first: {what}, on {}, {left}.", until.date())
}

/// What a bar is called.
pub fn life_name(life: &Life) -> String {
    match life.kind {
        Kind::Old => format!("{} of today", life.name),
        Kind::New => format!("{}, new", life.name),
        Kind::Leaves if life.name.is_empty() => "signed by none of them".to_owned(),
        Kind::Leaves => format!("signed by the {}", life.name),
    }
}

/// A bar in words.
pub fn life(life: &Life) -> String {
    let last =
        if life.last > life.until { format!(", the last of them until {}", life.last.date()) } else { String::new() };
    format!("{}: from {} until {}{last}", life_name(life), life.from.date(), life.until.date())
}

/// All bars in words.
pub fn lifetimes(all: &Lifetimes) -> String {
    format!("Today is {}. {}", all.today.date(), all.lives.iter().map(life).collect::<Vec<_>>().join(". "))
}

/// What is to be said of a holder: errors, warnings, notes.
pub fn state([errors, warnings, notes]: [usize; 3]) -> String {
    let all = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let said: Vec<String> =
        all.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(number, what)).collect();
    if said.is_empty() { "in order".to_owned() } else { said.join(", ") }
}

/// How many private keys a holder has.
pub fn keys_held(keys: usize) -> String {
    if keys == 0 { "none".to_owned() } else { count(keys, "key") }
}

/// What of a holder expires first.
pub fn expires_first(first: Option<&(String, UnixTime)>) -> String {
    first.map_or_else(|| "nothing".to_owned(), |(place, until)| format!("{}, {place}", until.date()))
}

/// Where a holder is in a rotation, and how much of it is out of line.
pub fn standing(standing: Option<(Standing, usize)>) -> String {
    let Some((standing, out_of_line)) = standing else { return "has no part in it".to_owned() };
    let word = match standing {
        Standing::Before => "before it",
        Standing::TrustsBoth => "trusts both",
        Standing::Switched => "switched",
        Standing::Done => "done",
    };
    match out_of_line {
        0 => word.to_owned(),
        out => format!("{word}, {} out of line", count(out, "place")),
    }
}

/// After wiping.
pub const WIPED: &str = "Everything is wiped: files, keys and package. The page is as it was when it was opened.";
/// The help page.
pub const KEYS: &str = "Keyboard: what every key does";
/// The panel.
pub const TRUST_PANEL: &str = "Why this page can be trusted, and how far";
/// Rows of the panel.
pub const VERSION: &str = "Version";
/// The file's digest.
pub const BUILD: &str = "SHA-256 of this file";
/// How to check it.
pub const BUILD_HINT: &str = "A page can say anything about itself, so compare the file: “sha256sum airlock.html” against the published sum. \
    This line is what that command says, and finds a damaged copy or one that something in the browser has changed, not a forged one.";
/// The policy.
pub const POLICY: &str = "Content policy in force";
/// What it stopped.
pub const BLOCKED: &str = "Attempts that it stopped";
/// The tests at the start.
pub const SELF_TEST: &str = "Tests at the start";
/// What is held.
pub const MEMORY: &str = "In memory now";
/// The button.
pub const WIPE: &str = "Wipe everything";
/// What it does.
pub const WIPE_HINT: &str = "Ends the workers, and with them their memory; a package that was not downloaded is lost. Closing the tab does the same.";
/// Over the limits.
pub const LIMITS_TITLE: &str = "What a content policy cannot stop";
/// The limits.
pub const LIMITS: [&str; 6] = [
    "An extension of the browser that may read every page: use a profile without extensions.",
    "A browser or a machine that is not honest: use one that you trust with the keys anyway.",
    "A forged copy of this file: compare its sum before you load anything.",
    "A link that leads away from the page with something in its address. This page has no such link, and asks the browser \
     for nothing that could make one: the list of what it asks is pinned when it is built.",
    "What you copy: the clipboard is there for every program of your session.",
    "What you download: the zip is a file like any other, and is not encrypted.",
];

/// What the page found out about itself, in a line.
pub fn checks(checks: &Checks) -> String {
    let tested = match checks.tested {
        None => "tests are running",
        Some(SelfTest { randomness: true, signatures: true }) => "randomness and signatures work",
        Some(_) => "a test failed: make no keys here",
    };
    format!("{}, {tested}", blocked(checks.blocked))
}

/// What the policy stopped.
pub fn blocked(attempts: usize) -> String {
    match attempts {
        0 => "No attempt to reach anything".to_owned(),
        attempts => format!("{} stopped: something in this browser tries to reach out", count(attempts, "attempt")),
    }
}

/// The program's digest.
pub fn build(build: &str) -> &str {
    if build.is_empty() { "not known: the page was not opened from its one file" } else { build }
}

/// The policy.
pub fn policy(policy: &str) -> &str {
    if policy.is_empty() { "none: the page was not opened from its one file" } else { policy }
}

/// What came of the tests at the start.
pub fn self_test(tested: Option<SelfTest>) -> String {
    let Some(SelfTest { randomness, signatures }) = tested else { return "They are running.".to_owned() };
    let word = |works: bool| if works { "works" } else { "FAILS: make no keys here" };
    format!(
        "Randomness of the browser: {}. Signing and verifying with new keys (ECDSA P-256, P-384): {}.",
        word(randomness),
        word(signatures)
    )
}

/// What is in memory, line by line.
pub fn memory(memory: &Memory) -> Vec<String> {
    if memory.files == 0 && memory.removed == 0 {
        return vec!["Nothing was loaded.".to_owned()];
    }
    let keys = match memory.keys {
        0 => "no private key in them".to_owned(),
        keys => format!("{} in them", count(keys, "private key")),
    };
    let loaded = format!("{} loaded, {}, {keys}.", count(memory.files, "file"), size(memory.bytes));
    let removed = (memory.removed > 0)
        .then(|| format!("{} removed, and kept as long as that can be undone.", count(memory.removed, "file")));
    let password = memory.password.then(|| "A password, where the files are read.".to_owned());
    let package = match memory.secret_outputs {
        None => "No package.".to_owned(),
        Some(secret) => format!("The package; {} of it hold private keys.", count(secret, "file")),
    };
    let stored = "Nothing is stored: neither cookies nor storage nor caches.".to_owned();
    [Some(loaded), removed, password, Some(package), Some(stored)].into_iter().flatten().collect()
}

/// The keys of a combination, as they are written on the keyboard.
pub fn key_names(combination: &str) -> Vec<&str> {
    let name = |key| match key {
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "PageUp" => "Page up",
        "PageDown" => "Page down",
        "v" => "V",
        "z" => "Z",
        "p" => "P",
        other => other,
    };
    combination.split('+').map(name).collect()
}

/// The list of steps, for those who listen.
pub const WAY: &str = "Steps";
/// Missing before anything can be looked at.
pub const NEEDS_FILES: &str = "needs files";
/// Missing before anything can be reviewed.
pub const NEEDS_PACKAGE: &str = "needs a package";

/// What a step is called.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Load => "Load",
        Step::Inspect => "Inspect",
        Step::Plan => "Plan",
        Step::Review => "Review",
        Step::Download => "Download",
    }
}

/// The link to the next step.
pub fn onwards(to: Step) -> &'static str {
    match to {
        Step::Load => "Load more files",
        Step::Inspect => "Continue: see what was found",
        Step::Plan => "Continue: plan the rotation",
        Step::Review => "Continue: review the package",
        Step::Download => "Continue: download the package",
    }
}

/// What has been done in a step, or what is missing for it.
pub fn progress(state: &State, step: Step) -> String {
    match step {
        _ if !state.missing(step).is_empty() => state.missing(step).to_owned(),
        Step::Load if state.files.is_empty() => "begin here".to_owned(),
        Step::Load => count(state.files.len(), "file"),
        Step::Inspect => state.inventory.as_ref().map_or_else(String::new, |inventory| {
            let of = |severity| inventory.findings.iter().filter(|finding| finding.severity == severity).count();
            match (of(Severity::Error), of(Severity::Warning)) {
                (0, 0) => "nothing in the way".to_owned(),
                (0, warnings) => count(warnings, "warning"),
                (errors, _) => count(errors, "error"),
            }
        }),
        Step::Plan => match &state.outcome {
            None => "your choices".to_owned(),
            Some(Outcome::Plan(plan)) => count(plan.steps.len(), "step"),
            Some(Outcome::Refused(_)) => "refused".to_owned(),
        },
        Step::Review if state.unmade.is_empty() => "made".to_owned(),
        Step::Review => "refused".to_owned(),
        Step::Download if state.download.is_some() => "done".to_owned(),
        Step::Download => "not yet".to_owned(),
    }
}

/// The title of the tab.
pub fn title(state: &State) -> String {
    let problem = if state.form_problems.is_empty() { "" } else { "Error: " };
    format!("{problem}{}{} – Airlock", sample::title(state.sample()), step(state.step))
}

/// How the work under way is named.
pub fn job(job: Job) -> String {
    match job {
        Job::Archiving => "Making the zip …".to_owned(),
        Job::Copying => "Copying …".to_owned(),
        Job::Inspecting => "Reading and inspecting the files …".to_owned(),
        Job::Making { done, total } if done == total => "Making certificates and package …".to_owned(),
        Job::Making { done, total } => format!("Making keys: {done} of {total}"),
        Job::Planning => "Planning …".to_owned(),
        Job::Sampling => sample::MAKING.to_owned(),
    }
}

/// The run as a whole.
pub fn making(keys: usize) -> String {
    match keys {
        0 => "Making certificates and package …".to_owned(),
        keys => format!("Making {}, certificates and package …", count(keys, "key")),
    }
}

/// Where the work runs.
pub fn place(place: Workplace) -> String {
    match place {
        Workplace::Starting => "Starting …".to_owned(),
        Workplace::Workers(1) => "Keys are made by one worker.".to_owned(),
        Workplace::Workers(workers) => format!("Keys are made by {workers} workers."),
        Workplace::Page => "This browser starts no workers here. The work runs in the page itself, piece by piece; \
            it may stand still for a moment while a key is made."
            .to_owned(),
    }
}

/// Where the work runs, for tests.
pub fn place_id(place: Workplace) -> &'static str {
    match place {
        Workplace::Starting => "starting",
        Workplace::Workers(_) => "workers",
        Workplace::Page => "page",
    }
}

/// After inspecting.
pub fn inspected(inventory: &InventoryReport) -> String {
    if inventory.files == 0 {
        return "Nothing is loaded.".to_owned();
    }
    let errors = inventory.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    format!("{} inspected, {} found.", count(inventory.files, "file"), count(errors, "error"))
}

/// After planning.
pub fn planned(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Plan(plan) => {
            format!("The plan has {} and needs {}.", count(plan.steps.len(), "step"), count(plan.keys.len(), "new key"))
        }
        Outcome::Refused(findings) => format!("No plan can be made: {}.", count(findings.len(), "finding")),
    }
}

/// After making.
pub fn made(package: &PackageReport) -> String {
    format!("The package is made: {}.", count(package.files.len(), "file"))
}

/// After making, where core refuses the package.
pub const UNMADE: &str = "No package was made: the rotation would break something.";
/// Over the reasons.
pub const UNMADE_HINT: &str = "Airlock hands out no package with which something stops talking. What was loaded and chosen is still here: \
    change what is said below, and plan again.";

/// Over outages that can be accepted.
pub const OUTAGE_TITLE: &str = "An outage that cannot be helped";
/// About them.
pub const OUTAGE_HINT: &str = "Airlock knows no way around it. You can take its cause out of the cluster first, as is said above; \
    or you accept the outage, and the package is made. Everything else keeps talking.";
/// The box is not ticked.
pub const OUTAGE_NOT_TICKED: &str = "Tick the box if you accept the outage.";
/// The button under the box.
pub const MAKE_WITH_OUTAGE: &str = "Make the package with this outage";
/// In the plan.
pub const OUTAGE_ACCEPTED: &str = "You accept an outage:";
/// The way back.
pub const TAKE_OUTAGE_BACK: &str = "No longer accept the outage";
/// In the form.
pub const OUTAGE_FORM_HINT: &str =
    "Without this, no package is made as long as the cause is there. Loading or removing files takes it back.";

/// Beside the box, in so many words.
pub fn accept_outages(outages: &[Outage]) -> String {
    let durations: Vec<&str> = outages.iter().map(|outage| outage.duration.as_str()).collect();
    format!("I accept the outage: {}.", durations.join("; "))
}

/// When an outage begins and ends.
pub fn outage_moments(chart: &Chart, outage: &Outage) -> String {
    let (from, to) = outage.moments;
    let to = if to == chart.last() { "the end of the plan".to_owned() } else { format!("step {to}") };
    format!(
        "From step {from} of {} to {to}: it begins with “{}”",
        chart.last(),
        chart.column(from).map_or("", |at| &at.title)
    )
}

/// Cause and duration of the outage that a cell speaks of.
pub fn outage(cell: &Cell<'_>) -> String {
    let can = if cell.look.mark == Mark::Outage { "You accepted this outage" } else { "This outage can be accepted" };
    format!("{can}: {}.", cell.worst.0.outage)
}

/// After copying.
pub fn copied(path: &str) -> String {
    format!("The command that applies {path} is in the clipboard.")
}

/// After downloading.
pub fn downloaded(name: &str) -> String {
    format!("{name} went to the browser's downloads.")
}

/// The core worker died.
pub fn core_died(location: &str, password: bool) -> String {
    let password = if password { " Only the old one had the password: give it again." } else { "" };
    format!(
        "Airlock's worker stopped {}. A new one has taken its place, with everything that was loaded before.{password} Plan or check again to go on.",
        over(location)
    )
}

/// A key worker died.
pub fn key_worker_died(location: &str) -> String {
    format!("A key worker stopped {}. A new one makes its key.", over(location))
}

/// Key workers died again and again.
pub fn keys_given_up(location: &str) -> String {
    format!("Keys cannot be made here: key workers stop {}. Nothing was made.", over(location))
}

/// Files that the worker died over.
pub fn left_out(paths: &[String], location: &str) -> String {
    let (what, were) = match paths {
        [path] => (path.clone(), "was"),
        paths => (count(paths.len(), "file"), "were"),
    };
    format!(
        "Airlock's worker stopped {} while it read {what}, which {were} left out. A new worker has everything that was loaded before. \
         Load the files in smaller portions to find the one it stumbles over.",
        over(location)
    )
}

/// Copying failed.
pub fn not_copied(reason: &str) -> String {
    format!("Nothing was copied: {reason}.")
}

/// Downloading failed.
pub fn not_downloaded(reason: &str) -> String {
    format!("Nothing was downloaded: {reason}.")
}

/// Too many files at once.
pub fn too_many(limit: usize) -> String {
    format!("More than {limit} files: the rest was not read. Load only the folders that Airlock asks for.")
}

/// A file for a brought authority is missing.
pub fn no_file_chosen(title: &str, part: BroughtPart) -> String {
    format!("{title}: choose the file that holds the {}.", brought_part(part))
}

/// A part of a brought authority, in ids of elements too.
pub fn brought_part(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "certificate",
        BroughtPart::Key => "key",
    }
}

/// Over the field that picks a file.
pub fn pick_brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "Choose the file with its certificate",
        BroughtPart::Key => "Choose the file with its private key",
    }
}

/// Over the field that names a loaded file.
pub fn select_brought(part: BroughtPart) -> &'static str {
    match part {
        BroughtPart::Certificate => "Its certificate, among the loaded files",
        BroughtPart::Key => "Its private key, among the loaded files",
    }
}

/// The path of a file of a brought authority: one that no node's tree has.
pub fn brought_path(title: &str, part: BroughtPart, file: &str) -> String {
    format!("new {title}, {}: {}", brought_part(part), file.rsplit('/').next().unwrap_or(file))
}

/// A name for a new authority is missing.
pub fn no_name(title: &str) -> String {
    format!("{title}: give the new authority a common name.")
}

/// Everything stopped, in a page that works without workers.
pub fn page_died(location: &str) -> String {
    format!("Airlock stopped over a defect{}. Reload the page to begin anew.", at(location))
}

/// What was found, in a line.
pub fn summary(inventory: &InventoryReport, chosen: bool) -> String {
    let cluster = match inventory.cluster.as_str() {
        "" => "A cluster without a name".to_owned(),
        name => format!("Cluster {name}"),
    };
    format!(
        "{cluster}, {}: {} looked at, members of archives included.",
        platform::recognised(&inventory.platform, chosen),
        count(inventory.files, "file")
    )
}

/// What can be done with an authority.
pub fn authority_state(authority: &AuthorityReport) -> String {
    let key = if authority.key_present { "its private key was given" } else { "its private key is elsewhere" };
    let rotates = if authority.rotates { "can be rotated" } else { "shown and left alone" };
    format!("{rotates}, {key}")
}

/// A holder's part in the cluster.
pub fn role(role: &str) -> &str {
    match role {
        "control-plane" => "control-plane node",
        "cluster" => "objects of the workload cluster",
        "management" => "objects of the management cluster",
        "clients" => "kubeconfigs of people and CI",
        "loose" => "files whose node is not known",
        other => other,
    }
}

/// Who a group of the package's files is for.
pub fn holder(holder: &str) -> &str {
    if holder.is_empty() { "The whole package" } else { holder }
}

/// A folder of the package.
pub fn folder(folder: &str) -> String {
    format!("{folder}/")
}

/// Files that have no place.
pub fn without_place(files: usize) -> String {
    format!("{} without a place", count(files, "file"))
}

/// An authority and what takes its place.
pub fn successor(authority: &SuccessorReport) -> String {
    format!(
        "{}: {} is replaced by {} ({}, {}, until {}); its private key {}.",
        authority.title,
        authority.old_subject,
        authority.new_subject,
        authority.key_type,
        match (authority.under_way, authority.brought) {
            (true, _) => "in the cluster already",
            (false, true) => "brought along",
            (false, false) => "made here",
        },
        authority.not_after.date(),
        match authority.key_home.as_str() {
            "" => "is not here".to_owned(),
            home => format!("goes to {home}"),
        }
    )
}

/// In the place of a phase's steps, where there are none.
pub fn no_steps(plan: &PlanReport, phase: u8) -> &'static str {
    if plan.steps.iter().any(|step| step.phase > phase) {
        "Everyone is through it already."
    } else {
        "This plan ends before it."
    }
}

/// What becomes of a file, after its name.
pub fn change(before: &str, after: &str) -> String {
    match (before, after) {
        ("", "") => String::new(),
        ("", after) => format!(": new, {after}"),
        (before, "") => format!(": {before}, removed"),
        (before, after) => format!(": {before} → {after}"),
    }
}

/// Before making.
pub fn before_making(plan: &PlanReport) -> String {
    match plan.keys.len() {
        0 => "No key has to be made. Nothing leaves this page until you download the package.".to_owned(),
        keys => format!(
            "{} will be made here. Nothing leaves this page until you download the package.",
            count(keys, "key")
        ),
    }
}

/// The package in a line.
pub fn package(package: &PackageReport) -> String {
    format!(
        "{}: {}. Open a file to see what it changes; private keys are shown by their pins only.",
        package.name,
        count(package.files.len(), "file")
    )
}

/// What an output file is.
pub fn output(file: &OutputFileReport) -> String {
    let bytes = u64::try_from(file.size).unwrap_or(u64::MAX);
    let secret = if file.secret { ", holds a private key" } else { "" };
    format!("{}, mode {:04o}, {}{secret}", file.purpose, file.mode, size(bytes))
}

/// What an output file replaces.
pub fn replaces(path: &str) -> String {
    if path.is_empty() { "A new file.".to_owned() } else { format!("Compared with {path}.") }
}

/// How kubelets come by their certificates: id of the choice, and what it is called.
pub fn kubelet_certificates(how: KubeletCertificates) -> (&'static str, &'static str) {
    match how {
        KubeletCertificates::Renew => ("kubelets-renew", "Each kubelet renews its own: no key leaves its node"),
        KubeletCertificates::Mint => ("kubelets-mint", "Made here, for nodes that cannot renew through the API"),
    }
}

/// How much a finding matters.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Note => "Note",
    }
}

/// How to move in the picture.
pub const PICTURE_HINT: &str = "Point at a cell, or move with the arrow keys, Home and End; with Control, to the first and last line. \
    What is under the picture explains it. \
    A line that stands for several connections shows them one by one when it is clicked on.";
/// Over the lines that must hold.
pub const MUST_HOLD: &str = "Must hold at every moment";
/// Over the lines that must be refused.
pub const MUST_BE_REFUSED: &str = "Must be refused at the end";
/// Over what explains a cell, for those who listen.
pub const EXPLANATION: &str = "What the cell says";
/// About the drawing.
pub const DRAWING_HINT: &str = "Each end of a line says what is shown there and what is trusted there at the chosen moment. \
    Where it says “or”, nobody can know which, and Airlock has judged every pair.";
/// Over the drawing's words.
pub const AS_A_TABLE: &str = "The same as a table";
/// The table's columns.
pub const TRUST_TABLE: [&str; 4] =
    ["Who connects to whom", "What the client shows", "What the server shows", "What comes of it"];
/// A card in the drawing.
pub const SHOWN: &str = "certificate shown: of the old CA, of either, of the new CA";
/// A shield in the drawing.
pub const TRUSTED: &str = "CAs trusted: the old alone, both, the new alone";
/// What a reader built on OpenSSL is.
pub const OPEN_SSL: &str = "another verifier differs";

/// What was predicted, in a sentence.
pub fn matrix(matrix: &TrustMatrix) -> String {
    format!("{matrix}.")
}

/// Whether anything stops talking.
pub fn answer(chart: &Chart) -> &'static str {
    let worst = chart.groups.iter().flat_map(|group| &group.runs).map(|run| run.look.mark).max().unwrap_or_default();
    match worst {
        Mark::Broken => "Yes: this rotation would break something.",
        Mark::Outage => "Only what you accepted.",
        Mark::NotJudged => "No connection is known to break, but some are not judged. They are marked.",
        Mark::BrokenToday => "Nothing that talks today. What does not hold today is marked.",
        Mark::NotAsked | Mark::Holds | Mark::Changes | Mark::Refused => "No.",
    }
}

/// What a mark means.
pub fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "nobody asks",
        Mark::Holds => "holds",
        Mark::Changes => "holds while it changes",
        Mark::Refused => "refused, as it must be",
        Mark::NotJudged => "not judged",
        Mark::BrokenToday => "does not hold today either",
        Mark::Outage => "breaks for a time, as you accepted",
        Mark::Broken => "breaks",
    }
}

/// How a cell looks, for those who listen.
pub fn look(look: Look) -> String {
    format!("{}{}", mark(look.mark), if look.open_ssl { "; another verifier differs" } else { "" })
}

/// A line of the picture.
pub fn connection(client: &str, server: &str) -> String {
    format!("{client} → {server}")
}

/// How many edges are in a line.
pub fn connections(group: &Group) -> String {
    count(group.edges.len(), "connection")
}

/// The same, in short.
pub fn times(group: &Group) -> String {
    format!("× {}", group.edges.len())
}

/// A moment, as a heading.
pub fn moment(chart: &Chart, column: usize) -> String {
    let Some(moment) = chart.column(column) else { return String::new() };
    if column == 0 {
        return format!("Today: {}", moment.title);
    }
    format!("Step {column} of {}, {}: {}", chart.last(), moment.holder, moment.title)
}

/// A moment, in short.
pub fn moment_number(column: usize) -> String {
    if column == 0 { "now".to_owned() } else { column.to_string() }
}

/// A moment's phase.
pub fn moment_phase(phase: u8, tongue: Tongue) -> String {
    if phase == 0 { "Today".to_owned() } else { platform::phase(phase, tongue) }
}

/// For how long the same is to be said.
pub fn until(cell: &Cell<'_>, last: usize) -> String {
    match cell.until {
        until if until == cell.column => String::new(),
        until if until == last => "The same to the end.".to_owned(),
        until => format!("The same until step {until}."),
    }
}

/// What comes of it.
pub fn verdict(cell: &Cell<'_>) -> String {
    let states: usize = cell.all.iter().map(|(_, verdict)| verdict.states).sum();
    let pairs = count(states, "state");
    let judged = if states == 1 { "in the one state there is".to_owned() } else { format!("in each of {pairs}") };
    match cell.look.mark {
        Mark::NotAsked if cell.refused => {
            "Not asked before the last step: until then the old CA is trusted on purpose.".to_owned()
        }
        Mark::NotAsked => "Nobody asks at this moment.".to_owned(),
        Mark::Holds => format!("Holds {judged}."),
        Mark::Changes => format!("Holds while it changes, {judged} that its ends may be in."),
        Mark::Refused => format!("Refused, as it must be, {judged}."),
        Mark::NotJudged => format!("Not judged: {}.", cell.worst.1.why),
        Mark::BrokenToday => format!("Does not hold, as it does not today: {}.", cell.worst.1.why),
        Mark::Outage => format!("Breaks, as you accepted: {}.", cell.worst.1.why),
        Mark::Broken => format!("Breaks: {}.", cell.worst.1.why),
    }
}

/// Which of several edges a verdict is about; empty where it is about all of them.
pub fn which(cell: &Cell<'_>) -> String {
    let bad = cell.look.mark >= Mark::BrokenToday;
    if cell.all.len() == 1 || !bad {
        return if cell.all.len() > 1 {
            format!("{} together.", count(cell.all.len(), "connection"))
        } else {
            String::new()
        };
    }
    let (edge, verdict) = cell.worst;
    let same = cell.all.iter().filter(|(_, other)| other.outcome == verdict.outcome).count();
    format!(
        "{same} of {}; the first is {}.",
        count(cell.all.len(), "connection"),
        connection(&edge.client, &edge.server)
    )
}

/// What the other verifiers make of it: those that differ from Go, each with its reason.
pub fn verifiers(cell: &Cell<'_>) -> String {
    if cell.look.mark == Mark::NotAsked {
        return String::new();
    }
    let differs = |rules: Rules| {
        let (_, verdict) = cell.all.iter().find(|(_, verdict)| verdict.others.contains_key(&rules))?;
        Some(match (verdict.by(rules), verdict.why_by(rules)) {
            (simulate::Outcome::NotJudged, why) => format!("{rules}: not judged ({why})."),
            (simulate::Outcome::Broken | simulate::Outcome::BrokenToday, why) => format!("{rules}: breaks ({why})."),
            _ => format!("{rules}: works."),
        })
    };
    let others: Vec<String> = Rules::REPORTED.into_iter().filter_map(differs).collect();
    if others.is_empty() {
        "OpenSSL, Python, Java and rustls clients: same result.".to_owned()
    } else {
        others.join(" ")
    }
}

/// What to change.
pub fn remedy(remedy: &str) -> String {
    format!("What to change: {}.", lower_first(remedy))
}

/// A party of the profile, all of its kind together, where an authority rotates.
pub fn party(end: End, authority: AuthorityId) -> &'static str {
    let serves = end.presents.is_some_and(|holding| holding.material == Material::KubeletServing);
    match end.party {
        // API servers have two things to do with kubelets: they are verified by them, and may verify them.
        Party::Component(Component::Kubelet) if serves => "kubelet, by its serving certificate",
        Party::OldHolder if authority == AuthorityId::FrontProxy => "holder of the old front-proxy CA",
        Party::OldHolder if authority == AuthorityId::Talos => "holder of the old Talos API CA",
        Party::Component(component) => component.as_str(),
        // A worker asks trustd by its own configuration; what its apid trusts, trustd tells it.
        Party::OnWorkers(_) if end.trusts.is_some_and(|holding| holding.writer == Writer::Machine) => {
            "worker that asks trustd"
        }
        Party::OnWorkers(_) => "apid of workers",
        Party::User(kubeconfig) => kubeconfig,
        Party::Pods => "pods",
        Party::JoiningNode => "a node that joins",
        Party::Requester => "newly signed clients",
        Party::Management => "management cluster",
        Party::GivenClients if authority == AuthorityId::Talos => "talosconfigs given",
        Party::OtherClients if authority == AuthorityId::Talos => "talosconfigs not given",
        Party::GivenClients => "kubeconfigs given",
        Party::OtherClients => "kubeconfigs not given",
        Party::ExtensionServers => "extension API servers",
        Party::Webhooks if end.presents.is_some() => "webhooks",
        Party::Webhooks => "kube-apiserver, as its webhooks' CA data says",
        Party::OldHolder => "holder of the old CA",
        _ => "another party",
    }
}

/// A party of the drawing.
pub fn seat(seat: Seat) -> &'static str {
    match seat {
        Seat::Admins => "admin kubeconfigs",
        Seat::People => "people and pipelines",
        Seat::Management => "management cluster",
        Seat::Pods => "pods",
        Seat::Joining => "a node that joins",
        Seat::Requester => "newly signed clients",
        Seat::Apiserver => "kube-apiserver",
        Seat::ControllerManager => "controller-manager",
        Seat::Scheduler => "scheduler",
        Seat::Konnectivity => "konnectivity server",
        Seat::Kubelets => "kubelets",
        Seat::WorkerKubelets => "kubelets of workers",
        Seat::Extensions => "extension API servers",
        Seat::Webhooks => "webhooks",
        Seat::Apid => "apid and trustd",
        Seat::WorkerApid => "apid of workers",
        Seat::OldHolder => "whoever holds what the old CA signed, or its key",
        Seat::Other => "others",
    }
}

/// What is shown or trusted.
pub fn held(held: Held) -> String {
    let all = [(held.old, "old"), (held.both, "both"), (held.new, "new"), (held.other, "other")];
    all.into_iter().filter(|(there, _)| *there).map(|(_, word)| word).collect::<Vec<_>>().join(" or ")
}

/// One half of a handshake.
pub fn shown_and_trusted(shows: Held, trusts: Held) -> String {
    let or_nothing = |held: Held| if held.is_empty() { "nothing".to_owned() } else { self::held(held) };
    format!("{} is shown, {} is trusted", or_nothing(shows), or_nothing(trusts))
}

/// A line of the drawing.
pub fn wire((client, server): (Seat, Seat), wire: &Wire) -> String {
    format!("{}: {}", connection(seat(client), seat(server)), look(wire.look))
}

/// What is drawn.
pub fn drawing(chart: &Chart, column: usize) -> String {
    format!("Drawing of who trusts whom. {}. The table below it says the same", moment(chart, column))
}

/// What others make of whoever holds what the old CA signed.
pub fn old_holder(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "still trusted",
        Mark::NotJudged => "not judged",
        Mark::Broken | Mark::BrokenToday | Mark::Outage => "still accepted",
        Mark::Holds | Mark::Changes | Mark::Refused => "refused",
    }
}

/// What core says may be shown or trusted.
pub fn values(values: &[&str]) -> String {
    if values.is_empty() {
        return "nothing that the other asks for".to_owned();
    }
    // "certificate of the old CA; or of the new CA"
    let first = values.iter().take(1).map(|value| (*value).to_owned());
    let rest = values.iter().skip(1).map(|value| value.trim_start_matches("certificate ").to_owned());
    first.chain(rest).collect::<Vec<_>>().join("; or ")
}

/// What core says without a capital and a final period, as a sentence.
pub fn sentence(said: &str) -> String {
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    first.unwrap_or_default() + "."
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A phase as it is called.
pub fn phase(phase: u8) -> &'static str {
    match phase {
        1 => "Phase 1: trust both",
        2 => "Phase 2: switch",
        3 => "Phase 3: drop old",
        _ => "The whole package and the backup",
    }
}

/// An authority in ids of elements and hooks.
pub fn authority_id(id: AuthorityId) -> &'static str {
    id.as_str()
}

/// The keys that can be chosen, with what they are called.
pub const KEY_ALGORITHMS: [(KeyAlgorithm, &str, &str); 6] = [
    (KeyAlgorithm::Rsa2048, "rsa-2048", "RSA 2048"),
    (KeyAlgorithm::Rsa3072, "rsa-3072", "RSA 3072"),
    (KeyAlgorithm::Rsa4096, "rsa-4096", "RSA 4096"),
    (KeyAlgorithm::EcdsaP256, "ecdsa-p256", "ECDSA P-256"),
    (KeyAlgorithm::EcdsaP384, "ecdsa-p384", "ECDSA P-384"),
    (KeyAlgorithm::Ed25519, "ed25519", "Ed25519"),
];

/// What a key is called.
pub fn key_algorithm(algorithm: KeyAlgorithm) -> &'static str {
    KEY_ALGORITHMS.iter().find(|row| row.0 == algorithm).map_or("", |row| row.2)
}

/// A size, for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}

/// `1 file`, `2 files`, `2 entries`.
pub fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e']) => format!("{number} {stem}ies"),
        _ => format!("{number} {what}s"),
    }
}

fn at(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" ({location})") }
}

/// Why a worker stopped. A defect says where it is before it ends its worker; memory that is exhausted leaves nothing to say it with.
fn over(location: &str) -> String {
    if location.is_empty() {
        "without a word, as it does when this browser has no more memory for it".to_owned()
    } else {
        format!("over a defect{}", at(location))
    }
}

#[cfg(test)]
mod tests;
