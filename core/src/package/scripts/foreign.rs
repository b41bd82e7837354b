//! What scripts expect where the cluster publishes foreign CAs together with its own.

use std::collections::BTreeSet;

use super::node::{shown_sum, unwrapped};
use crate::{
    plan::{RotationPlan, Trust},
    profile::AuthorityId,
    render::Renderer,
    x509::TrustBundle,
};

/// Each bundle that `kube-root-ca.crt` may hold at the end of a phase: the SHA-256 of its PEM without white space.
pub(super) fn published(plan: &RotationPlan, renderer: &Renderer<'_>, order: Trust) -> BTreeSet<String> {
    let bundles = plan.foreign.published.iter().map(|held| renderer.widened(AuthorityId::Cluster, held, order));
    bundles.map(|bundle| unwrapped(bundle.to_pem().as_bytes())).collect()
}

/// Each value that API servers may give `client-ca-file` in `extension-apiserver-authentication` after phase 3: the SHA-256 of
/// the PEM. Each of them adds the certificates of its own file that are not in it yet, except expired ones
/// (kubernetes/kubernetes: pkg/controlplane/controller/clusterauthenticationtrust, `combineCertLists`).
pub(super) fn accepted(plan: &RotationPlan, renderer: &Renderer<'_>) -> BTreeSet<String> {
    let own: Vec<TrustBundle> = plan
        .foreign
        .accepted
        .iter()
        .map(|held| renderer.widened(AuthorityId::Cluster, held, Trust::New))
        .map(|bundle| bundle.iter().filter(|one| one.not_after() >= plan.now).cloned().collect())
        .collect();
    let mut unions: BTreeSet<TrustBundle> = own.iter().cloned().collect();
    let mut left: Vec<TrustBundle> = own.clone();
    while let Some(union) = left.pop() {
        for added in &own {
            let more = added.iter().cloned().fold(union.clone(), TrustBundle::with_appended);
            if unions.insert(more.clone()) {
                left.push(more);
            }
        }
    }
    unions.iter().map(|union| shown_sum("ConfigMap", union.to_pem().as_bytes())).collect()
}
