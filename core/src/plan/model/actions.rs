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

/// What is done in a step, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Files or objects of the package take effect.
    Write(Edit),
    /// A file is taken away.
    Remove {
        /// Absolute path on the node.
        target: String,
        /// What it was.
        before: String,
    },
    /// A flag of a static Pod whose manifest was not given: only this flag changes in it.
    SetFlag {
        /// Whose manifest.
        component: Component,
        /// Without the dashes.
        flag: &'static str,
        /// Its value before.
        from: String,
        /// Its value afterwards.
        to: String,
    },
    /// The kubelet asks for a new client certificate with its present one.
    RenewKubelet,
    /// The kubelet requests a new serving certificate, where it has one that it requested and that the old authority signed.
    RenewServing,
    /// What kubeadm on the node makes anew from the node's own files and the authority's new key: no leaf's key travels.
    RenewOnNode {
        /// Whose leaves.
        authority: AuthorityId,
        /// As kubeadm calls them: `apiserver`, `admin.conf`.
        names: Vec<&'static str>,
        /// The CA data of the kubeconfigs among them, which kubeadm narrows to the first CA.
        trust: Trust,
    },
    /// New leaves of the CAs that are there, by kubeadm on the node.
    RenewLeaves(Vec<RenewedLeaf>),
    /// The CA data in a kubeconfig of a node, by its name, that nobody has seen; every other byte stays.
    TrustInKubeconfig(&'static str),
    /// A backup of the node: an archive of its configuration and keys, and a snapshot of its etcd.
    BackUp {
        /// Files that the plan changes and that the archive does not contain in any case; absolute paths on the node.
        files: Vec<String>,
    },
    /// Something done through the cluster's API.
    Cluster(ClusterAction),
    /// A process is restarted so that it reads what changed; nothing goes on until it runs again.
    Restart(Component),
    /// Likewise a process that no profile's table names.
    RestartProcess(Process),
    /// Logs are read: no TLS error for two minutes.
    VerifyLogs(Logs),
    /// Something that a person does or that a command does elsewhere.
    Do {
        /// What and why, one sentence.
        text: String,
        /// The commands, one to a line; empty where a person decides.
        command: String,
    },
}

impl Action {
    /// Something that only people can do.
    pub(crate) fn person(text: &str) -> Self {
        Self::Do { text: text.to_owned(), command: String::new() }
    }

    /// What it does, in words, where that is not told by files and restarts.
    pub(crate) fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Do { text, .. } => text.clone(),
            Self::SetFlag { component, flag, from, to } => {
                format!("In the manifest of {component}, set --{flag} from {from} to {to}")
            }
            Self::RenewKubelet => {
                "The kubelet asks for a new certificate with its present one; its key never leaves the node".to_owned()
            }
            Self::RenewServing => {
                "The kubelet requests a new serving certificate (kubelet-server-current.pem), where it has one that it requested".to_owned()
            }
            Self::RenewOnNode { names, trust, .. } => format!(
                "kubeadm makes {} anew on a copy of the node's files, with the names that they have; kubeconfigs trust {trust} before they are moved in",
                names.join(", ")
            ),
            Self::RenewLeaves(leaves) => format!(
                "kubeadm renews {} with the node's own CA keys, on a copy of /etc/kubernetes: names and usages stay, each gets a new private key, and the CA data of kubeconfigs stays. What was there is kept in /etc/kubernetes/.airlock",
                leaves.iter().map(|leaf| leaf.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
            Self::TrustInKubeconfig(name) => {
                format!("In {name}, set the CA data to that of ca.crt; everything else stays")
            }
            Self::BackUp { .. } => "Save an archive of /etc/kubernetes, the kubelet's configuration and /var/lib/kubelet/pki, and a snapshot of etcd, in /var/lib/airlock. The snapshot is verified by restoring it into a temporary data directory. Nothing of the cluster changes".to_owned(),
            Self::Cluster(action) => action.in_words(),
            Self::VerifyLogs(_) => "The check reads the logs since the phase began, prints TLS errors by peer and connection of the trust matrix, and requires two minutes without one. Without --check, the same command waits for that".to_owned(),
            Self::Remove { .. } | Self::Restart(_) | Self::RestartProcess(_) | Self::Write(_) => return None,
        })
    }

    /// Does a static Pod start anew by it?
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

/// What is done to a cluster as a whole, through its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterAction {
    /// Waits until extension-apiserver-authentication holds the new front-proxy authority.
    ExtensionTrust,
    /// extension-apiserver-authentication is deleted once, and written anew without the old authorities.
    ForgetOld(Vec<AuthorityId>),
    /// The Secret kube-system/kubeadm-certs, which would bring the old CA to joining nodes, is deleted.
    ForgetUploadedCertificates,
    /// Waits until every node is Ready.
    NodesReady,
    /// Whether Cluster API's MachineHealthChecks of a Cluster are paused; who was paused before stays so.
    HealthChecks {
        /// Of which Cluster.
        of: Managed,
        /// On or off.
        paused: bool,
    },
    /// Cluster API's pause switch.
    Pause {
        /// Of which Cluster.
        of: Managed,
        /// On or off.
        paused: bool,
    },
    /// A machine template's pins become the new CA's.
    Pin(Pinned),
    /// Waits until kube-root-ca.crt holds this trust, as a file of the package has it, in every namespace.
    Published(Trust, String),
    /// An operator creates Secrets with certificates again.
    RenewSecrets(RenewedSecrets),
    /// Deployments, DaemonSets and StatefulSets are rolled out anew, once in the phase.
    RestartWorkloads,
    /// These workloads are rolled out once in the phase, because they read files of nodes: namespace and `Kind/NAME`.
    RestartReaders(Vec<(String, String)>),
    /// Waits until the API server serves a certificate of the new authority.
    Served,
    /// Workers that joined before this phase are drained and deleted; others have joined in their place.
    ReplaceWorkers,
    /// Pods with Talos API access restart once their Secrets have the new Talos authority, as a file of the package has it.
    TalosAccess(String),
    /// Something done to a control plane that runs in a management cluster.
    Tenant(TenantAction),
    /// Cluster API makes machines anew, once in the phase.
    RollOut {
        /// Of which Cluster.
        of: Managed,
        /// Which of them.
        machines: Machines,
    },
}

/// A Cluster of Cluster API's, in the management cluster.
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

/// Machines that Cluster API makes.
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
            Self::ForgetOld(_) => "Delete the ConfigMap kube-system/extension-apiserver-authentication once: it is a union that never forgets an unexpired CA, and an API server writes it anew".to_owned(),
            Self::ForgetUploadedCertificates => "Delete the Secret kube-system/kubeadm-certs, which would give the old CA to joining nodes".to_owned(),
            Self::NodesReady => "Wait until every node is Ready".to_owned(),
            Self::HealthChecks { of, paused: true } => format!("Annotate the MachineHealthChecks of the Cluster {of} with cluster.x-k8s.io/paused, so that no machine is replaced half-way"),
            Self::HealthChecks { of, paused: false } => format!("Take the annotation cluster.x-k8s.io/paused off the MachineHealthChecks of the Cluster {of} that step pause gave it"),
            Self::Pause { of, paused } => format!("Set paused={paused} on the Cluster {of}"),
            Self::Pin(pinned) => format!("In {}, let caCertHashes name the new CA's pin: machines made from it could not join by the old one's", pinned.place),
            Self::RollOut { of, machines: Machines::ControlPlane } => format!("Have Cluster API replace the control-plane machines of {of} one after the other, as `clusterctl alpha rollout restart kubeadmcontrolplane/NAME` does: it sets the time before which no machine may have been made. The freeze does not stand against this: a new machine has one CA in ca.crt, and signs from that. Where no KubeadmControlPlane makes them there is nothing to roll out"),
            Self::RollOut { of, machines: Machines::Workers } => format!("Likewise the machines of the MachineDeployments of {of}. MachinePools' instances and machines that nobody owns are not made anew: step workers is for them"),
            Self::Published(..) => "Wait until kube-root-ca.crt in every namespace and ca.crt of every Secret of type kubernetes.io/service-account-token hold this phase's CAs: pods started before that trust what it held then".to_owned(),
            Self::ReplaceWorkers => "For each worker, add a machine that joins with the new CA, then remove the old worker: `--remove NODE` drains it (PodDisruptionBudgets hold the drain back), waits until its machine is off, and deletes its Node. Without `--remove`, the step lists the workers that are left. Pods without a controller stop the drain: delete or move them first. Data in emptyDir volumes is deleted".to_owned(),
            Self::Served => "Ask the API server with trust in the new CA alone".to_owned(),
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
