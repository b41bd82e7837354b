//! What a participant presents or trusts, at an end of a link.

use yew::prelude::*;

use crate::{state::trust::CaSet, words};

/// Width and height of a chip.
pub const CHIP: (usize, usize) = (100, 18);

/// The path of an outline, and of its right half.
type Icon = (&'static str, &'static str);

/// The shape of what is presented: a card.
pub const CARD: Icon = ("M1 3 H15 V14 H1 Z", "M8 3 H15 V14 H8 Z");
/// The shape of what is trusted: a shield.
pub const SHIELD: Icon = ("M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Q1 13.5 1 8.5 V3.5 Z", "M8 1 L15 3.5 V8.5 Q15 13.5 8 16 Z");

/// Draws a set of CAs at `x`, centered at `y`.
pub fn chip(ca_set: CaSet, x: usize, y: usize, icon: Icon) -> Html {
    if ca_set.is_empty() {
        return Html::default();
    }
    html! {
        <g class={classes!("held", ca_set.is_open().then_some("open"))} transform={format!("translate({x} {})", y - CHIP.1 / 2)}>
            <rect width={CHIP.0.to_string()} height={CHIP.1.to_string()} rx="4" />
            { matrix_view(ca_set, icon) }
            <text x="22" y="13.5">{ words::ca_set(ca_set) }</text>
        </g>
    }
}

/// The fill: none for old, half for both or either, full for new.
fn matrix_view(ca_set: CaSet, (outline, half): Icon) -> Html {
    let full = ca_set.new && !ca_set.old && !ca_set.both;
    let none = ca_set.old && !ca_set.new && !ca_set.both;
    html! {
        <g transform="translate(3 0.5)">
            <path class={if full { "full" } else { "empty" }} d={outline} />
            if !full && !none {
                <path class="full" d={half} />
            }
        </g>
    }
}

/// The legend of card and shield.
pub fn legend() -> Html {
    let ca_set = |old, both, new| CaSet { old, both, new, other: false };
    let (old, new) = (ca_set(true, false, false), ca_set(false, false, true));
    let rows = [
        (CARD, [old, ca_set(true, false, true), new], words::SHOWN),
        (SHIELD, [old, ca_set(false, true, false), new], words::TRUSTED),
    ];
    html! {
        <ul class="legend">
            for (icon, states, word) in rows {
                <li key={word}>
                    for state in states {
                        <svg class="mark held" viewBox="0 0 20 18" aria-hidden="true">{ matrix_view(state, icon) }</svg>
                    }
                    { word }
                </li>
            }
        </ul>
    }
}
