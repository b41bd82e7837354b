//! The page: connects the state, the workers and the components.

use std::rc::Rc;

use airlock_core::profile::AuthorityId;
use yew::{prelude::*, set_custom_panic_hook};

use crate::{
    components::{
        actions::{ActionBar, Alert},
        bar::{self, AppBar, link},
        cards::Printing,
        check::CheckPart,
        download::DownloadPart,
        explain::ExplainPart,
        fields::Problems,
        inventory::InspectPart,
        keys_help::keys_help,
        load::LoadPart,
        not_built::NotBuiltPart,
        password::PasswordPart,
        plan::PlanPart,
        review::ReviewPart,
        trust_panel::TrustPanel,
    },
    ports::{
        self,
        files::{Pasted, PickedFile},
        password::Typed,
    },
    state::{
        Action, Details, State,
        act::Act,
        form::{AuthorityChange, BroughtPart, FormChange, PlanForm},
        outage::Consent,
        platform::{PhaseNames, phase_names},
        session,
        step::Step,
        undo::Change,
    },
    words,
    worker::pool::Pool,
};

/// The downloadable script that collects files.
const COLLECT: &str = include_str!("../collect.sh");

/// Mounts the page, and shows a sentence instead if it panics.
pub fn start() {
    set_custom_panic_hook(Box::new(|info| {
        let location = info.location().map_or_else(String::new, ToString::to_string);
        ports::dom::replace_page(&words::page_died(&location));
    }));
    ports::dom::mount::<App>();
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::unwrap_or_clone(self).after(action).into()
    }
}

/// The page.
#[component]
fn App() -> Html {
    let state = use_reducer_eq(State::default);
    let pool = {
        let dispatcher = state.dispatcher();
        use_memo((), |()| Pool::start(move |action| dispatcher.dispatch(action)))
    };
    let load = {
        let pool = Rc::clone(&pool);
        use_callback((), move |files: Vec<PickedFile>, ()| drop(pool.load(files)))
    };
    // Not an `Act`, which can be printed: a password must not be.
    let unlock = {
        let pool = Rc::clone(&pool);
        use_callback((), move |typed: Typed, ()| pool.unlock(typed))
    };
    // Created once, so that only components whose properties changed are drawn again. The handle always
    // refers to the newest state.
    let act = {
        let (pool, state) = (Rc::clone(&pool), state.clone());
        use_callback((), move |act: Act, ()| perform(&pool, &state, act))
    };
    {
        let state = state.clone();
        use_effect_with((), move |()| ports::address::listen(move || follow_the_address(&state)));
    }
    {
        let state = state.clone();
        use_effect_with((), move |()| watch_the_policy(&state));
    }
    {
        let state = state.clone();
        use_effect_with((), move |()| watch_for_sleep(&state));
    }
    {
        let (pool, act) = (Rc::clone(&pool), act.clone());
        use_effect_with((), move |()| listen_everywhere(&pool, &act));
    }
    {
        let (pool, handle) = (Rc::clone(&pool), state.clone());
        use_effect_with(state.plan_wanted().cloned(), move |wanted| {
            if let Some(form) = wanted {
                plan_ahead(&pool, &handle, form);
            }
        });
    }
    use_effect_with(state.theme, |theme| ports::dom::set_theme(theme.id()));
    let printing = use_state_eq(|| false);
    {
        let printing = printing.clone();
        use_effect_with((), move |()| ports::global_input::while_printing(move |on| printing.set(on)));
    }
    use_effect_with(state.has_unsaved_keys(), |unsaved| {
        let question = unsaved.then(ports::leave_warning::Question::pose);
        move || drop(question)
    });
    use_effect_with(state.step, |step| name_the_step(*step));
    use_effect_with(words::title(&state), |title| ports::address::set_title(title));
    // After the step is shown: only visible headings take the focus.
    use_effect_with(state.focus.clone(), |focus| ports::dom::focus(&focus.id));

    html! {
        <ContextProvider<Callback<Act>> context={act.clone()}>
        <ContextProvider<Printing> context={Printing(*printing)}>
        <ContextProvider<Details> context={state.details.clone()}>
        <ContextProvider<PhaseNames> context={phase_names(state.inventory.as_deref())}>
        <div class={classes!("app", state.package.is_some().then_some("made"))} data-test="page" data-busy={state.is_busy().to_string()} data-place={words::place_id(state.place)} ondragover={|event: DragEvent| ports::dom::allow_drop(&event)} ondrop={drop_into(&pool)}>
            <button type="button" class="skip btn" onclick={act.reform(|_| Act::Skip)}>{ words::SKIP }</button>
            <AppBar state={(*state).clone()} act={&act} />
            { bar::sample_bar(state.sample(), &act) }
            <Alert state={(*state).clone()} act={&act} />
            <main id="main" tabindex="-1">
                if state.asks_for_password() {
                    <div class="page"><PasswordPart encryption={state.encryption.clone()} busy={state.job.is_some()} {unlock} /></div>
                }
                { for Step::ALL.map(|step| html! {
                <div key={step.id()} class={classes!("page", (step == Step::Review).then_some("wide"))} data-step={step.id()} hidden={step != state.step}>{ content(&state, step, &load, &act) }</div>
                }) }
                <div class="about stackv">
                    if !words::place(state.place).is_empty() { <p class="small" data-test="place">{ words::place(state.place) }</p> }
                    <TrustPanel checks={state.checks.clone()} memory={state.memory()} act={&act} />
                    { keys_help() }
                </div>
            </main>
            <ActionBar state={(*state).clone()} act={&act} />
        </div>
        </ContextProvider<PhaseNames>>
        </ContextProvider<Details>>
        </ContextProvider<Printing>>
        </ContextProvider<Callback<Act>>>
    }
}

/// The content of a step. It stays mounted while another step is shown, so that nothing opened or typed is lost.
fn content(state: &State, step: Step, load: &Callback<Vec<PickedFile>>, act: &Callback<Act>) -> Html {
    let busy = state.job.is_some();
    match (step, &state.inventory, &state.package, &state.chart) {
        (Step::Load, inventory, ..) => html! {
            <LoadPart files={state.files.clone()} inventory={inventory.clone()} chosen={state.platform.is_some()} checks={state.checks.clone()} {busy} {load} {act}>
                if inventory.is_none() { <ExplainPart explained={state.explained.clone()} {act} /> }
            </LoadPart>
        },
        (Step::Inspect, Some(inventory), ..) => html! {
            <InspectPart inventory={inventory.clone()} pki={state.pki.clone()} today={state.today} platform={state.platform} {busy} {act}>
                <ExplainPart explained={state.explained.clone()} {act} />
                <CheckPart inventory={inventory.clone()} check={state.check.clone()} {act} />
            </InspectPart>
        },
        (Step::Plan, Some(inventory), ..) => html! {
            <PlanPart inventory={inventory.clone()} form={state.form.clone()} problems={problems(state)} files={state.files.clone()} outcome={state.outcome.clone()}
                halted={state.halted} pki={state.pki.clone()} today={state.today} forbidden={state.forbidden().cloned()} accepted={state.accepted()} {busy} {act} />
        },
        (Step::Review, _, Some(package), Some(chart)) => html! {
            <ReviewPart package={package.clone()} plan={state.plan().cloned()} inventory={state.inventory.clone()} authorities={state.authorities.clone()} chart={chart.clone()} matrix_view={state.matrix_view.clone()} preview={state.preview.clone()} beside={state.beside} contexts={state.contexts.clone()} {busy} {act} />
        },
        (Step::Review, _, None, chart) if !state.not_built.is_empty() => html! {
            <NotBuiltPart findings={state.not_built.clone()} chart={chart.clone()} matrix_view={state.matrix_view.clone()} consent={state.consent} {busy} {act} />
        },
        (Step::Download, _, Some(package), _) => html! {
            <DownloadPart package={package.clone()} plan={state.plan().cloned()} download={state.download.clone()} />
        },
        _ => Html::default(),
    }
}

fn problems(state: &State) -> Problems {
    Problems { all: state.form_problems.clone().into(), attempted: state.attempted }
}

/// Requests a plan of the current options, or records why they are invalid.
fn plan_ahead(pool: &Rc<Pool>, state: &UseReducerHandle<State>, form: &PlanForm) {
    match form.request() {
        Ok(request) => {
            state.dispatch(Action::PlanAsked);
            pool.plan_ahead(request);
        }
        Err(problems) => {
            pool.forget_plan();
            state.dispatch(Action::FormRefused(problems));
        }
    }
}

/// Reports the page's checksum and policy, and counts the requests that the policy blocks.
fn watch_the_policy(state: &UseReducerHandle<State>) {
    let dispatcher = state.dispatcher();
    ports::policy::listen(move || dispatcher.dispatch(Action::Blocked));
    state.dispatch(Action::Built { build: ports::policy::build(), policy: ports::policy::text() });
}

/// Reports that the browser suspended or discarded the page.
fn watch_for_sleep(state: &UseReducerHandle<State>) {
    let dispatcher = state.dispatcher();
    ports::sleep::listen(move || dispatcher.dispatch(Action::Resumed));
    if ports::sleep::was_page_discarded() {
        state.dispatch(Action::Discarded);
    }
}

/// Shows the step that the address names if it is available; otherwise resets the address to the current step.
fn follow_the_address(state: &UseReducerHandle<State>) {
    if let Some(step) = Step::from_id(&ports::address::fragment()) {
        state.dispatch(Action::Went(step));
    }
    name_the_step(state.step);
}

/// Sets the address to a step.
fn name_the_step(step: Step) {
    if Step::from_id(&ports::address::fragment()) != Some(step) {
        ports::address::follow(&link(step));
    }
}

/// Carries out what the person does.
fn perform(pool: &Rc<Pool>, state: &UseReducerHandle<State>, act: Act) {
    match act {
        Act::AcceptOutage => accept_outage(pool, state),
        Act::Bring(id, part, files) => bring(pool, state, id, part, files),
        Act::Cancel => pool.cancel(),
        Act::Check(phase) => pool.check(phase),
        Act::ClosePreview => state.dispatch(Action::PreviewClosed),
        Act::Beside(beside) => state.dispatch(Action::PreviewBeside(beside)),
        Act::Details(fingerprint) => pool.details(fingerprint),
        Act::AskContext(target) => state.dispatch(Action::ContextAskedAgain(target)),
        Act::Context(target, name) => state.dispatch(Action::ContextTyped(target, name)),
        Act::Copy(path, target) => pool.copy(path, target, state.contexts.of(target).name.clone()),
        Act::CopyText(text) => pool.copy_text(&text),
        Act::DismissAlert => {
            state.dispatch(Action::AlertDismissed);
            ports::dom::focus("top");
        }
        Act::Download => pool.download(),
        Act::Explain(message) => state.dispatch(Action::Explained(message)),
        Act::ExplainPasted(message) => state.dispatch(Action::MessagePasted(message)),
        Act::Form(change) => state.dispatch(Action::Form(change)),
        Act::Make => {
            if let Some(plan) = state.plan() {
                let algorithms: Vec<_> = plan.keys.iter().map(|key| key.algorithm).collect();
                pool.make(&algorithms, state.form.accept_outage);
            }
        }
        Act::MatrixView(change) => state.dispatch(Action::MatrixView(change)),
        Act::Platform(platform) => pool.choose_platform(platform),
        Act::Plan => state.dispatch(Action::PlanRetried),
        Act::Preview(path) => pool.preview(path),
        Act::Remove(id) => {
            pool.remove(Some(&[id]));
            ports::dom::focus("load");
        }
        Act::SaveChoices => pool.download_text(&session::file_name(), &state.choices().to_json()),
        Act::Script => pool.download_text(words::SCRIPT_NAME, COLLECT),
        Act::ShowProblem => state.dispatch(Action::ProblemShown),
        Act::Skip => ports::dom::focus("main"),
        Act::Theme(theme) => state.dispatch(Action::ThemeChosen(theme)),
        Act::RemoveAll => {
            pool.remove(None);
            ports::dom::focus("load");
        }
        Act::Sample(id) => pool.sample(id),
        Act::WithdrawOutage => {
            state.dispatch(Action::Form(FormChange::AcceptOutage(false)));
            ports::dom::focus("plan-form");
        }
        Act::TickOutage(ticked) => state.dispatch(Action::OutageTicked(ticked)),
        Act::Undo => undo(pool, state),
        Act::Wipe => pool.wipe(),
    }
}

/// Undoes the last change, if possible.
fn undo(pool: &Rc<Pool>, state: &UseReducerHandle<State>) {
    let Some(change) = state.undoable().cloned() else { return };
    state.dispatch(Action::Undo);
    match change {
        Change::Added(files) => pool.remove(Some(&files)),
        Change::Chosen(..) => {}
        Change::Platform(platform) => pool.choose_platform(platform),
        Change::Removed(files, _) => pool.bring_back(&files),
    }
}

/// Listens on the whole page for pasted files, pasted messages and undo.
fn listen_everywhere(pool: &Rc<Pool>, act: &Callback<Act>) {
    let (pool, act) = (Rc::clone(pool), act.clone());
    let undo = act.reform(|()| Act::Undo);
    ports::global_input::listen(
        move || undo.emit(()),
        move |pasted| match pasted {
            Pasted::Files(files) => drop(pool.load(files)),
            Pasted::Message(message) => act.emit(Act::ExplainPasted(message)),
        },
    );
}

/// Plans again with the outages accepted, and builds the package.
fn accept_outage(pool: &Rc<Pool>, state: &UseReducerHandle<State>) {
    if state.consent != Consent::Given {
        state.dispatch(Action::OutageNotTicked);
        return;
    }
    let mut form = state.form.clone();
    form.change(FormChange::AcceptOutage(true));
    state.dispatch(Action::Form(FormChange::AcceptOutage(true)));
    match form.request() {
        Ok(request) => pool.plan_and_make(request),
        Err(problems) => state.dispatch(Action::FormRefused(problems)),
    }
}

/// Loads a file of an imported CA, and removes the file that was picked before.
fn bring(pool: &Rc<Pool>, state: &UseReducerHandle<State>, id: AuthorityId, part: BroughtPart, files: Vec<PickedFile>) {
    let Some(form) = state.form.authorities.iter().find(|form| form.id == id) else { return };
    let picked = |file: PickedFile| PickedFile { path: words::brought_path(&form.title, part, &file.path), ..file };
    let Some(path) = pool.load(files.into_iter().take(1).map(picked).collect()).pop() else { return };
    let before = form.brought_path(part);
    if before.starts_with(&words::brought_path(&form.title, part, ""))
        && let Some(file) = state.files.iter().find(|file| file.path == before)
    {
        pool.remove(Some(&[file.id]));
    }
    let change = AuthorityChange::BroughtPath(part, path);
    state.dispatch(Action::Form(FormChange::Authority(id, change)));
}

/// Loads files that are dropped anywhere on the page.
fn drop_into(pool: &Rc<Pool>) -> Callback<DragEvent> {
    let pool = Rc::clone(pool);
    Callback::from(move |event: DragEvent| pool.load_when_found(ports::drops::dropped(&event)))
}
