//! The matrix: a row for each step, a column for each group of connections.

use std::rc::Rc;

use yew::prelude::*;

use super::step_row::StepRow;
use crate::{
    components::{elements, incremental::Incremental, platform::use_tongue},
    ports::dom,
    state::{
        chart::{Chart, Line},
        matrix_rows::Row,
        matrix_view::{self, MatrixView, MatrixViewChange},
        platform::PhaseNames,
    },
    words,
};

/// The number of cells that are drawn in one task.
const CELLS_AT_ONCE: usize = 200;

/// Properties of [`Grid`].
#[derive(Properties, PartialEq)]
pub struct GridProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// Selection and focus in the matrix.
    pub matrix_view: MatrixView,
    /// Receives the person's actions.
    pub change: Callback<MatrixViewChange>,
}

/// A grid with one tab stop; keys move within it (WAI-ARIA Authoring Practices, grid pattern).
#[component]
pub fn Grid(props: &GridProps) -> Html {
    let GridProps { chart, matrix_view, change } = props;
    let keys = use_callback(change.clone(), |event: KeyboardEvent, change| {
        if let Some(motion) = dom::motion(&event) {
            change.emit(MatrixViewChange::Step(motion));
        }
    });
    let enter = use_callback(change.clone(), |event: FocusEvent, change| {
        if let Some((line, column)) = matrix_view::place(&dom::id(&event)) {
            change.emit(MatrixViewChange::Enter(line, column));
        }
    });
    let point = use_callback(change.clone(), |event: MouseEvent, change| {
        let cell = matrix_view::place(&dom::id(&event)).and_then(|(line, column)| Some((line, column?)));
        change.emit(MatrixViewChange::Point(cell));
    });
    let leave = use_callback(change.clone(), |_: MouseEvent, change| change.emit(MatrixViewChange::Point(None)));
    let click = use_callback(change.clone(), |event: MouseEvent, change| {
        if let Some((line, Some(column))) = matrix_view::place(&dom::id(&event)) {
            change.emit(MatrixViewChange::Enter(line, Some(column)));
        }
    });
    let phase_names = use_tongue();
    let lines = Rc::new(matrix_view.lines(chart));
    let rows = use_memo(chart.clone(), |chart| chart.rows());
    let at_once = (CELLS_AT_ONCE / lines.len().max(1)).max(1);
    html! {
        <table class="matrix" role="grid" aria-labelledby="matrix" aria-describedby="picture-hint"
            data-test="matrix" onkeydown={keys} onfocusin={enter} onmouseover={point} onmouseleave={leave} onclick={click}>
            <colgroup>
                <col />
                for line in lines.iter() {
                    <col key={matrix_view::id(*line, None)} class={classes!("cx", (*line == matrix_view.line).then_some("chosen"))} />
                }
                <col class="pad" />
            </colgroup>
            <thead>{ heading(chart, matrix_view, &lines, change) }</thead>
            { for chart.phases.iter().map(|&(phase, from, to)| {
                let its: Vec<Row> = rows.iter().copied().filter(|row| (from..=to).contains(&row.from)).collect();
                let pieces: Vec<Html> = its.iter().map(|row| html! {
                    <StepRow key={row.from} {chart} row={*row} lines={lines.clone()} chosen={chosen(matrix_view, *row)} />
                }).collect();
                html! {
                    <tbody key={from} class={elements::phase_class(phase)}>
                        if phase > 0 { { phase_row(phase, lines.len() + 2, phase_names) } }
                        <Incremental key={lines.len()} {pieces} {at_once} />
                    </tbody>
                }
            }) }
        </table>
    }
}

/// The selected column in a row, and whether its cell has the focus.
fn chosen(matrix_view: &MatrixView, row: Row) -> Option<(Line, bool)> {
    (row.from..=row.to).contains(&matrix_view.column).then_some((matrix_view.line, !matrix_view.on_name))
}

fn phase_row(phase: u8, columns: usize, phase_names: PhaseNames) -> Html {
    html! {
        <tr class="phase-row"><th colspan={columns.to_string()} scope="rowgroup">{ elements::phase(phase, words::platform::phase_short(phase, phase_names)) }<span class="hint">{ words::phase_heading(phase) }</span></th></tr>
    }
}

/// The headings: connections that must work, and those that must be rejected.
fn heading(chart: &Chart, matrix_view: &MatrixView, lines: &[Line], change: &Callback<MatrixViewChange>) -> Html {
    let refused = |line: &&Line| chart.groups[line.group].refused;
    let (must, must_not) = (lines.iter().filter(|line| !refused(line)).count(), lines.iter().filter(refused).count());
    html! {
        <>
            <tr>
                <th class="t" aria-hidden="true" />
                for line in lines { { name(chart, matrix_view, *line, change) } }
            </tr>
            <tr class="groups">
                <th class="t" scope="col">{ words::STEP }</th>
                if must > 0 { <th colspan={must.to_string()} scope="colgroup" class="group">{ words::MUST_HOLD }</th> }
                if must_not > 0 { <th colspan={must_not.to_string()} scope="colgroup" class="group">{ words::MUST_BE_REFUSED }</th> }
            </tr>
        </>
    }
}

fn name(chart: &Chart, matrix_view: &MatrixView, line: Line, change: &Callback<MatrixViewChange>) -> Html {
    let group = &chart.groups[line.group];
    let focused = matrix_view.on_name && matrix_view.line == line;
    let (id, tabindex) = (matrix_view::id(line, None), if focused { "0" } else { "-1" });
    let peers = match line.edge.map(|edge| &chart.matrix.edges[edge]) {
        Some(edge) => (edge.client.as_str(), edge.server.as_str()),
        None => words::peers(&group.peers),
    };
    let (full, index) = (words::connection(peers), line.group);
    let text = words::column(peers);
    let only = (!group.is_many()).then_some(group.edges.start);
    let edge = line.edge.or(only).map_or_else(|| group.row.clone(), |edge| chart.matrix.edges[edge].id.clone());
    let open = matrix_view.opened.contains(&index);
    let class =
        classes!("turn", (matrix_view.line == line).then_some("chosen"), line.edge.is_some().then_some("single"));
    html! {
        <th key={id.clone()} scope="col" {class} data-test="edge" data-edge={edge}>
            if line.edge.is_none() && group.is_many() {
                <span><button type="button" {id} {tabindex} aria-expanded={open.to_string()} data-test="toggle" title={full.clone()}
                    onclick={change.reform(move |_| MatrixViewChange::Toggle(index))}>
                    <span aria-hidden="true">{ if open { "▾ " } else { "▸ " } }</span>{ text }<span aria-hidden="true">{ " " }{ words::times(group) }</span><span class="sr">{ ", " }{ words::connections(group) }</span>
                </button></span>
            } else {
                <span {id} {tabindex} title={full.clone()}>{ text }</span>
            }
        </th>
    }
}
