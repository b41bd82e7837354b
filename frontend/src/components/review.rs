//! The step Review: result, matrix with the selected cell, trust diagram, files, fingerprints.

use std::rc::Rc;

use airlock_core::{
    plan::request::Intent,
    report::{CertificateReport, InventoryReport, PackageReport, PlanReport},
};
use yew::prelude::*;

use super::{
    cards::Head,
    elements,
    fingerprints::fingerprints,
    incremental::Incremental,
    matrix_view::{MatrixPart, TrustPart},
    outputs::Outputs,
    partial_plan,
};
use crate::{
    state::{
        Preview,
        act::Act,
        chart::{Chart, Mark},
        contexts::Contexts,
        matrix_rows::Total,
        matrix_view::MatrixView,
        partial_plan::partial_plan,
        role::Role,
    },
    words::{self, renewal},
};

/// Properties of [`ReviewPart`].
#[derive(Clone, Properties, PartialEq)]
pub struct ReviewProps {
    /// The package's files.
    pub package: Rc<PackageReport>,
    /// The plan that it was built from.
    pub plan: Option<Rc<PlanReport>>,
    /// The inventory.
    pub inventory: Option<Rc<InventoryReport>>,
    /// The new CAs, in the plan's order.
    pub authorities: Rc<[CertificateReport]>,
    /// The predicted trust matrix.
    pub chart: Rc<Chart>,
    /// Selection and focus in the matrix.
    pub matrix_view: MatrixView,
    /// The selected file.
    pub preview: Option<Preview>,
    /// Are changes shown in two columns?
    pub beside: bool,
    /// The kubectl contexts of this session.
    pub contexts: Contexts,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The step.
#[component]
pub fn ReviewPart(props: &ReviewProps) -> Html {
    let ReviewProps { package, plan, inventory, authorities, chart, matrix_view, preview, beside, contexts, busy, act } =
        props;
    let total = use_memo(chart.clone(), |chart| chart.total());
    let intent = plan.as_ref().map(|plan| plan.intent).unwrap_or_default();
    let outputs = html! { <Outputs {package} {intent} preview={preview.clone()} {beside} contexts={contexts.clone()} {busy} {act} /> };
    if intent == Intent::RenewLeaves {
        return renewed(props, outputs);
    }
    let mut pieces = vec![
        html! {
            <>
                if let Some(partial_plan) = plan.as_ref().and_then(|plan| partial_plan(plan)) { { partial_plan::ends(&partial_plan) } }
                <MatrixPart {chart} matrix_view={matrix_view.clone()} plan={plan.clone()} {act} />
            </>
        },
        html! { <TrustPart {chart} matrix_view={matrix_view.clone()} {act} /> },
        outputs,
    ];
    if let (Some(inventory), Some(plan)) = (inventory, plan) {
        pieces.push(fingerprints(inventory, plan, authorities));
    }
    let steps = chart.last();
    html! {
        <div class="contents" data-test="review">
            <Head id="review" title={words::review_title(inventory.as_deref())}>
                <span data-test="matrix-summary">{ words::answer(chart) }{ " " }{ words::matrix(&total, steps) }</span>
            </Head>
            { strip(chart, &total, package, plan.as_deref()) }
            <Incremental {pieces} />
        </div>
    }
}

/// A renewal: no CA changes, so there is no connection to predict and no CA to compare.
fn renewed(props: &ReviewProps, outputs: Html) -> Html {
    let ReviewProps { package, plan, inventory, .. } = props;
    let [trust, value, meaning] = renewal::TRUST_FACT;
    html! {
        <div class="contents" data-test="review">
            <Head id="review" title={words::review_title(inventory.as_deref())}>
                <span data-test="matrix-summary">{ renewal::REVIEW_SENTENCE }</span>
            </Head>
            <dl class="strip" data-test="review-strip">
                { elements::stat(Role::Ok, trust, value, meaning) }
                { files(package, plan.as_deref()) }
            </dl>
            { outputs }
        </div>
    }
}

/// The fact about the package's files.
fn files(package: &PackageReport, plan: Option<&PlanReport>) -> Html {
    let [.., title] = words::REVIEW_STRIP;
    elements::stat(Role::Plain, title, words::count(package.files.len(), "file"), words::package_detail(package, plan))
}

fn strip(chart: &Chart, total: &Total, package: &PackageReport, plan: Option<&PlanReport>) -> Html {
    let [lost, connections, old, clients, _] = words::REVIEW_STRIP;
    let (answer, sub) = words::lost(chart);
    let role = match chart.worst() {
        Mark::Broken => Role::Error,
        Mark::Outage | Mark::BrokenToday | Mark::NotJudged => Role::Warning,
        _ => Role::Ok,
    };
    html! {
        <dl class="strip" data-test="review-strip">
            { elements::stat(role, lost, answer, sub) }
            { elements::stat(Role::Plain, connections, words::of(total.working, total.connections), words::combinations(total.states)) }
            { elements::stat(Role::Plain, old, words::of(total.rejected, total.uses), words::REJECTED) }
            { elements::stat(if total.differs { Role::Warning } else { Role::Plain }, clients, words::VERIFIERS, words::same_result(total.differs)) }
            { files(package, plan) }
        </dl>
    }
}
