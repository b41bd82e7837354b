//! What each place holds before the first step.

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

/// Somewhere that holds files or objects of its own.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) kind: PlaceKind,
    /// A node's name; otherwise the kind in words.
    pub(crate) name: String,
    /// The authority that clients' configurations there hang on.
    pub(crate) authority: AuthorityId,
    /// By absolute path, `Secret namespace/name`, `ConfigMap namespace/name` or file name. A control-plane node holds one
    /// version of each file; of workers, which differ, every version is kept.
    pub(crate) files: BTreeMap<String, BTreeSet<FileVersion>>,
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    ControlPlane,
    /// A control plane that runs as Pods elsewhere, where no kubelet of this cluster is.
    Hosted,
    /// Control-plane nodes of which no file was given.
    ControlPlaneElsewhere,
    /// Control-plane machines that Cluster API makes anew; there are none before it does.
    RolledOut,
    /// All workers, given or not.
    Workers,
    Cluster,
    Management,
    /// Kubeconfigs that were given.
    Clients,
    /// Kubeconfigs that nobody gave.
    OtherClients,
    /// Webhooks and extension API servers whose CA data hangs on the cluster's authority, and what they serve.
    CaBundles,
}

/// A file's content, by what matters of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileVersion {
    Certificates(Vec<Certificate>),
    Key(PublicKey),
    /// A leaf with intermediates and its key, in one file.
    Credential(Vec<Certificate>, PublicKey),
    Kubeconfig(KubeconfigContext),
    /// A leaf that this authority signed for the holder, not seen here.
    SignedBy(Certificate),
    /// The kubelet serves the certificate in the file at this path.
    ServedFrom(String),
    /// A static Pod's flags that point to what a rotation changes.
    Flags(BTreeMap<&'static str, String>),
}

/// One context of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KubeconfigContext {
    /// The host of the server, or the name that its certificate is checked for instead.
    pub(crate) host: Option<String>,
    pub(crate) trust: KubeconfigTrust,
    pub(crate) credential: KubeconfigCredential,
}

/// Whom a kubeconfig trusts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KubeconfigTrust {
    These(Vec<Certificate>),
    InFile(String),
    /// The system's own anchors, or nobody is asked.
    NotJudged,
}

/// What a kubeconfig shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KubeconfigCredential {
    /// A leaf with intermediates, and the public half of the key beside it, where that is known.
    These(Vec<Certificate>, Option<PublicKey>),
    InFile(String),
    /// A leaf that this authority signed, not seen here.
    SignedBy(Certificate),
    /// A token, a plugin, nothing.
    NotJudged,
}

/// Where `cluster-info` is.
pub(crate) const CLUSTER_INFO: &str = "ConfigMap kube-public/cluster-info";

/// What kubelets serve: [`FileVersion::SignedBy`] where they request it, [`FileVersion::ServedFrom`] where a file holds it.
pub(crate) const KUBELET_SERVING: &str = "kubelet serving certificate";

/// What running pods were given, where a rotation is under way.
pub(crate) const PODS: &str = "pods";

/// What extension API servers may still be told, by the authority's name.
pub(crate) const EXTENSIONS: &str = "ConfigMap kube-system/extension-apiserver-authentication, ";

/// A context of a file, as a place's file is called.
pub(crate) fn entry(file: &str, context: &str) -> String {
    format!("{file}{CONTEXT}{context}")
}

/// The file and the context that [`entry`] put together.
pub(crate) fn split_entry(entry: &str) -> (&str, Option<&str>) {
    entry.rsplit_once(CONTEXT).map_or((entry, None), |(file, context)| (file, Some(context)))
}

const CONTEXT: &str = ", context ";

impl FileVersion {
    /// The first certificate of a bundle, which kubeadm and Cluster API sign with.
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

    /// What a manifest says.
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

    /// The file by which a component accepts clients: `--client-ca-file`, or `clientCAFile` of a kubelet's configuration.
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
    /// A context of a kubeconfig that was given.
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

    /// A context of a kubeconfig as the package has it, the current one if none is named. Private keys are not read:
    /// `key` tells the public half of what stands beside the certificate of a user, by its index.
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

/// The host of `https://host:port/path`, addresses without brackets, names in ASCII as clients compare them.
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
