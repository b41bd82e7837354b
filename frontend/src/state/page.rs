//! All that the page knows, and what follows from it.

use std::rc::Rc;

use airlock_core::{
    Finding, UnixTime,
    inventory::SampleShare,
    plan::request::Intent,
    report::{CertificateReport, InventoryReport, PackageReport, PlanReport},
    sample,
};

use super::{
    appearance::{Focus, Theme},
    chart::{Chart, Mark},
    check::Check,
    checks::Checks,
    contexts::Contexts,
    details::Details,
    encryption::Encryption,
    explain::Explained,
    form::{FormProblem, PlanForm},
    lifetimes::{self, Lifetimes},
    matrix_view::MatrixView,
    notice::{Alert, Notice},
    outage::{Consent, Outage},
    pki::Pki,
    session::Choices,
    step::{Missing, Step},
    undo::{Change, History},
    work::{Downloaded, Foreseen, Job, LoadedFile, Outcome, Preview, Workplace},
};

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
    pub encryption: Encryption,
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
    pub not_built: Rc<[Finding]>,
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
    pub matrix_view: MatrixView,
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
    /// Saved choices that wait for the cluster's files.
    pub pending_choices: Option<Rc<Choices>>,
    /// The kubectl contexts of this session.
    pub contexts: Contexts,
    /// The result of the last action, for the status line.
    pub notice: Option<Notice>,
    /// What failed, until it is dismissed.
    pub alert: Option<Alert>,
    /// Where the person's attention belongs now.
    pub focus: Focus,
}

impl State {
    /// Is anything under way that will change what is shown?
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
            || self.planning
            || self.predicting
            || self.plan_wanted().is_some()
            || self.preview.as_ref().is_some_and(|preview| preview.file.is_none())
            || self.check.as_ref().is_some_and(|check| check.report.is_none())
    }

    /// Was the last action refused, or its result negative?
    pub fn is_refused(&self) -> bool {
        self.job.is_none() && self.notice.as_ref().is_some_and(Notice::is_refusal)
    }

    /// The plan, if there is one.
    pub fn plan(&self) -> Option<&Rc<PlanReport>> {
        match &self.outcome {
            Some(Outcome::Plan(plan)) => Some(plan),
            Some(Outcome::Refused(_)) | None => None,
        }
    }

    /// Does the plan renew certificates without new CAs?
    pub fn renews(&self) -> bool {
        self.plan().is_some_and(|plan| plan.intent == Intent::RenewLeaves)
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

    /// The worst that any connection looks like.
    pub fn worst_mark(&self) -> Mark {
        self.chart.as_ref().map(|chart| chart.worst()).unwrap_or_default()
    }

    /// The outages that the person accepts.
    pub fn accepted(&self) -> Vec<Outage> {
        if self.form.accept_outage { self.form.outages.clone() } else { Vec::new() }
    }

    /// How much of what is loaded is a sample.
    pub fn sample(&self) -> SampleShare {
        self.inventory.as_deref().map(sample::share).unwrap_or_default()
    }

    /// How long everything lives, with what takes over if there is a plan.
    pub fn lifetimes(&self, plan: Option<&PlanReport>) -> Option<Lifetimes> {
        lifetimes::lifetimes(self.inventory.as_ref()?, &self.pki, plan, self.today)
    }

    /// The choices of this session.
    pub fn choices(&self) -> Choices {
        Choices::of(self.platform, self.form.clone())
    }

    /// Is a password asked for where the person is? Not once a package is made: opening anything would take it away.
    pub fn asks_for_password(&self) -> bool {
        let before_making = matches!(self.step, Step::Load | Step::Inspect | Step::Plan) && self.package.is_none();
        self.encryption.needs_password() && before_making && !matches!(self.job, Some(Job::Making { .. }))
    }

    /// What is missing before a step can be opened.
    pub fn missing(&self, step: Step) -> Option<Missing> {
        let is_there = match step {
            Step::Load => true,
            Step::Inspect | Step::Plan => self.inventory.is_some(),
            Step::Review => self.package.is_some() || !self.not_built.is_empty(),
            Step::Download => self.package.is_some(),
        };
        let needed = if step < Step::Review { Missing::Files } else { Missing::Package };
        (!is_there).then_some(needed)
    }

    /// The id of the heading under which a step begins.
    pub fn heading(&self, step: Step) -> &'static str {
        match step {
            Step::Load => "load",
            Step::Inspect => "inventory",
            Step::Plan => "plan-form",
            Step::Review if self.not_built.is_empty() => "review",
            Step::Review => "unmade",
            Step::Download => "download",
        }
    }

    /// The change that can be taken back now: none while work is under way, and none over which a package would be lost.
    pub fn undoable(&self) -> Option<&Change> {
        self.history.last().filter(|_| self.job.is_none() && self.package.is_none())
    }

    /// The same, where the step that is shown has to do with it: a button for it stands there.
    pub fn undo_offered(&self) -> Option<&Change> {
        self.undoable().filter(|change| match change {
            Change::Added(_) | Change::Removed(..) => matches!(self.step, Step::Load | Step::Inspect),
            Change::Platform(_) => self.step == Step::Inspect,
            Change::Chosen(..) => self.step == Step::Plan,
        })
    }

    /// Moves the keyboard focus to the element of that id.
    pub(super) fn style_at(&mut self, id: &str) {
        self.focus = Focus { id: id.to_owned(), count: self.focus.count.wrapping_add(1) };
    }

    pub(super) fn forget_package(&mut self) {
        self.not_built = Rc::default();
        self.consent = Consent::default();
        self.package = None;
        self.authorities = Rc::default();
        self.chart = None;
        self.matrix_view = MatrixView::default();
        self.preview = None;
        self.download = None;
    }
}
