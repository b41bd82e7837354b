//! The progress of every holder in a rotation before the first step, and the remaining steps.

use super::model::phase::Phase;
use crate::{
    inventory::{HolderStanding, Inventory, Node, Standing},
    profile::AuthorityId,
    x509::Certificate,
};

/// The progress of every holder. Without a rotation in progress, no holder has begun.
#[derive(Clone, Copy)]
pub(crate) struct Progress<'a> {
    inventory: &'a Inventory,
    /// The progress of each holder; empty if the rotation starts over.
    holders: &'a [HolderStanding],
    /// The number of phases that every control-plane node has completed; every holder, if no control-plane node was
    /// provided.
    all: u8,
    /// The number of phases that at least one of these has completed.
    some: u8,
}

impl<'a> Progress<'a> {
    /// With `start_over`, ignores the rotation in progress.
    pub(super) fn of(inventory: &'a Inventory, start_over: bool) -> Self {
        let holders: &[_] = if start_over { &[] } else { &inventory.standings };
        let nodes: Vec<_> = holders.iter().filter(|holder| holder.role == "control-plane").collect();
        let nodes = if nodes.is_empty() { holders.iter().collect() } else { nodes };
        let kubelet = inventory.profile.kubelet_client();
        let all = nodes.iter().map(|holder| holder.at_least(kubelet)).min().map_or(0, Standing::phases);
        let some = nodes.iter().map(|holder| holder.nearest()).max().map_or(0, Standing::phases);
        Self { inventory, holders, all, some: some.max(all) }
    }

    /// Whether a rotation is in progress.
    pub(super) fn has_begun(&self) -> bool {
        !self.holders.is_empty()
    }

    /// Whether the plan includes the phase's steps for workers, cluster objects and clients. Before a control-plane node
    /// enters the next phase, these steps must be complete. In the current phase they may not be.
    pub(super) fn includes(&self, phase: Phase) -> bool {
        phase.number() >= self.some
    }

    /// The first phase with remaining steps.
    pub(super) fn first(&self) -> Phase {
        let left = |phase: &Phase| self.includes(*phase) || phase.number() > self.all;
        Phase::ALL.into_iter().find(left).unwrap_or(Phase::DropOld)
    }

    /// Whether all files on the node have completed the phase. The kubelet's client certificate is not considered.
    pub(super) fn is_node_through(&self, node: &Node, phase: Phase) -> bool {
        let kubelet = self.inventory.profile.kubelet_client();
        let holder = self.holders.iter().find(|holder| holder.name == node.name);
        holder.is_some_and(|holder| holder.at_least(kubelet).phases() >= phase.number())
    }

    /// Whether control-plane nodes that were not provided may still have to complete the phase.
    pub(super) fn is_left_unseen(&self, phase: Phase) -> bool {
        phase.number() > self.all
    }

    /// The progress of the file or object at `place` of a holder; `None` if it is not known.
    pub(super) fn reached(&self, holder: &str, place: &str) -> Option<Standing> {
        self.holders.iter().find(|standing| standing.name == holder)?.reached(place)
    }

    /// Whether the file or object at `place` of a holder has completed the phase.
    pub(super) fn is_through(&self, holder: &str, place: &str, phase: Phase) -> bool {
        self.reached(holder, place).is_some_and(|standing| standing.phases() >= phase.number())
    }

    /// The progress of a node, for its files that were not provided.
    pub(super) fn node(&self, node: &Node) -> Standing {
        let holder = self.holders.iter().find(|holder| holder.name == node.name);
        holder.map_or(Standing::Before, HolderStanding::nearest)
    }

    /// The possible progress of holders that were not provided and that follow the control-plane nodes in each phase.
    pub(super) fn unseen(&self) -> Vec<Standing> {
        let (some, all) = (usize::from(self.some), usize::from(self.all));
        let before = some.saturating_sub(1);
        if all == some { Standing::ALL[before..=some].to_vec() } else { vec![Standing::ALL[before]] }
    }

    /// Whether the kubelet has a certificate of the new CA and cannot get one of the old CA again. It can as long as a
    /// kube-controller-manager still signs with the old CA.
    pub(super) fn has_renewed(&self, node: &Node, path: &str) -> bool {
        self.all >= 2 && self.is_through(&node.name, path, Phase::Switch)
    }

    /// Whether an API server presents a certificate of the new CA. Phase 1 was then complete for all holders.
    pub(super) fn has_switched(&self) -> bool {
        self.some >= 2
    }

    /// Whether an API server no longer accepts the old CA.
    pub(super) fn has_dropped(&self) -> bool {
        self.some == 3
    }

    /// The new CA, if a rotation to it is in progress.
    pub(super) fn new_of(&self, id: AuthorityId) -> Option<&'a Certificate> {
        self.inventory.rotations.get(&id).filter(|_| self.has_begun()).map(|rotation| &rotation.new)
    }
}

impl Standing {
    /// The trusted CAs at this progress.
    pub(super) fn trusts(self, old: &Certificate, new: Option<&Certificate>) -> Vec<Certificate> {
        let sides = match self {
            Self::Before => [Some(old), None],
            Self::TrustsBoth => [Some(old), new],
            Self::Switched => [new, Some(old)],
            Self::Done => [new, None],
        };
        sides.into_iter().flatten().cloned().collect()
    }

    /// The issuer of the presented certificates at this progress.
    pub(super) fn signer<'a>(self, old: &'a Certificate, new: Option<&'a Certificate>) -> &'a Certificate {
        new.filter(|_| self >= Self::Switched).unwrap_or(old)
    }
}
