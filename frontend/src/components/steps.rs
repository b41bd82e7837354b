//! The plan: what will be done, before anything is made.

use std::rc::Rc;

use airlock_core::report::{EditReport, PlanReport, StepReport};
use yew::prelude::*;

use super::{findings::findings, gradual, lifetimes::lifetimes, outage, part::Part, platform::use_tongue};
use crate::{
    app::Act,
    state::{Outcome, lifetimes::Lifetimes, outage::Outage},
    words,
};

/// Properties of [`StepsPart`].
#[derive(Properties, PartialEq)]
pub struct StepsProps {
    /// What came of the choices.
    pub outcome: Outcome,
    /// How long everything lives, old and new.
    pub lifetimes: Option<Lifetimes>,
    /// The outages that the person accepts.
    pub accepted: Vec<Outage>,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// What takes over, and how long it lives; or why there is no plan.
#[component]
pub fn StepsPart(props: &StepsProps) -> Html {
    match &props.outcome {
        Outcome::Plan(plan) => html! { <Part id="plan" title="The plan">{ steps(plan, props) }</Part> },
        Outcome::Refused(reasons) => html! {
            <Part id="refused" title="No plan can be made">{ findings(reasons) }</Part>
        },
    }
}

fn steps(plan: &Rc<PlanReport>, props: &StepsProps) -> Html {
    html! {
        <>
            { findings(&plan.findings) }
            if !props.accepted.is_empty() {
                { outage::accepted(&props.accepted, &props.act) }
            }
            for authority in &plan.authorities {
                <p key={authority.title.clone()} data-test="successor" data-name={words::authority_id(authority.id)}>{ words::successor(authority) }</p>
            }
            if let Some(lives) = &props.lifetimes {
                <h3>{ words::LIFETIMES }</h3>
                { lifetimes(lives) }
            }
            if !plan.keys.is_empty() {
                <details data-test="keys">
                    <summary>{ words::count(plan.keys.len(), "new key") }</summary>
                    <ul>
                        for (index, key) in plan.keys.iter().enumerate() {
                            <li key={index}>{ &key.owner }{ ", " }{ words::key_algorithm(key.algorithm) }</li>
                        }
                    </ul>
                </details>
            }
        </>
    }
}

/// Properties of [`PhasesPart`].
#[derive(Properties, PartialEq)]
pub struct PhasesProps {
    /// The plan.
    pub plan: Rc<PlanReport>,
}

/// Every step in order, under its phase.
#[component]
pub fn PhasesPart(props: &PhasesProps) -> Html {
    let (plan, tongue) = (&props.plan, use_tongue());
    html! {
        <Part id="phases" title="Every step">
            for phase in 1..=3 {
                <h3 key={format!("phase {phase}")}>{ words::platform::phase(phase, tongue) }</h3>
                { steps_of(plan, phase) }
            }
        </Part>
    }
}

fn steps_of(plan: &PlanReport, phase: u8) -> Html {
    let its: Vec<&StepReport> = plan.steps.iter().filter(|step| step.phase == phase).collect();
    if its.is_empty() {
        return html! { <p key={format!("steps {phase}")}>{ words::no_steps(plan, phase) }</p> };
    }
    html! {
        <ol key={format!("steps {phase}")} class="steps">
            { gradual::rows(&its, |_, it| step(it)) }
        </ol>
    }
}

fn step(step: &StepReport) -> Html {
    html! {
        <li key={step.id.clone()} data-test="step" data-name={step.id.clone()}>
            <p><strong>{ &step.title }</strong>{ " on " }{ &step.holder }</p>
            if !step.edits.is_empty() {
                <ul class="plain">
                    for (index, edit) in step.edits.iter().enumerate() {
                        <li key={index} data-test="edit" data-target={edit.target.clone()}>
                            <span class={classes!(is_file(edit).then_some("path"))}>{ &edit.target }</span>{ words::change(&edit.before, &edit.after) }
                        </li>
                    }
                </ul>
            }
            if !step.restarts.is_empty() {
                <p>{ "Restart: " }{ step.restarts.join(", ") }</p>
            }
            if !step.gate.is_empty() {
                <p>{ "Before the next step: " }{ &step.gate }</p>
            }
        </li>
    }
}

/// Does the edit change a file or object, rather than tell a person what to do?
fn is_file(edit: &EditReport) -> bool {
    !(edit.before.is_empty() && edit.after.is_empty())
}
