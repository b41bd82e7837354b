//! The last steps of a phase: reading the logs.

use super::builder::{Sequence, VERIFY_PODS};
use crate::plan::model::{
    actions::{Action, Logs},
    phase::Phase,
    steps::Holder,
};

impl Sequence<'_, '_> {
    /// One step for each kind of holder: control-plane nodes or the tenant's control plane, workers, Pods.
    ///
    /// kubernetes.io: Manual Rotation of CA Certificates, step 11.
    pub(crate) fn verify_logs(&mut self, phase: Phase) {
        match &self.inventory.tenant {
            Some(tenant) => self.push(
                phase,
                "verify-control-plane",
                Holder::Management,
                "Verify the logs of the tenant's control plane",
                vec![Action::VerifyLogs(Logs::Tenant {
                    namespace: tenant.namespace.clone(),
                    name: tenant.name.clone(),
                })],
                "every container of its Pods runs and has logged no TLS error for two minutes",
            ),
            None => self.push(
                phase,
                "verify-nodes",
                Holder::ControlPlanes,
                "Verify the logs of every control-plane node",
                vec![Action::VerifyLogs(Logs::Node)],
                "kube-apiserver, kube-controller-manager, kube-scheduler, etcd and the kubelet have logged no TLS error for two minutes",
            ),
        }
        if self.rotates_cluster() {
            self.push(
                phase,
                "verify-workers",
                Holder::Workers,
                "Verify the logs of every worker",
                vec![Action::VerifyLogs(Logs::Node)],
                "the kubelet and the worker's static Pods have logged no TLS error for two minutes",
            );
        }
        self.push(
            phase,
            VERIFY_PODS.0,
            Holder::Cluster,
            VERIFY_PODS.1,
            vec![Action::VerifyLogs(Logs::Pods)],
            VERIFY_PODS.2,
        );
    }
}
