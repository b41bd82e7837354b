//! The old and new CAs.

use std::sync::Arc;

use crate::{
    profile::AuthorityId,
    text::hex,
    time::UnixTime,
    x509::{AuthorityName, Certificate, Issuer, KeyAlgorithm, KeyEncoding, PrivateKey},
};

/// Fewer bytes might stand in a certificate by chance.
const SHORTEST_MARK: usize = 8;

/// An authority and what takes its place.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityChange {
    pub(crate) id: AuthorityId,
    pub(crate) title: &'static str,
    pub(crate) old: Certificate,
    /// The old one's private key, wherever it was found: for the way back.
    pub(crate) old_key: Option<Arc<PrivateKey>>,
    pub(crate) new: NewAuthoritySource,
    /// A new one of a rotation that was begun and is given up: nobody is to trust it any more.
    pub(crate) given_up: Option<Certificate>,
    pub(crate) key_home: KeyHome,
    /// How consumers expect the private key to be written.
    pub(crate) encoding: KeyEncoding,
}

/// A new authority.
#[derive(Clone, Debug)]
pub(crate) enum NewAuthoritySource {
    /// In the cluster already: a rotation is under way. Its private key may not be here.
    Present(Certificate, Option<Arc<Issuer>>),
    /// Made elsewhere and brought along, checked; with its private key, if that came along.
    Brought(Certificate, Option<Arc<Issuer>>),
    /// To be made here.
    Made { name: AuthorityName, key_request: usize, algorithm: KeyAlgorithm, not_before: UnixTime, not_after: UnixTime },
}

impl AuthorityChange {
    /// Did the old one sign it, or the new one that is there already?
    pub(crate) fn signed(&self, leaf: &Certificate) -> bool {
        leaf.is_signed_by(&self.old)
            || matches!(&self.new, NewAuthoritySource::Present(certificate, _) if leaf.is_signed_by(certificate))
    }

    /// Is the old one, or the new one that is there already, among the anchors? By name and key: a CA may have been renewed.
    pub(crate) fn is_trusted_by(&self, anchors: &[Certificate]) -> bool {
        let holds = |authority: &Certificate| anchors.iter().any(|anchor| anchor.is_same_authority(authority));
        holds(&self.old)
            || self.given_up.as_ref().is_some_and(holds)
            || matches!(&self.new, NewAuthoritySource::Present(certificate, _) if holds(certificate))
    }

    /// The new one, where it is there before anything is made.
    pub(crate) fn known_new(&self) -> Option<&Certificate> {
        match &self.new {
            NewAuthoritySource::Present(certificate, _) | NewAuthoritySource::Brought(certificate, _) => {
                Some(certificate)
            }
            NewAuthoritySource::Made { .. } => None,
        }
    }

    /// Its name and its last second, where it is made here.
    pub(crate) fn made(&self) -> Option<(&AuthorityName, UnixTime)> {
        match &self.new {
            NewAuthoritySource::Made { name, not_after, .. } => Some((name, *not_after)),
            NewAuthoritySource::Present(..) | NewAuthoritySource::Brought(..) => None,
        }
    }

    /// What stands in the bytes of whatever the new one signs and of nothing that the old one signed, in hexadecimal
    /// digits: its key's identifier (RFC 5280, section 4.2.1.1) and its name. Scripts tell the two apart by either.
    pub(crate) fn marks(&self, new: &Certificate) -> Vec<String> {
        marks_of(new, &self.old)
    }

    /// Likewise of what the old one signs.
    pub(crate) fn old_marks(&self, new: &Certificate) -> Vec<String> {
        marks_of(&self.old, new)
    }

    /// Can it sign, and be brought to where its key belongs?
    pub(crate) fn has_key(&self) -> bool {
        !matches!(self.new, NewAuthoritySource::Present(_, None) | NewAuthoritySource::Brought(_, None))
    }
}

/// The marks of one authority that another does not have.
fn marks_of(authority: &Certificate, other: &Certificate) -> Vec<String> {
    let key_id =
        authority.subject_key_id().filter(|id| id.len() >= SHORTEST_MARK && other.subject_key_id() != Some(id));
    let name = Some(authority.subject().der()).filter(|name| *name != other.subject().der());
    key_id.into_iter().chain(name).map(hex::lower).collect()
}

/// Where an authority's private key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHome {
    /// On the control-plane nodes, as kubeadm keeps it.
    Nodes,
    /// Somewhere else: an externally managed CA.
    Elsewhere,
    /// In the configurations of control-plane machines.
    Machines,
}
