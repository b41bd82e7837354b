//! Files of the input before they are assigned to nodes.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    detect::result::Reason,
    model::files::{Artifact, Bytes},
};
use crate::{
    finding::{Finding, Severity},
    profile::{OtherKind, Profile},
};

/// A file before it is recognised.
#[derive(Clone)]
pub(crate) struct Given {
    /// As the person named it.
    pub(crate) file: String,
    pub(crate) bytes: Bytes,
    pub(crate) mode: Option<u32>,
}

/// One node's files before they are recognised.
#[derive(Default)]
pub(crate) struct Root {
    /// By absolute path.
    pub(crate) files: BTreeMap<String, Given>,
    /// Absolute path → name given by the person, target.
    pub(crate) links: BTreeMap<String, (String, String)>,
}

impl Root {
    /// Adds a file; of two that differ the first is kept, and nobody can tell which one is right.
    pub(crate) fn add(&mut self, on_node: String, given: Given) -> Option<Finding> {
        match self.files.entry(on_node) {
            Entry::Vacant(entry) => {
                entry.insert(given);
                None
            }
            Entry::Occupied(entry) if entry.get().bytes == given.bytes => None,
            Entry::Occupied(entry) => {
                let message = format!("it is given twice, with other content as {}", entry.get().file);
                Some(
                    Finding::error("two-trees", &given.file, message)
                        .remedy("Give each node once; where two nodes share a name, tell them apart by their folders"),
                )
            }
        }
    }
}

/// What a path on a node promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    Certificate,
    Credential,
    Key,
    Kubeconfig,
    KubeletConfig,
    Nothing,
    PublicKey,
    StaticPod,
}

pub(crate) fn promise(profile: &Profile, path: &str) -> Promise {
    if profile.authorities.iter().any(|row| row.certificate == path)
        || profile.leaves.iter().any(|row| row.certificate == path)
    {
        return Promise::Certificate;
    }
    if profile.authorities.iter().any(|row| row.key == path) || profile.leaves.iter().any(|row| row.key == path) {
        return Promise::Key;
    }
    if profile.kubeconfigs.iter().any(|row| row.path == path) {
        return Promise::Kubeconfig;
    }
    if profile.static_pods.iter().any(|row| row.path == path) {
        return Promise::StaticPod;
    }
    if path == profile.signing.certificate {
        return Promise::Certificate;
    }
    if path == profile.signing.key {
        return Promise::Key;
    }
    match profile.others.iter().find(|row| row.path == path).map(|row| row.kind) {
        Some(OtherKind::KubeletClient | OtherKind::KubeletServingPair) => Promise::Credential,
        Some(OtherKind::KubeletConfig) => Promise::KubeletConfig,
        Some(OtherKind::KubeletServing) => Promise::Certificate,
        Some(OtherKind::KubeletServingKey | OtherKind::ServiceAccountKey) => Promise::Key,
        Some(OtherKind::ServiceAccountPublicKey) => Promise::PublicKey,
        None => Promise::Nothing,
    }
}

pub(crate) fn keeps(promise: Promise, artifact: &Artifact) -> bool {
    matches!(
        (promise, artifact),
        (Promise::Certificate, Artifact::Certificates(_) | Artifact::Credential(..))
            | (Promise::Credential, Artifact::Credential(..) | Artifact::Certificates(_))
            | (Promise::Key, Artifact::PrivateKey(_))
            | (Promise::Kubeconfig, Artifact::Kubeconfig(_))
            | (Promise::KubeletConfig, Artifact::KubeletConfig(_))
            | (Promise::PublicKey, Artifact::PublicKey(_))
            | (Promise::StaticPod, Artifact::StaticPod(_))
    )
}

pub(crate) fn finding(severity: Severity, file: &str, reason: &Reason) -> Finding {
    Finding::new(severity.min(reason.at_most), reason.code, file, &reason.message)
        .at(&reason.place)
        .remedy(&reason.remedy)
}
