//! Which platforms there are, how one is told from the other, and which way a rotation takes on each.

use super::{Hosted, KAMAJI, KUBEADM, OMNI, Profile, STARLINGX, STARLINGX_DC, TALOS, managed::Manager};

/// Every platform, in the order in which they are offered.
pub const PROFILES: &[&Profile] = &[&KUBEADM, &STARLINGX, &STARLINGX_DC, &TALOS, &OMNI, &KAMAJI];

/// The platform of that name in options and JSON; `None` if there is none.
#[must_use]
pub fn named(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|profile| profile.id == id)
}

/// What among the files tells that a cluster is of a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sign {
    /// A YAML document that has all of these keys at its top.
    Document(&'static [&'static str]),
    /// An API group that objects are of, or that their labels are of; with the slash behind it.
    Group(&'static str),
    /// A file at this path, in a tree of a node's.
    NodeFile(&'static str),
    /// A file that lies where the platform's tables say, in a tree of a node's.
    NodeTree,
}

/// The sequence of steps that a rotation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Course {
    /// Secrets are replaced from which an operator mounts the control plane's files; nodes' files as elsewhere.
    Hosted(&'static Hosted),
    /// The platform's own tool changes the nodes' files, host by host, each time that it is told the next phase.
    HostPhases,
    /// Another program makes the authorities and rotates them; it is told to, and asked how far it is.
    Managed(&'static Manager),
    /// Machines are given another configuration, and carry it out by themselves.
    MachineConfigs,
    /// Nodes' files are replaced and processes restarted, node by node.
    NodeFiles,
}

impl Course {
    /// Are machines' configurations given, rather than nodes' files?
    #[must_use]
    pub const fn reads_machine_configs(self) -> bool {
        match self {
            Self::MachineConfigs => true,
            Self::Managed(manager) => manager.machine_configs,
            Self::Hosted(_) | Self::HostPhases | Self::NodeFiles => false,
        }
    }
}
