//! References to paths that the package's scripts expect, references to files that were not provided, and CAs inside
//! configuration files.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    decision::{Judge, KUBECONFIG_FLAGS, SNI_FLAG, component},
    words::{process_name, reference},
};
use crate::{
    finding::Finding,
    inventory::{CLIENT_FLAG, Inventory, KubeletServing, Node, Reader, ReaderProcess, Reference},
    plan::{
        kubelet_authority::verifies_kubelets,
        model::{authorities::AuthorityChange, initial_state::certificates},
    },
    profile::{
        AuthorityId, Component, KUBELET_AUTHORITY_FLAG, SIGNING_FLAG, SIGNING_KEY_FLAG,
        file_flags::{FlagContent, Program},
    },
};

impl Judge<'_> {
    /// Reports components that do not run or use paths as the package's scripts expect.
    pub(super) fn fixed_places(&mut self, node: &Node, readers: &[Reader]) {
        let profile = self.inventory.profile;
        for reader in readers {
            let Reference::Flag(flag) = &reader.reference else { continue };
            let by_unit = matches!(&reader.process, ReaderProcess::Unit { .. });
            if let (true, Some(program)) = (by_unit, reader.process.program().and_then(Program::component)) {
                let message = format!(
                    "{program} on {{nodes}} runs as a systemd unit ({}), and this package restarts static Pods",
                    process_name(&reader.process)
                );
                let remedy = "Clusters whose control plane runs as systemd units are not supported yet";
                self.problem(node, "runs-as-unit", "", message, remedy, &reader.file);
                continue;
            }
            let component = component(reader);
            let expected = match (component, flag.as_str()) {
                (Some(Component::Kubelet), "kubeconfig") => profile.kubelet_conf().map(|row| row.path),
                (Some(Component::Kubelet), "client-ca-file") => {
                    profile.authority(AuthorityId::Cluster).map(|row| row.certificate)
                }
                _ => None,
            };
            let is_own = |path: &str| flag == CLIENT_FLAG && self.inventory.is_client_bundle(node, path);
            let elsewhere =
                |expected: &&str| reader.path != *expected && reader.target != *expected && !is_own(&reader.path);
            if let Some(expected) = expected.filter(elsewhere) {
                let message = format!("--{flag} of the kubelet on {{nodes}} is {}, not {expected}", reader.path);
                let remedy = "Let the kubelet use kubeadm's path, then provide the files again";
                self.problem(node, "other-layout", "", message, remedy, &reader.file);
            }
            let is_kubeconfig = KUBECONFIG_FLAGS.contains(&flag.as_str())
                && matches!(component, Some(Component::ControllerManager | Component::Scheduler));
            let is_there = [&reader.path, &reader.target].iter().any(|path| node.file(path).is_some());
            let own = profile.kubeconfigs.iter().any(|row| row.path == reader.path);
            if is_kubeconfig && !is_there && !own {
                let name = process_name(&reader.process);
                let message = format!(
                    "--{flag} of {name} on {{nodes}} names {}, which was not provided: it would keep the old CA",
                    reader.path
                );
                let remedy = "Provide the file as well";
                self.problem(node, "reader-file-missing", "", message, remedy, &reader.file);
            }
        }
    }

    /// Reports files that a component names and that were not provided. They may depend on the old CA.
    pub(super) fn not_provided(&mut self, node: &Node, readers: &[Reader]) {
        let profile = self.inventory.profile;
        let known: BTreeSet<&str> = profile.paths().collect();
        let served = self.verified_serving(node);
        for reader in readers {
            let depends = matches!(
                reader.content(),
                Some(FlagContent::TrustBundle | FlagContent::Certificate | FlagContent::Kubeconfig | FlagContent::Pair)
            );
            let from_etcd = matches!(&reader.reference, Reference::Flag(flag) if flag.starts_with("etcd-"))
                || component(reader) == Some(Component::Etcd);
            let in_tree = [profile.directory, profile.kubelet_directory]
                .iter()
                .chain(profile.folders_elsewhere)
                .any(|folder| reader.target.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
            let paths = [reader.path.as_str(), reader.target.as_str()];
            let is_known = paths.iter().any(|path| known.contains(path) || node.file(path).is_some());
            let is_key = reader.path.ends_with(".key");
            // The kubelet deletes it once it has a certificate of its own.
            let for_joining = matches!(&reader.reference, Reference::Flag(flag) if flag == "bootstrap-kubeconfig");
            // The package changes these files in any directory, and scripts cannot detect that they are missing.
            let of_kubelet = component(reader) == Some(Component::Kubelet)
                && (served.as_ref() == Some(&reader.path) || accepts_clients(reader));
            if depends
                && (in_tree || of_kubelet)
                && !from_etcd
                && !is_known
                && !is_key
                && !for_joining
                && reader.process != ReaderProcess::KubeconfigUser
            {
                let (name, how) = (process_name(&reader.process), reference(&reader.reference));
                let message = format!(
                    "{name} on {{nodes}} reads {} ({how}), which was not provided: if it depends on the old CA, it fails from phase 2 or 3 on",
                    reader.path
                );
                self.problem(
                    node,
                    "reader-file-missing",
                    &reader.path,
                    message,
                    "Provide the file as well, so that the package changes it",
                    &reader.file,
                );
            }
        }
    }

    /// The kubelet's serving certificate file that was not provided, if an API server verifies kubelets.
    fn verified_serving(&self, node: &Node) -> Option<String> {
        let KubeletServing::NotProvided(path) = self.inventory.kubelet_serving(node) else { return None };
        let mut control_plane = self.inventory.control_plane();
        control_plane.any(|node| verifies_kubelets(self.inventory, node)).then_some(path)
    }

    /// Reports old CA certificates inside configuration files, which the package does not edit.
    pub(super) fn inline_trust(&mut self, node: &Node, readers: &[Reader]) {
        let Some(authority_change) = self.authority_changes.get(&AuthorityId::Cluster) else { return };
        for reader in readers {
            let Reference::InlineTrust { field, pem } = &reader.reference else { continue };
            if certificates(pem.as_bytes()).contains(&authority_change.old) {
                let path = &reader.path;
                let message = format!(
                    "{path} on {{nodes}} contains the old CA in {field}, and no step changes it: from phase 3 on, a server whose certificate the new CA issued is rejected"
                );
                let remedy = "Put both CAs there in phase 1 and only the new CA in phase 3, if the server's certificate changes CA as well";
                self.problem(node, "not-handled", path, message, remedy, &reader.file);
            }
        }
    }
}

/// Whether the reference names the kubelet's client CA file.
fn accepts_clients(reader: &Reader) -> bool {
    match &reader.reference {
        Reference::Flag(flag) => flag == CLIENT_FLAG,
        Reference::Config { field, .. } => field.ends_with("clientCAFile"),
        _ => false,
    }
}

/// Checks the flags in kubeadm's configuration if no control-plane node was provided. The files of such nodes are
/// unknown, so a flag that names a changed file refuses the plan.
pub(crate) fn extra_arguments(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    if inventory.control_plane().next().is_some() {
        return;
    }
    let changed = Judge::new(inventory, authority_changes).changed(&BTreeMap::new());
    for stored in &inventory.objects {
        let Some(configuration) = &stored.kubeadm else { continue };
        // `KubeletAuthority` handles the flag for the verification of kubelets.
        let flags =
            configuration.extra_args.iter().filter(|(_, flag, _)| flag.replace('_', "-") != KUBELET_AUTHORITY_FLAG);
        for (program, flag, value) in flags {
            let path = value.split([',', ':']).find(|path| changed.contains_key(*path));
            let sni = flag == SNI_FLAG;
            let Some(path) = path.or_else(|| sni.then_some(value.as_str())) else { continue };
            let row =
                inventory.profile.flags.iter().find(|row| row.component.as_str() == *program && row.flag == *flag);
            let restarted_live = row.is_some_and(|row| row.paths.contains(&path));
            let signs = [SIGNING_FLAG, SIGNING_KEY_FLAG].contains(&flag.as_str());
            if restarted_live || signs || KUBECONFIG_FLAGS.contains(&flag.as_str()) {
                continue;
            }
            let message = format!(
                "extraArgs let {program} read {value} (--{flag}), and no file of a control-plane node was provided: whether it reads the new file in time is not known"
            );
            findings.push(
                Finding::error("reader-not-handled", &stored.file, message)
                    .at(stored.place())
                    .remedy("Provide /etc/kubernetes of every control-plane node (private keys are optional), or remove the flag first"),
            );
        }
    }
}
