//! Which two authorities a rotation leads from and to.

use std::collections::BTreeMap;

use super::machines;
use crate::{
    inventory::{Artifact, Inventory, ObjectRole},
    plan::before_date,
    profile::{AuthorityId, AuthorityRow, SecretContent},
    x509::Certificate,
};

/// A rotation that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) old: Certificate,
    pub(crate) new: Certificate,
    /// Accepted somewhere, and neither of the two: what rotations that were given up have left.
    pub(crate) strays: Vec<Certificate>,
}

impl Rotation {
    fn of(old: &Certificate, new: &Certificate) -> Self {
        Self { old: old.clone(), new: new.clone(), strays: Vec::new() }
    }
}

/// A list of trust anchors somewhere.
struct Bundle<'a> {
    anchors: Vec<&'a Certificate>,
    /// Is it what a kubeconfig trusts, or the file of the authority itself?
    in_kubeconfig: bool,
}

/// The rotations that are under way, by authority.
///
/// A package that was given along knows. Otherwise two CAs that one holder trusts side by side are not always a rotation:
/// a second CA may be there for people's certificates. It is one if something else hangs on the younger of them as well:
/// a leaf, the trust in a kubeconfig, the elder's name.
pub(in crate::inventory) fn rotations(inventory: &Inventory) -> BTreeMap<AuthorityId, Rotation> {
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
        let bundles = bundles(inventory, row);
        let begun = rotations.contains_key(&AuthorityId::Cluster);
        let mut found: Vec<Rotation> = Vec::new();
        for bundle in &bundles {
            for rotation in pairs(&bundle.anchors) {
                let known = found.iter().any(|one| one.old == rotation.old && one.new == rotation.new);
                if !known && (begun || is_rotation(inventory, &rotation, &bundles)) {
                    found.push(rotation);
                }
            }
        }
        // Of three authorities nobody can tell which way the rotation goes.
        if let [only] = found.as_slice() {
            rotations.insert(row.id, only.clone());
        }
    }
    rotations
}

/// Does anybody in the cluster have one of the two, so that the package is this cluster's?
fn is_held(inventory: &Inventory, old: &Certificate, new: &Certificate) -> bool {
    let in_files = inventory.slots().flat_map(|(_, slot)| slot.artifact.all_certificates());
    let in_objects = inventory.objects.iter().flat_map(|stored| stored.all_certificates());
    in_files.chain(in_objects).any(|one| one.is_root_authority() && (one == old || one == new))
}

/// Every two authorities of a bundle that could follow one another, the younger one as the new one.
fn pairs(anchors: &[&Certificate]) -> Vec<Rotation> {
    let mut pairs = Vec::new();
    for (at, first) in anchors.iter().enumerate() {
        for second in &anchors[at + 1..] {
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

fn is_rotation(inventory: &Inventory, rotation: &Rotation, bundles: &[Bundle<'_>]) -> bool {
    let Rotation { old, new, .. } = rotation;
    let has_both = |bundle: &&Bundle<'_>| bundle.anchors.contains(&old) && bundle.anchors.contains(&new);
    let wide = bundles.iter().filter(has_both);
    let (kubeconfigs, files): (Vec<_>, Vec<_>) = wide.partition(|bundle| bundle.in_kubeconfig);
    let everywhere = !kubeconfigs.is_empty() && !files.is_empty();
    everywhere || same_family(old, new) || signs_leaves(inventory, new)
}

/// Does it sign what a component of the cluster presents?
fn signs_leaves(inventory: &Inventory, authority: &Certificate) -> bool {
    let on_nodes = inventory.nodes.iter().flat_map(|node| node.slots.values());
    let mut leaves = on_nodes.flat_map(|slot| slot.artifact.all_certificates()).filter(|one| !one.is_root_authority());
    leaves.any(|leaf| inventory.signers.signer(leaf) == Some(authority))
}

/// Has one the other's name, but for a date at its end?
fn same_family(old: &Certificate, new: &Certificate) -> bool {
    let base = |certificate: &Certificate| {
        let name = certificate.subject().common_name().unwrap_or_default();
        let base = before_date(&name).unwrap_or(&name);
        base.strip_suffix("-2").unwrap_or(base).to_owned()
    };
    !base(old).is_empty() && base(old) == base(new)
}

fn bundles<'a>(inventory: &'a Inventory, row: &AuthorityRow) -> Vec<Bundle<'a>> {
    let mut bundles = Vec::new();
    let mut add = |certificates: &'a [Certificate], in_kubeconfig| {
        let anchors: Vec<_> = certificates.iter().filter(|certificate| certificate.is_root_authority()).collect();
        if anchors.len() > 1 {
            bundles.push(Bundle { anchors, in_kubeconfig });
        }
    };
    for node in &inventory.nodes {
        add(node.certificates(row.certificate), false);
    }
    for stored in &inventory.objects {
        if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id)) {
            add(&stored.certificates, false);
        }
    }
    if row.id == AuthorityId::Cluster {
        for (_, slot) in inventory.slots() {
            if let Artifact::Kubeconfig(kubeconfig) = &slot.artifact {
                kubeconfig.trust.iter().for_each(|anchors| add(anchors, true));
            }
        }
        for (_, kubeconfig) in inventory.objects.iter().filter_map(|stored| stored.kubeconfig.as_ref()) {
            kubeconfig.trust.iter().for_each(|anchors| add(anchors, true));
        }
    }
    bundles
}
