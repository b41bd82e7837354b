//! Copies of authorities in objects of the cluster: who carries the old CA along, and who writes it there.
//!
//! A dump of a cluster has thousands of objects; those that hold no CA certificate leave nothing behind here.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    detect,
    writers::{WrittenBy, writer},
};
use crate::{formats::object::Object, x509::Certificate};

/// A CA certificate in an object that this package does not write.
#[derive(Debug)]
pub(crate) struct CaCopy {
    pub(crate) kind: CopyKind,
    /// `Secret`, `ConfigMap`.
    pub(crate) object: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The key in the object's data.
    pub(crate) key: String,
    pub(crate) file: String,
    /// The CA certificates under that key.
    pub(crate) authorities: Vec<Certificate>,
    /// Does a private key stand in the same object?
    pub(crate) has_key: bool,
    /// The program that writes the object, where its metadata names one.
    pub(crate) writer: Option<WrittenBy>,
}

/// Who writes a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CopyKind {
    /// Each API server adds its own to ConfigMap kube-system/extension-apiserver-authentication, and none takes any away
    /// (kubernetes/kubernetes: pkg/controlplane/controller/clusterauthenticationtrust).
    Authentication,
    /// Somebody else: an issuer that signs with it, a bundle that programs trust.
    Other,
    /// kube-controller-manager, into every namespace (pkg/controller/certificates/rootcacertpublisher).
    RootCa,
    /// kube-controller-manager, beside a service account's token (pkg/controller/serviceaccount/tokens_controller.go).
    Token,
}

/// Certificates of texts that were read before: a dump holds the same CA in every namespace.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// By the text's SHA-256: the text may hold a key as well.
    known: BTreeMap<[u8; 32], Vec<Certificate>>,
}

impl Reader {
    /// Every copy of a CA in an object, key by key.
    pub(super) fn copies(&mut self, object: &Object, file: &str) -> Vec<CaCopy> {
        let secret = object.kind == "Secret";
        let values = match object.kind.as_str() {
            "Secret" => object.secret_data(),
            "ConfigMap" => {
                let texts = object.config_data().into_iter();
                texts.map(|(key, text)| (key, Zeroizing::new(text.into_bytes()))).collect()
            }
            _ => return Vec::new(),
        };
        let has_key = values.values().any(|value| detect::contains(value, b"PRIVATE KEY-----"));
        let kind = match (object.namespace.as_deref(), object.name.as_str()) {
            _ if secret && object.secret_type() == "kubernetes.io/service-account-token" => CopyKind::Token,
            _ if secret => CopyKind::Other,
            (_, "kube-root-ca.crt") => CopyKind::RootCa,
            (Some("kube-system") | None, "extension-apiserver-authentication") => CopyKind::Authentication,
            _ => CopyKind::Other,
        };
        let mut copies = Vec::new();
        for (key, value) in values {
            let authorities = self.authorities(&value);
            if !authorities.is_empty() {
                copies.push(CaCopy {
                    kind,
                    object: object.kind.clone(),
                    namespace: object.namespace.clone().unwrap_or_default(),
                    name: object.name.clone(),
                    key,
                    file: file.to_owned(),
                    authorities,
                    has_key,
                    writer: writer(object),
                });
            }
        }
        copies
    }

    /// The CA certificates in a value: PEM, a kubeconfig, or Argo CD's description of a cluster
    /// (argoproj/argo-cd: docs/operator-manual/declarative-setup.md, `config` of a cluster Secret).
    fn authorities(&mut self, value: &[u8]) -> Vec<Certificate> {
        if detect::contains(value, b"-----BEGIN CERTIFICATE-----") {
            return self.read(value);
        }
        if detect::contains(value, b"certificate-authority-data") {
            let trust = detect::read_kubeconfig(value).map(|(kubeconfig, _)| kubeconfig.trust).unwrap_or_default();
            return trust.into_iter().flatten().filter(Certificate::is_root_authority).collect();
        }
        if detect::contains(value, b"\"caData\"") {
            let config: Option<Value> = crate::formats::yaml::documents(value).ok().and_then(|mut read| read.pop());
            let data = config.as_ref().and_then(|config| config.pointer("/tlsClientConfig/caData")?.as_str());
            return data.and_then(detect::from_base64).map(|pem| self.read(&pem)).unwrap_or_default();
        }
        Vec::new()
    }

    fn read(&mut self, pem: &[u8]) -> Vec<Certificate> {
        let digest = Sha256::digest(pem).into();
        if let Some(known) = self.known.get(&digest) {
            return known.clone();
        }
        let read: Vec<_> = detect::certificates(pem).0.into_iter().filter(Certificate::is_root_authority).collect();
        self.known.insert(digest, read.clone());
        read
    }
}
