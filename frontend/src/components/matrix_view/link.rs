//! A link of the diagram: what both ends present and trust, and the result.

use yew::prelude::*;

use super::{
    chip::{CARD, CHIP, SHIELD, chip},
    marks,
};
use crate::{
    state::trust::{CaSet, Link, Participant, is_asked},
    words,
};

/// The distance from the middle of a link to each of its two lines.
const OFF: usize = 11;

/// The direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client is on the left.
    Rightwards,
    /// The client is on the right.
    Leftwards,
}

/// Draws a link at height `y` between two participants.
pub fn draw(
    ends: (Participant, Participant),
    link: &Link,
    direction: Direction,
    (from, to): (usize, usize),
    y: usize,
) -> Html {
    html! {
        <g key={format!("{ends:?}")} class={classes!("wire", marks::class(link.style.mark))} data-test="wire"
            data-client={words::participant(ends.0)} data-server={words::participant(ends.1)} data-mark={marks::class(link.style.mark)}>
            <title>{ words::link(ends, link) }</title>
            { halves(link, direction, (from, to), y) }
        </g>
    }
}

/// Both halves of a TLS handshake, with the result in the middle.
pub fn halves(link: &Link, direction: Direction, (from, to): (usize, usize), y: usize) -> Html {
    // The client's certificate goes to the server, the server's certificate to the client.
    let there = (link.client_presents, link.server_trusts);
    let back = (link.server_presents, link.client_trusts);
    let lines: Vec<_> = [(there, direction), (back, direction.back())]
        .into_iter()
        .filter(|((shows, trusts), _)| !shows.is_empty() || !trusts.is_empty())
        .collect();
    let heights = if lines.len() == 2 { vec![y - OFF, y + OFF] } else { vec![y] };
    let middle = usize::midpoint(from, to);
    html! {
        <>
            if !is_asked(link.style) {
                <path class="line" d={format!("M{from} {y} H{to}")} />
            }
            { for lines.into_iter().zip(heights).map(|((ca_set, direction), y)| line(ca_set, direction, (from, to), y)) }
            <g transform={format!("translate({} {})", middle - 10, y - 10)}>
                <circle class="ground" cx="10" cy="10" r="10" />
                { marks::shape(link.style) }
            </g>
        </>
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

/// One half of a handshake: what one end presents, and what the other end trusts.
fn line((shows, trusts): (CaSet, CaSet), direction: Direction, (from, to): (usize, usize), y: usize) -> Html {
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
