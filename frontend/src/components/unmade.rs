//! Why no package was made: what the rotation would break, and the picture of it.

use std::rc::Rc;

use airlock_core::Finding;
use yew::prelude::*;

use super::{
    findings::findings,
    outage::ConsentForm,
    part::Part,
    picture::{MatrixPart, TrustPart},
};
use crate::{
    app::Act,
    state::{
        chart::Chart,
        outage::{self, Consent},
        picture::Picture,
    },
    words,
};

/// Properties of [`UnmadePart`].
#[derive(Properties, PartialEq)]
pub struct UnmadeProps {
    /// Who breaks, when, why, and what to change.
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
        <Part id="unmade" title="No package was made">
            <p>{ words::UNMADE_HINT }</p>
            { findings(reasons) }
            if let Some(chart) = chart.as_ref().filter(|chart| !chart.groups.is_empty()) {
                if outage::is_acceptable(chart) {
                    <ConsentForm outages={outage::outages(chart)} chart={chart.clone()} consent={*consent} {busy} {act} />
                }
                <MatrixPart {chart} picture={picture.clone()} {act} />
                <TrustPart {chart} picture={picture.clone()} {act} />
            }
        </Part>
    }
}
