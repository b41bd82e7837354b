//! Who signed what, found by key and signature. Names prove nothing: Cluster API calls three
//! different authorities `CN=kubernetes`.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{inventory::Inventory, signers::Signers};
use crate::x509::Certificate;

/// So many authorities may stand between a leaf and the one that is trusted.
const MAX_CHAIN: usize = 8;

/// Signatures that are checked in any case, and for each certificate beside: a check takes some 100 µs, and a file of
/// thousands of authorities must not take hours. A cluster of 1,000 nodes needs three for each certificate.
const MAX_CHECKS: (usize, usize) = (10_000, 8);

impl Signers {
    /// Tries every authority of the inventory on every certificate, the likely ones first.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let in_files = inventory.slots().flat_map(|(_, slot)| slot.artifact.all_certificates());
        let in_objects = inventory.objects.iter().flat_map(|stored| stored.all_certificates());
        let certificates: BTreeSet<&Certificate> = in_files.chain(in_objects).collect();
        let authorities: Vec<&Certificate> =
            certificates.iter().copied().filter(|certificate| certificate.is_root_authority()).collect();
        let mut checks = MAX_CHECKS.0 + MAX_CHECKS.1 * certificates.len();
        let (mut signers, mut issuing) = (BTreeMap::new(), BTreeSet::new());
        for certificate in certificates {
            if let Some(signer) = find(certificate, &authorities, &mut checks) {
                signers.insert(certificate.fingerprint(), signer.clone());
                if !certificate.is_authority() {
                    issuing.insert(signer.fingerprint());
                }
            }
        }
        Self { signers, issuing, gave_up: checks == 0 }
    }

    /// The authority that signed `certificate`; `None` if it is not among the input.
    pub(crate) fn signer(&self, certificate: &Certificate) -> Option<&Certificate> {
        self.signers.get(&certificate.fingerprint())
    }

    /// Did `authority` sign a leaf among the input?
    pub(crate) fn issued_leaves(&self, authority: &Certificate) -> bool {
        self.issuing.contains(&authority.fingerprint())
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

fn find<'a>(certificate: &Certificate, authorities: &[&'a Certificate], checks: &mut usize) -> Option<&'a Certificate> {
    let key_id = certificate.authority_key_id();
    let likely = |authority: &&&Certificate| {
        (key_id.is_some() && authority.subject_key_id() == key_id) || authority.subject() == certificate.issuer()
    };
    let mut ordered =
        authorities.iter().filter(likely).chain(authorities.iter().filter(|authority| !likely(authority)));
    let mut affordable = || {
        *checks = checks.saturating_sub(1);
        *checks > 0
    };
    ordered.find(|authority| affordable() && certificate.is_signed_by(authority)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::pem;

    fn read(pem: &[u8]) -> Certificate {
        Certificate::from_der(&pem::blocks(pem).blocks[0].der).unwrap()
    }

    #[test]
    fn a_signer_is_looked_for_as_long_as_that_is_affordable() {
        let one = read(include_bytes!("../../../tests/fixtures/kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt"));
        let other = read(include_bytes!("../../../tests/fixtures/kubeadm/rsa-3/cp1/etc/kubernetes/pki/ca.crt"));
        // Both are called kubernetes, so the first is tried in vain.
        assert_eq!(other.subject(), one.subject());
        for (mut checks, left, found) in [(10, 8, Some(&one)), (3, 1, Some(&one)), (2, 0, None), (0, 0, None)] {
            assert_eq!(find(&one, &[&other, &one], &mut checks), found);
            assert_eq!(checks, left);
        }
    }
}
