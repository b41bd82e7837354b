//! The texts of a plan's runbook.

use super::{hosted, platform_texts::Texts, texts};
use crate::{
    plan::RotationPlan,
    profile::{Course, DCMANAGER},
};

/// The words of a plan: those of its course, and of the way that it takes there.
pub(crate) fn texts_of(plan: &RotationPlan) -> &'static Texts {
    match plan.profile.course {
        Course::Hosted(_) if plan.at_once && !hosted::is_cluster(plan) => &hosted::FRONT_PROXY_AT_ONCE,
        Course::Hosted(_) if plan.at_once => &hosted::AT_ONCE,
        Course::Hosted(_) => &hosted::OVERLAP,
        Course::HostPhases => &texts::HOST_PHASES,
        Course::Managed(manager) if manager.script == DCMANAGER => &texts::SUBCLOUDS,
        Course::Managed(_) => &texts::MANAGED,
        Course::MachineConfigs => &texts::MACHINE_CONFIGS,
        Course::NodeFiles => &texts::NODE_FILES,
    }
}
