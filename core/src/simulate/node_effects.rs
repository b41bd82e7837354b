//! Changes that nodes make to their own files: trusted CAs edited in place, leaves issued by kubeadm, certificates
//! requested by the kubelet; and the files of machines that Cluster API creates.

use std::collections::{BTreeMap, BTreeSet};

use super::{effects::signs, state::SimulatedState};
use crate::{
    plan::{
        FileVersion, KUBELET_SERVING, KubeconfigContext, KubeconfigCredential, KubeconfigTrust, PlaceKind, Side, Step,
        Trust,
    },
    profile::{AuthorityId, Component, KubeconfigRow, SIGNING_FLAG},
    x509::Certificate,
};

/// The kubeconfig that exists only on the node where the cluster was initialized (kubernetes/kubernetes:
/// cmd/kubeadm/app/cmd/init.go).
pub(super) const SUPER_ADMIN_CONF: &str = "super-admin.conf";

impl SimulatedState<'_> {
    /// Replaces the CA data of a kubeconfig by the contents of `ca.crt`.
    pub(super) fn trust_in_kubeconfig(&mut self, step: &Step, name: &str) {
        let profile = self.plan.profile;
        let (Some(place), Some(ca)) = (self.holder(step), profile.authority(AuthorityId::Cluster)) else { return };
        let Some(row) = profile.kubeconfigs.iter().find(|row| row.name == name) else { return };
        let bundles: Vec<_> = self.places[place].files.get(ca.certificate).into_iter().flatten().cloned().collect();
        let Some(versions) = self.places[place].files.get_mut(row.path) else { return };
        let old = std::mem::take(versions);
        for held in old {
            let FileVersion::Kubeconfig(access) = held else { continue };
            for bundle in &bundles {
                let FileVersion::Certificates(anchors) = bundle else { continue };
                let trust = match &access.trust {
                    KubeconfigTrust::These(_) => KubeconfigTrust::These(anchors.clone()),
                    other => other.clone(),
                };
                versions.insert(FileVersion::Kubeconfig(KubeconfigContext { trust, ..access.clone() }));
            }
        }
    }

    /// kubeadm signs with the first certificate of the CA's file, if the key next to it matches.
    pub(super) fn renew_on_node(&mut self, step: &Step, authority: AuthorityId, names: &[&str], trust: Trust) {
        let profile = self.plan.profile;
        let (Some(place), Some(row)) = (self.holder(step), profile.authority(authority)) else { return };
        let files = &mut self.places[place].files;
        let Some(first) = files.get(row.certificate).into_iter().flatten().find_map(FileVersion::first_certificate)
        else {
            return;
        };
        let first = first.clone();
        let keys = files.get(row.key).into_iter().flatten();
        let mut keys = keys.filter_map(|held| if let FileVersion::Key(key) = held { Some(key) } else { None });
        if !keys.any(|key| signs(std::slice::from_ref(&first), Some(key))) {
            return;
        }
        for name in names {
            if let Some(leaf) = profile.leaves.iter().find(|leaf| leaf.name == *name) {
                files.insert(leaf.certificate.to_owned(), BTreeSet::from([FileVersion::SignedBy(first.clone())]));
            }
            if let Some(kubeconfig) = profile.kubeconfigs.iter().find(|row| row.name == *name) {
                let anchors = self.renderer.bundle(AuthorityId::Cluster, trust).iter().cloned().collect();
                let held = kubeconfig_of(anchors, &first);
                files.insert(kubeconfig.path.to_owned(), BTreeSet::from([held]));
            }
        }
    }

    /// The kubelet requests a new certificate with its current one; the leading kube-controller-manager signs it.
    pub(super) fn renew(&mut self, step: &Step) {
        let Some(place) = self.holder(step) else { return };
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New).clone();
        let signers = self.signers();
        self.renewed_too_early |= !signers.is_empty() && (!self.led || signers.iter().any(|signer| *signer != new));
        // If no kube-controller-manager signs, an external signer does, by then with the new CA.
        let signers = if signers.is_empty() { vec![new] } else { signers };
        let current = self.plan.profile.kubelet_client().to_owned();
        let held = signers.into_iter().map(FileVersion::SignedBy);
        self.places[place].files.entry(current).or_default().extend(held);
    }

    /// Adds a new control-plane machine. It has the CAs of the management cluster's Secrets, unchanged. kubeadm creates
    /// the rest, with the first certificate of each. Its kubelet reads the trusted CAs from `cluster-info`.
    pub(super) fn make_machines(&mut self) {
        let Some(place) = self.place(PlaceKind::RolledOut) else { return };
        let profile = self.plan.profile;
        let mut files: BTreeMap<String, BTreeSet<FileVersion>> = BTreeMap::new();
        let mut put = |path: &str, held: FileVersion| _ = files.entry(path.to_owned()).or_default().insert(held);
        for (id, pair) in
            self.plan.authority_changes.keys().flat_map(|id| self.managed(*id).into_iter().map(move |pair| (*id, pair)))
        {
            let (Some(row), Some(first)) = (profile.authority(id), pair.first()) else { continue };
            put(row.certificate, FileVersion::Certificates(pair.clone()));
            put(row.key, FileVersion::Key(first.public_key().clone()));
            for leaf in profile.leaves.iter().filter(|leaf| leaf.authority == id) {
                put(leaf.certificate, FileVersion::SignedBy(first.clone()));
            }
            if id != AuthorityId::Cluster {
                continue;
            }
            if let Some(manifest) = profile.manifest(Component::ControllerManager) {
                put(manifest, FileVersion::Flags(BTreeMap::from([(SIGNING_FLAG, row.certificate.to_owned())])));
            }
            let own = |row: &&KubeconfigRow| row.reader != Some(Component::Kubelet) && row.name != SUPER_ADMIN_CONF;
            for kubeconfig in profile.kubeconfigs.iter().filter(own) {
                put(kubeconfig.path, kubeconfig_of(vec![first.clone()], first));
            }
        }
        if let Some(row) = profile.kubelet_conf() {
            for anchors in self.joined() {
                let (trust, credential) = (
                    KubeconfigTrust::These(anchors),
                    KubeconfigCredential::InFile(profile.kubelet_client().to_owned()),
                );
                put(row.path, FileVersion::Kubeconfig(KubeconfigContext { host: None, trust, credential }));
            }
        }
        for signer in self.signers() {
            put(profile.kubelet_client(), FileVersion::SignedBy(signer.clone()));
            put(KUBELET_SERVING, FileVersion::SignedBy(signer));
        }
        // Its flags are those of kubeadm's configuration.
        if let Some((path, flags)) =
            profile.manifest(Component::Apiserver).and_then(|path| self.places[place].files.remove_entry(path))
        {
            files.insert(path, flags);
        }
        self.places[place].files = files;
        self.changed.insert(place);
    }

    /// The possible contents of a CA's Secret in the management cluster; empty if it was not provided.
    pub(super) fn managed(&self, id: AuthorityId) -> Vec<Vec<Certificate>> {
        if !self.plan.authority_changes.contains_key(&id) {
            return Vec::new();
        }
        let sides = [Side::Old, Side::New].map(|side| self.renderer.certificate(id, side));
        let held = self.places.iter().filter(|place| place.kind == PlaceKind::Management);
        let pairs = held.flat_map(|place| place.files.values().flatten()).filter_map(|held| match held {
            FileVersion::Certificates(pair) if pair.iter().any(|one| sides.contains(&one)) => Some(pair.clone()),
            _ => None,
        });
        pairs.collect()
    }
}

/// A kubeconfig with a client certificate signed by `signer`.
fn kubeconfig_of(trust: Vec<Certificate>, signer: &Certificate) -> FileVersion {
    FileVersion::Kubeconfig(KubeconfigContext {
        host: None,
        trust: KubeconfigTrust::These(trust),
        credential: KubeconfigCredential::SignedBy(signer.clone()),
    })
}
