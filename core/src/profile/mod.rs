//! Platforms as data: the locations, signers and readers of certificates.
//!
//! A platform is a [`Profile`], a set of tables. Inspection, planning and packaging iterate over the tables. A new
//! platform adds rows and fixtures, not branches.

mod cluster_api;
mod consumer_edges;
mod distributed_cloud;
pub mod edge;
pub(crate) mod file_fields;
pub(crate) mod file_flags;
mod hosted;
mod ids;
mod kamaji;
mod kamaji_edges;
mod kubeadm;
mod kubeadm_edges;
mod layout;
pub mod managed;
mod model;
mod omni;
mod platform;
mod starlingx;
mod talos;
mod talos_edges;

pub use self::{
    cluster_api::{CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, SECRETS, SecretContent, SecretRow},
    consumer_edges::{ConsumerFile, consumer_row, consumer_rows},
    distributed_cloud::STARLINGX_DC,
    edge::EdgeRow,
    hosted::{Ability, AbilityRow, DataStoreRow, Hosted, Lifecycle, OnNewCa, SecretTable},
    ids::{AuthorityId, Component},
    kamaji::KAMAJI,
    kubeadm::KUBEADM,
    model::{
        AuthorityRow, FlagRow, KubeconfigRow, LeafRow, NewAuthorityFormat, OtherKind, OtherRow, Profile,
        RotationMethod, Sign, SigningRow, StaticPodRow,
    },
    omni::OMNI,
    platform::{PROFILES, named},
    starlingx::STARLINGX,
    talos::TALOS,
};
pub(crate) use self::{
    cluster_api::{PAUSED_ANNOTATION, PAUSED_BY_PACKAGE},
    distributed_cloud::DCMANAGER,
    file_flags::{KUBELET_AUTHORITY_FLAG, SIGNING_FLAG, SIGNING_KEY_FLAG},
    layout::Moves,
};
