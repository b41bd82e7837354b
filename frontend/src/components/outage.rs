//! Outages that cannot be helped: what breaks, why and for how long, and the question whether they are accepted.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    app::Act,
    ports::dom,
    state::{
        chart::Chart,
        outage::{Consent, Outage},
    },
    words,
};

/// What breaks, and when, why and for how long.
pub fn outages(outages: &[Outage], chart: Option<&Chart>) -> Html {
    html! {
        <ul class="findings">
            for outage in outages {
                <li key={outage.cause.clone()} class="warning" data-test="outage">
                    <p><strong>{ words::connection(&outage.client, &outage.server) }</strong>{ ", " }{ words::count(outage.connections, "connection") }</p>
                    <dl>
                        if let Some(chart) = chart {
                            <dt>{ "When" }</dt><dd>{ words::outage_moments(chart, outage) }</dd>
                        }
                        <dt>{ "Cause" }</dt><dd>{ &outage.cause }</dd>
                        <dt>{ "How long" }</dt><dd>{ &outage.duration }</dd>
                    </dl>
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
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// The answer so far.
    pub consent: Consent,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The outages, the box that accepts them, and the button that makes the package then.
#[component]
pub fn ConsentForm(props: &ConsentProps) -> Html {
    let ConsentProps { outages: found, chart, consent, busy, act } = props;
    let missing = *consent == Consent::Missing;
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Act::AcceptOutage
    });
    html! {
        <form onsubmit={submit} novalidate=true data-test="consent">
            <h3>{ words::OUTAGE_TITLE }</h3>
            <p>{ words::OUTAGE_HINT }</p>
            { outages(found, Some(chart)) }
            <fieldset class="bare" disabled={*busy}>
                if missing {
                    <p id="accept-outage-problem" class="problem" data-test="problem">{ words::OUTAGE_NOT_TICKED }</p>
                }
                <p class="choice">
                    <input id="accept-outage" type="checkbox" checked={*consent == Consent::Given} aria-invalid={missing.then_some("true")}
                        aria-describedby={missing.then_some("accept-outage-problem")} data-test="accept-outage"
                        onchange={act.reform(|event: Event| Act::TickOutage(dom::checked(&event)))} />
                    <label for="accept-outage">{ words::accept_outages(found) }</label>
                </p>
                <button type="submit" class="main" data-test="make-with-outage">{ words::MAKE_WITH_OUTAGE }</button>
            </fieldset>
        </form>
    }
}

/// What was accepted, with the way back.
pub fn accepted(found: &[Outage], act: &Callback<Act>) -> Html {
    html! {
        <div data-test="accepted">
            <p><strong>{ words::OUTAGE_ACCEPTED }</strong></p>
            { outages(found, None) }
            <button type="button" onclick={act.reform(|_| Act::TakeOutageBack)} data-test="take-outage-back">{ words::TAKE_OUTAGE_BACK }</button>
        </div>
    }
}
