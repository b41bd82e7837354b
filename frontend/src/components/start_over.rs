//! A rotation that is under way: going on with it, or, in so many words, giving its new CA up.

use yew::prelude::*;

use super::plan_form::{described_by, invalid, problem, way};
use crate::{
    ports::dom,
    state::form::{FormChange, FormProblem, PlanForm},
    words::{self, hints},
};

/// The two ways, and the confirmation that the second one takes.
pub fn start_over(form: &PlanForm, problems: &[FormProblem], change: &Callback<FormChange>) -> Html {
    let confirm = "confirm-start-over";
    html! {
        <fieldset data-test="start-over-choice">
            <legend>{ words::START_OVER }</legend>
            { one("go-on", !form.start_over, (words::GO_ON, hints::GO_ON), change.reform(|_: Event| FormChange::StartOver(false))) }
            { one("start-over", form.start_over, (words::START_OVER_CHOICE, hints::START_OVER), change.reform(|_: Event| FormChange::StartOver(true))) }
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

fn one(id: &str, checked: bool, (label, why): (&str, &'static str), chosen: Callback<Event>) -> Html {
    way(id, "start-over".to_owned(), checked, label, why, chosen)
}
