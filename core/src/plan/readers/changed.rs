//! The files of a node that the rotation changes, and the private keys among them that have another use.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    decision::Judge,
    words::{process_name, reference},
};
use crate::{
    inventory::{Node, Reader, Reference},
    plan::model::consumers::Dependent,
    profile::AuthorityId,
};

/// A file that the rotation changes on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    TrustBundle,
    /// CA certificates with which a server verifies the front proxy (API aggregation).
    FrontProxyBundle,
    AuthorityKey,
    /// A leaf, and the path of its private key.
    Leaf {
        key: String,
    },
    /// The private key of the leaf at this path.
    LeafKey {
        certificate: String,
    },
    Kubeconfig,
}

impl Judge<'_> {
    /// Every file on a node that the rotation changes, by path.
    pub(super) fn changed(&self, dependents: &BTreeMap<String, Dependent>) -> BTreeMap<String, Changed> {
        let profile = self.inventory.profile;
        let mut changed = BTreeMap::new();
        let rotated = |id: &AuthorityId| self.authority_changes.contains_key(id);
        for row in profile.authorities.iter().filter(|row| rotated(&row.id)) {
            let is_front_proxy = row.id == AuthorityId::FrontProxy;
            let file = if is_front_proxy { Changed::FrontProxyBundle } else { Changed::TrustBundle };
            changed.insert(row.certificate.to_owned(), file);
            changed.insert(row.key.to_owned(), Changed::AuthorityKey);
        }
        for row in profile.leaves.iter().filter(|row| rotated(&row.authority)) {
            changed.insert(row.certificate.to_owned(), Changed::Leaf { key: row.key.to_owned() });
            changed.insert(row.key.to_owned(), Changed::LeafKey { certificate: row.certificate.to_owned() });
        }
        if rotated(&AuthorityId::Cluster) {
            changed.extend(profile.kubeconfigs.iter().map(|row| (row.path.to_owned(), Changed::Kubeconfig)));
        }
        for (path, dependent) in dependents {
            let file = match dependent {
                Dependent::Kubeconfig => Changed::Kubeconfig,
                Dependent::TrustBundle => Changed::TrustBundle,
                Dependent::FrontProxyBundle => Changed::FrontProxyBundle,
                Dependent::Credential => Changed::Leaf { key: String::new() },
                Dependent::Leaf { key } => {
                    if !key.is_empty() {
                        let certificate = path.clone();
                        changed.entry(key.clone()).or_insert(Changed::LeafKey { certificate });
                    }
                    Changed::Leaf { key: key.clone() }
                }
            };
            changed.entry(path.clone()).or_insert(file);
        }
        changed
    }

    /// Private keys of leaves that have a use other than their own certificate.
    pub(super) fn keys_in_use(
        &mut self,
        node: &Node,
        readers: &[Reader],
        changed: &BTreeMap<String, Changed>,
    ) -> BTreeSet<String> {
        let mut kept = BTreeSet::new();
        for (path, file) in changed {
            let Changed::LeafKey { certificate } = file else { continue };
            let shared =
                changed.iter().filter(|(_, other)| matches!(other, Changed::Leaf { key } if key == path)).count() > 1;
            if shared {
                let use_ = "several certificates are for it".to_owned();
                self.keep(node, path.clone(), use_);
                kept.insert(path.clone());
            }
            for reader in readers.iter().filter(|reader| reader.target == *path || reader.path == *path) {
                // A mounted directory does not prove that the key is used, and a probe's command reads the file each
                // time.
                let use_ = match &reader.reference {
                    Reference::FolderMount { .. } | Reference::Hook { .. } | Reference::InlineTrust { .. } => continue,
                    other => format!("{} of {}", reference(other), process_name(&reader.process)),
                };
                let signs_tokens =
                    matches!(&reader.reference, Reference::Flag(flag) if flag.starts_with("service-account-"));
                let with_its_certificate = readers.iter().any(|other| {
                    other.process == reader.process && [&other.path, &other.target].contains(&certificate)
                });
                if signs_tokens || !with_its_certificate {
                    self.keep(node, path.clone(), use_);
                    kept.insert(path.clone());
                }
            }
        }
        // A service account key flag may name a certificate. Its public key stays valid only if the private key stays
        // (kubernetes/client-go: util/keyutil, `PublicKeysFromFile`).
        for reader in readers {
            let Reference::Flag(flag) = &reader.reference else { continue };
            let leaf = changed.get(&reader.target).or_else(|| changed.get(&reader.path));
            if let (true, Some(Changed::Leaf { key })) = (flag.starts_with("service-account-"), leaf) {
                let use_ = format!("--{flag} of {} names its certificate", process_name(&reader.process));
                self.keep(node, key.clone(), use_);
                kept.insert(key.clone());
            }
        }
        kept
    }
}
