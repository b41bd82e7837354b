//! The actions on control-plane nodes whose files were not provided: the same as on others, but the script edits the
//! node's own files, and kubeadm on the node issues the leaf certificates.
//!
//! `kubeadm certs renew` signs with the first certificate of `ca.crt` and with `ca.key`, copies names, organizations
//! and usages, and sets the CA data of a kubeconfig to that first certificate (kubernetes/kubernetes:
//! cmd/kubeadm/app/phases/certs/renewal/manager.go, readwriter.go). Nodes of Cluster API have kubeadm, too.

use std::collections::BTreeMap;

use super::model::{
    actions::Action,
    authorities::{AuthorityChange, KeyHome},
    content::{Edit, FileContent, PUBLIC, SECRET},
    phase::{Phase, Side},
    steps::Holder,
};
use crate::{
    finding::Finding,
    inventory::Inventory,
    profile::{AuthorityId, Component, KubeconfigRow, Profile, RotationMethod, SIGNING_FLAG},
};

/// Refuses an external CA if no control-plane node's files were provided: the nodes then issue leaves with the CA's key.
pub(super) fn check(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    if inventory.control_plane().next().is_some() || inventory.profile.course != RotationMethod::NodeFiles {
        return;
    }
    for authority_change in authority_changes.values() {
        if authority_change.key_home == KeyHome::Elsewhere {
            findings.push(
                Finding::error("control-plane-missing", "", format!("no control-plane node's files were provided, and the {}'s key is not on the nodes, so they cannot issue their own new certificates", authority_change.title))
                    .remedy("Provide /etc/kubernetes of every control-plane node (private keys are optional)"),
            );
        }
    }
}

/// Plans the nodes' script for one phase.
pub(super) struct WithoutInputPlanner<'a> {
    pub(super) profile: &'static Profile,
    pub(super) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    /// The restart of the API server, if this phase needs one.
    pub(super) restart: Option<Action>,
    pub(super) phase: Phase,
}

impl WithoutInputPlanner<'_> {
    /// The actions on each of the nodes, in order. The kubelets' certificates are a separate step.
    pub(super) fn actions(mut self) -> Vec<Action> {
        let rotates_cluster = self.authority_changes.contains_key(&AuthorityId::Cluster);
        let manager = Component::ControllerManager;
        let mut actions = Vec::new();
        match self.phase {
            Phase::TrustBoth => {
                if rotates_cluster {
                    actions.push(self.signing_file(Side::Old, "—", "old CA"));
                    actions.push(self.set_flag(self.ca_path(), self.profile.signing.certificate));
                }
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
            }
            Phase::Switch => {
                actions.extend(self.authority_keys());
                if rotates_cluster {
                    actions.push(self.signing_file(Side::New, "old CA", "new CA"));
                }
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                actions.extend(self.renewals());
            }
            Phase::DropOld => {
                actions.extend(self.trust());
                actions.extend(self.kubeconfigs());
                if rotates_cluster {
                    actions.push(self.set_flag(self.profile.signing.certificate, self.ca_path()));
                }
            }
        }
        if rotates_cluster {
            actions.extend(self.restart.take());
            actions.push(Action::Restart(manager));
            actions.push(Action::Restart(Component::Scheduler));
            if self.phase != Phase::Switch {
                actions.push(Action::Restart(Component::Kubelet));
            }
            if self.phase == Phase::DropOld {
                let target = self.profile.signing.certificate.to_owned();
                actions.push(Action::Remove { target, before: "new CA".to_owned() });
            }
        }
        actions
    }

    fn ca_path(&self) -> &'static str {
        self.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate)
    }

    fn write(&self, target: &str, mode: u32, content: FileContent, before: &str, after: &str) -> Action {
        Action::Write(Edit {
            target: target.to_owned(),
            output: format!("{}/{}{target}", self.phase.folder(), Holder::ControlPlanes.folder()),
            mode,
            source: None,
            content,
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    fn signing_file(&self, side: Side, before: &str, after: &str) -> Action {
        let content = FileContent::Signing(AuthorityId::Cluster, side);
        self.write(self.profile.signing.certificate, PUBLIC, content, before, after)
    }

    fn set_flag(&self, from: &str, to: &str) -> Action {
        Action::SetFlag {
            component: Component::ControllerManager,
            flag: SIGNING_FLAG,
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    fn trust(&self) -> Vec<Action> {
        let (before, order) = (self.phase.trusted_before(), self.phase.trust());
        let rows = self.authority_changes.keys().filter_map(|id| self.profile.authority(*id));
        rows.map(|row| {
            self.write(row.certificate, PUBLIC, FileContent::Trust(row.id, order), before, &order.to_string())
        })
        .collect()
    }

    fn authority_keys(&self) -> Vec<Action> {
        let rows = self.authority_changes.keys().filter_map(|id| self.profile.authority(*id));
        rows.map(|row| self.write(row.key, SECRET, FileContent::AuthorityKey(row.id), "key of old CA", "key of new CA"))
            .collect()
    }

    fn kubeconfigs(&self) -> impl Iterator<Item = Action> {
        let rotates = self.authority_changes.contains_key(&AuthorityId::Cluster);
        self.profile.kubeconfigs.iter().filter(move |_| rotates).map(|row| Action::TrustInKubeconfig(row.name))
    }

    /// The leaves and kubeconfigs that kubeadm re-issues, by rotated CA. Those of other CAs stay.
    fn renewals(&self) -> impl Iterator<Item = Action> {
        self.authority_changes.keys().map(|id| {
            let leaves = self.profile.leaves.iter().filter(|row| row.authority == *id).map(|row| row.name);
            let own = |row: &&KubeconfigRow| *id == AuthorityId::Cluster && row.reader != Some(Component::Kubelet);
            let kubeconfigs = self.profile.kubeconfigs.iter().filter(own).map(|row| row.name);
            let names = leaves.chain(kubeconfigs).collect();
            Action::RenewOnNode { authority: *id, names, trust: self.phase.trust() }
        })
    }
}
