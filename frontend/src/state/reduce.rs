//! The reducer: how each action changes the state.

use std::rc::Rc;

use airlock_core::{
    Finding,
    report::{CertificateReport, InventoryReport, PackageReport},
};

use super::{
    action::Action,
    chart::Chart,
    check::Check,
    details::Details,
    explain::Message,
    form::{FormChange, FormProblem},
    matrix_view::{MatrixView, MatrixViewChange},
    memory,
    notice::{Alert, Notice},
    outage::{self, Consent, Outage},
    page::State,
    pki,
    session::Choices,
    step::Step,
    work::{Job, LoadedFile, Outcome, Prediction, Preview},
};

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
            Action::Began(job) => self.begin(job),
            Action::Blocked => self.checks.blocked += 1,
            Action::Built { build, policy } => (self.checks.build, self.checks.policy) = (build, policy),
            Action::Cancelled => self.ended_with(Notice::Cancelled),
            Action::CheckAsked(phase) => self.check = Some(Check { phase, report: None }),
            Action::Checked(phase, report) => {
                if self.check.as_mut().is_some_and(|check| check.answer(phase, Rc::clone(&report))) {
                    self.notice = Some(Notice::Checked(report));
                }
            }
            Action::ChoicesLoaded(choices, idle) => self.take_choices(&choices, idle),
            Action::ContextAskedAgain(target) => self.contexts.ask_again(target),
            Action::ContextTyped(target, name) => self.contexts.write(target, name),
            Action::Copied(path, target) => {
                self.contexts.settle(target);
                self.ended_with(Notice::Copied { path, target });
            }
            Action::CoreDied(location) => self.lose_core(location),
            Action::Detailed(details) => self.details.add(details),
            Action::Downloaded(download) => {
                self.ended();
                self.download = Some(download);
            }
            Action::Explained(message) => self.explained.take(message, self.inventory.as_deref(), self.today),
            Action::Failed(alert) => self.fail(alert),
            Action::FilesLeftOut(paths, location) => {
                if self.files.is_empty() {
                    self.job = None;
                }
                self.alert = Some(Alert::FilesLeftOut { paths, location });
            }
            Action::Prediction(broken) => self.take_prediction(broken),
            Action::Form(change) => self.choose(change),
            Action::FormRefused(problems) => self.refuse_form(problems),
            Action::Inspected(files, inventory) => self.take_files(files, inventory),
            Action::KeyMade => self.count_key(),
            Action::KeyWorkerDied(location) => self.alert = Some(Alert::KeyWorkerDied(location)),
            Action::Made(package, authorities, chart) => self.take_package(package, authorities, chart),
            Action::MessagePasted(message) => self.explain_pasted(message),
            Action::NothingFound => self.ended_with(Notice::NothingFound),
            Action::OutageNotTicked => {
                self.consent = Consent::Missing;
                self.style_at("accept-outage");
            }
            Action::OutageTicked(ticked) => self.consent = if ticked { Consent::Given } else { Consent::Open },
            Action::MatrixView(change) => self.move_in_picture(change),
            Action::Place(place) => self.place = place,
            Action::PlanAsked => self.ask_for_plan(),
            Action::PlanRetried => (self.halted, self.asked) = (false, None),
            Action::Planned(outcome) => self.take_plan(outcome),
            Action::PlatformChosen(platform) => self.choose_platform(platform),
            Action::Predicting => self.predicting = true,
            Action::PreviewAsked(path) => self.preview = Some(Preview { path, file: None }),
            Action::PreviewBeside(beside) => self.beside = beside,
            Action::PreviewClosed => self.preview = None,
            Action::Previewed(file) => {
                if let Some(preview) = self.preview.as_mut().filter(|preview| preview.path == file.path) {
                    preview.file = Some(file);
                }
            }
            Action::ProblemShown => self.show_problem(),
            Action::Tested(tested) => self.checks.tested = Some(tested),
            Action::TextCopied => self.ended_with(Notice::TextCopied),
            Action::ThemeChosen(theme) => self.theme = theme,
            Action::Discarded => self.alert = Some(Alert::Discarded),
            Action::TimeLeft(seconds) => self.left = Some(seconds),
            Action::Today(today) => self.today = today,
            Action::Undo => self.undo(),
            Action::Unlocked(inventory, opened) => self.unlock(inventory, opened),
            Action::NotBuilt(findings, chart) => self.take_refusal(findings, chart),
            Action::Went(step) => self.go(step),
            Action::Wiped => self.wipe(),
            Action::Resumed if self.job.is_some() => self.alert = Some(Alert::ResumedDuringWork),
            Action::Resumed => self.ended_with(Notice::Resumed),
        }
    }

    fn begin(&mut self, job: Job) {
        self.job = Some(job);
        self.left = None;
        self.alert = None;
        self.notice = None;
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

    fn fail(&mut self, alert: Alert) {
        self.job = None;
        self.preview.take_if(|preview| preview.file.is_none());
        self.check.take_if(|check| check.report.is_none());
        self.alert = Some(alert);
    }

    fn lose_core(&mut self, location: String) {
        self.halted = self.planning || self.job == Some(Job::Planning);
        self.forget_plan();
        // The new worker reads the loaded files again.
        self.job = (!self.files.is_empty()).then_some(Job::Inspecting);
        self.alert = Some(Alert::CoreDied { location, password: self.encryption.given });
        self.encryption.given = false;
        self.check = None;
    }

    fn take_files(&mut self, files: Rc<[LoadedFile]>, inventory: Rc<InventoryReport>) {
        self.ended();
        self.history.files(&self.files, &files, &self.form);
        self.files = files;
        self.found(inventory);
    }

    /// Stores the inventory of the loaded files, and drops the results of an earlier one.
    fn found(&mut self, inventory: Rc<InventoryReport>) {
        self.forget_plan();
        if let Some(form) = self.history.form_that_comes_back() {
            self.form = form;
        }
        self.form.fit(&inventory, &self.files);
        if let Some(choices) = self.pending_choices.take_if(|_| !self.files.is_empty()) {
            self.form.adopt(choices.form.clone(), &self.files);
        }
        self.pki = pki::pki(&inventory).into();
        self.keys_loaded = memory::keys(&inventory);
        self.encryption.fit(&inventory);
        self.check = None;
        self.details = Details::default();
        if self.files.is_empty() {
            self.platform = None;
        }
        self.inventory = (!self.files.is_empty()).then_some(inventory);
        self.explained.fit(self.inventory.as_deref(), self.today);
    }

    fn unlock(&mut self, inventory: Rc<InventoryReport>, opened: bool) {
        self.encryption.given |= opened;
        self.found(inventory);
        self.ended_with(Notice::Unlocked { opened, left: self.encryption.files.len() });
        self.style_at(if self.encryption.needs_password() { "password" } else { self.heading(self.step) });
    }

    fn take_choices(&mut self, choices: &Rc<Choices>, idle: bool) {
        if idle {
            self.ended();
        }
        let applied = self.inventory.is_some();
        if applied {
            self.history.choices(&self.form);
            self.drop_results();
            self.form.adopt(choices.form.clone(), &self.files);
        } else {
            self.pending_choices = Some(Rc::clone(choices));
        }
        self.notice = Some(Notice::ChoicesLoaded { applied });
    }

    fn choose(&mut self, change: FormChange) {
        self.history.choice(&change, &self.form);
        self.drop_results();
        self.form.change(change);
    }

    /// Drops the results of the previous options, and allows planning again.
    fn drop_results(&mut self) {
        self.forget_package();
        (self.prediction, self.predicting) = (None, false);
        self.notice = None;
        self.halted = false;
    }

    fn choose_platform(&mut self, platform: Option<&'static str>) {
        // Before anything is loaded there is nothing to undo.
        if !self.files.is_empty() {
            self.history.platform(self.platform);
        }
        self.platform = platform;
    }

    fn refuse_form(&mut self, problems: Vec<FormProblem>) {
        self.forget_plan();
        self.asked = Some(Box::new(self.form.clone()));
        self.form_problems = problems;
    }

    fn show_problem(&mut self) {
        self.attempted = true;
        if let Some(problem) = self.form_problems.first() {
            let field = problem.field.clone();
            self.style_at(&field);
        }
    }

    fn explain_pasted(&mut self, message: Message) {
        self.explained.take(Some(message), self.inventory.as_deref(), self.today);
        self.ended_with(Notice::Explained(self.explained.explanations.len()));
        self.step = if self.inventory.is_some() { Step::Inspect } else { Step::Load };
        self.style_at("explain");
    }

    fn ask_for_plan(&mut self) {
        self.asked = Some(Box::new(self.form.clone()));
        self.planning = true;
        self.form_problems.clear();
        self.attempted = false;
    }

    fn take_plan(&mut self, outcome: Outcome) {
        // Planning ahead keeps the notice of another action.
        if self.job.is_some() {
            self.ended();
        }
        self.planning = false;
        self.outcome = Some(outcome);
    }

    fn take_prediction(&mut self, broken: Option<(Finding, Rc<Chart>)>) {
        self.predicting = false;
        self.prediction = broken.map(|(finding, chart)| {
            let acceptable = outage::is_acceptable(&chart);
            if acceptable {
                self.offer(outage::outages(&chart));
            }
            Rc::new(Prediction { finding, acceptable })
        });
    }

    fn count_key(&mut self) {
        if let Some(Job::Making { done, total }) = &mut self.job {
            *done = (*done + 1).min(*total);
        }
    }

    fn take_package(&mut self, package: Rc<PackageReport>, authorities: Rc<[CertificateReport]>, chart: Rc<Chart>) {
        self.authorities = authorities;
        self.ended();
        self.package = Some(package);
        self.show_chart(chart);
    }

    fn take_refusal(&mut self, findings: Rc<[Finding]>, chart: Rc<Chart>) {
        self.ended();
        self.not_built = findings;
        if outage::is_acceptable(&chart) {
            self.offer(outage::outages(&chart));
        }
        self.show_chart(chart);
        // Set last, as changing the step clears the notice.
        self.notice = Some(Notice::NotBuilt);
    }

    /// Shows a prediction, and moves from the step Plan to Review.
    fn show_chart(&mut self, chart: Rc<Chart>) {
        self.matrix_view = MatrixView::of(&chart);
        self.chart = Some(chart);
        if self.step == Step::Plan {
            self.go(Step::Review);
        }
    }

    fn move_in_picture(&mut self, change: MatrixViewChange) {
        let Some(chart) = self.chart.clone() else { return };
        if self.matrix_view.change(&chart, change) {
            let cell = self.matrix_view.focus(&chart);
            self.style_at(&cell);
        }
    }

    fn wipe(&mut self) {
        let (place, theme) = (self.place, self.theme);
        let (checks, focus) = (std::mem::take(&mut self.checks), std::mem::take(&mut self.focus));
        *self = Self { place, theme, checks, focus, notice: Some(Notice::Wiped), ..Self::default() };
        self.style_at("load");
    }

    /// Offers outages to be accepted. This does not request another plan.
    fn offer(&mut self, outages: Vec<Outage>) {
        if let Some(asked) = self.asked.as_deref_mut().filter(|asked| asked.outages == self.form.outages) {
            asked.outages.clone_from(&outages);
        }
        self.form.outages = outages;
    }

    fn ended_with(&mut self, notice: Notice) {
        self.ended();
        self.notice = Some(notice);
    }

    fn ended(&mut self) {
        self.job = None;
        self.left = None;
        self.notice = None;
    }

    /// Undoes the last change as far as the page alone can: the worker removes and restores files.
    fn undo(&mut self) {
        if let Some(form) = self.history.undo() {
            self.forget_package();
            (self.prediction, self.predicting) = (None, false);
            self.form = form;
        }
    }

    fn forget_plan(&mut self) {
        self.outcome = None;
        self.asked = None;
        self.planning = false;
        (self.prediction, self.predicting) = (None, false);
        self.form_problems.clear();
        self.attempted = false;
        self.forget_package();
    }
}
