//! Results of actions, and failures.

use super::{
    check::checked,
    explain,
    text::{cluster_of, count, is},
};
use crate::state::notice::{Alert, Notice};

/// The result of the last action.
pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Cancelled => "Build cancelled. Keys generated so far were discarded.".to_owned(),
        Notice::Checked(report) => checked(report),
        Notice::ChoicesLoaded { applied: true } => {
            "Saved choices loaded. Acknowledged warnings and accepted outages must be confirmed again.".to_owned()
        }
        Notice::ChoicesLoaded { applied: false } => {
            "Saved choices loaded. They are applied when you add the cluster's files.".to_owned()
        }
        Notice::Copied { path, target } => {
            format!(
                "The command that applies {path} was copied to the clipboard. It is for the {}.",
                cluster_of(*target)
            )
        }
        Notice::Explained(explanations) => explain::found(*explanations),
        Notice::NothingFound => "The dropped item contains no files.".to_owned(),
        Notice::TextCopied => "Copied to the clipboard.".to_owned(),
        Notice::Unlocked { left: 0, .. } => "All encrypted files are decrypted.".to_owned(),
        Notice::Unlocked { opened: true, left } => {
            format!("The password decrypted some files; {} {} still encrypted.", count(*left, "file"), is(*left))
        }
        Notice::Unlocked { opened: false, .. } => "The password does not decrypt these files.".to_owned(),
        Notice::NotBuilt => "No package was built: at least one connection would break.".to_owned(),
        Notice::Wiped => "Files, keys and package were deleted from memory.".to_owned(),
        Notice::Resumed => "The browser suspended this page. All loaded files are still here.".to_owned(),
    }
}

/// A failure.
pub fn alert(alert: &Alert) -> String {
    match alert {
        Alert::BadChoices => {
            "The file contains no choices that this version of Airlock can read. Nothing was changed.".to_owned()
        }
        Alert::CoreCannotStart => {
            "The background thread stopped again while reading the loaded files. Remove some of them, or reload the page."
                .to_owned()
        }
        Alert::CoreDied { location, password } => core_died(location, *password),
        Alert::FilesLeftOut { paths, location } => left_out(paths, location),
        Alert::KeyWorkerDied(location) => {
            format!("A key generation thread stopped {}. Another one generates its key.", over(location))
        }
        Alert::KeysGivenUp(location) => format!(
            "Keys cannot be generated here: key generation threads stop {}. No package was built.",
            over(location)
        ),
        Alert::NoAnswer => NO_ANSWER.to_owned(),
        Alert::NotCopied(reason) if reason.is_empty() => format!("Nothing was copied. {NO_ANSWER}"),
        Alert::NotCopied(reason) => format!("Nothing was copied: {reason}."),
        Alert::NotDownloaded(reason) => format!("Nothing was downloaded: {reason}."),
        Alert::Said(sentence) => sentence.clone(),
        Alert::Discarded => {
            "The browser discarded this page to save memory. Loaded files were only in memory and are lost: load them again."
                .to_owned()
        }
        Alert::TooManyFiles(limit) => format!(
            "More than {limit} files: the rest was not read. Load only the folders that are listed under “What to load”."
        ),
        Alert::ResumedDuringWork => {
            "The browser suspended this page. Nothing is lost, and the build continues. It is faster while the page is visible."
                .to_owned()
        }
    }
}

const NO_ANSWER: &str = "The background thread did not answer. Try again.";

fn core_died(location: &str, password: bool) -> String {
    let password = if password { " Enter the password again." } else { "" };
    format!(
        "The background thread stopped {}. It was restarted with all loaded files.{password} Repeat the last action to continue.",
        over(location)
    )
}

fn left_out(paths: &[String], location: &str) -> String {
    let (what, were) = match paths {
        [path] => (path.clone(), "was"),
        paths => (count(paths.len(), "file"), "were"),
    };
    format!(
        "The background thread stopped {} while it read {what}, which {were} left out. All other files are still loaded. \
         Load the files in smaller groups to find the one that causes this.",
        over(location)
    )
}

/// The sentence that replaces the page after a panic on the page's thread.
pub fn page_died(location: &str) -> String {
    format!("Airlock stopped because of a defect{}. Reload the page.", at(location))
}

fn at(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" ({location})") }
}

/// Why a worker stopped. A panic reports its location; exhausted memory does not.
fn over(location: &str) -> String {
    if location.is_empty() {
        "without a message, probably because this browser has no more memory".to_owned()
    } else {
        format!("because of a defect{}", at(location))
    }
}
