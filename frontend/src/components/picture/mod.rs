//! The rotation as a matrix and as a diagram: every connection at every step, and who trusts whom at the selected one.

use std::rc::Rc;

use airlock_core::report::PlanReport;
use yew::prelude::*;

use super::part::Card;
use crate::{
    components::outage::outages,
    state::{
        act::Act,
        chart::Chart,
        outage,
        picture::{Picture, PictureChange},
    },
    words,
};

mod chip;
mod drawing;
mod grid;
mod layout;
mod marks;
mod moments;
mod old_holder;
mod panel;
mod step_row;
mod table;
mod wire;

use drawing::Drawing;
use grid::Grid;
use moments::Moments;
use panel::Panel;

/// Properties of the parts that show it: [`MatrixPart`] and [`TrustPart`].
#[derive(Properties, PartialEq)]
pub struct PictureProps {
    /// What was predicted.
    pub chart: Rc<Chart>,
    /// Where the person is in it.
    pub picture: Picture,
    /// The plan, whose steps the panel explains.
    #[prop_or_default]
    pub plan: Option<Rc<PlanReport>>,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The matrix, and beside it the panel that explains the selected cell.
#[component]
pub fn MatrixPart(props: &PictureProps) -> Html {
    let PictureProps { chart, picture, plan, act } = props;
    let change = use_change(act);
    let change = &*change;
    let (line, column) = picture.explained();
    let found = outage::outages(chart);
    let aside = html! { <span id="picture-hint" class="small quiet">{ words::PICTURE_HINT }</span> };
    html! {
        <>
            if chart.accepted && !found.is_empty() { { outages(&found, Some(chart)) } }
            <div class="cols panelled">
                <Card id="matrix" title={words::MATRIX} {aside}>
                    <div class="matrix-wrap scroll-x" role="region" tabindex="-1" aria-label={words::MATRIX_REGION}>
                        { marks::legend(chart) }
                        <Grid {chart} picture={picture.clone()} {change} />
                    </div>
                </Card>
                <Panel {chart} {line} {column} plan={plan.clone()} {change} />
            </div>
        </>
    }
}

/// Who trusts whom at the selected step.
#[component]
pub fn TrustPart(props: &PictureProps) -> Html {
    let PictureProps { chart, picture, act, .. } = props;
    let change = use_change(act);
    html! {
        <Card id="trust" title={words::TRUST}>
            <div class="body">
                <Moments {chart} column={picture.column} change={(*change).clone()} />
                <Drawing {chart} column={picture.column} />
            </div>
        </Card>
    }
}

/// Where the person's doings in the matrix go. Made once, so that only what changes is drawn again.
#[hook]
fn use_change(act: &Callback<Act>) -> Rc<Callback<PictureChange>> {
    use_memo(act.clone(), |act| act.reform(Act::Picture))
}
