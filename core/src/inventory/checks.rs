//! What is to be said about the input as a whole: copies out of step, keys that do not match, dates.
//!
//! Each check is one function from the inventory to findings. Error is what would make an output
//! impossible or wrong; everything else is a warning or a note.

use std::collections::{BTreeMap, BTreeSet};

use super::{Artifact, EmbeddedCredential, Inventory, KubeconfigArtifact, Node, ObjectRole, Slot};
use crate::{
    Finding, Severity, UnixTime,
    profile::{AuthorityId, AuthorityRow, Component, OtherKind, SecretContent},
    time::DAY,
    x509::{Certificate, KeyType, PrivateKey},
};

/// A leaf with less than this left is reported: renewals are due at a third of a year. Seconds.
const LEAF_SOON: i64 = 30 * DAY;

/// An authority with less than this left is reported: a rotation takes weeks. Seconds.
const AUTHORITY_SOON: i64 = 180 * DAY;

/// RSA keys below this are reported (NIST SP 800-131A). Bits.
const SHORT_RSA: usize = 2048;

/// What the package's manifest calls holders that are no nodes.
const HOLDERS: [&str; 4] = ["clients", "cluster", "management", "workers"];

/// Adds the findings of every check.
pub(super) fn check(inventory: &mut Inventory, now: UnixTime) {
    let mut findings = Vec::new();
    missing(inventory, &mut findings);
    authorities(inventory, now, &mut findings);
    copies(inventory, &mut findings);
    pairs(inventory, &mut findings);
    issuers(inventory, &mut findings);
    kubeconfigs(inventory, &mut findings);
    objects(inventory, &mut findings);
    lifetimes(inventory, now, &mut findings);
    shapes(inventory, &mut findings);
    same_subjects(inventory, &mut findings);
    kubelets(inventory, &mut findings);
    layout(inventory, &mut findings);
    inventory.findings.append(&mut findings);
}

/// How much a problem with an authority's own files matters.
fn severity(inventory: &Inventory, id: AuthorityId) -> Severity {
    match inventory.profile.authority(id) {
        Some(row) if row.rotates => Severity::Error,
        _ => Severity::Warning,
    }
}

/// Files of a control-plane node without which it would be left behind.
fn missing(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let profile = inventory.profile;
    for node in inventory.control_plane() {
        let mut needed: Vec<&str> = Vec::new();
        let known = |id: AuthorityId| id == AuthorityId::Cluster || inventory.authorities.contains_key(&id);
        for row in profile.authorities.iter().filter(|row| row.rotates && known(row.id)) {
            needed.push(row.certificate);
            needed.extend(profile.leaves.iter().filter(|leaf| leaf.authority == row.id).map(|leaf| leaf.certificate));
        }
        needed.extend(profile.kubeconfigs.iter().filter(|row| row.reader.is_some()).map(|row| row.path));
        for path in needed {
            if !node.slots.contains_key(path) {
                let message =
                    format!("node {} comes without {path}, and would be left behind in the rotation", node.name);
                findings.push(
                    Finding::error("missing-file", "", message)
                        .remedy(format!("Give the node's whole {} (private keys may stay away)", profile.directory)),
                );
            }
        }
        let manifest = profile.manifest(Component::ControllerManager);
        if let Some(path) = manifest.filter(|path| !node.slots.contains_key(*path)) {
            findings.push(
                Finding::warning(
                    "missing-manifest",
                    "",
                    format!("node {} comes without {path}, so its signing flags cannot be seen", node.name),
                )
                .remedy("Give it, or use the patch for `kubeadm --patches` that the package holds instead"),
            );
        }
    }
    if inventory.authorities.is_empty() {
        findings.push(
            Finding::error("missing-ca", "", "there is no CA certificate among the files").remedy(
                "Give /etc/kubernetes of a control-plane node, or the Secrets that the management cluster holds",
            ),
        );
    }
}

/// An authority must be one, alive, and able to sign.
fn authorities(inventory: &Inventory, now: UnixTime, findings: &mut Vec<Finding>) {
    let mut places: Vec<(&AuthorityRow, &str, String, &[Certificate])> = Vec::new();
    for row in inventory.profile.authorities {
        for node in &inventory.nodes {
            if let Some(slot) = node.slots.get(row.certificate) {
                places.push((row, &slot.file, String::new(), slot.artifact.certificates()));
            }
        }
        for stored in &inventory.objects {
            if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id)) {
                places.push((row, &stored.file, stored.place(), &stored.certificates));
            }
        }
    }
    for (row, file, place, certificates) in places {
        let severity = severity(inventory, row.id);
        let distinct: BTreeSet<&Certificate> = certificates.iter().collect();
        if distinct.len() > 1 {
            findings.push(
                Finding::new(
                    severity,
                    "bundle",
                    file,
                    format!("it holds {} certificates where the {} should stand alone", distinct.len(), row.title),
                )
                .at(&place)
                .remedy("A rotation has begun here, or an intermediate CA was added: finish or undo that first"),
            );
        }
        for certificate in certificates {
            let subject = certificate.subject();
            if !certificate.is_authority() {
                findings.push(
                    Finding::new(
                        severity,
                        "not-a-ca",
                        file,
                        format!("{subject} is a leaf, not a CA: its basicConstraints do not say CA"),
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
                        format!("{subject} may not sign certificates: its keyUsage lacks keyCertSign"),
                    )
                    .at(&place)
                    .remedy("Check that this is the CA; clients refuse what it signed"),
                );
            }
            if certificate.not_after() < now {
                findings.push(
                    Finding::new(
                        severity,
                        "ca-expired",
                        file,
                        format!(
                            "{subject} expired on {}: nothing it signed is accepted any more, and no signed way leads to a new CA",
                            certificate.not_after().date()
                        ),
                    )
                    .at(&place)
                    .remedy("The cluster is already down for every client that checks dates; its nodes need new files at once, with an outage, not a rotation"),
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
            Finding::error("shared-ca", &proxy.file, "one CA is used for the cluster and for the front proxy, so any client certificate could pose as the aggregator")
                .remedy("Check that front-proxy-ca.crt is not a copy of ca.crt; a rotation with two new CAs needs two old ones"),
        );
    }
}

/// Every copy of an authority's certificate must be the same.
fn copies(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for row in inventory.profile.authorities {
        let Some(authority) = inventory.authorities.get(&row.id) else { continue };
        let severity = severity(inventory, row.id);
        for node in &inventory.nodes {
            let Some(slot) = node.slots.get(row.certificate) else { continue };
            let certificates = slot.artifact.certificates();
            if certificates.is_empty() || certificates.contains(&authority.certificate) {
                continue;
            }
            findings.push(if is_other_cluster(inventory, node, row) {
                Finding::new(severity, "two-clusters", &slot.file, format!("node {} belongs to another cluster than {}: another {} signs its certificates", node.name, authority.file, row.title))
                    .remedy("Give the files of one cluster at a time")
            } else {
                Finding::new(severity, "out-of-step", &slot.file, format!("the {} on node {} is not the one in {}", row.title, node.name, authority.file))
                    .remedy("Find out which one the running apiservers use (openssl s_client -showcerts), and give that one everywhere")
            });
        }
        for stored in &inventory.objects {
            if stored.role == ObjectRole::Secret(SecretContent::Authority(row.id))
                && !stored.certificates.is_empty()
                && !stored.certificates.contains(&authority.certificate)
            {
                findings.push(
                    Finding::new(
                        severity,
                        "out-of-step",
                        &stored.file,
                        format!("the {} in the Secret is not the one in {}", row.title, authority.file),
                    )
                    .at(stored.place())
                    .remedy("Give the Secrets and node trees of one cluster, taken at the same time"),
                );
            }
        }
    }
    let names: BTreeSet<String> = inventory.objects.iter().filter_map(|stored| stored.cluster()).collect();
    if names.len() > 1 {
        let names: Vec<_> = names.into_iter().collect();
        findings.push(
            Finding::error("two-clusters", "", format!("the Secrets belong to several clusters: {}", names.join(", ")))
                .remedy("Give the Secrets of one cluster at a time"),
        );
    }
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
fn pairs(inventory: &Inventory, findings: &mut Vec<Finding>) {
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
                    .remedy("Give the key and the certificate that were made together; compare `openssl x509 -pubkey -noout -in CERT` with `openssl pkey -pubout -in KEY`"),
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
fn issuers(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in &inventory.nodes {
        for row in inventory.profile.leaves {
            let (Some(slot), Some(authority)) =
                (node.slots.get(row.certificate), inventory.authorities.get(&row.authority))
            else {
                continue;
            };
            let Some(leaf) = slot.artifact.certificates().first() else { continue };
            if leaf.is_signed_by(&authority.certificate) {
                continue;
            }
            let title = inventory.profile.authority(row.authority).map_or("CA", |row| row.title);
            let by = match inventory.signers.signer(leaf) {
                Some(signer) => format!("but by {}", signer.subject()),
                None => "nor by any CA among the files".to_owned(),
            };
            findings.push(
                Finding::new(
                    severity(inventory, row.authority),
                    "wrong-issuer",
                    &slot.file,
                    format!("{} was not signed by the {title}, {by}", row.name),
                )
                .remedy(
                    "Check whether the file or the CA is an older copy, then give both as they are on the node now",
                ),
            );
        }
    }
}

/// Kubeconfigs of the cluster must trust its CA and present what it signed.
fn kubeconfigs(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    let ca = &authority.certificate;
    for node in &inventory.nodes {
        for row in inventory.profile.kubeconfigs {
            let Some((slot, kubeconfig)) = node.kubeconfig(row.path) else { continue };
            let embeds = kubeconfig.trust.iter().any(|certificates| !certificates.is_empty());
            if embeds && !kubeconfig.trusts(ca) {
                findings.push(
                    Finding::error(
                        "out-of-step",
                        &slot.file,
                        format!("its certificate-authority-data is not the CA in {}", authority.file),
                    )
                    .remedy("Give the kubeconfig as it is on the node now"),
                );
            } else if !embeds && !inventory_reads_ca_file(kubeconfig, inventory) {
                findings.push(
                    Finding::warning(
                        "no-ca-data",
                        &slot.file,
                        "it embeds no CA, so its trust is not changed by this package",
                    )
                    .remedy("Check how this client verifies the API server"),
                );
            }
            for (index, user) in kubeconfig.model.users.iter().enumerate() {
                let kubelets_own = row.reader == Some(Component::Kubelet);
                if let Some(path) = user.client_certificate.file().filter(|_| !kubelets_own) {
                    let severity = if row.reader.is_some() { Severity::Error } else { Severity::Warning };
                    findings.push(
                        Finding::new(severity, "credential-in-file", &slot.file, format!("its credential lies in the file {path}, which this release does not renew"))
                            .at(format!("users[{index}].user.client-certificate"))
                            .remedy("Embed it first (kubectl config set-credentials --embed-certs), as kubeadm does, then give the kubeconfig again"),
                    );
                }
            }
            if row.reader.is_some_and(|reader| reader != Component::Kubelet) && kubeconfig.presents_nothing() {
                findings.push(
                    Finding::warning(
                        "no-credential",
                        &slot.file,
                        "it presents no client certificate, so none is renewed",
                    )
                    .remedy("Check how this component logs in, and that it does not hang on the old CA"),
                );
            }
            for (index, credential) in kubeconfig.credentials() {
                if let Some(certificate) =
                    credential.certificates.first().filter(|certificate| !certificate.is_signed_by(ca))
                {
                    findings.push(
                        Finding::error(
                            "wrong-issuer",
                            &slot.file,
                            format!("{} was not signed by the cluster CA", certificate.subject()),
                        )
                        .at(format!("users[{index}].user.client-certificate-data"))
                        .remedy("Give the kubeconfig as it is on the node now"),
                    );
                }
            }
        }
    }
    for slot in &inventory.clients {
        let Artifact::Kubeconfig(kubeconfig) = &slot.artifact else { continue };
        let presents =
            |credential: &EmbeddedCredential| credential.certificates.iter().any(|leaf| leaf.is_signed_by(ca));
        if kubeconfig.names_files() {
            findings.push(
                Finding::warning("credential-in-file", &slot.file, "it names certificate files, which this package does not change")
                    .remedy("Embed them first (kubectl config view --flatten --raw), then give the kubeconfig again; or have its owner replace the files"),
            );
        } else if !kubeconfig.trusts(ca) && !kubeconfig.credentials().any(|(_, credential)| presents(credential)) {
            findings.push(
                Finding::warning("other-cluster", &slot.file, "none of its contexts belongs to this cluster: it neither trusts its CA nor presents what it signed")
                    .remedy("Leave it out, or give the cluster's current kubeconfig"),
            );
        }
    }
    for slot in &inventory.loose {
        let leaves = slot.artifact.certificates().iter().filter(|certificate| !certificate.is_authority());
        for leaf in leaves.filter(|leaf| leaf.is_signed_by(ca)) {
            findings.push(
                Finding::warning(
                    "loose-leaf",
                    &slot.file,
                    format!(
                        "{} was signed by the old CA and lies on no node; this package does not replace it",
                        leaf.subject()
                    ),
                )
                .remedy("Its owner needs a new certificate in phase 2, before the old CA is dropped"),
            );
        }
    }
    for stored in &inventory.objects {
        if let Some((_, kubeconfig)) = &stored.kubeconfig
            && !kubeconfig.trusts(ca)
        {
            findings.push(
                Finding::error(
                    "out-of-step",
                    &stored.file,
                    format!("its certificate-authority-data is not the CA in {}", authority.file),
                )
                .at(stored.place())
                .remedy("Give the object as it is in the cluster now"),
            );
        }
    }
}

/// A kubeconfig may name the CA file, which the package changes anyway.
fn inventory_reads_ca_file(kubeconfig: &KubeconfigArtifact, inventory: &Inventory) -> bool {
    let path = inventory.profile.authority(AuthorityId::Cluster).map(|row| row.certificate);
    kubeconfig.model.clusters.iter().any(|cluster| cluster.certificate_authority.file() == path)
}

/// What Cluster API does with its Secrets.
fn objects(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for stored in &inventory.objects {
        if let (ObjectRole::Secret(SecretContent::Kubeconfig), Some((_, kubeconfig)), Some(cluster)) =
            (stored.role, &stored.kubeconfig, stored.cluster())
            && !kubeconfig.model.clusters.iter().any(|entry| entry.name == cluster)
        {
            findings.push(
                Finding::warning(
                    "cluster-entry-name",
                    &stored.file,
                    format!(
                        "no cluster entry is named {cluster}; Cluster API crashes when it renews such a kubeconfig"
                    ),
                )
                .at(stored.place())
                .remedy(format!("Rename the cluster entry to {cluster}, in its context too, before the rotation")),
            );
        }
    }
}

/// Dates of leaves and authorities.
fn lifetimes(inventory: &Inventory, now: UnixTime, findings: &mut Vec<Finding>) {
    for (file, place, certificate) in every_certificate(inventory) {
        let (subject, end) = (certificate.subject(), certificate.not_after());
        let soon = if certificate.is_authority() { AUTHORITY_SOON } else { LEAF_SOON };
        let finding = if end < now {
            // An expired authority in its own place is reported by `authorities`, with what it means.
            Some(Finding::warning("expired", file, format!("{subject} expired on {}", end.date())).remedy(
                if certificate.is_authority() {
                    "Drop it from wherever it is trusted"
                } else {
                    "The rotation replaces it; until then its holder is locked out"
                },
            ))
        } else if end < now.plus_seconds(soon) {
            let days = now.days_until(end);
            Some(
                Finding::warning("expires-soon", file, format!("{subject} expires on {}, in {days} days", end.date()))
                    .remedy("Finish the rotation before that day"),
            )
        } else if certificate.not_before() > now {
            Some(
                Finding::warning(
                    "not-yet-valid",
                    file,
                    format!("{subject} is valid only from {}", certificate.not_before()),
                )
                .remedy("Check this machine's clock"),
            )
        } else {
            None
        };
        findings.extend(finding.map(|finding| finding.at(&place)));
        if let Some(signer) = inventory.signers.signer(certificate)
            && signer != certificate
            && signer.not_after() < end
        {
            findings.push(
                Finding::warning(
                    "outlives-ca",
                    file,
                    format!("{subject} outlives its CA, which expires on {}", signer.not_after().date()),
                )
                .at(&place)
                .remedy("Its new certificate ends no later than the new CA"),
            );
        }
    }
}

/// Weak or unusual certificates.
fn shapes(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for (file, place, certificate) in every_certificate(inventory) {
        let subject = certificate.subject();
        if certificate.signature_algorithm().is_sha1() {
            findings.push(
                Finding::warning("sha1", file, format!("{subject} is signed with SHA-1, which Go refuses"))
                    .at(&place)
                    .remedy("Its new certificate is signed with SHA-256 or better"),
            );
        }
        if let KeyType::Rsa(bits) = certificate.public_key().key_type()
            && bits < SHORT_RSA
        {
            findings.push(
                Finding::warning("short-key", file, format!("{subject} has an RSA key of {bits} bits"))
                    .at(&place)
                    .remedy("Choose a longer key for the new CA, and new keys for the leaves"),
            );
        }
        if certificate.serial().iter().all(|byte| *byte == 0) {
            findings.push(Finding::note("serial-zero", file, format!("{subject} has the serial number 0")).at(&place));
        }
        let key_id =
            if certificate.is_authority() { certificate.subject_key_id() } else { certificate.authority_key_id() };
        if key_id.is_none() {
            let which = if certificate.is_authority() { "subject" } else { "authority" };
            findings.push(Finding::note("missing-key-id", file, format!("{subject} has no {which} key id")).at(&place));
        }
    }
    for node in &inventory.nodes {
        let serving = inventory.profile.others.iter().filter(|row| row.kind == OtherKind::KubeletServing);
        for slot in serving.filter_map(|row| node.slots.get(row.path)) {
            if !slot.artifact.certificates().iter().any(|certificate| inventory.signs(certificate)) {
                let message =
                    format!("the kubelet of {} made its serving certificate itself; no rotation touches it", node.name);
                findings.push(Finding::note("kubelet-serving-self-signed", &slot.file, message));
            }
        }
    }
}

/// Different authorities under one name: OpenSSL-based clients take the first that fits.
fn same_subjects(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut by_subject: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (file, _, certificate) in every_certificate(inventory).filter(|(_, _, certificate)| certificate.is_authority())
    {
        let keys = by_subject.entry(certificate.subject().to_string()).or_default();
        keys.entry(certificate.public_key().pin()).or_insert_with(|| file.to_owned());
    }
    for (subject, keys) in by_subject.iter().filter(|(_, keys)| keys.len() > 1) {
        let files: Vec<_> = keys.values().map(String::as_str).collect();
        findings.push(
            Finding::warning(
                "same-subject",
                files[0],
                format!("{} different CAs are called {subject} ({})", keys.len(), files.join(", ")),
            )
            .remedy("They are told apart by key and signature; the new CAs get names of their own"),
        );
    }
}

/// Kubelets that will not do what a rotation asks of them.
fn kubelets(inventory: &Inventory, findings: &mut Vec<Finding>) {
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

/// Files that lie elsewhere than the profile says, and nodes whose names would be taken for something else.
fn layout(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for node in inventory.control_plane() {
        for pod in inventory.profile.static_pods {
            let Some((slot, manifest)) = node.static_pod(pod.path) else { continue };
            for row in inventory.profile.flags.iter().filter(|row| row.component == pod.component) {
                let value = manifest.lookup(row.flag).unwrap_or_default();
                if !value.is_empty() && !row.paths.contains(&value.as_str()) {
                    findings.push(
                        Finding::error(
                            "other-layout",
                            &slot.file,
                            format!("--{} is {value}, not {}", row.flag, row.paths[0]),
                        )
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

fn join(place: &str, more: &str) -> String {
    if place.is_empty() { more.to_owned() } else { format!("{place}, {more}") }
}

/// Every kubeconfig, with its file and the place in it.
fn every_kubeconfig(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &KubeconfigArtifact)> {
    let in_files = inventory.slots().filter_map(|(_, slot)| match &slot.artifact {
        Artifact::Kubeconfig(kubeconfig) => Some((slot.file.as_str(), String::new(), &**kubeconfig)),
        _ => None,
    });
    let in_objects = inventory.objects.iter().filter_map(|stored| {
        let (_, kubeconfig) = stored.kubeconfig.as_ref()?;
        Some((stored.file.as_str(), stored.place(), kubeconfig))
    });
    in_files.chain(in_objects)
}

/// Every certificate once for each file it stands in; the kubelet's own serving certificate aside.
fn every_certificate(inventory: &Inventory) -> impl Iterator<Item = (&str, String, &Certificate)> {
    let own_serving = |slot: &Slot| {
        let rows = inventory.profile.others.iter();
        rows.into_iter().any(|row| row.kind == OtherKind::KubeletServing && row.path == slot.place)
    };
    let in_files = inventory.slots().filter(move |(_, slot)| !own_serving(slot)).flat_map(|(_, slot)| {
        slot.artifact.all_certificates().into_iter().map(|certificate| (slot.file.as_str(), String::new(), certificate))
    });
    let in_objects = inventory.objects.iter().flat_map(|stored| {
        stored.all_certificates().into_iter().map(|certificate| (stored.file.as_str(), stored.place(), certificate))
    });
    in_files.chain(in_objects)
}

impl Inventory {
    /// Was `certificate` signed by one of the cluster's authorities?
    fn signs(&self, certificate: &Certificate) -> bool {
        self.authorities.values().any(|authority| certificate.is_signed_by(&authority.certificate))
    }
}

impl KubeconfigArtifact {
    /// Does any cluster entry embed `authority`?
    pub(crate) fn trusts(&self, authority: &Certificate) -> bool {
        self.trust.iter().any(|certificates| certificates.contains(authority))
    }

    /// Does any entry name a file for trust or credential?
    fn names_files(&self) -> bool {
        let clusters = self.model.clusters.iter().any(|cluster| cluster.certificate_authority.file().is_some());
        clusters || self.model.users.iter().any(|user| user.client_certificate.file().is_some())
    }

    /// Is there no credential of any kind?
    fn presents_nothing(&self) -> bool {
        self.model.users.iter().all(|user| {
            user.client_certificate.embedded().is_none()
                && user.client_certificate.file().is_none()
                && !user.other_credential
        })
    }

    /// The users that embed a client certificate, with their index.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = (usize, &EmbeddedCredential)> {
        self.credentials.iter().enumerate().filter_map(|(index, credential)| Some((index, credential.as_ref()?)))
    }
}
