//! The plan of a rotation or a renewal.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    authorities::{AuthorityChange, NewAuthoritySource},
    consumers::Consumer,
    content::Source,
    foreign::ForeignBundles,
    initial_state::Place,
    kept_file::KeptFile,
    leaves::Replacement,
    package_path::PackagePath,
    request::{Intent, RotationRequest},
    steps::Step,
};
use crate::{
    finding::{Finding, Severity},
    inventory::{Inventory, Role, SampleShare, sample_share},
    profile::{AuthorityId, EdgeRow, Profile},
    time::UnixTime,
    x509::KeyAlgorithm,
};

/// The plan of a rotation or a renewal: its steps, its certificates, and the state that they start from.
#[derive(Debug)]
pub struct RotationPlan {
    pub(crate) profile: &'static Profile,
    /// Rotation or renewal.
    pub(crate) intent: Intent,
    pub(crate) cluster: String,
    /// Whether all, some or none of the input is a generated sample.
    pub(crate) sample: SampleShare,
    /// `airlock-<cluster>-<yyyymmdd>`.
    pub(crate) name: String,
    pub(crate) now: UnixTime,
    /// The CAs that are replaced.
    pub(crate) authority_changes: BTreeMap<AuthorityId, AuthorityChange>,
    /// The leaves and credentials that get a new certificate.
    pub(crate) replacements: Vec<Replacement>,
    /// The certificates for which the package contains CSRs, because an external CA issues them.
    pub(crate) requests: Vec<Replacement>,
    pub(crate) key_requests: Vec<KeyRequest>,
    pub(crate) steps: Vec<Step>,
    /// Whether the steps include the end of phase 3.
    pub(crate) whole: bool,
    /// Whether the user accepts the outages that the profile declares.
    pub(crate) accept_outage: bool,
    /// Whether the operator's release can only replace the CA at once, without a time in which both are trusted.
    pub(crate) at_once: bool,
    /// The content of every holder before the first step.
    pub(crate) initial_state: Vec<Place>,
    /// Every connection that the rotation could break, as rows.
    pub(crate) edges: Vec<EdgeRow>,
    /// The processes outside the profile's tables that read what changes.
    pub(crate) consumers: Vec<Consumer>,
    /// Trust bundles with foreign CAs that control-plane nodes publish.
    pub(crate) foreign: ForeignBundles,
    /// The name of this cluster's context, by CA: in the talosconfig for the Talos CA, in the kubeconfig for the
    /// cluster CA.
    pub(crate) contexts: BTreeMap<AuthorityId, String>,
    /// The port on which machines' own API servers listen; 0 without machine configurations.
    pub(crate) api_port: u64,
    /// The configurations of machines that patches change, by role and name.
    pub(crate) machines: Vec<(Role, String, Source)>,
    /// The provided files of workers that the workers' script changes, with the node's name.
    pub(crate) workers: Vec<(String, KeptFile)>,
    pub(crate) findings: Vec<Finding>,
    /// The dependencies that the package does not handle. The user has acknowledged each of them.
    pub(crate) acknowledged: Vec<Acknowledged>,
}

/// A dependency on a rotated CA that the package does not handle and that the user handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// Such as `cluster/not-handled/etc/kubernetes/audit.conf`.
    pub id: String,
    /// What depends on the CA and when it fails.
    pub text: String,
    /// What the user does about it, without a final period.
    pub remedy: String,
}

/// A private key that the caller generates before it calls [`mint`](crate::mint()). Requests are independent of each
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRequest {
    /// The key's owner: `cp1: apiserver`.
    pub owner: String,
    /// The key's type.
    pub algorithm: KeyAlgorithm,
}

/// Why there is no plan: at least one of the findings is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// All findings about the input and the request, most severe first.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(ToString::to_string)
            .collect();
        f.write_str(&errors.join("\n"))
    }
}

impl std::error::Error for Refusal {}

/// The package's name. Scripts on nodes record completed steps under it, so a continued or restarted rotation needs a
/// name of its own.
pub(crate) fn package_name(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> String {
    let end = match (inventory.rotations.is_empty(), request.start_over) {
        (true, _) => "",
        (false, false) => "-continued",
        (false, true) => "-anew",
    };
    format!("airlock-{}-{}{end}", PackagePath::name(&inventory.cluster), now.compact_date())
}

pub(crate) fn refuse_errors(findings: &mut Vec<Finding>) -> Result<(), Refusal> {
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        return Ok(());
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Err(Refusal { findings: std::mem::take(findings) })
}

impl RotationPlan {
    /// A plan of the inventory's cluster without steps.
    pub(crate) fn empty(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> Self {
        Self {
            profile: inventory.profile,
            intent: request.intent,
            cluster: inventory.cluster.clone(),
            sample: sample_share(&inventory.cluster, inventory.nodes.iter().map(|node| node.name.as_str())),
            name: package_name(inventory, request, now),
            now,
            authority_changes: BTreeMap::new(),
            replacements: Vec::new(),
            requests: Vec::new(),
            key_requests: Vec::new(),
            steps: Vec::new(),
            whole: true,
            accept_outage: false,
            at_once: false,
            initial_state: Vec::new(),
            edges: Vec::new(),
            consumers: Vec::new(),
            foreign: ForeignBundles::default(),
            contexts: BTreeMap::new(),
            api_port: 0,
            machines: Vec::new(),
            workers: Vec::new(),
            findings: Vec::new(),
            acknowledged: Vec::new(),
        }
    }

    /// The keys that [`mint`](crate::mint()) needs, in the order in which it needs them.
    #[must_use]
    pub fn key_requests(&self) -> &[KeyRequest] {
        &self.key_requests
    }

    /// Findings about the plan, without those about the input.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether it continues a rotation in progress.
    pub(crate) fn has_begun(&self) -> bool {
        self.authority_changes
            .values()
            .any(|authority_change| matches!(authority_change.new, NewAuthoritySource::Present(..)))
    }

    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
