//! Which two authorities a rotation leads from and to.

use std::collections::{BTreeMap, BTreeSet};

use super::{evidence::Evidence, machines};
use crate::{
    inventory::model::{files::Artifact, inventory::Inventory, objects::ObjectRole, standing::Rotation},
    profile::{AuthorityId, AuthorityRow, SecretContent},
    x509::{Certificate, before_date},
};

impl Rotation {
    fn of(old: &Certificate, new: &Certificate) -> Self {
        Self { old: old.clone(), new: new.clone(), strays: Vec::new() }
    }
}

/// Bundles in which more CAs than this could take part in a rotation are not judged: no real rotation has so many, and
/// comparing each with each takes a signature verification for every pair.
const MAX_CANDIDATES: usize = 8;

/// The trust bundles of one authority, each content once.
#[derive(Default)]
struct Bundles<'a> {
    /// In the authority's own files and Secrets.
    files: BTreeSet<Vec<&'a Certificate>>,
    /// In kubeconfigs and `cluster-info`.
    kubeconfigs: BTreeSet<Vec<&'a Certificate>>,
    /// CAs that are in bundles of both kinds.
    in_both: BTreeSet<&'a Certificate>,
}

/// The rotations that are under way, by authority.
///
/// A package among the files names both CAs. Otherwise two CAs in one trust bundle are a rotation only if there is evidence
/// for both ([`Evidence`]), if they share a name, or if the authority's own file and a kubeconfig hold both and there is
/// evidence for the older one. Any other CA in a bundle is foreign: it stays where it is.
pub(crate) fn rotations(inventory: &Inventory) -> BTreeMap<AuthorityId, Rotation> {
    let mut rotations: BTreeMap<AuthorityId, Rotation> = BTreeMap::new();
    for row in inventory.profile.authorities.iter().filter(|row| row.rotates) {
        let mut packaged = inventory.packaged_bundles(row);
        let packaged = packaged.find(|(old, new)| is_held(inventory, old, new));
        if row.accepted.is_some() {
            let known = packaged.map(|(old, new)| (old.clone(), new.clone()));
            rotations.extend(machines::rotation(inventory, row, known).map(|rotation| (row.id, rotation)));
            continue;
        }
        if let Some((old, new)) = packaged {
            rotations.insert(row.id, Rotation::of(old, new));
            continue;
        }
        let bundles = Bundles::of(inventory, row);
        if bundles.is_empty() {
            continue;
        }
        let evidence = Evidence::of(inventory, row);
        let begun = rotations.contains_key(&AuthorityId::Cluster);
        let mut found: Vec<Rotation> = Vec::new();
        for bundle in bundles.files.iter().chain(&bundles.kubeconfigs) {
            for rotation in pairs(&bundles.candidates(bundle, &evidence, begun)) {
                let known = found.iter().any(|one| one.old == rotation.old && one.new == rotation.new);
                if !known && (begun || bundles.is_rotation(&rotation, &evidence)) {
                    found.push(rotation);
                }
            }
        }
        // A foreign CA may be in every file: a pair with evidence for both CAs takes precedence.
        if found.len() > 1 && !begun {
            found.retain(|rotation| is_shown(rotation, &evidence));
        }
        // Of three CAs, the files do not tell which one replaces which.
        if let [only] = found.as_slice() {
            rotations.insert(row.id, only.clone());
        }
    }
    rotations
}

impl Inventory {
    /// Does a trust bundle contain a CA that replaces `old`: the new CA of a rotation under way, or a CA for which there is the
    /// same evidence as in [`rotations`]?
    pub(crate) fn has_replacement(&self, row: &AuthorityRow, old: &Certificate, bundle: &[Certificate]) -> bool {
        if let Some(rotation) = self.rotations.get(&row.id)
            && bundle.contains(&rotation.old)
            && bundle.contains(&rotation.new)
        {
            return *old == rotation.old;
        }
        let others: Vec<_> = bundle.iter().filter(|one| one.is_root_authority() && *one != old).collect();
        if others.is_empty() {
            return false;
        }
        let evidence = Evidence::of(self, row);
        others.into_iter().any(|other| pairs(&[old, other]).iter().any(|rotation| is_shown(rotation, &evidence)))
    }
}

/// Does anybody in the cluster have one of the two, so that the package is this cluster's?
fn is_held(inventory: &Inventory, old: &Certificate, new: &Certificate) -> bool {
    let in_files = inventory.slots().flat_map(|(_, slot)| slot.artifact.all_certificates());
    let in_objects = inventory.objects.iter().flat_map(|stored| stored.all_certificates());
    in_files.chain(in_objects).any(|one| one.is_root_authority() && (one == old || one == new))
}

/// Every two CAs of which one can replace the other, the younger one as the new one.
fn pairs(candidates: &[&Certificate]) -> Vec<Rotation> {
    let mut pairs = Vec::new();
    for (at, first) in candidates.iter().enumerate() {
        for second in &candidates[at + 1..] {
            let related = first.is_signed_by(second) || second.is_signed_by(first);
            if related || first.public_key().is_same_key(second.public_key()) {
                continue;
            }
            let (old, new) = if second.not_before() >= first.not_before() { (first, second) } else { (second, first) };
            pairs.push(Rotation::of(old, new));
        }
    }
    pairs
}

impl<'a> Bundles<'a> {
    fn of(inventory: &'a Inventory, row: &AuthorityRow) -> Self {
        let mut bundles = Self::default();
        for node in &inventory.nodes {
            bundles.files.extend(several(node.certificates(row.certificate)));
        }
        for stored in &inventory.objects {
            if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id)) {
                bundles.files.extend(several(&stored.certificates));
            }
        }
        if row.id == AuthorityId::Cluster {
            for (_, slot) in inventory.slots() {
                if let Artifact::Kubeconfig(kubeconfig) = &slot.artifact {
                    bundles.kubeconfigs.extend(kubeconfig.trust.iter().filter_map(|anchors| several(anchors)));
                }
            }
            for (_, kubeconfig) in inventory.objects.iter().filter_map(|stored| stored.kubeconfig.as_ref()) {
                bundles.kubeconfigs.extend(kubeconfig.trust.iter().filter_map(|anchors| several(anchors)));
            }
        }
        let in_files: BTreeSet<_> = bundles.files.iter().flatten().copied().collect();
        let in_kubeconfigs: BTreeSet<_> = bundles.kubeconfigs.iter().flatten().copied().collect();
        bundles.in_both = in_files.intersection(&in_kubeconfigs).copied().collect();
        bundles
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.kubeconfigs.is_empty()
    }

    /// The CAs of a bundle that may take part in a rotation, in time linear in the bundle; none where there are more than
    /// [`MAX_CANDIDATES`].
    fn candidates(&self, bundle: &[&'a Certificate], evidence: &Evidence<'_>, all: bool) -> Vec<&'a Certificate> {
        let mut families: BTreeMap<String, usize> = BTreeMap::new();
        for family in bundle.iter().filter_map(|anchor| family(anchor)) {
            *families.entry(family).or_default() += 1;
        }
        let may = |anchor: &&&Certificate| {
            all || evidence.shows(anchor)
                || family(anchor).is_some_and(|family| families[&family] > 1)
                || self.in_both.contains(**anchor)
        };
        let candidates: Vec<_> = bundle.iter().filter(may).take(MAX_CANDIDATES + 1).copied().collect();
        if candidates.len() > MAX_CANDIDATES { Vec::new() } else { candidates }
    }

    fn is_rotation(&self, rotation: &Rotation, evidence: &Evidence<'_>) -> bool {
        let Rotation { old, new, .. } = rotation;
        let has_both = |bundle: &Vec<&Certificate>| bundle.contains(&old) && bundle.contains(&new);
        // The new CA may have issued nothing yet; an old one of which nothing is left is foreign.
        let in_both = self.files.iter().any(has_both) && self.kubeconfigs.iter().any(has_both);
        (in_both && (evidence.shows(old) || evidence.is_empty())) || is_shown(rotation, evidence)
    }
}

/// Is there evidence for both CAs, or do they share a name and is there evidence for one?
fn is_shown(rotation: &Rotation, evidence: &Evidence<'_>) -> bool {
    let Rotation { old, new, .. } = rotation;
    let shown = [old, new].into_iter().filter(|authority| evidence.shows(authority)).count();
    let related = family(old).is_some() && family(old) == family(new);
    shown == 2 || (related && (shown == 1 || evidence.is_empty()))
}

/// The common name without what Airlock adds to a new CA's: `-2`, or a date of eight digits.
fn family(authority: &Certificate) -> Option<String> {
    let name = authority.subject().common_name()?;
    let base = before_date(&name).unwrap_or(&name);
    let base = base.strip_suffix("-2").unwrap_or(base);
    (!base.is_empty()).then(|| base.to_owned())
}

/// The CAs of a trust bundle, if there are two or more; each once.
fn several(anchors: &[Certificate]) -> Option<Vec<&Certificate>> {
    let mut seen = BTreeSet::new();
    let authorities: Vec<_> =
        anchors.iter().filter(|anchor| anchor.is_root_authority() && seen.insert(*anchor)).collect();
    (authorities.len() > 1).then_some(authorities)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::pem;

    /// A fixture's CA under other names of the same length; nothing here verifies its own signature.
    fn renamed(count: usize, name: impl Fn(usize) -> String) -> Vec<Certificate> {
        let text = include_bytes!("../../../../tests/fixtures/kubeadm/ecdsa-3/cp1/etc/kubernetes/pki/ca.crt");
        let der = pem::blocks(text).blocks[0].der.to_vec();
        let serial = der.iter().position(|byte| *byte == 0x02).expect("a version, then a serial");
        let serial = serial + 3 + der[serial + 3..].iter().position(|byte| *byte == 0x02).expect("a serial") + 2;
        let certificates = (0..count).map(|index| {
            let mut der = der.clone();
            let name = name(index).into_bytes();
            let places: Vec<_> =
                der.windows(10).enumerate().filter(|(_, is)| *is == b"kubernetes").map(|(at, _)| at).collect();
            for at in places {
                der[at..at + 10].copy_from_slice(&name);
            }
            der[serial..serial + 2].copy_from_slice(&u16::try_from(index + 1).expect("few").to_be_bytes());
            Certificate::from_der(&der).expect("it is still a certificate")
        });
        certificates.collect()
    }

    /// Comparing each with each would verify 4 million signatures.
    #[test]
    fn of_thousands_of_cas_few_are_compared() {
        for name in [(|_| "kubernetes".to_owned()) as fn(usize) -> String, |index| format!("public{index:04}")] {
            let many = renamed(2000, name);
            assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), 2000);
            let bundle = several(&many).expect("a bundle");
            let bundles = Bundles { files: [bundle.clone()].into(), ..Bundles::default() };
            let known = Evidence::of_authorities(&many[..2]);
            for evidence in [Evidence::default(), known] {
                let candidates = bundles.candidates(&bundle, &evidence, false);
                assert!(pairs(&candidates).len() <= MAX_CANDIDATES * (MAX_CANDIDATES - 1) / 2, "{}", candidates.len());
            }
            assert!(bundles.candidates(&bundle, &Evidence::default(), true).is_empty());
        }
    }

    #[test]
    fn two_with_evidence_are_found_among_thousands() {
        let many = renamed(2000, |index| format!("public{index:04}"));
        let bundle = several(&many).expect("a bundle");
        let bundles = Bundles { files: [bundle.clone()].into(), ..Bundles::default() };
        let evidence = Evidence::of_authorities(&many[700..702]);
        assert_eq!(bundles.candidates(&bundle, &evidence, false), [&many[700], &many[701]]);
    }
}
