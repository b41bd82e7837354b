//! A whole plan.

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

/// A whole rotation, decided.
#[derive(Debug)]
pub struct RotationPlan {
    pub(crate) profile: &'static Profile,
    /// What the person is after.
    pub(crate) intent: Intent,
    pub(crate) cluster: String,
    /// How much of what it was made from is a sample to practise on.
    pub(crate) sample: SampleShare,
    /// `airlock-<cluster>-<yyyymmdd>`.
    pub(crate) name: String,
    pub(crate) now: UnixTime,
    /// The CAs that are replaced.
    pub(crate) authority_changes: BTreeMap<AuthorityId, AuthorityChange>,
    /// The leaves and credentials that get a new certificate.
    pub(crate) replacements: Vec<Replacement>,
    /// What is asked for elsewhere: the new authority's key is not here.
    pub(crate) requests: Vec<Replacement>,
    pub(crate) key_requests: Vec<KeyRequest>,
    pub(crate) steps: Vec<Step>,
    /// Do the steps lead to the end of phase 3?
    pub(crate) whole: bool,
    /// Does the person accept outages that the profile declares?
    pub(crate) accept_outage: bool,
    /// Does a release know no way but to replace everything at once?
    pub(crate) at_once: bool,
    /// What is there before the first step.
    pub(crate) initial_state: Vec<Place>,
    /// Every connection that the rotation could break, as rows.
    pub(crate) edges: Vec<EdgeRow>,
    /// The processes outside the profile's tables that read what changes.
    pub(crate) consumers: Vec<Consumer>,
    /// What control-plane nodes publish of foreign CAs.
    pub(crate) foreign: ForeignBundles,
    /// The contexts of given talosconfigs and kubeconfigs that are this cluster's, by the authority that they hang on.
    pub(crate) contexts: BTreeMap<AuthorityId, String>,
    /// The port on which machines' own API servers listen; 0 without machine configurations.
    pub(crate) api_port: u64,
    /// The configurations of machines that patches change, by role and name.
    pub(crate) machines: Vec<(Role, String, Source)>,
    /// What the given workers hold of the files that their script changes, by node.
    pub(crate) workers: Vec<(String, KeptFile)>,
    pub(crate) findings: Vec<Finding>,
    /// The dependencies that the package does not handle, each acknowledged by the person.
    pub(crate) acknowledged: Vec<Acknowledged>,
}

/// A dependency on a rotated CA that the package does not handle, and that the person takes care of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// Such as `cluster/not-handled/etc/kubernetes/audit.conf`.
    pub id: String,
    /// What depends on the CA and when it fails.
    pub text: String,
    /// What the person does about it, without a final period.
    pub remedy: String,
}

/// A key that has to be made before the plan can be minted. Requests do not depend on one another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRequest {
    /// Whose key it will be, in words: `cp1: apiserver`.
    pub owner: String,
    /// What kind of key.
    pub algorithm: KeyAlgorithm,
}

/// Why there is no plan: at least one of the findings is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Everything that is to be said about the input and the request, most severe first.
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

/// Nodes keep what they have done under the package's name: what goes on has another one than what began.
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
    /// A plan of the inventory's cluster in which nothing is done.
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

    /// What is to be said about the plan, beyond what was said about the input.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Was a rotation under way when it was made?
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
