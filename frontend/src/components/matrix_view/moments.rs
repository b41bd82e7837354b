//! The title of the selected step, and the controls that select another.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    components::{
        elements,
        icon::{Icon, icon},
        platform::use_tongue,
    },
    ports::dom,
    state::{chart::Chart, matrix_view::MatrixViewChange},
    words,
};

/// Properties of [`Moments`].
#[derive(Properties, PartialEq)]
pub struct MomentsProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// The selected step.
    pub column: usize,
    /// Receives the person's actions.
    pub change: Callback<MatrixViewChange>,
}

/// The title of the selected step, and the controls that select another.
#[component]
pub fn Moments(props: &MomentsProps) -> Html {
    let MomentsProps { chart, column, change } = props;
    let (column, last) = (*column, chart.last());
    let phase_names = use_tongue();
    let phase = chart.column(column).map_or(0, |moment| moment.phase);
    let slide =
        change.reform(move |event: InputEvent| MatrixViewChange::Choose(dom::value(&event).parse().unwrap_or(column)));
    let to = |target: usize| change.reform(move |_: MouseEvent| MatrixViewChange::Choose(target));
    html! {
        <div class="stackv">
            <p data-test="moment" data-moment={chart.column(column).map(|moment| moment.id.clone())}>
                <strong>{ words::moment(chart, column) }</strong>{ " " }
                { if phase > 0 { elements::phase(phase, words::moment_phase(phase, phase_names)) } else { Html::default() } }
            </p>
            if chart.is_single() { { scrub(chart, column, change) } }
            <div class="slider">
                <button type="button" class="btn sm" disabled={column == 0} onclick={to(column.saturating_sub(1))} data-test="previous">{ icon(Icon::Back) }{ words::PREVIOUS_STEP }</button>
                <label class="sr" for="moment">{ words::MOMENT }</label>
                <input id="moment" type="range" min="0" max={last.to_string()} step="1" value={column.to_string()} list="moments"
                    aria-valuetext={words::moment(chart, column)} oninput={slide} data-test="slider" />
                <button type="button" class="btn sm" disabled={column == last} onclick={to(column + 1)} data-test="next">{ words::NEXT_STEP }{ icon(Icon::Arrow) }</button>
            </div>
            <datalist id="moments">
                for moment in 0..=last {
                    <option key={moment} value={moment.to_string()} label={words::moment(chart, moment)} />
                }
            </datalist>
        </div>
    }
}

/// The steps as bars in the colours and patterns of their phases, for the pointer; the slider is for keys.
fn scrub(chart: &Chart, chosen: usize, change: &Callback<MatrixViewChange>) -> Html {
    let one = |column: usize| {
        let moment = chart.column(column);
        let phase = moment.map_or(0, |moment| moment.phase);
        let begins = chart.phases.iter().any(|(_, from, _)| *from == column && column > 0);
        let class =
            classes!(elements::phase_class(phase), begins.then_some("gap"), (column < chosen).then_some("past"));
        html! {
            <li key={column} {class}><span class="tick" data-here={(column == chosen).then_some("true")} title={words::moment(chart, column)}
                onclick={change.reform(move |_: MouseEvent| MatrixViewChange::Choose(column))}>{ column }</span></li>
        }
    };
    html! { <ol class="scrub" aria-hidden="true">{ for (0..=chart.last()).map(one) }</ol> }
}
