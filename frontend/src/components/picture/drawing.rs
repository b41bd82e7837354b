//! Who trusts whom at a moment: clients on the left, what kube-apiserver lives with on the right, the old holder below.

use std::rc::Rc;

use yew::prelude::*;

use super::{
    chip,
    layout::{BELOW, BOX, LEFT, MIDDLE, RIGHT, WIDTH, Wires, party},
    old_holder, table,
    wire::{self, Direction},
};
use crate::{
    components::part::Fold,
    state::{
        chart::Chart,
        trust::{self, Seat, Wire},
    },
    words,
};

const ROW: usize = 52;
const GAP: usize = 12;

/// Properties of [`Drawing`].
#[derive(Properties, PartialEq)]
pub struct DrawingProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// The chosen moment.
    pub column: usize,
}

/// The drawing, and the same as a table.
#[component]
pub fn Drawing(props: &DrawingProps) -> Html {
    let wires = Rc::new(trust::wires(&props.chart, props.column));
    let heights = [&LEFT[..], &RIGHT].map(|seats| extent(&wires, seats)).map(|(parties, rows)| rows + parties * GAP);
    let height = heights.into_iter().max().unwrap_or_default();
    let old = wires.keys().any(|(client, server)| [client, server].contains(&&Seat::OldHolder));
    let total = if old { height + BELOW + 42 } else { height + 2 };
    let content = Callback::from({
        let wires = Rc::clone(&wires);
        move |()| table::table(&wires)
    });
    html! {
        <>
            <div class="scroll-x" role="group" tabindex="0" aria-labelledby="trust">
                <svg class="drawing" viewBox={format!("-2 -2 {} {}", WIDTH + 4, total + 4)} role="img" aria-label={words::drawing(&props.chart, props.column)} data-test="drawing">
                    { party(Seat::Apiserver, MIDDLE, 0, height, WIDTH - 2 * MIDDLE) }
                    { side(&wires, &LEFT, 0, height) }
                    { side(&wires, &RIGHT, WIDTH - BOX, height) }
                    if old { { old_holder::draw(&wires, height) } }
                </svg>
            </div>
            { chip::legend() }
            <p class="small quiet">{ words::DRAWING_HINT }</p>
            <Fold class="nested" summary={html! { words::AS_A_TABLE }} {content} test="trust-table" name="trust" />
        </>
    }
}

/// The wires between a party and kube-apiserver, either way.
fn of(wires: &Wires, seat: Seat) -> Vec<((Seat, Seat), &Wire)> {
    let ends = [(seat, Seat::Apiserver), (Seat::Apiserver, seat)];
    ends.into_iter().filter_map(|ends| Some((ends, wires.get(&ends)?))).collect()
}

/// How many parties of a column there are, and how high they are together.
fn extent(wires: &Wires, seats: &[Seat]) -> (usize, usize) {
    let rows: Vec<usize> = seats.iter().map(|seat| of(wires, *seat).len()).filter(|rows| *rows > 0).collect();
    (rows.len(), rows.iter().sum::<usize>() * ROW)
}

/// A column of parties, each as high as it has wires, spread over the height.
fn side(wires: &Wires, seats: &[Seat], x: usize, height: usize) -> Html {
    let (parties, together) = extent(wires, seats);
    let gap = height.saturating_sub(together).checked_div(parties.saturating_sub(1)).unwrap_or_default();
    let mut y = 0;
    let mut drawn = Vec::new();
    for &seat in seats {
        let found = of(wires, seat);
        if found.is_empty() {
            continue;
        }
        let height = found.len() * ROW;
        drawn.push(party(seat, x, y, height, BOX));
        for (index, (ends, wire)) in found.into_iter().enumerate() {
            let (from, to) = if x == 0 { (BOX, MIDDLE) } else { (WIDTH - MIDDLE, WIDTH - BOX) };
            let rightwards = (ends.0 == Seat::Apiserver) != (x == 0);
            let direction = if rightwards { Direction::Rightwards } else { Direction::Leftwards };
            drawn.push(wire::draw(ends, wire, direction, (from, to), y + index * ROW + ROW / 2));
        }
        y += height + gap;
    }
    drawn.into_iter().collect()
}
