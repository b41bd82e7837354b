//! Trust bundles that contain foreign CAs.

use crate::x509::Certificate;

/// The trust bundles that the cluster publishes, if a file contains foreign CAs; empty otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForeignBundles {
    /// Each version of the file of `--root-ca-file` on control-plane nodes, which kube-controller-manager publishes in
    /// `kube-root-ca.crt`.
    pub(crate) published: Vec<Vec<Certificate>>,
    /// Each version of the API servers' client CA file: every API server adds its own to
    /// `extension-apiserver-authentication`.
    pub(crate) accepted: Vec<Vec<Certificate>>,
}
