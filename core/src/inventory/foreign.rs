//! CAs of others in trust bundles of nodes: a corporate CA whose client certificates people use, another cluster's CA.
//!
//! kube-apiserver and the kubelet accept clients by every CA in their client CA file
//! (kubernetes/apiserver: pkg/server/dynamiccertificates/dynamic_cafile_content.go). kube-controller-manager publishes every
//! CA of `--root-ca-file` (kubernetes/kubernetes: pkg/controller/certificates/rootcacertpublisher), and signs only with a
//! file of exactly one certificate (pkg/controller/certificates/signer/ca_provider.go, `setCA`). A foreign CA in `ca.crt`
//! therefore needs a signing file of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::{
        files::{Node, Role},
        inventory::Inventory,
    },
    signing_copy::{CLIENT_FLAG, PUBLISHED_FLAG},
};
use crate::{
    profile::{AuthorityId, Component, RotationMethod, SIGNING_FLAG},
    x509::Certificate,
};

impl Inventory {
    /// The CAs of a trust bundle that belong to others, each once and in their order.
    ///
    /// Empty where the bundle does not hold the authority `id`. A CA that shares a name with the authority, or that issued
    /// it, is not foreign: the first is a renewal or a rotation, the second a chain.
    pub(crate) fn foreign_in<'a>(&self, id: AuthorityId, anchors: &'a [Certificate]) -> Vec<&'a Certificate> {
        let own = self.present(id);
        let strays = self.rotations.get(&id).map_or(&[][..], |rotation| &rotation.strays);
        if !anchors.iter().any(|anchor| self.is_present(id, anchor)) {
            return Vec::new();
        }
        let is_related = |anchor: &Certificate| {
            own.iter().copied().chain(strays).any(|one| {
                [anchor.subject(), anchor.issuer()].contains(&one.subject()) || one.issuer() == anchor.subject()
            })
        };
        let mut seen = BTreeSet::new();
        let foreign = anchors.iter().filter(|anchor| anchor.is_root_authority() && !is_related(anchor));
        foreign.filter(|anchor| seen.insert(*anchor)).collect()
    }

    /// Can a package keep foreign CAs in the file of `id` on this node? Only beside the cluster CA, where it changes the files of each node by
    /// themselves, and where kube-controller-manager does not sign from a bundle.
    pub(crate) fn keeps_foreign(&self, node: &Node, id: AuthorityId) -> bool {
        if self.profile.course != RotationMethod::NodeFiles || id != AuthorityId::Cluster {
            return false;
        }
        match node.role {
            Role::Worker => true,
            Role::Hosted => false,
            // Where the cluster CA's key is not on the nodes, the flag is empty.
            Role::ControlPlane => node.pod_of(self.profile, Component::ControllerManager).is_some_and(|(_, pod)| {
                pod.lookup(SIGNING_FLAG).is_none_or(|path| path.is_empty()) || self.separate_signing(node).is_some()
            }),
        }
    }

    /// The file of one certificate that kube-controller-manager of a node signs from before, during and after a rotation,
    /// because `ca.crt` also holds foreign CAs.
    pub(crate) fn separate_signing(&self, node: &Node) -> Option<String> {
        let row = self.profile.authority(AuthorityId::Cluster)?;
        if self.foreign_in(row.id, node.certificates(row.certificate)).is_empty() {
            return None;
        }
        let (_, pod) = node.pod_of(self.profile, Component::ControllerManager)?;
        let path = pod.lookup(SIGNING_FLAG).filter(|path| !path.is_empty() && path != row.certificate)?;
        match node.certificates(&path) {
            [only] if self.is_present(row.id, only) => Some(path),
            _ => None,
        }
    }

    /// The files by which components of a node accept clients, with these components.
    pub(crate) fn client_files(&self, node: &Node) -> BTreeMap<String, BTreeSet<Component>> {
        let mut files: BTreeMap<String, BTreeSet<Component>> = BTreeMap::new();
        for component in [Component::Apiserver, Component::ControllerManager] {
            let pod = node.pod_of(self.profile, component);
            if let Some(path) = pod.and_then(|(_, pod)| pod.lookup(CLIENT_FLAG)).filter(|path| !path.is_empty()) {
                files.entry(path).or_default().insert(component);
            }
        }
        if let Some(path) = self.kubelet_client_file(node) {
            files.entry(path).or_default().insert(Component::Kubelet);
        }
        files
    }

    /// The file with the CAs that kube-controller-manager of a node publishes in `kube-root-ca.crt`: `--root-ca-file`.
    pub(crate) fn published_file(&self, node: &Node) -> Option<String> {
        let (_, pod) = node.pod_of(self.profile, Component::ControllerManager)?;
        pod.lookup(PUBLISHED_FLAG).filter(|path| !path.is_empty())
    }

    /// Is it a file outside the profile's tables that kube-controller-manager publishes and that each phase can change?
    pub(crate) fn is_published_bundle(&self, node: &Node, path: &str) -> bool {
        self.published_file(node).as_deref() == Some(path)
            && self.is_bundle(node, path)
            && self.own_bundle(node).is_none()
    }

    /// Is it a file outside the profile's tables by which a component may accept clients?
    pub(crate) fn is_client_bundle(&self, node: &Node, path: &str) -> bool {
        self.is_bundle(node, path)
    }

    /// Does a file outside the profile's tables contain only CAs, the cluster CA among them?
    fn is_bundle(&self, node: &Node, path: &str) -> bool {
        let anchors = node.others.get(path).map(|slot| slot.artifact.certificates()).unwrap_or_default();
        self.profile.course == RotationMethod::NodeFiles
            && node.role != Role::Hosted
            && anchors.iter().all(Certificate::is_root_authority)
            && anchors.iter().any(|anchor| self.is_present(AuthorityId::Cluster, anchor))
    }
}
