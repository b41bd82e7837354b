//! Names of processes and references in findings.

use crate::{
    inventory::{ReaderProcess, Reference},
    profile::file_flags::Program,
};

/// The component, static Pod or unit.
pub(super) fn process_name(process: &ReaderProcess) -> String {
    match process {
        ReaderProcess::StaticPod { pod, program, .. } => match program.and_then(Program::component) {
            Some(component) => component.to_string(),
            None => format!("the static Pod {pod}"),
        },
        ReaderProcess::Kubelet => "the kubelet".to_owned(),
        ReaderProcess::Workload { name, namespace, .. } => format!("{name} in namespace {namespace}"),
        ReaderProcess::Unit { name, .. } => format!("the unit {name}"),
        ReaderProcess::KubeconfigUser => "the user of the kubeconfig".to_owned(),
    }
}

/// Where a path is configured, as findings show it.
pub(super) fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Flag(flag) => format!("--{flag}"),
        Reference::Argument => "an argument of its command".to_owned(),
        Reference::Environment(name) => format!("the environment variable {name}"),
        Reference::Hook { field, .. } => format!("its {field}"),
        Reference::FolderMount { inside } => format!("its directory is mounted at {inside}"),
        Reference::FileMount { inside } => format!("mounted as the single file {inside}"),
        Reference::Directive(name) => format!("{name}="),
        Reference::Config { file, field, .. } | Reference::Kubeconfig { file, field } => format!("{field} in {file}"),
        Reference::InlineTrust { field, .. } => field.clone(),
    }
}
