//! Certificates that are issued again.

use std::sync::Arc;

use super::package_path::PackagePath;
use crate::{
    profile::AuthorityId,
    x509::{Certificate, KeyEncoding, PrivateKey, PublicKey, SigningRequest},
};

/// The index of a [`Replacement`] in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReplacementId(pub(crate) usize);

/// A new certificate that a new CA issues.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    /// The owner, as texts show it: `cp1: apiserver`.
    pub(crate) owner: String,
    pub(crate) authority: AuthorityId,
    pub(crate) identity: Identity,
    pub(crate) key: KeySource,
    /// Lifetime in days; never beyond the issuer's.
    pub(crate) days: u32,
}

/// The identity in a new certificate.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// That of the old certificate, byte for byte.
    Of(Certificate),
    /// A client of an API whose old certificate was not provided.
    Client {
        /// Role (Talos) or group (Kubernetes).
        organization: String,
        /// Empty for none.
        common_name: String,
    },
    /// The kubelet of this node, whose old certificate was not provided.
    Kubelet(String),
    /// That of a CSR, byte for byte.
    Requested(Box<SigningRequest>),
}

/// The private key of a new certificate.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// Not available: it stays where it is. Only the public key is known.
    Elsewhere(PublicKey),
    /// The current key, which is used again.
    Kept(Arc<PrivateKey>),
    /// The certificate was provided, issued by an external CA. Its key is `None` if it is the old certificate's and
    /// stays on its node.
    Signed(Certificate, Option<Arc<PrivateKey>>),
    /// A new key: the index of its key request, and its encoding.
    New(usize, KeyEncoding),
}

/// Path in the package of a CSR and its key, without the extension.
pub(crate) fn request_path(owner: &str) -> String {
    format!("signing-requests/{}", PackagePath::name(&owner.replace(": ", "-")))
}

impl Replacement {
    /// Whether the package includes a private key that differs from the old one.
    pub(crate) fn has_new_key(&self) -> bool {
        matches!(self.key, KeySource::New(..) | KeySource::Signed(_, Some(_)))
    }

    /// Whether its certificate was provided.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.key, KeySource::Signed(..))
    }
}
