//! What is to be said of a cell.

use std::{collections::BTreeSet, rc::Rc};

use airlock_core::simulate::Verdict;
use yew::prelude::*;

use super::marks;
use crate::{
    state::chart::{Cell, Chart, Line, Mark},
    words,
};

/// Properties of [`Explanation`].
#[derive(Properties, PartialEq)]
pub struct ExplanationProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// Which line.
    pub line: Line,
    /// Which moment.
    pub column: usize,
}

/// Who, when, what comes of it and why, what each end may show and trust, and who writes that.
#[component]
pub fn Explanation(props: &ExplanationProps) -> Html {
    let ExplanationProps { chart, line, column } = props;
    let Some(cell) = chart.cell(*line, *column) else { return Html::default() };
    let phase = chart.column(*column).map_or(0, |moment| moment.phase);
    html! {
        <div class="explanation" role="region" tabindex="0" aria-label={words::EXPLANATION} data-test="explanation" data-mark={marks::class(cell.look.mark)}>
            // A region's name would take the place of its words where a cell is described by it.
            <div id="explanation">
                <p class="who">{ marks::single(cell.look) }<strong>{ words::connection(cell.client, cell.server) }</strong></p>
                <p class="when"><strong>{ words::moment(chart, *column) }</strong>{ ". " }{ if phase > 0 { words::phase(phase) } else { "" } }{ if phase > 0 { ". " } else { "" } }{ words::until(&cell, chart.last()) }</p>
                <p data-test="verdict">{ words::verdict(&cell) }{ " " }{ words::which(&cell) }</p>
                if cell.look.mark >= Mark::BrokenToday {
                    if !cell.worst.0.outage.is_empty() {
                        <p data-test="outage-of-cell">{ words::outage(&cell) }</p>
                    }
                    <p class="remedy">{ words::remedy(&cell.worst.0.remedy) }</p>
                }
                if cell.look.mark != Mark::NotAsked {
                    { ends(&cell) }
                    <p class="hint">{ words::verifiers(&cell) }</p>
                }
                <ul class="hint">
                    for fact in &cell.worst.0.facts {
                        <li key={fact.clone()}>{ fact }{ "." }</li>
                    }
                </ul>
            </div>
        </div>
    }
}

/// What each end may show, and what the other trusts.
fn ends(cell: &Cell<'_>) -> Html {
    let row = |who: &str, verb: &str, of: fn(&Verdict) -> &Vec<String>| {
        let values: BTreeSet<&str> = cell.all.iter().flat_map(|(_, verdict)| of(verdict)).map(String::as_str).collect();
        let values: Vec<&str> = values.into_iter().collect();
        html! { <><dt>{ format!("{who} {verb}") }</dt><dd>{ words::values(&values) }</dd></> }
    };
    html! {
        <dl>
            { row("Client", "may show", |verdict| &verdict.client_presents) }
            { row("Server", "may trust", |verdict| &verdict.server_trusts) }
            { row("Server", "may show", |verdict| &verdict.server_presents) }
            { row("Client", "may trust", |verdict| &verdict.client_trusts) }
        </dl>
    }
}
