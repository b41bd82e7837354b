//! Where files lie and how processes are set up: what a rotation relies on.

use crate::{
    Finding,
    inventory::{Artifact, Inventory},
    plan::{SIGNING_FLAG, SIGNING_KEY_FLAG},
    profile::{AuthorityId, Component, Profile},
};

/// What the package's manifest calls holders that are no nodes.
const HOLDERS: [&str; 5] = ["clients", "cluster", "control-plane", "management", "workers"];

/// Kubelets that will not do what a rotation asks of them.
pub(super) fn kubelets(inventory: &Inventory, findings: &mut Vec<Finding>) {
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
                    .remedy("Have certificates minted for kubelets (--kubelet-certs mint)"),
                );
            }
            if config.server_tls_bootstrap == Some(true) {
                findings.push(
                    Finding::warning("kubelet-serving-requests", &slot.file, format!("the kubelet of {} asks the cluster CA for its serving certificate, and nobody approves such requests by default", node.name))
                        .remedy("After phase 2, delete kubelet-server-current.pem on the node, restart the kubelet, and approve its request (kubectl certificate approve)"),
                );
            }
            let path = inventory.profile.authority(AuthorityId::Cluster).map(|row| row.certificate);
            if let Some(file) = config.client_ca_file.as_deref().filter(|file| Some(*file) != path) {
                findings.push(
                    Finding::error(
                        "other-layout",
                        &slot.file,
                        format!("clientCAFile is {file}, not {}", path.unwrap_or_default()),
                    )
                    .remedy("This release prepares clusters that keep their PKI in /etc/kubernetes/pki"),
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
                    format!("--cluster-name is {name}, and the cluster is called {}", inventory.cluster),
                )
                .remedy(
                    "Check whether the manifest is this cluster's; the node's script compares it with the node's own",
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
                Finding::warning("cut-off", &slot.file, "its last line does not end, so the file may be cut off")
                    .remedy("Compare it with the node's own, and copy it again; the node's script changes no manifest but the one that was given"),
            );
        }
    }
}

/// The flags that name what kube-controller-manager signs with, and the files that they may name.
fn signing_flags(profile: &Profile, component: Component) -> Vec<(&'static str, Vec<&'static str>)> {
    let Some(row) = profile.authority(AuthorityId::Cluster).filter(|_| component == Component::ControllerManager)
    else {
        return Vec::new();
    };
    let signing = &profile.signing;
    vec![(SIGNING_FLAG, vec![row.certificate, signing.certificate]), (SIGNING_KEY_FLAG, vec![row.key, signing.key])]
}

/// Files that lie elsewhere than the profile says, and nodes whose names would be taken for something else.
pub(super) fn layout(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in inventory.control_plane() {
        for pod in inventory.profile.static_pods {
            let Some((slot, manifest)) = node.static_pod(pod.path) else { continue };
            let rows = inventory.profile.flags.iter().filter(|row| row.component == pod.component);
            let rows = rows.map(|row| (row.flag, row.paths.to_vec()));
            for (flag, paths) in rows.chain(signing_flags(inventory.profile, pod.component)) {
                let value = manifest.lookup(flag).unwrap_or_default();
                if !value.is_empty() && !paths.contains(&value.as_str()) {
                    findings.push(
                        Finding::error("other-layout", &slot.file, format!("--{flag} is {value}, not {}", paths[0]))
                            .remedy("This release prepares clusters whose PKI lies where kubeadm puts it"),
                    );
                }
            }
            for flag in inventory.profile.foreign_flags {
                if manifest.lookup(flag).is_some_and(|value| !value.is_empty()) {
                    findings.push(
                        Finding::error(
                            "other-layout",
                            &slot.file,
                            format!("--{flag} is set, which this release does not take along"),
                        )
                        .remedy("Take the flag out before the rotation, and put it back afterwards"),
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
                format!("a node is called {}, a word that the package's manifest uses for something else", node.name),
            )
            .remedy("This release cannot tell them apart"),
        );
    }
}
