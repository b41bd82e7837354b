//! Why no package was built: what the rotation would break.

use std::rc::Rc;

use airlock_core::Finding;
use yew::prelude::*;

use super::{
    findings,
    outage::ConsentForm,
    part::Head,
    picture::{MatrixPart, TrustPart},
};
use crate::{
    state::{
        act::Act,
        chart::Chart,
        outage::{self, Consent},
        picture::Picture,
    },
    words,
};

/// Properties of [`UnmadePart`].
#[derive(Properties, PartialEq)]
pub struct UnmadeProps {
    /// What breaks, when, why, and what to change.
    pub findings: Rc<[Finding]>,
    /// What was predicted.
    pub chart: Option<Rc<Chart>>,
    /// Where the person is in it.
    pub picture: Picture,
    /// Does the person accept what breaks, where that can be accepted?
    pub consent: Consent,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// In the place of the review.
#[component]
pub fn UnmadePart(props: &UnmadeProps) -> Html {
    let UnmadeProps { findings: reasons, chart, picture, consent, busy, act } = props;
    html! {
        <div class="contents" data-test="unmade">
            <Head id="unmade" title={words::UNMADE_TITLE}>{ words::UNMADE_HINT }</Head>
            { findings::card("unmade-findings", words::FINDINGS, reasons, None) }
            if let Some(chart) = chart.as_ref().filter(|chart| !chart.groups.is_empty()) {
                if outage::is_acceptable(chart) {
                    <ConsentForm outages={outage::outages(chart)} chart={chart.clone()} consent={*consent} {busy} {act} />
                }
                <MatrixPart {chart} picture={picture.clone()} {act} />
                <TrustPart {chart} picture={picture.clone()} {act} />
            }
        </div>
    }
}
