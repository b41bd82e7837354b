//! Which choices a cluster allows.

use super::model::request::PossibleChoices;
use crate::{
    inventory::Inventory,
    profile::{Ability, RotationMethod},
};

impl Inventory {
    /// The choices that this cluster allows. [`plan`](crate::plan()) refuses a request for any other.
    #[must_use]
    pub fn possible_choices(&self) -> PossibleChoices {
        // Only the release that the files name: the request's is not known here.
        let at_once = self.tenant.as_ref().is_some_and(|tenant| tenant.can(Ability::Pause, None) == Some(false));
        PossibleChoices {
            // A rotation in progress replaces the leaves itself.
            renew_leaves: renews_leaves(self.profile.course) && self.rotations.is_empty(),
            replace_workers: joins_by_cluster_info(self.profile.course) && !at_once,
        }
    }
}

/// Whether the package can renew the control plane's leaf certificates with its current CAs. Talos, Omni and StarlingX
/// renew them with their own programs.
const fn renews_leaves(course: RotationMethod) -> bool {
    matches!(course, RotationMethod::NodeFiles | RotationMethod::Hosted(_))
}

/// Whether workers join with `kubeadm join`, which reads the CA from cluster-info.
pub(super) const fn joins_by_cluster_info(course: RotationMethod) -> bool {
    matches!(course, RotationMethod::NodeFiles | RotationMethod::Hosted(_))
}

#[cfg(test)]
mod tests;
