//! What Cluster API makes of its Secrets (kubernetes-sigs/cluster-api: util/secret, util/kubeconfig, util/certs).

use crate::{
    finding::{Finding, Severity},
    formats::pem,
    inventory::model::{
        files::KubeconfigArtifact,
        inventory::Inventory,
        objects::{ObjectRole, StoredObject},
    },
    profile::{AuthorityId, CLUSTER_SECRET_TYPE, SecretContent},
};

/// The Secrets that were given, and one that should have been.
pub(super) fn secrets(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut left_alone = Vec::new();
    for stored in &inventory.objects {
        let ObjectRole::Secret(content) = stored.role else { continue };
        match content {
            SecretContent::Kubeconfig => {
                if let (Some((_, kubeconfig)), Some(cluster)) = (&stored.kubeconfig, stored.cluster()) {
                    entries(stored, kubeconfig, &cluster, findings);
                }
            }
            SecretContent::Authority(id) => {
                first_blocks(stored, findings);
                if inventory.profile.authority(id).is_some_and(|row| !row.rotates) {
                    left_alone.push(stored);
                }
            }
            SecretContent::ServiceAccount => left_alone.push(stored),
        }
    }
    for stored in left_alone {
        let what = match stored.role {
            ObjectRole::Secret(SecretContent::ServiceAccount) => "service account keys, which are no certificates",
            _ => "the etcd CA",
        };
        findings.push(
            Finding::note("left-alone", &stored.file, format!("it contains {what}: displayed, not changed"))
                .at(stored.place()),
        );
    }
    authorities(inventory, findings);
}

/// Without the Secret of an authority, Cluster API would go on making machines with the old one.
fn authorities(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(kubeconfig) = inventory.object(ObjectRole::Secret(SecretContent::Kubeconfig)) else { return };
    let Some(cluster) = kubeconfig.cluster() else { return };
    for (id, suffix) in [(AuthorityId::Cluster, "ca"), (AuthorityId::FrontProxy, "proxy")] {
        if inventory.authorities.contains_key(&id)
            && inventory.object(ObjectRole::Secret(SecretContent::Authority(id))).is_none()
        {
            findings.push(
                Finding::warning("management-ca-missing", &kubeconfig.file, format!("{cluster}-{suffix} was not provided: the management cluster would continue to create machines with the CA in it, so no roll-out is planned"))
                    .at(kubeconfig.place())
                    .remedy(format!("Provide the Secret {cluster}-{suffix} as well. If it does not exist, Cluster API does not create this Cluster's machines")),
            );
        }
    }
}

/// `RegenerateSecret` takes the server from the entry that is named like the Cluster without asking whether there is one;
/// `NeedsClientCertRotation` decodes the certificate of every user. Both look only at Secrets of Cluster API's own type.
fn entries(stored: &StoredObject, kubeconfig: &KubeconfigArtifact, cluster: &str, findings: &mut Vec<Finding>) {
    let own = stored.object.secret_type() == CLUSTER_SECRET_TYPE;
    let model = &kubeconfig.model;
    if !model.clusters.iter().any(|entry| entry.name == cluster) {
        let severity = if own { Severity::Error } else { Severity::Warning };
        let message =
            format!("no cluster entry is named {cluster}; Cluster API crashes when it renews such a kubeconfig");
        findings.push(
            Finding::new(severity, "cluster-entry-name", &stored.file, message)
                .at(stored.place())
                .remedy(format!("Rename the cluster entry to {cluster}, in its context too, before the rotation")),
        );
    }
    for (user, credential) in model.users.iter().zip(&kubeconfig.credentials) {
        if own && credential.is_none() {
            let message = format!(
                "user {} has no embedded client certificate, so Cluster API stops reconciling the control plane",
                user.name
            );
            findings.push(
                Finding::warning("user-without-certificate", &stored.file, message)
                    .at(stored.place())
                    .remedy("Remove that user, or change the type of the Secret: Cluster API then ignores it"),
            );
        }
    }
}

/// `DecodeCertPEM` and `DecodePrivateKeyPEM` read the first block, whatever it is; kubeadm on the nodes looks further.
fn first_blocks(stored: &StoredObject, findings: &mut Vec<Finding>) {
    let data = stored.object.secret_data();
    for (key, ending) in [("tls.crt", "CERTIFICATE"), ("tls.key", "PRIVATE KEY")] {
        let Some(bytes) = data.get(key) else { continue };
        let Some(first) = pem::blocks(bytes).blocks.into_iter().next() else { continue };
        if !first.label.ends_with(ending) {
            findings.push(
                Finding::warning("first-block", &stored.file, format!("Cluster API reads only its first PEM block, which is {}", first.label))
                    .at(format!("{}, data.{key}", stored.place()))
                    .remedy("Phase 3 rewrites it without that block; until then, remove the block if Cluster API reports an error"),
            );
        }
    }
}
