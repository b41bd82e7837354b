//! The trust matrix (every connection at every step) and the trust diagram of the selected step.

use std::rc::Rc;

use airlock_core::report::PlanReport;
use yew::prelude::*;

use super::cards::Card;
use crate::{
    components::outage::outages,
    state::{
        act::Act,
        chart::Chart,
        matrix_view::{MatrixView, MatrixViewChange},
        outage,
    },
    words,
};

mod chip;
mod drawing;
mod grid;
mod layout;
mod link;
mod marks;
mod moments;
mod old_holder;
mod panel;
mod step_row;
mod table;

use drawing::Drawing;
use grid::Grid;
use moments::Moments;
use panel::Panel;

/// Properties of [`MatrixPart`] and [`TrustPart`].
#[derive(Properties, PartialEq)]
pub struct PictureProps {
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// Selection and focus in the matrix.
    pub matrix_view: MatrixView,
    /// The plan that contains the steps.
    #[prop_or_default]
    pub plan: Option<Rc<PlanReport>>,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The matrix, and the panel that explains the selected cell.
#[component]
pub fn MatrixPart(props: &PictureProps) -> Html {
    let PictureProps { chart, matrix_view, plan, act } = props;
    let change = use_change(act);
    let change = &*change;
    let (line, column) = matrix_view.explained();
    let accepted = use_memo(chart.clone(), |chart| if chart.accepted { outage::outages(chart) } else { Vec::new() });
    let aside = html! { <span id="picture-hint" class="small quiet">{ words::PICTURE_HINT }</span> };
    html! {
        <>
            if !accepted.is_empty() { { outages(&accepted, Some(chart)) } }
            <div class="cols panelled">
                <Card id="matrix" title={words::MATRIX} {aside}>
                    <div class="matrix-wrap scroll-x" role="region" tabindex="-1" aria-label={words::MATRIX_REGION}>
                        { marks::legend(chart) }
                        <Grid {chart} matrix_view={matrix_view.clone()} {change} />
                    </div>
                </Card>
                <Panel {chart} {line} {column} plan={plan.clone()} {change} />
            </div>
        </>
    }
}

/// The trust diagram of the selected step.
#[component]
pub fn TrustPart(props: &PictureProps) -> Html {
    let PictureProps { chart, matrix_view, act, .. } = props;
    let change = use_change(act);
    html! {
        <Card id="trust" title={words::TRUST}>
            <div class="body">
                <Moments {chart} column={matrix_view.column} change={(*change).clone()} />
                <Drawing {chart} column={matrix_view.column} />
            </div>
        </Card>
    }
}

/// Receives changes of selection and focus. Created once, so that unchanged components are not drawn again.
#[hook]
fn use_change(act: &Callback<Act>) -> Rc<Callback<MatrixViewChange>> {
    use_memo(act.clone(), |act| act.reform(Act::MatrixView))
}
