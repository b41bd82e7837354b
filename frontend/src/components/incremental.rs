//! Draws long lists in several tasks, so that the page stays responsive.

use yew::prelude::*;

use super::cards::Printing;
use crate::ports::{scheduling, spawn};

/// The number of rows that are drawn in one task.
pub const ROWS: usize = 32;

/// Properties of [`Incremental`].
#[derive(Properties, PartialEq)]
pub struct IncrementalProps {
    /// The pieces.
    pub pieces: Vec<Html>,
    /// The number of pieces that are drawn in each task.
    #[prop_or(1)]
    pub at_once: usize,
}

/// Draws some pieces in each task; all of them at once for printing. Drawn pieces stay.
#[component]
pub fn Incremental(IncrementalProps { pieces, at_once }: &IncrementalProps) -> Html {
    let at_once = *at_once;
    let drawn = use_state_eq(|| at_once);
    let Printing(printing) = use_context().unwrap_or_default();
    {
        let drawn = drawn.clone();
        use_effect_with((*drawn, pieces.len()), move |&(done, all)| {
            if done < all {
                spawn(async move {
                    scheduling::turn().await;
                    drawn.set(done + at_once);
                });
            }
        });
    }
    let shown = if printing { pieces.len() } else { pieces.len().min(*drawn) };
    // Nobody sees or hears it: tests wait until it is gone.
    let later = (shown < pieces.len()).then(|| html! { <template key="later" data-test="later" /> });
    pieces[..shown].iter().cloned().chain(later).collect()
}

/// The rows of a long list, each with a key.
pub fn rows<T>(all: &[T], row: impl Fn(usize, &T) -> Html) -> Html {
    let pieces: Vec<Html> = all.iter().enumerate().map(|(index, one)| row(index, one)).collect();
    html! { <Incremental {pieces} at_once={ROWS} /> }
}
