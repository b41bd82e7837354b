//! Where the kubelet of a node has its serving certificate from.
//!
//! Source: kubernetes/kubernetes: cmd/kubelet/app/server.go, `InitializeTLS` (`serverTLSBootstrap` wins over files, and
//! without either the kubelet makes a self-signed `kubelet.crt` if there is none); pkg/kubelet/certificate/kubelet.go,
//! `NewKubeletServerCertificateManager` (`kubelet-server-current.pem`, signer `kubernetes.io/kubelet-serving`).

use super::{
    Artifact, Inventory, Node,
    readers::{Process as ReaderProcess, Reference},
};
use crate::profile::{AuthorityId, OtherKind};

/// Files that can hold the kubelet's command line beside its units: the end of their path.
const COMMAND_LINE_FILES: [&str; 3] = ["/kubeadm-flags.env", "/default/kubelet", "/sysconfig/kubelet"];

/// Where a kubelet's serving certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KubeletServing {
    /// The kubelet requests it from the signer `kubernetes.io/kubelet-serving`.
    Requested,
    /// A file that somebody else writes, by its path on the node; a CA of the cluster issued it.
    File(String),
    /// A file whose certificate none of the cluster's CAs issued, such as the kubelet's own self-signed one.
    OtherIssuer(String),
    /// No file of the node says.
    Unknown,
}

impl Inventory {
    /// Where the kubelet of this node has its serving certificate from.
    pub(crate) fn kubelet_serving(&self, node: &Node) -> KubeletServing {
        let config = node.files().find_map(|slot| match &slot.artifact {
            Artifact::KubeletConfig(config) => Some(config),
            _ => None,
        });
        let path_of = |kind| self.profile.others.iter().find(|row| row.kind == kind).map_or("", |row| row.path);
        let current = path_of(OtherKind::KubeletServingPair);
        if config.is_some_and(|config| config.server_tls_bootstrap == Some(true)) || requests_by_flag(node) {
            return KubeletServing::Requested;
        }
        if let Some(path) = self.kubelet_tls_file(node) {
            return self.served_from(node, path);
        }
        if config.is_none() && node.file(current).is_some() {
            return KubeletServing::Requested;
        }
        let made = path_of(OtherKind::KubeletServing);
        if node.file(made).is_some() { self.served_from(node, made.to_owned()) } else { KubeletServing::Unknown }
    }

    /// The file that `--tls-cert-file` or `tlsCertFile` names, if it was provided; the flag wins.
    fn kubelet_tls_file(&self, node: &Node) -> Option<String> {
        let readers = self.readers(node);
        let of_kubelet = readers.iter().filter(|reader| reader.process == ReaderProcess::Kubelet);
        let named = of_kubelet.filter_map(|reader| match &reader.reference {
            Reference::Flag(flag) if flag == "tls-cert-file" => Some((0, &reader.path)),
            Reference::Config { field, .. } if field == "tlsCertFile" => Some((1, &reader.path)),
            _ => None,
        });
        named.min().map(|(_, path)| path.clone())
    }

    fn served_from(&self, node: &Node, path: String) -> KubeletServing {
        let Some(leaf) = node.file(&path).and_then(|slot| slot.artifact.certificates().first()) else {
            return KubeletServing::Unknown;
        };
        let mut own = self.present(AuthorityId::Cluster).into_iter();
        if own.any(|authority| leaf.is_signed_by(authority)) {
            KubeletServing::File(path)
        } else {
            KubeletServing::OtherIssuer(path)
        }
    }
}

/// `--rotate-server-certificates`, which sets `serverTLSBootstrap`.
fn requests_by_flag(node: &Node) -> bool {
    let is_command_line =
        |path: &str| COMMAND_LINE_FILES.iter().any(|end| path.ends_with(end)) || path.contains("/kubelet.service");
    let lines = node.files().filter(|slot| is_command_line(&slot.place));
    let words = lines.filter_map(|slot| std::str::from_utf8(&slot.bytes).ok()).flat_map(str::split_whitespace);
    let flags = words.filter_map(|word| word.trim_matches(['"', '\'']).split_once("--rotate-server-certificates"));
    let last = flags.last();
    last.is_some_and(|(_, value)| matches!(value, "" | "=true" | "=1" | "=t" | "=T" | "=True" | "=TRUE"))
}
