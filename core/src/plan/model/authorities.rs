//! The old and new CAs.

use std::sync::Arc;

use crate::{
    profile::AuthorityId,
    text::hex,
    time::UnixTime,
    x509::{AuthorityName, Certificate, Issuer, KeyAlgorithm, KeyEncoding, PrivateKey},
};

/// Minimum length of an identifier that scripts search for in certificates. Shorter ones may occur by chance. Bytes.
const SHORTEST_MARK: usize = 8;

/// The replacement of a CA.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityChange {
    pub(crate) id: AuthorityId,
    pub(crate) title: &'static str,
    pub(crate) old: Certificate,
    /// The old CA's private key, if it was provided. Rollback needs it.
    pub(crate) old_key: Option<Arc<PrivateKey>>,
    pub(crate) new: NewAuthoritySource,
    /// The new CA of an abandoned rotation. The plan removes it from every trust bundle.
    pub(crate) given_up: Option<Certificate>,
    pub(crate) key_home: KeyHome,
    /// The encoding of the new private key.
    pub(crate) encoding: KeyEncoding,
}

/// Where the new CA comes from.
#[derive(Clone, Debug)]
pub(crate) enum NewAuthoritySource {
    /// A rotation is in progress and the cluster already trusts it. The issuer is `None` if its key was not provided.
    Present(Certificate, Option<Arc<Issuer>>),
    /// Imported and validated. The issuer is `None` if its key was not provided.
    Brought(Certificate, Option<Arc<Issuer>>),
    /// Airlock generates it.
    Made { name: AuthorityName, key_request: usize, algorithm: KeyAlgorithm, not_before: UnixTime, not_after: UnixTime },
}

impl AuthorityChange {
    /// Whether the old CA issued it, or the new CA of a rotation in progress.
    pub(crate) fn signed(&self, leaf: &Certificate) -> bool {
        leaf.is_signed_by(&self.old)
            || matches!(&self.new, NewAuthoritySource::Present(certificate, _) if leaf.is_signed_by(certificate))
    }

    /// Whether the anchors contain the old CA, the abandoned one, or the new CA of a rotation in progress. CAs are
    /// compared by name and key, because a CA certificate may have been renewed.
    pub(crate) fn is_trusted_by(&self, anchors: &[Certificate]) -> bool {
        let contain = |authority: &Certificate| anchors.iter().any(|anchor| anchor.is_same_authority(authority));
        contain(&self.old)
            || self.given_up.as_ref().is_some_and(contain)
            || matches!(&self.new, NewAuthoritySource::Present(certificate, _) if contain(certificate))
    }

    /// The certificate of the new CA, if it exists before the package is built.
    pub(crate) fn known_new(&self) -> Option<&Certificate> {
        match &self.new {
            NewAuthoritySource::Present(certificate, _) | NewAuthoritySource::Brought(certificate, _) => {
                Some(certificate)
            }
            NewAuthoritySource::Made { .. } => None,
        }
    }

    /// Name and `notAfter` of a CA that Airlock generates.
    pub(crate) fn made(&self) -> Option<(&AuthorityName, UnixTime)> {
        match &self.new {
            NewAuthoritySource::Made { name, not_after, .. } => Some((name, *not_after)),
            NewAuthoritySource::Present(..) | NewAuthoritySource::Brought(..) => None,
        }
    }

    /// Byte sequences, in hexadecimal, that certificates of the new CA contain and certificates of the old CA do not:
    /// its key identifier (RFC 5280, section 4.2.1.1) and its name. Scripts recognise the issuer by either.
    pub(crate) fn marks(&self, new: &Certificate) -> Vec<String> {
        marks_of(new, &self.old)
    }

    /// [`Self::marks`] for the old CA.
    pub(crate) fn old_marks(&self, new: &Certificate) -> Vec<String> {
        marks_of(&self.old, new)
    }

    /// Whether the new CA's private key is available, or will be generated.
    pub(crate) fn has_key(&self) -> bool {
        !matches!(self.new, NewAuthoritySource::Present(_, None) | NewAuthoritySource::Brought(_, None))
    }
}

/// The key identifier and the name of a CA, without those that it shares with the other CA.
fn marks_of(authority: &Certificate, other: &Certificate) -> Vec<String> {
    let key_id =
        authority.subject_key_id().filter(|id| id.len() >= SHORTEST_MARK && other.subject_key_id() != Some(id));
    let name = Some(authority.subject().der()).filter(|name| *name != other.subject().der());
    key_id.into_iter().chain(name).map(hex::lower).collect()
}

/// Where a CA's private key is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHome {
    /// On the control-plane nodes, where kubeadm stores it.
    Nodes,
    /// Outside the cluster: an external CA.
    Elsewhere,
    /// In the configurations of control-plane machines.
    Machines,
}
