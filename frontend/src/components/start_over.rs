//! A rotation in progress: continue with its new CA, or discard that CA.

use yew::prelude::*;

use super::fields::{Problems, described_by, invalid, problem, property, radio_option};
use crate::{
    ports::dom,
    state::form::{FormChange, PlanForm},
    words::{self, hints},
};

/// The two choices, and the confirmation for the second one.
pub fn start_over(form: &PlanForm, problems: &Problems, change: &Callback<FormChange>) -> Html {
    let value = if form.start_over { words::START_OVER_CHOICE } else { words::GO_ON };
    property(words::START_OVER, value, true, content(form, problems, change))
}

fn content(form: &PlanForm, problems: &Problems, change: &Callback<FormChange>) -> Html {
    let confirm = "confirm-start-over";
    html! {
        <div class="stackv" role="radiogroup" aria-label={words::START_OVER} data-test="start-over-choice">
            { one("go-on", !form.start_over, (words::GO_ON, hints::GO_ON), change.reform(|_: Event| FormChange::StartOver(false))) }
            { one("start-over", form.start_over, (words::START_OVER_CHOICE, hints::START_OVER), change.reform(|_: Event| FormChange::StartOver(true))) }
            if form.start_over {
                <div class="note warn">
                    <div>
                        <p class="small">{ words::START_OVER_HINT }</p>
                        { problem(problems, confirm) }
                        <div class="opt">
                            <input id={confirm} type="checkbox" checked={form.confirmed} data-test={confirm}
                                aria-invalid={invalid(problems, confirm)} aria-describedby={described_by(problems, confirm)}
                                onchange={change.reform(|event: Event| FormChange::Confirmed(dom::checked(&event)))} />
                            <label for={confirm}>{ words::confirm_start_over(&form.under_way) }</label>
                        </div>
                    </div>
                </div>
            }
        </div>
    }
}

fn one(id: &str, checked: bool, (label, why): (&str, &'static str), chosen: Callback<Event>) -> Html {
    radio_option(id, "start-over".to_owned(), checked, label, why, chosen)
}
