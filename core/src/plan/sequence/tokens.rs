//! Copies of service account token Secrets outside the cluster.

use std::collections::BTreeSet;

use super::builder::Sequence;
use crate::{inventory::CopyKind, plan::model::actions::Action};

/// Lists the Secrets.
const LIST: &str = "kubectl get secrets -A --field-selector type=kubernetes.io/service-account-token";

/// The maximum number of Secrets in the text. The command lists all of them.
const NAMED: usize = 20;

impl Sequence<'_, '_> {
    /// The request to update copies: kube-controller-manager updates `ca.crt` in the Secret only.
    ///
    /// kubernetes.io: Manual Rotation of CA Certificates, steps 3 and 12.
    pub(crate) fn copies_of_token_secrets(&self) -> Action {
        let copies = self.inventory.copies.iter().filter(|copy| copy.kind == CopyKind::Token);
        let names: BTreeSet<String> = copies.map(|copy| format!("{}/{}", copy.namespace, copy.name)).collect();
        let more = names.len().saturating_sub(NAMED);
        let mut named: Vec<String> = names.into_iter().take(NAMED).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        let secrets = match named.as_slice() {
            [] => "Secrets of type kubernetes.io/service-account-token, which this command lists".to_owned(),
            named => format!("these Secrets: {}", named.join(", ")),
        };
        Action::Do {
            text: format!(
                "Programs outside the cluster (CI, monitoring, another cluster) that use the token of a service account have a copy of ca.crt: update ca.crt in each copy of {secrets}"
            ),
            command: LIST.to_owned(),
        }
    }
}
