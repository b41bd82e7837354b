//! Inspect: what is to be said of the files, and what was found in them.

use std::rc::Rc;

use airlock_core::report::{HolderReport, InventoryReport};
use yew::prelude::*;

use super::{
    certificate::certificate,
    findings::findings,
    gradual::{self, Gradual},
    holder::slots,
    lifetimes::lifetimes,
    nodes,
    part::{Fold, Part},
    pki, platform,
};
use crate::{
    app::Act,
    state::{lifetimes::Lifetimes, pki::Pki},
    words,
};

/// Up to this many holders are open at first.
const FEW: usize = 3;

/// Properties of [`InventoryPart`].
#[derive(Properties, PartialEq)]
pub struct InventoryProps {
    /// What was found.
    pub inventory: Rc<InventoryReport>,
    /// The platform that the person said.
    pub platform: Option<&'static str>,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// What it is in a line, the platform, and findings.
#[component]
pub fn InventoryPart(props: &InventoryProps) -> Html {
    let InventoryProps { inventory, platform: chosen, busy, act } = props;
    html! {
        <Part id="inventory" title="Inspect">
            <p data-test="summary">{ words::summary(inventory, chosen.is_some()) }</p>
            { platform::choice(inventory, *chosen, *busy, act) }
            { findings(&inventory.findings) }
        </Part>
    }
}

/// Properties of [`HoldingsPart`].
#[derive(Properties, PartialEq)]
pub struct HoldingsProps {
    /// What was found.
    pub inventory: Rc<InventoryReport>,
    /// Who signs whom.
    pub pki: Rc<Pki>,
    /// How long everything lives.
    pub lifetimes: Option<Lifetimes>,
}

/// Authorities, holders with their slots, and what has no place.
#[component]
pub fn HoldingsPart(props: &HoldingsProps) -> Html {
    let HoldingsProps { inventory, pki, lifetimes: lives } = props;
    let mut pieces = Vec::new();
    if !inventory.authorities.is_empty() {
        pieces.push(authorities(inventory));
    }
    if !pki.signers.is_empty() {
        pieces.push(html! {
            <>
                <h3 id="pki">{ "Who signs and trusts whom" }</h3>
                { pki::drawing(pki) }
            </>
        });
    }
    if let Some(lives) = lives {
        pieces.push(html! {
            <>
                <h3>{ words::LIFETIMES }</h3>
                { lifetimes(lives) }
            </>
        });
    }
    if !inventory.holders.is_empty() {
        pieces.push(html! {
            <>
                <h3 id="holders">{ "Who holds what" }</h3>
                { nodes::table(inventory) }
            </>
        });
        pieces.push(holders(inventory));
    }
    if !inventory.unrecognised.is_empty() {
        let content = {
            let inventory = Rc::clone(inventory);
            Callback::from(move |()| unrecognised(&inventory))
        };
        pieces.push(html! {
            <Fold test="unrecognised" name="unrecognised" summary={html! { words::without_place(inventory.unrecognised.len()) }} {content} />
        });
    }
    html! { <Part id="holdings" title={words::HOLDINGS}><Gradual {pieces} /></Part> }
}

fn authorities(inventory: &InventoryReport) -> Html {
    html! {
        <>
            <h3>{ "Authorities" }</h3>
            <ul class="plain">
                for authority in &inventory.authorities {
                    <li key={authority.title.clone()} data-test="authority" data-name={words::authority_id(authority.id)}>
                        <strong>{ &authority.title }</strong>{ ", " }{ words::authority_state(authority) }
                        { certificate(&authority.certificate) }
                    </li>
                }
            </ul>
        </>
    }
}

fn holders(inventory: &Rc<InventoryReport>) -> Html {
    let open = inventory.holders.len() <= FEW;
    gradual::rows(&inventory.holders, |index, holder| {
        let content = {
            let inventory = Rc::clone(inventory);
            Callback::from(move |()| slots(&inventory.holders[index]))
        };
        html! { <Fold key={holder.name.clone()} summary={summary(holder)} {open} test="holder" name={holder.name.clone()} {content} /> }
    })
}

fn summary(holder: &HolderReport) -> Html {
    html! { <><strong>{ &holder.name }</strong>{ ", " }{ words::role(&holder.role) }{ ", " }{ words::count(holder.slots.len(), "entry") }</> }
}

fn unrecognised(inventory: &InventoryReport) -> Html {
    html! {
        <ul class="plain">
            for (index, file) in inventory.unrecognised.iter().enumerate() {
                <li key={index}><span class="path">{ &file.file }</span>{ ": " }{ &file.reason }</li>
            }
        </ul>
    }
}
