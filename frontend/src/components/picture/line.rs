//! A line of the matrix.

use std::rc::Rc;

use yew::prelude::*;

use super::marks;
use crate::{
    state::{
        chart::{Chart, Line, Run},
        picture::{self, PictureChange},
    },
    words,
};

/// Properties of [`LineRow`].
#[derive(Properties, PartialEq)]
pub struct LineProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// Which line.
    pub line: Line,
    /// Where on it the focus is: `None` if on another, `Some(None)` on its name.
    pub here: Option<Option<usize>>,
    /// Are its edges shown one by one?
    pub open: bool,
    /// Where the person's doings go.
    pub change: Callback<PictureChange>,
}

/// Its name, and its cells. Drawn again only when the focus comes, moves on it or goes.
#[component]
pub fn LineRow(props: &LineProps) -> Html {
    let LineProps { chart, line, here, .. } = props;
    let cells = chart.cells(*line);
    let focused =
        here.map(|here| here.and_then(|column| cells.iter().find(|run| column <= run.to)).map(|run| run.from));
    html! {
        <tr class={classes!(line.edge.is_some().then_some("one"))} data-test="edge" data-edge={edge(chart, *line)}>
            { name(props, focused == Some(None)) }
            for run in cells {
                { cell(*line, run, chart.is_single(), focused == Some(Some(run.from))) }
            }
        </tr>
    }
}

fn name(props: &LineProps, focused: bool) -> Html {
    let LineProps { chart, line, open, change, .. } = props;
    let group = &chart.groups[line.group];
    let (id, tabindex) = (picture::id(*line, None), tabindex(focused));
    let toggle = line.edge.is_none() && group.is_many();
    let (client, server) = match line.edge.map(|edge| &chart.matrix.edges[edge]) {
        Some(edge) => (&edge.client, &edge.server),
        None => (&group.client, &group.server),
    };
    let (text, index) = (words::connection(client, server), line.group);
    html! {
        <th scope="row">
            if toggle {
                <button type="button" class="link" {id} {tabindex} aria-expanded={open.to_string()} data-test="toggle"
                    aria-label={format!("{text}, {}", words::connections(group))} onclick={change.reform(move |_| PictureChange::Toggle(index))}>
                    { text }{ " " }<span>{ words::times(group) }</span>
                </button>
            } else {
                <span {id} {tabindex}>{ text }</span>
            }
        </th>
    }
}

fn cell(line: Line, run: Run, single: bool, focused: bool) -> Html {
    let length = run.to - run.from + 1;
    html! {
        <td key={run.from} role="gridcell" id={picture::id(line, Some(run.from))} tabindex={tabindex(focused)}
            colspan={(length > 1).then(|| length.to_string())} aria-label={words::look(run.look)}
            aria-describedby={focused.then_some("explanation")} data-mark={marks::class(run.look.mark)}
            data-differs={run.look.open_ssl.then_some("true")}>
            { if single { marks::single(run.look) } else { marks::run(run.look) } }
        </td>
    }
}

/// One element of the grid can be reached with the tab key.
fn tabindex(focused: bool) -> &'static str {
    if focused { "0" } else { "-1" }
}

/// The edge's id, or that of its row where there are several, for tests.
fn edge(chart: &Chart, line: Line) -> String {
    let group = &chart.groups[line.group];
    let only = (!group.is_many()).then_some(group.edges.start);
    line.edge.or(only).map_or_else(|| group.row.clone(), |edge| chart.matrix.edges[edge].id.clone())
}
