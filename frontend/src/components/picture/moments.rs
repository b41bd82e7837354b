//! The slider through the moments of the rotation.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    components::platform::use_tongue,
    ports::dom,
    state::{chart::Chart, picture::PictureChange},
    words,
};

/// Properties of [`Moments`].
#[derive(Properties, PartialEq)]
pub struct MomentsProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// The chosen moment.
    pub column: usize,
    /// Where the person's doings go.
    pub change: Callback<PictureChange>,
}

/// The chosen moment by name, and ways to the others.
#[component]
pub fn Moments(props: &MomentsProps) -> Html {
    let MomentsProps { chart, column, change } = props;
    let (column, last) = (*column, chart.last());
    let tongue = use_tongue();
    let phase = chart.column(column).map_or(0, |moment| moment.phase);
    let slide =
        change.reform(move |event: InputEvent| PictureChange::Choose(dom::value(&event).parse().unwrap_or(column)));
    let to = |target: usize| change.reform(move |_: MouseEvent| PictureChange::Choose(target));
    html! {
        <div class="moments">
            <p class="chosen" data-test="moment" data-moment={chart.column(column).map(|moment| moment.id.clone())}>
                <strong>{ words::moment(chart, column) }</strong>
                <span class="hint">{ words::moment_phase(phase, tongue) }</span>
            </p>
            <label for="moment">{ "Moment of the rotation" }</label>
            <div class="slider">
                <button type="button" disabled={column == 0} onclick={to(column.saturating_sub(1))} data-test="previous">{ "Previous" }</button>
                <input id="moment" type="range" min="0" max={last.to_string()} step="1" value={column.to_string()} list="moments"
                    aria-valuetext={words::moment(chart, column)} oninput={slide} data-test="slider" />
                <button type="button" disabled={column == last} onclick={to(column + 1)} data-test="next">{ "Next" }</button>
            </div>
            <datalist id="moments">
                for moment in 0..=last {
                    <option key={moment} value={moment.to_string()} label={words::moment(chart, moment)} />
                }
            </datalist>
            <ul class="phases">
                for (phase, from, _) in &chart.phases {
                    <li key={*from}><button type="button" class="link" onclick={to(*from)}>{ words::moment_phase(*phase, tongue) }</button></li>
                }
            </ul>
        </div>
    }
}
