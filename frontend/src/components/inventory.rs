//! The step Inspect: result, findings, CAs, inventory, expiry; cluster, error explainer and rotation progress.

use std::rc::Rc;

use airlock_core::{UnixTime, report::InventoryReport};
use yew::prelude::*;

use super::{
    authorities,
    cards::{Card, Fold, Head, folded_card},
    elements, findings,
    incremental::Incremental,
    lifetimes::lifetimes,
    nodes::InventoryCard,
    pki, platform,
};
use crate::{
    state::{
        act::Act,
        checklist::{Item, loaded},
        groups,
        lifetimes::{self, Lifetimes},
        nodes::servers,
        pki::Pki,
        role::{self, Role},
    },
    words,
};

/// Properties of [`InspectPart`].
#[derive(Properties, PartialEq)]
pub struct InspectProps {
    /// The inventory.
    pub inventory: Rc<InventoryReport>,
    /// The current PKI.
    pub pki: Rc<Pki>,
    /// The time of the person's computer.
    pub today: UnixTime,
    /// The platform that the person chose.
    pub platform: Option<&'static str>,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
    /// The panels on the right.
    pub children: Html,
}

/// The step.
#[component]
pub fn InspectPart(props: &InspectProps) -> Html {
    let InspectProps { inventory, pki, today, platform: chosen, busy, act, .. } = props;
    let lives = use_memo((inventory.clone(), pki.clone(), *today), |(inventory, pki, today)| {
        lifetimes::lifetimes(inventory, pki, None, *today)
    });
    html! {
        <div class="contents" data-test="inventory">
            <Head id="inventory" title={words::inspect_title(inventory)}><span data-test="summary">{ words::inspect_sentence(inventory, chosen.is_some()) }</span></Head>
            { strip(inventory, (*lives).as_ref(), *today) }
            <div class="cols">
                <div class="stackv" data-test="holdings">
                    { findings::card("findings", words::FINDINGS, &inventory.findings, None) }
                    <Holdings inventory={inventory.clone()} pki={pki.clone()} lifetimes={lives.clone()} today={*today} />
                </div>
                <aside class="stackv tools">
                    <Card id="cluster" title={words::CLUSTER}>
                        <div class="body">
                            { platform::choice(inventory, *chosen, *busy, act) }
                            { facts(inventory) }
                        </div>
                    </Card>
                    { props.children.clone() }
                </aside>
            </div>
        </div>
    }
}

fn facts(inventory: &InventoryReport) -> Html {
    let [server, rotation] = words::CLUSTER_TERMS;
    html! {
        <dl class="kv">
            <dt>{ server }</dt><dd class="path">{ words::servers(&servers(inventory)) }</dd>
            <dt>{ rotation }</dt><dd>{ words::rotation(inventory) }</dd>
        </dl>
    }
}

/// The summary strip.
fn strip(inventory: &InventoryReport, lives: Option<&Lifetimes>, today: UnixTime) -> Html {
    let [result, first, ca, cas, nodes, certificates] = words::STRIP;
    let (said, warnings) = words::result(inventory);
    let role = if groups::errors_and_warnings(inventory).0 == 0 { Role::Ok } else { Role::Error };
    let authority = inventory.authorities.iter().map(|authority| authority.certificate.not_after).min();
    let rotatable = inventory.authorities.iter().filter(|authority| authority.rotates).count();
    let (control, workers) = (loaded(inventory, Item::ControlPlanes), loaded(inventory, Item::Workers));
    let all: usize =
        inventory.holders.iter().flat_map(|holder| &holder.slots).map(|slot| slot.certificates.len()).sum();
    html! {
        <dl class="strip" data-test="strip">
            { elements::stat(role, result, said, warnings) }
            if let Some((what, until)) = lives.and_then(|lives| lives.first.clone()) {
                { elements::stat(role::expiry(until, today, false), first, words::days_until(until, today), words::expiring(&what).rsplit('/').next().unwrap_or_default().to_owned()) }
            }
            if let Some(until) = authority {
                { elements::stat(role::expiry(until, today, true), ca, words::days_until(until, today), until.date()) }
            }
            { elements::stat(Role::Plain, cas, words::of(rotatable, inventory.authorities.len()), words::CAN_ROTATE) }
            { elements::stat(Role::Plain, nodes, words::grouped(control + workers), words::nodes(control, workers)) }
            { elements::stat(Role::Plain, certificates, words::grouped(all), words::keys_loaded(loaded(inventory, Item::Keys))) }
        </dl>
    }
}

/// Properties of [`Holdings`].
#[derive(Properties, PartialEq)]
struct HoldingsProps {
    inventory: Rc<InventoryReport>,
    pki: Rc<Pki>,
    lifetimes: Rc<Option<Lifetimes>>,
    today: UnixTime,
}

/// CAs, inventory, expiry, issuance, and unassigned files.
#[component]
fn Holdings(HoldingsProps { inventory, pki, lifetimes: lives, today }: &HoldingsProps) -> Html {
    let mut pieces = Vec::new();
    if !inventory.authorities.is_empty() {
        pieces.push(authorities::card(inventory, pki, *today));
    }
    if !inventory.holders.is_empty() {
        pieces.push(html! { <InventoryCard {inventory} today={*today} /> });
    }
    if let Some(lives) = &**lives {
        pieces.push(html! { <Card id="expiry" title={words::LIFETIMES}>{ lifetimes(lives) }</Card> });
    }
    if !pki.signers.is_empty() {
        let content = {
            let pki = Rc::clone(pki);
            Callback::from(move |()| pki::drawing(&pki))
        };
        pieces.push(folded_card("pki-card", words::PKI, Html::default(), content));
    }
    if !inventory.unrecognised.is_empty() {
        let content = {
            let inventory = Rc::clone(inventory);
            Callback::from(move |()| unrecognised(&inventory))
        };
        let summary = html! { <b>{ words::without_place(inventory.unrecognised.len()) }</b> };
        pieces.push(html! { <Fold class="card" test="unrecognised" name="unrecognised" {summary} {content} /> });
    }
    html! { <Incremental {pieces} /> }
}

fn unrecognised(inventory: &InventoryReport) -> Html {
    html! {
        <ul class="files">
            for (index, file) in inventory.unrecognised.iter().enumerate() {
                <li key={index}><span class="path">{ &file.file }</span><span class="small quiet">{ &file.reason }</span></li>
            }
        </ul>
    }
}
