//! The progress of a rotation.

use serde::{Deserialize, Serialize};

use crate::x509::Certificate;

/// How far a holder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums)] // three phases, four moments between them
pub enum Standing {
    /// It knows the old CA alone.
    Before,
    /// Phase 1 is done: it accepts both, and the old one signs.
    TrustsBoth,
    /// Phase 2 is done: it accepts both, and the new one signs.
    Switched,
    /// Phase 3 is done: it knows the new CA alone.
    Done,
}

/// Moments that something fits.
pub(crate) type Fits = &'static [Standing];

/// One thing that a holder has, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aspect {
    /// Absolute path on the node, or `Secret default/one-ca`.
    pub(crate) place: String,
    /// The file as the person named it.
    pub(crate) file: String,
    /// Empty where it fits no moment of a rotation.
    pub(crate) fits: Fits,
    /// What is seen there: `it trusts the old CA alone`.
    pub(crate) seen: String,
    /// Is it, byte for byte, what a package brings? kube-controller-manager publishes `ca.crt` as it is.
    pub(crate) is_exact: bool,
}

/// Someone who has a part in the rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HolderStanding {
    /// A node's name, an object's place, or a file.
    pub(crate) name: String,
    /// `control-plane`, `worker`, `cluster`, `management` or `clients`.
    pub(crate) role: &'static str,
    pub(crate) aspects: Vec<Aspect>,
}

/// A rotation that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) old: Certificate,
    pub(crate) new: Certificate,
    /// Accepted somewhere, and neither of the two: what rotations that were given up have left.
    pub(crate) strays: Vec<Certificate>,
}
