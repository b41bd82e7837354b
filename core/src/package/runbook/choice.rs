//! The texts of a plan's runbook.

use super::{hosted, platform_texts::Texts, texts};
use crate::{
    plan::RotationPlan,
    profile::{DCMANAGER, RotationMethod},
};

/// The words of a plan: those of its course, and of the way that it takes there.
pub(crate) fn texts_of(plan: &RotationPlan) -> &'static Texts {
    match plan.profile.course {
        RotationMethod::Hosted(_) if plan.at_once && !hosted::is_cluster(plan) => &hosted::FRONT_PROXY_AT_ONCE,
        RotationMethod::Hosted(_) if plan.at_once => &hosted::AT_ONCE,
        RotationMethod::Hosted(_) => &hosted::OVERLAP,
        RotationMethod::HostPhases => &texts::HOST_PHASES,
        RotationMethod::Managed(manager) if manager.script == DCMANAGER => &texts::SUBCLOUDS,
        RotationMethod::Managed(_) => &texts::MANAGED,
        RotationMethod::MachineConfigs => &texts::MACHINE_CONFIGS,
        RotationMethod::NodeFiles => &texts::NODE_FILES,
    }
}
