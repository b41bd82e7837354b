//! A rotation that is under way can go on without the new CA's private key only as far as nobody needs it.

use std::collections::BTreeMap;

use super::{Action, Content, ObjectChange, Step, Succession, Successor};
use crate::{Finding, profile::AuthorityId};

/// Leaves out what needs a key that is not here, from the first phase on that needs one. Is everything still there?
pub(super) fn cut(
    steps: &mut Vec<Step>,
    successions: &BTreeMap<AuthorityId, Succession>,
    findings: &mut Vec<Finding>,
) -> bool {
    let keyless: Vec<_> = successions.values().filter(|succession| !succession.has_key()).collect();
    let Some(first) = keyless.first() else { return true };
    let Some(step) = steps.iter().find(|step| step.actions.iter().any(needs_key)) else { return true };
    let (phase, id) = (step.phase, step.id.clone());
    steps.retain(|step| step.phase < phase);
    let name = match &first.new {
        Successor::Present(certificate, _) => certificate.subject().to_string(),
        _ => first.title.to_owned(),
    };
    let message = format!("the private key of the new {}, {name}, is not here", first.title);
    let remedy = "Give it: it lies in the package that the rotation began with, and as ca.key or front-proxy-ca.key on every node that has switched";
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
    false
}

/// Does it sign something, or bring the key somewhere?
fn needs_key(action: &Action) -> bool {
    let Action::Write(edit) = action else { return false };
    match &edit.content {
        Content::AuthorityKey(_) | Content::Leaf(_) | Content::LeafKey(_) | Content::Credential(_) => true,
        Content::Kubeconfig(_, change) | Content::Object(ObjectChange::Kubeconfig(_, _, change)) => {
            !change.credentials.is_empty()
        }
        Content::Object(ObjectChange::Authority(stored, _)) => stored.key.is_some(),
        _ => false,
    }
}
