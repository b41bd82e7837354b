//! Certificates that are renewed under the same CA.

use crate::{profile::Lifecycle, time::UnixTime};

/// Secrets of one kind that a tenant's operator creates again when they are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenewedSecrets {
    pub(crate) namespace: String,
    pub(crate) tenant: String,
    pub(crate) kind: Lifecycle,
    /// The label selector of exactly these Secrets.
    pub(crate) selector: String,
    /// Every certificate in them.
    pub(crate) certificates: Vec<RenewedCertificate>,
    /// The Secrets that Pods mount. Every Pod must be newer than these.
    pub(crate) mounted: Vec<String>,
}

/// A certificate in a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenewedCertificate {
    pub(crate) secret: String,
    pub(crate) key: &'static str,
    /// The Secret and key of the CA that issues it.
    pub(crate) authority: (String, &'static str),
    /// SHA-256 of the current CA's value in its Secret, over the base64 text, in hexadecimal.
    pub(crate) authority_sum: String,
    /// SHA-256 of this certificate's value, likewise.
    pub(crate) sum: String,
    /// Expiry of the current certificate. The renewed one must expire later.
    pub(crate) not_after: UnixTime,
}

impl RenewedSecrets {
    pub(crate) fn in_words(&self) -> String {
        let embeds = match self.kind {
            Lifecycle::X509 => "",
            Lifecycle::Kubeconfig => ", with a new client certificate and the current CA in it",
        };
        format!(
            "Delete the Secrets with the labels {}. The operator creates each again with the current CA{embeds}, and rolls the control plane out",
            self.selector
        )
    }
}

/// A leaf that kubeadm renews on its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenewedLeaf {
    /// kubeadm's name for it: `apiserver`, `etcd-peer`, `admin.conf`.
    pub(crate) name: String,
    /// Its file, relative to `/etc/kubernetes`: a certificate, whose key is in the same directory, or a kubeconfig.
    pub(crate) path: String,
    /// A byte sequence that every certificate of its CA contains, in hexadecimal; empty if the CA was not provided.
    pub(crate) mark: String,
}
