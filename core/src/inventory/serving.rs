//! Where the kubelet of a node has its serving certificate from.
//!
//! Source: kubernetes/kubernetes: cmd/kubelet/app/server.go, `InitializeTLS` (`serverTLSBootstrap` wins over files, and
//! without either the kubelet makes a self-signed `kubelet.crt` if there is none); pkg/kubelet/certificate/kubelet.go,
//! `NewKubeletServerCertificateManager` (`kubelet-server-current.pem`, signer `kubernetes.io/kubelet-serving`).

use super::{
    kubelet::found,
    model::{files::Node, inventory::Inventory},
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
    /// A file that a flag or the configuration names and that was not provided, by its path on the node.
    NotProvided(String),
    /// No file of the node says.
    Unknown,
}

impl Inventory {
    /// Where the kubelet of this node has its serving certificate from.
    pub(crate) fn kubelet_serving(&self, node: &Node) -> KubeletServing {
        let settings = self.kubelet_settings(node);
        let row = |kind| self.profile.others.iter().find(|row| row.kind == kind).map_or("", |row| row.path);
        // `--cert-dir` moves the files that the kubelet writes itself.
        let path_of = |kind| match (settings.certificate_folder(), row(kind).rsplit_once('/')) {
            (Some(folder), Some((_, name))) => format!("{}/{name}", folder.trim_end_matches('/')),
            _ => row(kind).to_owned(),
        };
        if requests_by_flag(node).or_else(|| settings.server_tls_bootstrap()) == Some(true) {
            return KubeletServing::Requested;
        }
        if let Some(reader) = settings.reference("tls-cert-file", "tlsCertFile") {
            return self.served_from(node, found(node, reader));
        }
        if !settings.is_known() && node.file(&path_of(OtherKind::KubeletServingPair)).is_some() {
            return KubeletServing::Requested;
        }
        let made = path_of(OtherKind::KubeletServing);
        if node.file(&made).is_some() { self.served_from(node, made) } else { KubeletServing::Unknown }
    }

    fn served_from(&self, node: &Node, path: String) -> KubeletServing {
        let Some(leaf) = node.certificates(&path).first() else {
            return KubeletServing::NotProvided(path);
        };
        let mut own = self.present(AuthorityId::Cluster).into_iter();
        if own.any(|authority| leaf.is_signed_by(authority)) {
            KubeletServing::File(path)
        } else {
            KubeletServing::OtherIssuer(path)
        }
    }
}

/// `--rotate-server-certificates`, which wins over `serverTLSBootstrap`; `None` where it is not set.
fn requests_by_flag(node: &Node) -> Option<bool> {
    let is_command_line =
        |path: &str| COMMAND_LINE_FILES.iter().any(|end| path.ends_with(end)) || path.contains("/kubelet.service");
    let lines = node.files().filter(|slot| is_command_line(&slot.place));
    let words = lines.filter_map(|slot| std::str::from_utf8(&slot.bytes).ok()).flat_map(str::split_whitespace);
    let flags = words.filter_map(|word| word.trim_matches(['"', '\'']).split_once("--rotate-server-certificates"));
    let (_, value) = flags.last()?;
    Some(matches!(value, "" | "=true" | "=1" | "=t" | "=T" | "=True" | "=TRUE"))
}
