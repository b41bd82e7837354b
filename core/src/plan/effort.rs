//! Duration of steps, as ranges, for the maintenance window that the runbook proposes.
//!
//! The minimum was measured on a cluster of three control-plane nodes on two processors: a whole rotation in about three
//! minutes. The maximum is the longest time of a healthy component: an API server reads its files at least once a minute
//! (kubernetes/apiserver: pkg/server/dynamiccertificates), a kube-controller-manager that restarts waits up to 17 s for its
//! lease (k8s.io/component-base: config/v1alpha1, `LeaseDuration`).

use std::{fmt, iter::Sum, ops::Add};

use super::model::{
    actions::{Action, ClusterAction},
    consumers::Process,
    steps::{Carrier, Fact, Holder, Step},
    tenant::TenantVerb,
};
use crate::profile::Component;

/// Minimum and maximum duration. Seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

const fn span(least: u64, most: u64) -> Span {
    Span { least, most }
}

impl Span {
    pub(crate) fn times(self, count: usize) -> Self {
        let count = count as u64;
        span(self.least * count, self.most * count)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        span(self.least + other.least, self.most + other.most)
    }
}

impl Sum for Span {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::default(), Add::add)
    }
}

/// `20 s to 5 min`; rounded up.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |seconds: u64| match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds.div_ceil(60)),
            _ => format!("{} h", seconds.div_ceil(3600)),
        };
        write!(f, "{} to {}", words(self.least), words(self.most))
    }
}

/// The duration of a step, without manual work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Independent of the cluster's size.
    pub(crate) once: Span,
    /// For each control-plane node that was not provided.
    pub(crate) control_plane: Span,
    /// For each worker, one after the other.
    pub(crate) worker: Span,
    /// For each ten workloads, the batch size of the script.
    pub(crate) workloads: Span,
    /// For each machine that Cluster API replaces.
    pub(crate) machine: Span,
}

impl Add for Effort {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            once: self.once + other.once,
            control_plane: self.control_plane + other.control_plane,
            worker: self.worker + other.worker,
            workloads: self.workloads + other.workloads,
            machine: self.machine + other.machine,
        }
    }
}

impl Sum for Effort {
    fn sum<I: Iterator<Item = Self>>(efforts: I) -> Self {
        efforts.fold(Self::default(), Add::add)
    }
}

impl Effort {
    /// The durations other than [`Effort::once`], in words: `, for each worker 5 s to 90 s`.
    pub(crate) fn each(&self) -> String {
        let parts = [
            (self.control_plane, "control-plane node"),
            (self.worker, "worker"),
            (self.workloads, "ten workloads"),
            (self.machine, "machine that Cluster API replaces"),
        ];
        let parts = parts.iter().filter(|(span, _)| *span != Span::default());
        parts.map(|(span, what)| format!(", for each {what} {span}")).collect()
    }
}

/// The duration of a step; zero for a step of the platform's own tool, whose duration is unknown.
pub(crate) fn of(step: &Step) -> Effort {
    if matches!(step.carrier, Carrier::Tool { .. }) {
        return Effort::default();
    }
    let mut effort = Effort::default();
    let mut here: Span = step.actions.iter().map(on_a_machine).sum();
    if step.gate.proves.contains(&Fact::TakenUp) {
        here = here + span(1, 75);
    }
    match step.holder {
        Holder::Node(_) => effort.once = here,
        Holder::ControlPlanes => effort.control_plane = here,
        // A machine starts, joins and becomes Ready; the old worker is drained and shut down.
        Holder::Workers if step.replaces_workers() => effort.worker = span(120, 1800),
        Holder::Workers => effort.worker = here,
        Holder::Clients => {}
        Holder::Cluster | Holder::Management => {
            effort = step.actions.iter().map(in_a_cluster).sum();
        }
    }
    effort
}

/// The duration of a component's restart, including the check that it runs again.
pub(crate) fn restart(component: Component) -> Span {
    match component {
        Component::Apiserver => span(10, 120),
        Component::Kubelet => span(3, 30),
        _ => span(5, 60),
    }
}

fn on_a_machine(action: &Action) -> Span {
    match action {
        Action::BackUp { .. } => span(5, 600),
        action if action.is_manifest() => span(5, 60),
        Action::Write(_) | Action::Remove { .. } | Action::TrustInKubeconfig(_) => span(0, 1),
        Action::SetFlag { component, .. } | Action::Restart(component) => restart(*component),
        Action::RestartProcess(Process::Component(component)) => restart(*component),
        Action::RestartProcess(_) => span(3, 60),
        // The kubelet restarts and requests a certificate; an administrator may have to approve it.
        Action::RenewKubelet | Action::RenewServing => span(2, 60),
        Action::RenewLeaves(leaves) => span(1, 3).times(leaves.len()),
        Action::RenewOnNode { names, .. } => span(1, 3).times(names.len()),
        // Two minutes without an error, counted from the last one.
        Action::VerifyLogs(_) => span(1, 180),
        Action::Cluster(_) | Action::Do { .. } => Span::default(),
    }
}

fn in_a_cluster(action: &Action) -> Effort {
    let once = |least, most| Effort { once: span(least, most), ..Effort::default() };
    match action {
        Action::Write(_) => once(1, 30),
        Action::Cluster(action) => match action {
            ClusterAction::Published(..) => once(1, 120),
            ClusterAction::ExtensionTrust | ClusterAction::ForgetOld(_) | ClusterAction::Served => once(1, 90),
            ClusterAction::NodesReady => once(0, 60),
            ClusterAction::ForgetUploadedCertificates
            | ClusterAction::HealthChecks { .. }
            | ClusterAction::Pause { .. }
            | ClusterAction::Pin(_) => once(1, 10),
            ClusterAction::RenewSecrets(_) => once(20, 300),
            ClusterAction::ReplaceWorkers => Effort::default(),
            ClusterAction::TalosAccess(_) => once(5, 300),
            ClusterAction::RestartReaders(workloads) => {
                Effort { once: span(2, 60).times(workloads.len()), ..Effort::default() }
            }
            ClusterAction::RestartWorkloads => Effort { workloads: span(20, 600), ..Effort::default() },
            ClusterAction::RollOut { .. } => Effort { machine: span(120, 900), ..Effort::default() },
            ClusterAction::Tenant(action) => match action.verb {
                TenantVerb::Recreate
                | TenantVerb::RollOut
                | TenantVerb::Reissued
                | TenantVerb::Resume
                | TenantVerb::SignApart(_) => once(20, 300),
                TenantVerb::Pause | TenantVerb::RollBack => once(1, 10),
            },
        },
        _ => Effort::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_use_readable_units() {
        assert_eq!(span(20, 119).to_string(), "20 s to 119 s");
        assert_eq!(span(120, 181).to_string(), "2 min to 4 min");
        assert_eq!(span(7199, 7201).to_string(), "120 min to 3 h");
        assert_eq!((span(1, 2).times(3) + span(1, 1)), span(4, 7));
    }

    #[test]
    fn each_holder_has_its_own_duration() {
        let effort = Effort { worker: span(5, 90), machine: span(120, 900), ..Effort::default() };
        assert_eq!(
            effort.each(),
            ", for each worker 5 s to 90 s, for each machine that Cluster API replaces 2 min to 15 min"
        );
    }
}
