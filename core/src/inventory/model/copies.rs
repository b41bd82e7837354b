//! Copies of CAs in objects.

use crate::{
    inventory::writers::WrittenBy,
    x509::{Certificate, PublicKey},
};

/// An object with certificates or CA keys that this package does not write.
#[derive(Debug)]
pub(crate) struct CaCopy {
    pub(crate) kind: CopyKind,
    /// Its kind: `Secret`, `ConfigMap`, or any other.
    pub(crate) object: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) file: String,
    /// The values that hold certificates, in the order of their keys.
    pub(crate) values: Vec<CopiedValue>,
    /// The private keys in the object that may be a CA's: the key in the object's data and the public key.
    pub(crate) keys: Vec<(String, PublicKey)>,
    /// The key in the object's data of a private key that may be a CA's and cannot be read, such as an encrypted one.
    pub(crate) unreadable_key: Option<String>,
    /// Values that may hold certificates and were not read, by their key in the object's data.
    pub(crate) unread: Vec<(String, Unread)>,
    /// Does the API server refuse every change of its data?
    pub(crate) is_immutable: bool,
    /// The program that writes the object, if its metadata names one.
    pub(crate) writer: Option<WrittenBy>,
}

/// A value of an object that holds certificates.
#[derive(Debug)]
pub(crate) struct CopiedValue {
    /// The key in the object's data; in an object without data, the path of the field.
    pub(crate) key: String,
    pub(crate) form: Form,
    pub(crate) certificates: Vec<Certificate>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// PEM, DER or a keystore.
    Certificates,
    /// A kubeconfig.
    Kubeconfig,
    /// A kubeconfig as base64 text, as pipelines keep it in variables.
    EncodedKubeconfig,
    /// A description of a client with base64 of PEM in it, such as an Argo CD cluster
    /// (argoproj/argo-cd: docs/operator-manual/declarative-setup.md, `config.tlsClientConfig`).
    Client,
}

/// Who writes a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CopyKind {
    /// Each API server adds its own to ConfigMap kube-system/extension-apiserver-authentication, and none takes any away
    /// (kubernetes/kubernetes: pkg/controlplane/controller/clusterauthenticationtrust).
    Authentication,
    /// Helm: the record of a release, which it reads when it upgrades or rolls back the release.
    HelmRelease,
    /// No component of the cluster: an issuer, a trust bundle, a serving certificate, a kubeconfig.
    Other,
    /// kube-controller-manager, into every namespace (pkg/controller/certificates/rootcacertpublisher).
    RootCa,
    /// kube-controller-manager, beside a service account's token (pkg/controller/serviceaccount/tokens_controller.go).
    Token,
}

/// Why a value was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unread {
    /// PKCS#12, and no password was given.
    PasswordNeeded,
    /// PKCS#12 with another password than the given one.
    PasswordWrong,
    /// PKCS#12 that is damaged, too costly, or one of too many.
    Container,
    /// A keystore of the types JKS or JCEKS that is damaged or holds secret keys.
    Java,
    /// The record of a Helm release that is damaged or larger than the limits.
    Release,
}

/// A `caBundle` of an object.
#[derive(Clone, Debug)]
pub(crate) struct CaBundle {
    /// Where it is in the object (RFC 6901).
    pub(crate) pointer: String,
    /// Whom it accepts.
    pub(crate) certificates: Vec<Certificate>,
}
