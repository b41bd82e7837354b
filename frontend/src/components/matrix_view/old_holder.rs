//! The holder of an old certificate or the old CA key, at the foot of the diagram.

use yew::prelude::*;

use super::{
    layout::{BELOW, BOX, LEFT, Links, MIDDLE, RIGHT, WIDTH, party},
    marks,
};
use crate::{
    state::trust::{self, Participant},
    words,
};

/// The old holder, and whether the other components still accept it.
pub fn draw(links: &Links, height: usize) -> Html {
    let of = |participants: &[Participant]| {
        trust::worst(links.iter().filter_map(|((client, server), link)| {
            let ((Participant::OldHolder, other) | (other, Participant::OldHolder)) = (client, server) else {
                return None;
            };
            participants.contains(other).then_some(link)
        }))
    };
    let y = height + BELOW;
    let columns = [
        (of(&LEFT), 0, BOX),
        (of(&[Participant::Apiserver]), MIDDLE, WIDTH - 2 * MIDDLE),
        (of(&RIGHT), WIDTH - BOX, BOX),
    ];
    html! {
        <>
            { party(Participant::OldHolder, 0, y, 40, WIDTH) }
            for (style, x, width) in columns.into_iter().filter_map(|(style, x, width)| Some((style?, x, width))) {
                <g key={x} class={classes!("wire", marks::class(style.mark))}>
                    <path class="line" d={format!("M{} {} V{} M{x} {} H{}", x + width / 2, height + 10, y, height + 10, x + width)} />
                    <g transform={format!("translate({} {})", x + width / 2 - 10, height + 26)}>
                        <circle class="ground" cx="10" cy="10" r="12" />
                        { marks::shape(style) }
                    </g>
                    // Beside the mark, towards the middle of the drawing.
                    <text class="note" text-anchor={if x > MIDDLE { "end" } else { "start" }} y={(height + 41).to_string()}
                        x={(if x > MIDDLE { x + width / 2 - 18 } else { x + width / 2 + 18 }).to_string()}>{ words::old_holder(style.mark) }</text>
                </g>
            }
        </>
    }
}
