//! The file that kube-controller-manager signs with in each phase. It must contain exactly one certificate. While
//! `ca.crt` is a bundle it is a separate file: the package's, or the copy of the new CA from a rotation that was begun
//! by hand.

use super::planner::{MANIFEST, NodePlanner};
use crate::{
    inventory::{CLIENT_FLAG, Standing},
    plan::model::{
        actions::Action,
        content::{Edit, FileContent, PUBLIC},
        phase::Side,
    },
    profile::{AuthorityId, Component, SIGNING_FLAG, SIGNING_KEY_FLAG},
};

impl NodePlanner<'_, '_> {
    /// Phase 1: a signing file with one certificate, before `ca.crt` becomes a bundle.
    pub(super) fn separate_signing(&self) -> Vec<Action> {
        if !self.signs_on_nodes() || self.inventory.separate_signing(self.node).is_some() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        if self.is_signing_left() {
            let (file, content) =
                (self.inventory.profile.signing.certificate, FileContent::Signing(AuthorityId::Cluster, Side::Old));
            actions.push(self.write(file, PUBLIC, None, content, "—", "old CA"));
        }
        if self.is_flag_left() {
            actions.extend(self.point_to_signing_file());
        }
        actions
    }

    /// Sets the signing flag of kube-controller-manager to the separate file.
    fn point_to_signing_file(&self) -> Vec<Action> {
        let profile = self.inventory.profile;
        let file = profile.signing.certificate;
        let mut actions = Vec::new();
        let Some(path) = profile.manifest(Component::ControllerManager) else { return actions };
        let flag = format!("--{SIGNING_FLAG}");
        match self.manifest() {
            Some((slot, value)) if value == self.ca_path() => {
                let content = FileContent::Manifest(slot.into(), vec![(SIGNING_FLAG, file.to_owned())]);
                let (before, after) = (format!("{flag}={value}"), format!("{flag}={file}"));
                actions.push(self.write(
                    path,
                    slot.mode.unwrap_or(MANIFEST),
                    Some(slot.into()),
                    content,
                    &before,
                    &after,
                ));
            }
            Some(_) => {}
            None => {
                let patch = format!("- op: add\n  path: /spec/containers/0/command/-\n  value: {flag}={file}\n");
                actions.push(Action::Write(Edit {
                    target: "kubeadm patch for kube-controller-manager".to_owned(),
                    output: format!(
                        "{}/{}/patches/kube-controller-manager+json.yaml",
                        self.phase.folder(),
                        self.holder_folder()
                    ),
                    mode: PUBLIC,
                    source: None,
                    content: FileContent::Text(patch),
                    before: "—".to_owned(),
                    after: format!("{flag}={file}"),
                }));
                actions.push(Action::SetFlag {
                    component: Component::ControllerManager,
                    flag: SIGNING_FLAG,
                    from: self.ca_path().to_owned(),
                    to: file.to_owned(),
                });
            }
        }
        actions
    }

    /// Phase 2: the signing file changes together with the key.
    pub(super) fn switch_signing(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.signs_on_nodes() && self.is_signing_left() {
            let content = FileContent::Signing(AuthorityId::Cluster, Side::New);
            actions.push(self.write(&self.signing_file(), PUBLIC, None, content, "old CA", "new CA"));
        }
        // Something that rewrote the manifest, such as an upgrade, has set the flag back to the bundle.
        let is_back = self.progress.node(self.node) >= Standing::Switched && self.is_flag_left();
        if self.signs_on_nodes() && is_back && self.inventory.separate_signing(self.node).is_none() {
            actions.extend(self.point_to_signing_file());
        }
        actions
    }

    /// The file with one certificate that kube-controller-manager signs with while `ca.crt` is a bundle.
    pub(super) fn signing_file(&self) -> String {
        let own = || self.inventory.profile.signing.certificate.to_owned();
        self.inventory.separate_signing(self.node).unwrap_or_else(own)
    }

    /// The files that kube-controller-manager signed with in phases 1 and 2, and their content in words: the package's
    /// file, or the copy from a rotation that was begun by hand. Empty if the cluster had a separate file before the
    /// rotation.
    pub(super) fn signing_files(&self) -> Vec<(String, String)> {
        if self.inventory.separate_signing(self.node).is_some() {
            return Vec::new();
        }
        match self.inventory.signing_copy(self.node) {
            Some(copy) => {
                let own = self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.key);
                let files = copy.files().filter(|path| !path.is_empty() && *path != own);
                files.map(|path| (path.to_owned(), "copy of the new CA".to_owned())).collect()
            }
            None => vec![(self.inventory.profile.signing.certificate.to_owned(), "new CA".to_owned())],
        }
    }

    /// Phase 3: kube-controller-manager signs with `ca.crt` again, which now contains one certificate.
    pub(super) fn restore_manifest(&self) -> Vec<Action> {
        let separate = self.inventory.separate_signing(self.node).is_some();
        if separate || !self.signs_on_nodes() || !self.is_flag_left() {
            return Vec::new();
        }
        let Some(path) = self.inventory.profile.manifest(Component::ControllerManager) else { return Vec::new() };
        let (flag, file) = (format!("--{SIGNING_FLAG}"), self.inventory.profile.signing.certificate);
        match self.manifest() {
            Some((slot, value)) if value == self.ca_path() => {
                let (before, after) = (format!("{flag}={file}"), format!("{flag}={value}, the provided manifest"));
                vec![self.write(
                    path,
                    slot.mode.unwrap_or(MANIFEST),
                    Some(slot.into()),
                    FileContent::Original(slot.into()),
                    &before,
                    &after,
                )]
            }
            Some((slot, value)) => {
                let ca = self.ca_path();
                let mut flags = vec![(SIGNING_FLAG, ca.to_owned())];
                if let Some(copy) = self.inventory.signing_copy(self.node) {
                    let key = self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.key);
                    flags.extend((!copy.key.is_empty()).then(|| (SIGNING_KEY_FLAG, key.to_owned())));
                    flags.extend(copy.clients.map(|_| (CLIENT_FLAG, ca.to_owned())));
                }
                let content = FileContent::Manifest(slot.into(), flags);
                let (before, after) = (format!("{flag}={value}"), format!("{flag}={ca}"));
                vec![self.write(path, slot.mode.unwrap_or(MANIFEST), Some(slot.into()), content, &before, &after)]
            }
            None => vec![Action::SetFlag {
                component: Component::ControllerManager,
                flag: SIGNING_FLAG,
                from: file.to_owned(),
                to: self.ca_path().to_owned(),
            }],
        }
    }
}
