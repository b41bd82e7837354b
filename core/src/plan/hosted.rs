//! Control planes that an operator keeps in Secrets: what is written there in each phase, and what its operator is told.
//!
//! The order was carried out on a tenant: kube-controller-manager signs from the one-certificate copy before `ca.crt`
//! becomes a bundle, the operator is paused before that too, and resumes when `ca.crt` is one certificate again.

use super::{
    Action, ClusterAction, Content, Edit, Fact, FilePart, Gate, Holder, KeyHome, KubeletCertificates, ObjectChange,
    Phase, RotationRequest, Side, Trust, clients, sequence::Sequence, steps::PackagePath,
};
use crate::{
    Finding,
    inventory::{Inventory, Node, Role, Tenant},
    profile::{Ability, AuthorityId, Component, Hosted, SecretTable},
    x509::KeyEncoding,
};

/// What must not happen while a tenant is half-way.
const FREEZE: &str = "Until the rotation is over: no upgrade of the tenant or of the operator, no change of the tenant's object but this package's, no deletion of its Secrets; stop the cluster autoscaler and MachineHealthChecks, GitOps reconciliation of the objects in this package, and the baking of node images";

/// What is left to do when the old CA is gone.
const AFTER_CARE: &str = "Older backups of the DataStore and of the management cluster bring the old Secrets, cluster-info and trust ConfigMaps back: take new ones, resume what was frozen, and delete /etc/kubernetes/.airlock and /var/lib/kubelet/.airlock on every worker, which hold the old keys";

/// Secrets hold keys.
const SECRET: u32 = 0o600;

/// Something that is done to a tenant's control plane in the management cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantAction {
    pub(crate) hosted: &'static Hosted,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) verb: TenantVerb,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TenantVerb {
    /// The operator is told to leave it alone.
    Pause,
    /// Waits until the operator has issued everything anew, and rolled it out.
    Reissued,
    /// The operator may go on; `ca.crt` must be one certificate by then.
    Resume,
    /// All of its Pods are replaced, once in the phase.
    RollOut,
    /// Where the phase is taken back, all of its Pods are replaced.
    RollBack,
    /// kube-controller-manager signs from files of its own, or from `ca.crt` again; the operator must be able to see to it.
    SignApart(bool),
}

impl TenantAction {
    pub(super) fn in_words(&self) -> String {
        let Self { hosted, namespace, name, verb } = self;
        let tenant = format!("{} {namespace}/{name}", hosted.kind);
        match verb {
            TenantVerb::Pause => format!("Annotate the {tenant} with {}: the operator leaves it alone", hosted.pause),
            TenantVerb::Reissued => "Wait until the operator has issued every certificate and kubeconfig anew, and has rolled the control plane out".to_owned(),
            TenantVerb::Resume => format!("Take the annotation {} from the {tenant}, now that ca.crt is one certificate again: under a bundle the operator would never come to an end. It issues its kubeconfigs anew and rolls the control plane out once", hosted.pause),
            TenantVerb::RollOut => format!("Roll the Deployment {namespace}/{name} out: kube-controller-manager and kube-scheduler read their trust and credentials at their start"),
            TenantVerb::RollBack => format!("Only to go back: roll the Deployment {namespace}/{name} out once more, so that kube-controller-manager publishes both CAs again"),
            TenantVerb::SignApart(true) => format!("In the {tenant}, have kube-controller-manager sign from {}: it signs with one certificate only, and ca.crt is going to be a bundle; the operator rolls it out", hosted.signing_flags[0].1),
            TenantVerb::SignApart(false) => format!("In the {tenant}, take these arguments of kube-controller-manager back, in the same roll-out"),
        }
    }
}

/// Can the release only replace a CA at once? What does not tell is asked for; what the release would discard is refused.
pub(super) fn is_at_once(inventory: &Inventory, request: &RotationRequest, findings: &mut Vec<Finding>) -> bool {
    let Some(tenant) = &inventory.tenant else { return false };
    let said = request.release.as_deref();
    if said.is_some_and(|release| crate::inventory::release_numbers(release).is_none()) {
        findings.push(
            Finding::error("release-unknown", "", format!("{} is no release", said.unwrap_or_default()))
                .remedy("Write it as the operator's image has it (--release 26.8.2-edge)"),
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
                Finding::warning("at-once", "", "this release of the operator cannot be paused: the CA is replaced at once, and whoever presents what the old one signed is locked out until it has something new")
                    .remedy(format!("Better upgrade the operator to {} or later first; then both CAs are accepted for a while and nothing fails", since(tenant, Ability::Pause))),
            );
            true
        }
        None => {
            findings.push(
                Finding::error("release-unknown", "", "the files do not tell the operator's release, and the way that a rotation takes depends on it")
                    .remedy("Say it (--release 26.8.2-edge), or give the operator's Deployment as well: kubectl -n kamaji-system get deployment kamaji -o yaml"),
            );
            false
        }
    }
}

fn since(tenant: &Tenant, ability: Ability) -> &'static str {
    tenant.hosted.ability(ability).map_or("", |row| row.since)
}

/// The CA's key as it is today must be one that the operator reads.
fn keeps_key(inventory: &Inventory, tenant: &Tenant, said: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(authority) = inventory.authorities.get(&AuthorityId::Cluster) else { return };
    if authority.key.as_ref().is_none_or(|key| key.encoding() != KeyEncoding::Pkcs8) {
        return;
    }
    let message = format!(
        "the CA's private key is PKCS#8, which releases before {} cannot read: their operator discards the CA and makes one of its own",
        since(tenant, Ability::Pkcs8)
    );
    let finding = match tenant.can(Ability::Pkcs8, said) {
        Some(true) => return,
        Some(false) => Finding::error("pkcs8-discarded", &authority.file, message)
            .remedy("Write it as PKCS#1 (openssl rsa -traditional -in ca.key), or upgrade the operator; then give the Secret as it is"),
        None => Finding::warning("pkcs8-discarded", &authority.file, message)
            .remedy("Say the release (--release); what this package writes is PKCS#1"),
    };
    findings.push(finding);
}

/// A pause that came too early keeps the operator from seeing to where kube-controller-manager signs.
fn overlaps(tenant: &Tenant, inventory: &Inventory, findings: &mut Vec<Finding>) {
    if tenant.is_paused() != Some(true) || tenant.signs_apart() {
        return;
    }
    let bundle = inventory.rotations.contains_key(&AuthorityId::Cluster);
    let back = if bundle { "put the old CA alone back into ca.crt of its Secret, then resume it" } else { "resume it" };
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

/// Where a CA is replaced at once, a kubelet has nothing left to renew itself with.
pub(super) fn with_minted_kubelets(request: &RotationRequest) -> RotationRequest {
    RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..request.clone() }
}

impl<'a> Sequence<'a, '_> {
    /// What the operator and the tenant's control plane go through in a phase.
    pub(super) fn hosted(&mut self, tenant: &'a Tenant, phase: Phase) {
        let Some(node) = self.inventory.control_plane().find(|node| node.role == Role::Hosted) else { return };
        if !self.progress.is_node_through(node, phase) {
            let (title, gate) = match phase {
                Phase::TrustBoth => (
                    "Make the tenant's control plane accept both CAs",
                    "the Secrets hold both CAs, and every Pod was started after that",
                ),
                Phase::Switch => (
                    "Make the tenant's control plane use the new CA",
                    "the Secrets hold what the new CA signed, and every Pod was started after that",
                ),
                Phase::DropOld => {
                    ("Make the tenant's control plane accept the new CA alone", "the Secrets hold the new CA alone")
                }
            };
            let mut actions = self.secrets(tenant, node, phase, |_| true);
            // What comes next in phase 3 rolls it out.
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

    /// Before anything changes: who must keep still.
    pub(super) fn freeze_hosted(&mut self, tenant: &'a Tenant, phase: Phase) {
        let actions = vec![super::sequence::person(FREEZE)];
        let gate = "nobody upgrades or renews until the rotation is over";
        self.push(phase, "freeze", Holder::Management, "Freeze what would undo the rotation", actions, gate);
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
        self.push(phase, "pause", Holder::Management, "Pause the operator", actions, "the annotation is there");
    }

    /// The word of the API server itself counts, never a status.
    fn served(&mut self, phase: Phase) {
        let actions = vec![Action::Cluster(ClusterAction::Served)];
        let title = "Wait until the API server serves a certificate of the new CA";
        self.push(phase, "served", Holder::Cluster, title, actions, "whoever trusts the new CA alone is answered");
    }

    fn resume(&mut self, tenant: &'a Tenant, phase: Phase) {
        let mut actions = Vec::new();
        // What was there before the rotation is not this package's to take away; where it began, nobody can tell any more.
        if self.progress.has_begun() || !tenant.signs_apart() {
            actions.push(action(tenant, TenantVerb::SignApart(false)));
        }
        actions.push(action(tenant, TenantVerb::Resume));
        let gate = "the operator has rolled the control plane out, and every Pod was started after that";
        self.push(phase, "resume", Holder::Management, "Let the operator go on", actions, gate);
    }

    /// The whole rotation of a release that cannot be paused: whoever can accept both CAs does so before, and everything
    /// else changes at once.
    pub(super) fn at_once(&mut self, tenant: &'a Tenant) {
        let Some(node) = self.inventory.control_plane().find(|node| node.role == Role::Hosted) else { return };
        let (before, now) = (Phase::TrustBoth, Phase::DropOld);
        self.freeze_hosted(tenant, before);
        if self.rotates_cluster() {
            self.cluster_info(before);
            self.workers(before);
        }
        self.clients(before);
        self.verify_logs(before);
        let profile = self.inventory.profile;
        let authorities =
            profile.authorities.iter().filter(|row| row.rotates).flat_map(|row| [row.certificate, row.key]);
        let authorities: Vec<&str> = authorities.chain([profile.signing.certificate, profile.signing.key]).collect();
        // What these signed, the operator issues anew.
        let mut actions = self.secrets(tenant, node, now, |path| authorities.contains(&path));
        actions.push(action(tenant, TenantVerb::Reissued));
        let gate = Gate::proving(
            "the operator has issued everything anew, and every Pod was started after that",
            Fact::Everywhere,
        );
        self.push(now, "control-plane", Holder::Management, "Replace the tenant's CA", actions, gate);
        self.served(now);
        if self.rotates_cluster() {
            self.published(now, "Wait until pods are given the new CA");
            self.cluster_info(now);
            self.workers(now);
        }
        self.clients(now);
        self.signing_requests(now);
        self.everyone(now);
        self.forget_old(now);
        self.pods(now);
        self.verify_logs(now);
        self.after_care(now);
    }

    /// Kubeconfigs that people have out of a Secret of the tenant's.
    pub(super) fn taken_out(&self) -> Option<Action> {
        let tenant = self.inventory.tenant.as_ref()?;
        let profile = self.inventory.profile;
        let of_people = |path: &str| profile.kubeconfigs.iter().any(|row| row.path == path && row.reader.is_none());
        let mut tables = tenant.secrets.iter();
        let (_, stored) = tables.find(|(table, _)| table.files.iter().any(|(_, path)| of_people(path)))?;
        let text = format!("Whoever took a kubeconfig out of {} takes it out again", stored.place());
        Some(super::sequence::person(&text))
    }

    pub(super) fn after_care_words(&self) -> &'static str {
        if self.inventory.tenant.is_some() { AFTER_CARE } else { super::sequence::AFTER_CARE }
    }

    /// Every Secret of which a file changes in the phase, and is not there already; files that `wanted` leaves out stay.
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
            // The operator will write it anew, whatever stands there.
            if phase == Phase::DropOld && table.reissued {
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
                content: Content::Object(ObjectChange::Files(stored.clone(), parts)),
                before,
                after,
            }));
        }
        // What the gates compare with: no node has it as a file.
        if let Some(row) = self.inventory.profile.authority(AuthorityId::FrontProxy)
            && self.successions.contains_key(&row.id)
            && !actions.is_empty()
        {
            let name = row.certificate.rsplit('/').next().unwrap_or_default();
            actions.push(Action::Write(Edit {
                target: format!("{name}, to be compared with"),
                output: format!("{}/{}/{name}", phase.folder(), Holder::Management.folder()),
                mode: 0o644,
                source: None,
                content: Content::Trust(row.id, phase.trust()),
                before: phase.trusted_before().to_owned(),
                after: phase.trust().to_string(),
            }));
        }
        actions
    }

    /// What a file of the Pods becomes in a phase; `None` where it stays.
    fn content(&mut self, node: &'a Node, phase: Phase, path: &'static str) -> Option<Content> {
        let profile = self.inventory.profile;
        let rotated =
            |id: AuthorityId| self.successions.get(&id).filter(|one| one.key_home == KeyHome::Nodes).is_some();
        let is_new = phase != Phase::TrustBoth;
        let side = if is_new { Side::New } else { Side::Old };
        if let Some(row) = profile.authorities.iter().find(|row| row.certificate == path || row.key == path) {
            let key = row.key == path;
            return (rotated(row.id) && (!key || is_new))
                .then(|| if key { Content::AuthorityKey(row.id) } else { Content::Trust(row.id, phase.trust()) });
        }
        if path == profile.signing.certificate {
            return rotated(AuthorityId::Cluster).then_some(Content::Signing(AuthorityId::Cluster, side));
        }
        if path == profile.signing.key {
            return (rotated(AuthorityId::Cluster) && is_new).then_some(Content::AuthorityKey(AuthorityId::Cluster));
        }
        if let Some(row) = profile.leaves.iter().find(|row| row.certificate == path || row.key == path) {
            let leaf = node.certificates(row.certificate).first().filter(|_| phase == Phase::Switch)?;
            let id = self.replacements.of(leaf, &format!("{}: {}", node.name, row.name), false)?;
            return match row.certificate == path {
                true => Some(Content::Leaf(id)),
                false => self.replacements.has_new_key(id).then_some(Content::LeafKey(id)),
            };
        }
        let row = profile.kubeconfigs.iter().find(|row| row.path == path)?;
        let (slot, kubeconfig) = node.kubeconfig(path)?;
        let owner = format!("{}: {}", node.name, row.name);
        let change =
            clients::change((AuthorityId::Cluster, kubeconfig), &owner, phase, self.successions, self.replacements)?;
        Some(Content::Kubeconfig(slot.into(), change))
    }

    /// Before and after, of what counts most in the Secret.
    fn words(&self, table: &SecretTable, parts: &[FilePart], phase: Phase) -> (String, String) {
        let told = parts.iter().find_map(|part| match &part.content {
            Content::Trust(_, order) if phase == Phase::TrustBoth => {
                Some((phase.trusted_before().to_owned(), format!("{order}; the old one signs")))
            }
            Content::Trust(_, order) => {
                let alone = if *order == Trust::New { "" } else { "; the new one signs" };
                Some((phase.trusted_before().to_owned(), format!("{order} and its key{alone}")))
            }
            Content::Leaf(id) => Some((
                "signed by old CA".to_owned(),
                format!("signed by new CA, {}", self.replacements.key_in_words(*id)),
            )),
            Content::Kubeconfig(_, change) => Some((clients::before(change, phase), clients::after(change, phase))),
            _ => None,
        });
        told.unwrap_or_else(|| (table.component.to_owned(), table.component.to_owned()))
    }
}

fn action(tenant: &Tenant, verb: TenantVerb) -> Action {
    let (namespace, name) = (tenant.namespace.clone(), tenant.name.clone());
    Action::Cluster(ClusterAction::Tenant(TenantAction { hosted: tenant.hosted, namespace, name, verb }))
}

/// The components of a tenant's Pods: one roll-out starts all of them anew.
pub(crate) const IN_PODS: [Component; 4] =
    [Component::Apiserver, Component::ControllerManager, Component::Scheduler, Component::Konnectivity];
