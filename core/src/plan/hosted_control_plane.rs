//! Control planes that an operator runs from Secrets (Kamaji): the changes of these Secrets in each phase, and when the
//! operator is paused.
//!
//! The order was tested on a tenant. Before `ca.crt` becomes a bundle, kube-controller-manager signs from a separate
//! file with one certificate, and the operator is paused. It resumes when `ca.crt` is a single certificate again.

mod actions;
mod at_once;

use self::actions::action;
use super::{
    clients,
    model::{
        actions::{Action, ClusterAction},
        authorities::KeyHome,
        content::{Edit, FileContent, FilePart, ObjectChange},
        package_path::PackagePath,
        phase::{Phase, Side, Trust},
        request::{KubeletCertificates, RotationRequest},
        steps::{Fact, Gate, Holder},
        tenant::TenantVerb,
    },
    sequence::builder::Sequence,
};
use crate::{
    finding::Finding,
    inventory::{Inventory, Node, Role, Tenant},
    plan::model::content::{PUBLIC, SECRET},
    profile::{Ability, AuthorityId, Component, OnNewCa, SecretTable},
    x509::KeyEncoding,
};

/// What the operator of the cluster must not do during the rotation of a tenant.
const FREEZE: &str = "Until the rotation is over: no upgrade of the tenant or of the operator, no change of the tenant's object and no deletion of its Secrets except by this package; stop the cluster autoscaler and MachineHealthChecks, GitOps reconciliation of the objects in this package, and node image builds";

/// The work that remains after phase 3.
const AFTER_CARE: &str = "Older backups of the DataStore and of the management cluster contain the old Secrets, cluster-info and trust ConfigMaps: take new ones, resume what you stopped, and delete /etc/kubernetes/.airlock and /var/lib/kubelet/.airlock on every worker, which contain the old keys";

/// Whether the operator's release can only replace a CA at once. Reports an unknown release, and CAs that the release
/// would discard.
pub(super) fn is_at_once(inventory: &Inventory, request: &RotationRequest, findings: &mut Vec<Finding>) -> bool {
    let Some(tenant) = &inventory.tenant else { return false };
    let said = request.release.as_deref();
    if said.is_some_and(|release| crate::inventory::release_numbers(release).is_none()) {
        findings.push(
            Finding::error("release-unknown", "", format!("{} is not a release", said.unwrap_or_default()))
                .remedy("Write it like the tag of the operator's image (--release 26.8.2-edge)"),
        );
    }
    keeps_key(inventory, tenant, said, findings);
    match tenant.can(Ability::Pause, said) {
        Some(true) => {
            overlaps(tenant, inventory, findings);
            false
        }
        Some(false) => {
            findings.push(
                Finding::warning("at-once", "", "this release of the operator cannot be paused: the CA is replaced at once, and every client with a certificate of the old CA is rejected until it has a new one")
                    .remedy(format!("Preferably upgrade the operator to {} or later first: then both CAs are trusted during the rotation and no connection fails", since(tenant, Ability::Pause))),
            );
            true
        }
        None => {
            findings.push(
                Finding::error("release-unknown", "", "the operator's release was not detected, and the steps depend on it")
                    .remedy("Specify it (--release 26.8.2-edge), or provide the operator's Deployment as well: kubectl -n kamaji-system get deployment kamaji -o yaml"),
            );
            false
        }
    }
}

fn since(tenant: &Tenant, ability: Ability) -> &'static str {
    tenant.hosted.ability(ability).map_or("", |row| row.since)
}

/// Reports a CA key in PKCS#8, which old releases of the operator cannot read.
fn keeps_key(inventory: &Inventory, tenant: &Tenant, said: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    if authority.key.as_ref().is_none_or(|key| key.encoding() != KeyEncoding::Pkcs8) {
        return;
    }
    let message = format!(
        "the CA's private key is PKCS#8, which releases before {} cannot read: their operator discards the CA and generates its own",
        since(tenant, Ability::Pkcs8)
    );
    let finding = match tenant.can(Ability::Pkcs8, said) {
        Some(true) => return,
        Some(false) => Finding::error("pkcs8-discarded", &authority.file, message)
            .remedy("Write it as PKCS#1 (openssl rsa -traditional -in ca.key), or upgrade the operator; then provide the current Secret"),
        None => Finding::warning("pkcs8-discarded", &authority.file, message)
            .remedy("Specify the release (--release); this package writes PKCS#1"),
    };
    findings.push(finding);
}

/// Refuses a tenant that was paused too early: a paused operator cannot change the signing files of
/// kube-controller-manager.
fn overlaps(tenant: &Tenant, inventory: &Inventory, findings: &mut Vec<Finding>) {
    if tenant.is_paused() != Some(true) || tenant.signs_apart() {
        return;
    }
    let bundle = inventory.rotations.contains_key(&AuthorityId::Cluster);
    let back = if bundle { "restore ca.crt of its Secret with only the old CA, then resume it" } else { "resume it" };
    findings.push(
        Finding::error(
            "paused-too-early",
            "",
            format!(
                "{} is paused, and its kube-controller-manager signs from ca.crt: only the operator can change that",
                tenant.full_name()
            ),
        )
        .remedy(format!(
            "First {back} (kubectl -n {} annotate {} {} {}-)",
            tenant.namespace, tenant.hosted.resource, tenant.name, tenant.hosted.pause
        )),
    );
}

/// The request for a CA that is replaced at once. Airlock issues the kubelets' certificates, because API servers reject
/// the current ones from then on.
pub(super) fn with_minted_kubelets(request: &RotationRequest) -> RotationRequest {
    RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..request.clone() }
}

impl<'a> Sequence<'a, '_> {
    /// The steps for the operator and the tenant's control plane in a phase.
    pub(super) fn hosted(&mut self, tenant: &'a Tenant, phase: Phase) {
        let Some(node) = self.inventory.control_plane().find(|node| node.role == Role::Hosted) else { return };
        if !self.progress.is_node_through(node, phase) {
            let (title, gate) = match phase {
                Phase::TrustBoth => (
                    "Make the tenant's control plane accept both CAs",
                    "the Secrets contain both CAs, and every Pod was started after that",
                ),
                Phase::Switch => (
                    "Make the tenant's control plane use the new CA",
                    "the Secrets contain certificates of the new CA, and every Pod was started after that",
                ),
                Phase::DropOld => {
                    ("Make the tenant's control plane accept only the new CA", "the Secrets contain only the new CA")
                }
            };
            let mut actions = self.secrets(tenant, node, phase, |_| true);
            // In phase 3 the next step, resume, rolls the control plane out.
            let verb = if phase == Phase::DropOld { TenantVerb::RollBack } else { TenantVerb::RollOut };
            actions.push(action(tenant, verb));
            self.push(
                phase,
                "control-plane",
                Holder::Management,
                title,
                actions,
                Gate::proving(gate, Fact::Everywhere),
            );
        }
        match phase {
            Phase::TrustBoth => {}
            Phase::Switch => self.served(phase),
            Phase::DropOld => self.resume(tenant, phase),
        }
    }

    /// The steps before any change: freeze, separate signing files, pause.
    pub(super) fn freeze_hosted(&mut self, tenant: &'a Tenant, phase: Phase) {
        let actions = vec![Action::person(FREEZE)];
        let gate = "no upgrade and no certificate renewal until the rotation is complete";
        self.push(phase, "freeze", Holder::Management, "Freeze changes", actions, gate);
        if self.at_once {
            return;
        }
        if phase == Phase::TrustBoth && !tenant.signs_apart() {
            let actions = vec![action(tenant, TenantVerb::SignApart(true))];
            let title = "Have kube-controller-manager sign from a file of one certificate";
            let gate = "kube-controller-manager runs with these arguments in every Pod";
            self.push(phase, "signing", Holder::Management, title, actions, gate);
        }
        let actions = vec![action(tenant, TenantVerb::Pause)];
        self.push(phase, "pause", Holder::Management, "Pause the operator", actions, "the annotation is set");
    }

    /// Waits for a TLS handshake with the API server itself, not for a status field.
    fn served(&mut self, phase: Phase) {
        let actions = vec![Action::Cluster(ClusterAction::Served)];
        let title = "Wait until the API server serves a certificate of the new CA";
        self.push(phase, "served", Holder::Cluster, title, actions, "a client that trusts only the new CA can connect");
    }

    fn resume(&mut self, tenant: &'a Tenant, phase: Phase) {
        let mut actions = Vec::new();
        // Separate signing files from before the rotation stay. If the rotation was begun before this package, files do
        // not show whether they existed before, and the package removes them.
        if self.progress.has_begun() || !tenant.signs_apart() {
            actions.push(action(tenant, TenantVerb::SignApart(false)));
        }
        actions.push(action(tenant, TenantVerb::Resume));
        let gate = "the operator has rolled the control plane out, and every Pod was started after that";
        self.push(phase, "resume", Holder::Management, "Resume the operator", actions, gate);
    }

    /// The request to fetch kubeconfigs again from a Secret of the tenant that the phase changes.
    pub(super) fn taken_out(&self, phase: Phase) -> Option<Action> {
        let tenant = self.inventory.tenant.as_ref().filter(|_| !self.at_once || phase == Phase::DropOld)?;
        let profile = self.inventory.profile;
        let of_people = |path: &str| profile.kubeconfigs.iter().any(|row| row.path == path && row.reader.is_none());
        let mut tables = tenant.secrets.iter();
        let (_, stored) = tables.find(|(table, _)| table.files.iter().any(|(_, path)| of_people(path)))?;
        let text = format!("Everyone who uses a kubeconfig from {} must fetch it again", stored.place());
        Some(Action::person(&text))
    }

    pub(super) fn after_care_words(&self) -> &'static str {
        if self.inventory.tenant.is_some() { AFTER_CARE } else { super::sequence::builder::AFTER_CARE }
    }

    pub(super) fn after_care_gate(&self) -> &'static str {
        match self.inventory.tenant {
            Some(_) => {
                "every node is Ready two minutes after the last step, and there is a backup of the DataStore from after this phase"
            }
            None => {
                "every node is Ready two minutes after the last step, and there is an etcd snapshot from after this phase"
            }
        }
    }

    /// Writes every Secret with a file that changes in the phase and has not completed it. Files for which `wanted` is
    /// false stay.
    fn secrets(
        &mut self,
        tenant: &'a Tenant,
        node: &'a Node,
        phase: Phase,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Action> {
        let tables = tenant.secrets.iter();
        let mut actions = Vec::new();
        for (table, stored) in tables {
            // The operator rewrites this Secret when it resumes.
            if phase == Phase::DropOld && table.on_new_ca == OnNewCa::Rewrites {
                continue;
            }
            let files = table.files.iter().filter(|(_, path)| wanted(path));
            let parts: Vec<FilePart> = files
                .filter_map(|(key, path)| Some(FilePart { key, path, content: self.content(node, phase, path)? }))
                .collect();
            let is_left = |part: &FilePart| !self.progress.is_through(&node.name, part.path, phase);
            if !parts.iter().any(is_left) {
                continue;
            }
            let (before, after) = self.words(table, &parts, phase);
            actions.push(Action::Write(Edit {
                target: stored.place(),
                output: format!(
                    "{}/{}/{}.yaml",
                    phase.folder(),
                    Holder::Management.folder(),
                    PackagePath::name(&stored.object.name)
                ),
                mode: SECRET,
                source: Some((&**stored).into()),
                content: FileContent::Object(ObjectChange::Files(stored.clone(), parts)),
                before,
                after,
            }));
        }
        // For the checks only; no node has this file.
        if let Some(row) = self.inventory.profile.authority(AuthorityId::FrontProxy)
            && self.authority_changes.contains_key(&row.id)
            && !actions.is_empty()
        {
            let name = row.certificate.rsplit('/').next().unwrap_or_default();
            actions.push(Action::Write(Edit {
                target: format!("{name}, for checks"),
                output: format!("{}/{}/{name}", phase.folder(), Holder::Management.folder()),
                mode: PUBLIC,
                source: None,
                content: FileContent::Trust(row.id, phase.trust()),
                before: phase.trusted_before().to_owned(),
                after: phase.trust().to_string(),
            }));
        }
        actions
    }

    /// The content of a file of the Pods after a phase; `None` if it does not change.
    fn content(&mut self, node: &'a Node, phase: Phase, path: &'static str) -> Option<FileContent> {
        let profile = self.inventory.profile;
        let rotated =
            |id: AuthorityId| self.authority_changes.get(&id).filter(|one| one.key_home == KeyHome::Nodes).is_some();
        let is_new = phase != Phase::TrustBoth;
        let side = if is_new { Side::New } else { Side::Old };
        if let Some(row) = profile.authorities.iter().find(|row| row.certificate == path || row.key == path) {
            let key = row.key == path;
            return (rotated(row.id) && (!key || is_new)).then(|| {
                if key { FileContent::AuthorityKey(row.id) } else { FileContent::Trust(row.id, phase.trust()) }
            });
        }
        if path == profile.signing.certificate {
            return rotated(AuthorityId::Cluster).then_some(FileContent::Signing(AuthorityId::Cluster, side));
        }
        if path == profile.signing.key {
            return (rotated(AuthorityId::Cluster) && is_new)
                .then_some(FileContent::AuthorityKey(AuthorityId::Cluster));
        }
        if let Some(row) = profile.leaves.iter().find(|row| row.certificate == path || row.key == path) {
            let leaf = node.certificates(row.certificate).first().filter(|_| phase == Phase::Switch)?;
            let id = self.replacements.of(leaf, &format!("{}: {}", node.name, row.name), false)?;
            return match row.certificate == path {
                true => Some(FileContent::Leaf(id)),
                false => self.replacements.has_new_key(id).then_some(FileContent::LeafKey(id)),
            };
        }
        let row = profile.kubeconfigs.iter().find(|row| row.path == path)?;
        let (slot, kubeconfig) = node.kubeconfig(path)?;
        let owner = format!("{}: {}", node.name, row.name);
        let change = clients::change(
            (AuthorityId::Cluster, kubeconfig),
            &owner,
            phase,
            self.authority_changes,
            self.replacements,
        )?;
        Some(FileContent::Kubeconfig(slot.into(), change))
    }

    /// Describes the first trust bundle, leaf or kubeconfig in the Secret, before and after the phase.
    fn words(&self, table: &SecretTable, parts: &[FilePart], phase: Phase) -> (String, String) {
        let described = parts.iter().find_map(|part| match &part.content {
            FileContent::Trust(_, order) if phase == Phase::TrustBoth => {
                Some((phase.trusted_before().to_owned(), format!("{order}; the old CA signs")))
            }
            FileContent::Trust(_, order) => {
                let alone = if *order == Trust::New { "" } else { "; the new CA signs" };
                Some((phase.trusted_before().to_owned(), format!("{order} and its key{alone}")))
            }
            FileContent::Leaf(id) => Some((
                "signed by old CA".to_owned(),
                format!("signed by new CA, {}", self.replacements.key_in_words(*id)),
            )),
            FileContent::Kubeconfig(_, change) => Some((clients::before(change, phase), clients::after(change, phase))),
            _ => None,
        });
        described.unwrap_or_else(|| (table.component.to_owned(), table.component.to_owned()))
    }
}

/// The components of a tenant's Pods. A roll-out restarts all of them.
pub(crate) const IN_PODS: [Component; 4] =
    [Component::Apiserver, Component::ControllerManager, Component::Scheduler, Component::Konnectivity];
