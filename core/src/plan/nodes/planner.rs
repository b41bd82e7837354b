//! The planner of one node's actions.

use std::collections::BTreeMap;

use crate::{
    inventory::{Inventory, Node},
    plan::{
        model::{
            actions::Action, authorities::AuthorityChange, consumers::Consumers, phase::Phase, request::RotationRequest,
        },
        progress::Progress,
        replacements::Replacements,
    },
    profile::AuthorityId,
};

/// kubeadm's mode for manifests, used if the mode of the provided file is not known
/// (kubernetes/kubernetes: cmd/kubeadm/app/util/staticpod, `WriteStaticPodToDisk`).
pub(crate) const MANIFEST: u32 = 0o600;

/// Builds the actions of one node in one phase.
pub(crate) struct NodePlanner<'a, 'b> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) request: &'a RotationRequest,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) progress: Progress<'a>,
    pub(crate) replacements: &'b mut Replacements<'a>,
    pub(crate) consumers: &'a Consumers,
    /// The restart of the API server, if this phase needs one.
    pub(crate) restart: Option<Action>,
    pub(crate) node: &'a Node,
    pub(crate) phase: Phase,
}
