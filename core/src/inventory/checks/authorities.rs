//! The authorities and what hangs on them: all there, all the same, each key beside its certificate.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    iteration::{every_kubeconfig, join, severity},
    layout::misplaced_manifest,
    signatures::{issuer_name, signature_not_judged},
};
use crate::{
    finding::{Finding, Severity},
    inventory::model::{
        files::{Artifact, EmbeddedCredential, Node, Role},
        inventory::Inventory,
        objects::ObjectRole,
    },
    profile::{AuthorityId, AuthorityRow, Component, RotationMethod, SIGNING_FLAG, SecretContent, StaticPodRow},
    text::hex,
    time::UnixTime,
    x509::{Certificate, PrivateKey, SignatureVerdict},
};

/// Files of a control-plane node without which it would be left behind.
pub(super) fn missing(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let profile = inventory.profile;
    for node in inventory.control_plane().filter(|node| node.role != Role::Hosted) {
        let mut needed: Vec<&str> = Vec::new();
        let known = |id: AuthorityId| id == AuthorityId::Cluster || inventory.authorities.contains_key(&id);
        for row in profile.authorities.iter().filter(|row| row.rotates && known(row.id)) {
            needed.push(row.certificate);
            needed.extend(profile.leaves.iter().filter(|leaf| leaf.authority == row.id).map(|leaf| leaf.certificate));
        }
        needed.extend(profile.kubeconfigs.iter().filter(|row| row.reader.is_some()).map(|row| row.path));
        for path in needed {
            if !node.slots.contains_key(path) && !node.unusable.contains(path) {
                let message = format!("node {} lacks {path}, so the rotation would not reach it", node.name);
                let remedy = match profile.directory {
                    "" => "Provide its whole configuration (private keys can be removed)".to_owned(),
                    directory => format!("Provide the node's whole {directory} (private keys can be omitted)"),
                };
                findings.push(Finding::error("missing-file", "", message).remedy(remedy));
            }
        }
        missing_manifests(inventory, node, findings);
    }
    let made_here = !matches!(profile.course, RotationMethod::Managed(_));
    if inventory.authorities.is_empty() && made_here && !inventory.is_other_input() {
        findings.push(
            Finding::error("missing-ca", "", "no CA certificate was provided")
                .remedy(format!("Provide {}", profile.input)),
        );
    }
}

/// Manifests of components whose flags decide what is read. That of the scheduler or of etcd is missed where the node has
/// the files of its component and other manifests: etcd may run elsewhere.
fn missing_manifests(inventory: &Inventory, node: &Node, findings: &mut Vec<Finding>) {
    let profile = inventory.profile;
    let is_there = |path: &str| node.slots.contains_key(path) || node.unusable.contains(path);
    let has_others = profile.static_pods.iter().any(|row| is_there(row.path));
    let is_misplaced = |row: &StaticPodRow| misplaced_manifest(inventory, node, row).is_some();
    let has_etcd = || {
        let mut rows = profile.leaves.iter().filter(|row| row.authority == AuthorityId::Etcd);
        rows.any(|row| row.name == "etcd/server" && is_there(row.certificate))
    };
    for row in profile.static_pods.iter().filter(|row| !is_there(row.path) && !is_misplaced(row)) {
        let (what, remedy) = match row.component {
            Component::ControllerManager => (
                "so its signing flags are unknown",
                "Provide it; otherwise the node's script changes only the signing flag, in the manifest on the node",
            ),
            _ if !has_others || (row.component == Component::Etcd && !has_etcd()) => continue,
            _ => (
                "so the files that its flags name are not known",
                "Provide it: a flag that names another file than kubeadm's can break a connection that counts as working here",
            ),
        };
        let message = format!("node {} lacks {}, {what}", node.name, row.path);
        findings.push(Finding::warning("missing-manifest", "", message).remedy(remedy));
    }
}

/// An authority's file or Secret: its row, the node, the file, the place in it, and its certificates.
type OwnFile<'a> = (&'a AuthorityRow, Option<&'a Node>, &'a str, String, &'a [Certificate]);

/// An authority must be one, alive, and able to sign.
pub(super) fn authorities(inventory: &Inventory, now: UnixTime, findings: &mut Vec<Finding>) {
    let mut places: Vec<OwnFile<'_>> = Vec::new();
    for row in inventory.profile.authorities {
        for node in &inventory.nodes {
            if let Some(slot) = node.slots.get(row.certificate) {
                places.push((row, Some(node), &slot.file, String::new(), slot.artifact.certificates()));
            }
        }
        for stored in &inventory.objects {
            if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id)) {
                places.push((row, None, &stored.file, stored.place(), &stored.certificates));
            }
        }
    }
    for (row, node, file, place, certificates) in places {
        let severity = severity(inventory, row.id);
        let mut distinct: BTreeSet<&Certificate> = certificates.iter().collect();
        let keeps = row.rotates && node.is_some_and(|node| inventory.keeps_foreign(node, row.id));
        let foreign = if keeps { inventory.foreign_in(row.id, certificates) } else { Vec::new() };
        distinct.retain(|certificate| !foreign.contains(certificate));
        let under_way = inventory.rotations.contains_key(&row.id)
            && distinct.iter().all(|certificate| inventory.present(row.id).contains(certificate));
        if distinct.len() > 1 && !under_way {
            findings.push(
                Finding::new(
                    severity,
                    "bundle",
                    file,
                    format!("it contains {} certificates, but must contain only the {}", distinct.len(), row.title),
                )
                .at(&place)
                .remedy(bundle_remedy(inventory, row, node)),
            );
        }
        for certificate in certificates.iter().filter(|one| !foreign.contains(one)) {
            let subject = certificate.subject();
            if !certificate.is_root_authority() {
                findings.push(
                    Finding::new(
                        severity,
                        "not-a-ca",
                        file,
                        format!("{subject} is a leaf certificate, not a CA: its basicConstraints lack CA:TRUE"),
                    )
                    .at(&place)
                    .remedy(format!("Put the {} here", row.title)),
                );
            } else if !certificate.can_sign_certificates() {
                findings.push(
                    Finding::new(
                        severity,
                        "ca-cannot-sign",
                        file,
                        format!("{subject} cannot sign certificates: its keyUsage lacks keyCertSign"),
                    )
                    .at(&place)
                    .remedy("Check that this is the CA; clients reject the certificates that it signed"),
                );
            }
            if certificate.not_after() < now {
                findings.push(
                    Finding::new(
                        severity,
                        "ca-expired",
                        file,
                        format!(
                            "{subject} expired on {}: all its certificates are now rejected, so trust cannot be handed over to a new CA gradually",
                            certificate.not_after().date()
                        ),
                    )
                    .at(&place)
                    .remedy(expired_remedy(row.id)),
                );
            }
        }
    }
    let clusters = inventory.authorities.get(&AuthorityId::Cluster);
    let proxies = inventory.authorities.get(&AuthorityId::FrontProxy);
    if let (Some(cluster), Some(proxy)) = (clusters, proxies)
        && cluster.certificate.public_key() == proxy.certificate.public_key()
    {
        findings.push(
            Finding::error("shared-ca", &proxy.file, "one CA is used for the cluster and for the front proxy, so any client certificate could impersonate the aggregator")
                .remedy("Create a separate front-proxy CA first: on one control-plane node, move front-proxy-ca.* and front-proxy-client.* aside and run kubeadm init phase certs front-proxy-ca; copy both files to the other control-plane nodes; run kubeadm init phase certs front-proxy-client on each. Aggregated APIs fail until every API server has them. Then provide the files again"),
        );
    }
}

/// What to do about further certificates in the file or Secret of a CA. Which component reads it, and by which flag, depends on
/// the CA.
fn bundle_remedy(inventory: &Inventory, row: &AuthorityRow, node: Option<&Node>) -> String {
    const IN_PROGRESS: &str =
        "If a rotation is in progress, add its package, or the nodes' certificates that the new CA issued";
    const SIGNS: &str = "kube-controller-manager signs with it, and stops if it contains more than one certificate";
    let title = row.title;
    if !row.rotates {
        return format!(
            "This package does not change the {title}. Nothing to do if each of these certificates is needed"
        );
    }
    if let Some(accepted) = row.accepted {
        return format!(
            "{IN_PROGRESS}. Otherwise keep only the {title} in {}, and list other CAs in {accepted}",
            row.certificate
        );
    }
    let place = if node.is_some() { "in this file" } else { "in this Secret" };
    if row.id == AuthorityId::Cluster {
        let takes_signing_file = inventory.profile.course == RotationMethod::NodeFiles && node.is_some();
        let other = if takes_signing_file {
            format!(
                " If the other CA is not this cluster's and must remain, set --{SIGNING_FLAG} of every kube-controller-manager to a file that contains only the {title}, and provide that file too."
            )
        } else {
            String::new()
        };
        return format!("{IN_PROGRESS}.{other} Otherwise keep only the {title} {place}: {SIGNS}");
    }
    let flags: BTreeSet<_> = inventory.profile.flags_of(row.certificate).map(|flag| format!("--{flag}")).collect();
    let flags = flags.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "{IN_PROGRESS}. Otherwise keep only the {title} {place}: API servers verify front proxies with it ({flags}), and this release keeps no other CA there. If a front proxy presents a certificate of the other CA, first replace it by one that the {title} issued"
    )
}

/// What an expired CA means for the cluster, and what to do.
fn expired_remedy(id: AuthorityId) -> &'static str {
    match id {
        AuthorityId::FrontProxy => {
            "Extension API servers that verify expiry dates already reject the API servers' requests: replace the files of aggregated APIs at once, with an outage"
        }
        AuthorityId::Etcd => {
            "API servers and etcd members that verify expiry dates already reject each other's certificates: replace the files at once, with an outage"
        }
        _ => {
            "Every client that verifies expiry dates already rejects this cluster. A rotation without an outage is not possible: replace the files on all nodes at once"
        }
    }
}

/// How to find out which of two versions of a CA is in use.
fn in_use_remedy(id: AuthorityId) -> &'static str {
    match id {
        AuthorityId::FrontProxy => {
            "Find out which one the running API servers use (kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml, requestheader-client-ca-file), and provide that one for every node"
        }
        AuthorityId::Etcd => {
            "Find out which one the running etcd members use (openssl s_client -connect NODE:2379 -showcerts), and provide that one for every node"
        }
        _ => {
            "Find out which one the running API servers use (openssl s_client -showcerts), and provide that one for every node"
        }
    }
}

/// CAs that are trusted together with an authority and take no part in a rotation: they stay where they are, in every phase.
pub(super) fn foreign(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let client_files: Vec<_> = inventory.nodes.iter().map(|node| (node, inventory.client_files(node))).collect();
    let uses = Uses { clients: accepted_by(inventory, &client_files), publishers: published_by(inventory) };
    let title = |id| inventory.profile.authority(id).map_or("CA", |row| row.title);
    let own = inventory.present(AuthorityId::Cluster);
    let strays = inventory.rotations.get(&AuthorityId::Cluster).map_or(&[][..], |rotation| &rotation.strays);
    for (file, place, kubeconfig) in every_kubeconfig(inventory) {
        for (index, anchors) in kubeconfig.trust.iter().enumerate() {
            if !anchors.iter().any(|anchor| own.contains(&anchor)) {
                continue;
            }
            let others: BTreeSet<_> =
                anchors.iter().filter(|one| !own.contains(one) && !strays.contains(one)).collect();
            let place = join(&place, &format!("clusters[{index}].cluster.certificate-authority-data"));
            let told = |other| foreign_authority(other, title(AuthorityId::Cluster), &uses).in_file(file).at(&place);
            findings.extend(others.into_iter().map(told));
        }
    }
    for (node, files) in &client_files {
        let rows = inventory.profile.authorities.iter();
        let rows = rows.filter(|row| row.rotates && inventory.keeps_foreign(node, row.id));
        let own = rows.map(|row| (row.id, row.certificate.to_owned()));
        let mut named: BTreeSet<_> =
            files.keys().filter(|path| inventory.is_client_bundle(node, path)).cloned().collect();
        named.extend(inventory.published_file(node).filter(|path| inventory.is_published_bundle(node, path)));
        for (id, path) in own.chain(named.into_iter().map(|path| (AuthorityId::Cluster, path))) {
            let Some(slot) = node.file(&path) else { continue };
            for other in inventory.foreign_in(id, slot.artifact.certificates()) {
                let finding = match other_authority_of_cluster(inventory, id, other) {
                    Some(row) if files.contains_key(&path) => own_authority_among_clients(title(id), row.title),
                    Some(row) => own_authority_published(title(id), row.title),
                    None => foreign_authority(other, title(id), &uses),
                };
                findings.push(finding.in_file(&slot.file));
            }
        }
    }
}

/// The components that use a foreign CA.
struct Uses<'a> {
    clients: Accepted<'a>,
    /// The nodes on which kube-controller-manager publishes it, by CA.
    publishers: BTreeMap<&'a Certificate, BTreeSet<&'a str>>,
}

/// The components that accept clients by a foreign CA, with their nodes.
type Accepted<'a> = BTreeMap<&'a Certificate, BTreeMap<Component, BTreeSet<&'a str>>>;

/// The files by which components of a node accept clients.
type ClientFiles<'a> = (&'a Node, BTreeMap<String, BTreeSet<Component>>);

/// The components that accept clients by foreign CAs, by CA.
fn accepted_by<'a>(inventory: &Inventory, client_files: &[ClientFiles<'a>]) -> Accepted<'a> {
    let mut accepted = Accepted::new();
    for (node, files) in client_files {
        for (path, components) in files {
            for foreign in inventory.foreign_in(AuthorityId::Cluster, node.certificates(path)) {
                for component in components {
                    accepted.entry(foreign).or_default().entry(*component).or_default().insert(&node.name);
                }
            }
        }
    }
    accepted
}

/// The nodes on which kube-controller-manager publishes foreign CAs, by CA.
fn published_by(inventory: &Inventory) -> BTreeMap<&Certificate, BTreeSet<&str>> {
    let mut publishers: BTreeMap<&Certificate, BTreeSet<&str>> = BTreeMap::new();
    for node in &inventory.nodes {
        let Some(path) = inventory.published_file(node) else { continue };
        for foreign in inventory.foreign_in(AuthorityId::Cluster, node.certificates(&path)) {
            publishers.entry(foreign).or_default().insert(&node.name);
        }
    }
    publishers
}

/// The other CA of this cluster that a certificate is, such as the front-proxy CA in a bundle of the cluster CA.
fn other_authority_of_cluster(
    inventory: &Inventory,
    id: AuthorityId,
    one: &Certificate,
) -> Option<&'static AuthorityRow> {
    let rows = inventory.profile.authorities.iter().filter(|row| row.id != id && row.rotates);
    rows.into_iter().find(|row| inventory.is_present(row.id, one))
}

/// Refuses another CA of the cluster in a client CA file: it would be taken for a foreign CA and stay after phase 3.
/// kube-apiserver and the kubelet accept its certificates as users, whom they name after the common name.
fn own_authority_among_clients(title: &str, other: &str) -> Finding {
    Finding::error(
        "bundle",
        "",
        format!("the file contains the {other} as well as the {title}: certificates that the {other} issued are accepted as users, and the file would trust the old {other} after phase 3"),
    )
    .remedy(format!("Remove the {other} from the file on each node that has it (kube-apiserver and the kubelet load the change), then provide the file again"))
}

/// Refuses another CA of the cluster in the file of `--root-ca-file` alone: likewise it would stay after phase 3.
fn own_authority_published(title: &str, other: &str) -> Finding {
    Finding::error(
        "bundle",
        "",
        format!("the file contains the {other} as well as the {title}: kube-controller-manager publishes both in kube-root-ca.crt, and Pods would trust the old {other} after phase 3"),
    )
    .remedy(format!("Remove the {other} from the file on each node that has it, restart kube-controller-manager, then provide the file again"))
}

/// Says which CA is foreign, which components accept its clients and which publish it; the same text wherever it is trusted.
fn foreign_authority(authority: &Certificate, title: &str, uses: &Uses<'_>) -> Finding {
    let title = if title == "Cluster CA" { "cluster CA" } else { title };
    let mut message = format!(
        "the CA {} (SHA-256 {}, valid from {}) is trusted together with the {title}, and no loaded file shows that it belongs to this cluster; it remains trusted in every phase",
        authority.subject(),
        hex::colons(&authority.fingerprint()),
        authority.not_before().date()
    );
    if let Some(accepted) = uses.clients.get(authority) {
        let words = |(component, nodes): (&Component, &BTreeSet<&str>)| {
            format!("{component} on {}", nodes.iter().copied().collect::<Vec<_>>().join(", "))
        };
        let servers: Vec<_> = accepted.iter().map(words).collect();
        message += &format!(". Clients with a certificate that it issued keep their access to {}", servers.join("; "));
    }
    if let Some(nodes) = uses.publishers.get(authority) {
        let nodes: Vec<_> = nodes.iter().copied().collect();
        message += &format!(
            ". kube-controller-manager on {} publishes it in kube-root-ca.crt in every phase, and Pods trust it",
            nodes.join(", ")
        );
    }
    Finding::warning("foreign-ca", "", message).remedy(
        "Nothing to do if a proxy, another service or people with certificates of this CA need it. If it is the old or new CA of a rotation in progress, add that rotation's package or a certificate that this CA issued, such as a node's apiserver.crt",
    )
}

/// Every copy of an authority's certificate must be the same.
pub(super) fn copies(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for row in inventory.profile.authorities {
        let Some(authority) = inventory.authorities.get(&row.id) else { continue };
        let severity = severity(inventory, row.id);
        let present = inventory.present(row.id);
        for node in &inventory.nodes {
            let Some(slot) = node.slots.get(row.certificate) else { continue };
            let certificates = slot.artifact.certificates();
            if certificates.is_empty() || holds_any(certificates, &present) {
                continue;
            }
            findings.push(if is_other_cluster(inventory, node, row) {
                Finding::new(
                    severity,
                    "two-clusters",
                    &slot.file,
                    format!(
                        "node {} belongs to another cluster than {}: another {} signed its certificates",
                        node.name, authority.file, row.title
                    ),
                )
                .remedy("Provide the files of one cluster at a time")
            } else {
                Finding::new(
                    severity,
                    "out-of-step",
                    &slot.file,
                    format!("the {} on node {} is not the one in {}", row.title, node.name, authority.file),
                )
                .remedy(in_use_remedy(row.id))
            });
        }
        for stored in &inventory.objects {
            if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id))
                && !stored.certificates.is_empty()
                && !holds_any(&stored.certificates, &present)
            {
                findings.push(
                    Finding::new(
                        severity,
                        "out-of-step",
                        &stored.file,
                        format!("the {} in the Secret is not the one in {}", row.title, authority.file),
                    )
                    .at(stored.place())
                    .remedy("Provide Secrets and node files of one cluster, collected at the same time"),
                );
            }
        }
    }
    let names: BTreeSet<String> = inventory.objects.iter().filter_map(|stored| stored.cluster()).collect();
    if names.len() > 1 {
        let names: Vec<_> = names.into_iter().collect();
        findings.push(
            Finding::error("two-clusters", "", format!("the Secrets belong to several clusters: {}", names.join(", ")))
                .remedy("Provide the Secrets of one cluster at a time"),
        );
    }
}

/// Is one of these authorities among the certificates? By name and key: a CA may have been renewed with its key.
fn holds_any(certificates: &[Certificate], authorities: &[&Certificate]) -> bool {
    certificates.iter().any(|one| authorities.iter().any(|authority| one.is_same_authority(authority)))
}

/// A whole node of another cluster: its own leaves hang on its own authority.
fn is_other_cluster(inventory: &Inventory, node: &Node, row: &AuthorityRow) -> bool {
    let own = node.certificates(row.certificate);
    let leaves = inventory.profile.leaves.iter().filter(|leaf| leaf.authority == row.id);
    let mut signed =
        leaves.filter_map(|leaf| inventory.signers.signer(node.certificates(leaf.certificate).first()?)).peekable();
    signed.peek().is_some() && signed.all(|signer| own.contains(signer))
}

/// A private key must be the certificate's beside it.
pub(super) fn pairs(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut compare = |severity,
                       file: &str,
                       place: &str,
                       certificates: &[Certificate],
                       key: &PrivateKey,
                       what: &str| {
        if let Some(certificate) = certificates.first()
            && certificates.iter().all(|certificate| certificate.public_key() != key.public_key())
        {
            let message =
                format!("the private key does not belong to the certificate {} in {what}", certificate.subject());
            findings.push(
                Finding::new(severity, "key-mismatch", file, message)
                    .at(place)
                    .remedy("Provide the key that belongs to the certificate; compare `openssl x509 -pubkey -noout -in CERT` with `openssl pkey -pubout -in KEY`"),
            );
        }
    };
    let profile = inventory.profile;
    let authorities = profile.authorities.iter().map(|row| (row.id, row.certificate, row.key));
    let leaves = profile.leaves.iter().map(|row| (row.authority, row.certificate, row.key));
    let rows: Vec<_> = authorities.chain(leaves).collect();
    for node in &inventory.nodes {
        for (id, certificate, key) in &rows {
            if let Some(slot) = node.slots.get(*key)
                && let Artifact::PrivateKey(private) = &slot.artifact
            {
                // While a rotation is under way, the key of either CA is one of its keys: where it stands tells more.
                let is_authority = profile.authorities.iter().any(|row| row.key == *key);
                let present = inventory.present(*id);
                if is_authority
                    && present.len() > 1
                    && present.iter().any(|one| one.public_key().is_same_key(private.public_key()))
                {
                    continue;
                }
                compare(severity(inventory, *id), &slot.file, "", node.certificates(certificate), private, certificate);
            }
        }
        for slot in node.slots.values() {
            if let Artifact::Credential(certificates, key) = &slot.artifact {
                compare(Severity::Warning, &slot.file, "", certificates, key, "the same file");
            }
        }
    }
    for stored in &inventory.objects {
        if let (ObjectRole::Secret(SecretContent::Authority(id)), Some(key)) = (stored.role, &stored.key) {
            compare(
                severity(inventory, id),
                &stored.file,
                &format!("{}, data.tls.key", stored.place()),
                &stored.certificates,
                key,
                "data.tls.crt",
            );
        }
    }
    for (file, place, kubeconfig) in every_kubeconfig(inventory) {
        for (index, EmbeddedCredential { certificates, key }) in kubeconfig.credentials() {
            if let Some(key) = key {
                let place = join(&place, &format!("users[{index}].user.client-key-data"));
                compare(Severity::Error, file, &place, certificates, key, "client-certificate-data");
            }
        }
    }
}

/// Each leaf must have been signed by the authority whose leaf it is.
pub(super) fn issuers(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in &inventory.nodes {
        for row in inventory.profile.leaves {
            let (Some(slot), Some(authority)) =
                (node.slots.get(row.certificate), inventory.authorities.get(&row.authority))
            else {
                continue;
            };
            let Some(leaf) = slot.artifact.certificates().first() else { continue };
            let title = inventory.profile.authority(row.authority).map_or("CA", |row| row.title);
            match inventory.signature_of(row.authority, leaf) {
                SignatureVerdict::Valid => {
                    findings.extend(issuer_name(inventory, row.authority, &slot.file, leaf));
                    continue;
                }
                SignatureVerdict::NotJudged => {
                    let severity = severity(inventory, row.authority);
                    findings.push(signature_not_judged(severity, &slot.file, row.name, leaf, title));
                    continue;
                }
                SignatureVerdict::Invalid => {}
            }
            if let Some(intermediate) = inventory.signers.intermediate(leaf, &authority.certificate) {
                findings.push(by_intermediate(
                    severity(inventory, row.authority),
                    &slot.file,
                    row.name,
                    inventory.profile.authority(row.authority),
                    intermediate,
                ));
                continue;
            }
            let by = match inventory.signers.signer(leaf) {
                Some(signer) => format!("but by {}", signer.subject()),
                None => "nor by any other CA that was provided".to_owned(),
            };
            findings.push(
                Finding::new(
                    severity(inventory, row.authority),
                    "wrong-issuer",
                    &slot.file,
                    format!("{} was not signed by the {title}, {by}", row.name),
                )
                .remedy(
                    "Check whether the file or the CA is an outdated copy, then provide both as they are on the node now",
                ),
            );
        }
    }
}

/// A rotation here replaces the CA that clients trust and its leaves; a CA in between has a key and an owner of its own.
pub(super) fn by_intermediate(
    severity: Severity,
    file: &str,
    leaf: &str,
    row: Option<&AuthorityRow>,
    by: &Certificate,
) -> Finding {
    let (title, key) = row.map_or(("CA", "ca.key"), |row| (row.title, row.key));
    Finding::new(severity, "signed-by-intermediate", file, format!("{leaf} was signed by the intermediate CA {}, which the {title} signed; this release replaces only certificates that the {title} signed itself", by.subject()))
        .remedy(format!("Have the CA itself sign it first (`kubeadm certs renew` on a node that has {key}), then provide it again"))
}
