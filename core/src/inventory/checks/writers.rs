//! Objects that the package changes and that the cluster, or a program in it, would not leave so.

use crate::{
    finding::Finding,
    inventory::{
        model::{
            inventory::Inventory,
            objects::{HostedRole, ObjectRole, StoredObject},
        },
        writers::{is_immutable, writer},
    },
    profile::SecretContent,
};

/// Objects that another program writes again, and objects that cannot be changed.
pub(super) fn objects(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for stored in &inventory.objects {
        let Some(phases) = phases(inventory, stored) else { continue };
        let writer = writer(&stored.object);
        if let Some(writer) = &writer {
            let message = format!(
                "{} writes this object ({}) and reverts the change that the package makes in {phases}",
                writer.title, writer.sign
            );
            findings.push(
                Finding::warning("object-writer", &stored.file, message).at(stored.place()).remedy(&writer.change),
            );
        }
        if is_immutable(&stored.object) {
            let racing = writer.filter(|writer| writer.watches);
            findings.push(match racing {
                Some(writer) => Finding::error(
                    "immutable-object",
                    &stored.file,
                    format!("this object is immutable, so it has to be deleted and created again, and {} creates the old one again as soon as it is deleted", writer.title),
                )
                .remedy(format!("Create it without `immutable: true` at its source, then load it again. {}", writer.change)),
                None => immutable(stored, phases),
            }
            .at(stored.place()));
        }
    }
}

/// The phases in which the package changes an object; `None` where it does not.
fn phases(inventory: &Inventory, stored: &StoredObject) -> Option<&'static str> {
    match stored.role {
        ObjectRole::ClusterInfo | ObjectRole::Secret(SecretContent::Kubeconfig) => Some("phases 1, 2 and 3"),
        ObjectRole::Hosted(HostedRole::Secret) => Some("phases 1, 2 and 3"),
        ObjectRole::Secret(SecretContent::Authority(id)) => {
            inventory.profile.authority(id).filter(|row| row.rotates).map(|_| "phase 3")
        }
        _ => None,
    }
}

/// An API server refuses every change of an immutable object's data (kubernetes/kubernetes: pkg/apis/core/validation,
/// `ValidateSecretUpdate`), so a management Secret is deleted and created again. Cluster API does not get in between: it is
/// paused until the CA Secrets are written, and a kubeconfig that it creates in the meantime is mutable and overwritten
/// (kubernetes-sigs/cluster-api: controlplane/kubeadm/internal/controllers/helpers.go, `reconcileKubeconfig`).
///
/// Neither `cluster-info` nor a tenant's Secret can be handled so: the bootstrap signer has to add its signatures to the
/// one, and a kubelet never reads an immutable Secret again while a Pod uses it (kubernetes/kubernetes:
/// pkg/kubelet/util/manager/watch_based_manager.go).
fn immutable(stored: &StoredObject, phases: &str) -> Finding {
    let replace = |kind: &str| {
        let object = &stored.object;
        let namespace = object.effective_namespace();
        format!(
            "Create it again without `immutable: true`, then load it again: `kubectl -n {namespace} get {kind} {} -o yaml | sed /^immutable:/d | kubectl replace --force -f -`",
            object.name
        )
    };
    match stored.role {
        ObjectRole::ClusterInfo => Finding::error(
            "immutable-object",
            &stored.file,
            "cluster-info is immutable: the API server refuses every change of its data, and the bootstrap signer could not sign a new one",
        )
        .remedy(replace("configmap")),
        ObjectRole::Hosted(_) => Finding::error(
            "immutable-object",
            &stored.file,
            "this Secret is immutable: the API server refuses every change of its data, and kubelets do not read a new one for Pods on the same node",
        )
        .remedy(replace("secret")),
        _ => Finding::warning(
            "immutable-object",
            &stored.file,
            format!("this Secret is immutable: the package deletes it and creates it again in {phases}"),
        )
        .remedy("Let the account that runs apply.sh delete Secrets: `kubectl auth can-i delete secrets -n NAMESPACE`"),
    }
}
