//! The table of certificate authorities: subject, key, expiry, fingerprint, what they issued, where they are trusted.

use airlock_core::{
    UnixTime,
    report::{AuthorityReport, InventoryReport},
};
use yew::prelude::*;

use super::{
    cards::{Card, Row},
    certificate::facts,
    elements::{self, Copy},
};
use crate::{
    state::{
        pki::{Pki, Place, Signer},
        role,
    },
    words,
};

/// The card's title.
pub fn card(inventory: &InventoryReport, pki: &Pki, today: UnixTime) -> Html {
    html! {
        <Card id="authorities-found" title={words::AUTHORITIES}>
            <div class="table stack">
                <table class="rows">
                    <thead><tr>
                        for (index, title) in words::CA_TABLE.into_iter().enumerate() {
                            <th key={title} scope="col" class={classes!((index > 4).then_some("r"))}>{ title }</th>
                        }
                    </tr></thead>
                    <tbody>
                        for (index, authority) in inventory.authorities.iter().enumerate() {
                            { row(authority, pki.signers.get(index), today) }
                        }
                    </tbody>
                </table>
            </div>
        </Card>
    }
}

fn row(authority: &AuthorityReport, signer: Option<&Signer>, today: UnixTime) -> Html {
    let certificate = &authority.certificate;
    let places = |of: fn(&Signer) -> &Vec<Place>| {
        signer.map_or(0, |signer| of(signer).iter().map(|place| place.holders.len()).sum::<usize>())
    };
    let [_, subject, key, expires, fingerprint, issued, trusted] = words::CA_TABLE;
    let cells = html! {
        <>
            <td data-l={subject}><span class="path">{ &certificate.subject }</span></td>
            <td data-l={key} class="nowrap">{ &certificate.key_type }</td>
            <td data-l={expires}>{ expiry(certificate.not_before, certificate.not_after, today) }</td>
            <td data-l={fingerprint}><span class="nowrap"><span class="path" data-test="authority-fingerprint" data-fingerprint={certificate.fingerprint.clone()}>{ words::short_fingerprint(&certificate.fingerprint) }</span><Copy text={certificate.fingerprint.clone()} label={format!("Copy SHA-256 fingerprint of the {}", authority.title)} /></span></td>
            <td data-l={issued} class="r">{ words::grouped(places(|signer| &signer.signed)) }</td>
            <td data-l={trusted} class="r nowrap">{ words::count(places(|signer| &signer.trusted_in), "file") }</td>
        </>
    };
    let under = html! { <span class="hint" data-test="authority" data-name={authority.id.as_str()}>{ words::authority_state(authority) }</span> };
    let content = {
        let certificate = certificate.clone();
        Callback::from(move |()| facts(&certificate))
    };
    html! { <Row key={authority.title.clone()} head={html! { &authority.title }} {under} {cells} columns={words::CA_TABLE.len()} {content} test="authority-row" name={authority.id.as_str()} /> }
}

/// An expiry date, the days left, and their share of the validity.
fn expiry(from: UnixTime, until: UnixTime, today: UnixTime) -> Html {
    let role = role::expiry(until, today, true);
    let (date, days) = words::date_and_days(until, today);
    let (span, gone) = ((until.0 - from.0).max(1), (today.0 - from.0).clamp(0, (until.0 - from.0).max(1)));
    let used = gone * 100 / span;
    html! {
        <div>
            <span class="nowrap">{ date }{ " " }<span class={classes!("chip", elements::class(role))}>{ days }</span></span>
            <svg class={classes!("life", elements::class(role))} viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true">
                <rect width="100" height="5" rx="2" /><rect class="left" x={used.to_string()} width={(100 - used).max(2).to_string()} height="5" rx="1" />
            </svg>
        </div>
    }
}
