//! The rotation of a tenant whose operator cannot be paused: the CA is replaced in one step.

use std::collections::BTreeSet;

use super::actions::action;
use crate::{
    inventory::{Role, Tenant},
    plan::{
        model::{
            actions::Action,
            content::{Edit, FileContent, KubeconfigChange, ObjectChange},
            phase::Phase,
            steps::{Fact, Gate, Holder, Step},
            tenant::TenantVerb,
        },
        sequence::builder::Sequence,
    },
    profile::OnNewCa,
};

impl<'a> Sequence<'a, '_> {
    /// The whole rotation for a release that cannot be paused. Workers, cluster-info and clients trust both CAs first;
    /// then everything else changes at once.
    pub(crate) fn at_once(&mut self, tenant: &'a Tenant) {
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
        // The operator re-issues the certificates of these CAs.
        let mut actions = self.secrets(tenant, node, now, |path| authorities.contains(&path));
        actions.push(action(tenant, TenantVerb::Reissued));
        // For rollback, too: the operator also keeps these Secrets when the old CA is restored.
        if tenant.secrets.iter().any(|(table, _)| table.on_new_ca == OnNewCa::RecreatesWhenDeleted) {
            actions.push(action(tenant, TenantVerb::Recreate));
        }
        let gate = Gate::proving(
            "the operator has issued everything from the new CA, and every Pod was started after that",
            Fact::Everywhere,
        );
        self.push(now, "control-plane", Holder::Management, "Replace the tenant's CA", actions, gate);
        self.served(now);
        if self.rotates_cluster() {
            self.published(now, "Wait until kube-root-ca.crt contains the new CA");
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
        restate(self.steps_mut());
    }
}

/// Corrects the descriptions of files, because phases 2 and 3 are one step here: before it, a file that phase 1 changed
/// trusts the old and the new CA, and every other file trusts the old CA.
fn restate(steps: &mut [Step]) {
    let edits = steps.iter().filter(|step| step.phase == Phase::TrustBoth).flat_map(|step| &step.actions);
    let prepared: BTreeSet<String> = edits.filter_map(|action| Some(edit(action)?.target.clone())).collect();
    for step in steps.iter_mut().filter(|step| step.phase == Phase::DropOld) {
        for action in &mut step.actions {
            let Action::Write(edit) = action else { continue };
            let was = if prepared.contains(&edit.target) { Phase::Switch } else { Phase::TrustBoth };
            edit.before = edit.before.replace(Phase::DropOld.trusted_before(), was.trusted_before());
            if kubeconfig(&edit.content).is_some_and(|change| !change.credentials.is_empty()) {
                edit.before.push_str("; credential of old CA");
                edit.after.push_str("; new credential of new CA");
            }
        }
    }
}

fn edit(action: &Action) -> Option<&Edit> {
    match action {
        Action::Write(edit) => Some(edit),
        _ => None,
    }
}

fn kubeconfig(content: &FileContent) -> Option<&KubeconfigChange> {
    match content {
        FileContent::Kubeconfig(_, change) | FileContent::Object(ObjectChange::Kubeconfig(_, _, change)) => {
            Some(change)
        }
        _ => None,
    }
}
