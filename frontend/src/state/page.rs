//! The page's state, and values derived from it.

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
    matrix_view::MatrixView,
    notice::{Alert, Notice},
    outage::{Consent, Outage},
    pki::Pki,
    session::Choices,
    step::{Missing, Step},
    undo::{Change, History},
    work::{Downloaded, Job, LoadedFile, Outcome, Prediction, Preview, Workplace},
};

/// The page's state. Cheap to clone: large parts are shared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The step that is shown.
    pub step: Step,
    /// Where the work runs.
    pub place: Workplace,
    /// The results of the page's checks of itself.
    pub checks: Checks,
    /// The loaded files, in the order of loading.
    pub files: Rc<[LoadedFile]>,
    /// Their inventory; `None` without files.
    pub inventory: Option<Rc<InventoryReport>>,
    /// The platform that the person chose; `None` to detect it.
    pub platform: Option<&'static str>,
    /// Certificates with all fields, by fingerprint.
    pub details: Details,
    /// Encrypted files.
    pub encryption: Encryption,
    /// The last check of rotation progress.
    pub check: Option<Check>,
    /// The last error message, and its explanations.
    pub explained: Explained,
    /// The current PKI.
    pub pki: Rc<Pki>,
    /// The number of different private keys among the files.
    pub keys_loaded: usize,
    /// The time of the last inspection.
    pub today: UnixTime,
    /// The options.
    pub form: PlanForm,
    /// Problems with the options.
    pub form_problems: Vec<FormProblem>,
    /// Did the person try to build with these problems?
    pub attempted: bool,
    /// The options that were last planned with; `None` if their result was dropped.
    pub asked: Option<Box<PlanForm>>,
    /// Is a plan of them being made?
    pub planning: bool,
    /// Is the prediction of that plan in progress?
    pub predicting: bool,
    /// What the plan would break; `None` if nothing, or if not predicted.
    pub prediction: Option<Rc<Prediction>>,
    /// Did planning stop the worker? Then it starts again only when the person requests it.
    pub halted: bool,
    /// The colours that the person chose. In memory only.
    pub theme: Theme,
    /// The plan, or the reasons why there is none.
    pub outcome: Option<Outcome>,
    /// Why core refused the package; empty if it did not.
    pub not_built: Rc<[Finding]>,
    /// Does the person accept the outages over which core refused the package?
    pub consent: Consent,
    /// The package, once built.
    pub package: Option<Rc<PackageReport>>,
    /// The new CAs, in the plan's order, once generated.
    pub authorities: Rc<[CertificateReport]>,
    /// Are changes to files shown in two columns instead of one?
    pub beside: bool,
    /// The prediction of the package, or of the refused one.
    pub chart: Option<Rc<Chart>>,
    /// Selection and focus in the matrix.
    pub matrix_view: MatrixView,
    /// The selected file of the package.
    pub preview: Option<Preview>,
    /// The zip, once downloaded.
    pub download: Option<Downloaded>,
    /// The changes that can be undone.
    pub history: History,
    /// The job in progress.
    pub job: Option<Job>,
    /// Its estimated remaining time in seconds, once known.
    pub left: Option<u32>,
    /// Saved options that are applied with the next files.
    pub pending_choices: Option<Rc<Choices>>,
    /// The kubectl contexts of this session.
    pub contexts: Contexts,
    /// The result of the last action, for the status line.
    pub notice: Option<Notice>,
    /// The last failure, until it is dismissed.
    pub alert: Option<Alert>,
    /// The element with the keyboard focus.
    pub focus: Focus,
}

impl State {
    /// Is any work in progress that will change the page?
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

    /// The options to plan with now: on the step Plan, unless they were already planned with.
    pub fn plan_wanted(&self) -> Option<&PlanForm> {
        let wanted = self.step == Step::Plan && self.inventory.is_some() && self.job.is_none() && !self.halted;
        (wanted && !self.is_asked()).then_some(&self.form)
    }

    /// Does the result of planning belong to the current options?
    pub fn is_planned(&self) -> bool {
        self.is_asked() && !self.planning && self.form_problems.is_empty()
    }

    fn is_asked(&self) -> bool {
        self.asked.as_deref() == Some(&self.form)
    }

    /// The prediction that prevents the build, unless the person accepts the outage.
    pub fn forbidden(&self) -> Option<&Rc<Prediction>> {
        self.prediction.as_ref().filter(|prediction| !(prediction.acceptable && self.form.accept_outage))
    }

    /// The worst mark of any connection.
    pub fn worst_mark(&self) -> Mark {
        self.chart.as_ref().map(|chart| chart.worst()).unwrap_or_default()
    }

    /// The outages that the person accepts.
    pub fn accepted(&self) -> Vec<Outage> {
        if self.form.accept_outage { self.form.outages.clone() } else { Vec::new() }
    }

    /// How many of the loaded files are of a sample.
    pub fn sample(&self) -> SampleShare {
        self.inventory.as_deref().map(sample::share).unwrap_or_default()
    }

    /// The options of this session.
    pub fn choices(&self) -> Choices {
        Choices::of(self.platform, self.form.clone())
    }

    /// Does the current step ask for a password? Not with a package: decrypting files would discard it.
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

    /// The change that undo reverts: none during work, and none that would discard a package.
    pub fn undoable(&self) -> Option<&Change> {
        self.history.last().filter(|_| self.job.is_none() && self.package.is_none())
    }

    /// The change for which the current step shows an undo button.
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
