//! Readers that connect to a server other than an API server, or that use a file which the kubelet renews. The package
//! cannot complete their rotation.

use std::collections::BTreeSet;

use super::{
    changed::Changed,
    decision::{Judge, component},
    words::{process_name, reference},
};
use crate::{
    formats::{apiserver_config, yaml},
    inventory::{Artifact, Node, Reader, ReaderProcess, Reference},
    plan::{dependents::is_served, model::initial_state::host_of_url},
    profile::{
        AuthorityId, Component,
        file_flags::{FlagContent, Use},
    },
};

/// Directory of the certificates that the kubelet requests, below its own directory
/// (kubernetes/kubernetes: cmd/kubelet/app/options/options.go, `CertDirectory`).
const KUBELET_PKI: &str = "/pki/kubelet-client-";

impl Judge<'_> {
    /// Reports a CA file with which kube-apiserver verifies another server: a webhook, or an egress proxy. The package
    /// changes the CA file and restarts kube-apiserver, but it cannot replace that server's certificate.
    pub(super) fn verifies_other_server(&mut self, node: &Node, reader: &Reader, path: &str, file: &Changed) -> bool {
        if component(reader) != Some(Component::Apiserver) {
            return false;
        }
        let (configuration, url) = match (&reader.reference, file) {
            (Reference::Kubeconfig { file, field }, Changed::TrustBundle) => (file.as_str(), server(node, file, field)),
            (Reference::Config { file, field, content: Some(FlagContent::TrustBundle) }, _) => {
                (file.as_str(), egress(node, file, field))
            }
            (Reference::Config { content: Some(FlagContent::Kubeconfig), .. }, Changed::Kubeconfig) => {
                (path, server(node, path, ""))
            }
            (Reference::Flag(_), Changed::Kubeconfig) if connects_elsewhere(reader) => (path, server(node, path, "")),
            _ => return false,
        };
        let host = url.as_deref().and_then(host_of_url);
        // Certificates on the nodes are replaced, and checked for their own readers.
        let is_on_node = |host: &String| {
            is_loopback(host)
                || self
                    .authority_changes
                    .get(&AuthorityId::Cluster)
                    .is_some_and(|ca| is_served(self.inventory, ca, host))
        };
        if host.as_ref().is_some_and(is_on_node) {
            return false;
        }
        let id = format!("{configuration}/{}", host.unwrap_or_default());
        let whom = url.unwrap_or_else(|| format!("the server in {configuration}"));
        let message = format!(
            "kube-apiserver on {{nodes}} verifies {whom} by {path} ({}): if the old CA issued that server's certificate, kube-apiserver rejects it from phase 3 on",
            reference(&reader.reference)
        );
        let remedy = "Give that server a certificate of the new CA after phase 2 and before phase 3";
        self.problem(node, "other-server", &id, message, remedy, &reader.file);
        true
    }

    /// Reports processes other than the kubelet that use the kubelet's client certificate. The kubelet chooses when it
    /// replaces the certificate in phase 2, so no step can restart them at the right time.
    pub(super) fn kubelet_credentials(&mut self, node: &Node, readers: &[Reader]) {
        let mut seen = BTreeSet::new();
        let kubelet_conf = self.inventory.profile.kubelet_conf().map_or("", |row| row.path);
        for reader in readers {
            // The reference to the kubeconfig itself is reported already.
            let by_kubeconfig = matches!(&reader.reference, Reference::Kubeconfig { file, .. } if file == kubelet_conf);
            if by_kubeconfig || !self.uses_kubelet_credential(reader) {
                continue;
            }
            let name = process_name(&reader.process);
            if !seen.insert((name.clone(), reader.path.clone())) {
                continue;
            }
            let message = format!(
                "{name} on {{nodes}} reads {} ({}), and the kubelet replaces its client certificate in phase 2: a process that keeps the old one in memory is rejected from phase 3 on",
                reader.path,
                reference(&reader.reference)
            );
            let remedy = "Restart it after this node's step in each phase, and in phase 2 after the kubelet has its new certificate";
            self.problem(node, "kubelet-credential", &format!("{name}{}", reader.path), message, remedy, &reader.file);
        }
    }

    /// Whether a process other than the kubelet or kubectl names the kubelet's kubeconfig or client certificate.
    pub(super) fn uses_kubelet_credential(&self, reader: &Reader) -> bool {
        let profile = self.inventory.profile;
        let is_other = !matches!(reader.process, ReaderProcess::Kubelet | ReaderProcess::KubeconfigUser)
            && component(reader).is_none()
            && !matches!(reader.reference, Reference::FolderMount { .. } | Reference::Hook { .. });
        let kubelet_conf = profile.kubelet_conf().map(|row| row.path);
        let is_credential = |path: &str| {
            Some(path) == kubelet_conf
                || path.strip_prefix(profile.kubelet_directory).is_some_and(|rest| rest.starts_with(KUBELET_PKI))
        };
        is_other && (is_credential(&reader.path) || is_credential(&reader.target))
    }
}

/// Whether the flag names a kubeconfig for a server other than kube-apiserver.
fn connects_elsewhere(reader: &Reader) -> bool {
    reader.flag().is_some_and(|row| matches!(row.usage, Use::Connects(peer) if peer != "kube-apiserver"))
}

/// The server URL of the kubeconfig's cluster entry that contains `field`, or of its first entry.
fn server(node: &Node, kubeconfig: &str, field: &str) -> Option<String> {
    let Artifact::Kubeconfig(access) = &node.file(kubeconfig)?.artifact else { return None };
    let index = field.strip_prefix("clusters[").and_then(|rest| rest.split(']').next());
    let index = index.and_then(|index| index.parse().ok()).unwrap_or(0_usize);
    access.model.clusters.get(index).map(|cluster| cluster.server.clone())
}

/// The `url` of the transport that contains `tlsConfig` in an EgressSelectorConfiguration
/// (kubernetes/apiserver: pkg/apis/apiserver/types.go, `TCPTransport`).
fn egress(node: &Node, configuration: &str, field: &str) -> Option<String> {
    let (transport, _) = field.split_once(".tlsConfig.")?;
    let mut documents = yaml::documents(&node.file(configuration)?.bytes).ok()?;
    let url = format!("{transport}.url");
    let found = documents.iter().find_map(|document| {
        apiserver_config::fields(document)
            .into_iter()
            .find(|found| found.name == url)
            .map(|found| found.text.to_owned())
    });
    documents.iter_mut().for_each(yaml::wipe);
    found
}

/// `localhost`, 127.0.0.0/8 and ::1.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
