//! Restarts per node.

use std::collections::BTreeMap;

use airlock_core::{plan::request::Intent, report::PlanReport};
use yew::prelude::*;

use super::{cards::Card, elements};
use crate::{state::timetable, words};

/// The card; empty without restarts.
pub fn card(plan: &PlanReport) -> Html {
    let all = timetable::restarts(plan);
    if all.is_empty() {
        return Html::default();
    }
    let [component, control_plane, worker] = words::RESTART_TABLE;
    html! {
        <Card id="restarts" title={words::RESTARTS} lead={html! { words::RESTARTS_HINT }}>
            <div class="table stack">
                <table>
                    <thead><tr>{ for words::RESTART_TABLE.map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                    <tbody>
                        for (name, restarts) in all {
                            <tr key={name.clone()} data-test="restart" data-name={name.clone()}>
                                <th scope="row" data-l={component}>{ name.clone() }</th>
                                <td data-l={control_plane}>{ phases(&restarts.control_plane, plan.intent) }</td>
                                <td data-l={worker}>{ phases(&restarts.workers, plan.intent) }</td>
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
        </Card>
    }
}

fn phases(times: &BTreeMap<u8, usize>, intent: Intent) -> Html {
    let all: usize = times.values().sum();
    if all == 0 {
        return html! { <span class="quiet">{ words::NOTHING }</span> };
    }
    if intent == Intent::RenewLeaves {
        return html! { <b>{ all }</b> };
    }
    html! {
        <span class="row">
            <b>{ all }</b>
            { for times.keys().map(|&phase| html! { <span key={phase} class={classes!("phase", elements::phase_class(phase))}><span class="sr">{ words::phase(phase) }</span></span> }) }
        </span>
    }
}
