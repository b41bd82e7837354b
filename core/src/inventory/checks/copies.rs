//! Objects of the cluster that carry a rotated CA along: who writes it there, and what is left to do.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Finding,
    inventory::{CaCopy, CopyKind, Inventory, ObjectRole},
    profile::{AuthorityId, AuthorityRow},
    x509::Certificate,
};

/// Names of so many objects are said; the rest is counted.
const NAMED: usize = 5;

/// Who signs for kubelets; what they hold is renewed by the rotation itself
/// (kubernetes/api: certificates/v1, `KubeAPIServerClientKubeletSignerName`, `KubeletServingSignerName`).
const KUBELET_SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"];

/// Copies of the authorities in Secrets and ConfigMaps.
pub(super) fn copies(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for (file, kind, group) in groups(inventory) {
        let holds = |id: AuthorityId| {
            let old = inventory.authorities.get(&id).map(|authority| authority.certificate.clone());
            move |copy: &&CaCopy| {
                old.as_ref().is_some_and(|old| copy.authorities.iter().any(|one| one.is_same_authority(old)))
            }
        };
        match kind {
            CopyKind::Other => others(inventory, file, &group, findings),
            CopyKind::Authentication => findings.push(
                Finding::note("ca-in-object", file, "extension-apiserver-authentication tells extension API servers whom to accept; each API server adds the new CAs to it by itself, and none takes the old ones away")
                    .remedy("The last step of phase 3 deletes it, so that it is made anew"),
            ),
            CopyKind::RootCa | CopyKind::Token => {
                let what = if kind == CopyKind::Token { "token Secrets" } else { "ConfigMaps kube-root-ca.crt" };
                let (same, other): (Vec<&CaCopy>, Vec<&CaCopy>) = group.iter().copied().partition(holds(AuthorityId::Cluster));
                if !same.is_empty() {
                    findings.push(
                        Finding::note("ca-in-object", file, format!("{what} carry the Cluster CA in ca.crt: {}", names(&same)))
                            .remedy("kube-controller-manager rewrites them in phases 1 and 3; programs that read such a token elsewhere need the new ca.crt"),
                    );
                }
                if !other.is_empty() && inventory.authorities.contains_key(&AuthorityId::Cluster) {
                    findings.push(
                        Finding::warning("out-of-step", file, format!("{what} carry another CA in ca.crt than the cluster's: {}", names(&other)))
                            .remedy("Check that they are of this cluster, and that kube-controller-manager's --root-ca-file is its CA"),
                    );
                }
            }
        }
    }
}

/// Copies that were found in one file and are written by the same hand.
fn groups(inventory: &Inventory) -> impl Iterator<Item = (&str, CopyKind, Vec<&CaCopy>)> {
    let mut groups: BTreeMap<(&str, CopyKind), Vec<&CaCopy>> = BTreeMap::new();
    for copy in &inventory.copies {
        groups.entry((&copy.file, copy.kind)).or_default().push(copy);
    }
    groups.into_iter().map(|((file, kind), group)| (file, kind, group))
}

/// What copies have in common that are named in one finding.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alike<'a> {
    object: &'a str,
    name: &'a str,
    key: &'a str,
    has_key: bool,
    id: AuthorityId,
    /// What to change at the program that writes them; empty where none is known.
    change: &'a str,
}

/// Copies that no component of the cluster updates, by object name: bundles stand in many namespaces.
fn others(inventory: &Inventory, file: &str, group: &[&CaCopy], findings: &mut Vec<Finding>) {
    let rows = inventory.profile.authorities.iter().filter(|row| row.rotates);
    let held: Vec<(&AuthorityRow, &Certificate)> =
        rows.filter_map(|row| Some((row, &inventory.authorities.get(&row.id)?.certificate))).collect();
    let mut alike: BTreeMap<Alike<'_>, Vec<&CaCopy>> = BTreeMap::new();
    for copy in group {
        for (row, old) in &held {
            if copy.authorities.iter().any(|one| one.is_same_authority(old)) {
                let change = copy.writer.as_ref().map_or("", |writer| writer.change.as_str());
                let CaCopy { object, name, key, has_key, .. } = *copy;
                let key = Alike { object, name, key, has_key: *has_key, id: row.id, change };
                alike.entry(key).or_default().push(copy);
            }
        }
    }
    for (Alike { object, name, key, has_key, id, .. }, copies) in alike {
        let title = inventory.profile.authority(id).map_or("CA", |row| row.title);
        let (many, hold) = if copies.len() == 1 { ("", "holds") } else { ("s", "hold") };
        let message = format!("{object}{many} {} {hold} the {title} under {key}", names(&copies));
        let written_by = copies.first().and_then(|copy| copy.writer.as_ref());
        let writer = written_by.map_or_else(String::new, |writer| {
            format!(". {} writes it ({}): {}", writer.title, writer.sign, writer.change)
        });
        let finding = if has_key {
            Finding::warning("ca-copy", file, format!("{message} together with a private key: issuers that use this Secret keep issuing from the old CA"))
                .remedy(format!("Write the new CA and its key into it in phase 2, when all clients trust both CAs; issuers of cert-manager read their CA from such a Secret{writer}"))
        } else {
            Finding::warning("ca-copy", file, format!("{message}, and no part of this package changes it"))
                .remedy(format!("Write both CAs into it in phase 1 and only the new CA in phase 3{writer}"))
        };
        let namespace = copies.first().filter(|_| copies.len() == 1).map_or("", |copy| copy.namespace.as_str());
        findings.push(finding.acknowledged_as(id, &format!("{object}/{namespace}/{name}/{key}").replace("//", "/")));
    }
}

fn names(copies: &[&CaCopy]) -> String {
    let all: BTreeSet<String> =
        copies
            .iter()
            .map(|copy| {
                if copy.namespace.is_empty() { copy.name.clone() } else { format!("{}/{}", copy.namespace, copy.name) }
            })
            .collect();
    let mut named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    let rest = format!("{} more", all.len().saturating_sub(NAMED));
    if all.len() > NAMED {
        named.push(&rest);
    }
    named.join(", ")
}

/// Requests to the cluster's own signers, and what came of them.
pub(super) fn requests(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    for stored in inventory.objects.iter().filter(|stored| stored.role == ObjectRole::SigningRequest) {
        let signer = stored.object.value.pointer("/spec/signerName").and_then(|name| name.as_str()).unwrap_or_default();
        let subject = stored.request.as_ref().map_or_else(String::new, |request| format!(" for {}", request.subject()));
        if stored.certificates.is_empty() {
            findings.push(
                Finding::note("request-waits", &stored.file, format!("a request{subject} to {signer} is not signed yet: approved before phase 2 it is signed by the old CA, afterwards by the new one"))
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
                .remedy("Its holder requests a new certificate in phase 2, before the old CA is dropped")
                .acknowledged_as(AuthorityId::Cluster, &stored.place().replace(' ', "/")),
            );
        }
    }
    for stored in inventory.objects.iter().filter(|stored| stored.role == ObjectRole::UploadedCertificates) {
        findings.push(
            Finding::note("uploaded-keys", &stored.file, "it holds the CAs' keys for control-plane nodes that join, encrypted with a key that is in no file; they are neither read nor needed")
                .at(stored.place())
                .remedy("A step of phase 1 deletes it; upload anew after phase 3 (kubeadm init phase upload-certs --upload-certs)"),
        );
    }
}
