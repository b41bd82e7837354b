//! How far a package goes that is only a part of the rotation, and how to continue.

use yew::prelude::*;

use super::{cards::Card, findings::findings};
use crate::{state::partial_plan::PartialPlan, words};

/// How far it goes, and why no further.
pub fn ends(partial_plan: &PartialPlan) -> Html {
    html! {
        <Card id="reach" title={words::PARTIAL_PLAN} lead={html! { words::partial_plan(partial_plan) }}>{ findings(&partial_plan.findings, None) }</Card>
    }
}

/// The same, with what to do when it is downloaded.
pub fn next(partial_plan: &PartialPlan) -> Html {
    html! {
        <Card id="what-next" title={words::NEXT} lead={html! { words::partial_plan(partial_plan) }}>
            <ol class="tasks">
                for step in words::partial_plan_steps(partial_plan) { <li key={step}>{ step }</li> }
            </ol>
        </Card>
    }
}
