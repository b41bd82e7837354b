//! Sample clusters: where one is asked for, and the banner as long as it is there.

use airlock_core::sample::{SAMPLES, Share};
use yew::prelude::*;

use crate::{app::Act, words::sample as words};

/// The samples that can be had.
pub fn choice(busy: bool, act: &Callback<Act>) -> Html {
    html! {
        <div class="practice" data-test="samples">
            <h3 id="samples">{ words::TITLE }</h3>
            <p>{ words::INTRODUCTION }</p>
            <div class="choices" role="group" aria-labelledby="samples">
                for sample in SAMPLES {
                    <button key={sample.id} type="button" disabled={busy} aria-label={format!("{} {}", words::MAKE, sample.title)}
                        data-test={format!("sample-{}", sample.id)} onclick={act.reform(move |_| Act::Sample(sample.id))}>{ sample.title }</button>
                }
            </div>
        </div>
    }
}

/// What is said of it on every step, and in print.
pub fn banner(share: Share, act: &Callback<Act>) -> Html {
    if share == Share::Nothing {
        return Html::default();
    }
    html! {
        <aside class="sample" aria-label="Sample" data-test="sample-banner">
            <p><strong>{ "Sample" }</strong>{ " " }{ words::banner(share) }</p>
            <button type="button" onclick={act.reform(|_| Act::Wipe)} data-test="end-sample">{ words::END }</button>
        </aside>
    }
}
