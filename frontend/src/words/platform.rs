//! Which platform it is, and its own words beside ours.

use airlock_core::profile;

use crate::state::platform::Tongue;

/// Over the choice.
pub const LABEL: &str = "Platform";
/// What the choice is for.
pub const HINT: &str = "It decides which files count, what the steps are, and which words stand beside Airlock's.";
/// Where nobody but the person can tell.
pub const ASK: &str = "The files are of more than one platform. Say which one this cluster runs on; the other files are left aside. \
    Or remove those that belong to another cluster.";
/// Over the field for the last day.
pub const EXPIRY: &str = "Day on which it ends";
/// About it.
pub const EXPIRY_HINT: &str = "As YYYY-MM-DD, for --expiry-date. Leave it empty for the lifetime of new CAs below.";
/// About the field for a whole subject.
pub const SUBJECT_HINT: &str =
    "For --subject, such as C=CA ST=ON L=Ottawa O=Company CN=kubernetes. Leave it empty for the common name above.";

/// Over the field for a whole subject.
pub fn subject(platform: &str) -> String {
    format!("Whole subject, as {} takes it", title(platform))
}

/// A platform by its name for people.
pub fn title(platform: &str) -> &str {
    profile::named(platform).map_or("an unknown platform", |profile| profile.title)
}

/// The choice not to say it.
pub fn told(platform: &str, chosen: bool) -> String {
    if chosen { "told from the files".to_owned() } else { format!("told from the files: {}", title(platform)) }
}

/// How it is known.
pub fn recognised(platform: &str, chosen: bool) -> String {
    let how = if chosen { "as you said" } else { "told from the files" };
    format!("{}, {how}", title(platform))
}

/// A phase as it is called, with the platform's own word.
pub fn phase(phase: u8, tongue: Tongue) -> String {
    match tongue.phase(phase) {
        "" => super::phase(phase).to_owned(),
        own => format!("{} ({own})", super::phase(phase)),
    }
}

/// What the platform's own tool would refuse.
pub fn not_a_subject(reason: &str) -> String {
    format!("The platform's tool would refuse this subject: {reason}.")
}

/// What is no day.
pub fn not_a_day(reason: &str) -> String {
    format!("The platform's tool would refuse this day: {reason}.")
}
