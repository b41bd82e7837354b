//! The way through the five steps: where one is, what is done, what is missing.

use yew::prelude::*;

use crate::{
    state::{State, step::Step},
    words,
};

/// Properties of [`Way`].
#[derive(Properties, PartialEq)]
pub struct WayProps {
    /// The page's state.
    pub state: State,
}

/// The steps in order. Links go to those that can be gone to; beside the others stands what is missing.
#[component]
pub fn Way(props: &WayProps) -> Html {
    let state = &props.state;
    html! {
        <nav class="way" aria-label={words::WAY} data-test="way">
            <ol>
                for (number, step) in (1..).zip(Step::ALL) {
                    <li key={step.id()} class={classes!((state.step == step).then_some("here"))} data-test={format!("step-{}", step.id())}>
                        if state.missing(step).is_empty() {
                            <a id={link(step)} href={format!("#{}", step.id())} aria-current={(state.step == step).then_some("step")}>{ name(number, step) }</a>
                        } else {
                            <span>{ name(number, step) }</span>
                        }
                        <span class="hint">{ words::progress(state, step) }</span>
                    </li>
                }
            </ol>
        </nav>
    }
}

/// The id of the link to a step.
pub fn link(step: Step) -> String {
    format!("go-{}", step.id())
}

fn name(number: u8, step: Step) -> Html {
    html! { <><span class="number" aria-hidden="true">{ number }</span>{ words::step(step) }</> }
}

/// The way on, at the end of a step.
pub fn onwards(to: Step) -> Html {
    html! {
        <p class="onwards"><a class="button" href={format!("#{}", to.id())} data-test="onwards">{ words::onwards(to) }</a></p>
    }
}
