//! The list of platforms, how they are recognised, and the sequence of a rotation on each.

use super::{
    distributed_cloud::STARLINGX_DC, hosted::Hosted, kamaji::KAMAJI, kubeadm::KUBEADM, managed::Manager,
    model::Profile, omni::OMNI, starlingx::STARLINGX, talos::TALOS,
};

/// All platforms, in the order in which user interfaces list them.
pub const PROFILES: &[&Profile] = &[&KUBEADM, &STARLINGX, &STARLINGX_DC, &TALOS, &OMNI, &KAMAJI];

/// The platform with this name in options and JSON; `None` if there is none.
#[must_use]
pub fn named(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|profile| profile.id == id)
}

/// A property of the input that identifies a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sign {
    /// A YAML document with all of these top-level keys.
    Document(&'static [&'static str]),
    /// An API group of objects or of their labels, with a trailing slash.
    Group(&'static str),
    /// A file at this path in a node's tree.
    NodeFile(&'static str),
    /// Any file at a path of the platform's tables, in a node's tree.
    NodeTree,
}

/// The sequence of steps of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Course {
    /// Replaces the Secrets from which an operator mounts the control plane's files. The nodes' files are replaced as
    /// in [`Course::NodeFiles`].
    Hosted(&'static Hosted),
    /// The platform's own tool changes the nodes' files, host by host, when it is started for each phase.
    HostPhases,
    /// A manager creates and rotates the CAs. The steps start it and query its progress.
    Managed(&'static Manager),
    /// Machines receive new configurations and apply them themselves.
    MachineConfigs,
    /// Replaces nodes' files and restarts processes, node by node.
    NodeFiles,
}

impl Course {
    /// Whether the input consists of machine configurations rather than nodes' files.
    #[must_use]
    pub const fn reads_machine_configs(self) -> bool {
        match self {
            Self::MachineConfigs => true,
            Self::Managed(manager) => manager.machine_configs,
            Self::Hosted(_) | Self::HostPhases | Self::NodeFiles => false,
        }
    }
}
