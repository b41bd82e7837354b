//! Make: keys, certificates and the package.

use std::rc::Rc;

use airlock_core::report::PlanReport;
use yew::prelude::*;

use super::part::Part;
use crate::{app::Act, state::Job, words};

/// Properties of [`MakingPart`].
#[derive(Properties, PartialEq)]
pub struct MakingProps {
    /// The plan.
    pub plan: Rc<PlanReport>,
    /// What is under way.
    pub job: Option<Job>,
    /// How long it still takes, once that can be told. Seconds.
    pub left: Option<u32>,
    /// Is the package there already?
    pub made: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The button that starts, the bar that counts keys, the button that stops.
#[component]
pub fn MakingPart(props: &MakingProps) -> Html {
    let MakingProps { plan, job, left, made, act } = props;
    html! {
        <Part id="making" title="Make">
            if let Some(making @ Job::Making { done, total }) = job {
                <p>
                    <label for="progress">{ words::job(*making) }</label>
                    <progress id="progress" max={total.max(&1).to_string()} value={done.to_string()} data-test="progress" />
                    <span class="left" data-test="left">{ left.map(words::time_left).unwrap_or_default() }</span>
                    <button type="button" onclick={act.reform(|_| Act::Cancel)} data-test="cancel">{ "Cancel" }</button>
                </p>
            } else {
                <p>{ words::before_making(plan) }</p>
                <button type="button" class="main" disabled={job.is_some()} onclick={act.reform(|_| Act::Make)} data-test="make">
                    { if *made { "Make the package anew" } else { "Make the package" } }
                </button>
            }
        </Part>
    }
}
