//! Trust bundles that contain foreign CAs.

use crate::x509::Certificate;

/// What the cluster publishes where some file holds foreign CAs; empty where none does.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForeignBundles {
    /// Each content of the file of `--root-ca-file` on control-plane nodes, which kube-controller-manager publishes in
    /// `kube-root-ca.crt`.
    pub(crate) published: Vec<Vec<Certificate>>,
    /// Each content of the client CA file of an API server: all of them add theirs to `extension-apiserver-authentication`.
    pub(crate) accepted: Vec<Vec<Certificate>>,
}
