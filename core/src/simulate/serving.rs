//! Kubelets' serving certificates, and the CAs with which API servers verify them.

use super::{
    effects::Set,
    state::{Cell, Leaf, SimulatedState, Value},
};
use crate::{
    plan::{FileVersion, KUBELET_SERVING, PlaceKind, Side, Step},
    profile::{
        AuthorityId, Component,
        edge::{Material, Party},
    },
    x509::{Presented, Purpose, Question, Rules, TrustBundle, validate},
};

impl SimulatedState<'_> {
    /// The kubelet requests a serving certificate. The leading kube-controller-manager signs it; if there is none, an
    /// external signer does, with the new CA.
    pub(super) fn renew_serving(&mut self, step: &Step) {
        let Some(place) = self.holder(step) else { return };
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New).clone();
        let signers = self.signers();
        let signers = if signers.is_empty() { vec![new] } else { signers };
        let served = self.places[place].files.entry(KUBELET_SERVING.to_owned()).or_default();
        if served.iter().any(|held| matches!(held, FileVersion::SignedBy(_))) {
            served.extend(signers.into_iter().map(FileVersion::SignedBy));
        }
    }

    /// The kubelet of a node has started again: where it serves from a file, it serves what that holds now.
    pub(super) fn take_up_served(&mut self, place: usize) {
        let held = self.places[place].files.get(KUBELET_SERVING).into_iter().flatten();
        let from_file = held.clone().count() > 0 && held.clone().all(|held| matches!(held, FileVersion::ServedFrom(_)));
        // Workers run the step one by one: the check of the step says when all have.
        if !from_file || self.places[place].kind == PlaceKind::Workers {
            return;
        }
        let served = self.served(place);
        if !served.is_empty() {
            self.set(&Self::serving_cell(place), served);
        }
    }

    fn serving_cell(place: usize) -> Cell {
        let party = Party::Component(Component::Kubelet);
        Cell { place, file: String::new(), party, material: Material::KubeletServing }
    }

    /// The serving certificates of the kubelets in a place.
    pub(super) fn served(&self, place: usize) -> Set {
        let files = &self.places[place].files;
        let held = files.get(KUBELET_SERVING).into_iter().flatten();
        let leaves = held.flat_map(|held| match held {
            FileVersion::SignedBy(authority) => vec![Leaf::SignedBy(authority.clone())],
            FileVersion::ServedFrom(path) => [self.pair(place, path, ""), self.in_file(place, path)].concat(),
            _ => Vec::new(),
        });
        leaves.map(Value::Leaf).collect()
    }

    /// The CAs with which the API servers of a place verify kubelets; empty if the flag is not set, or its file is
    /// unrelated to the rotated CA.
    pub(super) fn kubelet_verifiers(&self, place: usize) -> Set {
        let profile = self.plan.profile;
        let files = &self.places[place].files;
        let manifest = profile.manifest(Component::Apiserver).and_then(|path| files.get(path));
        let path = manifest.into_iter().flatten().find_map(FileVersion::kubelet_authority);
        let mut anchors = path.map_or_else(Set::new, |path| self.anchors(place, path));
        let Some(authority_change) = self.plan.authority_changes.get(&AuthorityId::Cluster) else { return Set::new() };
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New);
        anchors.retain(
            |value| matches!(value, Value::Anchors(bundle) if bundle.contains(&authority_change.old) || bundle.contains(new)),
        );
        anchors
    }

    /// Removes all serving certificates of the old CA from the kubelets of a place.
    pub(super) fn retain_new_serving(&mut self, place: usize) {
        let Some(authority_change) = self.plan.authority_changes.get(&AuthorityId::Cluster) else { return };
        let trust = TrustBundle::new().with_appended(authority_change.old.clone());
        let question = Question { trust: &trust, purpose: Purpose::Server, host: None, now: self.plan.now };
        let is_old = |presented: Presented<'_>| validate(presented, &question, Rules::Go).is_ok();
        let is_left = |held: &FileVersion| match held {
            FileVersion::SignedBy(authority) => !is_old(Presented::SignedBy(authority)),
            FileVersion::Certificates(chain) | FileVersion::Credential(chain, _) => !is_old(Presented::Chain(chain)),
            _ => true,
        };
        self.changed.insert(place);
        let served = self.places[place].files.get(KUBELET_SERVING).cloned().unwrap_or_default();
        for held in &served {
            if let FileVersion::ServedFrom(path) = held
                && let Some(versions) = self.places[place].files.get_mut(path)
            {
                versions.retain(is_left);
            }
        }
        let served = served.into_iter().filter(is_left).collect();
        self.places[place].files.insert(KUBELET_SERVING.to_owned(), served);
        let cell = Self::serving_cell(place);
        let mut left = self.current(&cell);
        left.retain(|value| match value {
            Value::Leaf(Leaf::Chain(chain, _)) => !is_old(Presented::Chain(chain)),
            Value::Leaf(Leaf::SignedBy(authority)) => !is_old(Presented::SignedBy(authority)),
            _ => true,
        });
        self.set(&cell, left);
    }
}
