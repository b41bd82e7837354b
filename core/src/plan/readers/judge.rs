//! Readers that the profile's tables do not cover. Each becomes a consumer with a restart, or a finding.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    changed::Changed,
    decision::{Judge, SNI_FLAG, component},
    words::{process_name, reference},
};
use crate::{
    inventory::{Artifact, Node, Reader, ReaderProcess, Reference},
    plan::model::consumers::{Consumer, Consumers, Process},
    profile::{
        AuthorityId, Component, ConsumerFile,
        edge::Effect,
        file_flags::{Reload, Use},
    },
    x509::{AlternativeName, Certificate, ExtendedKeyUsage},
};

impl Judge<'_> {
    /// Decides about a reader that the profile's tables do not cover.
    pub(super) fn judge(
        &mut self,
        node: &Node,
        reader: &Reader,
        path: &str,
        file: &Changed,
        consumers: &mut Consumers,
    ) {
        let name = process_name(&reader.process);
        let how = reference(&reader.reference);
        let component = component(reader);
        let flag = match &reader.reference {
            Reference::Flag(flag) => flag.as_str(),
            _ => "",
        };
        let from_etcd = component == Some(Component::Etcd)
            || (component == Some(Component::Apiserver) && flag.starts_with("etcd-"));
        let refusal = match (component, file) {
            _ if from_etcd => Some((
                "etcd-under-cluster-ca",
                format!(
                    "{name} on {{nodes}} reads {path} ({how}), and this package does not change etcd's certificates: from phase 3 on, a kube-apiserver that starts cannot connect to etcd"
                ),
                "Give etcd a CA of its own first: new etcd certificates, --etcd-cafile and etcd's --trusted-ca-file with that CA; then provide the files again",
            )),
            (_, Changed::AuthorityKey | Changed::TrustBundle | Changed::FrontProxyBundle)
                if flag.starts_with("service-account-") =>
            {
                Some((
                    "ca-key-other-use",
                    format!(
                        "{name} on {{nodes}} reads {path} ({how}): service account tokens are signed with the CA's private key, and phase 2 replaces it. Every Pod's token would be rejected from the next start of the API server on"
                    ),
                    "Copy ca.key to sa.key and its public key to sa.pub, let --service-account-signing-key-file, --service-account-private-key-file and --service-account-key-file name the copies on every node, then provide the files again",
                ))
            }
            (Some(_), Changed::TrustBundle) if flag == "oidc-ca-file" => Some((
                "reader-not-handled",
                format!(
                    "{name} on {{nodes}} verifies the OpenID Connect issuer by {path} ({how}), which it reads at its start: from phase 3 on, after a restart, it rejects an issuer whose certificate the old CA issued"
                ),
                "Let --oidc-ca-file name a file of its own with the CA of the issuer's certificate, then provide the files again",
            )),
            (Some(component), _) if matches!(reader.reference, Reference::FileMount { .. }) => Some((
                "mounted-alone",
                format!(
                    "{component} on {{nodes}} mounts the single file {path}: it still reads the old file after the file is replaced"
                ),
                "Mount the directory that contains it, as kubeadm does, then provide the manifest again",
            )),
            (None, Changed::AuthorityKey) => {
                let message = format!(
                    "{name} on {{nodes}} reads the private key of the CA, {path} ({how}): what it issues after phase 2, and with which key, is not known"
                );
                let remedy =
                    "Stop it before phase 2, and start it again after phase 2 with the new CA's certificate and key";
                self.problem(node, "ca-key-reader", &format!("{name}{path}"), message, remedy, &reader.file);
                return;
            }
            _ => None,
        };
        if let Some((code, message, remedy)) = refusal {
            return self.problem(node, code, "", message, remedy, &reader.file);
        }
        let Some((path, key, certificates)) = self.certificate(node, path, file) else { return };
        let verifies_clients = reader.flag().is_some_and(|row| row.usage == Use::Verifies("clients"));
        let consumed = match self.consumed(&path, file, certificates.first()) {
            _ if self.verifies_other_server(node, reader, &path, file) => ConsumerFile::OtherServers,
            ConsumerFile::TrustBundle if verifies_clients => ConsumerFile::ClientBundle,
            consumed => consumed,
        };
        let hosts = if flag == SNI_FLAG { self.names(node, &path, &certificates) } else { Vec::new() };
        let nodes = BTreeSet::from([node.name.clone()]);
        let (process, effect) = match component {
            Some(component) => {
                let effect = match reader.flag().map(|row| row.reload) {
                    Some(Reload::Live) => Effect::Live,
                    Some(Reload::EachUse) => Effect::EachUse,
                    Some(Reload::AtStart) | None => Effect::Restart(component),
                };
                (Process::Component(component), effect)
            }
            None => (self.process(node, &reader.process), Effect::ConsumerRestart),
        };
        consumers.add(Consumer { process, path, key, file: consumed, effect, hosts, foreign: Vec::new(), nodes });
    }

    /// Adds static Pods that mount a directory with changed files and do not name the files that they read.
    pub(super) fn folders(
        &mut self,
        node: &Node,
        readers: &[Reader],
        strong: &[(&Reader, &str, &Changed)],
        changed: &BTreeMap<String, Changed>,
        consumers: &mut Consumers,
    ) {
        for reader in readers {
            if !self.reads_folder(reader) || component(reader).is_some() {
                continue;
            }
            let same_pod = |other: &Reader| process_name(&other.process) == process_name(&reader.process);
            if strong.iter().any(|(other, path, _)| same_pod(other) && reader.can_read(path)) {
                continue;
            }
            let kinds = [Changed::TrustBundle, Changed::FrontProxyBundle, Changed::Kubeconfig];
            // The kubelet's kubeconfig is useless without the client certificate, which is in another directory.
            let kubelet_conf = self.inventory.profile.kubelet_conf().map(|row| row.path);
            let below: Vec<_> = changed
                .iter()
                .filter(|(path, _)| Some(path.as_str()) != kubelet_conf)
                .filter(|(path, file)| reader.can_read(path) && kinds.contains(file) && node.file(path).is_some())
                .collect();
            for (path, file) in &below {
                let consumed = self.consumed(path, file, None);
                consumers.add(Consumer {
                    process: self.process(node, &reader.process),
                    path: (*path).clone(),
                    key: String::new(),
                    file: consumed,
                    effect: Effect::ConsumerRestart,
                    hosts: Vec::new(),
                    foreign: Vec::new(),
                    nodes: BTreeSet::from([node.name.clone()]),
                });
            }
        }
    }

    /// How a process uses a file.
    fn consumed(&self, path: &str, file: &Changed, leaf: Option<&Certificate>) -> ConsumerFile {
        let profile = self.inventory.profile;
        let mut leaves = profile.leaves.iter();
        let front_proxy = leaves.any(|row| row.authority == AuthorityId::FrontProxy && row.certificate == path);
        match (file, front_proxy) {
            (Changed::Kubeconfig, _) => ConsumerFile::Kubeconfig,
            (Changed::TrustBundle, _) => ConsumerFile::TrustBundle,
            (Changed::FrontProxyBundle, _) => ConsumerFile::FrontProxyBundle,
            (_, true) => ConsumerFile::FrontProxyCertificate,
            (_, false) => of_leaf(leaf),
        }
    }

    /// The path of the certificate file, the path of its key, and its certificates. For a private key: those of its
    /// certificate.
    fn certificate(&self, node: &Node, path: &str, file: &Changed) -> Option<(String, String, Vec<Certificate>)> {
        let (path, key) = match file {
            Changed::LeafKey { certificate } => (certificate.clone(), path.to_owned()),
            Changed::Leaf { key } => (path.to_owned(), key.clone()),
            _ => (path.to_owned(), String::new()),
        };
        let slot = node.file(&path)?;
        Some((path, key, slot.artifact.certificates().to_vec()))
    }

    /// The host names for which kube-apiserver serves a certificate of `--tls-sni-cert-key`: those in the flag, or else
    /// the certificate's DNS names (kubernetes/apiserver: pkg/server/dynamiccertificates/named_certificates.go).
    fn names(&self, node: &Node, path: &str, certificates: &[Certificate]) -> Vec<String> {
        let manifest = self.inventory.profile.manifest(Component::Apiserver).and_then(|path| node.static_pod(path));
        let flags = manifest.into_iter().flat_map(|(_, pod)| &pod.flags).filter(|flag| flag.name == SNI_FLAG);
        let named: Vec<String> = flags
            .filter_map(|flag| flag.value.split_once(':'))
            .filter(|(files, _)| files.split(',').next() == Some(path))
            .flat_map(|(_, names)| names.split(','))
            .map(str::to_owned)
            .collect();
        let own = || {
            let names = certificates.first().map(Certificate::alternative_names).unwrap_or_default();
            names.iter().filter_map(AlternativeName::dns).map(str::to_owned).collect()
        };
        if named.is_empty() { own() } else { named }
    }

    fn process(&self, node: &Node, process: &ReaderProcess) -> Process {
        match process {
            ReaderProcess::StaticPod { manifest, .. } => {
                let name = manifest.rsplit('/').next().unwrap_or(manifest);
                let program = node.file(manifest).map(|slot| &slot.artifact);
                let program = match program {
                    Some(Artifact::StaticPod(pod)) => pod.component.clone(),
                    _ => String::new(),
                };
                Process::StaticPod { name: name.strip_suffix(".yaml").unwrap_or(name).to_owned(), program }
            }
            ReaderProcess::Workload { name, namespace, .. } => {
                Process::Workload { name: name.clone(), namespace: namespace.clone() }
            }
            ReaderProcess::Unit { name, .. } => Process::Unit(name.clone()),
            ReaderProcess::Kubelet | ReaderProcess::KubeconfigUser => Process::Component(Component::Kubelet),
        }
    }
}

/// Whether a leaf is a client certificate only, or may be a serving certificate.
fn of_leaf(leaf: Option<&Certificate>) -> ConsumerFile {
    let usages = leaf.map(Certificate::extended_key_usages).unwrap_or_default();
    let client_alone =
        usages.contains(&ExtendedKeyUsage::ClientAuth) && !usages.contains(&ExtendedKeyUsage::ServerAuth);
    if client_alone { ConsumerFile::ClientCertificate } else { ConsumerFile::ServingCertificate }
}
