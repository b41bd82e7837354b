//! What the person gave: every file in its place, and what is to be said about it.
//!
//! [`inspect()`] never fails. Whatever cannot be read is listed with the reason; whatever would make an
//! output impossible or wrong is a [`Finding`](crate::Finding) of severity error.

mod assign;
mod authorities;
mod ca_bundles;
mod checks;
mod clusters;
mod copies;
mod detect;
mod foreign;
mod given;
mod inspect;
mod keystores;
mod kubelet;
mod layout;
mod links;
mod machines;
pub(crate) mod model;
mod node_pods;
mod nodes;
mod objects;
mod packaged;
mod paused;
mod pins;
mod readers;
mod recognise;
mod resources;
mod sample;
mod serving;
mod signers;
mod signing_copy;
mod standing;
mod tenant;
mod tree;
mod unsupported;
mod workloads;
mod writers;

pub use self::model::inventory::{PASSWORD_NEEDED, PASSWORD_WRONG};
pub(crate) use self::{
    ca_bundles::ca_bundles,
    checks::{Refusals, refused_extension},
    model::{
        clusters::FoundCluster,
        copies::{CaBundle, CopyKind},
        files::{Artifact, EmbeddedCredential, KubeconfigArtifact, Node, Role, Slot},
        inventory::Authority,
        objects::{HostedRole, ObjectRole, StoredObject},
        pods::{NodePods, PodLife, PodRead},
        readers::{Process as ReaderProcess, Reader, Reference},
        standing::{Aspect, HolderStanding},
        tenant::Tenant,
    },
    pins::Pinned,
    sample::sample_share,
    serving::KubeletServing,
    signing_copy::{CLIENT_FLAG, PUBLISHED_FLAG},
    tenant::numbers as release_numbers,
    writers::is_immutable,
};
pub use self::{
    inspect::{inspect, inspect_with},
    model::{
        inventory::{InspectOptions, Inventory},
        standing::Standing,
    },
    sample::{SAMPLE_PREFIX, SampleShare},
};
