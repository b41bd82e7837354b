//! A package for a part of the rotation: what it covers, and how to continue.

use yew::prelude::*;

use super::{cards::Card, findings::findings};
use crate::{state::partial_plan::PartialPlan, words};

/// The part that it covers, and why.
pub fn ends(partial_plan: &PartialPlan) -> Html {
    html! {
        <Card id="reach" title={words::PARTIAL_PLAN} lead={html! { words::partial_plan(partial_plan) }}>{ findings(&partial_plan.findings, None) }</Card>
    }
}

/// The part that it covers, with the tasks after the download.
pub fn next(partial_plan: &PartialPlan) -> Html {
    html! {
        <Card id="what-next" title={words::NEXT} lead={html! { words::partial_plan(partial_plan) }}>
            <ol class="tasks">
                for step in words::partial_plan_steps(partial_plan) { <li key={step}>{ step }</li> }
            </ol>
        </Card>
    }
}
