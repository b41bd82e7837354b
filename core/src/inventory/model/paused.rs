//! Objects of Cluster API that their owner paused.

/// A Cluster, KubeadmControlPlane or MachineDeployment that is paused, and not by a package of Airlock.
#[derive(Clone, Debug)]
pub(crate) struct PausedObject {
    /// `cluster.cluster.x-k8s.io`, as kubectl takes it.
    pub(crate) resource: &'static str,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The name of its Cluster.
    pub(crate) cluster: String,
    /// `spec.paused` is true; otherwise an annotation pauses it.
    pub(crate) by_field: bool,
    /// The file that holds the object, as the person named it.
    pub(crate) file: String,
}
