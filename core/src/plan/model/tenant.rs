//! Actions on a control plane that runs in a management cluster.

use crate::profile::{Component, Hosted};

/// An action on a tenant's control plane in the management cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantAction {
    pub(crate) hosted: &'static Hosted,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) verb: TenantVerb,
}

/// The kind of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TenantVerb {
    /// Pauses the operator for this tenant.
    Pause,
    /// Waits until the operator has re-issued every certificate and rolled the control plane out.
    Reissued,
    /// Deletes the Secrets that the operator keeps when the CA changes; it creates them again.
    Recreate,
    /// Resumes the operator. `ca.crt` must be a single certificate by then.
    Resume,
    /// Replaces all its Pods, once in the phase.
    RollOut,
    /// Replaces all its Pods, only when the phase is rolled back.
    RollBack,
    /// Has kube-controller-manager sign from separate files (`true`) or from `ca.crt` (`false`). The operator rolls the
    /// change out, so it must not be paused.
    SignApart(bool),
}

impl TenantAction {
    /// Whether it replaces the Pods of the control plane.
    pub(crate) fn rolls_out(&self) -> bool {
        matches!(self.verb, TenantVerb::RollOut | TenantVerb::Reissued | TenantVerb::Resume | TenantVerb::SignApart(_))
    }

    pub(crate) fn in_words(&self) -> String {
        let Self { hosted, namespace, name, verb } = self;
        let tenant = format!("{} {namespace}/{name}", hosted.kind);
        match verb {
            TenantVerb::Pause => format!("Annotate the {tenant} with {}: the operator then does not reconcile it", hosted.pause),
            TenantVerb::Reissued => "Wait until the operator has re-issued every certificate and kubeconfig, and has rolled the control plane out".to_owned(),
            TenantVerb::Recreate => self.recreated_in_words(),
            TenantVerb::Resume => format!("Remove the annotation {} from the {tenant}, now that ca.crt is one certificate again: with two, the operator never finishes reconciling. It writes its kubeconfigs again and rolls the control plane out once", hosted.pause),
            TenantVerb::RollOut => format!("Roll the Deployment {namespace}/{name} out: kube-controller-manager and kube-scheduler read their trusted CAs and credentials only at startup"),
            TenantVerb::RollBack => format!("Only for rollback: roll the Deployment {namespace}/{name} out again, so that kube-controller-manager publishes both CAs again"),
            TenantVerb::SignApart(true) => format!("In the {tenant}, have kube-controller-manager sign from {}: it signs with one certificate only, and ca.crt becomes a bundle; the operator rolls it out", hosted.signing_flags[0].1),
            TenantVerb::SignApart(false) => format!("In the {tenant}, remove these arguments of kube-controller-manager again, in the same roll-out"),
        }
    }
}

impl TenantAction {
    /// Describes [`TenantVerb::Recreate`].
    fn recreated_in_words(&self) -> String {
        let Self { hosted, namespace, name, .. } = self;
        let secrets: Vec<_> = hosted.left_behind().map(|table| format!("{name}-{}", table.component)).collect();
        format!(
            "Delete the Secrets {} of namespace {namespace}, one after the other: the operator keeps them when the CA changes, and creates them again from the new CA when they are missing. Then delete the Secret {name}-{} in the same way, so that the operator rolls the control plane out: {} reads its kubeconfig at its start",
            secrets.join(" and "),
            hosted.rolls_out,
            Component::Konnectivity
        )
    }
}
