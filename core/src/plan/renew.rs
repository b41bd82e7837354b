//! Renewal of leaf certificates with the current CAs; no trust bundle changes. The certificates are issued where the
//! CA's key is: by kubeadm on the node (kubernetes/kubernetes: cmd/kubeadm/app/phases/certs/renewal), or by Kamaji's
//! operator in the management cluster (clastix/kamaji: docs/content/guides/certs-lifecycle.md). So the package contains
//! no private key.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    key_home::key_home,
    model::{
        actions::{Action, ClusterAction},
        authorities::KeyHome,
        new_authority::NewAuthority,
        phase::Phase,
        renewal::{RenewedCertificate, RenewedLeaf, RenewedSecrets},
        request::RotationRequest,
        rotation_plan::{Refusal, RotationPlan, refuse_errors},
        steps::{Carrier, Holder, Step},
        subclouds::SubcloudStrategy,
    },
    sequence::builder::LIST_CONTROL_PLANES,
};
use crate::{
    finding::Finding,
    inventory::{Artifact, Inventory, Node, Role, Slot, StoredObject, Tenant},
    profile::{AuthorityId, Component, Lifecycle, OnNewCa, RotationMethod, SecretTable},
    text::hex,
    time::UnixTime,
    x509::Certificate,
};

/// The only phase of a renewal. A rotation replaces leaves in phase 2 as well.
const PHASE: Phase = Phase::Switch;

/// Minimum length of an identifier that scripts search for in certificates. Shorter ones may occur by chance. Bytes.
const SHORTEST_MARK: usize = 8;

/// Builds the plan of a renewal.
///
/// # Errors
/// A [`Refusal`] if there is a finding of severity error, for example because another program renews the leaves.
pub(super) fn plan(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> Result<RotationPlan, Refusal> {
    let mut findings = inventory.findings().to_vec();
    refuse(inventory, request, &mut findings);
    refuse_errors(&mut findings)?;
    let steps = match &inventory.tenant {
        Some(tenant) => of_tenant(inventory, tenant, &mut findings),
        None => of_nodes(inventory, &mut findings),
    };
    note_authorities(inventory, now, request, &mut findings);
    refuse_errors(&mut findings)?;
    findings.retain(|finding| !inventory.findings().contains(finding));
    let plan = RotationPlan::empty(inventory, request, now);
    let name = format!("{}-renew-leaves", plan.name);
    Ok(RotationPlan { name, steps, findings, ..plan })
}

/// Reports requests and clusters for which no renewal can be planned.
fn refuse(inventory: &Inventory, request: &RotationRequest, findings: &mut Vec<Finding>) {
    let title = inventory.profile.title;
    match inventory.profile.course {
        RotationMethod::NodeFiles | RotationMethod::Hosted(_) => {}
        RotationMethod::HostPhases => findings.push(
            Finding::error(
                "intent-unsupported",
                "",
                format!(
                    "{title} renews its leaf certificates with its own tool, so Airlock cannot plan a renewal of leaves"
                ),
            )
            .remedy(
                "See `fm alarm-list` for certificates that expire soon; to replace the CA as well, use --intent rotate",
            ),
        ),
        RotationMethod::Managed(_) | RotationMethod::MachineConfigs => findings.push(
            Finding::error(
                "intent-unsupported",
                "",
                format!("{title} renews its leaf certificates itself, so Airlock cannot plan a renewal of leaves"),
            )
            .remedy(
                "For users: `talosctl config new` and `talosctl kubeconfig` write configurations with new certificates",
            ),
        ),
    }
    let unused = unused_options(request);
    if !unused.is_empty() {
        let options = unused.join(", ");
        let reason = "--intent renew-leaves keeps the CAs, the issuer generates every new key, and trust and kubelets do not change. It does not use";
        findings.push(
            Finding::error("intent-conflict", "", format!("{reason} {options}"))
                .remedy("Leave them out, or use --intent rotate"),
        );
    }
    if !inventory.rotations.is_empty() {
        findings.push(
            Finding::error(
                "two-cas-in-use",
                "",
                "a rotation of the CA is in progress: the files contain an old and a new CA",
            )
            .remedy("Complete it first (--intent rotate); it replaces the leaves"),
        );
    }
    let nodes = inventory.profile.course == RotationMethod::NodeFiles && inventory.control_plane().next().is_some();
    if nodes && key_home(inventory, AuthorityId::Cluster, true, &mut Vec::new()) == KeyHome::Elsewhere {
        findings.push(
            Finding::error("leaves-elsewhere", "", "the private key of the cluster CA is not on the nodes, so kubeadm cannot renew what it issued")
                .remedy("Request the certificates from where the key is kept (kubeadm certs generate-csr), with the names and usages that they have"),
        );
    }
    if let Some(tenant) = &inventory.tenant
        && tenant.is_paused() == Some(true)
    {
        let resume = format!(
            "kubectl -n {} annotate {} {} {}-",
            tenant.namespace, tenant.hosted.resource, tenant.name, tenant.hosted.pause
        );
        findings.push(
            Finding::error(
                "operator-paused",
                "",
                format!(
                    "the operator is paused for {}, and only the operator issues its certificates",
                    tenant.full_name()
                ),
            )
            .remedy(format!("Resume it first ({resume})")),
        );
    }
}

/// The options with another value than the default that a renewal does not use. It uses only
/// [`RotationRequest::leaf_days`].
fn unused_options(request: &RotationRequest) -> Vec<String> {
    let default = RotationRequest::default();
    // Without `..`, so that each new option is either refused here or used.
    let RotationRequest {
        intent: _,
        leaf_days: _,
        rotate,
        authorities,
        ca_days,
        keep_keys,
        kubelet_certificates,
        workers,
        external_ca,
        start_over,
        accept_outage,
        acknowledge,
        release,
        subclouds,
    } = request;
    let mut unused = Vec::new();
    let mut add = |is_set: bool, option: String| {
        if is_set && !unused.contains(&option) {
            unused.push(option);
        }
    };
    add(rotate.is_some(), "--rotate".to_owned());
    for (id, new) in authorities {
        let NewAuthority { common_name, subject, expiry_date, key_algorithm, brought } = new;
        let prefix = match id {
            AuthorityId::Cluster => String::new(),
            id => format!("{}-", id.as_str()),
        };
        add(key_algorithm.is_some(), "--key-type".to_owned());
        add(common_name.is_some(), format!("--{prefix}ca-name"));
        add(brought.is_some(), format!("--{prefix}ca-cert"));
        add(subject.is_some(), "--subject".to_owned());
        add(expiry_date.is_some(), "--expiry-date".to_owned());
    }
    for (is_set, option) in [
        (*ca_days != default.ca_days, "--ca-days"),
        (*keep_keys, "--keep-keys"),
        (*kubelet_certificates != default.kubelet_certificates, "--kubelet-certs"),
        (*workers != default.workers, "--workers"),
        (*external_ca, "--external-ca"),
        (*start_over, "--start-over"),
        (*accept_outage, "--accept-outage"),
        (!acknowledge.is_empty(), "--acknowledge"),
        (release.is_some(), "--release"),
    ] {
        add(is_set, option.to_owned());
    }
    let SubcloudStrategy { cloud_name, group, apply_type, max_parallel, stop_on_failure, force, cert_file } =
        &**subclouds;
    for (is_set, option) in [
        (cloud_name.is_some(), "--cloud-name"),
        (group.is_some(), "--group"),
        (apply_type.is_some(), "--subcloud-apply-type"),
        (max_parallel.is_some(), "--max-parallel-subclouds"),
        (*stop_on_failure, "--stop-on-failure"),
        (*force, "--force-in-sync"),
        (cert_file.is_some(), "--cert-file"),
    ] {
        add(is_set, option.to_owned());
    }
    unused
}

/// Warns about CAs that expire before the renewed leaves.
fn note_authorities(inventory: &Inventory, now: UnixTime, request: &RotationRequest, findings: &mut Vec<Finding>) {
    let end = now.plus_days(i64::from(request.leaf_days));
    for row in inventory.profile.authorities.iter().filter(|row| row.rotates) {
        let Some(authority) = inventory.authorities.get(&row.id) else { continue };
        let ends = authority.certificate.not_after();
        if ends < end {
            findings.push(
                Finding::warning(
                    "ca-ends-first",
                    &authority.file,
                    format!(
                        "the {} expires on {}: renewed certificates cannot be used after that day",
                        row.title,
                        ends.date()
                    ),
                )
                .remedy("Rotate the CA instead (--intent rotate)"),
            );
        }
    }
}

fn step(id: &str, holder: Holder, title: &str, actions: Vec<Action>, gate: &str) -> Step {
    Step::new(Carrier::Package, PHASE, id, holder, title, actions, gate)
}

fn command(text: &str, command: String) -> Action {
    Action::Do { text: text.to_owned(), command }
}

/// The steps for a tenant. Certificates come before kubeconfigs, which may embed one of them.
fn of_tenant(inventory: &Inventory, tenant: &Tenant, findings: &mut Vec<Finding>) -> Vec<Step> {
    let (namespace, name, label) = (&tenant.namespace, &tenant.name, tenant.hosted.name_label);
    let Some(node) = inventory.control_plane().find(|node| node.role == Role::Hosted) else { return Vec::new() };
    if tenant.issues_for_data_store() != Some(true) {
        let secret = format!("{name}-{}", tenant.hosted.data_store.component);
        findings.push(
            Finding::warning("data-store-elsewhere", "", format!("{secret} is not renewed by this package: the operator does not issue it, or the provided files do not show that it does"))
                .remedy(tenant.data_store_renewal()),
        );
    }
    let file = format!("{name}-secrets.yaml");
    let mut steps = vec![step(
        "backup",
        Holder::Management,
        "Back up the tenant's Secrets",
        vec![command(
            "Save every Secret of the tenant, the CAs' keys included. Protect the file like these keys, and delete it when the renewal is complete",
            format!("(umask 077; kubectl -n {namespace} get secrets -l {label}={name} -o yaml >{file})"),
        )],
        "the file contains the Secret of the CA",
    )];
    for kind in Lifecycle::ALL {
        let Some(secrets) = secrets(tenant, node, kind) else { continue };
        let (id, title) = match kind {
            Lifecycle::X509 => ("certificates", "Have the operator issue the certificates again"),
            Lifecycle::Kubeconfig => ("kubeconfigs", "Have the operator write the kubeconfigs again"),
        };
        let gate = "each certificate is new, was issued by the same CA and expires later, and every Pod was created after that";
        let actions = vec![Action::Cluster(ClusterAction::RenewSecrets(secrets))];
        steps.push(step(id, Holder::Management, title, actions, gate));
    }
    let taken =
        tenant.secrets.iter().find(|(table, _)| table.files.iter().any(|(_, path)| is_of_people(inventory, path)));
    if let Some((table, stored)) = taken {
        let key = table.files.first().map_or("", |(key, _)| *key);
        let text = format!(
            "Everyone who uses a kubeconfig from {} must fetch it again. The previous one is accepted until its own certificate expires: Kubernetes has no revocation",
            stored.place()
        );
        let fetch = format!(
            "(umask 077; kubectl -n {namespace} get secret {} -o 'jsonpath={{.data.{}}}' | base64 -d >{key})\nkubectl --kubeconfig {key} get --raw=/readyz",
            stored.object.name,
            key.replace('.', "\\.")
        );
        let actions = vec![command(&text, fetch)];
        steps.push(step(
            "clients",
            Holder::Clients,
            "Distribute new kubeconfigs",
            actions,
            "every user and pipeline has confirmed it",
        ));
    }
    steps
}

fn is_of_people(inventory: &Inventory, path: &str) -> bool {
    inventory.profile.kubeconfigs.iter().any(|row| row.path == path && row.reader.is_none())
}

/// The tenant's Secrets of a kind that the operator issues; `None` if there are none.
fn secrets(tenant: &Tenant, node: &Node, kind: Lifecycle) -> Option<RenewedSecrets> {
    let hosted = tenant.hosted;
    let is_issued = |table: &SecretTable| {
        table.component != hosted.data_store.component || tenant.issues_for_data_store() == Some(true)
    };
    let own = || tenant.secrets.iter().filter(|(table, _)| table.lifecycle == Some(kind) && is_issued(table));
    let certificates: Vec<_> = own()
        .flat_map(|(table, stored)| table.files.iter().filter_map(|file| renewed(tenant, node, stored, *file)))
        .collect();
    if certificates.is_empty() {
        return None;
    }
    let components: Vec<_> = own().map(|(table, _)| table.component).collect();
    // Pods do not mount the kubeconfigs of users. konnectivity's certificate exists only inside its kubeconfig.
    let in_pods = |table: &SecretTable| table.files.iter().any(|(_, path)| path.starts_with('/'));
    let mounted = own().filter(|(table, _)| in_pods(table));
    Some(RenewedSecrets {
        namespace: tenant.namespace.clone(),
        tenant: tenant.name.clone(),
        kind,
        selector: format!(
            "{}={},{}={},{} in ({})",
            hosted.name_label,
            tenant.name,
            hosted.lifecycle_label,
            kind.label(),
            hosted.component_label,
            components.join(",")
        ),
        certificates,
        // Last the Secrets whose creation does not roll the control plane out.
        mounted: {
            let mut mounted: Vec<_> = mounted.collect();
            mounted.sort_by_key(|(table, _)| table.on_new_ca == OnNewCa::RecreatesWhenDeleted);
            mounted.into_iter().map(|(_, stored)| stored.object.name.clone()).collect()
        },
    })
}

/// The certificate under a key of a Secret, or in the kubeconfig there; `None` for a private key or a CA.
fn renewed(
    tenant: &Tenant,
    node: &Node,
    stored: &Arc<StoredObject>,
    (key, path): (&'static str, &'static str),
) -> Option<RenewedCertificate> {
    let slot = node.slots.get(path)?;
    let certificate = leaf(slot).filter(|leaf| !leaf.is_root_authority())?;
    // Over the base64 text, as the API server returns a value of a Secret.
    let sum = |slot: &Slot| hex::lower(&Sha256::digest(Zeroizing::new(STANDARD.encode(&**slot.bytes)).as_bytes()));
    let (authority, authority_sum) = tenant.secrets.iter().find_map(|(table, stored)| {
        let issuer = |(key, path): &(&'static str, &'static str)| {
            let slot = node.slots.get(*path)?;
            let is_issuer = slot.artifact.certificates().first().is_some_and(|issuer| certificate.is_signed_by(issuer));
            is_issuer.then(|| ((stored.object.name.clone(), *key), sum(slot)))
        };
        table.files.iter().find_map(issuer)
    })?;
    Some(RenewedCertificate {
        secret: stored.object.name.clone(),
        key,
        authority,
        authority_sum,
        sum: sum(slot),
        not_after: certificate.not_after(),
    })
}

/// The leaf in a file, or the client certificate that a kubeconfig embeds.
fn leaf(slot: &Slot) -> Option<&Certificate> {
    match &slot.artifact {
        Artifact::Kubeconfig(kubeconfig) => kubeconfig.credentials().find_map(|(_, one)| one.certificates.first()),
        artifact => artifact.certificates().first(),
    }
}

/// The steps for control-plane nodes: one for each provided node, or one script for all nodes if none was provided.
fn of_nodes(inventory: &Inventory, findings: &mut Vec<Finding>) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in inventory.control_plane() {
        let leaves = leaves(inventory, Some(node));
        if !leaves.iter().any(|leaf| leaf.name == "apiserver") {
            let place = node.slots.get("/etc/kubernetes/pki/apiserver.crt").map_or("", |slot| slot.place.as_str());
            findings.push(
                Finding::error("leaves-elsewhere", "", format!("{}: the API server's certificate is not in /etc/kubernetes/pki, or the cluster CA did not issue it{}{place}; kubeadm would not renew what is in use", node.name, if place.is_empty() { "" } else { ": " }))
                    .remedy("Provide /etc/kubernetes of the node with its pki directory; if the certificates are kept elsewhere, renew them by hand (kubeadm certs renew --cert-dir)"),
            );
            continue;
        }
        let title = format!("Renew the certificates of {}", node.name);
        steps.push(of_node(&node.name, Holder::Node(node.name.clone()), &title, leaves));
    }
    if inventory.control_plane().next().is_none() {
        let mut all = of_node(
            "control-plane",
            Holder::ControlPlanes,
            "Renew the certificates of every control-plane node",
            leaves(inventory, None),
        );
        all.actions.insert(0, command("List the control-plane nodes", LIST_CONTROL_PLANES.to_owned()));
        steps.push(all);
    }
    steps.push(step(
        "clients",
        Holder::Clients,
        "Distribute new kubeconfigs",
        vec![Action::person("Everyone who uses a copy of admin.conf or super-admin.conf must fetch it again from a control-plane node. The previous one is accepted until its own certificate expires: Kubernetes has no revocation")],
        "every user and pipeline has confirmed it",
    ));
    steps.push(step(
        "after-care",
        Holder::Cluster,
        "Check the nodes and delete the backups",
        vec![command(
            "Every node is Ready. Then delete /etc/kubernetes/.airlock on every control-plane node: it contains the previous private keys",
            "kubectl get nodes".to_owned(),
        )],
        "every node is Ready",
    ));
    steps
}

fn of_node(id: &str, holder: Holder, title: &str, leaves: Vec<RenewedLeaf>) -> Step {
    let actions = vec![
        Action::RenewLeaves(leaves),
        Action::Restart(Component::ControllerManager),
        Action::Restart(Component::Scheduler),
    ];
    let gate = "its API server accepts the new certificate of admin.conf, and kube-controller-manager and kube-scheduler were restarted";
    step(id, holder, title, actions, gate)
}

/// The leaves that kubeadm renews. For a provided node: only files that exist and that the CA issued.
fn leaves(inventory: &Inventory, node: Option<&Node>) -> Vec<RenewedLeaf> {
    const FOLDER: &str = "/etc/kubernetes/";
    let profile = inventory.profile;
    let leaves = profile.leaves.iter().map(|row| (row.name.replace('/', "-"), row.certificate, row.authority));
    let own = profile.kubeconfigs.iter().filter(|row| row.reader != Some(Component::Kubelet));
    let kubeconfigs = own.map(|row| (row.name.to_owned(), row.path, AuthorityId::Cluster));
    let rows = leaves.chain(kubeconfigs).filter_map(|(name, path, authority)| {
        let issuer = inventory.authorities.get(&authority).map(|authority| &authority.certificate);
        if let Some(node) = node {
            let slot = node.slots.get(path).filter(|slot| slot.place.ends_with(path))?;
            let issued = |leaf: &Certificate| issuer.is_none_or(|issuer| leaf.is_signed_by(issuer));
            leaf(slot).filter(|leaf| issued(leaf))?;
        }
        let path = path.strip_prefix(FOLDER)?.to_owned();
        Some(RenewedLeaf { name, path, mark: issuer.map(mark).unwrap_or_default() })
    });
    rows.collect()
}

/// A byte sequence that every certificate of a CA contains (RFC 5280, sections 4.1.2.4 and 4.2.1.1), in hexadecimal.
fn mark(authority: &Certificate) -> String {
    let id = authority.subject_key_id().filter(|id| id.len() >= SHORTEST_MARK);
    hex::lower(id.unwrap_or_else(|| authority.subject().der()))
}

#[cfg(test)]
mod tests;
