//! A rotation that was begun by hand, as the Kubernetes page has it: kube-controller-manager signs from a copy of the new CA.
//!
//! Source: kubernetes/website: docs/tasks/tls/manual-rotation-of-ca-certificates, the note in step 2: "copy the new CA to a
//! separate file and make the flags `--client-ca-file` and `--cluster-signing-cert-file` point to the copy".

use super::model::{files::Node, inventory::Inventory};
use crate::{
    profile::{AuthorityId, Component, SIGNING_FLAG, SIGNING_KEY_FLAG},
    x509::Certificate,
};

/// The flag of kube-controller-manager with which it accepts clients.
pub(crate) const CLIENT_FLAG: &str = "client-ca-file";

/// The copy of the new CA, by the paths that kube-controller-manager's flags name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SigningCopy {
    /// Path of the certificate.
    pub(crate) certificate: String,
    /// Path of the private key.
    pub(crate) key: String,
    /// Does `--client-ca-file` name a file of the new CA alone, too? Its path then.
    pub(crate) clients: Option<String>,
}

impl SigningCopy {
    /// May a flag of kube-controller-manager name this file?
    pub(crate) fn is_named_by(&self, flag: &str, value: &str) -> bool {
        match flag {
            SIGNING_FLAG => value == self.certificate,
            SIGNING_KEY_FLAG => value == self.key,
            CLIENT_FLAG => Some(value) == self.clients.as_deref(),
            _ => false,
        }
    }

    /// The paths of the copy, each once; kubeadm's own files are not among them.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let clients = self.clients.as_deref().filter(|path| *path != self.certificate);
        [self.certificate.as_str(), self.key.as_str()].into_iter().chain(clients)
    }
}

impl Node {
    /// The certificate of the file that kube-controller-manager signs from, where that is no file of the profile's.
    pub(crate) fn signs_elsewhere(&self, inventory: &Inventory) -> Option<(String, &Certificate)> {
        let profile = inventory.profile;
        let (_, pod) = self.pod_of(profile, Component::ControllerManager)?;
        let path = pod.lookup(SIGNING_FLAG).filter(|path| !path.is_empty())?;
        let own = profile.authority(AuthorityId::Cluster)?.certificate;
        if path == own || path == profile.signing.certificate {
            return None;
        }
        match self.certificates(&path) {
            [only] if only.is_authority() => Some((path, only)),
            _ => None,
        }
    }
}

impl Inventory {
    /// The copy of the new CA that kube-controller-manager of a node signs from, while a rotation is under way.
    pub(crate) fn signing_copy(&self, node: &Node) -> Option<SigningCopy> {
        let rotation = self.rotations.get(&AuthorityId::Cluster)?;
        let (certificate, authority) = node.signs_elsewhere(self)?;
        // Where `ca.crt` holds foreign CAs as well, the file stays what kube-controller-manager signs from.
        if *authority != rotation.new || self.separate_signing(node).is_some() {
            return None;
        }
        let (_, pod) = node.pod_of(self.profile, Component::ControllerManager)?;
        let own = self.profile.authority(AuthorityId::Cluster)?;
        let clients = pod.lookup(CLIENT_FLAG).filter(|path| {
            *path != own.certificate && matches!(node.certificates(path), [only] if *only == rotation.new)
        });
        let key = pod.lookup(SIGNING_KEY_FLAG).unwrap_or_default();
        Some(SigningCopy { certificate, key, clients })
    }
}

/// The flag of kube-controller-manager with the CAs that it publishes.
pub(crate) const PUBLISHED_FLAG: &str = "root-ca-file";

/// Both CAs in a file of their own, while `ca.crt` still holds the old CA.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OwnBundle {
    /// Path of the bundle, which kube-controller-manager publishes.
    pub(crate) certificates: String,
    /// Path of the new CA's certificate, if kube-controller-manager signs from it.
    pub(crate) signing: Option<String>,
    /// Path of the private key that kube-controller-manager signs with.
    key: String,
}

impl OwnBundle {
    /// May a flag of a control-plane component name this file?
    pub(crate) fn is_named_by(&self, flag: &str, value: &str) -> bool {
        match flag {
            PUBLISHED_FLAG => value == self.certificates,
            CLIENT_FLAG => value == self.certificates || Some(value) == self.signing.as_deref(),
            SIGNING_FLAG => Some(value) == self.signing.as_deref(),
            SIGNING_KEY_FLAG => value == self.key,
            _ => false,
        }
    }
}

impl Inventory {
    /// The bundle of a rotation that was begun by hand with files of its own, as the Kubernetes page may be read: its step 2
    /// has kube-controller-manager publish both CAs and sign with the new one, without a word on the files' names. A CA
    /// without evidence that it belongs to the cluster is foreign: with it, the file is no such bundle.
    pub(crate) fn own_bundle(&self, node: &Node) -> Option<OwnBundle> {
        let row = self.profile.authority(AuthorityId::Cluster)?;
        let (_, pod) = node.pod_of(self.profile, Component::ControllerManager)?;
        let path = self.published_file(node).filter(|path| path != row.certificate)?;
        let anchors = node.certificates(&path);
        let [old] = node.certificates(row.certificate) else { return None };
        if !anchors.contains(old) || !self.has_replacement(row, old, anchors) {
            return None;
        }
        let signing = node.signs_elsewhere(self).filter(|(_, authority)| anchors.contains(authority));
        let key = pod.lookup(SIGNING_KEY_FLAG).unwrap_or_default();
        Some(OwnBundle { certificates: path, signing: signing.map(|(path, _)| path), key })
    }
}
