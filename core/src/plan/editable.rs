//! Checks, while planning, that each file that is edited in place can be edited.

use zeroize::Zeroizing;

use super::model::{
    actions::Action,
    content::{FileContent, ObjectChange, Source},
    phase::Phase,
    steps::Step,
};
use crate::{
    finding::Finding,
    formats::{
        kubeconfig::{self, KubeconfigEdit},
        static_pod, talos,
    },
    profile::Profile,
};

/// A value for the trial edit. Only its position in the file matters.
const PLACEHOLDER: &str = "placeholder";

/// Makes a trial edit of every kubeconfig, talosconfig, static Pod manifest and `secrets.yaml`.
pub(super) fn check(profile: &Profile, steps: &[Step], findings: &mut Vec<Finding>) {
    for step in steps {
        for action in &step.actions {
            let Action::Write(edit) = action else { continue };
            let parts: Vec<&FileContent> = match &edit.content {
                FileContent::Object(ObjectChange::Files(_, parts)) => parts.iter().map(|part| &part.content).collect(),
                content => vec![content],
            };
            for (source, message) in parts.into_iter().filter_map(|content| problem(profile, content, step.phase)) {
                findings.push(
                    Finding::error("not-editable", &source.file, format!("it cannot be changed in place: {message}"))
                        .remedy("Write that value in the style that kubeadm uses, then provide the file again"),
                );
            }
        }
    }
}

/// Why a kubeconfig or manifest cannot be changed in place.
fn problem<'a>(profile: &Profile, content: &'a FileContent, phase: Phase) -> Option<(&'a Source, String)> {
    match content {
        // Phase 2 changes every value that phases 1 and 3 change.
        FileContent::Kubeconfig(source, change) if phase == Phase::Switch => {
            let mut edits = Vec::new();
            for cluster in change.trust.keys() {
                edits.push(KubeconfigEdit::CertificateAuthority { cluster: *cluster, pem: PLACEHOLDER.into() });
            }
            for user in change.credentials.keys() {
                edits.push(KubeconfigEdit::ClientCertificate { user: *user, pem: PLACEHOLDER.into() });
                edits.push(KubeconfigEdit::ClientKey { user: *user, pem: Zeroizing::new(PLACEHOLDER.into()) });
            }
            kubeconfig::edit(&source.bytes, &edits).err().map(|error| (source, error.to_string()))
        }
        FileContent::Talosconfig(source, change) if phase == Phase::Switch => {
            let edits = change.client_edits(
                &source.bytes,
                |_| PLACEHOLDER.to_owned(),
                |_| (PLACEHOLDER.to_owned(), Some(Zeroizing::new(PLACEHOLDER.to_owned()))),
            );
            talos::edit_client(&source.bytes, &edits).err().map(|error| (source, error.to_string()))
        }
        FileContent::Secrets(source, ids) => {
            let places = ids.iter().filter_map(|id| Some(profile.authority(*id)?.secret));
            let edits = places
                .flat_map(|place| ["crt", "key"].map(|end| (format!("{place}.{end}"), PLACEHOLDER.to_owned().into())));
            talos::edit_secrets(&source.bytes, edits).err().map(|error| (source, error.to_string()))
        }
        FileContent::Manifest(source, flags) => {
            let flags: Vec<_> = flags.iter().map(|(flag, value)| (*flag, value.as_str())).collect();
            static_pod::set_flags(&source.bytes, &flags).err().map(|error| (source, error.to_string()))
        }
        _ => None,
    }
}
