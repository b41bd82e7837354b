//! Unavoidable outages: what breaks, why and for how long, and whether they are accepted.

use std::rc::Rc;

use yew::prelude::*;

use super::{
    cards::Card,
    icon::{Icon, icon},
};
use crate::{
    ports::dom,
    state::{
        act::Act,
        chart::Chart,
        outage::{Consent, Outage},
    },
    words,
};

/// The outages: what breaks, when, why and for how long.
pub fn outages(outages: &[Outage], chart: Option<&Chart>) -> Html {
    let [when, cause, duration] = words::OUTAGE_TERMS;
    html! {
        <ul class="stackv">
            for outage in outages {
                <li key={outage.cause.clone()} class="note warn" data-test="outage">
                    { icon(Icon::Warning) }
                    <div>
                        <b>{ words::connection(words::peers(&outage.peers)) }{ ", " }{ words::count(outage.connections, "connection") }</b>
                        <dl class="kv">
                            if let Some(chart) = chart {
                                <dt>{ when }</dt><dd>{ words::outage_moments(chart, outage) }</dd>
                            }
                            <dt>{ cause }</dt><dd>{ words::sentence(&outage.cause) }</dd>
                            <dt>{ duration }</dt><dd>{ words::sentence(&outage.duration) }</dd>
                        </dl>
                    </div>
                </li>
            }
        </ul>
    }
}

/// Properties of [`ConsentForm`].
#[derive(Properties, PartialEq)]
pub struct ConsentProps {
    /// What breaks.
    pub outages: Vec<Outage>,
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// The state of the form.
    pub consent: Consent,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The outages, the checkbox that accepts them, and the button that builds the package.
#[component]
pub fn ConsentForm(props: &ConsentProps) -> Html {
    let ConsentProps { outages: found, chart, consent, busy, act } = props;
    let missing = *consent == Consent::Missing;
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Act::AcceptOutage
    });
    html! {
        <Card id="outage" title={words::OUTAGE_TITLE} lead={html! { words::OUTAGE_HINT }}>
            <form class="body" onsubmit={submit} novalidate=true data-test="consent">
                { outages(found, Some(chart)) }
                <fieldset disabled={*busy}>
                    if missing {
                        <p id="accept-outage-problem" class="problem" data-test="problem">{ words::OUTAGE_NOT_TICKED }</p>
                    }
                    <div class="opt">
                        <input id="accept-outage" type="checkbox" checked={*consent == Consent::Given} aria-invalid={missing.then_some("true")}
                            aria-describedby={missing.then_some("accept-outage-problem")} data-test="accept-outage"
                            onchange={act.reform(|event: Event| Act::TickOutage(dom::checked(&event)))} />
                        <label for="accept-outage">{ words::accept_outages(found) }</label>
                    </div>
                    <div class="row"><button type="submit" class="btn" data-test="make-with-outage">{ words::MAKE_WITH_OUTAGE }</button></div>
                </fieldset>
            </form>
        </Card>
    }
}

/// The accepted outages, and the button that withdraws the acceptance.
pub fn accepted(found: &[Outage], act: &Callback<Act>) -> Html {
    html! {
        <div data-test="accepted">
            <Card id="outage-accepted" title={words::OUTAGE_ACCEPTED}>
                <div class="body">
                    { outages(found, None) }
                    <div class="row"><button type="button" class="btn sm" onclick={act.reform(|_| Act::WithdrawOutage)} data-test="take-outage-back">{ words::WITHDRAW_OUTAGE }</button></div>
                </div>
            </Card>
        </div>
    }
}
