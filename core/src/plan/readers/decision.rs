//! The state while decisions about readers are collected.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    inventory::{Inventory, Reader, ReaderProcess},
    plan::model::authorities::AuthorityChange,
    profile::{AuthorityId, Component, file_flags::Program},
};

/// Flags with which kube-controller-manager and kube-scheduler name kubeconfigs.
pub(crate) const KUBECONFIG_FLAGS: [&str; 3] = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];

/// The flag with further serving certificates of kube-apiserver: `cert,key:name,name`
/// (kubernetes/component-base: cli/flag/namedcertkey_flag.go).
pub(crate) const SNI_FLAG: &str = "tls-sni-cert-key";

/// A finding: its code, the ID to acknowledge (empty for an error), the message with the placeholder `{nodes}`, the
/// remedy and the file.
pub(crate) type Problem = (&'static str, String, String, &'static str, String);

/// The reading component of Kubernetes, if it runs as the profile expects and not as a unit or workload.
pub(crate) fn component(reader: &Reader) -> Option<Component> {
    match &reader.process {
        ReaderProcess::Unit { .. } | ReaderProcess::Workload { .. } | ReaderProcess::KubeconfigUser => None,
        process => process.program().and_then(Program::component),
    }
}

/// Checks the readers of each node and collects problems.
pub(crate) struct Judge<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    pub(crate) problems: BTreeMap<Problem, BTreeSet<String>>,
    /// Private keys that the plan keeps, with their other uses and the nodes.
    pub(crate) kept: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}
