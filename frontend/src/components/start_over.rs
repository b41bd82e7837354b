//! A rotation that is under way: going on with it, or, in so many words, giving its new CA up.

use yew::prelude::*;

use super::plan_form::{described_by, invalid, problem};
use crate::{
    ports::dom,
    state::form::{FormChange, FormProblem, PlanForm},
    words,
};

/// The two ways, and the confirmation that the second one takes.
pub fn start_over(form: &PlanForm, problems: &[FormProblem], change: &Callback<FormChange>) -> Html {
    let confirm = "confirm-start-over";
    html! {
        <fieldset data-test="start-over-choice">
            <legend>{ words::START_OVER }</legend>
            { way("go-on", words::GO_ON, !form.start_over, change.reform(|_: Event| FormChange::StartOver(false))) }
            { way("start-over", words::START_OVER_CHOICE, form.start_over, change.reform(|_: Event| FormChange::StartOver(true))) }
            if form.start_over {
                <div class="warned">
                    <p>{ words::START_OVER_HINT }</p>
                    { problem(problems, confirm) }
                    <p class="choice">
                        <input id={confirm} type="checkbox" checked={form.confirmed} data-test={confirm}
                            aria-invalid={invalid(problems, confirm)} aria-describedby={described_by(problems, confirm)}
                            onchange={change.reform(|event: Event| FormChange::Confirmed(dom::checked(&event)))} />
                        <label for={confirm}>{ words::confirm_start_over(&form.under_way) }</label>
                    </p>
                </div>
            }
        </fieldset>
    }
}

fn way(id: &'static str, label: &str, checked: bool, onchange: Callback<Event>) -> Html {
    html! {
        <p>
            <input {id} type="radio" name="start-over" {checked} {onchange} data-test={id} />
            <label for={id}>{ label }</label>
        </p>
    }
}
