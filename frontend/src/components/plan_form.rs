//! Plan: the form of choices.

use std::rc::Rc;

use airlock_core::plan::request::KubeletCertificates;
use yew::prelude::*;

use super::{authority_form::AuthorityFields, part::Part, start_over::start_over};
use crate::{
    app::Act,
    ports::dom,
    state::{
        LoadedFile,
        form::{FormChange, FormProblem, PlanForm},
    },
    words::{self, hints},
};

/// Properties of [`PlanFormPart`].
#[derive(Properties, PartialEq)]
pub struct PlanFormProps {
    /// What stands in the fields.
    pub form: PlanForm,
    /// The platform that it is of.
    pub platform: AttrValue,
    /// What is wrong with it.
    pub problems: Vec<FormProblem>,
    /// The loaded files, among which a brought authority is.
    pub files: Rc<[LoadedFile]>,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The choices, and the button that hands them in.
#[component]
pub fn PlanFormPart(props: &PlanFormProps) -> Html {
    let PlanFormProps { form, platform, problems, files, busy, act } = props;
    let change = act.reform(Act::Form);
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Act::Plan
    });
    html! {
        <Part id="plan-form" title="Plan">
            <form onsubmit={submit} novalidate=true>
                <fieldset class="bare" disabled={*busy}>
                    if !form.under_way.is_empty() {
                        { start_over(form, problems, &change) }
                    }
                    { tick("external-ca", form.external_ca, words::EXTERNAL_CA, words::EXTERNAL_CA_HINT, change.reform(FormChange::ExternalCa)) }
                    <div id="authorities" tabindex="-1">
                        { problem(problems, "authorities") }
                        for authority in &form.authorities {
                            <AuthorityFields key={words::authority_id(authority.id)} form={authority.clone()} course={form.course(authority).clone()} external={form.external_ca} {platform} problems={problems.clone()} {files} {act} />
                        }
                    </div>
                    { days(("ca-days", "Lifetime of new CAs, in days", hints::CA_DAYS), &form.ca_days, problems, change.reform(|event: InputEvent| FormChange::CaDays(dom::value(&event)))) }
                    { days(("leaf-days", "Lifetime of new leaves, in days", hints::LEAF_DAYS), &form.leaf_days, problems, change.reform(|event: InputEvent| FormChange::LeafDays(dom::value(&event)))) }
                    { tick("keep-keys", form.keep_keys, words::KEEP_KEYS, words::KEEP_KEYS_HINT, change.reform(FormChange::KeepKeys)) }
                    <fieldset>
                        <legend>{ "Certificates of the kubelets" }</legend>
                        { for [KubeletCertificates::Renew, KubeletCertificates::Mint].map(|how| kubelets(how, form, &change)) }
                    </fieldset>
                    if !form.outages.is_empty() {
                        { tick("accept-outages", form.accept_outage, &words::accept_outages(&form.outages), words::OUTAGE_FORM_HINT, change.reform(FormChange::AcceptOutage)) }
                    }
                    <button type="submit" class="main" data-test="plan">{ "Show the plan" }</button>
                </fieldset>
            </form>
        </Part>
    }
}

/// What is wrong with a field, for those who look and for those who listen.
pub fn problem(problems: &[FormProblem], field: &str) -> Html {
    problems.iter().find(|problem| problem.field == field).map_or_else(Html::default, |problem| {
        html! { <p id={format!("{field}-problem")} class="problem" data-test="problem">{ &problem.message }</p> }
    })
}

/// The id of the sentence about a field, if there is one.
pub fn described_by(problems: &[FormProblem], field: &str) -> Option<String> {
    problems.iter().any(|problem| problem.field == field).then(|| format!("{field}-problem"))
}

/// Why a choice matters.
pub fn hint(field: &str, text: &'static str) -> Html {
    html! { <span id={format!("{field}-hint")} class="hint">{ text }</span> }
}

/// The ids of what is wrong with a field, if anything is, and of its hint.
pub fn described_by_hint(problems: &[FormProblem], field: &str) -> String {
    let hint = format!("{field}-hint");
    described_by(problems, field).map_or_else(|| hint.clone(), |problem| format!("{problem} {hint}"))
}

/// One of several ways, with why it matters.
pub fn way(id: &str, name: String, checked: bool, label: &str, why: &'static str, chosen: Callback<Event>) -> Html {
    html! {
        <p class="way-to">
            <input id={id.to_owned()} type="radio" {name} {checked} aria-describedby={format!("{id}-hint")} onchange={chosen} data-test={id.to_owned()} />
            <label for={id.to_owned()}>{ label }</label>
            { hint(id, why) }
        </p>
    }
}

/// Whether something is wrong with a field, for those who listen.
pub fn invalid(problems: &[FormProblem], field: &str) -> Option<&'static str> {
    problems.iter().any(|problem| problem.field == field).then_some("true")
}

fn days(
    (id, label, why): (&'static str, &str, &'static str),
    value: &str,
    problems: &[FormProblem],
    oninput: Callback<InputEvent>,
) -> Html {
    html! {
        <p>
            <label for={id}>{ label }</label>
            <input {id} inputmode="numeric" autocomplete="off" value={value.to_owned()} aria-invalid={invalid(problems, id)} aria-describedby={described_by_hint(problems, id)} {oninput} data-test={id} />
            { problem(problems, id) }
            { hint(id, why) }
        </p>
    }
}

/// A box with what ticking it means.
fn tick(id: &'static str, checked: bool, label: &str, why: &'static str, ticked: Callback<bool>) -> Html {
    html! {
        <p class="way-to">
            <input {id} type="checkbox" {checked} aria-describedby={format!("{id}-hint")} data-test={id}
                onchange={ticked.reform(|event: Event| dom::checked(&event))} />
            <label for={id}>{ label }</label>
            { hint(id, why) }
        </p>
    }
}

fn kubelets(how: KubeletCertificates, form: &PlanForm, change: &Callback<FormChange>) -> Html {
    let (id, label) = words::kubelet_certificates(how);
    let chosen = change.reform(move |_: Event| FormChange::KubeletCertificates(how));
    way(id, "kubelet-certificates".to_owned(), form.kubelet_certificates == how, label, hints::kubelets(how), chosen)
}
