//! The trust diagram as a table.

use std::collections::BTreeMap;

use yew::prelude::*;

use crate::{
    state::trust::{CaSet, Link, Participant},
    words,
};

/// All links.
pub fn table(links: &BTreeMap<(Participant, Participant), Link>) -> Html {
    let pair = |shows: CaSet, trusts: CaSet| {
        if shows.is_empty() && trusts.is_empty() { "–".to_owned() } else { words::shown_and_trusted(shows, trusts) }
    };
    html! {
        <div class="table" role="region" tabindex="0" aria-label={words::AS_A_TABLE}>
            <table>
                <thead><tr>{ for words::TRUST_TABLE.map(|title| html! { <th scope="col">{ title }</th> }) }</tr></thead>
                <tbody>
                    for ((client, server), link) in links {
                        <tr key={format!("{client:?} {server:?}")} data-test="trust-row">
                            <th scope="row">{ words::connection((words::participant(*client), words::participant(*server))) }</th>
                            <td>{ pair(link.client_presents, link.server_trusts) }</td>
                            <td>{ pair(link.server_presents, link.client_trusts) }</td>
                            <td>{ words::style(link.style) }</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
