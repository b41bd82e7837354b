//! The step Plan: the options.

use std::rc::Rc;

use airlock_core::plan::request::{Intent, KubeletCertificates, Workers};
use yew::prelude::*;

use super::{
    authority_form::AuthorityFields,
    cards::Card,
    fields::{
        Problems, checkbox, described_by_hint, has_problem, hint, invalid, problem, property, radio_option, text_field,
    },
    start_over::start_over,
};
use crate::{
    ports::dom,
    state::{
        LoadedFile,
        act::Act,
        form::{FormChange, PlanForm},
    },
    words::{self, hints, renewal},
};

/// Properties of [`PlanOptions`].
#[derive(Properties, PartialEq)]
pub struct PlanFormProps {
    /// The form's values.
    pub form: PlanForm,
    /// The platform's id.
    pub platform: AttrValue,
    /// The problems of the form.
    pub problems: Problems,
    /// The loaded files, from which an imported CA is chosen.
    pub files: Rc<[LoadedFile]>,
    /// Is the package being built?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The options; closed rows show their values.
#[component]
pub fn PlanOptions(props: &PlanFormProps) -> Html {
    let PlanFormProps { form, problems, busy, act, .. } = props;
    let change = act.reform(Act::Form);
    let aside = html! {
        <div class="row">
            <button type="button" class="btn sm bare" title={words::SAVE_CHOICES_HINT} onclick={act.reform(|_| Act::SaveChoices)} data-test="save-choices">{ words::SAVE_CHOICES }</button>
            <button type="button" class="btn sm bare" disabled={*busy} onclick={act.reform(|_| Act::Form(FormChange::Reset))} data-test="reset">{ words::RESET }</button>
        </div>
    };
    html! {
        <Card id="plan-options" title={words::OPTIONS} {aside} class="stick">
            <fieldset disabled={*busy} class="options" data-test="plan-fields">
                if form.possible.renew_leaves { { intent(form, &change) } }
                if form.intent() == Intent::RenewLeaves { { renewal_options(form, problems, &change) } } else { { rotation_options(props, &change) } }
            </fieldset>
        </Card>
    }
}

/// What the package does.
fn intent(form: &PlanForm, change: &Callback<FormChange>) -> Html {
    let one = |intent: Intent| {
        let (id, label) = renewal::intent(intent);
        let chosen = change.reform(move |_: Event| FormChange::Intent(intent));
        radio_option(id, "intent".to_owned(), form.intent() == intent, label, hints::intent(intent), chosen)
    };
    let (_, value) = renewal::intent(form.intent());
    let content = html! { <div class="stackv" role="radiogroup" aria-label={renewal::INTENT} data-test="intent">{ for Intent::ALL.map(one) }</div> };
    property(renewal::INTENT, value, true, content)
}

/// The options of a renewal, and why it has no others.
fn renewal_options(form: &PlanForm, problems: &Problems, change: &Callback<FormChange>) -> Html {
    let typed = change.reform(|event: InputEvent| FormChange::LeafDays(dom::value(&event)));
    let field = ("leaf-days", renewal::EXPECTED_DAYS, hints::EXPECTED_DAYS);
    let value = renewal::validity(form);
    html! {
        <>
            { property(words::VALIDITY, &value, has_problem(problems, "leaf-days"), days(field, &form.leaf_days, problems, typed)) }
            <p class="hint body" data-test="unavailable">{ renewal::UNAVAILABLE }</p>
        </>
    }
}

/// The options of a rotation.
fn rotation_options(props: &PlanFormProps, change: &Callback<FormChange>) -> Html {
    let PlanFormProps { form, platform, problems, files, act, .. } = props;
    html! {
        <>
            if !form.under_way.is_empty() { { start_over(form, problems, change) } }
            <div id="authorities" tabindex="-1">
                { problem(problems, "authorities") }
                for (index, authority) in form.authorities.iter().enumerate() {
                    <AuthorityFields key={authority.id.as_str()} form={authority.clone()} progress={form.progress(authority).clone()} external={form.external_ca}
                        {platform} problems={problems.clone()} {files} open={index == 0 || has_problem(problems, authority.id.as_str())} {act} />
                }
            </div>
            if form.takes_strategy { { strategy(form, problems, change) } }
            { property(words::EXTERNAL_OPTION, words::external_summary(form.external_ca), form.external_ca,
                checkbox("external-ca", form.external_ca, words::EXTERNAL_CA, words::EXTERNAL_CA_HINT, change.reform(FormChange::ExternalCa))) }
            { property(words::VALIDITY, &words::validity_summary(form), has_problem(problems, "ca-days") || has_problem(problems, "leaf-days"), html! {
                <>
                    { days(("ca-days", words::CA_DAYS, hints::CA_DAYS), &form.ca_days, problems, change.reform(|event: InputEvent| FormChange::CaDays(dom::value(&event)))) }
                    { days(("leaf-days", words::LEAF_DAYS, hints::LEAF_DAYS), &form.leaf_days, problems, change.reform(|event: InputEvent| FormChange::LeafDays(dom::value(&event)))) }
                </>
            }) }
            { property(words::KEYS_OPTION, words::keys_summary(form.keep_keys), false,
                checkbox("keep-keys", form.keep_keys, words::KEEP_KEYS, words::KEEP_KEYS_HINT, change.reform(FormChange::KeepKeys))) }
            { property(words::KUBELETS_OPTION, words::kubelet_certificates(form.kubelet_certificates).1, false, html! {
                <div role="radiogroup" aria-label={words::KUBELETS_OPTION}>{ for [KubeletCertificates::Renew, KubeletCertificates::Mint].map(|how| kubelets(how, form, change)) }</div>
            }) }
            if form.possible.replace_workers {
                { property(renewal::WORKERS_OPTION, renewal::workers(form.workers()).1, false, html! {
                    <div role="radiogroup" aria-label={renewal::WORKERS_OPTION}>{ for [Workers::Reconfigure, Workers::Replace].map(|how| workers(how, form, change)) }</div>
                }) }
            }
            if !form.outages.is_empty() {
                { property(words::OUTAGE_OPTION, &words::accept_outages(&form.outages), true,
                    checkbox("accept-outages", form.accept_outage, &words::accept_outages(&form.outages), words::OUTAGE_FORM_HINT, change.reform(FormChange::AcceptOutage))) }
            }
        </>
    }
}

/// The options of a subcloud strategy, as arguments of `create`.
fn strategy(form: &PlanForm, problems: &Problems, change: &Callback<FormChange>) -> Html {
    let oninput = change.reform(|event: InputEvent| FormChange::Strategy(dom::value(&event)));
    let value = match form.strategy.trim() {
        "" => words::platform::ALL_SUBCLOUDS,
        options => options,
    };
    property(
        words::platform::STRATEGY,
        value,
        true,
        text_field(
            problems,
            "strategy",
            words::platform::STRATEGY_LABEL,
            words::platform::STRATEGY_HINT,
            &form.strategy,
            oninput,
        ),
    )
}

fn days(
    (id, label, why): (&'static str, &str, &'static str),
    value: &str,
    problems: &Problems,
    oninput: Callback<InputEvent>,
) -> Html {
    html! {
        <div class="field">
            <label for={id}>{ label }</label>
            <input {id} class="input" inputmode="numeric" autocomplete="off" value={value.to_owned()} aria-invalid={invalid(problems, id)} aria-describedby={described_by_hint(problems, id)} {oninput} data-test={id} />
            { problem(problems, id) }
            { hint(id, why) }
        </div>
    }
}

fn kubelets(how: KubeletCertificates, form: &PlanForm, change: &Callback<FormChange>) -> Html {
    let (id, label) = words::kubelet_certificates(how);
    let chosen = change.reform(move |_: Event| FormChange::KubeletCertificates(how));
    radio_option(
        id,
        "kubelet-certificates".to_owned(),
        form.kubelet_certificates == how,
        label,
        hints::kubelets(how),
        chosen,
    )
}

fn workers(how: Workers, form: &PlanForm, change: &Callback<FormChange>) -> Html {
    let (id, label) = renewal::workers(how);
    let chosen = change.reform(move |_: Event| FormChange::Workers(how));
    radio_option(id, "workers".to_owned(), form.workers() == how, label, hints::workers(how), chosen)
}
