//! A row of the matrix: a step, with a cell for each column.

use std::rc::Rc;

use yew::prelude::*;

use super::marks;
use crate::{
    state::{
        chart::{Chart, Line, Mark},
        matrix_rows::Row,
        matrix_view,
    },
    words,
};

/// Properties of [`StepRow`].
#[derive(Properties, PartialEq)]
pub struct StepRowProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// The steps of the row.
    pub row: Row,
    /// The columns.
    pub lines: Rc<Vec<Line>>,
    /// The selected column if the row is selected, and whether its cell has the focus.
    pub chosen: Option<(Line, bool)>,
}

/// The title and the cells. Drawn again only if the selection in this row changes.
#[component]
pub fn StepRow(props: &StepRowProps) -> Html {
    let StepRowProps { chart, row, lines, chosen } = props;
    let title = chart.column(row.from).map_or(String::new(), |at| {
        if row.from == 0 { words::TODAY_ROW.to_owned() } else { words::moment_title(&at.title, &at.holder) }
    });
    html! {
        <tr class={classes!(chosen.is_some().then_some("on"))} data-test="moment-row" data-from={row.from.to_string()} data-to={row.to.to_string()}>
            <th scope="row" class="t"><span class="n">{ words::moments(row.from, row.to) }</span><span title={title.clone()}>{ title }</span></th>
            { for lines.iter().map(|line| cell(chart, *line, *row, *chosen)) }
        </tr>
    }
}

fn cell(chart: &Chart, line: Line, row: Row, chosen: Option<(Line, bool)>) -> Html {
    let style = chart.style_at(line, row);
    let selected = chosen.is_some_and(|(other, _)| other == line);
    let focused = chosen == Some((line, true));
    let class = match style.mark {
        Mark::NotAsked => "o",
        Mark::Holds | Mark::Refused => "w",
        Mark::Changes => "ch",
        Mark::NotJudged | Mark::BrokenToday | Mark::Outage => "ot",
        Mark::Broken => "x",
    };
    html! {
        <td key={matrix_view::id(line, None)} role="gridcell" id={matrix_view::id(line, Some(row.from))} class={classes!(class, selected.then_some("sel"))} tabindex={if focused { "0" } else { "-1" }}
            aria-label={words::style(style)} aria-selected={selected.then_some("true")} aria-describedby={focused.then_some("explanation")} data-mark={marks::class(style.mark)}
            data-differs={style.differs.then_some("true")}>
            <svg viewBox="0 0 20 20" aria-hidden="true">{ marks::shape(style) }</svg>
        </td>
    }
}
