//! The platform, and its own terms.

use airlock_core::profile;

use crate::state::platform::PhaseNames;

/// The label of the choice.
pub const LABEL: &str = "Platform";
/// What the choice is for.
pub const HINT: &str = "Determines which files are used, which steps are generated, and the terminology.";
/// The title of the question.
pub const ASK: &str = "The files belong to more than one platform";
/// What to do.
pub const ASK_HINT: &str =
    "Choose the platform of this cluster; other files are ignored. Or remove the files that belong to another cluster.";
/// The label of the field for the expiry date.
pub const EXPIRY: &str = "Expiry date";
/// Details.
pub const EXPIRY_HINT: &str = "YYYY-MM-DD, for --expiry-date. Leave it empty to use the validity of new CAs.";
/// The hint of the field for a complete subject.
pub const SUBJECT_HINT: &str =
    "For --subject, such as C=CA ST=ON L=Ottawa O=Company CN=kubernetes. Leave it empty to use the common name.";

/// The options of a subcloud strategy.
pub const STRATEGY: &str = "Subclouds";
/// The value without options: all subclouds.
pub const ALL_SUBCLOUDS: &str = "All that are managed and online";
/// The label of their field.
pub const STRATEGY_LABEL: &str = "Options of dcmanager kube-rootca-update-strategy create";
/// Details.
pub const STRATEGY_HINT: &str = "Such as --group edge --stop-on-failure, or --force subcloud1. Also --subcloud-apply-type, --max-parallel-subclouds and --cert-file (a path on the system controller). Leave it empty to update all subclouds that are out of sync.";

/// The label of the field for a complete subject.
pub fn subject(platform: &str) -> String {
    format!("Subject, as {} expects it", title(platform))
}

/// The display name of a platform.
pub fn title(platform: &str) -> &str {
    profile::named(platform).map_or("unknown platform", |profile| profile.title)
}

/// The option that detects the platform.
pub fn told(platform: &str, chosen: bool) -> String {
    if chosen { "Auto-detect".to_owned() } else { format!("Auto-detected: {}", title(platform)) }
}

/// How the platform is known.
pub fn recognised(platform: &str, chosen: bool) -> String {
    let how = if chosen { "selected" } else { "detected" };
    format!("{} ({how})", title(platform))
}

/// The name of a phase, with the platform's own name.
pub fn phase(phase: u8, phase_names: PhaseNames) -> String {
    match phase_names.phase(phase) {
        "" => super::text::phase(phase).to_owned(),
        own => format!("{} ({own})", super::text::phase(phase)),
    }
}

/// A phase in two words, with the platform's own name.
pub fn phase_short(phase: u8, phase_names: PhaseNames) -> String {
    match phase_names.phase(phase) {
        "" => super::text::phase_short(phase).to_owned(),
        own => format!("{} ({own})", super::text::phase_short(phase)),
    }
}
