//! Validity periods, old and new, with today and the earliest expiry.

use yew::prelude::*;

use crate::{
    state::lifetimes::{Kind, Life, Lifetimes},
    words,
};

const WIDTH: i64 = 1080;
/// The width of the names on the left.
const NAMES: i64 = 300;
const ROW: i64 = 34;
const BAR: i64 = 16;
/// The width of half a year's label at the right end.
const YEAR: i64 = 18;
/// The height of the label above, and of the years below.
const TOP: i64 = 26;
const BOTTOM: i64 = 24;

/// The bars over time.
pub fn lifetimes(all: &Lifetimes) -> Html {
    let width = WIDTH - NAMES;
    let x = |at| NAMES + all.x(at, width);
    let height = ROW * i64::try_from(all.lives.len()).unwrap_or_default();
    let today = x(all.today);
    html! {
        <div class="body">
            <p data-test="first-expiry">{ words::first_expiry(all) }</p>
            <div class="scroll-x" role="group" tabindex="0" aria-label={words::LIFETIMES}>
                <svg class="drawing lives" viewBox={format!("-2 0 {} {}", WIDTH + 2 + YEAR, TOP + height + BOTTOM)} role="img" aria-label={words::lifetimes(all)} data-test="lifetimes">
                    for (year, at) in all.years() {
                        <g key={year} class="year">
                            <path d={format!("M{} {TOP} v{height}", x(at))} />
                            <text x={x(at).to_string()} y={(TOP + height + 16).to_string()} text-anchor="middle">{ year }</text>
                        </g>
                    }
                    for (row, life) in (0..).zip(&all.lives) {
                        { bar(life, TOP + row * ROW, x(life.from), (x(life.until), x(life.last))) }
                    }
                    if let Some((_, first)) = &all.first {
                        <path class="first" d={format!("M{0} {TOP} v{height} M{0} {TOP} l-5 -8 h10 z", x(*first))} />
                    }
                    <path class="today" d={format!("M{today} {} v{}", TOP - 6, height + 6)} />
                    <text class="note" x={(today - 4).to_string()} y={(TOP - 10).to_string()} text-anchor="end">{ words::TODAY }</text>
                </svg>
            </div>
        </div>
    }
}

/// A bar with its name: hollow for a current CA, filled for a new one, thin for leaf certificates.
fn bar(life: &Life, y: i64, from: i64, (until, last): (i64, i64)) -> Html {
    let (class, height) = match life.kind {
        Kind::Old => ("old", BAR),
        Kind::New => ("new", BAR),
        Kind::Leaves => ("leaves", BAR / 2),
    };
    let top = y + (ROW - height) / 2;
    html! {
        <g key={format!("{} {class}", life.name)} class={class} data-test="life" data-kind={class}>
            <title>{ words::life(life) }</title>
            <text x="0" y={(y + ROW / 2 + 5).to_string()}>{ words::life_name(life) }</text>
            <rect x={from.to_string()} y={top.to_string()} width={(until - from).max(2).to_string()} height={height.to_string()} />
            if last > until {
                <rect class="rest" x={until.to_string()} y={top.to_string()} width={(last - until).to_string()} height={height.to_string()} />
            }
        </g>
    }
}
