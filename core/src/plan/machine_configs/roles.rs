//! The machines of each role. One patch must apply to all machines of a role.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    finding::Finding,
    formats::talos::Layout,
    inventory::{Inventory, Node, Role},
    plan::model::{authorities::AuthorityChange, content::Source},
    profile::AuthorityId,
    x509::Certificate,
};

/// Every machine of a role, whether or not its configuration was provided.
#[derive(Debug)]
pub(super) struct MachineGroup {
    pub(super) role: Role,
    pub(super) layout: Layout,
    /// Other CAs that the machines accept. The patches keep them.
    pub(super) kept: BTreeMap<AuthorityId, Vec<Certificate>>,
}

/// The roles, control planes first. Reports missing configurations, and machines of one role that need different
/// patches.
pub(super) fn groups(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) -> Vec<MachineGroup> {
    let layouts = |role: Role| -> BTreeSet<Layout> {
        let machines = inventory.nodes.iter().filter(|node| node.role == role);
        machines.filter_map(|node| Some(node.machine.as_ref()?.layout)).collect()
    };
    let control_plane = layouts(Role::ControlPlane);
    let Some(layout) = control_plane.first().copied() else {
        findings.push(
            Finding::error("missing-machine-config", "", "no control-plane machine's configuration was provided, so its accepted CAs and its format are not known")
                .remedy(format!("Provide {}", inventory.profile.input)),
        );
        return Vec::new();
    };
    let workers = layouts(Role::Worker);
    if workers.is_empty() {
        findings.push(
            Finding::warning("missing-machine-config", "", "no worker's configuration was provided: the patches for workers use the configuration format of the control plane")
                .remedy("Provide worker.yaml if there are workers, so that Airlock detects the CAs that they accept"),
        );
    }
    for (role, layouts) in [(Role::ControlPlane, &control_plane), (Role::Worker, &workers)] {
        if layouts.len() > 1 {
            findings.push(
                Finding::error("two-generations", "", format!("some {} machines have their Kubernetes CA in a document of its own, others do not: one patch cannot fit both", role.folder()))
                    .remedy("Convert their configurations to one format first, or provide machines of one format at a time"),
            );
        }
    }
    [(Role::ControlPlane, layout), (Role::Worker, workers.first().copied().unwrap_or(layout))]
        .into_iter()
        .map(|(role, layout)| MachineGroup { role, layout, kept: kept(inventory, authority_changes, role, findings) })
        .collect()
}

/// The port of the API servers: the first machine's, because all of them share one endpoint.
pub(crate) fn api_port(inventory: &Inventory) -> u64 {
    let mut machines = inventory.control_plane().filter_map(|node| node.machine.as_ref());
    machines.next().map_or(0, |machine| machine.api_port)
}

/// Every provided configuration, for the backup.
pub(crate) fn configurations(inventory: &Inventory) -> Vec<(Role, String, Source)> {
    let machines = inventory.nodes.iter().filter(|node| node.machine.is_some());
    let slots = machines.filter_map(|node| Some((node, node.slots.values().next()?)));
    slots.map(|(node, slot)| (node.role, node.name.clone(), slot.into())).collect()
}

/// Other CAs that all machines of a role accept. Reports machines with different lists, because one patch writes one
/// list.
fn kept(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    role: Role,
    findings: &mut Vec<Finding>,
) -> BTreeMap<AuthorityId, Vec<Certificate>> {
    let mut kept = BTreeMap::new();
    let rows = inventory.profile.authorities.iter();
    for (row, authority_change) in rows.filter_map(|row| Some((row, authority_changes.get(&row.id)?))) {
        let strays = inventory.rotations.get(&row.id).map(|rotation| rotation.strays.as_slice()).unwrap_or_default();
        let beside = |node: &Node| -> Vec<Certificate> {
            let is_rotated = |one: &Certificate| {
                *one == authority_change.old
                    || authority_change.known_new() == Some(one)
                    || authority_change.given_up.as_ref() == Some(one)
                    || strays.contains(one)
            };
            node.accepted(row).into_iter().filter(|one| !is_rotated(one)).cloned().collect()
        };
        let machines: Vec<_> = inventory.nodes.iter().filter(|node| node.role == role).collect();
        let lists: Vec<_> = machines.iter().map(|node| beside(node)).collect();
        if let Some(at) = lists.iter().position(|list| *list != lists[0]) {
            findings.push(
                Finding::error(
                    "machines-differ",
                    "",
                    format!(
                        "{} and {} accept different other CAs in addition to the {}, and one patch writes the same list for both",
                        machines[0].name, machines[at].name, row.title
                    ),
                )
                .remedy("Make them accept the same CAs first, or provide them one at a time"),
            );
        }
        let first = lists.into_iter().next().unwrap_or_default();
        for certificate in &first {
            findings.push(Finding::note(
                "further-ca",
                "",
                format!(
                    "{} machines also accept {} for the {}; the patches keep it",
                    role.folder(),
                    certificate.subject(),
                    row.title
                ),
            ));
        }
        kept.insert(row.id, first);
    }
    kept
}
