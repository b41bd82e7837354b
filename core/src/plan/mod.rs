//! The plan of a rotation: one ordered list of steps, decided before keys, certificates and files are generated.
//!
//! [`plan`] makes all decisions. [`mint`](crate::mint()) issues the certificates of the plan and
//! [`package`](crate::package()) writes its files.

mod brought;
mod clients;
mod consumers;
mod dependents;
mod editable;
pub(crate) mod effort;
mod foreign;
mod host_phases;
mod hosted_control_plane;
mod initial_state;
mod key_home;
mod keyless;
mod kubelet_authority;
mod machine_configs;
mod manager_steps;
pub(crate) mod model;
mod new_authorities;
mod nodes;
mod nodes_without_input;
mod objects;
mod possible;
mod progress;
mod readers;
mod renew;
mod replacements;
mod rotate;
mod sequence;
mod signing_requests;
mod subclouds;
mod unhandled;

pub(crate) use self::{
    brought::candidate,
    host_phases::TOOL,
    hosted_control_plane::IN_PODS,
    initial_state::flags,
    model::{
        actions::{Action, ClusterAction, Logs, Machines},
        authorities::{AuthorityChange, KeyHome, NewAuthoritySource},
        consumers::{Consumer, Process},
        content::{Edit, FileContent, KubeconfigChange, MachinePatch, NewClient, ObjectChange, PatchForm, Source},
        initial_state::{
            CLUSTER_INFO, EXTENSIONS, FileVersion, KUBELET_SERVING, KubeconfigContext, KubeconfigCredential,
            KubeconfigTrust, PODS, Place, PlaceKind, certificates, split_entry,
        },
        leaves::{Identity, KeySource, Replacement, ReplacementId, request_path},
        package_path::PackagePath,
        phase::{Phase, Side, Trust},
        renewal::{RenewedCertificate, RenewedSecrets},
        steps::{Carrier, Fact, Holder, Step},
        tenant::{TenantAction, TenantVerb},
    },
    new_authorities::{new_authority_name, same_algorithm},
};
pub use self::{
    model::{
        new_authority::{BroughtAuthority, NewAuthority},
        request::{self, Intent, KubeletCertificates, PossibleChoices, RotationRequest, Workers},
        rotation_plan::{Acknowledged, KeyRequest, Refusal, RotationPlan},
        subclouds::{SubcloudApplyType, SubcloudStrategy},
    },
    rotate::plan,
};
