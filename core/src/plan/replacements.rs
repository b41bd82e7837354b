//! The certificates that the new CAs issue, and the private keys for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::model::{
    authorities::AuthorityChange,
    leaves::{Identity, KeySource, Replacement, ReplacementId, request_path},
    request::RotationRequest,
    rotation_plan::KeyRequest,
};
use crate::{
    inventory::Inventory,
    profile::{AuthorityId, AuthorityRow},
    x509::{Certificate, KeyAlgorithm, KeyEncoding, SigningRequest},
};

/// The key type of a new leaf if Airlock cannot generate keys of the old leaf's type.
const FALLBACK: KeyAlgorithm = KeyAlgorithm::Rsa2048;

/// Collects replacements while steps are planned; the same old certificate is replaced once.
pub(super) struct Replacements<'a> {
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    key_requests: Vec<KeyRequest>,
    replacements: Vec<Replacement>,
    known: BTreeMap<Certificate, ReplacementId>,
    /// Provided certificates, issued by an external CA, that are already assigned to an owner.
    taken: BTreeSet<Certificate>,
    /// Whether the platform's own tool issues the certificates that are now requested. They are then predicted, with the
    /// current key, and the plan requests no new keys for them.
    foresees: bool,
}

impl<'a> Replacements<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        request: &'a RotationRequest,
        authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
        key_requests: Vec<KeyRequest>,
    ) -> Self {
        Self {
            inventory,
            request,
            authority_changes,
            key_requests,
            replacements: Vec::new(),
            known: BTreeMap::new(),
            taken: BTreeSet::new(),
            foresees: false,
        }
    }

    /// Selects whether certificates are predicted (the platform's own tool issues them) or issued by Airlock from now
    /// on.
    pub(super) fn foresee(&mut self, foresees: bool) {
        self.foresees = foresees;
    }

    /// The replacement of `old`, which belongs to `owner`; `None` if no rotated CA issued it. With `keeps_key`, the new
    /// certificate is for the same private key, because that has another use.
    pub(super) fn of(&mut self, old: &Certificate, owner: &str, keeps_key: bool) -> Option<ReplacementId> {
        if let Some(id) = self.known.get(old) {
            return Some(*id);
        }
        let authority_change =
            self.authority_changes.values().find(|authority_change| old.is_signed_by(&authority_change.old))?;
        let authority = authority_change.id;
        let there = self.brought_back(authority_change, Some(old), owner);
        let key = there.unwrap_or_else(|| self.key(old, owner, keeps_key));
        let id = self.add(owner, authority, Identity::Of(old.clone()), key);
        self.known.insert(old.clone(), id);
        Some(id)
    }

    fn key(&mut self, old: &Certificate, owner: &str, keeps_key: bool) -> KeySource {
        match self.inventory.key_of(old.public_key()) {
            _ if self.foresees => KeySource::Elsewhere(old.public_key().clone()),
            None => KeySource::Elsewhere(old.public_key().clone()),
            Some(key) if keeps_key || self.request.keep_keys => KeySource::Kept(Arc::clone(key)),
            Some(key) => {
                let algorithm = old.public_key().key_type().algorithm().unwrap_or(FALLBACK);
                let pkcs8 = key.encoding() == KeyEncoding::Pkcs8;
                self.new_key(owner, algorithm, if pkcs8 { KeyEncoding::Pkcs8 } else { algorithm.encoding() })
            }
        }
    }

    /// If the new CA's key is not available: the provided certificate that the external CA issued, otherwise the key of
    /// the CSR in the previous package.
    fn brought_back(
        &mut self,
        authority_change: &AuthorityChange,
        old: Option<&Certificate>,
        owner: &str,
    ) -> Option<KeySource> {
        let new = authority_change.known_new().filter(|_| !authority_change.has_key())?;
        old.and_then(|old| self.signed_elsewhere(old, new)).or_else(|| self.asked_before(owner))
    }

    /// A provided certificate with the identity of `old`, issued by the new CA, for a known key. Each is assigned once,
    /// because nodes may have certificates with the same names.
    fn signed_elsewhere(&mut self, old: &Certificate, new: &Certificate) -> Option<KeySource> {
        let loose = self.inventory.loose.iter().filter_map(|slot| slot.artifact.certificates().first());
        let again = |leaf: &&Certificate| {
            let names: BTreeSet<_> = leaf.alternative_names().iter().map(ToString::to_string).collect();
            leaf.subject() == old.subject()
                && names == old.alternative_names().iter().map(ToString::to_string).collect()
                && old.extended_key_usages().iter().all(|usage| leaf.extended_key_usages().contains(usage))
                && leaf.is_signed_by(new)
        };
        let mut fitting = loose.filter(|leaf| !self.taken.contains(*leaf)).filter(again);
        let (leaf, key) = fitting.find_map(|leaf| match self.inventory.key_of(leaf.public_key()) {
            Some(key) => Some((leaf, Some(Arc::clone(key)))),
            None => leaf.public_key().is_same_key(old.public_key()).then_some((leaf, None)),
        })?;
        let source = KeySource::Signed(leaf.clone(), key.filter(|_| !leaf.public_key().is_same_key(old.public_key())));
        self.taken.insert(leaf.clone());
        Some(source)
    }

    /// The private key of a CSR in the previous package, if that was provided.
    fn asked_before(&self, owner: &str) -> Option<KeySource> {
        let place = format!("/{}.key", request_path(owner));
        let slot = self.inventory.packaged.iter().find(|slot| slot.place == place)?;
        slot.artifact.keys().first().map(|key| KeySource::Kept(Arc::clone(key)))
    }

    /// A client certificate for the kubelet of `node`. It copies the identity of the old certificate if that was
    /// provided.
    pub(super) fn kubelet(&mut self, node: &str, old: Option<&Certificate>) -> ReplacementId {
        let algorithm = old.and_then(|old| old.public_key().key_type().algorithm()).unwrap_or(KeyAlgorithm::EcdsaP256);
        let owner = format!("{node}: kubelet");
        let known = old.and_then(|old| self.inventory.key_of(old.public_key())).filter(|_| self.request.keep_keys);
        let authority_change = self.authority_changes.get(&AuthorityId::Cluster);
        let there = authority_change.and_then(|authority_change| self.brought_back(authority_change, old, &owner));
        let key = match (there, known) {
            (Some(there), _) => there,
            (None, Some(key)) => KeySource::Kept(Arc::clone(key)),
            (None, None) => self.new_key(&owner, algorithm, algorithm.encoding()),
        };
        let identity = old.map_or_else(|| Identity::Kubelet(node.to_owned()), |old| Identity::Of(old.clone()));
        self.add(&owner, AuthorityId::Cluster, identity, key)
    }

    /// The client certificate for the CSR `request`.
    pub(super) fn requested(&mut self, request: &SigningRequest, owner: &str) -> ReplacementId {
        let authority_change = self.authority_changes.get(&AuthorityId::Cluster);
        let new = authority_change
            .filter(|authority_change| !authority_change.has_key())
            .and_then(AuthorityChange::known_new);
        let loose = self.inventory.loose.iter().filter_map(|slot| slot.artifact.certificates().first());
        let mut answers = loose.filter(|leaf| {
            leaf.subject() == request.subject()
                && leaf.public_key().is_same_key(request.public_key())
                && new.is_some_and(|new| leaf.is_signed_by(new))
        });
        let key = match answers.next() {
            Some(leaf) => KeySource::Signed(leaf.clone(), None),
            None => KeySource::Elsewhere(request.public_key().clone()),
        };
        self.add(owner, AuthorityId::Cluster, Identity::Requested(Box::new(request.clone())), key)
    }

    /// A credential with a new key, for a client whose configuration was not provided; the same one in every phase.
    pub(super) fn client(&mut self, owner: &str, row: &AuthorityRow, identity: Identity) -> ReplacementId {
        let known = self.replacements.iter().position(|one| one.owner == owner && one.authority == row.id);
        if let Some(at) = known {
            return ReplacementId(at);
        }
        let algorithm = row.keys.first().copied().unwrap_or(FALLBACK);
        let key = self.new_key(owner, algorithm, algorithm.encoding());
        self.add(owner, row.id, identity, key)
    }

    /// Whether the package includes a private key that differs from the old one.
    pub(super) fn has_new_key(&self, id: ReplacementId) -> bool {
        self.replacements[id.0].has_new_key()
    }

    /// Describes the key of a replacement.
    pub(super) fn key_in_words(&self, id: ReplacementId) -> &'static str {
        match self.replacements[id.0].key {
            KeySource::Elsewhere(_) => "key stays on its node",
            KeySource::Kept(_) => "same key",
            KeySource::Signed(_, None) => "signed by the external CA, key stays on its node",
            KeySource::Signed(_, Some(_)) => "signed by the external CA, new key",
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
