//! How far a bundle, a certificate or a kubeconfig is.

use Standing::{Before, Done, Switched, TrustsBoth};

use crate::{
    inventory::model::{
        files::KubeconfigArtifact,
        inventory::Inventory,
        standing::{Aspect, Fits, Rotation, Standing},
    },
    profile::AuthorityId,
    x509::{Certificate, SignatureVerdict},
};

/// What is as it was before a phase fits, by the phase: 1 to 3.
pub(crate) fn until(phase: u8) -> Fits {
    &Standing::ALL[..usize::from(phase)]
}

/// What is as it is from a phase on fits.
pub(crate) fn from(phase: u8) -> Fits {
    &Standing::ALL[usize::from(phase)..]
}

/// What a list of trust anchors tells, as `[old, new]`; `None` where neither of the two is in it.
pub(crate) fn trust(
    inventory: &Inventory,
    rotation: &Rotation,
    anchors: &[Certificate],
) -> Option<(Fits, &'static str)> {
    let sides: Vec<bool> = anchors
        .iter()
        .filter_map(|anchor| match anchor {
            anchor if anchor.is_same_authority(&rotation.old) => Some(false),
            anchor if anchor.is_same_authority(&rotation.new) => Some(true),
            _ => None,
        })
        .collect();
    Some(match sides.as_slice() {
        [] => return None,
        [false] => (&[Before], "it trusts the old CA alone"),
        [true] => (&[Done], "it trusts the new CA alone"),
        [false, true] if inventory.profile.signing.reorders => (&[TrustsBoth], "it trusts both, the old CA first"),
        [false, true] => (&[TrustsBoth, Switched], "it trusts both, the old CA first"),
        [true, false] => (&[Switched], "it trusts both, the new CA first"),
        _ => (&[], "it holds one of the two CAs twice"),
    })
}

/// What a leaf or credential tells; `None` where neither of the two signed it.
pub(crate) fn signed(rotation: &Rotation, leaf: &Certificate, what: &str) -> Option<(Fits, String)> {
    if leaf.is_signed_by(&rotation.new) {
        Some((from(2), format!("{what} is signed by the new CA")))
    } else if leaf.is_signed_by(&rotation.old) {
        Some((until(2), format!("{what} is signed by the old CA")))
    } else if [&rotation.old, &rotation.new].iter().any(|ca| leaf.signature_by(ca) == SignatureVerdict::NotJudged) {
        Some((
            &[],
            format!("the signature of {what} is not judged: Airlock cannot verify {}", leaf.signature_algorithm()),
        ))
    } else {
        None
    }
}

/// What a kubeconfig tells, entry by entry.
pub(crate) fn kubeconfig(
    inventory: &Inventory,
    kubeconfig: &KubeconfigArtifact,
    place: &str,
    file: &str,
) -> Vec<Aspect> {
    access(inventory, (AuthorityId::Cluster, kubeconfig), place, file)
}

/// What a kubeconfig or a talosconfig tells, entry by entry.
pub(crate) fn access(
    inventory: &Inventory,
    (id, kubeconfig): (AuthorityId, &KubeconfigArtifact),
    place: &str,
    file: &str,
) -> Vec<Aspect> {
    let Some(rotation) = inventory.rotations.get(&id) else { return Vec::new() };
    let aspect = |(fits, seen): (Fits, String)| Aspect {
        place: place.to_owned(),
        file: file.to_owned(),
        fits,
        seen,
        is_exact: true,
    };
    let trusts = kubeconfig.trust.iter().filter_map(|anchors| trust(inventory, rotation, anchors));
    let shown = kubeconfig.credentials().filter_map(|(_, credential)| credential.certificates.first());
    let shown = shown.filter_map(|leaf| signed(rotation, leaf, "its credential"));
    trusts.map(|(fits, seen)| (fits, seen.to_owned())).chain(shown).map(aspect).collect()
}
