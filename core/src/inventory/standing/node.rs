//! What a node's files tell.

use std::collections::BTreeSet;

use super::{
    compare::{from, kubeconfig, signed, trust, until},
    machines,
};
use crate::{
    inventory::model::{
        files::{Artifact, Node, Role},
        inventory::Inventory,
        standing::{
            Aspect, Fits, HolderStanding, Rotation,
            Standing::{self, Before, Done, Switched, TrustsBoth},
        },
    },
    profile::{AuthorityId, AuthorityRow, Component, SIGNING_FLAG},
    x509::TrustBundle,
};

/// A node's standing.
pub(super) fn node(inventory: &Inventory, node: &Node) -> HolderStanding {
    let mut reader = Reader { inventory, node, aspects: Vec::new() };
    for (id, rotation) in &inventory.rotations {
        match inventory.profile.authority(*id) {
            Some(row) if row.accepted.is_some() => {
                reader.aspects.extend(machines::aspects(node, row, rotation));
                continue;
            }
            Some(row) => reader.authority(row, rotation),
            None => {}
        }
        reader.leaves(*id, rotation);
        if *id == AuthorityId::Cluster {
            reader.other_bundles(rotation);
            reader.kubeconfigs();
            reader.kubelet(rotation);
            if node.role != Role::Worker {
                reader.signing(rotation);
            }
        }
    }
    let role = match node.role {
        Role::ControlPlane | Role::Hosted => "control-plane",
        Role::Worker => "worker",
    };
    HolderStanding { name: node.name.clone(), role, aspects: reader.aspects }
}

struct Reader<'a> {
    inventory: &'a Inventory,
    node: &'a Node,
    aspects: Vec<Aspect>,
}

impl Reader<'_> {
    fn add(&mut self, place: &str, fits: Fits, seen: String) {
        let file = self.node.slots.get(place).map_or_else(String::new, |slot| slot.file.clone());
        self.aspects.push(Aspect { place: place.to_owned(), file, fits, seen, is_exact: true });
    }

    /// The trust bundle, and the private key beside it.
    fn authority(&mut self, row: &AuthorityRow, rotation: &Rotation) {
        let anchors = self.node.certificates(row.certificate);
        if !anchors.is_empty() {
            let told = trust(self.inventory, rotation, anchors);
            let (fits, seen) = told.unwrap_or((&[], "it trusts neither of the two CAs"));
            self.add(row.certificate, fits, seen.to_owned());
            let bytes = self.node.slots.get(row.certificate).map(|slot| slot.bytes.as_slice());
            let bundle: TrustBundle = anchors.iter().cloned().collect();
            if let Some(last) = self.aspects.last_mut() {
                last.is_exact = bytes == Some(bundle.to_pem().as_bytes());
            }
        }
        if let Some(Artifact::PrivateKey(key)) = self.node.slots.get(row.key).map(|slot| &slot.artifact) {
            let phase = if row.id == AuthorityId::Cluster { self.inventory.profile.signing.key_from } else { 2 };
            let (fits, seen): (Fits, _) = if key.public_key().is_same_key(rotation.new.public_key()) {
                (from(phase), "it is the new CA's key")
            } else if key.public_key().is_same_key(rotation.old.public_key()) {
                (until(phase), "it is the old CA's key")
            } else {
                (&[], "it is the key of neither CA")
            };
            self.add(row.key, fits, seen.to_owned());
        }
    }

    /// Files outside the profile's tables by which components accept clients, or that kube-controller-manager publishes.
    fn other_bundles(&mut self, rotation: &Rotation) {
        let mut paths: BTreeSet<String> = self.inventory.client_files(self.node).into_keys().collect();
        paths.extend(self.inventory.published_file(self.node));
        for path in paths {
            let Some(slot) = self.node.others.get(&path) else { continue };
            let anchors = slot.artifact.certificates();
            if anchors.is_empty() || self.inventory.signing_copy(self.node).is_some_and(|copy| copy.certificate == path)
            {
                continue;
            }
            let told = trust(self.inventory, rotation, anchors);
            let (fits, seen) = told.unwrap_or((&[], "it trusts neither of the two CAs"));
            let (seen, file) = (seen.to_owned(), slot.file.clone());
            self.aspects.push(Aspect { place: path, file, fits, seen, is_exact: true });
        }
    }

    fn leaves(&mut self, id: AuthorityId, rotation: &Rotation) {
        for row in self.inventory.profile.leaves.iter().filter(|row| row.authority == id) {
            let Some(leaf) = self.node.certificates(row.certificate).first() else { continue };
            let told = signed(rotation, leaf, "its certificate");
            let (fits, seen) =
                told.unwrap_or_else(|| (&[], "its certificate is signed by neither of the two CAs".to_owned()));
            self.add(row.certificate, fits, seen);
        }
    }

    fn kubeconfigs(&mut self) {
        for row in self.inventory.profile.kubeconfigs {
            if let Some((slot, artifact)) = self.node.kubeconfig(row.path) {
                self.aspects.extend(kubeconfig(self.inventory, artifact, row.path, &slot.file));
            }
        }
    }

    /// What the kubelet presents, where it keeps that in a file of its own.
    fn kubelet(&mut self, rotation: &Rotation) {
        let path = self.inventory.profile.kubelet_client();
        let told =
            self.node.certificates(path).first().and_then(|leaf| signed(rotation, leaf, "the kubelet's certificate"));
        if let Some((fits, seen)) = told {
            self.add(path, fits, seen);
        }
    }

    /// What kube-controller-manager signs with: one certificate, in a file of its own while `ca.crt` is a bundle.
    fn signing(&mut self, rotation: &Rotation) {
        let profile = self.inventory.profile;
        let (Some(manifest), Some(row)) =
            (profile.manifest(Component::ControllerManager), profile.authority(AuthorityId::Cluster))
        else {
            return;
        };
        let separate = self.inventory.separate_signing(self.node);
        let stays = profile.keeps_signing_file() || separate.is_some();
        let file = separate.as_deref().unwrap_or(profile.signing.certificate);
        let flag = self.node.static_pod(manifest).map(|(_, pod)| pod.lookup(SIGNING_FLAG).unwrap_or_default());
        let own_file = match flag.as_deref() {
            Some(flag) if flag == row.certificate => {
                let bundle = trust(self.inventory, rotation, self.node.certificates(row.certificate));
                let (fits, seen): (Fits, _) = match bundle.map(|(fits, _)| fits) {
                    Some([Before]) => (&[Before], "kube-controller-manager signs from ca.crt"),
                    Some([Done]) => (&[Done], "kube-controller-manager signs from ca.crt"),
                    _ => (
                        &[],
                        "kube-controller-manager signs from ca.crt, which is a bundle: it dies of that as soon as it leads",
                    ),
                };
                self.add(manifest, fits, seen.to_owned());
                false
            }
            Some(flag) if flag == file => {
                let seen = format!("kube-controller-manager signs from {flag}");
                let fits: Fits = if stays { &[Before, TrustsBoth, Switched, Done] } else { &[TrustsBoth, Switched] };
                self.add(manifest, fits, seen);
                true
            }
            Some(flag) => {
                if self.inventory.signing_copy(self.node).is_some() {
                    let seen = format!("kube-controller-manager signs from {flag}, which holds the new CA");
                    self.add(manifest, &[TrustsBoth, Switched], seen);
                }
                false
            }
            None => self.node.slots.contains_key(file),
        };
        if !own_file && !stays {
            return;
        }
        // The signing file is there from the end of phase 1 to that of phase 2.
        let turn = usize::from(profile.signing.new_from);
        let during: (Fits, Fits) = (&Standing::ALL[1..turn.max(1)], &Standing::ALL[turn..3]);
        let (old, new) = if stays { (until(2), from(2)) } else { during };
        let slot = self.node.file(file);
        let held = slot.map(|slot| slot.artifact.certificates()).unwrap_or_default();
        let (fits, seen): (Fits, _) = match held {
            [only] if *only == rotation.old => (old, "the signing file holds the old CA"),
            [only] if *only == rotation.new => (new, "the signing file holds the new CA"),
            [] => (&[], "the signing file is not there"),
            [_] => (&[], "the signing file holds neither of the two CAs"),
            _ => (&[], "the signing file is a bundle: kube-controller-manager dies of that as soon as it leads"),
        };
        let (place, name) = (file.to_owned(), slot.map(|slot| slot.file.clone()).unwrap_or_default());
        self.aspects.push(Aspect { place, file: name, fits, seen: seen.to_owned(), is_exact: true });
    }
}
