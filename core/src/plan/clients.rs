//! The changes of kubeconfigs and talosconfigs in each phase.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{
    model::{authorities::AuthorityChange, content::KubeconfigChange, leaves::ReplacementId, phase::Phase},
    replacements::Replacements,
};
use crate::{
    formats::talos::{self, ClientEdit},
    inventory::KubeconfigArtifact,
    profile::AuthorityId,
    x509::Certificate,
};

/// The changes in a kubeconfig or talosconfig of `owner`, which depends on `authority`, in `phase`; `None` without
/// changes.
pub(super) fn change(
    (authority, kubeconfig): (AuthorityId, &KubeconfigArtifact),
    owner: &str,
    phase: Phase,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    replacements: &mut Replacements<'_>,
) -> Option<KubeconfigChange> {
    let authority_change = authority_changes.get(&authority)?;
    let trusting = kubeconfig.trust.iter().enumerate().filter(|(_, trust)| authority_change.is_trusted_by(trust));
    let trust: BTreeMap<_, _> = trusting.map(|(index, trust)| (index, trust.clone())).collect();
    // Phase 3 keeps the credential of phase 2.
    let mut credentials = BTreeMap::new();
    if phase != Phase::TrustBoth {
        for (index, credential) in kubeconfig.credentials() {
            if let Some(id) = credential.certificates.first().and_then(|leaf| replacements.of(leaf, owner, false)) {
                credentials.insert(index, id);
            }
        }
    }
    let changes = !trust.is_empty() || (phase == Phase::Switch && !credentials.is_empty());
    changes.then_some(KubeconfigChange { authority, trust, order: phase.trust(), credentials })
}

/// Describes the values that `change` replaces, before `phase`.
pub(super) fn before(change: &KubeconfigChange, phase: Phase) -> String {
    let trust = match phase {
        _ if change.trust.is_empty() => "",
        Phase::TrustBoth => "trusts old CA",
        Phase::Switch => "trusts old CA, new CA",
        Phase::DropOld => "trusts new CA, old CA",
    };
    let credential = match phase {
        Phase::Switch if !change.credentials.is_empty() => "credential of old CA",
        _ => "",
    };
    join(trust, credential)
}

fn join(trust: &str, credential: &str) -> String {
    if trust.is_empty() || credential.is_empty() {
        format!("{trust}{credential}")
    } else {
        format!("{trust}; {credential}")
    }
}

/// Describes a kubeconfig after `change`.
pub(super) fn after(change: &KubeconfigChange, phase: Phase) -> String {
    let trust = if change.trust.is_empty() { String::new() } else { format!("trusts {}", change.order) };
    let credential = match phase {
        Phase::Switch if !change.credentials.is_empty() => "new credential of new CA",
        _ => "",
    };
    join(&trust, credential)
}

impl KubeconfigChange {
    /// The edits of a talosconfig, whose contexts correspond to the entries of a kubeconfig. `trust` returns the PEM
    /// that replaces the current certificates; `credential` returns a certificate, and its key if that changes.
    pub(crate) fn client_edits(
        &self,
        bytes: &[u8],
        trust: impl Fn(&[Certificate]) -> String,
        credential: impl Fn(ReplacementId) -> (String, Option<Zeroizing<String>>),
    ) -> Vec<ClientEdit> {
        let contexts = talos::parse_client(bytes).map(|model| model.contexts).unwrap_or_default();
        let edit =
            |index: usize, field, pem| Some(ClientEdit { context: contexts.get(index)?.name.clone(), field, pem });
        let trusted = self.trust.iter().filter_map(|(index, present)| edit(*index, "ca", trust(present).into()));
        let shown = self.credentials.iter().flat_map(|(index, id)| {
            let (certificate, key) = credential(*id);
            [edit(*index, "crt", certificate.into()), key.and_then(|key| edit(*index, "key", key))]
        });
        trusted.chain(shown.flatten()).collect()
    }
}
