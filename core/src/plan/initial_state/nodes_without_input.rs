//! The assumed files of nodes that were not provided: kubeadm's files, as changed by a rotation in progress.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Present;
use crate::{
    inventory::Standing,
    plan::model::{
        authorities::AuthorityChange,
        initial_state::{
            FileVersion, KUBELET_SERVING, KubeconfigContext, KubeconfigCredential, KubeconfigTrust, Place, PlaceKind,
        },
    },
    profile::{AuthorityId, Component, KUBELET_AUTHORITY_FLAG, SIGNING_FLAG},
    x509::Certificate,
};

type Files = BTreeMap<String, BTreeSet<FileVersion>>;

fn put(files: &mut Files, path: &str, held: FileVersion) {
    files.entry(path.to_owned()).or_default().insert(held);
}

/// A kubeconfig with these trusted CAs.
fn trusting(trust: Vec<Certificate>, credential: KubeconfigCredential) -> FileVersion {
    FileVersion::Kubeconfig(KubeconfigContext { host: None, trust: KubeconfigTrust::These(trust), credential })
}

impl Present<'_> {
    /// The possible files of workers that were not provided, for every possible progress.
    pub(super) fn unseen_workers(&self, authority_change: &AuthorityChange) -> Place {
        let mut files = Files::new();
        for standing in self.progress.unseen() {
            self.unseen_kubelet(&mut files, authority_change, standing);
        }
        Place { kind: PlaceKind::Workers, name: "workers".to_owned(), authority: AuthorityId::Cluster, files }
    }

    /// The files of every control-plane node, if none was provided, at the latest possible progress.
    pub(super) fn unseen_control_plane(&self) -> Place {
        let standing = self.progress.unseen().into_iter().last().unwrap_or(Standing::Before);
        let profile = self.inventory.profile;
        let mut files = Files::new();
        for authority_change in self.authority_changes.values() {
            let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
            let signer = standing.signer(old, new);
            if let Some(row) = profile.authority(authority_change.id) {
                put(&mut files, row.certificate, FileVersion::Certificates(standing.trusts(old, new)));
                put(&mut files, row.key, FileVersion::Key(signer.public_key().clone()));
            }
            for row in profile.leaves.iter().filter(|row| row.authority == authority_change.id) {
                put(&mut files, row.certificate, FileVersion::SignedBy(signer.clone()));
            }
            if authority_change.id != AuthorityId::Cluster {
                continue;
            }
            self.unseen_kubelet(&mut files, authority_change, standing);
            for row in profile.kubeconfigs.iter().filter(|row| row.reader != Some(Component::Kubelet)) {
                let trust = standing.trusts(old, new);
                put(&mut files, row.path, trusting(trust, KubeconfigCredential::SignedBy(signer.clone())));
            }
            let both = matches!(standing, Standing::TrustsBoth | Standing::Switched);
            let own = profile.authority(authority_change.id).map_or("", |row| row.certificate);
            if let Some(manifest) = profile.manifest(Component::ControllerManager) {
                let file = if both { profile.signing.certificate } else { own };
                put(&mut files, manifest, FileVersion::Flags(BTreeMap::from([(SIGNING_FLAG, file.to_owned())])));
            }
            if let (Some(manifest), Some(path)) =
                (profile.manifest(Component::Apiserver), self.kubelet_authority.unseen())
            {
                let flags = BTreeMap::from([(KUBELET_AUTHORITY_FLAG, path.to_owned())]);
                put(&mut files, manifest, FileVersion::Flags(flags));
            }
            if both {
                put(&mut files, profile.signing.certificate, FileVersion::Certificates(vec![signer.clone()]));
            }
        }
        Place {
            kind: PlaceKind::ControlPlaneElsewhere,
            name: "control-plane nodes".to_owned(),
            authority: AuthorityId::Cluster,
            files,
        }
    }

    /// The files of a kubelet: trusted CAs, client credential and serving certificate.
    fn unseen_kubelet(&self, files: &mut Files, authority_change: &AuthorityChange, standing: Standing) {
        let profile = self.inventory.profile;
        let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
        if let Some(row) = profile.authority(authority_change.id) {
            put(files, row.certificate, FileVersion::Certificates(standing.trusts(old, new)));
        }
        if let Some(row) = profile.kubelet_conf() {
            let credential = KubeconfigCredential::InFile(profile.kubelet_client().to_owned());
            put(files, row.path, trusting(standing.trusts(old, new), credential));
            put(files, profile.kubelet_client(), FileVersion::SignedBy(standing.signer(old, new).clone()));
            files
                .entry(KUBELET_SERVING.to_owned())
                .or_default()
                .extend(self.requested_serving(authority_change, standing));
        }
    }
}
