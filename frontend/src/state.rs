//! All that the page knows, and how it changes. No web types: tested without a browser.

use std::{collections::BTreeMap, rc::Rc};

use airlock_core::{
    Finding, UnixTime,
    report::{
        CertificateDetails, CertificateReport, CheckReport, FilePreview, InventoryReport, PackageReport, PlanReport,
    },
    sample::{self, Share},
};

use crate::{
    state::{
        chart::{Chart, Mark},
        check::Check,
        explain::{Explained, Message},
        form::{FormChange, FormProblem, PlanForm},
        lifetimes::Lifetimes,
        lock::Lock,
        outage::{Consent, Outage},
        picture::{Picture, PictureChange},
        pki::Pki,
        step::Step,
        undo::History,
    },
    words,
    worker::protocol::{FileId, SelfTest},
};

pub mod chart;
pub mod check;
pub mod checklist;
pub mod explain;
pub mod form;
pub mod groups;
pub mod keys;
pub mod lifetimes;
pub mod lines;
pub mod lock;
pub mod memory;
pub mod nodes;
pub mod outage;
pub mod pace;
pub mod picture;
pub mod pki;
pub mod platform;
pub mod reach;
pub mod recheck;
pub mod role;
pub mod sides;
pub mod step;
pub mod timetable;
pub mod tree;
pub mod trust;
pub mod undo;

/// All that the page knows. Cheap to clone: what is large is shared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Which step is shown.
    pub step: Step,
    /// Where the work runs.
    pub place: Workplace,
    /// What the page found out about itself.
    pub checks: Checks,
    /// What was loaded, in the order of loading.
    pub files: Rc<[LoadedFile]>,
    /// What was found in it; `None` while nothing is loaded.
    pub inventory: Option<Rc<InventoryReport>>,
    /// The platform that the person says it is of; `None` to have it told from the files.
    pub platform: Option<&'static str>,
    /// Certificates that were opened to their last field, by fingerprint.
    pub details: Details,
    /// What of it is encrypted.
    pub lock: Lock,
    /// Whether a phase is done, once that was asked.
    pub check: Option<Check>,
    /// An error message, and what it means.
    pub explained: Explained,
    /// Who signs whom in it.
    pub pki: Rc<Pki>,
    /// Different private keys among it.
    pub keys_loaded: usize,
    /// The person's clock when that was found.
    pub today: UnixTime,
    /// The person's choices.
    pub form: PlanForm,
    /// What is wrong with the choices.
    pub form_problems: Vec<FormProblem>,
    /// Did the person try to build with those problems?
    pub attempted: bool,
    /// The choices that were handed in last; `None` once they count no more.
    pub asked: Option<Box<PlanForm>>,
    /// Is a plan of them on its way?
    pub planning: bool,
    /// Is it being predicted what the plan would break?
    pub predicting: bool,
    /// What it would break, before anything is built.
    pub foreseen: Option<Rc<Foreseen>>,
    /// Did planning end the worker? Then it begins again only when the person says so.
    pub halted: bool,
    /// The colours that the person chose. In memory alone.
    pub theme: Theme,
    /// What came of them.
    pub outcome: Option<Outcome>,
    /// Why core makes no package of the plan; empty while it does.
    pub unmade: Rc<[Finding]>,
    /// Does the person accept what core refused it over?
    pub consent: Consent,
    /// The package, once it is made.
    pub package: Option<Rc<PackageReport>>,
    /// The authorities that take over, in the plan's order, once they are made.
    pub authorities: Rc<[CertificateReport]>,
    /// Are files of the package shown beside what was there, rather than in one column with it?
    pub beside: bool,
    /// What was predicted of it, or of the package that was refused.
    pub chart: Option<Rc<Chart>>,
    /// Where the person is in it.
    pub picture: Picture,
    /// The file of the package that is shown.
    pub preview: Option<Preview>,
    /// The zip, once it was downloaded.
    pub download: Option<Downloaded>,
    /// What can be taken back.
    pub history: History,
    /// What is under way.
    pub job: Option<Job>,
    /// How long that still takes, once it can be told. Seconds.
    pub left: Option<u32>,
    /// What came of the last thing, for the status line.
    pub notice: String,
    /// Is that a no?
    pub refused: bool,
    /// What went wrong, until it is put away.
    pub alert: Option<String>,
    /// Where the person's attention belongs now.
    pub focus: Focus,
}

/// What the page found out about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// SHA-256 of the page's file; empty where it is not known.
    pub build: String,
    /// The content policy; empty where there is none.
    pub policy: String,
    /// Attempts that the policy stopped.
    pub blocked: usize,
    /// What came of the tests at the start; `None` until they are through.
    pub tested: Option<SelfTest>,
}

impl Checks {
    /// Is there nothing to worry about, as far as is known?
    pub fn is_well(&self) -> bool {
        let tested = self.tested.is_none_or(|tested| tested.randomness && tested.signatures);
        tested && self.blocked == 0 && !self.policy.is_empty()
    }
}

/// Certificates that were opened to their last field, by fingerprint. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details(Rc<BTreeMap<String, Rc<CertificateDetails>>>);

impl Details {
    /// The certificate of that fingerprint, if it was opened.
    pub fn of(&self, fingerprint: &str) -> Option<&CertificateDetails> {
        self.0.get(fingerprint).map(Rc::as_ref)
    }

    fn add(&mut self, details: Rc<CertificateDetails>) {
        Rc::make_mut(&mut self.0).insert(details.fingerprint.clone(), details);
    }
}

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has them.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The next one in turn.
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// In the page's attribute; empty for the system's.
    pub fn id(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// An element that is given the focus, once for each count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// The element's id; empty for none yet.
    pub id: String,
    /// Counts up each time.
    pub count: u32,
}

/// Where the work runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workplace {
    /// In workers, this many of them for keys.
    Workers(usize),
    /// On the page, piece by piece: the browser starts no workers.
    Page,
    /// Not known yet.
    #[default]
    Starting,
}

/// A loaded file, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its id.
    pub id: FileId,
    /// Its path as the person knows it; unique.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What came of the choices.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A plan.
    Plan(Rc<PlanReport>),
    /// None, and why.
    Refused(Rc<[Finding]>),
}

/// What a plan would break.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// The connection that breaks first, why, and what to change.
    pub finding: Finding,
    /// Would a package be built if the outages were accepted?
    pub acceptable: bool,
}

/// A file of the package, shown or on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its path in the package.
    pub path: String,
    /// Its lines; `None` until they arrive.
    pub file: Option<Rc<FilePreview>>,
}

/// A zip that was handed to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its name.
    pub name: String,
    /// SHA-256 in lower case hexadecimal.
    pub sha256: String,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The zip is being made.
    Archiving,
    /// A command is on its way to the clipboard.
    Copying,
    /// Files are being read and looked at.
    Inspecting,
    /// Keys, then certificates and package, are being made.
    Making {
        /// Keys that are made.
        done: usize,
        /// Keys that are needed.
        total: usize,
    },
    /// A plan is being drawn up.
    Planning,
    /// A sample cluster is being made.
    Sampling,
}

/// Whatever changes the page.
#[derive(Clone, Debug)]
pub enum Action {
    /// The person put the alert away.
    AlertDismissed,
    /// A job has begun.
    Began(Job),
    /// The run was cancelled.
    Cancelled,
    /// Whether that phase is done was asked.
    CheckAsked(Option<u8>),
    /// The answer.
    Checked(Option<u8>, Rc<CheckReport>),
    /// A command is in the clipboard.
    Copied(String),
    /// The core worker died over a bug at this place, or without one for want of memory, and a new one is there.
    CoreDied(String),
    /// An error message is to be explained; `None` where what was pasted is none.
    Explained(Option<Message>),
    /// A command to look for oneself is in the clipboard.
    TextCopied,
    /// All fields of a loaded certificate.
    Detailed(Rc<CertificateDetails>),
    /// The zip went to the browser's downloads.
    Downloaded(Downloaded),
    /// Something went wrong; a sentence.
    Failed(String),
    /// Files were left out because the worker died over them, at this place.
    FilesLeftOut(Vec<String>, String),
    /// The policy stopped an attempt.
    Blocked,
    /// What the page is, and what policy it has.
    Built {
        /// SHA-256 of the page's file.
        build: String,
        /// The content policy.
        policy: String,
    },
    /// A choice was changed.
    Form(FormChange),
    /// The choices cannot be planned with: why.
    FormRefused(Vec<FormProblem>),
    /// The person wants to build with choices that cannot be planned with.
    ProblemShown,
    /// What is loaded, and what was found in it.
    Inspected(Rc<[LoadedFile]>, Rc<InventoryReport>),
    /// A key is made.
    KeyMade,
    /// A key worker died over a bug at this place, or without one for want of memory, and a new one makes its key.
    KeyWorkerDied(String),
    /// The package is made, with these authorities, and this was predicted of it.
    Made(Rc<PackageReport>, Rc<[CertificateReport]>, Rc<Chart>),
    /// What the plan would break: the first connection, and all that was predicted; `None` if nothing.
    Foreseen(Option<(Finding, Rc<Chart>)>),
    /// It is being predicted.
    Predicting,
    /// An error message was pasted somewhere on the page.
    MessagePasted(Message),
    /// There was nothing in a drop.
    NothingFound,
    /// The question about the outages was handed in without an answer.
    OutageNotTicked,
    /// The person ticked the box that accepts the outages, or no longer does.
    OutageTicked(bool),
    /// Something was done to the picture.
    Picture(PictureChange),
    /// Where the work runs.
    Place(Workplace),
    /// A plan of the choices as they are is asked for.
    PlanAsked,
    /// Planning is to be tried again.
    PlanRetried,
    /// The plan, or why there is none.
    Planned(Outcome),
    /// The person says which platform the files are of, or has it told from them again.
    PlatformChosen(Option<&'static str>),
    /// A file of the package is to be shown.
    PreviewAsked(String),
    /// A file of the package put away.
    PreviewClosed,
    /// Files of the package are to be shown beside what was there, or in one column with it.
    PreviewBeside(bool),
    /// The lines of a file of the package.
    Previewed(Rc<FilePreview>),
    /// What came of the tests at the start.
    Tested(SelfTest),
    /// How long the work under way still takes. Seconds.
    TimeLeft(u32),
    /// The browser had thrown the page out, and opened it anew.
    ThrownOut,
    /// A password was tried: what is there now, and whether it opened anything.
    Unlocked(Rc<InventoryReport>, bool),
    /// The last change is to be taken back.
    Undo,
    /// Core makes no package: why, and what was predicted.
    Unmade(Rc<[Finding]>, Rc<Chart>),
    /// Other colours.
    ThemeChosen(Theme),
    /// The person's clock, as files are inspected.
    Today(UnixTime),
    /// The person goes to a step.
    Went(Step),
    /// Everything was wiped.
    Wiped,
    /// The browser had put the page to sleep.
    Woke,
}

impl State {
    /// The state after `action`.
    #[must_use]
    pub fn after(mut self, action: Action) -> Self {
        self.take(action);
        self.stay_on_the_way();
        self
    }

    fn take(&mut self, action: Action) {
        match action {
            Action::AlertDismissed => self.alert = None,
            Action::Began(job) => {
                self.job = Some(job);
                self.left = None;
                self.alert = None;
                self.notice.clear();
                match job {
                    Job::Planning => {
                        self.forget_plan();
                        self.asked = Some(Box::new(self.form.clone()));
                    }
                    Job::Making { .. } => {
                        self.predicting = false;
                        self.forget_package();
                    }
                    Job::Archiving | Job::Copying | Job::Inspecting | Job::Sampling => {}
                }
            }
            Action::Cancelled => {
                self.ended(words::CANCELLED.to_owned());
            }
            Action::CheckAsked(phase) => self.check = Some(Check { phase, report: None }),
            Action::Checked(phase, report) => {
                let fits = self.check.as_mut().is_some_and(|check| check.answer(phase, Rc::clone(&report)));
                if fits {
                    self.notice = words::checked(&report);
                    self.refused = !report.holds;
                }
            }
            Action::Copied(path) => self.ended(words::copied(&path)),
            Action::CoreDied(location) => {
                self.halted = self.planning || self.job == Some(Job::Planning);
                self.forget_plan();
                // The new one takes up what was loaded.
                self.job = (!self.files.is_empty()).then_some(Job::Inspecting);
                self.alert = Some(words::core_died(&location, self.lock.given));
                self.lock.given = false;
                self.check = None;
            }
            Action::Detailed(details) => self.details.add(details),
            Action::Downloaded(download) => {
                self.ended(String::new());
                self.download = Some(download);
            }
            Action::Explained(message) => self.explained.take(message, self.inventory.as_deref(), self.today),
            Action::Failed(sentence) => {
                self.job = None;
                self.preview.take_if(|preview| preview.file.is_none());
                self.check.take_if(|check| check.report.is_none());
                self.alert = Some(sentence);
            }
            Action::FilesLeftOut(paths, location) => {
                if self.files.is_empty() {
                    self.job = None;
                }
                self.alert = Some(words::left_out(&paths, &location));
            }
            Action::Blocked => self.checks.blocked += 1,
            Action::Built { build, policy } => (self.checks.build, self.checks.policy) = (build, policy),
            Action::Form(change) => {
                self.history.choice(&change, &self.form);
                self.forget_package();
                (self.foreseen, self.predicting) = (None, false);
                self.notice.clear();
                self.halted = false;
                self.form.change(change);
            }
            Action::FormRefused(problems) => {
                self.forget_plan();
                self.asked = Some(Box::new(self.form.clone()));
                self.form_problems = problems;
            }
            Action::ProblemShown => {
                self.attempted = true;
                if let Some(problem) = self.form_problems.first() {
                    let field = problem.field.clone();
                    self.look_at(&field);
                }
            }
            Action::Inspected(files, inventory) => {
                self.ended(String::new());
                self.history.files(&self.files, &files, &self.form);
                self.files = files;
                self.found(inventory);
            }
            Action::KeyMade => {
                if let Some(Job::Making { done, total }) = &mut self.job {
                    *done = (*done + 1).min(*total);
                }
            }
            Action::KeyWorkerDied(location) => self.alert = Some(words::key_worker_died(&location)),
            Action::Made(package, authorities, chart) => {
                self.authorities = authorities;
                self.ended(String::new());
                self.package = Some(package);
                self.picture = Picture::of(&chart);
                self.chart = Some(chart);
                self.show_what_came_of_it();
            }
            Action::MessagePasted(message) => {
                self.explained.take(Some(message), self.inventory.as_deref(), self.today);
                self.ended(words::explain::found(self.explained.explanations.len()));
                self.step = if self.inventory.is_some() { Step::Inspect } else { Step::Load };
                self.look_at("explain");
            }
            Action::Predicting => self.predicting = true,
            Action::Foreseen(broken) => {
                self.predicting = false;
                self.foreseen = broken.map(|(finding, chart)| {
                    let acceptable = outage::is_acceptable(&chart);
                    if acceptable {
                        self.offer(outage::outages(&chart));
                    }
                    Rc::new(Foreseen { finding, acceptable })
                });
            }
            Action::NothingFound => self.ended(words::NOTHING_FOUND.to_owned()),
            Action::OutageNotTicked => {
                self.consent = Consent::Missing;
                self.look_at("accept-outage");
            }
            Action::OutageTicked(ticked) => self.consent = if ticked { Consent::Given } else { Consent::Open },
            Action::Picture(change) => {
                let Some(chart) = self.chart.clone() else { return };
                if self.picture.change(&chart, change) {
                    let cell = self.picture.focus(&chart);
                    self.look_at(&cell);
                }
            }
            Action::Place(place) => self.place = place,
            Action::PlanAsked => {
                self.asked = Some(Box::new(self.form.clone()));
                self.planning = true;
                self.form_problems.clear();
                self.attempted = false;
            }
            Action::PlanRetried => {
                self.halted = false;
                self.asked = None;
            }
            Action::Planned(outcome) => {
                // What the person is told of something else stays.
                if self.job.is_some() {
                    self.ended(String::new());
                }
                self.planning = false;
                self.outcome = Some(outcome);
            }
            Action::PlatformChosen(platform) => {
                // Before anything is loaded there is nothing to go back to.
                if !self.files.is_empty() {
                    self.history.platform(self.platform);
                }
                self.platform = platform;
            }
            Action::PreviewAsked(path) => self.preview = Some(Preview { path, file: None }),
            Action::PreviewBeside(beside) => self.beside = beside,
            Action::PreviewClosed => self.preview = None,
            Action::Previewed(file) => {
                if let Some(preview) = self.preview.as_mut().filter(|preview| preview.path == file.path) {
                    preview.file = Some(file);
                }
            }
            Action::Tested(tested) => self.checks.tested = Some(tested),
            Action::TextCopied => self.ended(words::COMMAND_COPIED.to_owned()),
            Action::ThrownOut => self.alert = Some(words::THROWN_OUT.to_owned()),
            Action::Unlocked(inventory, opened) => {
                self.lock.given |= opened;
                self.found(inventory);
                self.ended(words::unlocked(&self.lock, opened));
                self.refused = !opened && self.lock.is_shut();
                self.look_at(if self.lock.is_shut() { "password" } else { self.heading(self.step) });
            }
            Action::TimeLeft(seconds) => self.left = Some(seconds),
            Action::Undo => self.undo(),
            Action::Unmade(findings, chart) => {
                self.ended(String::new());
                self.unmade = findings;
                if outage::is_acceptable(&chart) {
                    self.offer(outage::outages(&chart));
                }
                self.picture = Picture::of(&chart);
                self.chart = Some(chart);
                self.show_what_came_of_it();
                // After the step, which begins without a notice.
                (self.notice, self.refused) = (words::UNMADE.to_owned(), true);
            }
            Action::ThemeChosen(theme) => self.theme = theme,
            Action::Today(today) => self.today = today,
            Action::Went(step) => self.go(step),
            Action::Wiped => {
                let (place, theme) = (self.place, self.theme);
                let (checks, focus) = (std::mem::take(&mut self.checks), std::mem::take(&mut self.focus));
                *self = Self { place, theme, checks, focus, notice: words::WIPED.to_owned(), ..Self::default() };
                self.look_at("load");
            }
            Action::Woke if self.job.is_some() => self.alert = Some(words::WOKE_AT_WORK.to_owned()),
            Action::Woke => self.ended(words::WOKE.to_owned()),
        }
    }

    /// Takes up what is there now, and puts away what came of what was there before.
    fn found(&mut self, inventory: Rc<InventoryReport>) {
        self.forget_plan();
        if let Some(form) = self.history.form_that_comes_back() {
            self.form = form;
        }
        self.form.fit(&inventory, &self.files);
        self.pki = pki::pki(&inventory).into();
        self.keys_loaded = memory::keys(&inventory);
        self.lock.fit(&inventory);
        self.check = None;
        self.details = Details::default();
        if self.files.is_empty() {
            self.platform = None;
        }
        self.inventory = (!self.files.is_empty()).then_some(inventory);
        self.explained.fit(self.inventory.as_deref(), self.today);
    }

    /// Is anything under way that will change what is shown?
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
            || self.planning
            || self.predicting
            || self.plan_wanted().is_some()
            || self.preview.as_ref().is_some_and(|preview| preview.file.is_none())
            || self.check.as_ref().is_some_and(|check| check.report.is_none())
    }

    /// Was what was asked for last refused, or answered with a no?
    pub fn is_refused(&self) -> bool {
        self.job.is_none() && self.refused
    }

    /// The plan, if there is one.
    pub fn plan(&self) -> Option<&Rc<PlanReport>> {
        match &self.outcome {
            Some(Outcome::Plan(plan)) => Some(plan),
            Some(Outcome::Refused(_)) | None => None,
        }
    }

    /// The choices of which a plan is to be made now: those on the step that shows one, unless it was asked for already.
    pub fn plan_wanted(&self) -> Option<&PlanForm> {
        let wanted = self.step == Step::Plan && self.inventory.is_some() && self.job.is_none() && !self.halted;
        (wanted && !self.is_asked()).then_some(&self.form)
    }

    /// Is what came of the choices that of the choices as they are now?
    pub fn is_planned(&self) -> bool {
        self.is_asked() && !self.planning && self.form_problems.is_empty()
    }

    fn is_asked(&self) -> bool {
        self.asked.as_deref() == Some(&self.form)
    }

    /// What forbids the package, before it is built: what was foreseen, unless the person accepts it.
    pub fn forbidden(&self) -> Option<&Rc<Foreseen>> {
        self.foreseen.as_ref().filter(|foreseen| !(foreseen.acceptable && self.form.accept_outage))
    }

    /// Offers outages to be accepted. That alone makes no other plan of the choices.
    fn offer(&mut self, outages: Vec<Outage>) {
        if let Some(asked) = self.asked.as_deref_mut().filter(|asked| asked.outages == self.form.outages) {
            asked.outages.clone_from(&outages);
        }
        self.form.outages = outages;
    }

    /// The worst that any connection looks like.
    pub fn worst_mark(&self) -> Mark {
        self.chart.as_ref().map(|chart| chart.worst()).unwrap_or_default()
    }

    /// The outages that the person accepts.
    pub fn accepted(&self) -> Vec<Outage> {
        if self.form.accept_outage { self.form.outages.clone() } else { Vec::new() }
    }

    /// How much of what is loaded is a sample.
    pub fn sample(&self) -> Share {
        self.inventory.as_deref().map(sample::share).unwrap_or_default()
    }

    /// How long everything lives, with what takes over if there is a plan.
    pub fn lifetimes(&self, plan: Option<&PlanReport>) -> Option<Lifetimes> {
        lifetimes::lifetimes(self.inventory.as_ref()?, &self.pki, plan, self.today)
    }

    fn ended(&mut self, notice: String) {
        self.job = None;
        self.left = None;
        self.notice = notice;
        self.refused = false;
    }

    /// From where the package was asked for to what came of it. Whoever has gone elsewhere meanwhile stays there.
    fn show_what_came_of_it(&mut self) {
        if self.step == Step::Plan {
            self.go(Step::Review);
        }
    }

    fn look_at(&mut self, id: &str) {
        self.focus = Focus { id: id.to_owned(), count: self.focus.count.wrapping_add(1) };
    }

    fn forget_plan(&mut self) {
        self.outcome = None;
        self.asked = None;
        self.planning = false;
        (self.foreseen, self.predicting) = (None, false);
        self.form_problems.clear();
        self.attempted = false;
        self.forget_package();
    }

    fn forget_package(&mut self) {
        self.unmade = Rc::default();
        self.consent = Consent::default();
        self.package = None;
        self.authorities = Rc::default();
        self.chart = None;
        self.picture = Picture::default();
        self.preview = None;
        self.download = None;
    }
}

#[cfg(test)]
mod tests;
