//! What the steps of a plan do.

use std::fmt;

use super::{
    consumers::Process,
    content::{Edit, FileContent},
    phase::Trust,
    renewal::{RenewedLeaf, RenewedSecrets},
    tenant::TenantAction,
};
use crate::{
    inventory::Pinned,
    profile::{AuthorityId, Component},
};

/// One action of a step. A step carries its actions out in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Writes a file, or applies an object, of the package.
    Write(Edit),
    /// Removes a file.
    Remove {
        /// Absolute path on the node.
        target: String,
        /// Its content, in words.
        before: String,
    },
    /// Changes one flag of a static Pod whose manifest was not provided.
    SetFlag {
        /// The component that the manifest runs.
        component: Component,
        /// Without the dashes.
        flag: &'static str,
        /// Its value before.
        from: String,
        /// Its value afterwards.
        to: String,
    },
    /// The kubelet requests a new client certificate and authenticates with its current one.
    RenewKubelet,
    /// The kubelet requests a new serving certificate, if it requested its current one and the old CA issued that.
    RenewServing,
    /// kubeadm re-issues leaf certificates on the node with the new CA's key. No private key of a leaf leaves the node.
    RenewOnNode {
        /// The CA that issues the leaves.
        authority: AuthorityId,
        /// Names as kubeadm uses them: `apiserver`, `admin.conf`.
        names: Vec<&'static str>,
        /// The CA data of the kubeconfigs among them. kubeadm writes only the first CA, so the script sets it again.
        trust: Trust,
    },
    /// kubeadm renews leaf certificates on the node with the current CAs.
    RenewLeaves(Vec<RenewedLeaf>),
    /// Changes only the CA data of a node's kubeconfig that may not have been provided. The value is its name in the
    /// profile.
    TrustInKubeconfig(&'static str),
    /// A backup of the node: an archive of its configuration and keys, and a snapshot of its etcd.
    BackUp {
        /// Files that the plan changes and that the archive does not contain in any case; absolute paths on the node.
        files: Vec<String>,
    },
    /// An action through the API of the workload cluster or the management cluster.
    Cluster(ClusterAction),
    /// Restarts a component so that it reads changed files, and waits until it runs again.
    Restart(Component),
    /// Restarts a process that the profile's tables do not list, and waits until it runs again.
    RestartProcess(Process),
    /// Reads logs and requires two minutes without a TLS error.
    VerifyLogs(Logs),
    /// A manual action, or a command that the operator runs.
    Do {
        /// What to do and why, one sentence.
        text: String,
        /// The commands, one per line; empty if there is no command for it.
        command: String,
    },
}

impl Action {
    /// A manual action without a command.
    pub(crate) fn person(text: &str) -> Self {
        Self::Do { text: text.to_owned(), command: String::new() }
    }

    /// Describes the action; `None` for writes, removals and restarts, which the runbook lists separately.
    pub(crate) fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Do { text, .. } => text.clone(),
            Self::SetFlag { component, flag, from, to } => {
                format!("In the manifest of {component}, set --{flag} from {from} to {to}")
            }
            Self::RenewKubelet => {
                "The kubelet requests a new certificate and authenticates with its current one; its key never leaves the node".to_owned()
            }
            Self::RenewServing => {
                "The kubelet requests a new serving certificate (kubelet-server-current.pem), if it requested its current one".to_owned()
            }
            Self::RenewOnNode { names, trust, .. } => format!(
                "kubeadm re-issues {} on a copy of the node's files, with the same names; kubeconfigs trust {trust} before they are moved into place",
                names.join(", ")
            ),
            Self::RenewLeaves(leaves) => format!(
                "kubeadm renews {} with the node's own CA keys, on a copy of /etc/kubernetes: names and usages stay, each gets a new private key, and the CA data of kubeconfigs stays. The previous files are kept in /etc/kubernetes/.airlock",
                leaves.iter().map(|leaf| leaf.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
            Self::TrustInKubeconfig(name) => {
                format!("In {name}, set the CA data to that of ca.crt; everything else stays")
            }
            Self::BackUp { .. } => "Save an archive of /etc/kubernetes, the kubelet's configuration and /var/lib/kubelet/pki, and a snapshot of etcd, in /var/lib/airlock. The snapshot is verified by restoring it into a temporary data directory. The cluster does not change".to_owned(),
            Self::Cluster(action) => action.in_words(),
            Self::VerifyLogs(_) => "The check reads the logs since the phase began, prints TLS errors by peer and connection of the trust matrix, and requires two minutes without one. Without --check, the same command waits for that".to_owned(),
            Self::Remove { .. } | Self::Restart(_) | Self::RestartProcess(_) | Self::Write(_) => return None,
        })
    }

    /// Whether it writes a static Pod's manifest, so that the kubelet recreates the Pod.
    pub(crate) fn is_manifest(&self) -> bool {
        matches!(self, Self::Write(Edit { content: FileContent::Manifest(..) | FileContent::Original(_), .. }))
    }
}

/// Which logs a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Logs {
    /// Of static Pods and the kubelet, on the node itself.
    Node,
    /// Of Pods in the cluster, through kubectl.
    Pods,
    /// Of the Pods of a tenant's control plane, through kubectl of the management cluster.
    Tenant {
        /// The tenant's namespace in the management cluster.
        namespace: String,
        /// The tenant's name, which is its Deployment's name too.
        name: String,
    },
    /// Of services and static Pods of Talos machines, through talosctl.
    Machines,
}

/// An action on a whole cluster, through its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterAction {
    /// Waits until extension-apiserver-authentication contains the new front-proxy CA.
    ExtensionTrust,
    /// Deletes extension-apiserver-authentication once; an API server recreates it without the old CAs.
    ForgetOld(Vec<AuthorityId>),
    /// Deletes the Secret kube-system/kubeadm-certs, from which joining control-plane nodes would get the old CA.
    ForgetUploadedCertificates,
    /// Waits until every node is Ready.
    NodesReady,
    /// Pauses or resumes the MachineHealthChecks of a Cluster. Those that were paused before the rotation stay paused.
    HealthChecks {
        /// The Cluster that they belong to.
        of: Managed,
        /// Pause, not resume.
        paused: bool,
    },
    /// Sets `spec.paused` of a Cluster.
    Pause {
        /// The Cluster.
        of: Managed,
        /// Pause, not resume.
        paused: bool,
    },
    /// Replaces the public key pins in a machine template by the new CA's.
    Pin(Pinned),
    /// Waits until kube-root-ca.crt in every namespace equals the trust bundle in this file of the package.
    Published(Trust, String),
    /// Deletes Secrets with certificates, so that an operator creates them again.
    RenewSecrets(RenewedSecrets),
    /// Restarts every Deployment, DaemonSet and StatefulSet, once in the phase.
    RestartWorkloads,
    /// Restarts workloads that read files of nodes, once in the phase: namespace and `Kind/NAME`.
    RestartReaders(Vec<(String, String)>),
    /// Waits until the API server serves a certificate of the new CA.
    Served,
    /// Drains and deletes workers that joined before this phase, after new workers have joined.
    ReplaceWorkers,
    /// Waits until the Secrets for Talos API access contain the CA in this file of the package, then restarts their
    /// Pods.
    TalosAccess(String),
    /// An action on a control plane that runs in a management cluster.
    Tenant(TenantAction),
    /// Has Cluster API replace machines, once in the phase.
    RollOut {
        /// The Cluster that they belong to.
        of: Managed,
        /// The set of machines.
        machines: Machines,
    },
}

/// A Cluster object of Cluster API, in the management cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Managed {
    pub(crate) namespace: String,
    pub(crate) cluster: String,
}

impl fmt::Display for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.cluster)
    }
}

/// Machines that Cluster API creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machines {
    /// Those of KubeadmControlPlanes.
    ControlPlane,
    /// Those of MachineDeployments.
    Workers,
}

impl ClusterAction {
    fn in_words(&self) -> String {
        match self {
            Self::ExtensionTrust => "Every API server adds its front-proxy CAs to the ConfigMap kube-system/extension-apiserver-authentication, from which extension API servers take them".to_owned(),
            Self::ForgetOld(_) => "Delete the ConfigMap kube-system/extension-apiserver-authentication once: API servers only add CAs to it and never remove an unexpired one. An API server recreates it".to_owned(),
            Self::ForgetUploadedCertificates => "Delete the Secret kube-system/kubeadm-certs, from which joining control-plane nodes would get the old CA".to_owned(),
            Self::NodesReady => "Wait until every node is Ready".to_owned(),
            Self::HealthChecks { of, paused: true } => format!("Annotate the MachineHealthChecks of the Cluster {of} with cluster.x-k8s.io/paused, so that no machine is replaced during the rotation"),
            Self::HealthChecks { of, paused: false } => format!("Remove the annotation cluster.x-k8s.io/paused from the MachineHealthChecks of the Cluster {of} that step pause annotated"),
            Self::Pause { of, paused } => format!("Set paused={paused} on the Cluster {of}"),
            Self::Pin(pinned) => format!("In {}, replace the old CA's pin in caCertHashes by the new CA's: machines with the old pin cannot join", pinned.place),
            Self::RollOut { of, machines: Machines::ControlPlane } => format!("Have Cluster API replace the control-plane machines of {of} one after the other, as `clusterctl alpha rollout restart kubeadmcontrolplane/NAME` does: it replaces every machine that was created before this time. The freeze does not forbid this: a new machine has one CA in ca.crt and signs with it. Without a KubeadmControlPlane there is nothing to roll out"),
            Self::RollOut { of, machines: Machines::Workers } => format!("Likewise the machines of the MachineDeployments of {of}. Instances of MachinePools and machines without an owner are not replaced: step workers changes them"),
            Self::Published(..) => "Wait until kube-root-ca.crt in every namespace and ca.crt of every Secret of type kubernetes.io/service-account-token contain this phase's CAs: Pods that started earlier trust the previous CAs".to_owned(),
            Self::ReplaceWorkers => "For each worker, add a machine that joins with the new CA, then remove the old worker: `--remove NODE` drains it (PodDisruptionBudgets delay the drain), waits until its machine is off, and deletes its Node. Without `--remove`, the step lists the workers that are left. Pods without a controller stop the drain: delete or move them first. Data in emptyDir volumes is deleted".to_owned(),
            Self::Served => "Connect to the API server with only the new CA as trusted CA".to_owned(),
            Self::TalosAccess(_) => "Wait until the Secret of each ServiceAccount of talos.dev has the new CA, which Talos writes within a minute or two; then restart the workloads that use it. Until then their Pods cannot verify machines that serve certificates of the new CA. If phase 2 is undone, restart them again".to_owned(),
            Self::Tenant(action) => action.in_words(),
            Self::RestartReaders(workloads) => {
                let names: Vec<_> = workloads.iter().map(|(namespace, name)| format!("{name} in namespace {namespace}")).collect();
                format!("Restart {}, which read files of the nodes at their start: their old client certificates are rejected in phase 3", names.join(", "))
            }
            Self::RestartWorkloads => "Roll out every Deployment, DaemonSet and StatefulSet: client-go before 1.36 reads its CA once. The step stops before it restarts a workload whose PodDisruptionBudget allows fewer disruptions than its roll-out takes (--disrupt, --exclude). It lists the Pods that no roll-out replaces (strategy OnDelete, a partition, a paused Deployment, other controllers, no controller): restart those by hand".to_owned(),
            Self::RenewSecrets(secrets) => secrets.in_words(),
        }
    }
}
