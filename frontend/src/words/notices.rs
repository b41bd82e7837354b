//! Results of actions, and what went wrong.

use super::count;
use crate::state::lock::Lock;

/// After cancelling.
pub const CANCELLED: &str = "Build cancelled. Keys generated so far were discarded.";
/// After copying a command or a value.
pub const COMMAND_COPIED: &str = "Copied to the clipboard.";
/// An empty drop.
pub const NOTHING_FOUND: &str = "The dropped item contains no files.";
/// The core worker answered with something that was not asked.
pub const NO_ANSWER: &str = "The background thread did not answer. Try again.";
/// The core worker cannot be started.
pub const CORE_CANNOT_START: &str =
    "The background thread stopped again while reading the loaded files. Remove some of them, or reload the page.";
/// The browser had discarded the page.
pub const THROWN_OUT: &str =
    "The browser discarded this page to save memory. Loaded files were only in memory and are lost: load them again.";
/// The page was suspended, with nothing to do.
pub const WOKE: &str = "The browser suspended this page. All loaded files are still here.";
/// The page was suspended while it worked.
pub const WOKE_AT_WORK: &str = "The browser suspended this page. Nothing is lost, and the build continues. It is faster while the page is visible.";
/// After wiping.
pub const WIPED: &str = "Files, keys and package were deleted from memory.";
/// After core refuses the package.
pub const UNMADE: &str = "No package was built: at least one connection would break.";

/// After a password was tried.
pub fn unlocked(lock: &Lock, opened: bool) -> String {
    match (lock.is_shut(), opened) {
        (false, _) => "All encrypted files are decrypted.".to_owned(),
        (true, true) => {
            let files = lock.files.len();
            format!("The password decrypted some files; {} {} still encrypted.", count(files, "file"), super::is(files))
        }
        (true, false) => "The password does not decrypt these files.".to_owned(),
    }
}

/// After copying.
pub fn copied(path: &str) -> String {
    format!("The command that applies {path} was copied to the clipboard.")
}

/// The core worker died.
pub fn core_died(location: &str, password: bool) -> String {
    let password = if password { " Enter the password again." } else { "" };
    format!(
        "The background thread stopped {}. It was restarted with all loaded files.{password} Repeat the last action to continue.",
        over(location)
    )
}

/// A key worker died.
pub fn key_worker_died(location: &str) -> String {
    format!("A key generation thread stopped {}. Another one generates its key.", over(location))
}

/// Key workers died again and again.
pub fn keys_given_up(location: &str) -> String {
    format!("Keys cannot be generated here: key generation threads stop {}. No package was built.", over(location))
}

/// Files over which the worker died.
pub fn left_out(paths: &[String], location: &str) -> String {
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
    format!(
        "More than {limit} files: the rest was not read. Load only the folders that are listed under “What to load”."
    )
}

/// Everything stopped, in a page that works without workers.
pub fn page_died(location: &str) -> String {
    format!("Airlock stopped because of a defect{}. Reload the page.", at(location))
}

fn at(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" ({location})") }
}

/// Why a worker stopped. A defect names its place before it ends its worker; exhausted memory leaves no message.
fn over(location: &str) -> String {
    if location.is_empty() {
        "without a message, probably because this browser has no more memory".to_owned()
    } else {
        format!("because of a defect{}", at(location))
    }
}
