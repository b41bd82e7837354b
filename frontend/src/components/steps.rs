//! The steps as a table: identical nodes are folded, each row opens to its files.

use std::rc::Rc;

use airlock_core::{plan::request::Intent, report::PlanReport};
use yew::prelude::*;

use super::{
    cards::{Card, Row},
    elements::{self, Command},
    icon::{Icon, icon},
    incremental::Incremental,
    platform::use_tongue,
};
use crate::{
    state::timetable::{Step, Where},
    words::{self, renewal},
};

/// Properties of [`StepsCard`].
#[derive(Properties, PartialEq)]
pub struct StepsProps {
    /// The plan.
    pub plan: Rc<PlanReport>,
    /// Its rows.
    pub rows: Rc<Vec<Step>>,
}

/// The card's title.
#[component]
pub fn StepsCard(StepsProps { plan, rows }: &StepsProps) -> Html {
    let open = use_state_eq(|| false);
    let phase_names = use_tongue();
    let toggle = {
        let open = open.clone();
        move |_: MouseEvent| open.set(!*open)
    };
    let aside = html! {
        <div class="row">
            <span class="small quiet">{ words::FOLDED }</span>
            <button type="button" class="btn sm" onclick={toggle} aria-pressed={open.to_string()} data-test="expand-all">{ if *open { words::COLLAPSE_ALL } else { words::EXPAND_ALL } }</button>
        </div>
    };
    let phase = |phase: u8| {
        let its: Vec<&Step> = rows.iter().filter(|row| row.phase == phase).collect();
        let name = words::plan_phase(plan.intent, phase, phase_names);
        let columns = words::STEP_TABLE.len();
        let span = its
            .first()
            .zip(its.last())
            .map(|(first, last)| words::phase_steps(first.first, last.last))
            .unwrap_or_default();
        let pausing = phase < 3 && rows.iter().any(|row| row.phase > phase);
        let pieces: Vec<Html> =
            its.iter().enumerate().map(|(index, step)| row(step, pausing && index + 1 == its.len(), *open)).collect();
        html! {
            <tbody key={phase} class={elements::phase_class(phase)} data-test="phase" data-phase={phase.to_string()}>
                <tr class="phase-row"><th colspan={columns.to_string()} scope="rowgroup">{ elements::phase(phase, name) }<span class="hint">{ words::plan_phase_heading(plan.intent, phase) }</span><span class="hint wide-only">{ span }</span></th></tr>
                if its.is_empty() {
                    <tr><td colspan={columns.to_string()} class="quiet">{ words::no_steps(plan, phase) }</td></tr>
                }
                <Incremental {pieces} at_once={12} />
            </tbody>
        }
    };
    let lead = if plan.intent == Intent::RenewLeaves { renewal::STEPS_LEAD } else { words::BUILD_CHECKS };
    html! {
        <Card id="phases" title={words::STEPS} {aside} lead={html! { lead }}>
            <div class="table stack">
                <table class="plan rows">
                    <thead><tr>
                        for (index, title) in words::STEP_TABLE.into_iter().enumerate() {
                            <th key={title} scope="col" class={classes!((index == 3).then_some("r"))}>{ title }</th>
                        }
                    </tr></thead>
                    { for words::plan_phases(plan.intent).iter().map(|at| phase(*at)) }
                </table>
            </div>
        </Card>
    }
}

fn row(step: &Step, pause: bool, open: bool) -> Html {
    let [_, _, place, files, restarts, gate, undo] = words::STEP_TABLE;
    let undoable = !step.commands.undo.is_empty();
    let count = step.files();
    let before = html! { <td class="nowrap quiet num">{ words::step_numbers(step) }</td> };
    let under = if pause {
        html! { <span class="chip line">{ icon(Icon::Pause) }{ words::CAN_PAUSE }</span> }
    } else {
        Html::default()
    };
    let many = matches!(&step.place, Where::Nodes(names) if names.len() > 1);
    let cells = html! {
        <>
            <td data-l={place}><span>{ words::whereabouts(&step.place) }if many { <span class="hint">{ words::ONE_AT_A_TIME }</span> } else if step.place == Where::Workers { <span class="hint">{ words::ANY_ORDER }</span> }</span></td>
            <td data-l={files} class={classes!("r", (count == 0).then_some("e"))}>{ if count == 0 { words::NOTHING.to_owned() } else { words::grouped(count) } }</td>
            <td data-l={restarts} class={classes!(step.restarts.is_empty().then_some("e"))}><span>{ if step.restarts.is_empty() { words::NOTHING.to_owned() } else { step.restarts.join(", ") } }</span></td>
            <td data-l={gate}><span>{ words::capital(&step.gate.replace('\u{0}', "the node")) }</span></td>
            <td data-l={undo} class={classes!("nowrap", (!undoable).then_some("e"))}>{ if undoable { words::CAN_UNDO } else { words::NOTHING } }</td>
        </>
    };
    let title = words::capital(&words::step_title(step));
    let content = {
        let step = step.clone();
        Callback::from(move |()| details(&step))
    };
    html! { <Row key={step.ids[0].clone()} {before} head={html! { title }} {under} {cells} columns={words::STEP_TABLE.len()} {open} {content} test="step" name={step.ids.join(" ")} /> }
}

/// How a step is run, checked and rolled back.
fn commands(step: &Step) -> Html {
    let run = words::run_and_check(&step.commands);
    if run.is_empty() {
        return html! { <p class="small quiet">{ words::NO_COMMAND }</p> };
    }
    html! {
        <>
            <Command title={words::run_where(step)} command={run} />
            if !step.commands.undo.is_empty() {
                <Command title={words::UNDO_STEP} command={step.commands.undo.clone()} />
            }
        </>
    }
}

/// The files of a step, and its other actions.
fn details(step: &Step) -> Html {
    let [target, now, after] = words::FILE_TABLE;
    html! {
        <div class="stackv">
            for text in &step.instructions {
                <p key={text.clone()} class="small" data-test="edit" data-target={text.clone()} data-holders={step.holders.len().to_string()}>{ words::instruction(text) }</p>
            }
            if !step.changes.is_empty() {
                <table>
                    <thead><tr>{ for [target, now, after].map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                    <tbody>
                        for (index, change) in step.changes.iter().enumerate() {
                            <tr key={index} data-test="edit" data-target={change.target.clone()} data-holders={change.holders.len().to_string()}>
                                <td class="path">{ &change.target }if change.holders.len() < step.holders.len() { <span class="hint">{ words::only_on(&change.holders) }</span> }</td>
                                <td data-l={now}><span class={classes!((words::before(change) == words::NEW_FILE).then_some("quiet"))}>{ words::before(change) }</span></td>
                                <td data-l={after}><span>{ words::after(change) }</span></td>
                            </tr>
                        }
                    </tbody>
                </table>
            }
            { commands(step) }
        </div>
    }
}
