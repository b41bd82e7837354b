//! The last check of a phase: the logs.

use super::Sequence;
use crate::plan::{Action, Holder, Phase};

impl Sequence<'_, '_> {
    /// A step for each kind of holder that has logs of its own; nodes of a kind share one step.
    ///
    /// kubernetes.io: Manual Rotation of CA Certificates, step 11.
    pub(in crate::plan) fn verify_logs(&mut self, phase: Phase) {
        if self.inventory.tenant.is_none() {
            self.push(
                phase,
                "verify-nodes",
                Holder::ControlPlanes,
                "Verify the logs of every control-plane node",
                vec![Action::VerifyLogs],
                "kube-apiserver, kube-controller-manager, kube-scheduler, etcd and the kubelet have logged no TLS error for two minutes",
            );
        }
        if self.rotates_cluster() {
            self.push(
                phase,
                "verify-workers",
                Holder::Workers,
                "Verify the logs of every worker",
                vec![Action::VerifyLogs],
                "the kubelet and the worker's static Pods have logged no TLS error for two minutes",
            );
        }
        self.push(
            phase,
            "verify",
            Holder::Cluster,
            "Verify the logs of kube-proxy, CoreDNS, extension API servers and webhooks",
            vec![Action::VerifyLogs],
            "they have logged no TLS error for two minutes",
        );
    }
}
