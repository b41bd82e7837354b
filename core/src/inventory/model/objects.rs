//! Objects of the cluster and of the management cluster.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::files::KubeconfigArtifact;
use crate::{
    formats::{kubeadm::ClusterConfiguration, object::Object},
    profile::SecretContent,
    x509::{Certificate, PrivateKey, SigningRequest},
};

/// A Secret or ConfigMap that has a part in a rotation.
#[derive(Debug)]
pub(crate) struct StoredObject {
    pub(crate) object: Object,
    pub(crate) role: ObjectRole,
    /// The file it came from, which may hold other objects as well.
    pub(crate) file: String,
    /// That file's bytes.
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) key: Option<Arc<PrivateKey>>,
    /// The kubeconfig inside, with its bytes.
    pub(crate) kubeconfig: Option<(Arc<Zeroizing<Vec<u8>>>, KubeconfigArtifact)>,
    /// The cluster's configuration inside, or that the object is.
    pub(crate) kubeadm: Option<ClusterConfiguration>,
    /// The signing request inside.
    pub(crate) request: Option<SigningRequest>,
}

/// What an object is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectRole {
    /// ConfigMap kube-public/cluster-info.
    ClusterInfo,
    /// A webhook configuration, an APIService or a CustomResourceDefinition with CA data of its own.
    CaBundle,
    /// ConfigMap kube-system/kubeadm-config, or a file that kubeadm was given.
    KubeadmConfig,
    /// What a control plane without nodes is made of.
    Hosted(HostedRole),
    /// A CertificateSigningRequest of the cluster's API.
    SigningRequest,
    /// Secret kube-system/kubeadm-certs: keys of the CAs, encrypted for nodes that join.
    UploadedCertificates,
    /// A Secret of the management cluster.
    Secret(SecretContent),
}

impl StoredObject {
    /// `Secret default/one-ca`, as the person reads it.
    pub(crate) fn place(&self) -> String {
        match &self.object.namespace {
            _ if self.object.name.is_empty() => self.object.kind.clone(),
            Some(namespace) => format!("{} {namespace}/{}", self.object.kind, self.object.name),
            None => format!("{} {}", self.object.kind, self.object.name),
        }
    }

    /// Does it lie in a management cluster?
    pub(crate) fn is_of_management(&self) -> bool {
        matches!(self.role, ObjectRole::Hosted(_) | ObjectRole::Secret(_))
    }

    /// Is what it holds shown where it is used?
    pub(crate) fn is_furnished(&self) -> bool {
        self.role == ObjectRole::Hosted(HostedRole::Secret)
    }

    /// Every certificate in the object, embedded ones included.
    pub(crate) fn all_certificates(&self) -> Vec<&Certificate> {
        let embedded = self.kubeconfig.iter().flat_map(|(_, kubeconfig)| kubeconfig.certificates());
        self.certificates.iter().chain(embedded).collect()
    }
}

/// What an object is to a tenant's control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostedRole {
    /// It describes the control plane.
    ControlPlane,
    /// The Deployment that runs it.
    Deployment,
    /// The Deployment that runs the operator.
    Operator,
    /// A Secret with its files.
    Secret,
}
