//! The talosconfigs and kubeconfigs of each phase.

use std::collections::BTreeMap;

use super::builder::MachineSequence;
use crate::{
    finding::Finding,
    inventory::Inventory,
    plan::{
        initial_state::contexts as contexts_of,
        model::{
            actions::Action,
            authorities::AuthorityChange,
            content::{Edit, FileContent, NewClient, PUBLIC, SECRET},
            leaves::Identity,
            phase::Phase,
            steps::{Fact, Gate, Holder},
        },
        objects,
    },
    profile::{AuthorityId, AuthorityRow},
};

/// The kind of client configuration of one of the two APIs.
struct ClientKind {
    authority: AuthorityId,
    /// Its file in a phase of the package, if none was provided.
    name: &'static str,
    /// The finding's code if none was provided.
    code: &'static str,
    /// The identity in the client certificate (siderolabs/talos: pkg/machinery/role;
    /// pkg/machinery/config/generate/secrets, `GenerateTalosAPIClientCertificate`; internal/pkg/kubeconfig,
    /// `GenerateAdmin`).
    organization: &'static str,
    common_name: &'static str,
}

const KINDS: [ClientKind; 2] = [
    ClientKind {
        authority: AuthorityId::Talos,
        name: "talosconfig",
        code: "missing-talosconfig",
        organization: "os:admin",
        common_name: "",
    },
    ClientKind {
        authority: AuthorityId::Cluster,
        name: "kubeconfig",
        code: "missing-kubeconfig",
        organization: "system:masters",
        common_name: "admin",
    },
];

/// The kinds of client configurations that depend on a rotated CA and of which none was provided.
fn missing<'a>(
    inventory: &'a Inventory,
    authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
) -> impl Iterator<Item = &'static ClientKind> + use<'a> {
    KINDS.iter().filter(|kind| {
        let of_kind = |id: AuthorityId| id == kind.authority;
        authority_changes.contains_key(&kind.authority)
            && !inventory.clients.iter().filter_map(|slot| slot.artifact.access()).any(|(id, _)| of_kind(id))
    })
}

/// Reports that no client configuration of a kind was provided.
pub(super) fn note_missing(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    for kind in missing(inventory, authority_changes) {
        findings.push(
            Finding::warning(kind.code, "", format!("no {} was provided: the package has a generated one for an administrator in phases 2 and 3, and none in phase 1", kind.name))
                .remedy(format!("Provide yours; or edit your own in phase 1, and use the package's {} from phase 2 on", kind.name)),
        );
    }
}

/// The context for this cluster in the first provided configuration of each API. A generated configuration has the
/// context `CLUSTER` for Talos and `admin@CLUSTER` for Kubernetes.
pub(crate) fn contexts(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
) -> BTreeMap<AuthorityId, String> {
    let context = |authority_change: &AuthorityChange| {
        let mut given = inventory.clients.iter().filter_map(|slot| slot.artifact.access());
        let ours = given.find_map(|(id, access)| {
            let named = contexts_of(access, authority_change).into_iter().next()?;
            (id == authority_change.id).then_some(named.0)
        });
        ours.unwrap_or_else(|| match authority_change.id {
            AuthorityId::Talos => inventory.cluster.clone(),
            _ => format!("admin@{}", inventory.cluster),
        })
    };
    authority_changes.values().map(|authority_change| (authority_change.id, context(authority_change))).collect()
}

impl MachineSequence<'_, '_> {
    pub(super) fn clients(&mut self, phase: Phase) {
        let inventory = self.inventory;
        let mut actions = objects::clients(inventory, phase, self.authority_changes, self.progress, self.replacements);
        for kind in missing(inventory, self.authority_changes).filter(|_| phase != Phase::TrustBoth) {
            let row = inventory.profile.authority(kind.authority);
            actions.extend(row.map(|row| self.new_client(kind, row, phase)));
        }
        for row in inventory.profile.authorities.iter().filter(|row| self.authority_changes.contains_key(&row.id)) {
            actions.push(Action::Write(Edit {
                target: format!("{} for clients that were not provided", row.title),
                output: format!("{}/clients/{}.crt", phase.folder(), row.name),
                mode: PUBLIC,
                source: None,
                content: FileContent::Trust(row.id, phase.trust()),
                before: phase.trusted_before().to_owned(),
                after: phase.trust().to_string(),
            }));
        }
        actions.push(Action::person(match phase {
            Phase::TrustBoth => {
                "Update every talosconfig and kubeconfig of this cluster to trust both CAs: users, CI, Argo CD, monitoring, backup tools"
            }
            Phase::Switch => "Replace every client certificate of the old CA",
            Phase::DropOld => "Update every talosconfig and kubeconfig of this cluster to trust only the new CA",
        }));
        let gate = Gate::proving("every user and pipeline has confirmed it", Fact::Everywhere);
        self.push(phase, "clients", Holder::Clients, "Distribute new talosconfigs and kubeconfigs", actions, gate);
    }

    /// A generated configuration for an administrator.
    fn new_client(&mut self, kind: &ClientKind, row: &AuthorityRow, phase: Phase) -> Action {
        let identity =
            Identity::Client { organization: kind.organization.to_owned(), common_name: kind.common_name.to_owned() };
        let credential = self.replacements.client(kind.name, row, identity);
        let server = match kind.authority {
            AuthorityId::Cluster => {
                self.inventory.nodes.iter().find_map(|node| Some(node.machine.as_ref()?.endpoint.clone()))
            }
            _ => None,
        };
        let client = NewClient {
            authority: kind.authority,
            cluster: self.inventory.cluster.clone(),
            server: server.unwrap_or_default(),
            order: phase.trust(),
            credential,
        };
        let first = phase == Phase::Switch;
        Action::Write(Edit {
            target: format!("an administrator's {}", kind.name),
            output: format!("{}/clients/{}", phase.folder(), kind.name),
            mode: SECRET,
            source: None,
            content: FileContent::Client(client),
            before: if first { "none provided".to_owned() } else { phase.trusted_before().to_owned() },
            after: format!("trusts {}; credential of new CA", phase.trust()),
        })
    }
}
