//! The action bar, always visible: the state on the left, the next action on the right.

use yew::prelude::*;

use super::{
    elements,
    icon::{Icon, icon},
};
use crate::{
    state::{Job, State, act::Act, step::Step},
    words,
};

/// Properties of [`ActionBar`] and [`Alert`].
#[derive(Properties, PartialEq)]
pub struct ActionBarProps {
    /// The page's state.
    pub state: State,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The alert below the app bar. Always in the document: screen readers ignore a region that is added with its text.
#[component]
pub fn Alert(props: &ActionBarProps) -> Html {
    html! {
        <div class="alert" role="alert" data-test="alert">
            if let Some(alert) = &props.state.alert {
                <div class="note err">
                    { icon(Icon::Error) }
                    <p>{ words::alert(alert) }</p>
                    <button type="button" class="btn sm" onclick={props.act.reform(|_| Act::DismissAlert)} data-test="dismiss">{ words::DISMISS }</button>
                </div>
            }
        </div>
    }
}

/// The page's only live region, undo, back, and the primary action.
#[component]
pub fn ActionBar(props: &ActionBarProps) -> Html {
    let ActionBarProps { state, act } = props;
    let status = words::status(state);
    let building = matches!(state.job, Some(Job::Making { .. }));
    let busy = state.job.is_some() || state.planning;
    let matrix_view = if busy { Icon::Loop } else { elements::mark(status.role) };
    html! {
        <footer class="actions">
            <p class={classes!("status", elements::class(status.role), busy.then_some("pulse"), state.is_refused().then_some("refused"))} role="status" data-test="status">
                { icon(matrix_view) }
                <span>{ status.state }if !status.detail.is_empty() { { " " }<span>{ status.detail }</span> }</span>
            </p>
            if let Some(Job::Making { done, total }) = state.job {
                { progress(done, total, state.left, act) }
            } else if let Some(change) = state.undo_offered() {
                <button type="button" class="btn" onclick={act.reform(|_| Act::Undo)} data-test="undo">{ icon(Icon::Undo) }{ words::undo(change) }</button>
            }
            if let Some(before) = before(state.step).filter(|_| !building) {
                <a class="btn" href={format!("#{}", before.id())} data-test="back">{ icon(Icon::Back) }{ words::BACK }</a>
            }
            { primary(state, act) }
        </footer>
    }
}

fn progress(done: usize, total: usize, left: Option<u32>, act: &Callback<Act>) -> Html {
    html! {
        <>
            <div class="building">
                <div class="row between small"><label for="progress" class="num">{ words::job(Job::Making { done, total }) }</label><span class="num quiet" data-test="left">{ left.map(words::time_left).unwrap_or_default() }</span></div>
                <progress id="progress" max={total.max(1).to_string()} value={done.to_string()} data-test="progress" />
            </div>
            <button type="button" class="btn" onclick={act.reform(|_| Act::Cancel)} data-test="cancel">{ words::CANCEL }</button>
        </>
    }
}

fn before(step: Step) -> Option<Step> {
    Step::ALL.into_iter().rev().find(|other| *other < step)
}

fn primary(state: &State, act: &Callback<Act>) -> Html {
    match state.step {
        Step::Load => onwards(state, Step::Inspect),
        Step::Inspect => onwards(state, Step::Plan),
        Step::Plan if state.package.is_some() => html! {
            <>
                { build(state, act, words::BUILD_AGAIN, false) }
                { onwards(state, Step::Review) }
            </>
        },
        Step::Plan => build(state, act, words::BUILD, true),
        Step::Review => onwards(state, Step::Download),
        Step::Download => html! {
            if let Some(package) = &state.package {
                <button type="button" class="btn primary" disabled={state.job.is_some()} onclick={act.reform(|_| Act::Download)} data-test="download-zip">
                    { icon(Icon::Down) }{ words::download(&package.name) }
                </button>
            }
        },
    }
}

/// The link to the next step; a disabled button while that step is not available.
fn onwards(state: &State, to: Step) -> Html {
    let label = words::onwards(to);
    if state.missing(to).is_none() && state.job.is_none() {
        html! { <a class="btn primary" href={format!("#{}", to.id())} data-test="onwards">{ label }{ icon(Icon::Arrow) }</a> }
    } else {
        html! { <button type="button" class="btn primary" aria-disabled="true" data-test="onwards-blocked">{ label }{ icon(Icon::Arrow) }</button> }
    }
}

/// The button that builds the package. With invalid options, it moves the focus to the first of them.
fn build(state: &State, act: &Callback<Act>, label: &'static str, primary: bool) -> Html {
    let problems = !state.form_problems.is_empty();
    let blocked = !problems && (state.plan().is_none() || !state.is_planned() || state.job.is_some());
    let pressed = match (problems, blocked) {
        (true, _) => act.reform(|_: MouseEvent| Act::ShowProblem),
        (false, true) => Callback::noop(),
        (false, false) => act.reform(|_| Act::Make),
    };
    html! {
        <button id="build" type="button" class={classes!("btn", primary.then_some("primary"))} aria-disabled={blocked.then_some("true")} onclick={pressed} data-test="make">
            { label }{ icon(Icon::Arrow) }
        </button>
    }
}
