//! The step Plan: the options, and the plan.

use std::{collections::BTreeSet, rc::Rc};

use airlock_core::{
    UnixTime,
    plan::request::Intent,
    report::{InventoryReport, PlanReport},
};
use yew::prelude::*;

use super::{
    cards::{Card, Fold, Head},
    elements,
    fields::Problems,
    findings,
    icon::{Icon, icon},
    lifetimes::lifetimes,
    outage,
    plan_form::PlanOptions,
    restarts, steps,
};
use crate::{
    state::{
        LoadedFile, Outcome, Prediction,
        act::Act,
        form::{FormChange, PlanForm},
        lifetimes,
        outage::Outage,
        pki::Pki,
        progress::{self, PhaseProgress},
        role::Role,
        timetable::{self, Costs, Step},
    },
    words::{self, renewal},
};

/// Properties of [`PlanPart`].
#[derive(Properties, PartialEq)]
pub struct PlanProps {
    /// The inventory.
    pub inventory: Rc<InventoryReport>,
    /// The current PKI.
    pub pki: Rc<Pki>,
    /// The time of the person's computer.
    pub today: UnixTime,
    /// The options.
    pub form: PlanForm,
    /// The problems of the form.
    pub problems: Problems,
    /// The loaded files.
    pub files: Rc<[LoadedFile]>,
    /// The result of planning; the previous one while a new one is being made.
    pub outcome: Option<Outcome>,
    /// Did planning stop the worker?
    pub halted: bool,
    /// The prediction that prevents the build.
    pub forbidden: Option<Rc<Prediction>>,
    /// The outages that the person accepts.
    pub accepted: Vec<Outage>,
    /// Is the package being built?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The step.
#[component]
pub fn PlanPart(props: &PlanProps) -> Html {
    let PlanProps { inventory, form, problems, files, outcome, busy, act, .. } = props;
    let plan = if let Some(Outcome::Plan(plan)) = outcome { Some(plan) } else { None };
    html! {
        <div class="contents" data-test="plan-form">
            <Head id="plan-form" title={words::plan_title(inventory, form.intent())}>{ words::PLAN_SENTENCE }</Head>
            if let Some(plan) = plan { { strip(plan, &timetable::costs(plan)) } }
            <div class="cols left">
                <PlanOptions form={form.clone()} platform={inventory.platform.clone()} problems={problems.clone()} {files} {busy} {act} />
                <div class="stackv">
                    if let Some(prediction) = &props.forbidden { { forbidden(prediction, &props.form.outages, *busy, act) } }
                    { view(props) }
                </div>
            </div>
        </div>
    }
}

fn view(props: &PlanProps) -> Html {
    match &props.outcome {
        Some(Outcome::Plan(plan)) => html! {
            <PlanView plan={plan.clone()} inventory={props.inventory.clone()} pki={props.pki.clone()} today={props.today} accepted={props.accepted.clone()} acknowledged={props.form.acknowledged.clone()} starting_over={props.form.start_over} act={props.act.clone()} />
        },
        Some(Outcome::Refused(reasons)) => html! {
            <Card id="refused" title={words::REFUSED} lead={html! { words::REFUSED_HINT }}>{ findings::findings(reasons, Some(&acknowledging(&props.form.acknowledged, &props.act))) }</Card>
        },
        None if !props.problems.all.is_empty() => {
            elements::note(Role::Info, words::INCOMPLETE, words::problem(&props.problems.all[0].message))
        }
        None if props.halted => html! {
            <div class="row"><button type="button" class="btn" disabled={props.busy} onclick={props.act.reform(|_| Act::Plan)} data-test="plan-again">{ words::PREVIEW_PLAN }</button></div>
        },
        None => html! { <p class="quiet" data-test="planning">{ words::PLANNING }</p> },
    }
}

/// The prediction that a connection breaks.
fn forbidden(prediction: &Prediction, outages: &[Outage], busy: bool, act: &Callback<Act>) -> Html {
    html! {
        <Card id="foreseen" title={words::PREDICTION} lead={html! { words::prediction(prediction.acceptable) }}>
            { findings::findings(std::slice::from_ref(&prediction.finding), None) }
            if prediction.acceptable {
                <div class="body">
                    { outage::outages(outages, None) }
                    <div class="row"><button type="button" class="btn" disabled={busy} onclick={act.reform(|_| Act::Form(FormChange::AcceptOutage(true)))} data-test="accept-foreseen">{ words::ACCEPT_PREDICTION }</button></div>
                </div>
            }
        </Card>
    }
}

fn strip(plan: &PlanReport, costs: &Costs) -> Html {
    if plan.intent == Intent::RenewLeaves {
        return renewal_strip(plan, costs);
    }
    let [steps, restarts, pods, changes, keys] = words::PLAN_STRIP;
    html! {
        <dl class="strip" data-test="plan-strip">
            { elements::stat(Role::Plain, steps, words::grouped(plan.steps.len()), words::phases(costs.phases)) }
            { elements::stat(Role::Plain, restarts, words::grouped(costs.restarts), words::ONE_AT_A_TIME) }
            { elements::stat(Role::Plain, pods, words::grouped(costs.pod_steps.len()), words::pod_steps(&costs.pod_steps)) }
            { elements::stat(Role::Plain, changes, words::grouped(costs.changes), words::on_nodes(costs.nodes, costs.workers)) }
            { elements::stat(Role::Plain, keys, words::grouped(plan.keys.len()), words::key_kinds(costs.cas, plan.keys.len() - costs.cas)) }
        </dl>
    }
}

/// The summary of a renewal: what changes, and that no key leaves the cluster.
fn renewal_strip(plan: &PlanReport, costs: &Costs) -> Html {
    let [steps, restarts, ..] = words::PLAN_STRIP;
    let [certificates, keys] = renewal::PLAN_STRIP;
    html! {
        <dl class="strip" data-test="plan-strip">
            { elements::stat(Role::Plain, steps, words::grouped(plan.steps.len()), renewal::SAME_CAS) }
            { elements::stat(Role::Plain, certificates, words::grouped(costs.changes), renewal::on_nodes(costs.nodes)) }
            if costs.restarts > 0 { { elements::stat(Role::Plain, restarts, words::grouped(costs.restarts), words::ONE_AT_A_TIME) } }
            { elements::stat(Role::Plain, keys, words::grouped(plan.keys.len()), renewal::NO_KEYS) }
        </dl>
    }
}

/// Properties of [`PlanView`].
#[derive(Properties, PartialEq)]
pub struct PlanViewProps {
    /// The plan.
    pub plan: Rc<PlanReport>,
    /// The inventory.
    pub inventory: Rc<InventoryReport>,
    /// The current PKI.
    pub pki: Rc<Pki>,
    /// The time of the person's computer.
    pub today: UnixTime,
    /// The outages that the person accepts.
    pub accepted: Vec<Outage>,
    /// The dependencies that the person acknowledges.
    pub acknowledged: BTreeSet<String>,
    /// Is the rotation in progress discarded?
    pub starting_over: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The plan: findings, phases, steps, restarts, CAs.
#[component]
pub fn PlanView(props: &PlanViewProps) -> Html {
    let PlanViewProps { plan, inventory, pki, today, accepted, acknowledged, starting_over, act } = props;
    let acknowledging = acknowledging(acknowledged, act);
    let rows = use_memo(plan.clone(), |plan| timetable::steps(plan));
    let lives = use_memo((plan.clone(), inventory.clone(), pki.clone(), *today), |(plan, inventory, pki, today)| {
        lifetimes::lifetimes(inventory, pki, Some(plan), *today)
    });
    let rotates = plan.intent != Intent::RenewLeaves;
    let progress = progress::progress(inventory).filter(|_| !starting_over);
    html! {
        <div class="contents" data-test="plan">
            if let Some(progress) = progress { { progress_card(plan, &progress) } }
            { findings::card("plan-findings", words::PLAN_FINDINGS, &plan.findings, Some(&acknowledging)) }
            if rotates && !accepted.is_empty() { { outage::accepted(accepted, act) } }
            if rotates { { rail(plan, &rows) } }
            <steps::StepsCard plan={plan.clone()} rows={rows.clone()} />
            { restarts::card(plan) }
            if rotates { { successors(plan, inventory) } }
            if let Some(lives) = &*lives {
                <Card id="plan-expiry" title={words::LIFETIMES}>{ lifetimes(lives) }</Card>
            }
            if !plan.keys.is_empty() { { keys(plan) } }
        </div>
    }
}

fn acknowledging(done: &BTreeSet<String>, act: &Callback<Act>) -> findings::Acknowledging {
    findings::Acknowledging { done: done.clone(), act: act.clone() }
}

/// The progress of a rotation, and its next step.
fn progress_card(plan: &PlanReport, progress: &[PhaseProgress]) -> Html {
    let row = |one: &PhaseProgress| {
        let matrix_view = if one.is_done() { Icon::Ok } else { Icon::Info };
        html! {
            <li key={one.phase} class={if one.is_done() { "ok" } else { "" }} data-test="phase-progress" data-done={one.is_done().to_string()}>
                { icon(matrix_view) }
                <span><b>{ words::phase(one.phase) }</b><span class="hint">{ words::phase_progress(one) }</span></span>
            </li>
        }
    };
    let next = plan.steps.first().map_or_else(|| words::NO_NEXT_STEP.to_owned(), words::next_step);
    html! {
        <Card id="progress" title={words::PROGRESS} lead={html! { <b data-test="next-step">{ next }</b> }}>
            <ul class="checks">{ for progress.iter().map(row) }</ul>
            <p class="body small quiet">{ words::PROGRESS_HINT }</p>
        </Card>
    }
}

/// The three phases.
fn rail(plan: &PlanReport, rows: &[Step]) -> Html {
    let card = |phase: u8| {
        let steps = plan.steps.iter().filter(|step| step.phase == phase).count();
        let files: usize = rows.iter().filter(|row| row.phase == phase).map(Step::files).sum();
        let (same, new) = words::phase_meaning(phase);
        html! {
            <li key={phase} class={elements::phase_class(phase)}>
                <div class="row between">{ elements::phase(phase, words::phase_short(phase)) }<span class="small quiet">{ words::phase_size(steps, files) }</span></div>
                <p class="small">{ same }<b>{ new }</b></p>
            </li>
        }
    };
    html! { <ol class="rail">{ for [1, 2, 3].map(card) }</ol> }
}

/// Each CA, and its replacement.
fn successors(plan: &PlanReport, inventory: &InventoryReport) -> Html {
    let [ca, current, new, key] = words::SUCCESSOR_TABLE;
    let row = |authority: &airlock_core::report::AuthorityReport| {
        let old = &authority.certificate;
        let successor = plan.authorities.iter().find(|one| one.id == authority.id);
        html! {
            <tr key={authority.title.clone()} data-test={successor.map(|_| "successor")} data-name={authority.id.as_str()}>
                <th scope="row">{ &authority.title }</th>
                <td data-l={current}><span><span class="path">{ &old.subject }</span><span class="hint">{ &old.key_type }{ " · " }{ words::until_date(old.not_after) }</span></span></td>
                if let Some(one) = successor {
                    <td data-l={new}><span><span class="path">{ &one.new_subject }</span><span class="hint">{ words::successor(one) }{ " · " }{ words::origin(one) }</span></span></td>
                    <td data-l={key}>{ words::key_home(&one.key_home) }</td>
                } else {
                    <td data-l={new} class="quiet">{ words::NOT_ROTATED }</td>
                    <td data-l={key} class="quiet e">{ words::NOTHING }</td>
                }
            </tr>
        }
    };
    html! {
        <Card id="successors" title={words::AUTHORITIES}>
            <div class="table stack">
                <table>
                    <thead><tr>{ for [ca, current, new, key].map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                    <tbody>{ for inventory.authorities.iter().map(row) }</tbody>
                </table>
            </div>
        </Card>
    }
}

fn keys(plan: &Rc<PlanReport>) -> Html {
    let summary = html! { <><h2>{ words::NEW_KEYS }</h2><span class="chip">{ plan.keys.len() }</span></> };
    let content = {
        let plan = Rc::clone(plan);
        Callback::from(move |()| {
            html! {
                <ul class="files">
                    for (index, key) in plan.keys.iter().enumerate() {
                        <li key={index}><span>{ words::capital(&key.owner) }</span><span class="small quiet">{ words::key_algorithm(key.algorithm) }</span></li>
                    }
                </ul>
            }
        })
    };
    html! { <Fold class="card" {summary} {content} test="keys" name="keys" /> }
}
