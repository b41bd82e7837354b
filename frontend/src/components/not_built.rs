//! Why no package was built: what the rotation would break.

use std::rc::Rc;

use airlock_core::Finding;
use yew::prelude::*;

use super::{
    cards::Head,
    findings,
    matrix_view::{MatrixPart, TrustPart},
    outage::ConsentForm,
};
use crate::{
    state::{
        act::Act,
        chart::Chart,
        matrix_view::MatrixView,
        outage::{self, Consent},
    },
    words,
};

/// Properties of [`NotBuiltPart`].
#[derive(Properties, PartialEq)]
pub struct NotBuiltProps {
    /// What breaks, when, why, and what to change.
    pub findings: Rc<[Finding]>,
    /// The predicted trust matrix.
    pub chart: Option<Rc<Chart>>,
    /// Selection and focus in the matrix.
    pub matrix_view: MatrixView,
    /// Does the person accept the outages?
    pub consent: Consent,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The step Review of a refused package.
#[component]
pub fn NotBuiltPart(props: &NotBuiltProps) -> Html {
    let NotBuiltProps { findings: reasons, chart, matrix_view, consent, busy, act } = props;
    let outages = use_memo(chart.clone(), |chart| {
        chart.as_ref().filter(|chart| outage::is_acceptable(chart)).map(|chart| outage::outages(chart))
    });
    html! {
        <div class="contents" data-test="unmade">
            <Head id="unmade" title={words::UNMADE_TITLE}>{ words::UNMADE_HINT }</Head>
            { findings::card("unmade-findings", words::FINDINGS, reasons, None) }
            if let Some(chart) = chart.as_ref().filter(|chart| !chart.groups.is_empty()) {
                if let Some(outages) = &*outages {
                    <ConsentForm outages={outages.clone()} chart={chart.clone()} consent={*consent} {busy} {act} />
                }
                <MatrixPart {chart} matrix_view={matrix_view.clone()} {act} />
                <TrustPart {chart} matrix_view={matrix_view.clone()} {act} />
            }
        </div>
    }
}
