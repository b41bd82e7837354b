//! The form of options: its values, and the request for a plan.

use std::collections::{BTreeMap, BTreeSet};

use airlock_core::{
    plan::{
        NewAuthority, SubcloudStrategy,
        request::{
            DEFAULT_CA_DAYS, DEFAULT_LEAF_DAYS, Intent, KubeletCertificates, PossibleChoices, RotationRequest, Workers,
        },
    },
    profile::{self, AuthorityId, NewAuthorityFormat},
    report::InventoryReport,
    x509::KeyAlgorithm,
};
use serde::{Deserialize, Serialize};

use super::{outage::Outage, work::LoadedFile};

mod authority;
mod model;

pub use self::{
    authority::AuthorityForm,
    model::{AuthorityChange, AuthorityProgress, BroughtPart, FormProblem, Problem},
};

/// The form's values. The serialized form is saved by a session, without values derived from the loaded files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PlanForm {
    /// What the package does, as chosen; use [`PlanForm::intent`].
    pub intent: Intent,
    /// How workers drop the old CA, as chosen; use [`PlanForm::workers`].
    pub workers: Workers,
    /// The options that the cluster allows.
    #[serde(skip)]
    pub possible: PossibleChoices,
    /// The options of each rotatable CA, in the inventory's order.
    pub authorities: Vec<AuthorityForm>,
    /// Validity of new CAs in days, as typed.
    pub ca_days: String,
    /// Validity of new leaf certificates in days, as typed.
    pub leaf_days: String,
    /// Keep the existing keys of leaf certificates.
    pub keep_keys: bool,
    /// How kubelets get certificates.
    pub kubelet_certificates: KubeletCertificates,
    /// Are the new CAs external CAs?
    pub external_ca: bool,
    /// The subjects of the new CAs of a rotation in progress; empty without one.
    #[serde(skip)]
    pub under_way: Vec<String>,
    /// Are these new CAs discarded, and the rotation started again?
    #[serde(skip)]
    pub start_over: bool,
    /// Is starting over confirmed?
    #[serde(skip)]
    pub confirmed: bool,
    /// The outages that can be accepted; empty if there are none.
    #[serde(skip)]
    pub outages: Vec<Outage>,
    /// Are these outages accepted?
    #[serde(skip)]
    pub accept_outage: bool,
    /// Acknowledged dependencies, which the person handles instead of the package, by
    /// [`Finding::acknowledge`](airlock_core::Finding::acknowledge).
    #[serde(skip)]
    pub acknowledged: BTreeSet<String>,
    /// Does the platform's tool accept options of a subcloud strategy?
    #[serde(skip)]
    pub takes_strategy: bool,
    /// Those options, as typed.
    pub strategy: String,
}

/// A change to one field.
#[derive(Clone, Debug, PartialEq)]
pub enum FormChange {
    /// What the package does.
    Intent(Intent),
    /// How workers drop the old CA.
    Workers(Workers),
    /// Validity of new CAs.
    CaDays(String),
    /// Validity of new leaf certificates.
    LeafDays(String),
    /// Keep the existing keys?
    KeepKeys(bool),
    /// How kubelets get certificates.
    KubeletCertificates(KubeletCertificates),
    /// Are the new CAs external CAs?
    ExternalCa(bool),
    /// Is a rotation in progress discarded, and started again?
    StartOver(bool),
    /// Is starting over confirmed?
    Confirmed(bool),
    /// Are the outages accepted?
    AcceptOutage(bool),
    /// Does the person handle a dependency that the package does not?
    Acknowledge(String, bool),
    /// The options of a subcloud strategy.
    Strategy(String),
    /// An option of one CA.
    Authority(AuthorityId, AuthorityChange),
    /// Resets all options.
    Reset,
}

impl Default for PlanForm {
    fn default() -> Self {
        Self {
            intent: Intent::default(),
            workers: Workers::default(),
            possible: PossibleChoices::default(),
            authorities: Vec::new(),
            ca_days: DEFAULT_CA_DAYS.to_string(),
            leaf_days: DEFAULT_LEAF_DAYS.to_string(),
            keep_keys: false,
            kubelet_certificates: KubeletCertificates::default(),
            external_ca: false,
            under_way: Vec::new(),
            start_over: false,
            confirmed: false,
            outages: Vec::new(),
            accept_outage: false,
            acknowledged: BTreeSet::new(),
            takes_strategy: false,
            strategy: String::new(),
        }
    }
}

impl PlanForm {
    /// Applies a change of one field.
    pub fn change(&mut self, change: FormChange) {
        match change {
            FormChange::Intent(intent) => self.intent = intent,
            FormChange::Workers(workers) => self.workers = workers,
            FormChange::CaDays(days) => self.ca_days = days,
            FormChange::LeafDays(days) => self.leaf_days = days,
            FormChange::KeepKeys(keep) => self.keep_keys = keep,
            FormChange::KubeletCertificates(how) => self.kubelet_certificates = how,
            FormChange::ExternalCa(external) => self.external_ca = external,
            FormChange::StartOver(start_over) => {
                self.start_over = start_over && !self.under_way.is_empty();
                self.confirmed = false;
            }
            FormChange::Confirmed(confirmed) => self.confirmed = confirmed && self.start_over,
            FormChange::AcceptOutage(accept) => self.accept_outage = accept && !self.outages.is_empty(),
            FormChange::Acknowledge(dependency, true) => {
                self.acknowledged.insert(dependency);
            }
            FormChange::Acknowledge(dependency, false) => {
                self.acknowledged.remove(&dependency);
            }
            FormChange::Strategy(options) => self.strategy = options,
            FormChange::Reset => {
                *self = Self {
                    possible: self.possible,
                    authorities: self.authorities.iter().map(AuthorityForm::reset).collect(),
                    under_way: std::mem::take(&mut self.under_way),
                    outages: std::mem::take(&mut self.outages),
                    takes_strategy: self.takes_strategy,
                    ..Self::default()
                };
            }
            FormChange::Authority(id, change) => {
                if let Some(authority) = self.authorities.iter_mut().find(|authority| authority.id == id) {
                    authority.change(change);
                }
            }
        }
    }

    /// Adapts the form to an inventory: adds fields for new CAs, removes those of others, keeps typed values. Resets
    /// acceptance, acknowledgements and starting over, which refer to the previous files.
    pub fn fit(&mut self, inventory: &InventoryReport, files: &[LoadedFile]) {
        self.outages.clear();
        self.accept_outage = false;
        self.acknowledged.clear();
        (self.start_over, self.confirmed) = (false, false);
        self.possible = inventory.choices;
        self.takes_strategy = profile::named(&inventory.platform).is_some_and(profile::Profile::takes_strategy);
        let under_way = &inventory.rotation.authorities;
        self.under_way = under_way.iter().map(|authority| authority.new.subject.clone()).collect();
        let mut old = std::mem::take(&mut self.authorities);
        for found in inventory.authorities.iter().filter(|authority| authority.rotates) {
            let kept = old.iter().position(|form| form.id == found.id).map(|place| old.swap_remove(place));
            let mut form = kept.unwrap_or_else(|| AuthorityForm::new(found));
            found.title.clone_into(&mut form.title);
            found.successor_name.clone_into(&mut form.proposed_name);
            form.same_key = found.same_key_algorithm;
            form.whole_subject = takes_whole_subject(&inventory.platform, found.id);
            form.progress = match under_way.iter().find(|authority| authority.id == found.id) {
                Some(authority) => {
                    AuthorityProgress::InProgress(authority.new.subject.clone(), authority.new_key_present)
                }
                None if under_way.is_empty() => AuthorityProgress::NotStarted,
                None => AuthorityProgress::NotIncluded,
            };
            if form.same_key.is_none() && form.key_algorithm.is_none() {
                form.key_algorithm = Some(KeyAlgorithm::Rsa2048);
            }
            for chosen in [&mut form.certificate, &mut form.key] {
                if !files.iter().any(|file| file.path == *chosen) {
                    chosen.clear();
                }
            }
            self.authorities.push(form);
        }
    }

    /// What the package does: as chosen, if the cluster allows it.
    pub fn intent(&self) -> Intent {
        if self.possible.renew_leaves { self.intent } else { Intent::default() }
    }

    /// How workers drop the old CA: as chosen, if the cluster allows it.
    pub fn workers(&self) -> Workers {
        if self.possible.replace_workers { self.workers } else { Workers::default() }
    }

    /// The request for a plan.
    ///
    /// # Errors
    ///
    /// All problems of the form.
    pub fn request(&self) -> Result<RotationRequest, Vec<FormProblem>> {
        if self.intent() == Intent::RenewLeaves {
            return self.renewal();
        }
        let mut problems = Vec::new();
        let chosen: Vec<&AuthorityForm> = self.authorities.iter().filter(|authority| authority.rotate).collect();
        if chosen.is_empty() {
            problems.push(FormProblem::wrong("authorities", Problem::NoAuthority));
        }
        let ca_days = days(&self.ca_days, "ca-days", &mut problems);
        let leaf_days = days(&self.leaf_days, "leaf-days", &mut problems);
        let mut authorities = BTreeMap::new();
        for authority in &chosen {
            let successor = match self.progress(authority) {
                AuthorityProgress::NotStarted => authority.successor(self.external_ca, &mut problems),
                AuthorityProgress::InProgress(..) | AuthorityProgress::NotIncluded => NewAuthority::default(),
            };
            authorities.insert(authority.id, successor);
        }
        let subclouds = self.subclouds(authorities.get(&AuthorityId::Cluster), &mut problems);
        if self.start_over && !self.confirmed {
            problems.push(FormProblem::missing("confirm-start-over", Problem::StartOverNotConfirmed));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(RotationRequest {
            intent: self.intent(),
            rotate: Some(chosen.iter().map(|authority| authority.id).collect()),
            authorities,
            ca_days,
            leaf_days,
            keep_keys: self.keep_keys,
            kubelet_certificates: self.kubelet_certificates,
            workers: self.workers(),
            external_ca: self.external_ca,
            start_over: self.start_over,
            accept_outage: self.accept_outage,
            acknowledge: self.acknowledged.clone(),
            release: None,
            subclouds: Box::new(subclouds),
        })
    }

    /// The request for a renewal, which has no options for new CAs: the form does not show them.
    fn renewal(&self) -> Result<RotationRequest, Vec<FormProblem>> {
        let mut problems = Vec::new();
        let leaf_days = days(&self.leaf_days, "leaf-days", &mut problems);
        let request = RotationRequest { intent: Intent::RenewLeaves, leaf_days, ..RotationRequest::default() };
        if problems.is_empty() { Ok(request) } else { Err(problems) }
    }

    /// The options of a subcloud strategy; the default if the platform has none.
    fn subclouds(&self, new: Option<&NewAuthority>, problems: &mut Vec<FormProblem>) -> SubcloudStrategy {
        if !self.takes_strategy {
            return SubcloudStrategy::default();
        }
        let mut wrong = |reason: String| problems.push(FormProblem::wrong("strategy", Problem::NotAStrategy(reason)));
        match self.strategy.parse::<SubcloudStrategy>() {
            Ok(strategy) => {
                let rejected = strategy.problems(&new.cloned().unwrap_or_default());
                rejected.into_iter().for_each(wrong);
                strategy
            }
            Err(message) => {
                wrong(message);
                SubcloudStrategy::default()
            }
        }
    }

    /// The progress of a CA, unless the rotation starts again.
    pub fn progress<'a>(&self, authority: &'a AuthorityForm) -> &'a AuthorityProgress {
        if self.start_over { &AuthorityProgress::NotStarted } else { &authority.progress }
    }
}

/// Does the platform's tool accept a complete subject for a new CA?
fn takes_whole_subject(platform: &str, id: AuthorityId) -> bool {
    let row = profile::named(platform).and_then(|profile| profile.authority(id));
    row.is_some_and(|row| row.new_authority_format == NewAuthorityFormat::Subject)
}

/// A number of days, at least 1; 0 with a problem if the field is invalid.
fn days(typed: &str, field: &str, problems: &mut Vec<FormProblem>) -> u32 {
    match typed.trim().parse() {
        Ok(days) if days > 0 => days,
        _ => {
            problems.push(FormProblem::wrong(field, Problem::NotDays));
            0
        }
    }
}
