//! What the plan does about each process that reads a file which the rotation changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    SIGNING_FLAG, SIGNING_KEY_FLAG, Succession,
    consumers::{Consumer, Consumers, Dependent, Process},
    present::KUBELET_AUTHORITY_FLAG,
    unhandled::list,
};
use crate::{
    Finding,
    inventory::{Artifact, Inventory, Node, Reader, ReaderProcess, Reference},
    profile::{
        AuthorityId, Component, ConsumerFile,
        edge::Effect,
        file_flags::{Content, Program, Reload},
    },
    x509::{AlternativeName, Certificate, ExtendedKeyUsage},
};

/// Flags with which kube-controller-manager and kube-scheduler name kubeconfigs.
const KUBECONFIG_FLAGS: [&str; 3] = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];

/// The flag with further serving certificates of kube-apiserver: `cert,key:name,name`
/// (kubernetes/component-base: cli/flag/namedcertkey_flag.go).
const SNI_FLAG: &str = "tls-sni-cert-key";

/// A file that the rotation changes on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Changed {
    TrustBundle,
    AuthorityKey,
    /// A leaf, and the path of its private key.
    Leaf {
        key: String,
    },
    /// The private key of the leaf at this path.
    LeafKey {
        certificate: String,
    },
    Kubeconfig,
}

/// A reason why there is no plan, or a thing to acknowledge: the code, what to acknowledge (empty for an error), the
/// message with `{nodes}` for the nodes, the remedy and the file.
type Problem = (&'static str, String, String, &'static str, String);

/// Decides about the readers of one node after the other.
pub(super) struct Judge<'a> {
    inventory: &'a Inventory,
    successions: &'a BTreeMap<AuthorityId, Succession>,
    problems: BTreeMap<Problem, BTreeSet<String>>,
    /// Private keys that are kept, with their other uses and the nodes.
    kept: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(inventory: &'a Inventory, successions: &'a BTreeMap<AuthorityId, Succession>) -> Self {
        Self { inventory, successions, problems: BTreeMap::new(), kept: BTreeMap::new() }
    }

    /// Everything that was found, each cause once.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let problems = self.problems.into_iter().map(|((code, id, message, remedy, file), nodes)| {
            let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
            let message = message.replace("{nodes}", &list(&nodes));
            match id.as_str() {
                "" => Finding::error(code, &file, message).remedy(remedy),
                id => Finding::warning(code, &file, message).remedy(remedy).acknowledged_as(AuthorityId::Cluster, id),
            }
        });
        let kept = self.kept.into_iter().map(|(key, (uses, nodes))| {
            let [uses, nodes] = [&uses, &nodes].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
            let message = format!(
                "the private key {key} on {} has another use ({}): it is kept, and the new certificate is for the same key",
                list(&nodes),
                list(&uses)
            );
            Finding::warning("key-kept", "", message)
                .remedy("Give the other use a key of its own if this key must be replaced, then make the plan again")
        });
        problems.chain(kept).collect()
    }

    fn problem(
        &mut self,
        node: &Node,
        code: &'static str,
        id: &str,
        message: String,
        remedy: &'static str,
        file: &str,
    ) {
        // A cause that several nodes share is one finding, at the first node's file.
        let same = self.problems.keys().find(|known| (known.0, &known.1, &known.2) == (code, &id.to_owned(), &message));
        let key = same.cloned().unwrap_or_else(|| (code, id.to_owned(), message, remedy, file.to_owned()));
        self.problems.entry(key).or_default().insert(node.name.clone());
    }

    fn keep(&mut self, node: &Node, key: String, other_use: String) {
        let (uses, nodes) = self.kept.entry(key).or_default();
        uses.insert(other_use);
        nodes.insert(node.name.clone());
    }

    /// The readers of a control-plane node whose files the package's script changes.
    pub(super) fn node(
        &mut self,
        node: &Node,
        dependents: &mut BTreeMap<String, Dependent>,
        consumers: &mut Consumers,
    ) {
        let readers = self.inventory.readers(node);
        self.keep_only_read(node, &readers, dependents, consumers);
        let mut changed = self.changed(dependents);
        for path in self.keys_in_use(node, &readers, &changed) {
            changed.remove(&path);
            consumers.kept_keys.insert((node.name.clone(), path));
        }
        let strong: Vec<(&Reader, &str, &Changed)> = readers
            .iter()
            .filter(|reader| !matches!(reader.reference, Reference::FolderMount { .. }))
            .filter_map(|reader| {
                let (path, file) =
                    changed.get_key_value(&reader.target).or_else(|| changed.get_key_value(&reader.path))?;
                Some((reader, path.as_str(), file))
            })
            .collect();
        for (reader, path, file) in &strong {
            if !self.is_covered(node, reader, path) {
                self.judge(node, reader, path, file, consumers);
            }
        }
        self.folders(node, &readers, &strong, &changed, consumers);
        self.fixed_places(node, &readers);
        self.not_provided(node, &readers);
        self.inline_trust(node, &readers);
    }

    /// The readers of a node whose processes the package does not restart: a worker, or a host that a tool changes.
    pub(super) fn node_without_restarts(&mut self, node: &Node) {
        let changed = self.changed(&BTreeMap::new());
        for reader in self.inventory.readers(node) {
            let Some(path) = changed.keys().find(|path| **path == reader.target || **path == reader.path) else {
                continue;
            };
            let foreign = !matches!(reader.process, ReaderProcess::Kubelet | ReaderProcess::KubeconfigUser)
                && component(&reader).is_none();
            if foreign && !matches!(reader.reference, Reference::FolderMount { .. } | Reference::Hook { .. }) {
                let name = process_name(&reader.process);
                let message = format!(
                    "{name} on {{nodes}} reads {path} ({}), and this package does not restart it: it keeps the old content until it restarts",
                    reference(&reader.reference)
                );
                let remedy = "Restart it after this node's step in each phase";
                self.problem(node, "restart-yourself", &format!("{name}{path}"), message, remedy, &reader.file);
            }
        }
    }

    /// A certificate or bundle whose reader is not known is not changed; a kubeconfig is, and has to be acknowledged.
    fn keep_only_read(
        &self,
        node: &Node,
        readers: &[Reader],
        dependents: &mut BTreeMap<String, Dependent>,
        consumers: &mut Consumers,
    ) {
        dependents.retain(|path, dependent| {
            let named = |reader: &&Reader| {
                (reader.target == *path || reader.path == *path) && reader.process != ReaderProcess::KubeconfigUser
            };
            let in_folder = |reader: &&Reader| {
                matches!(reader.reference, Reference::FolderMount { .. })
                    && reader.can_read(path)
                    && component(reader).is_none()
            };
            let is_read = readers.iter().any(|reader| named(&reader) || in_folder(&reader));
            let is_kubeconfig = *dependent == Dependent::Kubeconfig;
            if !is_read && is_kubeconfig && !super::unhandled::is_backup(path) {
                consumers.unread.insert((node.name.clone(), path.clone()));
            }
            is_read || (is_kubeconfig && !super::unhandled::is_backup(path))
        });
    }

    /// Every file on a node that the rotation changes, by path.
    fn changed(&self, dependents: &BTreeMap<String, Dependent>) -> BTreeMap<String, Changed> {
        let profile = self.inventory.profile;
        let mut changed = BTreeMap::new();
        let rotated = |id: &AuthorityId| self.successions.contains_key(id);
        for row in profile.authorities.iter().filter(|row| rotated(&row.id)) {
            changed.insert(row.certificate.to_owned(), Changed::TrustBundle);
            changed.insert(row.key.to_owned(), Changed::AuthorityKey);
        }
        for row in profile.leaves.iter().filter(|row| rotated(&row.authority)) {
            changed.insert(row.certificate.to_owned(), Changed::Leaf { key: row.key.to_owned() });
            changed.insert(row.key.to_owned(), Changed::LeafKey { certificate: row.certificate.to_owned() });
        }
        if rotated(&AuthorityId::Cluster) {
            changed.extend(profile.kubeconfigs.iter().map(|row| (row.path.to_owned(), Changed::Kubeconfig)));
        }
        for (path, dependent) in dependents {
            let file = match dependent {
                Dependent::Kubeconfig => Changed::Kubeconfig,
                Dependent::TrustBundle => Changed::TrustBundle,
                Dependent::Credential => Changed::Leaf { key: String::new() },
                Dependent::Leaf { key } => {
                    if !key.is_empty() {
                        let certificate = path.clone();
                        changed.entry(key.clone()).or_insert(Changed::LeafKey { certificate });
                    }
                    Changed::Leaf { key: key.clone() }
                }
            };
            changed.entry(path.clone()).or_insert(file);
        }
        changed
    }

    /// Private keys of leaves that are read for something else than their own certificate.
    fn keys_in_use(
        &mut self,
        node: &Node,
        readers: &[Reader],
        changed: &BTreeMap<String, Changed>,
    ) -> BTreeSet<String> {
        let mut kept = BTreeSet::new();
        for (path, file) in changed {
            let Changed::LeafKey { certificate } = file else { continue };
            let shared =
                changed.iter().filter(|(_, other)| matches!(other, Changed::Leaf { key } if key == path)).count() > 1;
            if shared {
                let use_ = "several certificates are for it".to_owned();
                self.keep(node, path.clone(), use_);
                kept.insert(path.clone());
            }
            for reader in readers.iter().filter(|reader| reader.target == *path || reader.path == *path) {
                let Reference::Flag(flag) = &reader.reference else { continue };
                let signs_tokens = flag.starts_with("service-account-");
                let with_its_certificate = readers.iter().any(|other| {
                    other.process == reader.process && [&other.path, &other.target].contains(&certificate)
                });
                if signs_tokens || !with_its_certificate {
                    let use_ = format!("--{flag} of {}", process_name(&reader.process));
                    self.keep(node, path.clone(), use_);
                    kept.insert(path.clone());
                }
            }
        }
        // Service account keys may be named by a certificate as well: its public key stays if the private key does
        // (kubernetes/client-go: util/keyutil, `PublicKeysFromFile`).
        for reader in readers {
            let Reference::Flag(flag) = &reader.reference else { continue };
            let leaf = changed.get(&reader.target).or_else(|| changed.get(&reader.path));
            if let (true, Some(Changed::Leaf { key })) = (flag.starts_with("service-account-"), leaf) {
                let use_ = format!("--{flag} of {} names its certificate", process_name(&reader.process));
                self.keep(node, key.clone(), use_);
                kept.insert(key.clone());
            }
        }
        kept
    }

    /// Does the profile have a row, and the plan a restart, for this reference?
    fn is_covered(&self, node: &Node, reader: &Reader, path: &str) -> bool {
        let profile = self.inventory.profile;
        let Some(component) = component(reader) else {
            // A probe or hook runs its command again each time; people read a kubeconfig at each use.
            return reader.process == ReaderProcess::KubeconfigUser
                || matches!(reader.reference, Reference::Hook { .. });
        };
        let restarts_in_each_phase = matches!(component, Component::ControllerManager | Component::Scheduler);
        let own_kubeconfig = profile.kubeconfigs.iter().any(|row| row.path == path && row.reader == Some(component));
        match &reader.reference {
            Reference::Flag(flag) if flag == SNI_FLAG => false,
            Reference::Flag(flag) => {
                let in_tables = profile
                    .flags
                    .iter()
                    .any(|row| row.component == component && row.flag == flag && row.paths.contains(&path));
                let signs = component == Component::ControllerManager
                    && [SIGNING_FLAG, SIGNING_KEY_FLAG].contains(&flag.as_str());
                let kubelets = component == Component::Kubelet && flag == "bootstrap-kubeconfig";
                let names_own = KUBECONFIG_FLAGS.contains(&flag.as_str()) && own_kubeconfig;
                let kept_leaf = flag.starts_with("service-account-") && self.is_leaf(node, path);
                in_tables || signs || kubelets || names_own || kept_leaf
            }
            Reference::FileMount { .. } => restarts_in_each_phase,
            Reference::Config { field, .. } => component == Component::Kubelet && field.ends_with("clientCAFile"),
            Reference::Kubeconfig { .. } => restarts_in_each_phase || component == Component::Kubelet,
            Reference::Hook { .. } | Reference::Argument | Reference::Directive(_) => true,
            Reference::Environment(_) | Reference::FolderMount { .. } | Reference::InlineTrust { .. } => false,
        }
    }

    fn is_leaf(&self, node: &Node, path: &str) -> bool {
        node.file(path).is_some_and(|slot| match &slot.artifact {
            Artifact::Certificates(certificates) => certificates.first().is_some_and(|first| !first.is_authority()),
            Artifact::PrivateKey(_) => self.inventory.profile.leaves.iter().any(|row| row.key == path),
            _ => false,
        })
    }

    /// A reader that no table covers.
    fn judge(&mut self, node: &Node, reader: &Reader, path: &str, file: &Changed, consumers: &mut Consumers) {
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
            (_, Changed::AuthorityKey | Changed::TrustBundle) if flag.starts_with("service-account-") => Some((
                "ca-key-other-use",
                format!(
                    "{name} on {{nodes}} reads {path} ({how}): service account tokens are signed with the CA's private key, and phase 2 replaces it. Every Pod's token would be rejected from the next start of the API server on"
                ),
                "Copy ca.key to sa.key and its public key to sa.pub, let --service-account-signing-key-file, --service-account-private-key-file and --service-account-key-file name the copies on every node, then provide the files again",
            )),
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
                    "{component} on {{nodes}} mounts the single file {path}: it goes on reading the old file when the file is replaced"
                ),
                "Mount the directory that holds it, as kubeadm does, then provide the manifest again",
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
        let consumed = self.consumed(&path, file, certificates.first());
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
        consumers.add(Consumer { process, path, key, file: consumed, effect, hosts, nodes });
    }

    /// What a process has of a file.
    fn consumed(&self, path: &str, file: &Changed, leaf: Option<&Certificate>) -> ConsumerFile {
        let profile = self.inventory.profile;
        let front_proxy = profile.authority(AuthorityId::FrontProxy).is_some_and(|row| row.certificate == path)
            || profile.leaves.iter().any(|row| row.authority == AuthorityId::FrontProxy && row.certificate == path);
        match (file, front_proxy) {
            (Changed::Kubeconfig, _) => ConsumerFile::Kubeconfig,
            (Changed::TrustBundle, false) => ConsumerFile::TrustBundle,
            (Changed::TrustBundle, true) => ConsumerFile::FrontProxyBundle,
            (_, true) => ConsumerFile::FrontProxyCertificate,
            (_, false) => of_leaf(leaf),
        }
    }

    /// The file with certificates, its key and what it holds; a private key stands for its certificate.
    fn certificate(&self, node: &Node, path: &str, file: &Changed) -> Option<(String, String, Vec<Certificate>)> {
        let (path, key) = match file {
            Changed::LeafKey { certificate } => (certificate.clone(), path.to_owned()),
            Changed::Leaf { key } => (path.to_owned(), key.clone()),
            _ => (path.to_owned(), String::new()),
        };
        let slot = node.file(&path)?;
        Some((path, key, slot.artifact.certificates().to_vec()))
    }

    /// The names under which kube-apiserver serves a certificate of `--tls-sni-cert-key`: those of the flag, else the
    /// certificate's own (kubernetes/apiserver: pkg/server/dynamiccertificates/named_certificates.go).
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

    /// Static Pods that mount a folder with changed files, and do not say which of them they read.
    fn folders(
        &mut self,
        node: &Node,
        readers: &[Reader],
        strong: &[(&Reader, &str, &Changed)],
        changed: &BTreeMap<String, Changed>,
        consumers: &mut Consumers,
    ) {
        for reader in readers {
            if !matches!(reader.reference, Reference::FolderMount { .. }) || component(reader).is_some() {
                continue;
            }
            let same_pod = |other: &Reader| process_name(&other.process) == process_name(&reader.process);
            if strong.iter().any(|(other, path, _)| same_pod(other) && reader.can_read(path)) {
                continue;
            }
            let kinds = [Changed::TrustBundle, Changed::Kubeconfig];
            let below: Vec<_> = changed
                .iter()
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
                    nodes: BTreeSet::from([node.name.clone()]),
                });
            }
        }
    }

    /// References that the package's scripts rely on.
    fn fixed_places(&mut self, node: &Node, readers: &[Reader]) {
        let profile = self.inventory.profile;
        for reader in readers {
            let Reference::Flag(flag) = &reader.reference else { continue };
            let by_unit = matches!(&reader.process, ReaderProcess::Unit { .. });
            if let (true, Some(program)) = (by_unit, reader.process.program().and_then(Program::component)) {
                let message = format!(
                    "{program} on {{nodes}} runs as a systemd unit ({}), and this package restarts static Pods",
                    process_name(&reader.process)
                );
                let remedy = "Clusters whose control plane runs as systemd units are not supported yet";
                self.problem(node, "runs-as-unit", "", message, remedy, &reader.file);
                continue;
            }
            let component = component(reader);
            let expected = match (component, flag.as_str()) {
                (Some(Component::Kubelet), "kubeconfig") => profile.kubelet_conf().map(|row| row.path),
                (Some(Component::Kubelet), "client-ca-file") => {
                    profile.authority(AuthorityId::Cluster).map(|row| row.certificate)
                }
                _ => None,
            };
            if let Some(expected) = expected.filter(|expected| reader.path != *expected && reader.target != *expected) {
                let message = format!("--{flag} of the kubelet on {{nodes}} is {}, not {expected}", reader.path);
                let remedy = "Let the kubelet use kubeadm's path, then provide the files again";
                self.problem(node, "other-layout", "", message, remedy, &reader.file);
            }
            let is_kubeconfig = KUBECONFIG_FLAGS.contains(&flag.as_str())
                && matches!(component, Some(Component::ControllerManager | Component::Scheduler));
            let is_there = [&reader.path, &reader.target].iter().any(|path| node.file(path).is_some());
            let own = profile.kubeconfigs.iter().any(|row| row.path == reader.path);
            if is_kubeconfig && !is_there && !own {
                let name = process_name(&reader.process);
                let message = format!(
                    "--{flag} of {name} on {{nodes}} names {}, which was not provided: it would keep the old CA",
                    reader.path
                );
                let remedy = "Provide the file as well";
                self.problem(node, "reader-file-missing", "", message, remedy, &reader.file);
            }
        }
    }

    /// Files of the node that a component names and that were not provided: whether they depend on the old CA is not known.
    fn not_provided(&mut self, node: &Node, readers: &[Reader]) {
        let profile = self.inventory.profile;
        let known: BTreeSet<&str> = profile.paths().collect();
        for reader in readers {
            let depends = matches!(
                reader.content(),
                Some(Content::TrustBundle | Content::Certificate | Content::Kubeconfig | Content::Pair)
            );
            let from_etcd = matches!(&reader.reference, Reference::Flag(flag) if flag.starts_with("etcd-"))
                || component(reader) == Some(Component::Etcd);
            let in_tree = [profile.directory, profile.kubelet_directory]
                .iter()
                .chain(profile.folders_elsewhere)
                .any(|folder| reader.target.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
            let paths = [reader.path.as_str(), reader.target.as_str()];
            let is_known = paths.iter().any(|path| known.contains(path) || node.file(path).is_some());
            let is_key = reader.path.ends_with(".key");
            if depends
                && in_tree
                && !from_etcd
                && !is_known
                && !is_key
                && reader.process != ReaderProcess::KubeconfigUser
            {
                let (name, how) = (process_name(&reader.process), reference(&reader.reference));
                let message = format!(
                    "{name} on {{nodes}} reads {} ({how}), which was not provided: if it depends on the old CA, it fails from phase 2 or 3 on",
                    reader.path
                );
                self.problem(
                    node,
                    "reader-file-missing",
                    &reader.path,
                    message,
                    "Provide the file as well, so that the package changes it",
                    &reader.file,
                );
            }
        }
    }

    /// CA certificates inside configuration files: this package does not edit those.
    fn inline_trust(&mut self, node: &Node, readers: &[Reader]) {
        let Some(succession) = self.successions.get(&AuthorityId::Cluster) else { return };
        for reader in readers {
            let Reference::InlineTrust { field, pem } = &reader.reference else { continue };
            if super::certificates(pem.as_bytes()).contains(&succession.old) {
                let path = &reader.path;
                let message = format!(
                    "{path} on {{nodes}} holds the old CA in {field}, and no step changes it: from phase 3 on, a server whose certificate the new CA issued is rejected"
                );
                let remedy = "Put both CAs there in phase 1 and the new CA alone in phase 3, if the server's certificate changes CA as well";
                self.problem(node, "not-handled", path, message, remedy, &reader.file);
            }
        }
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
            ReaderProcess::Unit { name, .. } => Process::Unit(name.clone()),
            ReaderProcess::Kubelet | ReaderProcess::KubeconfigUser => Process::Component(Component::Kubelet),
        }
    }
}

/// The component of Kubernetes that reads, where the profile knows how it is run.
fn component(reader: &Reader) -> Option<Component> {
    match &reader.process {
        ReaderProcess::Unit { .. } | ReaderProcess::KubeconfigUser => None,
        process => process.program().and_then(Program::component),
    }
}

fn process_name(process: &ReaderProcess) -> String {
    match process {
        ReaderProcess::StaticPod { pod, program, .. } => match program.and_then(Program::component) {
            Some(component) => component.to_string(),
            None => format!("the static Pod {pod}"),
        },
        ReaderProcess::Kubelet => "the kubelet".to_owned(),
        ReaderProcess::Unit { name, .. } => format!("the unit {name}"),
        ReaderProcess::KubeconfigUser => "the user of the kubeconfig".to_owned(),
    }
}

/// How a path is named, for people.
fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Flag(flag) => format!("--{flag}"),
        Reference::Argument => "an argument of its command".to_owned(),
        Reference::Environment(name) => format!("the environment variable {name}"),
        Reference::Hook { field, .. } => format!("its {field}"),
        Reference::FolderMount { inside } => format!("its directory is mounted at {inside}"),
        Reference::FileMount { inside } => format!("mounted as the single file {inside}"),
        Reference::Directive(name) => format!("{name}="),
        Reference::Config { file, field, .. } | Reference::Kubeconfig { file, field } => format!("{field} in {file}"),
        Reference::InlineTrust { field, .. } => field.clone(),
    }
}

/// Does a leaf serve, or is it presented by a client alone?
fn of_leaf(leaf: Option<&Certificate>) -> ConsumerFile {
    let usages = leaf.map(Certificate::extended_key_usages).unwrap_or_default();
    let client_alone =
        usages.contains(&ExtendedKeyUsage::ClientAuth) && !usages.contains(&ExtendedKeyUsage::ServerAuth);
    if client_alone { ConsumerFile::ClientCertificate } else { ConsumerFile::ServingCertificate }
}

/// The flags of control-plane nodes that were not provided, as kubeadm's configuration has them: on such nodes no file
/// can be looked at, so a flag that names a file which changes refuses the plan.
pub(super) fn extra_arguments(
    inventory: &Inventory,
    successions: &BTreeMap<AuthorityId, Succession>,
    findings: &mut Vec<Finding>,
) {
    if inventory.control_plane().next().is_some() {
        return;
    }
    let changed = Judge::new(inventory, successions).changed(&BTreeMap::new());
    for stored in &inventory.objects {
        let Some(configuration) = &stored.kubeadm else { continue };
        for (program, flag, value) in &configuration.extra_args {
            let path = value.split([',', ':']).find(|path| changed.contains_key(*path));
            let sni = flag == SNI_FLAG;
            let Some(path) = path.or_else(|| sni.then_some(value.as_str())) else { continue };
            let row =
                inventory.profile.flags.iter().find(|row| row.component.as_str() == *program && row.flag == *flag);
            let restarted_live = row.is_some_and(|row| row.paths.contains(&path)) && flag != KUBELET_AUTHORITY_FLAG;
            let signs = [SIGNING_FLAG, SIGNING_KEY_FLAG].contains(&flag.as_str());
            if restarted_live || signs || KUBECONFIG_FLAGS.contains(&flag.as_str()) {
                continue;
            }
            let message = format!(
                "extraArgs let {program} read {value} (--{flag}), and no file of a control-plane node was provided: whether it reads the new file in time cannot be told"
            );
            findings.push(
                Finding::error("reader-not-handled", &stored.file, message)
                    .at(stored.place())
                    .remedy("Provide /etc/kubernetes of every control-plane node (private keys are optional), or remove the flag first"),
            );
        }
    }
}
