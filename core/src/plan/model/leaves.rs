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

/// A new certificate under a new authority.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    /// Whose it is, in words.
    pub(crate) owner: String,
    pub(crate) authority: AuthorityId,
    pub(crate) identity: Identity,
    pub(crate) key: KeySource,
    /// Lifetime in days; never beyond the issuer's.
    pub(crate) days: u32,
}

/// What a new certificate says about its holder.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// What the old certificate says, byte for byte.
    Of(Certificate),
    /// A client of an API whose old certificate was not given.
    Client {
        /// Its role, or its group.
        organization: String,
        /// Its name; empty for none.
        common_name: String,
    },
    /// A kubelet whose old certificate was not given.
    Kubelet(String),
    /// What a signing request says, byte for byte.
    Requested(Box<SigningRequest>),
}

/// Where a new certificate's key comes from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// It stays on its node; only the public half is known.
    Elsewhere(PublicKey),
    /// It is kept.
    Kept(Arc<PrivateKey>),
    /// The certificate came along, signed elsewhere; with its private key, unless that is the old one's and stays on its node.
    Signed(Certificate, Option<Arc<PrivateKey>>),
    /// It is made anew: the index of its request, and how it shall be written.
    New(usize, KeyEncoding),
}

/// Where the package has a signing request and its key, without their endings.
pub(crate) fn request_path(owner: &str) -> String {
    format!("signing-requests/{}", PackagePath::name(&owner.replace(": ", "-")))
}

impl Replacement {
    /// Does the new certificate come with a private key that differs from the old one's?
    pub(crate) fn has_new_key(&self) -> bool {
        matches!(self.key, KeySource::New(..) | KeySource::Signed(_, Some(_)))
    }

    /// Did its certificate come along?
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.key, KeySource::Signed(..))
    }
}
