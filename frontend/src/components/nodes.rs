//! The inventory: nodes and objects with their state, files and expiry; identical nodes folded; search and filter.

use std::rc::Rc;

use airlock_core::{
    Severity, UnixTime,
    report::{HolderReport, InventoryReport},
};
use yew::prelude::*;

use super::{
    cards::{self, Card},
    elements,
    holder::slots,
    incremental,
};
use crate::{
    ports::dom,
    state::{
        nodes::{self, Filter, Fold},
        role::{self, Role},
    },
    words,
};

/// Properties of [`InventoryCard`].
#[derive(Properties, PartialEq)]
pub struct InventoryCardProps {
    /// The inventory.
    pub inventory: Rc<InventoryReport>,
    /// The time of the person's computer.
    pub today: UnixTime,
}

/// The table with its filter.
#[component]
pub fn InventoryCard(InventoryCardProps { inventory, today }: &InventoryCardProps) -> Html {
    let filter = use_state_eq(Filter::default);
    let all = nodes::rows(inventory);
    let rotating = all.iter().any(|row| row.standing.is_some());
    let fitting = |row: &nodes::Row| {
        let holder = inventory.holders.iter().find(|holder| holder.name == row.name && holder.role == row.role);
        holder.is_some_and(|holder| filter.fits(holder, row, *today))
    };
    let rows: Vec<nodes::Row> =
        if filter.is_empty() { all } else { all.into_iter().filter(|row| fitting(row)).collect() };
    let folds = nodes::folded(rows);
    html! {
        <Card id="holders" title={words::INVENTORY}>
            { filters(&filter) }
            <div class="table stack">
                <table class="rows" data-test="nodes">
                    <thead>
                        <tr>
                            for (index, title) in words::NODE_TABLE.into_iter().enumerate() {
                                <th key={title} scope="col" class={classes!((index == 2 || index == 3).then_some("r"))}>{ title }</th>
                            }
                            if rotating { <th scope="col">{ words::STANDING }</th> }
                        </tr>
                    </thead>
                    <tbody>{ incremental::rows(&folds, |_, fold| row(fold, inventory, rotating, *today)) }</tbody>
                </table>
            </div>
            if folds.is_empty() { <p class="body quiet" data-test="nothing-fits">{ words::NOTHING_FITS }</p> }
        </Card>
    }
}

fn filters(filter: &UseStateHandle<Filter>) -> Html {
    let change = |apply: fn(&mut Filter, String)| {
        let filter = filter.clone();
        move |event: &Event| {
            let mut next = (*filter).clone();
            apply(&mut next, dom::value(event));
            filter.set(next);
        }
    };
    let text = change(|filter, value| filter.text = value);
    let within = change(|filter, value| filter.within = value.parse().ok());
    let state = change(|filter, value| {
        filter.severity = match value.as_str() {
            "errors" => Some(Severity::Error),
            "warnings" => Some(Severity::Warning),
            _ => None,
        };
    });
    html! {
        <div class="filters" role="search">
            <div class="field grow">
                <label for="search">{ words::SEARCH }</label>
                <input id="search" class="input" type="search" autocomplete="off" spellcheck="false" placeholder={words::SEARCH_HINT}
                    oninput={move |event: InputEvent| text(&event)} data-test="search" />
            </div>
            <div class="field">
                <label for="within">{ words::EXPIRES_WITHIN }</label>
                <select id="within" class="input" onchange={move |event: Event| within(&event)} data-test="within">
                    for (value, label) in words::EXPIRY_CHOICES { <option key={value} {value} selected={filter.within.map_or(value.is_empty(), |days| value == days.to_string())}>{ label }</option> }
                </select>
            </div>
            <div class="field">
                <label for="state">{ words::STATE }</label>
                <select id="state" class="input" onchange={move |event: Event| state(&event)} data-test="state">
                    for (value, label) in words::STATE_CHOICES { <option key={value} {value} selected={value == state_id(filter.severity)}>{ label }</option> }
                </select>
            </div>
        </div>
    }
}

fn state_id(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Error) => "errors",
        Some(Severity::Warning) => "warnings",
        Some(Severity::Note) | None => "",
    }
}

fn row(fold: &Fold, inventory: &Rc<InventoryReport>, rotating: bool, today: UnixTime) -> Html {
    let (first, many) = (&fold.rows[0], fold.rows.len());
    let [_, role, files, keys, expires, state] = words::NODE_TABLE;
    let cells = html! {
        <>
            <td data-l={role}>{ words::capital(words::role(&first.role)) }</td>
            <td data-l={files} class="r nowrap">{ words::each(many, first.entries) }</td>
            <td data-l={keys} class="r nowrap">{ words::each(many, first.keys) }</td>
            <td data-l={expires}>{ expiry(fold, today) }</td>
            <td data-l={state}>{ state_of(first.findings) }</td>
            if rotating { <td data-l={words::STANDING} data-test="standing">{ words::standing(first.standing) }</td> }
        </>
    };
    let under = if many > 1 {
        html! { <span class="hint">{ words::fold_count(many) }</span> }
    } else {
        Html::default()
    };
    let name = words::fold_name(fold);
    let content = {
        let names: Vec<(String, String)> = fold.rows.iter().map(|row| (row.name.clone(), row.role.clone())).collect();
        let inventory = Rc::clone(inventory);
        Callback::from(move |()| holders(&inventory, &names))
    };
    html! {
        <cards::Row key={format!("{} {name}", first.role)} head={html! { name.clone() }} {under} {cells} columns={words::NODE_TABLE.len() + usize::from(rotating)} {content} test="node" name={name.clone()} />
    }
}

fn expiry(fold: &Fold, today: UnixTime) -> Html {
    let Some((place, until)) = fold.first() else { return html! { <span class="quiet">{ words::NOTHING }</span> } };
    let (date, days) = words::date_and_days(*until, today);
    let role = role::expiry(*until, today, false);
    html! {
        <span><span class="nowrap">{ date }{ " " }<span class={classes!("chip", elements::class(role))}>{ days }</span></span><span class="hint path">{ place }</span></span>
    }
}

fn state_of(findings: [usize; 3]) -> Html {
    let role = match findings {
        [0, 0, _] => Role::Ok,
        [0, ..] => Role::Warning,
        _ => Role::Error,
    };
    // Notes need no action.
    let text = words::state([findings[0], findings[1], 0]);
    elements::chip(role, text)
}

/// The files of a node, or of each of several nodes.
fn holders(inventory: &Rc<InventoryReport>, names: &[(String, String)]) -> Html {
    let its: Vec<usize> = names
        .iter()
        .filter_map(|(name, role)| {
            inventory.holders.iter().position(|holder| holder.name == *name && holder.role == *role)
        })
        .collect();
    if let [only] = its[..] {
        let holder = &inventory.holders[only];
        return html! { <div data-test="holder" data-name={holder.name.clone()}>{ slots(holder) }</div> };
    }
    incremental::rows(&its, |_, &index| {
        let content = {
            let inventory = Rc::clone(inventory);
            Callback::from(move |()| slots(&inventory.holders[index]))
        };
        let holder = &inventory.holders[index];
        html! { <cards::Fold key={holder.name.clone()} class="nested" summary={summary(holder)} test="holder" name={holder.name.clone()} {content} /> }
    })
}

fn summary(holder: &HolderReport) -> Html {
    html! { <><b>{ &holder.name }</b><span class="small quiet">{ words::files_of(holder.slots.len()) }</span></> }
}
