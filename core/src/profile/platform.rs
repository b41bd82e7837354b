//! The list of platforms, how they are recognised, and the sequence of a rotation on each.

use super::{
    distributed_cloud::STARLINGX_DC, kamaji::KAMAJI, kubeadm::KUBEADM, model::Profile, omni::OMNI,
    starlingx::STARLINGX, talos::TALOS,
};

/// All platforms, in the order in which user interfaces list them.
pub const PROFILES: &[&Profile] = &[&KUBEADM, &STARLINGX, &STARLINGX_DC, &TALOS, &OMNI, &KAMAJI];

/// The platform with this name in options and JSON; `None` if there is none.
#[must_use]
pub fn named(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|profile| profile.id == id)
}
