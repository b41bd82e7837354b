//! Which platforms there are, how one is told from the other, and which way a rotation takes on each.

use super::{KUBEADM, OMNI, Profile, TALOS, managed::Manager};

/// Every platform, in the order in which they are offered.
pub const PROFILES: &[&Profile] = &[&KUBEADM, &TALOS, &OMNI];

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
    /// A file that lies where the platform's tables say, in a tree of a node's.
    NodeTree,
}

/// The sequence of steps that a rotation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Course {
    /// Another program makes the authorities and rotates them; it is told to, and asked how far it is.
    Managed(&'static Manager),
    /// Machines are given another configuration, and carry it out by themselves.
    MachineConfigs,
    /// Nodes' files are replaced and processes restarted, node by node.
    NodeFiles,
}
