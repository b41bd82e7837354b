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
    /// The Secrets after whose creation every Pod has to be created.
    pub(crate) mounted: Vec<String>,
}

/// A certificate in a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenewedCertificate {
    pub(crate) secret: String,
    pub(crate) key: &'static str,
    /// The Secret and key of the CA that issues it.
    pub(crate) authority: (String, &'static str),
    /// SHA-256 of the present CA's value, and of this one, as the Secret has them: base64.
    pub(crate) authority_sum: String,
    pub(crate) sum: String,
    /// The end of the present certificate; the next one ends later.
    pub(crate) not_after: UnixTime,
}

impl RenewedSecrets {
    pub(crate) fn in_words(&self) -> String {
        let embeds = match self.kind {
            Lifecycle::X509 => "",
            Lifecycle::Kubeconfig => ", with a new client certificate and the present CA in it",
        };
        format!(
            "Delete the Secrets with the labels {}. The operator creates each again from the present CA{embeds}, and rolls the control plane out",
            self.selector
        )
    }
}

/// A leaf that kubeadm renews on its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenewedLeaf {
    /// As kubeadm calls it: `apiserver`, `etcd-peer`, `admin.conf`.
    pub(crate) name: String,
    /// Its file below `/etc/kubernetes`: a certificate with its key beside it, or a kubeconfig.
    pub(crate) path: String,
    /// What the bytes of every certificate of its CA hold, in hexadecimal digits; empty where the CA is not known.
    pub(crate) mark: String,
}
