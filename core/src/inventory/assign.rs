//! Artifact to slot: every file gets its place, on a node or off it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    detect::{
        self,
        result::{Detected, Reason},
    },
    given::{Given, Promise, Root, finding, keeps, promise},
    layout, links,
    model::{
        files::{Artifact, Bytes, Node, Role, Slot, Unrecognised},
        inventory::{Conflicts, InspectOptions, Inventory, PASSWORD_NEEDED, PASSWORD_WRONG},
        pods::NodePods,
        signers::Signers,
    },
    packaged, recognise, resources,
    tree::{Location, Trees, split},
};
use crate::{
    finding::{Finding, Severity},
    formats::{archive, utf16},
    input::{Content, InputFile, MAX_FILES, MAX_PATH, Password},
    profile::{AuthorityId, Component, KUBEADM, Profile},
    x509::is_java_keystore,
};

/// Archives in archives are opened this deep.
const MAX_ARCHIVE_DEPTH: usize = 4;

/// Opens archives, follows links, and puts every file where it belongs.
pub(super) fn assign(files: Vec<InputFile>, options: InspectOptions<'_>) -> Inventory {
    let InspectOptions { password, platform, tenant } = options;
    let mut inventory = Inventory {
        profile: platform.unwrap_or(&KUBEADM),
        cluster: String::new(),
        nodes: Vec::new(),
        objects: Vec::new(),
        placed: BTreeMap::new(),
        clients: Vec::new(),
        loose: Vec::new(),
        packaged: Vec::new(),
        copies: Vec::new(),
        workloads: Vec::new(),
        node_pods: Vec::new(),
        rolled_out: BTreeSet::new(),
        pins: Vec::new(),
        secrets: Vec::new(),
        namesakes: Vec::new(),
        labelled_nodes: Vec::new(),
        conflicts: Conflicts::default(),
        found_clusters: Vec::new(),
        clusters: BTreeSet::new(),
        paused: Vec::new(),
        unrecognised: Vec::new(),
        authorities: BTreeMap::new(),
        signers: Signers::default(),
        tenant: None,
        rotations: BTreeMap::new(),
        standings: Vec::new(),
        findings: Vec::new(),
        files: 0,
        keys: BTreeMap::new(),
    };
    let files = open_archives(files, &mut inventory.findings);
    let mut files = resources::open(files, &mut inventory.findings);
    in_order(&mut files);
    within_limits(&mut files, &mut inventory.findings);
    inventory.files = files.len();
    let packages = packaged::roots(&files);
    let in_package = |path: &str| packages.iter().find(|root| path.starts_with(root.as_str()));
    let (packaged, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| in_package(&file.path).is_some());
    if platform.is_none() {
        let (profile, findings) = recognise::platform(&files);
        inventory.profile = profile;
        inventory.findings.extend(findings);
    }
    inventory.findings.extend(recognise::encrypted(&files));
    let (profile, finding) = layout::of(inventory.profile, &files);
    inventory.profile = profile;
    inventory.findings.extend(finding);
    for file in packaged {
        if let (Some(root), Content::Bytes(bytes)) = (in_package(&file.path), file.content) {
            inventory.place_packaged(root, file.path, &bytes);
        }
    }
    let trees = Trees::find(&files, profile);
    let mut roots: BTreeMap<String, Root> = BTreeMap::new();
    for InputFile { path, content, mode } in files {
        let located = trees.locate(&path, profile);
        let content = match content {
            Content::Bytes(bytes) => Content::Bytes(inventory.as_utf8(&path, bytes, located.is_some())),
            other => other,
        };
        match content {
            Content::Bytes(bytes) => match located {
                Some(Location { root, path: on_node }) => {
                    let given = Given { file: path, bytes, mode };
                    inventory.findings.extend(roots.entry(root).or_default().add(on_node, given));
                }
                None => inventory.place_loose(path, bytes, mode, password),
            },
            Content::Symlink(target) => match located {
                Some(Location { root, path: on_node }) => {
                    roots.entry(root).or_default().links.insert(on_node, (path, target));
                }
                None => inventory.findings.push(
                    Finding::warning(
                        "link-not-followed",
                        &path,
                        format!("it is a symbolic link to {target}, outside of any node's tree"),
                    )
                    .remedy("Give the file that it points to"),
                ),
            },
            Content::TooLarge(_) | Content::Unreadable(_) if is_passed_over(located.as_ref(), profile) => {
                let reason = "it has no part in a rotation".to_owned();
                inventory.unrecognised.push(Unrecognised { file: path, reason });
            }
            Content::TooLarge(size) => {
                let finding = Finding::warning(
                    "too-large",
                    &path,
                    format!("it has {size} bytes, more than a PKI file or tree ever has"),
                );
                inventory.findings.push(finding.remedy("Pack only /etc/kubernetes and /var/lib/kubelet/pki"));
                inventory.unrecognised.push(Unrecognised { file: path, reason: "it is too large".into() });
            }
            Content::Unreadable(reason) => {
                inventory.findings.push(
                    Finding::warning("unreadable", &path, format!("it could not be read: {reason}"))
                        .remedy("Check its permissions, then give it again"),
                );
                inventory.unrecognised.push(Unrecognised { file: path, reason });
            }
        }
    }
    let outer: Vec<String> = roots.keys().map(|root| nested_prefix(root, profile)).collect();
    for (root, content) in roots {
        if outer.iter().any(|prefix| root.starts_with(prefix)) {
            let reason = "it lies in a tree within a node's tree, as backups do";
            let files =
                content.files.into_values().map(|given| Unrecognised { file: given.file, reason: reason.to_owned() });
            inventory.unrecognised.extend(files);
        } else {
            inventory.place_tree(&root, content, password);
        }
    }
    inventory.place_namesakes(password);
    inventory.name_nodes();
    inventory.furnish_tenant(tenant);
    inventory.unrecognised.sort_by(|a, b| a.file.cmp(&b.file));
    inventory
}

/// Sockets and images in a node's tree that no rotation touches. What is below `/etc` may be a process's configuration.
fn is_passed_over(located: Option<&Location>, profile: &Profile) -> bool {
    located.is_some_and(|location| {
        promise(profile, &location.path) == Promise::Nothing && !location.path.starts_with("/etc/")
    })
}

/// What a root within the tree of `root` starts with.
fn nested_prefix(root: &str, profile: &Profile) -> String {
    if root.is_empty() { format!("{}/", &profile.directory[1..]) } else { format!("{root}{}/", profile.directory) }
}

/// The same order whatever the order of the drop, and what was given twice once.
fn in_order(files: &mut Vec<InputFile>) {
    fn bytes(file: &InputFile) -> Option<&[u8]> {
        match &file.content {
            Content::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| bytes(a).cmp(&bytes(b))));
    files.dedup_by(|b, a| a.path == b.path && bytes(a).is_some() && bytes(a) == bytes(b));
}

/// Leaves out what no node has: paths beyond Linux' limit, and files beyond a number that only a mistake reaches.
fn within_limits(files: &mut Vec<InputFile>, findings: &mut Vec<Finding>) {
    files.retain(|file| {
        let fits = file.path.len() <= MAX_PATH;
        if !fits {
            let shown: String = file.path.chars().take(64).collect();
            findings.push(
                Finding::warning(
                    "path-too-long",
                    &format!("{shown}…"),
                    format!("its path has more than {MAX_PATH} bytes, which no file on a node has; it is left out"),
                )
                .remedy("If it matters, give it under a shorter name"),
            );
        }
        fits
    });
    if files.len() > MAX_FILES {
        findings.push(
            Finding::error(
                "too-many-files",
                "",
                format!("there are {} files; those beyond {MAX_FILES} are left out", files.len()),
            )
            .remedy("Give only /etc/kubernetes and /var/lib/kubelet of each node, and the cluster's objects"),
        );
        files.truncate(MAX_FILES);
    }
}

fn open_archives(files: Vec<InputFile>, findings: &mut Vec<Finding>) -> Vec<InputFile> {
    let mut budget = archive::Budget::default();
    let mut opened = Vec::with_capacity(files.len());
    let mut waiting: Vec<(usize, InputFile)> = files.into_iter().rev().map(|file| (0, file)).collect();
    while let Some((depth, file)) = waiting.pop() {
        let Content::Bytes(bytes) = &file.content else {
            opened.push(file);
            continue;
        };
        if archive::kind(bytes, &file.path).is_none() {
            opened.push(file);
        } else if depth >= MAX_ARCHIVE_DEPTH {
            findings.push(
                Finding::warning("archive-depth", &file.path, "archives lie in one another too deep to be opened")
                    .remedy("Unpack them first"),
            );
        } else {
            let (entries, said) = archive::expand(&file.path, bytes, &mut budget);
            findings.extend(said);
            waiting.extend(entries.into_iter().rev().map(|entry| (depth + 1, entry)));
        }
    }
    opened
}

/// Does a CNI plugin read this kubeconfig? Its writer puts it beside the network's configuration (containernetworking/cni:
/// libcni; projectcalico/calico: cni-plugin/pkg/install; k8snetworkplumbingwg/multus-cni: docs/configuration.md).
fn is_cni(path: &str) -> bool {
    path.contains("etc/cni/net.d/") || path.starts_with("net.d/") || path.contains("/net.d/")
}

/// Configuration files have at most this size. Bytes.
const MAX_TEXT: usize = 1 << 20;

/// Is it a text that may name other files?
fn is_text(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_TEXT && std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

impl Inventory {
    /// The bytes themselves, or as UTF-8 where they are UTF-16: with a finding, since no program of Kubernetes reads that.
    fn as_utf8(&mut self, file: &str, bytes: Bytes, on_node: bool) -> Bytes {
        let Some(text) = utf16::to_utf8(&bytes) else { return bytes };
        let (severity, remedy) = if on_node {
            (Severity::Warning, "Copy it again from the node, byte for byte: nothing there can read UTF-16")
        } else {
            (
                Severity::Note,
                "What the package holds of it is UTF-8; convert your own copy with `iconv -f UTF-16 -t UTF-8`",
            )
        };
        self.findings.push(
            Finding::new(severity, "utf-16", file, "it is UTF-16, as PowerShell writes it, and is read as UTF-8")
                .remedy(remedy),
        );
        Arc::new(text)
    }

    /// What has no node: kubeconfigs, objects, single certificates and keys.
    fn place_loose(&mut self, file: String, bytes: Bytes, mode: Option<u32>, password: Option<&Password>) {
        let (detected, reasons) = detect::detect(&bytes, password);
        self.findings.extend(reasons.iter().map(|reason| finding(Severity::Warning, &file, reason)));
        match detected {
            Detected::Artifact(artifact) => {
                let slot = Slot { place: file.clone(), file, bytes, mode, artifact };
                match slot.artifact {
                    Artifact::Kubeconfig(_) if !is_cni(&slot.file) => self.clients.push(slot),
                    _ => {
                        self.node_pods.extend(NodePods::of_slot(&slot));
                        self.loose.push(slot);
                    }
                }
            }
            Detected::Objects(objects) => self.place_objects(&file, &bytes, objects, password),
            Detected::Talos(talos) => self.place_talos(file, bytes, mode, *talos),
            Detected::Nothing(reason) => self.nothing(file, &reason, Severity::Warning),
        }
    }

    fn nothing(&mut self, file: String, reason: &Reason, damaged: Severity) {
        if reason.damaged {
            self.findings.push(finding(damaged, &file, reason));
        } else {
            self.findings.push(Finding::note("unrecognised", &file, &reason.message));
        }
        self.unrecognised.push(Unrecognised { file, reason: reason.message.clone() });
    }

    fn place_tree(&mut self, root: &str, content: Root, password: Option<&Password>) {
        let links::Resolved { files, links, findings, unrecognised } = links::resolve(content, self.profile);
        self.findings.extend(findings);
        self.unrecognised.extend(unrecognised);
        let (mut slots, mut others, mut unusable) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (path, Given { file, bytes, mode }) in files {
            let promise = promise(self.profile, &path);
            if promise == Promise::Nothing {
                let given = Given { file, bytes, mode };
                others.extend(self.other(&path, given, password).map(|slot| (path, slot)));
                continue;
            }
            let matters = if self.matters(&path) { Severity::Error } else { Severity::Warning };
            let reader = detect::PemReader::on_node(self.profile, &path);
            let (detected, reasons) = detect::detect_for(&bytes, password, reader);
            self.findings.extend(reasons.iter().map(|reason| finding(matters, &file, reason)));
            match detected {
                Detected::Artifact(artifact)
                    if keeps(promise, &artifact) && self.is_its_component(&path, &artifact) =>
                {
                    slots.insert(path.clone(), Slot { place: path, file, bytes, mode, artifact });
                    continue;
                }
                Detected::Artifact(artifact) => {
                    let what = match &artifact {
                        Artifact::StaticPod(pod) => format!("{} of {}", artifact.kind(), pod.component),
                        artifact => artifact.kind().to_owned(),
                    };
                    let reason = format!("what it holds ({what}) does not belong at {path}");
                    self.findings.push(
                        Finding::new(matters, "wrong-content", &file, &reason)
                            .remedy("Check whether two files were mixed up, then copy it again from the node"),
                    );
                    self.unrecognised.push(Unrecognised { file, reason });
                }
                Detected::Objects(_) | Detected::Talos(_) => {
                    let reason = format!("it holds something else than belongs at {path}");
                    self.findings.push(
                        Finding::new(matters, "wrong-content", &file, &reason).remedy("Copy it again from the node"),
                    );
                    self.unrecognised.push(Unrecognised { file, reason });
                }
                Detected::Nothing(reason) => {
                    let reason = Reason { damaged: true, ..reason };
                    self.nothing(file, &reason, matters);
                }
            }
            if matters == Severity::Error {
                unusable.insert(path);
            }
        }
        if slots.is_empty() {
            // Files of no known node: each stands for itself.
            for slot in others.into_values() {
                match slot.artifact {
                    Artifact::Kubeconfig(_) if !is_cni(&slot.file) => self.clients.push(slot),
                    Artifact::StaticPod(_) => self.node_pods.extend(NodePods::of_slot(&slot)),
                    Artifact::Keystore | Artifact::Text => {}
                    _ => self.loose.push(slot),
                }
            }
            return;
        }
        let kubeconfigs = self.profile.kubeconfigs;
        let is_people = |path: &String| kubeconfigs.iter().any(|row| row.path == path && row.reader.is_none());
        if slots.keys().all(is_people) {
            // An admin.conf by itself is what a person holds, wherever it was copied from.
            self.clients.extend(slots.into_values());
            return;
        }
        let signing = &self.profile.signing;
        let of_workers = |path: &String| {
            path.starts_with(self.profile.kubelet_directory)
                || (signing.on_workers && [signing.certificate, signing.key].contains(&path.as_str()))
                || self.profile.authorities.iter().any(|row| row.certificate == path)
                || kubeconfigs.iter().any(|row| row.path == path && row.reader == Some(Component::Kubelet))
        };
        let role = if slots.keys().all(of_workers) { Role::Worker } else { Role::ControlPlane };
        self.nodes.push(Node { name: root.to_owned(), role, slots, others, unusable, links, machine: None });
    }

    /// A manifest in another's place would hide that one's flags.
    fn is_its_component(&self, path: &str, artifact: &Artifact) -> bool {
        let Artifact::StaticPod(pod) = artifact else { return true };
        let row = self.profile.static_pods.iter().find(|row| row.path == path);
        row.is_none_or(|row| row.component.as_str() == pod.component)
    }

    /// A file on a node that the profile's tables do not name: kept if a process on the node may read it.
    fn other(&mut self, path: &str, given: Given, password: Option<&Password>) -> Option<Slot> {
        let Given { file, bytes, mode } = given;
        if let Some(reason) = self.never_read(path) {
            self.unrecognised.push(Unrecognised { file, reason: reason.to_owned() });
            return None;
        }
        if is_java_keystore(&bytes) {
            let message = format!("{path} is a Java keystore, which the rotation does not change");
            self.findings.push(Finding::note("unrecognised", &file, &message));
            self.unrecognised.push(Unrecognised { file: file.clone(), reason: message });
            return Some(Slot { place: path.to_owned(), file, bytes, mode, artifact: Artifact::Keystore });
        }
        let is_manifest = self.is_manifest(path);
        let reader = if is_manifest { detect::PemReader::Kubelet } else { detect::PemReader::Person };
        let (detected, reasons) = detect::detect_for(&bytes, password, reader);
        let artifact = match detected {
            Detected::Nothing(reason) if is_manifest && reason.damaged => {
                let remedy =
                    "Correct the file or move it out of the directory of manifests, then provide the files again";
                let reason = Reason { remedy: remedy.to_owned(), ..reason };
                self.findings.push(finding(Severity::Error, &file, &reason));
                self.unrecognised.push(Unrecognised { file, reason: reason.message });
                return None;
            }
            Detected::Nothing(reason) if [PASSWORD_NEEDED, PASSWORD_WRONG].contains(&reason.code) => {
                let remedy = "Provide its password (--password-file, or when asked for it), or make sure that nothing in it depends on the old CA";
                let reason = Reason { remedy: remedy.to_owned(), ..reason };
                let locked = finding(Severity::Warning, &file, &reason).acknowledged_as(AuthorityId::Cluster, path);
                self.findings.push(locked);
                self.unrecognised.push(Unrecognised { file, reason: reason.message });
                return None;
            }
            Detected::Artifact(Artifact::SigningRequest(_) | Artifact::Talosconfig(_)) => None,
            Detected::Artifact(artifact) => Some(artifact),
            _ if is_text(&bytes) => Some(Artifact::Text),
            _ => None,
        };
        let is_text = matches!(artifact, Some(Artifact::Text));
        if artifact.is_none() || is_text {
            let message = format!("the rotation does not change {path}");
            self.findings.push(Finding::note("unrecognised", &file, &message));
            self.unrecognised.push(Unrecognised { file: file.clone(), reason: message });
        }
        if !is_text {
            self.findings.extend(reasons.iter().map(|reason| finding(Severity::Warning, &file, reason)));
        }
        artifact.map(|artifact| Slot { place: path.to_owned(), file, bytes, mode, artifact })
    }

    /// Does the kubelet read the file as a static Pod's manifest? It reads every file in the directory whose name does not
    /// begin with a dot, whatever its extension (kubernetes/kubernetes: pkg/kubelet/config/file.go).
    fn is_manifest(&self, path: &str) -> bool {
        let (folder, name) = split(path);
        folder == format!("{}/manifests", self.profile.directory) && !name.starts_with('.')
    }

    /// Why no process reads the file at `path`; `None` if one may.
    fn never_read(&self, path: &str) -> Option<&'static str> {
        let in_kubelet = path.strip_prefix(self.profile.kubelet_directory).and_then(|rest| rest.strip_prefix('/'));
        let dated = |rest: &str| rest.starts_with("pki/kubelet-client-") || rest.starts_with("pki/kubelet-server-");
        if path.contains("/.airlock/") {
            return Some("a copy that a package's script keeps for roll back");
        }
        // kubernetes/kubernetes: cmd/kubeadm/app/constants, `TempDir`: manifests and etcd data before an upgrade.
        if path.strip_prefix(self.profile.directory).is_some_and(|rest| rest.starts_with("/tmp/")) {
            return Some("a backup that kubeadm made before an upgrade");
        }
        match in_kubelet {
            Some(rest) if dated(rest) => Some("the kubelet keeps it beside its current certificate"),
            // Volumes of Pods, checkpoints, device plugins.
            Some(rest) if rest.contains('/') && !rest.starts_with("pki/") => Some("not used by the rotation"),
            _ if path.ends_with(".csr") => Some("not used by the rotation"),
            _ => None,
        }
    }

    /// Would a damaged file at `path` make an output wrong? Everything that a rotation changes or relies on does.
    fn matters(&self, path: &str) -> bool {
        let rotates = |id: AuthorityId| self.profile.authority(id).is_some_and(|row| row.rotates);
        self.profile.authorities.iter().any(|row| row.rotates && (row.certificate == path || row.key == path))
            || self
                .profile
                .leaves
                .iter()
                .any(|row| rotates(row.authority) && (row.certificate == path || row.key == path))
            || self.profile.kubeconfigs.iter().any(|row| row.path == path)
            // Whatever the flags in it name would not be looked at.
            || self.profile.static_pods.iter().any(|row| row.path == path)
    }
}
