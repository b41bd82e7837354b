//! Changes of objects in the workload cluster and the management cluster, and of clients' configurations.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    clients,
    model::{
        actions::{Action, ClusterAction},
        authorities::{AuthorityChange, KeyHome},
        content::{Edit, FileContent, ObjectChange, PUBLIC, SECRET, Source},
        package_path::PackagePath,
        phase::Phase,
        steps::Holder,
    },
    progress::Progress,
    replacements::Replacements,
};
use crate::{
    finding::Finding,
    inventory::{Artifact, CaBundle, Inventory, ObjectRole, StoredObject, ca_bundles, is_immutable},
    profile::{AuthorityId, SecretContent},
    x509::Certificate,
};

impl From<&StoredObject> for Source {
    fn from(stored: &StoredObject) -> Self {
        Self { file: stored.file.clone(), bytes: Arc::clone(&stored.bytes) }
    }
}

/// The edit that applies an object; `stored` is the provided version.
fn write(
    phase: Phase,
    holder: &Holder,
    stored: Option<&StoredObject>,
    change: ObjectChange,
    (before, mut after): (String, String),
) -> Action {
    if stored.is_some_and(|stored| is_immutable(&stored.object)) {
        after.push_str("; deleted and created again, since it is immutable");
    }
    let name = stored.map_or("cluster-info", |stored| &stored.object.name);
    Action::Write(Edit {
        target: stored.map_or_else(|| "ConfigMap kube-public/cluster-info".to_owned(), StoredObject::place),
        output: format!("{}/{}/{}.yaml", phase.folder(), holder.folder(), PackagePath::name(name)),
        mode: if *holder == Holder::Management { SECRET } else { PUBLIC },
        source: stored.map(Source::from),
        content: FileContent::Object(change),
        before,
        after,
    })
}

/// `cluster-info` with the phase's trusted CAs.
pub(super) fn cluster_info(
    inventory: &Inventory,
    phase: Phase,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
    replacements: &mut Replacements<'_>,
) -> Option<Action> {
    authority_changes.get(&AuthorityId::Cluster)?;
    let words = (format!("trusts {}", phase.trusted_before()), format!("trusts {}", phase.trust()));
    let given = inventory.object(ObjectRole::ClusterInfo);
    if let Some((stored, (_, kubeconfig))) = given.and_then(|stored| Some((stored, stored.kubeconfig.as_ref()?))) {
        let place = stored.place();
        if progress.is_through(&place, &place, phase) {
            return None;
        }
        let change = clients::change(
            (AuthorityId::Cluster, kubeconfig),
            "cluster-info",
            phase,
            authority_changes,
            replacements,
        )?;
        let change = ObjectChange::Kubeconfig(Arc::clone(stored), "kubeconfig", change);
        return Some(write(phase, &Holder::Cluster, Some(stored), change, words));
    }
    let change = ObjectChange::ClusterInfo { server: api_server(inventory)?, phase };
    Some(write(phase, &Holder::Cluster, None, change, words))
}

/// The API server's URL in `cluster-info`. Like kubeadm, takes it from admin.conf, or from the management cluster's
/// kubeconfig Secret.
fn api_server(inventory: &Inventory) -> Option<String> {
    let path = inventory.profile.kubeconfigs.first()?.path;
    let on_nodes = inventory.control_plane().filter_map(|node| node.kubeconfig(path).map(|(_, kubeconfig)| kubeconfig));
    let managed = inventory.object(ObjectRole::Secret(SecretContent::Kubeconfig));
    let managed = managed.and_then(|stored| stored.kubeconfig.as_ref()).map(|(_, kubeconfig)| kubeconfig);
    let present = inventory.present(AuthorityId::Cluster);
    let mut servers = on_nodes.chain(managed).filter_map(|kubeconfig| {
        let index = kubeconfig
            .trust
            .iter()
            .position(|trust| present.iter().any(|ca| trust.iter().any(|one| one.is_same_authority(ca))))?;
        Some(kubeconfig.model.clusters.get(index)?.server.clone())
    });
    servers.find(|server| server.starts_with("https://"))
}

/// Reports that `cluster-info` was not provided, and whether Airlock generates it.
pub(super) fn note_cluster_info(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    if !authority_changes.contains_key(&AuthorityId::Cluster) || inventory.object(ObjectRole::ClusterInfo).is_some() {
        return;
    }
    findings.push(match api_server(inventory) {
        Some(server) => Finding::note("cluster-info-made", "", format!("cluster-info was not provided; Airlock generates it for {server}, in kubeadm's format"))
            .remedy("Compare it with `kubectl -n kube-public get configmap cluster-info -o yaml`; skip the step if no node joins with a token"),
        None => Finding::warning("cluster-info-missing", "", "cluster-info was not provided, and no kubeconfig contains the API server's address; joining nodes will get the old CA")
            .remedy("Provide it: kubectl -n kube-public get configmap cluster-info -o yaml"),
    });
}

/// The management cluster's kubeconfig Secrets in a phase.
pub(super) fn management_kubeconfigs(
    inventory: &Inventory,
    phase: Phase,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
    replacements: &mut Replacements<'_>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    for stored in &inventory.objects {
        let (ObjectRole::Secret(SecretContent::Kubeconfig), Some((_, kubeconfig))) = (stored.role, &stored.kubeconfig)
        else {
            continue;
        };
        let place = stored.place();
        // Written again even if it has completed this phase, because Cluster API may have rewritten it since.
        if progress.reached(&place, &place).is_some_and(|standing| standing.phases() > phase.number()) {
            continue;
        }
        if let Some(change) = clients::change(
            (AuthorityId::Cluster, kubeconfig),
            &stored.object.name,
            phase,
            authority_changes,
            replacements,
        ) {
            let words = (clients::before(&change, phase), clients::after(&change, phase));
            let change = ObjectChange::Kubeconfig(Arc::clone(stored), "value", change);
            actions.push(write(phase, &Holder::Management, Some(stored), change, words));
        }
    }
    actions
}

/// Phase 3: the management cluster's CA Secrets get the new certificate and key, before machines are replaced.
pub(super) fn management_authorities(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    for stored in &inventory.objects {
        let ObjectRole::Secret(SecretContent::Authority(id)) = stored.role else { continue };
        let Some(authority_change) = authority_changes.get(&id) else { continue };
        let place = stored.place();
        if progress.is_through(&place, &place, Phase::DropOld) {
            continue;
        }
        let with_key = stored.key.is_some() && authority_change.key_home == KeyHome::Nodes;
        let after = if with_key { "new CA and its key" } else { "new CA" };
        let change = ObjectChange::Authority(Arc::clone(stored), id);
        actions.push(write(
            Phase::DropOld,
            &Holder::Management,
            Some(stored),
            change,
            ("old CA".to_owned(), after.to_owned()),
        ));
    }
    actions
}

/// Machine templates and control planes that contain the old CA's public key pin, with which new machines could not
/// join.
pub(super) fn pins(inventory: &Inventory, authority_change: &AuthorityChange) -> Vec<Action> {
    let old = authority_change.old.public_key().pin();
    let stale = inventory.pins.iter().filter(|pinned| pinned.resource.is_some() && pinned.pins.contains(&old));
    stale.map(|pinned| Action::Cluster(ClusterAction::Pin(pinned.clone()))).collect()
}

/// The `caBundle` fields of webhooks and extension API servers that contain the cluster CA.
pub(super) fn hanging_bundles<'a>(
    inventory: &'a Inventory,
    authority_change: &AuthorityChange,
) -> Vec<(&'a StoredObject, CaBundle)> {
    let stored = inventory.objects.iter().filter(|stored| stored.role == ObjectRole::CaBundle);
    let bundles =
        stored.flat_map(|stored| ca_bundles(&stored.object).into_iter().map(move |bundle| (&**stored, bundle)));
    bundles.filter(|(_, bundle)| authority_change.is_trusted_by(&bundle.certificates)).collect()
}

/// What the owners of webhooks and extension API servers do in a phase: they manage `caBundle` and the serving
/// certificate.
pub(super) fn ca_bundle_changes(
    inventory: &Inventory,
    phase: Phase,
    authority_change: &AuthorityChange,
) -> Vec<Action> {
    let changes = hanging_bundles(inventory, authority_change).into_iter().map(|(stored, bundle)| {
        let place = stored.place();
        let text = match phase {
            Phase::TrustBoth => format!("In {place}, set {} to both CAs", bundle.pointer),
            Phase::Switch => {
                return Action::Do {
                    text: format!("If the old CA issued the serving certificate of {place}, replace it by one of the new CA"),
                    command: String::new(),
                };
            }
            Phase::DropOld => format!("In {place}, set {} to only the new CA", bundle.pointer),
        };
        let file = format!("{}/workers/ca.crt", phase.folder());
        let kind = stored.object.kind.to_ascii_lowercase();
        // With other CAs in the bundle, only its owner knows which of them stay.
        let own = |certificate: &&Certificate| authority_change.is_trusted_by(std::slice::from_ref(*certificate));
        let command = if bundle.certificates.iter().filter(own).count() == bundle.certificates.len() {
            format!(
                r#"kubectl patch {kind} {} --type json -p "[{{\"op\":\"replace\",\"path\":\"{}\",\"value\":\"$(base64 -w0 <{file})\"}}]""#,
                PackagePath::name(&stored.object.name),
                bundle.pointer
            )
        } else {
            String::new()
        };
        let text = if command.is_empty() { format!("{text}, and keep its other CAs") } else { text };
        Action::Do { text, command }
    });
    changes.collect()
}

/// The provided kubeconfigs and talosconfigs of users and pipelines, in a phase.
pub(super) fn clients(
    inventory: &Inventory,
    phase: Phase,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
    replacements: &mut Replacements<'_>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for slot in &inventory.clients {
        let Some(access) = slot.artifact.access() else { continue };
        if progress.is_through(&slot.file, &slot.file, phase) {
            continue;
        }
        let Some(change) = clients::change(access, &slot.file, phase, authority_changes, replacements) else {
            continue;
        };
        let name = PackagePath::name(slot.file.rsplit('/').next().unwrap_or(&slot.file));
        let name = PackagePath::unique(name.strip_suffix(".conf").unwrap_or(&name), &mut taken);
        let (before, after) = (clients::before(&change, phase), clients::after(&change, phase));
        // talosctl's own file, ~/.talos/config, has no extension.
        let (end, content) = match slot.artifact {
            Artifact::Talosconfig(_) => ("", FileContent::Talosconfig(slot.into(), change)),
            _ => (".conf", FileContent::Kubeconfig(slot.into(), change)),
        };
        actions.push(Action::Write(Edit {
            target: slot.file.clone(),
            output: format!("{}/{}/{name}{end}", phase.folder(), Holder::Clients.folder()),
            mode: SECRET,
            source: Some(slot.into()),
            content,
            before,
            after,
        }));
    }
    actions
}
