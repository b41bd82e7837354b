//! Which leaves and credentials get a new certificate, and where their keys come from.

use std::{collections::BTreeMap, sync::Arc};

use super::{KeyRequest, RotationRequest, Succession};
use crate::{
    inventory::Inventory,
    profile::AuthorityId,
    x509::{Certificate, KeyAlgorithm, KeyEncoding, PrivateKey, PublicKey},
};

/// The key type of a new leaf whose old one is of a type that is not made here.
const FALLBACK: KeyAlgorithm = KeyAlgorithm::Rsa2048;

/// The index of a [`Replacement`] in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReplacementId(pub(crate) usize);

/// A new certificate under a new authority.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    /// Whose it is, in words.
    pub(crate) owner: String,
    pub(crate) authority: AuthorityId,
    pub(crate) identity: Identity,
    pub(crate) key: KeySource,
    /// Lifetime in days; never beyond the issuer's.
    pub(crate) days: u32,
}

/// What a new certificate says about its holder.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// What the old certificate says, byte for byte.
    Of(Certificate),
    /// A kubelet whose old certificate was not given.
    Kubelet(String),
}

/// Where a new certificate's key comes from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// It stays on its node; only the public half is known.
    Elsewhere(PublicKey),
    /// It is kept.
    Kept(Arc<PrivateKey>),
    /// It is made anew: the index of its request, and how it shall be written.
    New(usize, KeyEncoding),
}

/// Collects replacements while steps are planned; the same old certificate is replaced once.
pub(super) struct Replacements<'a> {
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    successions: &'a BTreeMap<AuthorityId, Succession>,
    key_requests: Vec<KeyRequest>,
    replacements: Vec<Replacement>,
    known: BTreeMap<Certificate, ReplacementId>,
}

impl<'a> Replacements<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        request: &'a RotationRequest,
        successions: &'a BTreeMap<AuthorityId, Succession>,
        key_requests: Vec<KeyRequest>,
    ) -> Self {
        Self { inventory, request, successions, key_requests, replacements: Vec::new(), known: BTreeMap::new() }
    }

    /// The successor of `old`, which belongs to `owner`; `None` if no rotated authority signed it.
    pub(super) fn of(&mut self, old: &Certificate, owner: &str) -> Option<ReplacementId> {
        if let Some(id) = self.known.get(old) {
            return Some(*id);
        }
        let succession = self.successions.values().find(|succession| old.is_signed_by(&succession.old))?;
        let authority = succession.id;
        let key = match self.inventory.key_of(old.public_key()) {
            None => KeySource::Elsewhere(old.public_key().clone()),
            Some(key) if self.request.keep_keys => KeySource::Kept(Arc::clone(key)),
            Some(key) => {
                let algorithm = old.public_key().key_type().algorithm().unwrap_or(FALLBACK);
                let pkcs8 = key.encoding() == KeyEncoding::Pkcs8;
                self.new_key(owner, algorithm, if pkcs8 { KeyEncoding::Pkcs8 } else { algorithm.encoding() })
            }
        };
        let id = self.add(owner, authority, Identity::Of(old.clone()), key);
        self.known.insert(old.clone(), id);
        Some(id)
    }

    /// A client certificate for the kubelet of `node`, with a new key; its old certificate is copied where it is known.
    pub(super) fn kubelet(&mut self, node: &str, old: Option<&Certificate>) -> ReplacementId {
        let algorithm = old.and_then(|old| old.public_key().key_type().algorithm()).unwrap_or(KeyAlgorithm::EcdsaP256);
        let owner = format!("{node}: kubelet");
        let known = old.and_then(|old| self.inventory.key_of(old.public_key())).filter(|_| self.request.keep_keys);
        let key = match known {
            Some(key) => KeySource::Kept(Arc::clone(key)),
            None => self.new_key(&owner, algorithm, algorithm.encoding()),
        };
        let identity = old.map_or_else(|| Identity::Kubelet(node.to_owned()), |old| Identity::Of(old.clone()));
        self.add(&owner, AuthorityId::Cluster, identity, key)
    }

    /// Does the new certificate come with a private key that differs from the old one's?
    pub(super) fn has_new_key(&self, id: ReplacementId) -> bool {
        self.replacements[id.0].has_new_key()
    }

    /// In words, where the key of a replacement comes from.
    pub(super) fn key_in_words(&self, id: ReplacementId) -> &'static str {
        match self.replacements[id.0].key {
            KeySource::Elsewhere(_) => "key stays on its node",
            KeySource::Kept(_) => "same key",
            KeySource::New(..) => "new key",
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Replacement>, Vec<KeyRequest>) {
        (self.replacements, self.key_requests)
    }

    fn new_key(&mut self, owner: &str, algorithm: KeyAlgorithm, encoding: KeyEncoding) -> KeySource {
        self.key_requests.push(KeyRequest { owner: owner.to_owned(), algorithm });
        KeySource::New(self.key_requests.len() - 1, encoding)
    }

    fn add(&mut self, owner: &str, authority: AuthorityId, identity: Identity, key: KeySource) -> ReplacementId {
        let days = self.request.leaf_days;
        self.replacements.push(Replacement { owner: owner.to_owned(), authority, identity, key, days });
        ReplacementId(self.replacements.len() - 1)
    }
}

impl Replacement {
    /// Does the new certificate come with a private key that differs from the old one's?
    pub(crate) fn has_new_key(&self) -> bool {
        matches!(self.key, KeySource::New(..))
    }
}
