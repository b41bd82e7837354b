//! The panel about the selected cell: the step, the connection with both ends, and when changes take effect.

use std::{collections::BTreeSet, rc::Rc};

use airlock_core::{
    report::{PlanReport, StepReport},
    simulate::Verdict,
};
use yew::prelude::*;

use super::{
    link::{self, Direction},
    marks,
};
use crate::{
    components::{
        cards::Fold,
        elements::{self, Command},
        icon::{Icon, icon},
        platform::use_tongue,
    },
    state::{
        chart::{Cell, Chart, Line, Mark},
        matrix_view::MatrixViewChange,
        role::Role,
        timetable::is_file,
        trust,
    },
    words,
};

/// Properties of [`Panel`].
#[derive(Properties, PartialEq)]
pub struct PanelProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// The column.
    pub line: Line,
    /// The step's index.
    pub column: usize,
    /// The plan that contains the steps.
    pub plan: Option<Rc<PlanReport>>,
    /// Receives the person's actions.
    pub change: Callback<MatrixViewChange>,
}

/// Step, connection, result, both ends.
#[component]
pub fn Panel(props: &PanelProps) -> Html {
    let PanelProps { chart, line, column, plan, change } = props;
    let Some(cell) = chart.cell(*line, *column) else { return Html::default() };
    let (column, last) = (*column, chart.last());
    let id = chart.column(column).map_or("", |moment| moment.id.as_str());
    let step = plan.as_ref().and_then(|plan| plan.steps.iter().find(|step| step.id == id));
    let to = |target: usize| change.reform(move |_: MouseEvent| MatrixViewChange::Choose(target));
    html! {
        <aside class="card panel" aria-label={words::EXPLANATION} tabindex="0" data-test="explanation" data-mark={marks::class(cell.style.mark)}>
            <header>
                <h2>{ words::panel_title(chart, column) }</h2>
                <div class="row">
                    <button type="button" class="btn sm" disabled={column == 0} aria-label={words::PREVIOUS_STEP} onclick={to(column.saturating_sub(1))}>{ icon(Icon::Back) }</button>
                    <button type="button" class="btn sm" disabled={column == last} aria-label={words::NEXT_STEP} onclick={to(column + 1)}>{ icon(Icon::Arrow) }</button>
                </div>
            </header>
            // A separate element: a description that refers to the region would use the region's label.
            <div id="explanation" class="contents">
                <StepFacts chart={chart.clone()} {column} step={step.cloned()} />
                { connection(&cell, chart) }
            </div>
            if let Some(step) = step { { undo(step) } }
            { facts(&cell) }
        </aside>
    }
}

/// Properties of [`StepFacts`].
#[derive(Properties, PartialEq)]
struct StepFactsProps {
    chart: Rc<Chart>,
    column: usize,
    step: Option<StepReport>,
}

#[component]
fn StepFacts(StepFactsProps { chart, column, step }: &StepFactsProps) -> Html {
    let phase_names = use_tongue();
    let phase = chart.column(*column).map_or(0, |moment| moment.phase);
    let [place, restarts, gate] = words::STEP_TERMS;
    html! {
        <section>
            <div class="row between"><b>{ moment(chart, *column) }</b>{ if phase > 0 { elements::phase(phase, words::moment_phase(phase, phase_names)) } else { Html::default() } }</div>
            if let Some(step) = step {
                <div class="row">
                    { elements::chip_with(Role::Plain, Icon::File, words::files_changed(step.edits.iter().filter(|edit| is_file(edit)).count())) }
                    { elements::chip_with(Role::Plain, Icon::Loop, words::restarts(step.restarts.len())) }
                </div>
                <dl class="kv">
                    <dt>{ place }</dt><dd>{ words::holder(&step.holder) }</dd>
                    if !step.restarts.is_empty() { <dt>{ restarts }</dt><dd>{ step.restarts.join(", ") }</dd> }
                    if !step.gate.is_empty() { <dt>{ gate }</dt><dd>{ &step.gate }</dd> }
                </dl>
            }
        </section>
    }
}

/// The step's title. Its number is part of the description that screen readers read for a cell.
fn moment(chart: &Chart, column: usize) -> Html {
    match chart.column(column) {
        Some(at) if column > 0 => {
            html! { <><span class="sr">{ words::panel_title(chart, column) }{ ": " }</span>{ words::moment_title(&at.title, &at.holder) }</> }
        }
        _ => html! { words::moment(chart, column) },
    }
}

fn connection(cell: &Cell<'_>, chart: &Chart) -> Html {
    let role = match cell.style.mark {
        Mark::NotAsked => Role::Plain,
        Mark::Holds | Mark::Changes | Mark::Refused => Role::Ok,
        Mark::NotJudged | Mark::BrokenToday | Mark::Outage => Role::Warning,
        Mark::Broken => Role::Error,
    };
    html! {
        <section>
            <div class="row between"><b>{ words::connection(words::peers(&cell.peers)) }</b>{ elements::chip(role, words::capital(words::mark(cell.style.mark))) }</div>
            <p class="small" data-test="verdict">{ words::verdict(cell) }{ " " }{ words::which(cell) }{ " " }{ words::until(cell, chart.last()) }</p>
            if cell.style.mark >= Mark::BrokenToday {
                if !cell.worst.0.outage.is_empty() {
                    <p class="small" data-test="outage-of-cell">{ words::outage(cell) }</p>
                }
                <p class="small remedy">{ words::remedy(&cell.worst.0.remedy) }</p>
            }
            if cell.style.mark != Mark::NotAsked {
                <svg class="mini" viewBox="0 0 326 52" aria-hidden="true"><g class={classes!("wire", marks::class(cell.style.mark))}>{ link::halves(&trust::link(cell), Direction::Rightwards, (0, 326), 26) }</g></svg>
                { ends(cell) }
                <p class="small quiet">{ words::verifiers(cell) }</p>
            }
        </section>
    }
}

/// What each end may present, and what the other end trusts.
fn ends(cell: &Cell<'_>) -> Html {
    let row = |title: &'static str, of: fn(&Verdict) -> &Vec<String>| {
        let values: BTreeSet<&str> = cell.all.iter().flat_map(|(_, verdict)| of(verdict)).map(String::as_str).collect();
        let values: Vec<&str> = values.into_iter().collect();
        html! { <><dt>{ title }</dt><dd>{ words::values(&values) }</dd></> }
    };
    let [client, server_trusts, server, client_trusts] = words::ENDS;
    html! {
        <dl class="kv">
            { row(client, |verdict| &verdict.client_presents) }
            { row(server_trusts, |verdict| &verdict.server_trusts) }
            { row(server, |verdict| &verdict.server_presents) }
            { row(client_trusts, |verdict| &verdict.client_trusts) }
        </dl>
    }
}

/// The command that rolls the step back.
fn undo(step: &StepReport) -> Html {
    let command = &step.commands.undo;
    if command.is_empty() {
        return Html::default();
    }
    html! { <section data-test="undo-command"><Command title={words::UNDO_STEP} command={command.clone()} /></section> }
}

fn facts(cell: &Cell<'_>) -> Html {
    if cell.worst.0.facts.is_empty() {
        return Html::default();
    }
    let all = cell.worst.0.facts.clone();
    let content = Callback::from(
        move |()| html! { <ul class="facts">{ for all.iter().map(|fact| html! { <li key={fact.clone()}>{ words::sentence(fact) }</li> }) }</ul> },
    );
    html! { <section><Fold summary_class="row small" summary={html! { <b>{ words::FACTS }</b> }} {content} test="facts" name="facts" /></section> }
}
