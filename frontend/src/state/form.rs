//! The form of options: its values, and the request for a plan.

use std::collections::{BTreeMap, BTreeSet};

use airlock_core::{
    UnixTime,
    formats::sysinv,
    plan::request::{
        BroughtAuthority, DEFAULT_CA_DAYS, DEFAULT_LEAF_DAYS, Intent, KubeletCertificates, NewAuthority,
        PossibleChoices, RotationRequest, Workers,
    },
    plan::subclouds::SubcloudStrategy,
    profile::{self, AuthorityId, SuccessorShape},
    report::{AuthorityReport, InventoryReport},
    x509::KeyAlgorithm,
};
use serde::{Deserialize, Serialize};

use super::{outage::Outage, work::LoadedFile};

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

/// The progress of a CA in a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuthorityProgress {
    /// Its rotation has not started, or starts again.
    #[default]
    NotStarted,
    /// A new CA with this subject is being introduced; is its private key loaded?
    InProgress(String, bool),
    /// A rotation of other CAs is in progress.
    NotIncluded,
}

/// The options of one CA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityForm {
    /// The CA's id.
    pub id: AuthorityId,
    /// Its title.
    #[serde(skip)]
    pub title: String,
    /// Its progress in a rotation.
    #[serde(skip)]
    pub progress: AuthorityProgress,
    /// Is it rotated?
    pub rotate: bool,
    /// Is the new CA imported?
    pub brought: bool,
    /// The new CA's common name, as typed; `None` for the proposed one.
    pub name: Option<String>,
    /// The proposed common name.
    #[serde(skip)]
    pub proposed_name: String,
    /// The new CA's key type; `None` for the current one.
    pub key_algorithm: Option<KeyAlgorithm>,
    /// The current key type, if it can be generated here.
    #[serde(skip)]
    pub same_key: Option<KeyAlgorithm>,
    /// Does the platform's tool accept a complete subject and an expiry date?
    #[serde(skip)]
    pub whole_subject: bool,
    /// The complete subject, as typed; empty for only a common name.
    pub subject: String,
    /// The expiry date, as typed; empty for the validity of new CAs.
    pub expiry_date: String,
    /// The path of the imported certificate; empty for none.
    pub certificate: String,
    /// The path of the imported private key; empty for none.
    pub key: String,
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

/// A change to one CA's field.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthorityChange {
    /// Is it rotated?
    Rotate(bool),
    /// Is the new CA imported?
    Brought(bool),
    /// The new CA's common name.
    Name(String),
    /// Its complete subject; empty for none.
    Subject(String),
    /// Its expiry date; empty for none.
    ExpiryDate(String),
    /// The new CA's key type; `None` for the current one.
    KeyAlgorithm(Option<KeyAlgorithm>),
    /// The path of a file of an imported CA; empty for none.
    BroughtPath(BroughtPart, String),
}

/// A part of an imported CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroughtPart {
    /// Its certificate.
    Certificate,
    /// Its private key.
    Key,
}

impl BroughtPart {
    /// Its name in element ids and in the paths of imported files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
        }
    }
}

/// What is wrong with a field. Texts: `words::problem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No CA is chosen.
    NoAuthority,
    /// The file of an imported CA is not chosen: the CA's title, and the file.
    NoFile(String, BroughtPart),
    /// The common name of a new CA is empty: the CA's title.
    NoName(String),
    /// The platform's tool rejects the date: core's reason.
    NotADay(String),
    /// The platform's tool rejects the subject: core's reason.
    NotASubject(String),
    /// dcmanager or its client rejects the options of a strategy: core's reason.
    NotAStrategy(String),
    /// Not a whole number of days.
    NotDays,
    /// It is not confirmed that the new CA is discarded.
    StartOverNotConfirmed,
}

/// A problem that makes the form invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormProblem {
    /// The id of the field's element.
    pub field: String,
    /// The problem.
    pub message: Problem,
    /// Is a value only missing? The page shows this as an error after the first attempt to build.
    pub missing: bool,
}

impl FormProblem {
    /// An invalid value.
    pub fn wrong(field: impl Into<String>, message: Problem) -> Self {
        Self { field: field.into(), message, missing: false }
    }

    /// A missing value.
    pub fn missing(field: impl Into<String>, message: Problem) -> Self {
        Self { field: field.into(), message, missing: true }
    }
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

impl AuthorityForm {
    fn new(found: &AuthorityReport) -> Self {
        Self {
            id: found.id,
            title: found.title.clone(),
            progress: AuthorityProgress::default(),
            rotate: true,
            brought: false,
            name: None,
            proposed_name: found.successor_name.clone(),
            key_algorithm: None,
            same_key: found.same_key_algorithm,
            whole_subject: false,
            subject: String::new(),
            expiry_date: String::new(),
            certificate: String::new(),
            key: String::new(),
        }
    }

    /// The same CA with default options.
    fn reset(&self) -> Self {
        Self {
            rotate: true,
            brought: false,
            name: None,
            key_algorithm: self.same_key.is_none().then_some(KeyAlgorithm::Rsa2048),
            subject: String::new(),
            expiry_date: String::new(),
            certificate: String::new(),
            key: String::new(),
            ..self.clone()
        }
    }

    /// The id of one of its fields' elements, such as `cluster-name`.
    pub fn field(&self, name: &str) -> String {
        format!("{}-{name}", self.id.as_str())
    }

    /// The path of an imported file; empty for none.
    pub fn brought_path(&self, part: BroughtPart) -> &str {
        match part {
            BroughtPart::Certificate => &self.certificate,
            BroughtPart::Key => &self.key,
        }
    }

    fn change(&mut self, change: AuthorityChange) {
        match change {
            AuthorityChange::Rotate(rotate) => self.rotate = rotate,
            AuthorityChange::Brought(brought) => self.brought = brought,
            AuthorityChange::Name(name) => self.name = (name != self.proposed_name).then_some(name),
            AuthorityChange::Subject(subject) => self.subject = subject,
            AuthorityChange::ExpiryDate(date) => self.expiry_date = date,
            AuthorityChange::KeyAlgorithm(algorithm) => self.key_algorithm = algorithm,
            AuthorityChange::BroughtPath(BroughtPart::Certificate, path) => self.certificate = path,
            AuthorityChange::BroughtPath(BroughtPart::Key, path) => self.key = path,
        }
    }

    /// The request for the new CA. `external`: it is an external CA, whose certificate is imported without a key.
    fn successor(&self, external: bool, problems: &mut Vec<FormProblem>) -> NewAuthority {
        if self.brought || external {
            for part in [BroughtPart::Certificate, BroughtPart::Key] {
                let wanted = part == BroughtPart::Certificate || !external;
                if wanted && self.brought_path(part).is_empty() {
                    let message = Problem::NoFile(self.title.clone(), part);
                    problems.push(FormProblem::missing(self.field(part.id()), message));
                }
            }
            let brought = BroughtAuthority { certificate: self.certificate.clone(), key: self.key.clone() };
            return NewAuthority { brought: Some(brought), ..NewAuthority::default() };
        }
        let subject = self.whole(&self.subject);
        if let Some(Err(error)) = subject.map(sysinv::subject) {
            let message = Problem::NotASubject(error.to_string());
            problems.push(FormProblem::wrong(self.field("subject"), message));
        }
        let expiry_date = self.whole(&self.expiry_date);
        // Core checks whether the date is too early.
        if let Some(Err(error)) = expiry_date.map(|date| sysinv::expiry(date, UnixTime(0))) {
            let message = Problem::NotADay(error.to_string());
            problems.push(FormProblem::wrong(self.field("expiry-date"), message));
        }
        let common_name = self.name.as_deref().map(str::trim).filter(|_| subject.is_none());
        if common_name == Some("") {
            problems.push(FormProblem::wrong(self.field("name"), Problem::NoName(self.title.clone())));
        }
        NewAuthority {
            common_name: common_name.map(str::to_owned),
            subject: subject.map(str::to_owned),
            expiry_date: expiry_date.map(str::to_owned),
            key_algorithm: self.key_algorithm,
            ..NewAuthority::default()
        }
    }

    /// The value of a field for the platform's tool; `None` if it is empty or the platform has no such field.
    fn whole<'a>(&self, typed: &'a str) -> Option<&'a str> {
        Some(typed.trim()).filter(|typed| self.whole_subject && !typed.is_empty())
    }
}

/// Does the platform's tool accept a complete subject for a new CA?
fn takes_whole_subject(platform: &str, id: AuthorityId) -> bool {
    let row = profile::named(platform).and_then(|profile| profile.authority(id));
    row.is_some_and(|row| row.successor == SuccessorShape::Subject)
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
