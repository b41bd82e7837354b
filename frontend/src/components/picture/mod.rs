//! The rotation as a picture: what comes of every edge at every moment, and who trusts whom at the chosen one.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    app::Act,
    components::outage::outages,
    state::{
        chart::Chart,
        outage,
        picture::{Picture, PictureChange},
    },
    words,
};

mod chip;
mod drawing;
mod explanation;
mod grid;
mod line;
mod marks;
mod moments;
mod old_holder;
mod table;
mod wire;

use drawing::Drawing;
use explanation::Explanation;
use grid::Grid;
use moments::Moments;

/// Properties of the parts that show it: [`MatrixPart`] and [`TrustPart`].
#[derive(Properties, PartialEq)]
pub struct PictureProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// Where the person is in it.
    pub picture: Picture,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// What comes of every edge, with its words.
#[component]
pub fn MatrixPart(props: &PictureProps) -> Html {
    let PictureProps { chart, picture, act } = props;
    let change = use_change(act);
    let change = &*change;
    let (line, column) = picture.explained();
    let found = outage::outages(chart);
    html! {
        <>
            <h3 id="matrix">{ "Will anything stop talking?" }</h3>
            <p data-test="matrix-summary"><strong>{ words::answer(chart) }</strong>{ " " }{ words::matrix(&chart.matrix) }</p>
            if chart.accepted && !found.is_empty() {
                { outages(&found, Some(chart)) }
            }
            { marks::legend(chart) }
            <p id="picture-hint" class="hint">{ words::PICTURE_HINT }</p>
            <div class="picture">
                <Grid {chart} picture={picture.clone()} {change} />
                <Explanation {chart} {line} {column} />
            </div>
        </>
    }
}

/// Who trusts whom at the chosen moment.
#[component]
pub fn TrustPart(props: &PictureProps) -> Html {
    let PictureProps { chart, picture, act } = props;
    let change = use_change(act);
    html! {
        <>
            <h3 id="trust">{ "Who trusts whom" }</h3>
            <Moments {chart} column={picture.column} change={(*change).clone()} />
            <Drawing {chart} column={picture.column} />
        </>
    }
}

/// Where the person's doings in the picture go. Made once, so that only what changes is drawn again.
#[hook]
fn use_change(act: &Callback<Act>) -> Rc<Callback<PictureChange>> {
    use_memo(act.clone(), |act| act.reform(Act::Picture))
}
