//! The trust diagram at one step: clients left, kube-apiserver in the middle, other components right, old holder below.

use std::rc::Rc;

use yew::prelude::*;

use super::{
    chip,
    layout::{BELOW, BOX, LEFT, Links, MIDDLE, RIGHT, WIDTH, party},
    link::{self, Direction},
    old_holder, table,
};
use crate::{
    components::cards::Fold,
    state::{
        chart::Chart,
        trust::{self, Link, Participant},
    },
    words,
};

const ROW: usize = 52;
const GAP: usize = 12;

/// Properties of [`Drawing`].
#[derive(Properties, PartialEq)]
pub struct DrawingProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// The selected step.
    pub column: usize,
}

/// The diagram, and the same as a table.
#[component]
pub fn Drawing(props: &DrawingProps) -> Html {
    let links = Rc::new(trust::links(&props.chart, props.column));
    let heights = [&LEFT[..], &RIGHT]
        .map(|participants| extent(&links, participants))
        .map(|(parties, rows)| rows + parties * GAP);
    let height = heights.into_iter().max().unwrap_or_default();
    let old = links.keys().any(|(client, server)| [client, server].contains(&&Participant::OldHolder));
    let total = if old { height + BELOW + 42 } else { height + 2 };
    let content = Callback::from({
        let links = Rc::clone(&links);
        move |()| table::table(&links)
    });
    html! {
        <>
            <div class="scroll-x" role="group" tabindex="0" aria-labelledby="trust">
                <svg class="drawing" viewBox={format!("-2 -2 {} {}", WIDTH + 4, total + 4)} role="img" aria-label={words::drawing(&props.chart, props.column)} data-test="drawing">
                    { party(Participant::Apiserver, MIDDLE, 0, height, WIDTH - 2 * MIDDLE) }
                    { side(&links, &LEFT, 0, height) }
                    { side(&links, &RIGHT, WIDTH - BOX, height) }
                    if old { { old_holder::draw(&links, height) } }
                </svg>
            </div>
            { chip::legend() }
            <p class="small quiet">{ words::DRAWING_HINT }</p>
            <Fold class="nested" summary={html! { words::AS_A_TABLE }} {content} test="trust-table" name="trust" />
        </>
    }
}

/// The links between a participant and kube-apiserver, in both directions.
fn of(links: &Links, participant: Participant) -> Vec<((Participant, Participant), &Link)> {
    let ends = [(participant, Participant::Apiserver), (Participant::Apiserver, participant)];
    ends.into_iter().filter_map(|ends| Some((ends, links.get(&ends)?))).collect()
}

/// The number of participants in a column, and their total height.
fn extent(links: &Links, participants: &[Participant]) -> (usize, usize) {
    let rows: Vec<usize> =
        participants.iter().map(|participant| of(links, *participant).len()).filter(|rows| *rows > 0).collect();
    (rows.len(), rows.iter().sum::<usize>() * ROW)
}

/// A column of participants, distributed over the height. The height of each depends on its number of links.
fn side(links: &Links, participants: &[Participant], x: usize, height: usize) -> Html {
    let (parties, together) = extent(links, participants);
    let gap = height.saturating_sub(together).checked_div(parties.saturating_sub(1)).unwrap_or_default();
    let mut y = 0;
    let mut drawn = Vec::new();
    for &participant in participants {
        let found = of(links, participant);
        if found.is_empty() {
            continue;
        }
        let height = found.len() * ROW;
        drawn.push(party(participant, x, y, height, BOX));
        for (index, (ends, link)) in found.into_iter().enumerate() {
            let (from, to) = if x == 0 { (BOX, MIDDLE) } else { (WIDTH - MIDDLE, WIDTH - BOX) };
            let rightwards = (ends.0 == Participant::Apiserver) != (x == 0);
            let direction = if rightwards { Direction::Rightwards } else { Direction::Leftwards };
            drawn.push(link::draw(ends, link, direction, (from, to), y + index * ROW + ROW / 2));
        }
        y += height + gap;
    }
    drawn.into_iter().collect()
}
