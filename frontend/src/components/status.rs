//! What is under way, what went well, what went wrong.

use yew::prelude::*;

use crate::{
    app::Act,
    state::{Job, State},
    words,
};

/// Properties of [`Status`].
#[derive(Properties, PartialEq)]
pub struct StatusProps {
    /// The page's state.
    pub state: State,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The page's one live region, and the alert. Both are always there: a region that comes with its text is not read out.
#[component]
pub fn Status(props: &StatusProps) -> Html {
    let StatusProps { state, act } = props;
    let status = match state.job {
        // Counted by the progress bar; read out once.
        Some(Job::Making { total, .. }) => words::making(total),
        Some(job) => words::job(job),
        None => state.notice.clone(),
    };
    html! {
        <div class="bar">
            <div class="alert" role="alert" data-test="alert">
                if let Some(sentence) = &state.alert {
                    <p>{ sentence }</p>
                    <button type="button" onclick={act.reform(|_| Act::DismissAlert)} data-test="dismiss">{ "Dismiss" }</button>
                }
            </div>
            <p class={classes!("status", state.is_refused().then_some("refused"))} role="status" data-test="status">{ status }</p>
            if let Some(change) = state.undoable() {
                <button type="button" class="undo" onclick={act.reform(|_| Act::Undo)} data-test="undo">{ words::undo(change) }</button>
            }
        </div>
    }
}
