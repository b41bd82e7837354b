//! Pods in provided objects that read files of nodes which the rotation changes, and that no step restarts.

use std::collections::{BTreeMap, BTreeSet};

use super::{changed::Changed, decision::Judge};
use crate::{
    finding::Finding,
    inventory::{Inventory, NodePods, PodLife, PodRead, Role},
    plan::{
        model::{authorities::AuthorityChange, consumers::Dependent},
        unhandled::list,
    },
    profile::AuthorityId,
    text::shell::quote,
};

/// One finding to acknowledge for each workload. CronJobs get only a note, because the next Pod reads the new files.
pub(crate) fn node_pods(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    dependents: &BTreeMap<(String, String), Dependent>,
    findings: &mut Vec<Finding>,
) {
    // The objects of a management cluster contain Pods on other nodes.
    if !inventory.nodes.iter().any(|node| node.role != Role::Hosted && node.machine.is_none()) {
        return;
    }
    let by_path = dependents.iter().map(|((_, path), dependent)| (path.clone(), dependent.clone())).collect();
    let changed = Judge::new(inventory, authority_changes).changed(&by_path);
    let mut said = BTreeSet::new();
    for pods in &inventory.node_pods {
        let workload = (pods.namespace.as_str(), pods.name.as_str());
        if inventory.rolled_out.contains(&(pods.namespace.clone(), pods.name.clone())) || said.contains(&workload) {
            continue;
        }
        let mut read: BTreeMap<&str, (&Changed, PodRead)> = BTreeMap::new();
        for (path, how) in pods.reads(changed.keys().map(String::as_str), inventory.profile.directory) {
            if let Some(file) = changed.get(path).filter(|file| counts(file, &how)) {
                read.insert(path, (file, how));
            }
        }
        if !read.is_empty() {
            said.insert(workload);
            findings.push(finding(pods, &read));
        }
    }
}

/// Whether the Pod may use the file. In a mounted directory, it is assumed to read only kubeconfigs and trust bundles.
fn counts(file: &Changed, how: &PodRead) -> bool {
    let of_servers = matches!(file, Changed::AuthorityKey | Changed::Leaf { .. } | Changed::LeafKey { .. });
    !(of_servers && matches!(how, PodRead::Folder(_)))
}

fn finding(pods: &NodePods, read: &BTreeMap<&str, (&Changed, PodRead)>) -> Finding {
    let NodePods { name, namespace, life, file, .. } = pods;
    let of = |is_of: &dyn Fn(&PodRead) -> bool| -> Vec<&str> {
        read.iter().filter(|(_, (_, how))| is_of(how)).map(|(path, _)| *path).collect()
    };
    let paths = of(&|how| !matches!(how, PodRead::Folder(_)));
    let folders: BTreeSet<&str> = read
        .values()
        .filter_map(|(_, how)| match how {
            PodRead::Folder(folder) => Some(folder.as_str()),
            _ => None,
        })
        .collect();
    let what = if paths.is_empty() {
        let folders: Vec<_> = folders.into_iter().collect();
        let below: Vec<_> = read.keys().copied().collect();
        format!("mounts {} of its node and can read {} there", list(&folders), list(&below))
    } else {
        format!("reads {} of its node", list(&paths))
    };
    let what = format!("{name} in namespace {namespace} {what}");
    if *life == PodLife::CronJob {
        let message =
            format!("{what}: each run reads the files as they are then. A run that overlaps a node's step can fail");
        let (namespace, name) = (quote(namespace), quote(name));
        return Finding::note("restart-yourself", file, message).remedy(format!(
            "To avoid that, suspend it during the nodes' steps: kubectl -n {namespace} patch {name} -p '{{\"spec\":{{\"suspend\":true}}}}'"
        ));
    }
    let mount = match of(&|how| *how == PodRead::Alone).as_slice() {
        [] => String::new(),
        alone => format!(" A mount of a single file ({}) shows the old file until then.", list(alone)),
    };
    let message = format!(
        "{what}, and no step of this package restarts it: it keeps the old content until it restarts.{mount} {}",
        consequence(read.values().map(|(file, _)| *file))
    );
    Finding::warning("restart-yourself", file, message)
        .remedy(remedy(pods))
        .acknowledged_as(AuthorityId::Cluster, &format!("{namespace}/{name}"))
}

/// What fails from which phase on, without a final period.
fn consequence<'a>(files: impl Iterator<Item = &'a Changed>) -> String {
    let (mut trusts, mut presents, mut signs) = (false, false, false);
    for file in files {
        match file {
            Changed::Kubeconfig => (trusts, presents) = (true, true),
            Changed::AuthorityKey => signs = true,
            Changed::Leaf { .. } | Changed::LeafKey { .. } => presents = true,
            _ => trusts = true,
        }
    }
    let parts = [
        (trusts, "From phase 2 on, it rejects certificates that the new CA issued"),
        (presents, "from phase 3 on, the certificate that it presents is rejected"),
        (signs, "what it issues with the old CA's key is rejected from phase 3 on"),
    ];
    let parts: Vec<&str> = parts.iter().filter(|(applies, _)| *applies).map(|(_, part)| *part).collect();
    let text = parts.join("; ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn remedy(pods: &NodePods) -> String {
    let NodePods { name, namespace, life, .. } = pods;
    let (namespace, workload) = (quote(namespace), quote(name));
    let after = "after the steps of the nodes in each phase";
    match life {
        PodLife::RollOut => format!(
            "Load {name} as well, so that the package takes it into account; or restart it {after}: kubectl -n {namespace} rollout restart {workload}"
        ),
        PodLife::Replaced => format!("Delete its Pods {after}; its controller creates new ones"),
        PodLife::Job => {
            "Let it run to its end before each phase, or delete it and create it again after the steps of the nodes"
                .to_owned()
        }
        PodLife::Bare | PodLife::CronJob => format!(
            "Delete it and create it again {after}: kubectl -n {namespace} get {workload} -o yaml >pod.yaml; kubectl replace --force -f pod.yaml"
        ),
    }
}
