//! The marks of the matrix. Each has its own shape, so that colour is not needed.

use yew::prelude::*;

use crate::{
    state::chart::{CellStyle, Chart, Mark},
    words,
};

/// All marks, in the order of the legend.
const ALL: [Mark; 8] = [
    Mark::Holds,
    Mark::Changes,
    Mark::Refused,
    Mark::NotAsked,
    Mark::NotJudged,
    Mark::BrokenToday,
    Mark::Outage,
    Mark::Broken,
];

/// The legend.
pub fn legend(chart: &Chart) -> Html {
    let looks: Vec<CellStyle> = chart.groups.iter().flat_map(|group| &group.runs).map(|run| run.style).collect();
    let differs = looks.iter().any(|style| style.differs);
    // “Breaks” is always in the legend, as readers look for it.
    let seldom = [Mark::NotJudged, Mark::BrokenToday, Mark::Outage];
    let shown = |mark: &Mark| !seldom.contains(mark) || looks.iter().any(|style| style.mark == *mark);
    html! {
        <ul class="legend" data-test="legend">
            for mark in ALL.into_iter().filter(shown) {
                <li key={words::mark(mark)}>{ single(CellStyle { mark, differs: false }) }{ words::capital(words::mark(mark)) }</li>
            }
            if differs {
                <li>{ single(CellStyle { mark: Mark::Holds, differs: true }) }{ words::ANOTHER_VERIFIER }</li>
            }
        </ul>
    }
}

/// A mark in a cell.
pub fn single(style: CellStyle) -> Html {
    html! {
        <svg class={classes!("mark", class(style.mark))} viewBox="0 0 20 20" aria-hidden="true">
            { shape(style) }
        </svg>
    }
}

/// A mark's shape, in a square of 20 units.
pub fn shape(style: CellStyle) -> Html {
    let corner = if style.differs {
        html! { <path class="differs" d="M10 0 H20 V10 Z" /> }
    } else {
        Html::default()
    };
    html! { <>{ outline(style.mark) }{ corner }</> }
}

fn outline(mark: Mark) -> Html {
    match mark {
        Mark::NotAsked => html! { <circle cx="10" cy="10" r="1.5" /> },
        Mark::Holds => html! { <rect x="5.5" y="5.5" width="9" height="9" rx="1.5" /> },
        Mark::Changes => {
            html! { <path fill-rule="evenodd" d="M4 2 h12 a2 2 0 0 1 2 2 v12 a2 2 0 0 1 -2 2 h-12 a2 2 0 0 1 -2 -2 v-12 a2 2 0 0 1 2 -2 Z M10 7 a3 3 0 1 0 0.01 0 Z" /> }
        }
        Mark::Refused => {
            html! { <path fill-rule="evenodd" d="M10 2.5 a7.5 7.5 0 1 0 0.01 0 Z M5.5 8.4 h9 v3.2 h-9 Z" /> }
        }
        Mark::NotJudged => {
            html! { <path fill-rule="evenodd" d="M3 3 H17 V17 H3 Z M5 5 V15 H15 V5 Z M9 6.5 h2 v4.5 h-2 Z M9 12 h2 v2 h-2 Z" /> }
        }
        Mark::BrokenToday => {
            html! { <path fill-rule="evenodd" d="M10 1.5 L18.5 10 L10 18.5 L1.5 10 Z M9 5.5 h2 v5.5 h-2 Z M9 12.6 h2 v2 h-2 Z" /> }
        }
        Mark::Outage => {
            html! { <path fill-rule="evenodd" d="M1 1 H19 V19 H1 Z M3 3 V17 H17 V3 Z M6.5 5 L5 6.5 L8.5 10 L5 13.5 L6.5 15 L10 11.5 L13.5 15 L15 13.5 L11.5 10 L15 6.5 L13.5 5 L10 8.5 Z" /> }
        }
        Mark::Broken => {
            html! { <path fill-rule="evenodd" d="M1 1 H19 V19 H1 Z M5.6 4 L4 5.6 L8.4 10 L4 14.4 L5.6 16 L10 11.6 L14.4 16 L16 14.4 L11.6 10 L16 5.6 L14.4 4 L10 8.4 Z" /> }
        }
    }
}

/// A mark's class, and its name for tests.
pub fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "not-asked",
        Mark::Holds => "holds",
        Mark::Changes => "changes",
        Mark::Refused => "refused",
        Mark::NotJudged => "not-judged",
        Mark::BrokenToday => "broken-today",
        Mark::Outage => "outage",
        Mark::Broken => "broken",
    }
}
