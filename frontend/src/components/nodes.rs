//! Everyone who holds something, as a table with state.

use airlock_core::report::InventoryReport;
use yew::prelude::*;

use super::gradual;
use crate::{
    state::nodes::{self, Row},
    words,
};

/// A line for each holder. Where it is in a rotation has a column only while one is under way.
pub fn table(inventory: &InventoryReport) -> Html {
    let rows = nodes::rows(inventory);
    let rotating = rows.iter().any(|row| row.standing.is_some());
    html! {
        <div class="wide" role="region" tabindex="0" aria-labelledby="holders">
            <table data-test="nodes">
                <thead>
                    <tr>
                        { for words::NODE_TABLE.map(|title| html! { <th key={title} scope="col">{ title }</th> }) }
                        if rotating {
                            <th scope="col">{ words::STANDING }</th>
                        }
                    </tr>
                </thead>
                <tbody>
                    { gradual::rows(&rows, |_, row| one(row, rotating)) }
                </tbody>
            </table>
        </div>
    }
}

fn one(row: &Row, rotating: bool) -> Html {
    html! {
        <tr key={row.name.clone()} data-test="node" data-name={row.name.clone()}>
            { cells(row) }
            if rotating {
                <td data-test="standing">{ words::standing(row.standing) }</td>
            }
        </tr>
    }
}

fn cells(row: &Row) -> Html {
    html! {
        <>
            <th scope="row">{ &row.name }</th>
            <td>{ words::role(&row.role) }</td>
            <td class={classes!("short", (row.findings[0] > 0).then_some("problem"))}>{ words::state(row.findings) }</td>
            <td class="short">{ words::count(row.entries, "entry") }</td>
            <td class="short">{ words::keys_held(row.keys) }</td>
            <td>{ words::expires_first(row.first.as_ref()) }</td>
        </>
    }
}
