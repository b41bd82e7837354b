//! References that the profile's tables cover: the plan already includes the restart or reload.

use super::decision::{Judge, KUBECONFIG_FLAGS, SNI_FLAG, component};
use crate::{
    inventory::{Artifact, Node, PUBLISHED_FLAG, Reader, ReaderProcess, Reference},
    profile::{Component, KUBELET_AUTHORITY_FLAG, SIGNING_FLAG, SIGNING_KEY_FLAG},
};

impl Judge<'_> {
    /// Whether the profile's tables contain this reference and the plan includes the restart that it needs.
    pub(super) fn is_covered(&self, node: &Node, reader: &Reader, path: &str) -> bool {
        let profile = self.inventory.profile;
        let Some(component) = component(reader) else {
            // A probe or hook reads the file each time it runs its command, and kubectl reads a kubeconfig each time.
            return reader.process == ReaderProcess::KubeconfigUser
                || matches!(reader.reference, Reference::Hook { .. });
        };
        let restarts_in_each_phase = matches!(component, Component::ControllerManager | Component::Scheduler);
        let own_kubeconfig = profile.kubeconfigs.iter().any(|row| row.path == path && row.reader == Some(component));
        match &reader.reference {
            Reference::Flag(flag) if flag == SNI_FLAG => false,
            Reference::Flag(flag) => {
                let in_tables = profile
                    .flags
                    .iter()
                    .any(|row| row.component == component && row.flag == flag && row.paths.contains(&path));
                let signs = component == Component::ControllerManager
                    && [SIGNING_FLAG, SIGNING_KEY_FLAG].contains(&flag.as_str());
                let kubelets = component == Component::Kubelet && flag == "bootstrap-kubeconfig";
                let names_own = KUBECONFIG_FLAGS.contains(&flag.as_str()) && own_kubeconfig;
                let kept_leaf = flag.starts_with("service-account-") && self.is_leaf(node, path);
                // A connection of its own, with a restart in phases 1 and 3 (`KubeletAuthority`).
                let verifies_kubelets =
                    component == Component::Apiserver && flag.replace('_', "-") == KUBELET_AUTHORITY_FLAG;
                // Its readers are Pods, whose connections are in the tables; each phase restarts it.
                let publishes = component == Component::ControllerManager && flag == PUBLISHED_FLAG;
                in_tables || publishes || verifies_kubelets || signs || kubelets || names_own || kept_leaf
            }
            Reference::FileMount { .. } => restarts_in_each_phase,
            Reference::Config { field, .. } => component == Component::Kubelet && field.ends_with("clientCAFile"),
            Reference::Kubeconfig { .. } => restarts_in_each_phase || component == Component::Kubelet,
            Reference::Hook { .. } | Reference::Argument | Reference::Directive(_) => true,
            Reference::Environment(_) | Reference::FolderMount { .. } | Reference::InlineTrust { .. } => false,
        }
    }

    fn is_leaf(&self, node: &Node, path: &str) -> bool {
        node.file(path).is_some_and(|slot| match &slot.artifact {
            Artifact::Certificates(certificates) => certificates.first().is_some_and(|first| !first.is_authority()),
            Artifact::PrivateKey(_) => self.inventory.profile.leaves.iter().any(|row| row.key == path),
            _ => false,
        })
    }
}
