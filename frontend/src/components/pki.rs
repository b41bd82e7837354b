//! The PKI as it is today, drawn: CAs in the middle, where they are trusted on the left, what they issued on the right.

use std::rc::Rc;

use yew::prelude::*;

use super::cards::Fold;
use crate::{
    state::pki::{Pki, Place, Signer},
    words,
};

const WIDTH: usize = 1080;
const SIDE: usize = 390;
const ARROW: usize = 40;
const ROW: usize = 40;
/// Characters that fit beside the expiry date.
const HOLDERS: usize = 38;
/// The height of a CA: title, subject and expiry.
const LEAST: usize = 76;
const GAP: usize = 24;

/// The diagram, and the same as a table.
pub fn drawing(pki: &Rc<Pki>) -> Html {
    let heights: Vec<usize> = pki.signers.iter().map(height).collect();
    let total = heights.iter().map(|height| height + GAP).sum::<usize>();
    let mut y = 0;
    let mut drawn = Vec::new();
    for (signer, height) in pki.signers.iter().zip(heights) {
        drawn.push(authority(signer, y, height));
        y += height + GAP;
    }
    let content = {
        let pki = Rc::clone(pki);
        Callback::from(move |()| table(&pki))
    };
    html! {
        <div class="body">
            <div class="scroll-x" role="group" tabindex="0" aria-label={words::PKI}>
                <svg class="drawing pki" viewBox={format!("-2 -24 {} {}", WIDTH + 4, total + 12)} role="img" aria-label={words::pki(pki)} data-test="pki">
                    <text class="note" x={SIDE.to_string()} y="-8" text-anchor="end">{ words::TRUSTED_IN }</text>
                    <text class="note" x={(WIDTH - SIDE).to_string()} y="-8">{ words::SIGNED }</text>
                    { drawn.into_iter().collect::<Html>() }
                </svg>
            </div>
            <Fold class="nested" summary={html! { words::AS_A_TABLE }} {content} test="pki-table" name="pki" />
        </div>
    }
}

fn height(signer: &Signer) -> usize {
    (signer.trusted_in.len().max(signer.signed.len()) * ROW).max(LEAST)
}

fn authority(signer: &Signer, y: usize, height: usize) -> Html {
    let (x, width) = (SIDE + ARROW, WIDTH - 2 * (SIDE + ARROW));
    let middle = x + width / 2;
    let lines =
        [words::short(&signer.subject, 30), words::until_date(signer.until), words::key_given(signer.key).to_owned()];
    html! {
        <g key={signer.title.clone()} class="party" data-test="pki-authority" data-name={signer.title.clone()}>
            <rect x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} rx="6" />
            <text x={middle.to_string()} y={(y + 20).to_string()} text-anchor="middle">{ &signer.title }</text>
            for (index, line) in lines.into_iter().enumerate() {
                <text key={index} class="small" x={middle.to_string()} y={(y + 37 + 16 * index).to_string()} text-anchor="middle">{ line }</text>
            }
            { for signer.trusted_in.iter().enumerate().map(|(row, place)| row_of(place, SIDE, (SIDE + ARROW, SIDE + 6), y + row * ROW)) }
            { for signer.signed.iter().enumerate().map(|(row, place)| row_of(place, WIDTH - SIDE, (x + width, WIDTH - SIDE - 6), y + row * ROW)) }
        </g>
    }
}

/// A path and its holders, with an arrow from the CA.
fn row_of(place: &Place, x: usize, (from, to): (usize, usize), y: usize) -> Html {
    let (tip, anchor) = if to > from { ("m-6 -4 l6 4 l-6 4", "start") } else { ("m6 -4 l-6 4 l6 4", "end") };
    let middle = y + ROW / 2 - 4;
    html! {
        <g key={format!("{x} {}", place.path)} class="place" data-test="pki-place">
            <title>{ words::place_and_holders(place) }</title>
            <path class="line" d={format!("M{from} {middle} H{to} {tip}")} />
            <text class="path" x={x.to_string()} y={(y + 13).to_string()} text-anchor={anchor}>{ words::short(&place.path, 52) }</text>
            <text class="small" x={x.to_string()} y={(y + 28).to_string()} text-anchor={anchor}>{ words::holders_in(&place.holders, HOLDERS) }{ ", " }{ words::until_date(place.until) }</text>
        </g>
    }
}

/// All paths of the diagram, and certificates of other issuers.
fn table(pki: &Pki) -> Html {
    let rows = |kind: &'static str, title: String, places: &[Place]| -> Html {
        let rows = places.iter().map(|place| {
            html! {
                <tr key={format!("{title} {kind} {}", place.path)} data-test="pki-row">
                    <th scope="row" class="path">{ &place.path }</th>
                    <td>{ place.holders.join(", ") }</td>
                    <td>{ kind }{ " " }{ &title }</td>
                    <td>{ place.until.date() }</td>
                </tr>
            }
        });
        rows.collect()
    };
    html! {
        <div class="table" role="region" tabindex="0" aria-label={words::AS_A_TABLE}>
            <table>
                <thead><tr>{ for words::PKI_TABLE.map(|title| html! { <th scope="col">{ title }</th> }) }</tr></thead>
                <tbody>
                    for signer in &pki.signers {
                        { rows(words::TRUSTS, signer.title.clone(), &signer.trusted_in) }
                        { rows(words::SIGNED_BY, signer.title.clone(), &signer.signed) }
                    }
                    { rows(words::SIGNED_BY, words::NONE_OF_THEM.to_owned(), &pki.others) }
                </tbody>
            </table>
        </div>
    }
}
