//! Kubeconfigs, wherever they lie.

use super::{
    authorities::by_intermediate,
    signatures::{issuer_name, signature_not_judged},
};
use crate::{
    finding::{Finding, Severity},
    formats::kubeconfig::Material,
    inventory::model::{
        files::{Artifact, EmbeddedCredential, KubeconfigArtifact, Node, Slot},
        inventory::Inventory,
    },
    profile::{AuthorityId, Component, KubeconfigRow},
    x509::{Certificate, SignatureVerdict},
};

/// Kubeconfigs of the cluster must trust its CA and present what it signed.
pub(super) fn kubeconfigs(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    let ca = &authority.certificate;
    let present = inventory.present(AuthorityId::Cluster);
    let trusts = |kubeconfig: &KubeconfigArtifact| present.iter().any(|ca| kubeconfig.trusts(ca));
    let signature = |leaf: &Certificate| inventory.signature_of(AuthorityId::Cluster, leaf);
    let signed = |leaf: &Certificate| signature(leaf) == SignatureVerdict::Valid;
    for node in &inventory.nodes {
        for row in inventory.profile.kubeconfigs {
            let Some((slot, kubeconfig)) = node.kubeconfig(row.path) else { continue };
            let embeds = kubeconfig.trust.iter().any(|certificates| !certificates.is_empty());
            if embeds && !trusts(kubeconfig) {
                findings.push(stale(row, slot, kubeconfig, &authority.file, inventory));
            } else if !embeds && !names_ca_file(kubeconfig, inventory) {
                findings.push(
                    Finding::warning(
                        "no-ca-data",
                        &slot.file,
                        "it embeds no CA, so this package does not change its trusted CAs",
                    )
                    .remedy("Check how this client verifies the API server")
                    .acknowledged_as(AuthorityId::Cluster, &format!("{}{}", node.name, row.path)),
                );
            }
            for (index, user) in kubeconfig.model.users.iter().enumerate() {
                let kubelets_own = row.reader == Some(Component::Kubelet);
                if let Some(path) = user.client_certificate.file().filter(|_| !kubelets_own) {
                    let severity = if row.reader.is_some() { Severity::Error } else { Severity::Warning };
                    findings.push(
                        Finding::new(severity, "credential-in-file", &slot.file, format!("its client certificate is in the file {path}, which this release does not renew"))
                            .at(format!("users[{index}].user.client-certificate"))
                            .remedy("Embed it first (kubectl config set-credentials --embed-certs), as kubeadm does, then provide the kubeconfig again")
                            .acknowledged_as(AuthorityId::Cluster, &format!("{}{}", node.name, row.path)),
                    );
                }
            }
            if row.reader.is_some_and(|reader| reader != Component::Kubelet) && kubeconfig.presents_nothing() {
                findings.push(
                    Finding::error(
                        "no-credential",
                        &slot.file,
                        "it contains no credential: no client certificate, token or plugin",
                    )
                    .remedy("Copy the complete file from the node again"),
                );
            }
            findings.extend(mixed_up(inventory, node, row, slot, kubeconfig));
            findings.extend(of_another_node(inventory, node, row, slot, kubeconfig));
            if row.reader.is_some() && !kubeconfig.is_whole() {
                findings.push(
                    Finding::error("cut-off", &slot.file, "its current context names no existing cluster or user, so no client can use it: the file is truncated")
                        .remedy("Copy the complete file from the node again"),
                );
            }
            for (index, credential) in kubeconfig.credentials() {
                let named = credential.certificates.first();
                let named = named.and_then(|leaf| issuer_name(inventory, AuthorityId::Cluster, &slot.file, leaf));
                findings.extend(named.map(|it| it.at(format!("users[{index}].user.client-certificate-data"))));
                if let Some(certificate) = credential.certificates.first().filter(|certificate| !signed(certificate)) {
                    let finding = match inventory.signers.intermediate(certificate, ca) {
                        None if signature(certificate) == SignatureVerdict::NotJudged => {
                            let subject = certificate.subject().to_string();
                            signature_not_judged(Severity::Error, &slot.file, &subject, certificate, "Cluster CA")
                        }
                        Some(by) => {
                            let subject = certificate.subject().to_string();
                            let row = inventory.profile.authority(AuthorityId::Cluster);
                            by_intermediate(Severity::Error, &slot.file, &subject, row, by)
                        }
                        None => {
                            let message = format!("{} was not signed by the cluster CA", certificate.subject());
                            let remedy = "Provide the kubeconfig as it is on the node now";
                            of_people(row, Finding::error("wrong-issuer", &slot.file, message).remedy(remedy))
                        }
                    };
                    findings.push(finding.at(format!("users[{index}].user.client-certificate-data")));
                }
            }
        }
    }
    for slot in &inventory.clients {
        let Artifact::Kubeconfig(kubeconfig) = &slot.artifact else { continue };
        // A credential that is not judged may be of this cluster.
        let may_be_ours = |leaf: &Certificate| signature(leaf) != SignatureVerdict::Invalid;
        let presents = |credential: &EmbeddedCredential| credential.certificates.iter().any(may_be_ours);
        if kubeconfig.names_files() {
            findings.push(
                Finding::warning("credential-in-file", &slot.file, "it names certificate files, which this package does not change")
                    .remedy("Embed them first (kubectl config view --flatten --raw), then provide the kubeconfig again; or replace the files manually")
                    .acknowledged_as(AuthorityId::Cluster, &slot.file),
            );
        } else if !kubeconfig.has_omitted_data()
            && !trusts(kubeconfig)
            && !kubeconfig.credentials().any(|(_, credential)| presents(credential))
        {
            findings.push(
                Finding::warning("other-cluster", &slot.file, "none of its contexts belongs to this cluster: it neither trusts the cluster's CA nor presents a certificate that the CA issued")
                    .remedy("Remove it, or provide the cluster's current kubeconfig"),
            );
        }
    }
    for slot in &inventory.clients {
        let Artifact::Kubeconfig(kubeconfig) = &slot.artifact else { continue };
        if trusts(kubeconfig) {
            beside(slot, kubeconfig, ca, findings);
        }
    }
    for slot in &inventory.loose {
        if let Artifact::Kubeconfig(kubeconfig) = &slot.artifact
            && trusts(kubeconfig)
        {
            findings.push(
                Finding::warning("cni-kubeconfig", &slot.file, "a CNI plugin on the node uses it and verifies the API server with the old CA in it; this package does not change it, because the program that wrote it also renews its token")
                    .remedy("In each phase, after the node's own step, restart the pods that write it (calico-node, multus, …), or put the phase's workers/ca.crt into it: kubectl --kubeconfig FILE config set-cluster NAME --certificate-authority ca.crt --embed-certs")
                    .acknowledged_as(AuthorityId::Cluster, &slot.file),
            );
        }
        let leaves = slot.artifact.certificates().iter().filter(|certificate| !certificate.is_root_authority());
        for leaf in leaves {
            let subject = leaf.subject().to_string();
            findings.extend(match leaf.signature_by(&authority.certificate) {
                SignatureVerdict::Invalid => None,
                SignatureVerdict::NotJudged => {
                    Some(signature_not_judged(Severity::Warning, &slot.file, &subject, leaf, "Cluster CA"))
                }
                SignatureVerdict::Valid => Some(
                    Finding::warning(
                        "loose-leaf",
                        &slot.file,
                        format!(
                            "{subject} was signed by the old CA and belongs to no node; this package does not replace it"
                        ),
                    )
                    .remedy("Replace it with a new certificate in phase 2, before phase 3 removes the old CA")
                    .acknowledged_as(AuthorityId::Cluster, &slot.file),
                ),
            });
        }
    }
    for stored in &inventory.objects {
        if let Some((_, kubeconfig)) = &stored.kubeconfig
            && !trusts(kubeconfig)
        {
            findings.push(
                Finding::error(
                    "out-of-step",
                    &stored.file,
                    format!("its certificate-authority-data is not the CA in {}", authority.file),
                )
                .at(stored.place())
                .remedy("Provide the object as it is in the cluster now"),
            );
        }
    }
}

/// A kubeconfig on a node whose trust is not the cluster's CA: the copy is old, or the file itself was left behind when the
/// CA was replaced.
fn stale(
    row: &KubeconfigRow,
    slot: &Slot,
    kubeconfig: &KubeconfigArtifact,
    ca_file: &str,
    inventory: &Inventory,
) -> Finding {
    let reader = match row.reader {
        Some(reader) => format!("{reader} cannot verify the API server with it"),
        None => "no component reads it; a person who uses it cannot verify the API server".to_owned(),
    };
    let message = format!("its certificate-authority-data is not the CA in {ca_file}: {reader}");
    let name = kubeconfig.model.clusters.first().map_or("kubernetes", |cluster| cluster.name.as_str());
    let ca = inventory.profile.authority(AuthorityId::Cluster).map_or("ca.crt", |row| row.certificate);
    let finding = Finding::error("out-of-step", &slot.file, message).remedy(format!(
        "If the copy is old, provide the current file. If the file on the node is like this, replace the CA in it: kubectl --kubeconfig {} config set-cluster {name} --certificate-authority={ca} --embed-certs",
        row.path
    ));
    of_people(row, finding)
}

/// No component reads a person's kubeconfig: it may be left as it is, if that is acknowledged.
fn of_people(row: &KubeconfigRow, finding: Finding) -> Finding {
    if row.reader.is_some() {
        return finding;
    }
    Finding { severity: Severity::Warning, ..finding }.acknowledged_as(AuthorityId::Cluster, row.path)
}

/// A kubeconfig in another's place: its holder would log in as somebody else, and keep doing so after the rotation.
fn mixed_up(
    inventory: &Inventory,
    node: &Node,
    row: &KubeconfigRow,
    slot: &Slot,
    kubeconfig: &KubeconfigArtifact,
) -> Option<Finding> {
    let leaf = kubeconfig.credentials().find_map(|(_, credential)| credential.certificates.first())?;
    let user = leaf.subject().common_name()?;
    let is = |row: &KubeconfigRow| match row.reader {
        Some(Component::Kubelet) => user.strip_prefix(row.user) == Some(node.name.as_str()),
        _ => user == row.user,
    };
    let others = inventory.profile.kubeconfigs.iter().any(|other| user.starts_with(other.user));
    // People do keep a copy of one under another's name; a process that logs in as somebody else has no rights of its own.
    let severity = if row.reader.is_some() { Severity::Error } else { Severity::Warning };
    (others && !is(row)).then(|| {
        let message = format!(
            "its client certificate is for {user}, which is not the user of {} on node {}",
            row.path, node.name
        );
        Finding::new(severity, "wrong-content", &slot.file, message)
            .remedy("Check whether two files were mixed up, then copy it again from the node")
    })
}

/// kubeadm has kube-controller-manager and kube-scheduler speak to the API server beside them
/// (kubernetes/kubernetes: cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go, `getKubeConfigSpecs`).
fn of_another_node(
    inventory: &Inventory,
    node: &Node,
    row: &KubeconfigRow,
    slot: &Slot,
    kubeconfig: &KubeconfigArtifact,
) -> Option<Finding> {
    row.reader.filter(|reader| *reader != Component::Kubelet)?;
    let manifest = inventory.profile.manifest(Component::Apiserver)?;
    let address = |node: &Node| node.static_pod(manifest)?.1.lookup("advertise-address");
    let (own, server) = (address(node)?, &kubeconfig.model.clusters.first()?.server);
    let is_at = |address: &str| {
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let rest = server.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    let mut others = inventory.control_plane().filter(|other| other.name != node.name);
    let other = others.find(|other| !is_at(&own) && address(other).is_some_and(|address| is_at(&address)))?;
    let message = format!(
        "it connects to {server}, which is the API server of {}, not the one on its own node at {own}",
        other.name
    );
    let remedy = "Check whether the files of two nodes were mixed up, then copy it again from the node";
    Some(Finding::warning("other-nodes-file", &slot.file, message).remedy(remedy))
}

/// What a person's kubeconfig does beside trusting this cluster and showing a certificate.
fn beside(slot: &Slot, kubeconfig: &KubeconfigArtifact, ca: &Certificate, findings: &mut Vec<Finding>) {
    let model = &kubeconfig.model;
    let mut note = |code, place: String, message: String, remedy: &str| {
        findings.push(Finding::note(code, &slot.file, message).at(place).remedy(remedy));
    };
    let holds_ca = |index: usize| kubeconfig.trust[index].iter().any(|one| one.is_same_authority(ca));
    let ours: Vec<usize> = (0..model.clusters.len()).filter(|index| holds_ca(*index)).collect();
    if ours.len() < model.clusters.len() {
        let names: Vec<_> = ours.iter().map(|index| model.clusters[*index].name.as_str()).collect();
        let message = format!(
            "only {1} of its {0} clusters is this cluster; the others are not changed",
            model.clusters.len(),
            names.join(", ")
        );
        note("several-clusters", "clusters".to_owned(), message, "");
    }
    for index in &ours {
        let (cluster, place) = (&model.clusters[*index], format!("clusters[{index}].cluster"));
        if cluster.proxy_url.is_some() {
            note(
                "proxy-url",
                format!("{place}.proxy-url"),
                "it reaches the API server through a proxy".to_owned(),
                "If the proxy terminates TLS, the client must trust the proxy's CA, which this package does not change. A tunnelling proxy needs no change",
            );
        }
        if cluster.insecure_skip_tls_verify {
            note(
                "insecure",
                format!("{place}.insecure-skip-tls-verify"),
                "it does not verify the API server's certificate".to_owned(),
                "Remove that line after the rotation",
            );
        }
    }
    let used = |user: &str| {
        let names = ours.iter().map(|index| &model.clusters[*index].name);
        names
            .into_iter()
            .any(|name| model.contexts.iter().any(|context| context.user == user && context.cluster == *name))
    };
    for (index, user) in model.users.iter().enumerate().filter(|(_, user)| !user.others.is_empty() && used(&user.name))
    {
        note(
            "other-credential",
            format!("users[{index}].user"),
            format!("{} logs in by {}, which this package does not change", user.name, user.others.join(" and ")),
            "Check that this credential does not depend on the old CA; the package changes only the trusted CAs",
        );
    }
}

/// A kubeconfig may name the CA file, which the package changes anyway.
fn names_ca_file(kubeconfig: &KubeconfigArtifact, inventory: &Inventory) -> bool {
    let path = inventory.profile.authority(AuthorityId::Cluster).map(|row| row.certificate);
    kubeconfig.model.clusters.iter().any(|cluster| cluster.certificate_authority.file() == path)
}

impl KubeconfigArtifact {
    /// Does any cluster entry embed `authority`, or a certificate of the same name and key?
    pub(crate) fn trusts(&self, authority: &Certificate) -> bool {
        self.trust.iter().flatten().any(|one| one.is_same_authority(authority))
    }

    /// Does its current context lead to a cluster and a user? What a process reads on a node always does.
    fn is_whole(&self) -> bool {
        let model = &self.model;
        let current = model.contexts.iter().find(|context| context.name == model.current_context);
        current.is_some_and(|context| {
            model.clusters.iter().any(|cluster| cluster.name == context.cluster)
                && model.users.iter().any(|user| user.name == context.user)
        })
    }

    /// Does any entry name a file for trust or credential?
    fn names_files(&self) -> bool {
        let clusters = self.model.clusters.iter().any(|cluster| cluster.certificate_authority.file().is_some());
        clusters || self.model.users.iter().any(|user| user.client_certificate.file().is_some())
    }

    /// Did `kubectl config view` leave data out? Then nothing can be said of what it trusts and presents.
    fn has_omitted_data(&self) -> bool {
        let clusters = self.model.clusters.iter().map(|cluster| &cluster.certificate_authority);
        let users = self.model.users.iter().flat_map(|user| [&user.client_certificate, &user.client_key]);
        clusters.chain(users).any(|material| matches!(material, Material::Omitted(_)))
    }

    /// Is there no credential of any kind?
    fn presents_nothing(&self) -> bool {
        self.model.users.iter().all(|user| {
            user.client_certificate.embedded().is_none()
                && user.client_certificate.file().is_none()
                && user.others.is_empty()
        })
    }

    /// The users that embed a client certificate, with their index.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = (usize, &EmbeddedCredential)> {
        self.credentials.iter().enumerate().filter_map(|(index, credential)| Some((index, credential.as_ref()?)))
    }
}
