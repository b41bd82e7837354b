//! A line of the drawing: what both ends show and trust, and what comes of it.

use std::collections::BTreeMap;

use yew::prelude::*;

use super::marks;
use crate::{
    state::trust::{Held, Seat, Wire, is_asked},
    words,
};

/// Width and height of what is said at an end.
const CHIP: (usize, usize) = (100, 18);
/// From the middle of a wire up and down to its two lines.
const OFF: usize = 11;

/// Which way the client looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client is on the left.
    Rightwards,
    /// The client is on the right.
    Leftwards,
}

/// Draws a wire at height `y` between two sides.
pub fn draw(ends: (Seat, Seat), wire: &Wire, direction: Direction, (from, to): (usize, usize), y: usize) -> Html {
    // What the client shows goes to the server, what the server shows comes back.
    let there = (wire.client_shows, wire.server_trusts);
    let back = (wire.server_shows, wire.client_trusts);
    let lines: Vec<_> = [(there, direction), (back, direction.back())]
        .into_iter()
        .filter(|((shows, trusts), _)| !shows.is_empty() || !trusts.is_empty())
        .collect();
    let heights = if lines.len() == 2 { vec![y - OFF, y + OFF] } else { vec![y] };
    let middle = usize::midpoint(from, to);
    html! {
        <g key={format!("{ends:?}")} class={classes!("wire", marks::class(wire.look.mark))} data-test="wire"
            data-client={words::seat(ends.0)} data-server={words::seat(ends.1)} data-mark={marks::class(wire.look.mark)}>
            <title>{ words::wire(ends, wire) }</title>
            if !is_asked(wire.look) {
                <path class="line" d={format!("M{from} {y} H{to}")} />
            }
            { for lines.into_iter().zip(heights).map(|((held, direction), y)| line(held, direction, (from, to), y)) }
            <g transform={format!("translate({} {})", middle - 10, y - 10)}>
                <circle class="ground" cx="10" cy="10" r="10" />
                { marks::shape(wire.look) }
            </g>
        </g>
    }
}

impl Direction {
    fn back(self) -> Self {
        match self {
            Self::Rightwards => Self::Leftwards,
            Self::Leftwards => Self::Rightwards,
        }
    }
}

/// One half of a handshake: somebody shows, the other trusts.
fn line((shows, trusts): (Held, Held), direction: Direction, (from, to): (usize, usize), y: usize) -> Html {
    let (near, far) = (from + 4, to - 4 - CHIP.0);
    let (start, end) = (near + CHIP.0 + 2, far - 2);
    let (arrow, shown, trusted) = match direction {
        Direction::Rightwards => (format!("M{start} {y} H{end} m-6 -4 l6 4 l-6 4"), near, far),
        Direction::Leftwards => (format!("M{end} {y} H{start} m6 -4 l-6 4 l6 4"), far, near),
    };
    html! {
        <>
            <path class="line" d={arrow} />
            { chip(shows, shown, y, CARD) }
            { chip(trusts, trusted, y, SHIELD) }
        </>
    }
}

/// A card: what is shown. Its outline, and its right half.
const CARD: (&str, &str) = ("M1 3 H15 V14 H1 Z", "M8 3 H15 V14 H8 Z");
/// A shield: what is trusted.
const SHIELD: (&str, &str) =
    ("M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Q1 13.5 1 8.5 V3.5 Z", "M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Z");

fn chip(held: Held, x: usize, y: usize, icon: (&'static str, &'static str)) -> Html {
    if held.is_empty() {
        return Html::default();
    }
    html! {
        <g class={classes!("chip", held.is_open().then_some("open"))} transform={format!("translate({x} {})", y - CHIP.1 / 2)}>
            <rect width={CHIP.0.to_string()} height={CHIP.1.to_string()} rx="4" />
            { picture(held, icon) }
            <text x="22" y="13.5">{ words::held(held) }</text>
        </g>
    }
}

/// Empty for the old, half full for both or either, full for the new.
fn picture(held: Held, (outline, half): (&'static str, &'static str)) -> Html {
    let full = held.new && !held.old && !held.both;
    let none = held.old && !held.new && !held.both;
    html! {
        <g transform="translate(3 0.5)">
            <path class={if full { "full" } else { "empty" }} d={outline} />
            if !full && !none {
                <path class="full" d={half} />
            }
        </g>
    }
}

/// What card and shield mean.
pub fn legend() -> Html {
    let held = |old, both, new| Held { old, both, new, other: false };
    let (old, new) = (held(true, false, false), held(false, false, true));
    let rows = [
        (CARD, [old, held(true, false, true), new], words::SHOWN),
        (SHIELD, [old, held(false, true, false), new], words::TRUSTED),
    ];
    html! {
        <ul class="legend">
            for (icon, states, word) in rows {
                <li key={word}>
                    for state in states {
                        <svg class="mark chip" viewBox="0 0 20 18" aria-hidden="true">{ picture(state, icon) }</svg>
                    }
                    { word }
                </li>
            }
        </ul>
    }
}

/// All wires, as a table.
pub fn table(wires: &BTreeMap<(Seat, Seat), Wire>) -> Html {
    let pair = |shows: Held, trusts: Held| {
        if shows.is_empty() && trusts.is_empty() { "–".to_owned() } else { words::shown_and_trusted(shows, trusts) }
    };
    html! {
        <div class="wide" role="region" tabindex="0" aria-label={words::AS_A_TABLE}>
            <table>
                <thead><tr>{ for words::TRUST_TABLE.map(|title| html! { <th scope="col">{ title }</th> }) }</tr></thead>
                <tbody>
                    for ((client, server), wire) in wires {
                        <tr key={format!("{client:?} {server:?}")} data-test="trust-row">
                            <th scope="row">{ words::connection(words::seat(*client), words::seat(*server)) }</th>
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
