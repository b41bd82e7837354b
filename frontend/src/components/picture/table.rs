//! Who trusts whom, in words.

use std::collections::BTreeMap;

use yew::prelude::*;

use crate::{
    state::trust::{Held, Seat, Wire},
    words,
};

/// All wires, as a table.
pub fn table(wires: &BTreeMap<(Seat, Seat), Wire>) -> Html {
    let pair = |shows: Held, trusts: Held| {
        if shows.is_empty() && trusts.is_empty() { "–".to_owned() } else { words::shown_and_trusted(shows, trusts) }
    };
    html! {
        <div class="table" role="region" tabindex="0" aria-label={words::AS_A_TABLE}>
            <table>
                <thead><tr>{ for words::TRUST_TABLE.map(|title| html! { <th scope="col">{ title }</th> }) }</tr></thead>
                <tbody>
                    for ((client, server), wire) in wires {
                        <tr key={format!("{client:?} {server:?}")} data-test="trust-row">
                            <th scope="row">{ words::connection((words::seat(*client), words::seat(*server))) }</th>
                            <td>{ pair(wire.client_shows, wire.server_trusts) }</td>
                            <td>{ pair(wire.server_shows, wire.client_trusts) }</td>
                            <td>{ words::look(wire.look) }</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
