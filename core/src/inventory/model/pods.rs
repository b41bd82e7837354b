//! Pods that read files of nodes.

use crate::formats::static_pod::StaticPod;

/// Pods that one workload makes, or a single Pod.
#[derive(Clone, Debug)]
pub(crate) struct NodePods {
    /// Its name in commands: `Pod/backup`, `CronJob/backup`; of a Pod with a controller, the controller's.
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// How its Pods come and go.
    pub(crate) life: PodLife,
    /// The file that holds the object, as the person named it.
    pub(crate) file: String,
    pub(crate) pod: StaticPod,
}

/// How Pods come and go, which decides how they read a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodLife {
    /// A person creates it: nothing replaces it.
    Bare,
    /// Its controller, which was not provided, replaces it; `kubectl rollout restart` restarts it.
    RollOut,
    /// Its controller creates another one as soon as it is deleted.
    Replaced,
    /// It runs once, to its end.
    Job,
    /// A new one starts at each scheduled time.
    CronJob,
}

/// How a Pod reads a file of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PodRead {
    /// It is mounted as a single file.
    Alone,
    /// It is in a mounted folder, and an argument or an environment variable names it.
    Named,
    /// It is in this mounted folder; which files there the Pod reads is unknown.
    Folder(String),
}

/// A workload that mounts folders or files of its nodes.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Its name in commands: `DaemonSet/cloud-controller-manager`.
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// The file that holds the object, as the person named it.
    pub(crate) file: String,
    /// Its Pod template.
    pub(crate) pod: StaticPod,
}
