//! Files that depend on a rotated CA and that no step changes. The user acknowledges each of them, or the plan is
//! refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    dependents::reaches,
    model::{
        actions::Action,
        authorities::AuthorityChange,
        consumers::Consumers,
        request::RotationRequest,
        rotation_plan::Acknowledged,
        steps::{Holder, Step},
    },
};
use crate::{
    finding::{Finding, Severity},
    inventory::{Artifact, Inventory, Node, Role},
    profile::{AuthorityId, OtherKind, RotationMethod},
    text::shell::quote,
    x509::Certificate,
};

/// How a file depends on the old CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dependency {
    /// It contains a certificate that the old CA issued.
    Issued,
    /// It trusts the old CA.
    Trusts,
    /// Both, such as a kubeconfig.
    Both,
    /// It is a kubeconfig that trusts the old CA for servers other than this cluster's API servers, such as a webhook's.
    TrustsElsewhere,
}

impl Dependency {
    fn of(artifact: &Artifact, old: &Certificate) -> Option<Self> {
        let issued = |leaf: &&Certificate| !leaf.is_authority() && leaf.is_signed_by(old);
        let (trusts, issued) = match artifact {
            Artifact::Kubeconfig(kubeconfig) => {
                let mut shown = kubeconfig.credentials().filter_map(|(_, credential)| credential.certificates.first());
                (kubeconfig.trusts(old), shown.any(|leaf| issued(&leaf)))
            }
            artifact => {
                let certificates = artifact.certificates();
                (certificates.contains(old), certificates.first().is_some_and(|leaf| issued(&leaf)))
            }
        };
        match (trusts, issued) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Trusts),
            (false, true) => Some(Self::Issued),
            (false, false) => None,
        }
    }

    /// The remedy, a sentence without a final period.
    fn remedy(self) -> &'static str {
        match self {
            Self::TrustsElsewhere => {
                "Write both CAs into it in phase 1 and only the new CA in phase 3, restart the process that reads it each time, and give the server a certificate of the new CA in between"
            }
            _ => {
                "Provide the static Pod manifest, systemd unit or configuration that names it, so that the package changes it; or replace it yourself in the phase that is named"
            }
        }
    }

    /// What fails from which phase on, without a final period.
    fn consequence(self, id: AuthorityId) -> &'static str {
        match self {
            Self::Trusts if id == AuthorityId::FrontProxy => {
                "From phase 2 on, a server that reads it rejects the requests that API servers forward to it"
            }
            Self::Issued => "From phase 3 on, its certificate is rejected",
            Self::Trusts => "From phase 2 on, a process that reads it rejects the API servers' new certificates",
            Self::TrustsElsewhere => {
                "Its server is not an API server of this cluster. From phase 2 on, a process that reads the file rejects that server's certificate if the new CA issued it. From phase 3 on, a client certificate in the file is rejected where only the new CA is trusted"
            }
            Self::Both => {
                "From phase 2 on, a process that reads it rejects the API servers' new certificates, and from phase 3 on its own certificate is rejected"
            }
        }
    }
}

/// Files on nodes that depend on a rotated CA and that no step changes.
pub(super) fn on_nodes(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    steps: &[Step],
    consumers: &Consumers,
) -> Vec<Finding> {
    if !matches!(inventory.profile.course, RotationMethod::NodeFiles | RotationMethod::HostPhases) {
        return Vec::new();
    }
    let mut items: BTreeMap<(AuthorityId, &str, Dependency), (Vec<&str>, &str)> = BTreeMap::new();
    let mut etcd: Option<(AuthorityId, &str, BTreeSet<&str>)> = None;
    for node in inventory.nodes.iter().filter(|node| node.role != Role::Hosted) {
        let changed = changed(inventory, node, steps);
        let files = node.slots.iter().chain(&node.others).filter(|(path, _)| !changed.contains(path.as_str()));
        for (path, slot) in files {
            if is_backup(path) {
                continue;
            }
            for authority_change in authority_changes.values() {
                let Some(dependency) = Dependency::of(&slot.artifact, &authority_change.old) else { continue };
                let leads_elsewhere = match &slot.artifact {
                    Artifact::Kubeconfig(kubeconfig) => !reaches(inventory, authority_change, kubeconfig),
                    _ => false,
                };
                let dependency = if leads_elsewhere { Dependency::TrustsElsewhere } else { dependency };
                if is_of_etcd(inventory, path) {
                    let known = etcd.get_or_insert((authority_change.id, slot.file.as_str(), BTreeSet::new()));
                    known.2.insert(path);
                    continue;
                }
                let item = items.entry((authority_change.id, path, dependency)).or_insert((Vec::new(), &slot.file));
                item.0.push(&node.name);
            }
        }
    }
    let items = items.into_iter().map(|((id, path, dependency), (nodes, file))| {
        let message = format!(
            "{path} on {} depends on the old CA, and no step changes it. {}",
            list(&nodes),
            dependency.consequence(id)
        );
        Finding::warning("not-handled", file, message).remedy(dependency.remedy()).acknowledged_as(id, path)
    });
    let etcd = etcd.map(|(id, file, paths)| {
        let paths: Vec<_> = paths.into_iter().collect();
        let message = format!(
            "etcd uses the CA that is rotated ({}), and this package does not change etcd's files: etcd still accepts certificates of the old CA after phase 3",
            list(&paths)
        );
        Finding::warning("etcd-trusts-old-ca", file, message)
            .remedy("Give etcd a CA of its own, before or after this rotation; until then, the holder of the old CA's key reaches etcd")
            .acknowledged_as(id, "etcd")
    });
    items.chain(etcd).chain(unread(consumers, inventory)).collect()
}

/// Reports kubeconfigs that each phase changes and for which no process that reads them is known.
fn unread<'a>(consumers: &'a Consumers, inventory: &'a Inventory) -> impl Iterator<Item = Finding> + 'a {
    let mut nodes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (node, path) in &consumers.unread {
        nodes.entry(path).or_default().push(node);
    }
    nodes.into_iter().map(|(path, nodes)| {
        let node = inventory.nodes.iter().find(|node| Some(&node.name.as_str()) == nodes.first());
        let file = node.and_then(|node| node.file(path)).map_or("", |slot| slot.file.as_str());
        let message = format!(
            "{path} on {} is changed in each phase, but no static Pod manifest, systemd unit or configuration that was provided names it. The process that reads it may keep the old content until it restarts",
            list(&nodes)
        );
        Finding::warning("unknown-reader", file, message)
            .remedy("Provide the file that starts its reader, so that the package restarts it; or restart it yourself after each phase")
            .acknowledged_as(AuthorityId::Cluster, path)
    })
}

/// The files of a node that steps change, remove or renew.
fn changed<'a>(inventory: &'a Inventory, node: &Node, steps: &'a [Step]) -> BTreeSet<&'a str> {
    let own = |holder: &Holder| match holder {
        Holder::Node(name) => *name == node.name,
        Holder::Workers => node.role == Role::Worker,
        _ => false,
    };
    let profile = inventory.profile;
    let kubeconfig = |name: &str| profile.kubeconfigs.iter().find(|row| row.name == name).map(|row| row.path);
    let actions = steps.iter().filter(|step| own(&step.holder)).flat_map(|step| &step.actions);
    let mut changed: BTreeSet<&str> = actions
        .filter_map(|action| match action {
            Action::Write(edit) => Some(edit.target.as_str()),
            Action::Remove { target, .. } => Some(target.as_str()),
            Action::TrustInKubeconfig(name) => kubeconfig(name),
            Action::RenewKubelet => Some(profile.kubelet_client()),
            Action::RenewServing => {
                let pair = profile.others.iter().find(|row| row.kind == OtherKind::KubeletServingPair);
                pair.map(|row| row.path)
            }
            _ => None,
        })
        .collect();
    // If Airlock issues the kubelet's certificate, the step writes another file, to which this symbolic link then
    // points.
    changed.insert(profile.kubelet_client());
    changed
}

/// Whether a directory or the extension marks the file as a backup, which no process reads.
pub(super) fn is_backup(path: &str) -> bool {
    let endings = [".bak", ".backup", ".old", ".orig", ".save", ".rpmsave", ".rpmnew", ".dpkg-old", ".dpkg-dist", "~"];
    let is_copy = |name: &str| {
        let name = name.to_ascii_lowercase();
        endings.iter().any(|ending| name.ends_with(ending)) || name.contains("backup") || name.contains(".bak")
    };
    path.split('/').any(is_copy)
}

fn is_of_etcd(inventory: &Inventory, path: &str) -> bool {
    let profile = inventory.profile;
    let authority = profile.authority(AuthorityId::Etcd);
    authority.is_some_and(|row| [row.certificate, row.key].contains(&path))
        || profile.leaves.iter().any(|row| row.authority == AuthorityId::Etcd && row.certificate == path)
}

/// `a`, `a and b`, `a, b and c`; of seven or more, the first five and the number of the others.
pub(super) fn list(names: &[&str]) -> String {
    const NAMED: usize = 5;
    if names.len() > NAMED + 1 {
        return format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED);
    }
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Turns every finding that the user must acknowledge into an error, and returns those that the user has acknowledged.
pub(super) fn acknowledge(
    findings: &mut [Finding],
    request: &RotationRequest,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
) -> Vec<Acknowledged> {
    let mut acknowledged = BTreeMap::new();
    let concerns = |id: &str| authority_changes.keys().any(|authority| id.starts_with(&format!("{authority}/")));
    for finding in findings.iter_mut().filter(|finding| concerns(&finding.acknowledge)) {
        // Acknowledgement does not remove an error.
        if finding.severity == Severity::Error {
            continue;
        }
        let id = finding.acknowledge.clone();
        if request.acknowledge.contains(&id) {
            let text = if finding.place.is_empty() {
                finding.message.clone()
            } else {
                format!("{}: {}", finding.place, finding.message)
            };
            let remedy = finding.remedy.clone();
            acknowledged.insert(id.clone(), Acknowledged { id, text, remedy });
        } else {
            finding.severity = Severity::Error;
            finding.remedy = format!("{}. Then acknowledge it (--acknowledge {})", finding.remedy, quote(&id));
        }
    }
    acknowledged.into_values().collect()
}
