//! The platform, detected or chosen, and its names of the phases.

use airlock_core::{
    profile::{self, PROFILES, Profile},
    report::InventoryReport,
};

/// A platform's names of the three phases; empty if it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseNames(pub [&'static str; 3]);

impl PhaseNames {
    /// The platform's name of phase 1, 2 or 3; empty for others.
    pub fn phase(self, phase: u8) -> &'static str {
        usize::from(phase).checked_sub(1).and_then(|at| self.0.get(at)).copied().unwrap_or_default()
    }
}

/// The names of the detected or chosen platform.
pub fn phase_names(inventory: Option<&InventoryReport>) -> PhaseNames {
    let profile = inventory.and_then(|inventory| profile::named(&inventory.platform));
    profile.map(|profile| PhaseNames(profile.phase_words)).unwrap_or_default()
}

/// Are files of several platforms loaded, so that the person must choose?
pub fn is_asked(inventory: &InventoryReport) -> bool {
    inventory.findings.iter().any(|finding| finding.code == "mixed-platforms")
}

/// The platforms that can be chosen.
pub fn choices() -> &'static [&'static Profile] {
    PROFILES
}

/// The platform of a choice; `None` to detect it.
pub fn chosen(id: &str) -> Option<&'static str> {
    profile::named(id).map(|profile| profile.id)
}

#[cfg(test)]
mod tests {
    use airlock_core::Finding;

    use super::*;

    #[test]
    fn a_platforms_words_are_its_profiles() {
        let of = |platform: &str| {
            phase_names(Some(&InventoryReport { platform: platform.to_owned(), ..Default::default() }))
        };
        assert_eq!(of("starlingx").phase(1), "trust-both-cas");
        assert_eq!(of("talos").phase(3), "POST_ROTATE");
        assert_eq!((of("kubeadm").phase(2), of("another").phase(2), of("talos").phase(0)), ("", "", ""));
        assert_eq!(phase_names(None), PhaseNames::default());
    }

    #[test]
    fn the_page_asks_where_core_cannot_tell() {
        let mut inventory = InventoryReport::default();
        assert!(!is_asked(&inventory));
        inventory.findings.push(Finding::error("mixed-platforms", "worker.yaml", "the files are of two platforms"));
        assert!(is_asked(&inventory));
    }

    #[test]
    fn what_can_be_said_is_every_platform_of_core_and_nothing() {
        assert!(choices().iter().all(|profile| chosen(profile.id) == Some(profile.id)));
        assert_eq!((chosen(""), chosen("another")), (None, None));
    }
}
