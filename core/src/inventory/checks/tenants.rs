//! What a control plane that an operator keeps in Secrets has to be for a rotation, and what its operator would do.

use crate::{
    finding::Finding,
    inventory::model::{files::Role, inventory::Inventory, tenant::Tenant},
    profile::AuthorityId,
};

/// A tenant that is whole, whose Secrets are in step, and whose operator does not fight with them.
pub(super) fn tenants(inventory: &Inventory, findings: &mut Vec<Finding>) {
    if inventory.profile.hosted().is_none() {
        return;
    }
    for node in inventory.nodes.iter().filter(|node| node.role == Role::ControlPlane) {
        let file = node.slots.values().next().map_or("", |slot| slot.file.as_str());
        let message = format!(
            "{} looks like a control-plane node, but a tenant of {} has none",
            node.name, inventory.profile.title
        );
        findings.push(
            Finding::error("tenant-without-nodes", file, message)
                .remedy("Provide the tenant's Secrets, and only worker nodes"),
        );
    }
    let Some(tenant) = &inventory.tenant else { return };
    whole(tenant, findings);
    let Some(node) = inventory.nodes.iter().find(|node| node.role == Role::Hosted) else { return };
    for row in inventory.profile.authorities.iter().filter(|row| row.rotates) {
        let Some(slot) = node.slots.get(row.certificate) else { continue };
        if row.id == AuthorityId::Cluster && slot.artifact.certificates().len() > 1 {
            findings.extend(bundle(tenant, &slot.file));
        }
    }
    let Some(row) = inventory.profile.authority(AuthorityId::Cluster) else { return };
    let certificates = node.certificates(row.certificate);
    let copy = node.certificates(inventory.profile.signing.certificate);
    if let (Some(first), [_, ..]) = (certificates.first(), copy)
        && (copy.len() > 1 || copy[0] != *first)
    {
        let file = node.slots.get(inventory.profile.signing.certificate).map_or("", |slot| slot.file.as_str());
        findings.push(
            Finding::error("out-of-step", file, "it is not the first certificate of ca.crt, but kube-controller-manager will sign with it")
                .remedy("Set tls.crt and tls.key of the Secret to the same certificate and key as ca.crt and ca.key, as the operator does"),
        );
    }
}

/// Every Secret that a tenant has.
fn whole(tenant: &Tenant, findings: &mut Vec<Finding>) {
    let missing = tenant.hosted.secrets.iter().filter(|table| table.needed && tenant.secret(table.component).is_none());
    let missing: Vec<_> = missing.map(|table| format!("{}-{}", tenant.name, table.component)).collect();
    if !missing.is_empty() {
        findings.push(
            Finding::error(
                "missing-secret",
                "",
                format!("the tenant {} lacks {}", tenant.full_name(), missing.join(", ")),
            )
            .remedy(format!(
                "Provide all of them: kubectl -n {} get secrets -l {}={} -o yaml",
                tenant.namespace, tenant.hosted.name_label, tenant.name
            )),
        );
    }
    if tenant.control_plane.is_none() {
        findings.push(
            Finding::warning(
                "missing-tenant",
                "",
                format!(
                    "the {} {} was not provided, so its extra arguments and its pause annotation are unknown",
                    tenant.hosted.kind,
                    tenant.full_name()
                ),
            )
            .remedy(format!(
                "Provide it as well: kubectl -n {} get {} {} -o yaml",
                tenant.namespace, tenant.hosted.resource, tenant.name
            )),
        );
    }
}

/// A bundle under a running operator: it compares the whole of `ca.crt` with kubeconfigs into which it writes the first
/// certificate alone, and never comes to an end.
fn bundle(tenant: &Tenant, file: &str) -> Option<Finding> {
    let pause = format!(
        "kubectl -n {} annotate {} {} {}=",
        tenant.namespace, tenant.hosted.resource, tenant.name, tenant.hosted.pause
    );
    match tenant.is_paused() {
        Some(true) => None,
        Some(false) => Some(
            Finding::error("bundle-under-operator", file, "ca.crt contains more than one certificate while the operator runs: it rewrites kubeconfigs and restarts the control plane in an endless loop")
                .remedy(format!("Pause it now ({pause}), then provide all of this again")),
        ),
        None => Some(
            Finding::error("bundle-under-operator", file, format!("ca.crt contains more than one certificate, and the {} that shows whether the operator is paused was not provided", tenant.hosted.kind))
                .remedy(format!("Provide it as well; if it is not paused, pause it first: {pause}")),
        ),
    }
}
