//! What a rotation will do, before anything is made: one ordered list of steps.
//!
//! [`plan`] decides everything; [`mint`](crate::mint()) makes keys and certificates for it,
//! [`package`](crate::package()) renders it. Both only follow.

mod brought;
mod clients;
mod consumers;
mod dependents;
mod editable;
pub(crate) mod effort;
mod foreign;
mod hosted;
mod hosts;
mod key_home;
mod keyless;
mod kubelet_authority;
mod machines;
mod managed;
mod nodes;
mod objects;
mod possible;
mod present;
mod progress;
mod readers;
mod renew;
mod replacements;
pub mod request;
mod sequence;
mod signing_requests;
mod steps;
pub mod subclouds;
mod successors;
mod unhandled;
mod unseen;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub(crate) use self::brought::candidate;
pub use self::request::{
    BroughtAuthority, Intent, KubeletCertificates, NewAuthority, PossibleChoices, RotationRequest, Workers,
};
pub use self::subclouds::{SubcloudApplyType, SubcloudStrategy};
use self::{
    consumers::Consumers, foreign::ForeignBundles, kubelet_authority::KubeletAuthority, progress::Progress,
    replacements::Replacements,
};
pub(crate) use self::{
    consumers::{Consumer, Process},
    hosted::{IN_PODS, TenantAction, TenantVerb},
    hosts::TOOL,
    key_home::KeyHome,
    nodes::KeptFile,
    objects::{FilePart, ObjectChange},
    present::{
        Access, CLUSTER_INFO, EXTENSIONS, Held, KUBELET_SERVING, PODS, Place, PlaceKind, Shown, Trusted, certificates,
        flags, split_entry,
    },
    renew::{RenewedCertificate, RenewedLeaf, RenewedSecrets},
    replacements::{Identity, KeySource, Replacement, ReplacementId, request_path},
    steps::{
        Action, Carrier, ClusterAction, Content, Edit, Fact, Gate, Holder, KubeconfigChange, Logs, MachinePatch,
        Machines, NewClient, PackagePath, PatchForm, Phase, Side, Source, Step, Trust,
    },
    successors::{Succession, Successor, same_algorithm, successor_name},
};
use crate::{
    Finding, Severity, UnixTime,
    inventory::{Inventory, Role, SampleShare, sample_share},
    profile::{AuthorityId, Course, EdgeRow, Profile},
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
    /// The authorities that get a successor.
    pub(crate) successions: BTreeMap<AuthorityId, Succession>,
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
    pub(crate) present: Vec<Place>,
    /// Every connection that the rotation could break, as rows.
    pub(crate) edges: Vec<EdgeRow>,
    /// The processes outside the profile's tables that read what changes.
    pub(crate) consumers: Vec<Consumer>,
    /// What control-plane nodes publish of foreign CAs.
    pub(crate) foreign: ForeignBundles,
    /// The contexts of given talosconfigs and kubeconfigs that are this cluster's, by the authority that they hang on.
    pub(crate) contexts: BTreeMap<AuthorityId, String>,
    /// The port on which machines' own API servers listen.
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

/// Decides the whole rotation that `request` asks for.
///
/// `now` dates the new certificates and the package.
///
/// # Errors
/// A [`Refusal`] if a finding of severity error stands in the way, in the input or in the request.
pub fn plan(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> Result<RotationPlan, Refusal> {
    if request.intent == Intent::RenewLeaves {
        return renew::plan(inventory, request, now);
    }
    let mut findings = inventory.findings().to_vec();
    if inventory.is_other_input() {
        refuse_errors(&mut findings)?;
    }
    let mut key_requests = Vec::new();
    let at_once = hosted::is_at_once(inventory, request, &mut findings);
    let minting = hosted::with_minted_kubelets(request);
    let request = if at_once { &minting } else { request };
    let successions = successors::successions(inventory, request, now, &mut key_requests, &mut findings);
    key_home::check_kubelets(request, &successions, &mut findings);
    sequence::check_workers(inventory, request, at_once, &mut findings);
    unseen::check(inventory, &successions, &mut findings);
    let consumers = Consumers::of(inventory, &successions, &mut findings);
    let kubelet_authority = KubeletAuthority::of(inventory, &successions, &mut findings);
    refuse_errors(&mut findings)?;
    let mut replacements = Replacements::new(inventory, request, &successions, key_requests);
    let progress = Progress::of(inventory, request.start_over);
    let mut steps = match inventory.profile.course {
        Course::Managed(manager) => managed::sequence(manager, inventory, request, &mut findings),
        Course::MachineConfigs => {
            machines::sequence(inventory, &successions, progress, &mut replacements, &mut findings)
        }
        Course::Hosted(_) | Course::HostPhases | Course::NodeFiles => sequence::sequence(
            inventory,
            request,
            &successions,
            progress,
            &mut replacements,
            &consumers,
            &kubelet_authority,
            at_once,
            now,
            &mut findings,
        ),
    };
    nodes::note_locked_out(inventory, progress, &mut findings);
    // By all steps: what a package that ends early leaves to the next one is not unhandled.
    findings.extend(unhandled::on_nodes(inventory, &successions, &steps, &consumers));
    let (replacements, key_requests) = replacements.into_parts();
    let left = keyless::cut(&mut steps, &successions, &replacements, request.external_ca, &mut findings);
    let whole = matches!(left, keyless::Left::Everything);
    let (replacements, requests, key_requests) = match left {
        keyless::Left::Everything => (replacements, Vec::new(), key_requests),
        keyless::Left::Until(requests) if requests.is_empty() => Default::default(),
        keyless::Left::Until(requests) => (Vec::new(), requests, key_requests),
    };
    editable::check(inventory.profile, &steps, &mut findings);
    let acknowledged = unhandled::acknowledge(&mut findings, request, &successions);
    refuse_errors(&mut findings)?;
    let workers = nodes::kept_by_workers(inventory, &successions);
    let present = match inventory.profile.course {
        Course::Managed(_) => Vec::new(),
        Course::MachineConfigs => machines::present(inventory, &successions, progress),
        Course::Hosted(_) | Course::HostPhases | Course::NodeFiles => {
            present::present(inventory, &successions, progress, &kubelet_authority)
        }
    };
    let contexts = machines::contexts(inventory, &successions);
    findings.retain(|finding| !inventory.findings().contains(finding));
    Ok(RotationPlan {
        profile: inventory.profile,
        intent: request.intent,
        cluster: inventory.cluster.clone(),
        sample: sample_share(&inventory.cluster, inventory.nodes.iter().map(|node| node.name.as_str())),
        name: name(inventory, request, now),
        now,
        foreign: ForeignBundles::of(inventory, &successions),
        machines: if successions.is_empty() { Vec::new() } else { machines::configurations(inventory) },
        successions,
        replacements,
        requests,
        key_requests,
        steps,
        whole,
        accept_outage: request.accept_outage,
        at_once,
        present,
        edges: inventory.profile.edges.iter().copied().chain(consumers.rows()).collect(),
        consumers: consumers.all,
        contexts,
        api_port: machines::api_port(inventory),
        workers,
        findings,
        acknowledged,
    })
}

/// Nodes keep what they have done under the package's name: what goes on has another one than what began.
fn name(inventory: &Inventory, request: &RotationRequest, now: UnixTime) -> String {
    let end = match (inventory.rotations.is_empty(), request.start_over) {
        (true, _) => "",
        (false, false) => "-continued",
        (false, true) => "-anew",
    };
    format!("airlock-{}-{}{end}", PackagePath::name(&inventory.cluster), now.compact_date())
}

fn refuse_errors(findings: &mut Vec<Finding>) -> Result<(), Refusal> {
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        return Ok(());
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Err(Refusal { findings: std::mem::take(findings) })
}

impl RotationPlan {
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
        self.successions.values().any(|succession| matches!(succession.new, Successor::Present(..)))
    }

    /// Does Cluster API create machines in it?
    pub(crate) fn rolls_machines_out(&self) -> bool {
        sequence::rolls_out(&self.steps)
    }

    /// The package's name: `airlock-<cluster>-<yyyymmdd>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
