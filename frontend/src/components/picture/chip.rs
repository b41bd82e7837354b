//! What is shown or trusted at an end of a line.

use yew::prelude::*;

use crate::{state::trust::Held, words};

/// Width and height of what is said at an end.
pub const CHIP: (usize, usize) = (100, 18);

/// An outline, and its right half.
type Icon = (&'static str, &'static str);

/// A card: what is shown. Its outline, and its right half.
pub const CARD: Icon = ("M1 3 H15 V14 H1 Z", "M8 3 H15 V14 H8 Z");
/// A shield: what is trusted.
pub const SHIELD: Icon = ("M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Q1 13.5 1 8.5 V3.5 Z", "M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Z");

/// What is held, from `x` on, at height `y`.
pub fn chip(held: Held, x: usize, y: usize, icon: Icon) -> Html {
    if held.is_empty() {
        return Html::default();
    }
    html! {
        <g class={classes!("held", held.is_open().then_some("open"))} transform={format!("translate({x} {})", y - CHIP.1 / 2)}>
            <rect width={CHIP.0.to_string()} height={CHIP.1.to_string()} rx="4" />
            { picture(held, icon) }
            <text x="22" y="13.5">{ words::held(held) }</text>
        </g>
    }
}

/// Empty for the old, half full for both or either, full for the new.
fn picture(held: Held, (outline, half): Icon) -> Html {
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
                        <svg class="mark held" viewBox="0 0 20 18" aria-hidden="true">{ picture(state, icon) }</svg>
                    }
                    { word }
                </li>
            }
        </ul>
    }
}
