//! Rotations without a new CA's private key: the package ends before the first phase that needs the key. For an
//! external CA it contains CSRs.

use std::collections::BTreeMap;

use super::model::{
    actions::Action,
    authorities::AuthorityChange,
    content::{FileContent, ObjectChange},
    leaves::{Identity, KeySource, Replacement},
    phase::Side,
    steps::Step,
};
use crate::{finding::Finding, profile::AuthorityId};

/// The result of [`cut`].
pub(super) enum Left {
    /// No step was removed.
    Everything,
    /// Steps were removed. The package contains a CSR for each of these certificates.
    Until(Vec<Replacement>),
}

/// Removes the steps of the first phase that needs a missing key, and of all later phases. With `external`, returns the
/// certificates to request from the external CA.
pub(super) fn cut(
    steps: &mut Vec<Step>,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    replacements: &[Replacement],
    external: bool,
    findings: &mut Vec<Finding>,
) -> Left {
    let mut keyless = authority_changes.values().filter(|authority_change| !authority_change.has_key());
    let Some(first) = keyless.next() else { return Left::Everything };
    let lacks = |action: &Action| needs_key(action, authority_changes, replacements);
    let Some(step) = steps.iter().find(|step| step.actions.iter().any(lacks)) else { return Left::Everything };
    let (phase, id) = (step.phase, step.id.clone());
    steps.retain(|step| step.phase < phase);
    let name = first.known_new().map(|new| new.subject().to_string()).unwrap_or_default();
    if external {
        let unsigned = |one: &&Replacement| !authority_changes[&one.authority].has_key() && !one.is_signed();
        let (asked, unsigned): (Vec<_>, Vec<_>) = replacements
            .iter()
            .filter(unsigned)
            .cloned()
            .partition(|one| matches!(one.identity, Identity::Requested(_)));
        let (elsewhere, wanted): (Vec<_>, Vec<_>) = unsigned.into_iter().partition(|one| {
            matches!(
                (&one.key, &one.identity),
                (KeySource::Elsewhere(_), _) | (_, Identity::Client { .. } | Identity::Kubelet(_))
            )
        });
        findings.push(
            Finding::warning("signatures-wanted", "", format!("{} certificates must be signed by {name}: this package ends before phase {}, whose step {id} needs them", wanted.len() + elsewhere.len(), phase.number()))
                .remedy("Have that CA sign the CSRs in signing-requests/ with their names and usages; then build the next package from the nodes' current files, this package and the certificates"),
        );
        for one in asked {
            findings.push(
                Finding::warning(
                    "request-elsewhere",
                    "",
                    format!("the CSR of {} must be signed by {name} as well", one.owner),
                )
                .remedy("Have that CA sign it for client authentication, and provide the certificate"),
            );
        }
        for one in elsewhere {
            findings.push(
                Finding::warning(
                    "request-elsewhere",
                    "",
                    format!(
                        "the certificate or the private key of {} was not provided, so Airlock cannot create its CSR",
                        one.owner
                    ),
                )
                .remedy(
                    "Provide both, or create the CSR on the node (openssl x509 -x509toreq, with the current names)",
                ),
            );
        }
        return Left::Until(wanted);
    }
    let message = format!("the private key of the new {}, {name}, was not provided", first.title);
    let remedy = "Provide it: it is in the first package of this rotation, and in ca.key or front-proxy-ca.key on every node that has switched; for an external CA, use --external-ca";
    findings.push(if steps.is_empty() {
        Finding::error("new-ca-key-missing", "", format!("{message}, and step {id}, the next one, needs it"))
            .remedy(remedy)
    } else {
        Finding::warning(
            "new-ca-key-missing",
            "",
            format!("{message}: this package ends before phase {}, whose step {id} needs it", phase.number()),
        )
        .remedy(remedy)
    });
    Left::Until(Vec::new())
}

/// Whether the action needs a signature by a missing key, or writes a missing key.
fn needs_key(
    action: &Action,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    replacements: &[Replacement],
) -> bool {
    let Action::Write(edit) = action else { return false };
    content_needs_key(&edit.content, authority_changes, replacements)
}

fn content_needs_key(
    content: &FileContent,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    replacements: &[Replacement],
) -> bool {
    let is_made =
        |at: usize| !replacements[at].is_signed() && !authority_changes[&replacements[at].authority].has_key();
    match content {
        FileContent::AuthorityKey(id) | FileContent::AuthorityPair(id) => !authority_changes[id].has_key(),
        FileContent::Patch(patch) => patch.key() == Some(Side::New) && !authority_changes[&patch.authority].has_key(),
        FileContent::Client(client) => is_made(client.credential.0),
        FileContent::Secrets(_, ids) => ids.iter().any(|id| !authority_changes[id].has_key()),
        FileContent::Leaf(id) | FileContent::LeafKey(id) | FileContent::Credential(id) | FileContent::Pair(id) => {
            is_made(id.0)
        }
        FileContent::Kubeconfig(_, change)
        | FileContent::Talosconfig(_, change)
        | FileContent::Object(ObjectChange::Kubeconfig(_, _, change)) => {
            change.credentials.values().any(|id| is_made(id.0))
        }
        FileContent::Object(ObjectChange::Authority(stored, id)) => {
            stored.key.is_some() && !authority_changes[id].has_key()
        }
        FileContent::Object(ObjectChange::Files(_, parts)) => {
            parts.iter().any(|part| content_needs_key(&part.content, authority_changes, replacements))
        }
        _ => false,
    }
}
