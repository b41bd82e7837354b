//! The steps of a plan while they are collected.

use std::collections::BTreeMap;

use crate::{
    inventory::Inventory,
    plan::{
        kubelet_authority::KubeletAuthority,
        model::{authorities::AuthorityChange, consumers::Consumers, request::RotationRequest, steps::Step},
        progress::Progress,
        replacements::Replacements,
        signing_requests::Admitted,
    },
    profile::AuthorityId,
    time::UnixTime,
};

/// The work that remains after phase 3.
pub(crate) const AFTER_CARE: &str = "Older etcd snapshots and Velero backups contain the old cluster-info and trust ConfigMaps: take new ones, upload the control-plane certificates again if nodes join with them, resume what you stopped, and delete /etc/kubernetes/.airlock, /var/lib/kubelet/.airlock and the backups in /var/lib/airlock on every node, which contain the old keys";

/// Lists control-plane nodes by kubeadm's label (kubernetes/kubernetes: cmd/kubeadm/app/constants,
/// `LabelNodeRoleControlPlane`).
pub(crate) const LIST_CONTROL_PLANES: &str = "kubectl get nodes -l node-role.kubernetes.io/control-plane";

/// Builds the list of steps.
pub(crate) struct Sequence<'a, 'b> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) request: &'a RotationRequest,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) progress: Progress<'a>,
    pub(crate) replacements: &'b mut Replacements<'a>,
    pub(crate) consumers: &'a Consumers,
    pub(crate) kubelet_authority: &'a KubeletAuthority,
    pub(crate) requests: Vec<Admitted<'a>>,
    /// Whether the CA is replaced at once, because the operator's release cannot trust both CAs for a time.
    pub(crate) at_once: bool,
    pub(crate) now: UnixTime,
    pub(crate) steps: Vec<Step>,
}

/// The step that reads logs of Pods: its id, its title, and what its check requires.
pub(crate) const VERIFY_PODS: (&str, &str, &str) = (
    "verify",
    "Verify the logs of kube-proxy, CoreDNS, extension API servers and webhooks",
    "they have logged no TLS error for two minutes",
);
