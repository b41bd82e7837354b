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
    words,
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
                    { days("ca-days", "Lifetime of new CAs, in days", &form.ca_days, problems, change.reform(|event: InputEvent| FormChange::CaDays(dom::value(&event)))) }
                    { days("leaf-days", "Lifetime of new leaves, in days", &form.leaf_days, problems, change.reform(|event: InputEvent| FormChange::LeafDays(dom::value(&event)))) }
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

/// Whether something is wrong with a field, for those who listen.
pub fn invalid(problems: &[FormProblem], field: &str) -> Option<&'static str> {
    problems.iter().any(|problem| problem.field == field).then_some("true")
}

fn days(id: &'static str, label: &str, value: &str, problems: &[FormProblem], oninput: Callback<InputEvent>) -> Html {
    html! {
        <p>
            <label for={id}>{ label }</label>
            <input {id} inputmode="numeric" autocomplete="off" value={value.to_owned()} aria-invalid={invalid(problems, id)} aria-describedby={described_by(problems, id)} {oninput} data-test={id} />
            { problem(problems, id) }
        </p>
    }
}

/// A box with what ticking it means.
fn tick(id: &'static str, checked: bool, label: &str, hint: &'static str, ticked: Callback<bool>) -> Html {
    let explained = format!("{id}-hint");
    html! {
        <p>
            <input {id} type="checkbox" {checked} aria-describedby={explained.clone()} data-test={id}
                onchange={ticked.reform(|event: Event| dom::checked(&event))} />
            <label for={id}>{ label }</label>
            <span id={explained} class="hint">{ hint }</span>
        </p>
    }
}

fn kubelets(how: KubeletCertificates, form: &PlanForm, change: &Callback<FormChange>) -> Html {
    let (id, label) = words::kubelet_certificates(how);
    html! {
        <p>
            <input {id} type="radio" name="kubelet-certificates" checked={form.kubelet_certificates == how} data-test={id}
                onchange={change.reform(move |_: Event| FormChange::KubeletCertificates(how))} />
            <label for={id}>{ label }</label>
        </p>
    }
}
