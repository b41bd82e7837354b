//! What machines' configurations tell: which authority issues on each, and which others it accepts.
//!
//! `talosctl rotate-ca` makes new authorities each time it is run. Cut short, it leaves the new one accepted; run again,
//! it leaves the one of the first run accepted for good (siderolabs/talos: pkg/rotate/pki).

use std::collections::BTreeSet;

use crate::{
    inventory::model::{
        files::Node,
        inventory::Inventory,
        standing::{
            Aspect, Fits, Rotation,
            Standing::{Before, Done, Switched, TrustsBoth},
        },
    },
    profile::AuthorityRow,
    x509::Certificate,
};

/// The rotation that is under way, told from who issues and who is only accepted; `known` where a package tells it.
///
/// Two that issue: the younger one takes over. One that issues: what is younger takes over from it, what is elder was
/// taken over from. Of several the one whose key is here, or on which something hangs; the others are strays. What has
/// neither the name of one that issues nor its key here is somebody else's, and no part of it.
pub(super) fn rotation(
    inventory: &Inventory,
    row: &AuthorityRow,
    known: Option<(Certificate, Certificate)>,
) -> Option<Rotation> {
    let nodes = inventory.nodes.iter();
    let by_age = |all: BTreeSet<&Certificate>| {
        let mut all: Vec<_> = all.into_iter().cloned().collect();
        all.sort_by_key(|one| (one.not_before(), one.fingerprint()));
        all
    };
    let issuing = by_age(nodes.clone().filter_map(|node| node.certificates(row.certificate).first()).collect());
    let has_key = |one: &Certificate| inventory.key_of(one.public_key()).is_some();
    let takes_part = |one: &Certificate| {
        one.is_authority() && (has_key(one) || issuing.iter().any(|own| own.subject().is_like(one.subject())))
    };
    let mut others = by_age(nodes.flat_map(|node| node.accepted(row)).collect());
    others.retain(|one| !issuing.contains(one) && takes_part(one));
    let (old, new) = match (known, issuing.as_slice()) {
        (Some(known), _) => known,
        (None, [only]) => {
            let (younger, elder): (Vec<_>, Vec<_>) =
                others.iter().partition(|one| one.not_before() > only.not_before());
            match younger.iter().find(|one| has_key(one)).or_else(|| younger.last()) {
                Some(new) => (only.clone(), (*new).clone()),
                None => {
                    let old = elder.iter().find(|one| something_hangs_on(inventory, one)).or_else(|| elder.first())?;
                    ((*old).clone(), only.clone())
                }
            }
        }
        (None, [old, new]) => (old.clone(), new.clone()),
        (None, _) => return None,
    };
    others.retain(|one| *one != old && *one != new);
    Some(Rotation { old, new, strays: others })
}

/// Did it sign what somebody presents, or does it stand in the cluster's secrets, which `rotate-ca` leaves as they are?
fn something_hangs_on(inventory: &Inventory, authority: &Certificate) -> bool {
    let clients = inventory.clients.iter().flat_map(|slot| slot.artifact.all_certificates());
    let mut presented = clients.filter(|one| !one.is_authority());
    presented.any(|leaf| leaf.is_signed_by(authority))
        || inventory.loose.iter().any(|slot| slot.artifact.certificates().contains(authority))
}

/// What a machine's configuration tells of one authority.
pub(super) fn aspects(node: &Node, row: &AuthorityRow, rotation: &Rotation) -> Vec<Aspect> {
    let Rotation { old, new, strays } = rotation;
    let issuing = node.certificates(row.certificate).first();
    let all = node.accepted(row);
    let (fits, seen): (Fits, _) = match (issuing == Some(old), issuing == Some(new)) {
        (true, _) if all.contains(&new) => (&[TrustsBoth], "the old CA issues, and the new one is accepted"),
        (true, _) => (&[Before], "the old CA alone is accepted"),
        (_, true) if all.contains(&old) => (&[Switched], "the new CA issues, and the old one is accepted"),
        (_, true) => (&[Done], "the new CA alone is accepted"),
        _ => (&[], "neither of the two CAs issues"),
    };
    let written = |place: &str| {
        let slot = node.slots.get(place).or_else(|| node.slots.get(row.certificate));
        slot.map(|slot| (slot.place.clone(), slot.file.clone())).unwrap_or_default()
    };
    let aspect = |place: &str, fits: Fits, seen: String| {
        let (_, file) = written(place);
        Aspect { place: place.to_owned(), file, fits, seen, is_exact: true }
    };
    let mut aspects = vec![aspect(row.certificate, fits, format!("{}: {seen}", row.title))];
    let place = row.accepted.unwrap_or(row.certificate);
    for stray in strays.iter().filter(|stray| all.contains(stray)) {
        let since = stray.not_before().date();
        let seen = format!(
            "{}: a CA of {since} is accepted with which nobody issues, as a rotation that was given up leaves it",
            row.title
        );
        aspects.push(aspect(place, &[], seen));
    }
    aspects
}
