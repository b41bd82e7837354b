//! The matrix: edges down, moments across.

use std::rc::Rc;

use yew::prelude::*;

use super::line::LineRow;
use crate::{
    components::{gradual::Gradual, platform::use_tongue},
    ports::dom,
    state::{
        chart::{Chart, Line},
        picture::{self, Picture, PictureChange},
        platform::Tongue,
    },
    words,
};

/// So many lines are drawn in no time: each has a cell for each moment.
const AT_ONCE: usize = 6;

/// Properties of [`Grid`].
#[derive(Properties, PartialEq)]
pub struct GridProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// Where the person is in it.
    pub picture: Picture,
    /// Where the person's doings go.
    pub change: Callback<PictureChange>,
}

/// A grid with one tab stop; keys move within it.
#[component]
pub fn Grid(props: &GridProps) -> Html {
    let GridProps { chart, picture, change } = props;
    let keys = use_callback(change.clone(), |event: KeyboardEvent, change| {
        if let Some(way) = dom::way(&event) {
            change.emit(PictureChange::Step(way));
        }
    });
    let enter = use_callback(change.clone(), |event: FocusEvent, change| {
        if let Some((line, column)) = picture::place(&dom::id(&event)) {
            change.emit(PictureChange::Enter(line, column));
        }
    });
    let point = use_callback(change.clone(), |event: MouseEvent, change| {
        let cell = picture::place(&dom::id(&event)).and_then(|(line, column)| Some((line, column?)));
        change.emit(PictureChange::Point(cell));
    });
    let leave = use_callback(change.clone(), |_: MouseEvent, change| change.emit(PictureChange::Point(None)));
    let tongue = use_tongue();
    let columns = chart.matrix.columns.len();
    let lines = picture.lines(chart);
    let row = |line: &Line| {
        html! {
            <LineRow key={picture::id(*line, None)} {chart} line={*line} {change} here={here(picture, *line)}
                open={line.edge.is_none() && picture.opened.contains(&line.group)} />
        }
    };
    // A line and what is opened under it are one piece: it is there as soon as it is opened.
    let part = |refused: bool| -> Vec<Html> {
        let its = lines.chunk_by(|one, next| one.group == next.group);
        its.filter(|some| chart.groups[some[0].group].refused == refused)
            .map(|some| html! { <key={some[0].group}>{ for some.iter().map(row) }</> })
            .collect()
    };
    html! {
        <div class="wide">
            <table class={classes!("matrix", (!chart.is_single()).then_some("runs"))} role="grid" aria-labelledby="matrix" aria-describedby="picture-hint"
                data-test="matrix" onkeydown={keys} onfocusin={enter} onmouseover={point} onmouseleave={leave}>
                <colgroup>
                    <col class="names" />
                    for column in 0..columns {
                        <col key={column} class={classes!((chart.is_single() && column == picture.column).then_some("chosen"))} />
                    }
                </colgroup>
                <thead>{ heading(chart, picture.column, tongue) }</thead>
                { for [(false, words::MUST_HOLD), (true, words::MUST_BE_REFUSED)].map(|(refused, title)| html! {
                    <tbody key={title}>
                        <tr><th scope="rowgroup" class="part"><span>{ title }</span></th><td colspan={columns.to_string()} /></tr>
                        <Gradual pieces={part(refused)} at_once={AT_ONCE} />
                    </tbody>
                }) }
            </table>
        </div>
    }
}

/// Where on a line the focus is: `None` if on another, `Some(None)` on its name.
fn here(picture: &Picture, line: Line) -> Option<Option<usize>> {
    (picture.line == line).then_some((!picture.on_name).then_some(picture.column))
}

/// Phases, and under them the numbers of the steps where there is room for them.
fn heading(chart: &Chart, chosen: usize, tongue: Tongue) -> Html {
    html! {
        <>
            <tr>
                <td />
                for (phase, from, to) in &chart.phases {
                    <th key={*from} scope="colgroup" colspan={(to - from + 1).to_string()} class="phase">
                        // Of today there is one cell, too narrow for a word that is seen.
                        <span class={classes!((to == from).then_some("heard"))}>{ words::moment_phase(*phase, tongue) }</span>
                    </th>
                }
            </tr>
            if chart.is_single() {
                <tr class="numbers">
                    <td />
                    for column in 0..chart.matrix.columns.len() {
                        <th key={column} scope="col" class={classes!((column == chosen).then_some("chosen"))} aria-label={words::moment(chart, column)}>
                            { words::moment_number(column) }
                        </th>
                    }
                </tr>
            } else {
                <tr class="pointer" aria-hidden="true">
                    <td />
                    if chosen > 0 {
                        <td colspan={chosen.to_string()} />
                    }
                    <td><span>{ "▾" }</span></td>
                </tr>
            }
        </>
    }
}
