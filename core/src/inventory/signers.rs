//! Who signed what, found by key and signature. Names prove nothing: Cluster API calls three
//! different authorities `CN=kubernetes`.

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use crate::x509::Certificate;

/// So many authorities may stand between a leaf and the one that is trusted.
const MAX_CHAIN: usize = 8;

/// For every certificate of an inventory, the authority in it that signed it.
#[derive(Debug, Default)]
pub(crate) struct Signers {
    signers: BTreeMap<[u8; 32], Certificate>,
}

impl Signers {
    /// Tries every authority of the inventory on every certificate, the likely ones first.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let in_files = inventory.slots().flat_map(|(_, slot)| slot.artifact.all_certificates());
        let in_objects = inventory.objects.iter().flat_map(|stored| stored.all_certificates());
        let certificates: BTreeSet<&Certificate> = in_files.chain(in_objects).collect();
        let authorities: Vec<&Certificate> =
            certificates.iter().copied().filter(|certificate| certificate.is_authority()).collect();
        let mut signers = BTreeMap::new();
        for certificate in certificates {
            if let Some(signer) = find(certificate, &authorities) {
                signers.insert(certificate.fingerprint(), signer.clone());
            }
        }
        Self { signers }
    }

    /// The authority that signed `certificate`; `None` if it is not among the input.
    pub(crate) fn signer(&self, certificate: &Certificate) -> Option<&Certificate> {
        self.signers.get(&certificate.fingerprint())
    }

    /// The intermediate CA that signed `leaf`, if the way up from it ends at `authority`.
    pub(crate) fn intermediate(&self, leaf: &Certificate, authority: &Certificate) -> Option<&Certificate> {
        let first = self.signer(leaf)?;
        let mut current = first;
        for _ in 0..MAX_CHAIN {
            current = self.signer(current).filter(|signer| *signer != current)?;
            if current == authority {
                return Some(first);
            }
        }
        None
    }
}

fn find<'a>(certificate: &Certificate, authorities: &[&'a Certificate]) -> Option<&'a Certificate> {
    let key_id = certificate.authority_key_id();
    let likely = |authority: &&&Certificate| {
        (key_id.is_some() && authority.subject_key_id() == key_id) || authority.subject() == certificate.issuer()
    };
    let mut ordered =
        authorities.iter().filter(likely).chain(authorities.iter().filter(|authority| !likely(authority)));
    ordered.find(|authority| certificate.is_signed_by(authority)).copied()
}
