//! The content of every holder before the first step.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    formats::{
        kubeconfig::{self, Material as Data},
        pem, talos,
    },
    inventory::{CLIENT_FLAG, KubeconfigArtifact, PUBLISHED_FLAG},
    profile::{AuthorityId, KUBELET_AUTHORITY_FLAG, SIGNING_FLAG, SIGNING_KEY_FLAG},
    x509::{Certificate, PublicKey, ascii_host},
};

/// A holder of files or objects: a node, all workers, the cluster, the management cluster, clients.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) kind: PlaceKind,
    /// A node's name; otherwise the kind in words.
    pub(crate) name: String,
    /// The CA that the client configurations there depend on.
    pub(crate) authority: AuthorityId,
    /// Keys: absolute path, `Secret namespace/name`, `ConfigMap namespace/name` or file name. A control-plane node has
    /// one version of each file. Workers share one place, which has every version found on them.
    pub(crate) files: BTreeMap<String, BTreeSet<FileVersion>>,
}

/// The kind of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    ControlPlane,
    /// A control plane that runs as Pods in a management cluster. No kubelet of this cluster runs there.
    Hosted,
    /// Control-plane nodes whose files were not provided.
    ControlPlaneElsewhere,
    /// Control-plane machines that Cluster API creates during the rotation. None exist before.
    RolledOut,
    /// All workers, whether or not their files were provided.
    Workers,
    Cluster,
    Management,
    /// Provided kubeconfigs.
    Clients,
    /// Kubeconfigs that were not provided.
    OtherClients,
    /// Webhooks and extension API servers whose `caBundle` contains the cluster CA, and their serving certificates.
    CaBundles,
}

/// The content of a file, as far as TLS connections depend on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileVersion {
    Certificates(Vec<Certificate>),
    Key(PublicKey),
    /// A leaf with intermediates and its key, in one file.
    Credential(Vec<Certificate>, PublicKey),
    Kubeconfig(KubeconfigContext),
    /// A leaf that was not provided and that this CA issued to the holder.
    SignedBy(Certificate),
    /// The kubelet serves the certificate in the file at this path.
    ServedFrom(String),
    /// A static Pod's flags that name files which a rotation changes.
    Flags(BTreeMap<&'static str, String>),
}

/// One context of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KubeconfigContext {
    /// The host name that the server's certificate is verified for: `tls-server-name`, or the host of the server's URL.
    pub(crate) host: Option<String>,
    pub(crate) trust: KubeconfigTrust,
    pub(crate) credential: KubeconfigCredential,
}

/// The trusted CAs of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KubeconfigTrust {
    These(Vec<Certificate>),
    InFile(String),
    /// The system's trust store, or no verification.
    NotJudged,
}

/// The client credential of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KubeconfigCredential {
    /// A leaf with intermediates, and the public key of its private key, if that was provided.
    These(Vec<Certificate>, Option<PublicKey>),
    InFile(String),
    /// A leaf that was not provided and that this CA issued.
    SignedBy(Certificate),
    /// A token, an exec plugin, or no credential.
    NotJudged,
}

/// Key of `cluster-info` in [`Place::files`].
pub(crate) const CLUSTER_INFO: &str = "ConfigMap kube-public/cluster-info";

/// Key of the kubelet's serving certificate: [`FileVersion::SignedBy`] if the kubelet requests it,
/// [`FileVersion::ServedFrom`] if it reads it from a file.
pub(crate) const KUBELET_SERVING: &str = "kubelet serving certificate";

/// Key of the CAs that running Pods trust, if a rotation is in progress.
pub(crate) const PODS: &str = "pods";

/// Prefix, before the CA's name, of the key of the CAs that extension API servers may still accept.
pub(crate) const EXTENSIONS: &str = "ConfigMap kube-system/extension-apiserver-authentication, ";

/// The key in [`Place::files`] of a context of a kubeconfig.
pub(crate) fn entry(file: &str, context: &str) -> String {
    format!("{file}{CONTEXT}{context}")
}

/// The file and the context in a key that [`entry`] built.
pub(crate) fn split_entry(entry: &str) -> (&str, Option<&str>) {
    entry.rsplit_once(CONTEXT).map_or((entry, None), |(file, context)| (file, Some(context)))
}

const CONTEXT: &str = ", context ";

impl FileVersion {
    /// The first certificate of a bundle. kubeadm and Cluster API issue with it.
    pub(crate) fn first_certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificates(certificates) => certificates.first(),
            _ => None,
        }
    }

    /// The file that `--kubelet-certificate-authority` names.
    pub(crate) fn kubelet_authority(&self) -> Option<&str> {
        self.flag(KUBELET_AUTHORITY_FLAG)
    }

    /// The flags of a static Pod's manifest.
    pub(crate) fn flags(&self) -> Option<&BTreeMap<&'static str, String>> {
        match self {
            Self::Flags(flags) => Some(flags),
            _ => None,
        }
    }

    /// The file that `--cluster-signing-cert-file` names.
    pub(crate) fn signing_file(&self) -> Option<&str> {
        self.flag(SIGNING_FLAG)
    }

    /// The file that `--cluster-signing-key-file` names.
    pub(crate) fn signing_key(&self) -> Option<&str> {
        self.flag(SIGNING_KEY_FLAG)
    }

    /// The CA file that a component verifies clients with: `--client-ca-file`, or `clientCAFile` in a kubelet's
    /// configuration.
    pub(crate) fn client_file(&self) -> Option<&str> {
        self.flag(CLIENT_FLAG)
    }

    /// The file with the CAs that kube-controller-manager publishes: `--root-ca-file`.
    pub(crate) fn published_file(&self) -> Option<&str> {
        self.flag(PUBLISHED_FLAG)
    }

    fn flag(&self, name: &str) -> Option<&str> {
        match self {
            Self::Flags(flags) => flags.get(name).map(String::as_str).filter(|path| !path.is_empty()),
            _ => None,
        }
    }
}

impl KubeconfigContext {
    /// A context of a provided kubeconfig.
    pub(crate) fn of(kubeconfig: &KubeconfigArtifact, context: Option<usize>) -> Option<Self> {
        let model = &kubeconfig.model;
        let context = &model.contexts[context?];
        let cluster = model.clusters.iter().position(|cluster| cluster.name == context.cluster);
        let user = model.users.iter().position(|user| user.name == context.user);
        Self::entries(kubeconfig, cluster, user)
    }

    pub(crate) fn entries(
        kubeconfig: &KubeconfigArtifact,
        cluster: Option<usize>,
        user: Option<usize>,
    ) -> Option<Self> {
        let index = cluster?;
        let (entry, embedded) = (&kubeconfig.model.clusters[index], &kubeconfig.trust[index]);
        let trust = trusted(entry, || embedded.clone());
        let credential = match user {
            None => KubeconfigCredential::NotJudged,
            Some(index) => match (&kubeconfig.credentials[index], &kubeconfig.model.users[index].client_certificate) {
                (Some(credential), _) => {
                    let key = credential.key.as_ref().map(|key| key.public_key().clone());
                    KubeconfigCredential::These(credential.certificates.clone(), key)
                }
                (None, Data::File(path)) => KubeconfigCredential::InFile(path.clone()),
                (None, _) => KubeconfigCredential::NotJudged,
            },
        };
        Some(Self { host: host(entry), trust, credential })
    }

    /// A context of a kubeconfig in the package, the current one if `context` is `None`. Private keys are not read:
    /// `key` returns the public key for the user with the given index.
    pub(crate) fn read(
        bytes: &[u8],
        context: Option<&str>,
        key: impl FnOnce(Option<usize>) -> Option<PublicKey>,
    ) -> Option<Self> {
        let model = kubeconfig::parse(bytes).ok().or_else(|| talos::parse_client(bytes))?;
        let wanted = context.unwrap_or(&model.current_context);
        let context = model.contexts.iter().find(|context| context.name == wanted).or_else(|| model.contexts.first());
        let entry = match context {
            Some(context) => model.clusters.iter().find(|cluster| cluster.name == context.cluster)?,
            None => model.clusters.first()?,
        };
        let user = context.and_then(|context| model.users.iter().position(|user| user.name == context.user));
        let trust = trusted(entry, || entry.certificate_authority.embedded().map(certificates).unwrap_or_default());
        let credential = match user.map(|user| &model.users[user].client_certificate) {
            Some(Data::Embedded(bytes)) => KubeconfigCredential::These(certificates(bytes), key(user)),
            Some(Data::File(path)) => KubeconfigCredential::InFile(path.clone()),
            _ => KubeconfigCredential::NotJudged,
        };
        Some(Self { host: host(entry), trust, credential })
    }
}

fn trusted(entry: &kubeconfig::Cluster, embedded: impl FnOnce() -> Vec<Certificate>) -> KubeconfigTrust {
    match &entry.certificate_authority {
        _ if entry.insecure_skip_tls_verify => KubeconfigTrust::NotJudged,
        Data::Embedded(_) => KubeconfigTrust::These(embedded()),
        Data::File(path) => KubeconfigTrust::InFile(path.clone()),
        Data::Absent | Data::Invalid(_) | Data::Omitted(_) => KubeconfigTrust::NotJudged,
    }
}

fn host(entry: &kubeconfig::Cluster) -> Option<String> {
    let named = entry.tls_server_name.clone().filter(|name| !name.is_empty());
    named.or_else(|| host_of_url(&entry.server))
}

/// The host of `https://host:port/path`: IPv6 addresses without brackets, names in ASCII as clients compare them.
pub(crate) fn host_of_url(url: &str) -> Option<String> {
    let authority = url.strip_prefix("https://")?.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    (!host.is_empty()).then(|| ascii_host(host))
}

/// The certificates in PEM text that Go reads as trust anchors, in order.
pub(crate) fn certificates(bytes: &[u8]) -> Vec<Certificate> {
    let blocks = pem::trust_blocks(bytes);
    blocks.iter().filter_map(|block| Certificate::from_der(&block.der).ok()).collect()
}
