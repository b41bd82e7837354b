//! Objects of the cluster that carry a rotated CA along: who writes it there, and what is left to do.

use std::collections::BTreeMap;

use super::{iteration::names, objects};
use crate::{
    finding::Finding,
    inventory::model::{
        copies::{CaCopy, CopyKind},
        inventory::Inventory,
        objects::ObjectRole,
    },
    profile::AuthorityId,
};

/// Who signs for kubelets; what they hold is renewed by the rotation itself
/// (kubernetes/api: certificates/v1, `KubeAPIServerClientKubeletSignerName`, `KubeletServingSignerName`).
const KUBELET_SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"];

/// Copies of the authorities in Secrets and ConfigMaps.
pub(super) fn copies(inventory: &Inventory, findings: &mut Vec<Finding>) {
    objects::others(inventory, findings);
    for (file, kind, group) in groups(inventory) {
        let holds = |id: AuthorityId| {
            let old = inventory.authorities.get(&id).map(|authority| authority.certificate.clone());
            move |copy: &&CaCopy| {
                old.as_ref().is_some_and(|old| copy.authorities().any(|one| one.is_same_authority(old)))
            }
        };
        match kind {
            CopyKind::Other => {}
            CopyKind::HelmRelease => objects::releases(inventory, file, &group, findings),
            CopyKind::Authentication => findings.push(
                Finding::note("ca-in-object", file, "extension-apiserver-authentication lists the client CAs that extension API servers trust; each API server adds the new CAs, and none removes the old ones")
                    .remedy("The last step of phase 3 deletes it, and API servers recreate it"),
            ),
            CopyKind::RootCa | CopyKind::Token => {
                let what = if kind == CopyKind::Token { "token Secrets" } else { "ConfigMaps kube-root-ca.crt" };
                let (same, other): (Vec<&CaCopy>, Vec<&CaCopy>) = group.iter().copied().partition(holds(AuthorityId::Cluster));
                if !same.is_empty() {
                    findings.push(
                        Finding::note("ca-in-object", file, format!("{what} contain the cluster CA in ca.crt: {}", names(&same)))
                            .remedy("kube-controller-manager updates them in phases 1 and 3. A program outside the cluster that uses a copy of ca.crt needs the new one"),
                    );
                }
                let fixed: Vec<&CaCopy> = same.iter().copied().filter(|copy| copy.is_immutable).collect();
                if !fixed.is_empty() {
                    findings.push(fixed_tokens(file, &fixed));
                }
                if !other.is_empty() && inventory.authorities.contains_key(&AuthorityId::Cluster) {
                    findings.push(
                        Finding::warning("out-of-step", file, format!("{what} contain a CA in ca.crt that is not the cluster's: {}", names(&other)))
                            .remedy("Check that they belong to this cluster, and that kube-controller-manager's --root-ca-file is its CA"),
                    );
                }
            }
        }
    }
}

/// Token Secrets that kube-controller-manager cannot update: the steps that wait for them would wait for good.
fn fixed_tokens(file: &str, copies: &[&CaCopy]) -> Finding {
    let message = format!(
        "token Secrets are immutable, so kube-controller-manager cannot update their ca.crt, and phase 1 does not pass its check: {}",
        names(copies)
    );
    Finding::warning("immutable-object", file, message).remedy(
        "Before phase 1, delete each and create it again without immutable, which replaces its token. Distribute the new token to the programs that use it",
    )
}

/// Copies that were found in one file and are written by the same hand.
fn groups(inventory: &Inventory) -> impl Iterator<Item = (&str, CopyKind, Vec<&CaCopy>)> {
    let mut groups: BTreeMap<(&str, CopyKind), Vec<&CaCopy>> = BTreeMap::new();
    for copy in &inventory.copies {
        groups.entry((&copy.file, copy.kind)).or_default().push(copy);
    }
    groups.into_iter().map(|((file, kind), group)| (file, kind, group))
}

/// Requests to the cluster's own signers, and what came of them.
pub(super) fn requests(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    for stored in inventory.objects.iter().filter(|stored| stored.role == ObjectRole::SigningRequest) {
        let signer = stored.object.value.pointer("/spec/signerName").and_then(|name| name.as_str()).unwrap_or_default();
        let subject = stored.request.as_ref().map_or_else(String::new, |request| format!(" for {}", request.subject()));
        if stored.certificates.is_empty() {
            findings.push(
                Finding::note("request-waits", &stored.file, format!("a request{subject} to {signer} is not signed yet: the old CA signs it if it is approved before phase 2, and the new CA afterwards"))
                    .at(stored.place())
                    .remedy("Approve it after phase 2, or deny it"),
            );
        } else if !KUBELET_SIGNERS.contains(&signer)
            && let Some(leaf) = stored.certificates.first().filter(|leaf| leaf.is_signed_by(&authority.certificate))
        {
            findings.push(
                Finding::warning(
                    "loose-leaf",
                    &stored.file,
                    format!("{} was signed by the old CA on request; this package does not replace it", leaf.subject()),
                )
                .at(stored.place())
                .remedy("Request a new certificate for its client in phase 2, before phase 3 removes the old CA")
                .acknowledged_as(AuthorityId::Cluster, &stored.place().replace(' ', "/")),
            );
        }
    }
    for stored in inventory.objects.iter().filter(|stored| stored.role == ObjectRole::UploadedCertificates) {
        findings.push(
            Finding::note("uploaded-keys", &stored.file, "it contains the CA keys for joining control-plane nodes, encrypted with a key that is stored in no file; the rotation does not use it")
                .at(stored.place())
                .remedy("A step of phase 1 deletes it; upload the certificates again after phase 3 (kubeadm init phase upload-certs --upload-certs)"),
        );
    }
}
