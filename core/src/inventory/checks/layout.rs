//! Where files lie and how processes are set up: what a rotation relies on.

use std::collections::BTreeMap;

use crate::{
    finding::Finding,
    formats::static_pod::StaticPod,
    inventory::{
        model::{
            files::{Artifact, Node, Role, Slot},
            inventory::Inventory,
        },
        signing_copy::{CLIENT_FLAG, OwnBundle, PUBLISHED_FLAG, SigningCopy},
        tree,
    },
    profile::{
        AuthorityId, Component, KUBELET_AUTHORITY_FLAG, Profile, RotationMethod, SIGNING_FLAG, SIGNING_KEY_FLAG,
        StaticPodRow,
    },
};

/// What the package's manifest calls holders that are no nodes.
const HOLDERS: [&str; 5] = ["clients", "cluster", "control-plane", "management", "workers"];

/// Kubelets that will not do what a rotation asks of them.
pub(super) fn kubelets(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let verifies = |node: &Node| {
        let pod = node.pod_of(inventory.profile, Component::Apiserver);
        let flag = pod.and_then(|(_, pod)| pod.lookup(KUBELET_AUTHORITY_FLAG));
        flag.is_some_and(|path| !path.is_empty())
    };
    let by_step = inventory.profile.course == RotationMethod::NodeFiles && inventory.control_plane().any(verifies);
    for node in &inventory.nodes {
        for slot in node.slots.values() {
            let Artifact::KubeletConfig(config) = &slot.artifact else { continue };
            if config.rotate_certificates == Some(false) {
                findings.push(
                    Finding::warning(
                        "kubelet-does-not-renew",
                        &slot.file,
                        format!(
                            "the kubelet of {} does not renew its certificate: rotateCertificates is false",
                            node.name
                        ),
                    )
                    .remedy("Have the package issue kubelet certificates (--kubelet-certs mint)"),
                );
            }
            if config.server_tls_bootstrap == Some(true) {
                findings.push(
                    Finding::warning("kubelet-serving-requests", &slot.file, format!("the kubelet of {} requests its serving certificate from the cluster CA, and Kubernetes does not approve such requests by default", node.name))
                        .remedy(if by_step {
                            "In phase 2, the kubelet requests a new one: approve that request (kubectl certificate approve)"
                        } else {
                            "After phase 2, delete kubelet-server-current.pem on the node, restart the kubelet, and approve the new request (kubectl certificate approve)"
                        }),
                );
            }
            let path = inventory.profile.authority(AuthorityId::Cluster).map(|row| row.certificate);
            let own = |file: &&str| Some(*file) == path || inventory.is_client_bundle(node, file);
            if let Some(file) = config.client_ca_file.as_deref().filter(|file| !own(file)) {
                findings.push(
                    Finding::error(
                        "other-layout",
                        &slot.file,
                        format!("clientCAFile is {file}, not {}", path.unwrap_or_default()),
                    )
                    .remedy("Set it to the cluster's ca.crt, or provide the file as well if it contains the cluster CA and CAs of other clients"),
                );
            }
        }
    }
}

/// A manifest of another cluster: nothing in it is signed, but kubeadm writes the cluster's name into it
/// (kubernetes/kubernetes: cmd/kubeadm/app/phases/controlplane/manifests.go, `--cluster-name`).
pub(super) fn clusters(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in inventory.control_plane() {
        let Some((slot, manifest)) =
            inventory.profile.manifest(Component::ControllerManager).and_then(|path| node.static_pod(path))
        else {
            continue;
        };
        let name = manifest.lookup("cluster-name").unwrap_or_default();
        if !name.is_empty() && name != inventory.cluster {
            findings.push(
                Finding::warning(
                    "two-clusters",
                    &slot.file,
                    format!("--cluster-name is {name}, but the cluster's name is {}", inventory.cluster),
                )
                .remedy(
                    "Check whether the manifest belongs to this cluster; the node's script compares it with the manifest on the node",
                ),
            );
        }
    }
}

/// A manifest that was cut off at a line is YAML all the same, and would be written back without its end.
pub(super) fn ends(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for slot in inventory.control_plane().flat_map(|node| node.slots.values()) {
        if matches!(slot.artifact, Artifact::StaticPod(_)) && !slot.bytes.ends_with(b"\n") {
            findings.push(
                Finding::warning("cut-off", &slot.file, "the last line has no line break, so the file may be truncated")
                    .remedy("Compare it with the file on the node, and copy it again; the node's script changes a manifest only if it is identical to the provided one"),
            );
        }
    }
}

/// Two static Pods of one namespace and name on a node: the kubelet runs only one of them. Its store has one Pod for each
/// name, the last file by name at each listing and the last one written in between, and of Pods that wait under one name it
/// starts one (kubernetes/kubernetes: pkg/kubelet/config/file.go, `extractFromDir`; pkg/kubelet/pod_workers.go,
/// `allowStaticPodStart`).
pub(super) fn static_pods(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in &inventory.nodes {
        for folder in inventory.manifest_folders(node) {
            let mut pods: BTreeMap<(&str, &str), Vec<&Slot>> = BTreeMap::new();
            for slot in node.files() {
                let (parent, name) = tree::split(&slot.place);
                if let Artifact::StaticPod(pod) = &slot.artifact
                    && parent == folder
                    && !name.starts_with('.')
                    && !pod.name.is_empty()
                {
                    let namespace = pod.namespace.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
                    pods.entry((namespace, &pod.name)).or_default().push(slot);
                }
            }
            for ((namespace, name), slots) in pods.iter().filter(|(_, slots)| slots.len() > 1) {
                let files: Vec<_> = slots.iter().map(|slot| tree::split(&slot.place).1).collect();
                let message = format!(
                    "{} on {} define the same static Pod {namespace}/{name}. The kubelet reads every file in {folder}, whatever its extension, and runs only one of them: which flags apply is not known",
                    files.join(" and "),
                    node.name
                );
                let copy = slots.iter().find(|slot| !inventory.profile.paths().any(|path| path == slot.place));
                findings.push(
                    Finding::error("duplicate-static-pod", copy.map_or("", |slot| &slot.file), message)
                        .remedy(format!("Move the copy out of {folder}, then provide the files again")),
                );
            }
        }
    }
}

/// The manifest of a component, where the kubelet reads it at another path than kubeadm's and no file is at that path.
/// kubeadm, too, knows a manifest only as `manifests/COMPONENT.yaml` (kubernetes/kubernetes:
/// cmd/kubeadm/app/constants/constants.go, `GetStaticPodFilepath`).
pub(super) fn misplaced_manifest<'a>(inventory: &'a Inventory, node: &'a Node, row: &StaticPodRow) -> Option<&'a Slot> {
    if node.slots.contains_key(row.path) || node.unusable.contains(row.path) {
        return None;
    }
    let folders = inventory.manifest_folders(node);
    let is_its_manifest = |slot: &&Slot| {
        let (parent, name) = tree::split(&slot.place);
        let runs = matches!(&slot.artifact, Artifact::StaticPod(pod) if pod.component == row.component.as_str());
        runs && !name.starts_with('.') && folders.iter().any(|folder| folder == parent)
    };
    node.files().find(is_its_manifest)
}

/// Manifests of the control plane that the package's scripts do not find.
pub(super) fn manifest_names(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in inventory.control_plane().filter(|node| node.role != Role::Hosted) {
        for row in inventory.profile.static_pods {
            let Some(slot) = misplaced_manifest(inventory, node, row) else { continue };
            let (folder, _) = tree::split(row.path);
            let message = format!(
                "the manifest of {} on {} is {}, but this package's scripts and kubeadm use only {}",
                row.component, node.name, slot.place, row.path
            );
            let remedy = if tree::split(&slot.place).0 == folder {
                format!("Rename it on the node (mv {} {}): the kubelet restarts the Pod", slot.place, row.path)
            } else {
                format!(
                    "Set staticPodPath of the kubelet to {folder}, move the manifests there under kubeadm's file names ({}), and restart the kubelet",
                    row.path
                )
            };
            findings.push(
                Finding::error("manifest-name", &slot.file, message)
                    .remedy(format!("{remedy}; then provide the files again")),
            );
        }
    }
}

/// The flags of a component that name files of the profile's, and the files that each may name.
pub(super) fn flags(profile: &Profile, component: Component) -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = profile.flags.iter().filter(|row| row.component == component);
    let mut flags: Vec<_> = rows.map(|row| (row.flag, row.paths.to_vec())).collect();
    if let Some(row) = profile.authority(AuthorityId::Cluster).filter(|_| component == Component::ControllerManager) {
        let signing = &profile.signing;
        flags.push((SIGNING_FLAG, vec![row.certificate, signing.certificate]));
        flags.push((SIGNING_KEY_FLAG, vec![row.key, signing.key]));
    }
    flags
}

/// What a flag names must be on the node where it is in the container, and seen there when it is replaced.
fn unlike_on_node(pod: &StaticPod, file: &str, flag: &str, value: &str) -> Option<Finding> {
    let mount = pod.mount_of(value)?;
    let on_node = format!("{}{}", mount.on_node, &value[mount.inside.len()..]);
    if on_node != value {
        let message = format!("--{flag} is {value}, which is {on_node} on the node");
        let remedy = "Mount the folder at the same path in the container as on the node, as kubeadm does";
        return Some(Finding::error("other-layout", file, message).remedy(remedy));
    }
    (mount.inside == value).then(|| {
        let message = format!("--{flag} is {value}, which is mounted as a single file: when the file is replaced, the container still sees the old one");
        Finding::error("mounted-alone", file, message).remedy("Mount the folder that contains it, as kubeadm does")
    })
}

/// A rotation that was begun by hand: kube-controller-manager signs from a copy of the new CA.
fn signs_from_copy(inventory: &Inventory, node: &Node, copy: &SigningCopy, findings: &mut Vec<Finding>) {
    let Some((slot, _)) = node.pod_of(inventory.profile, Component::ControllerManager) else { return };
    let message = format!(
        "kube-controller-manager signs from {}, a copy of the new CA: a manual rotation is in progress, as the Kubernetes documentation describes it",
        copy.certificate
    );
    findings.push(
        Finding::note("signs-from-copy", &slot.file, message)
            .remedy("The plan continues with this CA; phase 3 resets the flags and removes the copy"),
    );
}

/// Rotations that were begun by hand with a bundle in a file of its own: a plan continues only from `ca.crt`.
fn own_bundles(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(row) = inventory.profile.authority(AuthorityId::Cluster) else { return };
    let manager = inventory.profile.manifest(Component::ControllerManager).unwrap_or_default();
    let found = inventory.control_plane().filter_map(|node| Some((node, inventory.own_bundle(node)?)));
    let mut bundles: BTreeMap<OwnBundle, Vec<&Node>> = BTreeMap::new();
    for (node, bundle) in found {
        bundles.entry(bundle).or_default().push(node);
    }
    for (bundle, nodes) in bundles {
        let names: Vec<_> = nodes.iter().map(|node| node.name.as_str()).collect();
        let ca = row.certificate;
        let OwnBundle { certificates, signing, .. } = &bundle;
        let signs = match signing {
            Some(path) => format!("signs from {path}"),
            None => format!("signs from {ca}"),
        };
        let message = format!(
            "a manual rotation with separate files is in progress: kube-controller-manager on {} publishes the old and the new CA from {certificates} and {signs}, and {ca} still contains only the old CA. This release continues a rotation only if {ca} contains both CAs",
            names.join(", ")
        );
        // A kube-controller-manager that signs from a bundle stops, so that its own file has to come first.
        let remedy = match signing {
            Some(_) => format!(
                "On each of these nodes, run cp {certificates} {ca}, and set --root-ca-file of kube-controller-manager and --client-ca-file of kube-apiserver to {ca}; do not change the signing flags and --client-ca-file of kube-controller-manager. When both components run again, remove {certificates} and provide the files again: the plan continues with the same new CA"
            ),
            None => format!(
                "Set --root-ca-file of kube-controller-manager to {ca} again, then provide the files again: the plan starts with phase 1"
            ),
        };
        let file = nodes.first().and_then(|node| node.file(manager)).map_or("", |slot| slot.file.as_str());
        findings.push(Finding::error("rotation-own-files", file, message).remedy(remedy));
    }
}

/// Files that lie elsewhere than the profile says, and nodes whose names would be taken for something else.
pub(super) fn layout(inventory: &Inventory, findings: &mut Vec<Finding>) {
    own_bundles(inventory, findings);
    for node in inventory.control_plane() {
        let (bundle, copy) = (inventory.own_bundle(node), inventory.signing_copy(node));
        if let Some(copy) = &copy {
            signs_from_copy(inventory, node, copy, findings);
        }
        for pod in inventory.profile.static_pods {
            let Some((slot, manifest)) = node.static_pod(pod.path) else { continue };
            let copy = copy.as_ref().filter(|_| pod.component == Component::ControllerManager);
            for (flag, paths) in flags(inventory.profile, pod.component) {
                let value = manifest.lookup(flag).unwrap_or_default();
                // They have an error of their own.
                if bundle.as_ref().is_some_and(|bundle| bundle.is_named_by(flag, &value)) {
                    continue;
                }
                // The rotation goes on from there, and phase 3 takes the flags back.
                if copy.is_some_and(|copy| copy.is_named_by(flag, &value)) {
                    continue;
                }
                findings.extend(unlike_on_node(manifest, &slot.file, flag, &value));
                // Files that the plan changes as it finds them: clients' and published CAs, and what signs beside a bundle.
                if (flag == CLIENT_FLAG && inventory.is_client_bundle(node, &value))
                    || (flag == PUBLISHED_FLAG && inventory.is_published_bundle(node, &value))
                    || (flag == SIGNING_FLAG && inventory.separate_signing(node).as_deref() == Some(value.as_str()))
                {
                    continue;
                }
                if !value.is_empty() && !paths.contains(&value.as_str()) {
                    let takes_bundles = inventory.profile.course == RotationMethod::NodeFiles
                        && [CLIENT_FLAG, PUBLISHED_FLAG].contains(&flag);
                    let remedy = if takes_bundles {
                        format!(
                            "Let it name {}, or provide the file as well if it contains only CA certificates, the Cluster CA among them",
                            paths[0]
                        )
                    } else {
                        "The flags of every node and component must name the same PKI paths, in folders that contain nothing else"
                            .to_owned()
                    };
                    findings.push(
                        Finding::error("other-layout", &slot.file, format!("--{flag} is {value}, not {}", paths[0]))
                            .remedy(remedy),
                    );
                }
            }
            for flag in inventory.profile.foreign_flags {
                if manifest.lookup(flag).is_some_and(|value| !value.is_empty()) {
                    findings.push(
                        Finding::error(
                            "other-layout",
                            &slot.file,
                            format!("--{flag} is set, which this release does not support"),
                        )
                        .remedy("Remove the flag before the rotation, and restore it afterwards"),
                    );
                }
            }
        }
    }
    for node in inventory.nodes.iter().filter(|node| HOLDERS.contains(&node.name.as_str())) {
        findings.push(
            Finding::error(
                "node-name",
                "",
                format!("a node is named {}, which is a reserved word in the package's manifest", node.name),
            )
            .remedy("This release cannot tell them apart"),
        );
    }
}
