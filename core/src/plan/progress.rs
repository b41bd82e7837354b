//! How far everyone is when the plan begins, and which steps are left.

use super::model::phase::Phase;
use crate::{
    inventory::{HolderStanding, Inventory, Node, Standing},
    profile::AuthorityId,
    x509::Certificate,
};

/// How far everyone is; nobody has begun where no rotation is under way.
#[derive(Clone, Copy)]
pub(crate) struct Progress<'a> {
    inventory: &'a Inventory,
    /// Everyone's standing; nobody's where a rotation starts over.
    holders: &'a [HolderStanding],
    /// The phases that are behind every control-plane node, and behind at least one.
    all: u8,
    some: u8,
}

impl<'a> Progress<'a> {
    /// Where `start_over` says so, what has begun counts for nothing.
    pub(super) fn of(inventory: &'a Inventory, start_over: bool) -> Self {
        let holders: &[_] = if start_over { &[] } else { &inventory.standings };
        let nodes: Vec<_> = holders.iter().filter(|holder| holder.role == "control-plane").collect();
        let nodes = if nodes.is_empty() { holders.iter().collect() } else { nodes };
        let kubelet = inventory.profile.kubelet_client();
        let all = nodes.iter().map(|holder| holder.at_least(kubelet)).min().map_or(0, Standing::phases);
        let some = nodes.iter().map(|holder| holder.nearest()).max().map_or(0, Standing::phases);
        Self { inventory, holders, all, some: some.max(all) }
    }

    /// Is a rotation under way?
    pub(super) fn has_begun(&self) -> bool {
        !self.holders.is_empty()
    }

    /// Do the phase's barriers, objects, people and workers belong into the plan? Those of phases that somebody has
    /// left behind were passed; those of the phase that everybody has reached may not have been.
    pub(super) fn includes(&self, phase: Phase) -> bool {
        phase.number() >= self.some
    }

    /// The first phase of which anything is left.
    pub(super) fn first(&self) -> Phase {
        let left = |phase: &Phase| self.includes(*phase) || phase.number() > self.all;
        Phase::ALL.into_iter().find(left).unwrap_or(Phase::DropOld)
    }

    /// Is everything on the node through the phase, the kubelet's own certificate aside?
    pub(super) fn is_node_through(&self, node: &Node, phase: Phase) -> bool {
        let kubelet = self.inventory.profile.kubelet_client();
        let holder = self.holders.iter().find(|holder| holder.name == node.name);
        holder.is_some_and(|holder| holder.at_least(kubelet).phases() >= phase.number())
    }

    /// May there be control-plane nodes left to go through the phase, of which nothing was given?
    pub(super) fn is_left_unseen(&self, phase: Phase) -> bool {
        phase.number() > self.all
    }

    /// How far what lies at `place` of a holder is; `None` where that is not known.
    pub(super) fn reached(&self, holder: &str, place: &str) -> Option<Standing> {
        self.holders.iter().find(|standing| standing.name == holder)?.reached(place)
    }

    /// Is what lies at `place` of a holder through the phase?
    pub(super) fn is_through(&self, holder: &str, place: &str, phase: Phase) -> bool {
        self.reached(holder, place).is_some_and(|standing| standing.phases() >= phase.number())
    }

    /// Where a node stands, for what is not seen of it.
    pub(super) fn node(&self, node: &Node) -> Standing {
        let holder = self.holders.iter().find(|holder| holder.name == node.name);
        holder.map_or(Standing::Before, HolderStanding::nearest)
    }

    /// Where somebody may stand of whom nothing was given: those who come after the control-plane nodes in a phase.
    pub(super) fn unseen(&self) -> Vec<Standing> {
        let (some, all) = (usize::from(self.some), usize::from(self.all));
        let before = some.saturating_sub(1);
        if all == some { Standing::ALL[before..=some].to_vec() } else { vec![Standing::ALL[before]] }
    }

    /// Has the kubelet a certificate of the new CA for good? While a kube-controller-manager still signs with the old one,
    /// it may be given one of that again.
    pub(super) fn has_renewed(&self, node: &Node, path: &str) -> bool {
        self.all >= 2 && self.is_through(&node.name, path, Phase::Switch)
    }

    /// Has an API server switched, so that everybody was told both CAs before?
    pub(super) fn has_switched(&self) -> bool {
        self.some >= 2
    }

    /// Has an API server dropped the old CA?
    pub(super) fn has_dropped(&self) -> bool {
        self.some == 3
    }

    /// The new CA, where a rotation to it is under way.
    pub(super) fn new_of(&self, id: AuthorityId) -> Option<&'a Certificate> {
        self.inventory.rotations.get(&id).filter(|_| self.has_begun()).map(|rotation| &rotation.new)
    }
}

impl Standing {
    /// What is trusted there.
    pub(super) fn trusts(self, old: &Certificate, new: Option<&Certificate>) -> Vec<Certificate> {
        let sides = match self {
            Self::Before => [Some(old), None],
            Self::TrustsBoth => [Some(old), new],
            Self::Switched => [new, Some(old)],
            Self::Done => [new, None],
        };
        sides.into_iter().flatten().cloned().collect()
    }

    /// Whose certificates are presented there.
    pub(super) fn signer<'a>(self, old: &'a Certificate, new: Option<&'a Certificate>) -> &'a Certificate {
        new.filter(|_| self >= Self::Switched).unwrap_or(old)
    }
}
