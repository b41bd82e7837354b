//! Sample clusters.

use airlock_core::sample::SAMPLES;
use yew::prelude::*;

use super::cards::Card;
use crate::{state::act::Act, words::sample as words};

/// The samples that can be generated.
pub fn choice(busy: bool, act: &Callback<Act>) -> Html {
    html! {
        <Card id="samples" title={words::TITLE} lead={html! { words::INTRODUCTION }}>
            <div class="body">
                <div class="row" role="group" aria-labelledby="samples">
                    for sample in SAMPLES {
                        <button key={sample.id} type="button" class="btn sm" disabled={busy} aria-label={format!("{} {}", words::MAKE, sample.title)}
                            data-test={format!("sample-{}", sample.id)} onclick={act.reform(move |_| Act::Sample(sample.id))}>{ sample.title }</button>
                    }
                </div>
            </div>
        </Card>
    }
}
