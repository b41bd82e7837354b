//! The choices for one authority.

use std::rc::Rc;

use yew::prelude::*;

use super::plan_form::{described_by_hint, hint, invalid, problem, way};
use crate::{
    app::Act,
    ports::{dom, files},
    state::{
        LoadedFile,
        form::{AuthorityChange, AuthorityForm, BroughtPart, Course, FormChange, FormProblem},
    },
    words::{self, hints},
};

/// A list of files offers no more than this.
const MAX_OFFERED: usize = 500;

/// Properties of [`AuthorityFields`].
#[derive(Properties, PartialEq)]
pub struct AuthorityFieldsProps {
    /// What stands in the fields.
    pub form: AuthorityForm,
    /// What becomes of it.
    pub course: Course,
    /// Does its private key stay elsewhere?
    pub external: bool,
    /// The platform that it is of.
    pub platform: AttrValue,
    /// What is wrong with the form.
    pub problems: Vec<FormProblem>,
    /// The loaded files, among which a brought authority is.
    pub files: Rc<[LoadedFile]>,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// Whether an authority gets a successor, and which.
#[component]
pub fn AuthorityFields(props: &AuthorityFieldsProps) -> Html {
    let AuthorityFieldsProps { form, course, act, .. } = props;
    let id = form.id;
    let change = act.reform(move |change| Act::Form(FormChange::Authority(id, change)));
    html! {
        <fieldset>
            <legend>
                <input id={form.field("rotate")} type="checkbox" checked={form.rotate} data-test={form.field("rotate")}
                    aria-describedby={format!("{}-hint", form.field("rotate"))} onchange={change.reform(|event: Event| AuthorityChange::Rotate(dom::checked(&event)))} />
                <label for={form.field("rotate")}>{ "Rotate the " }{ &form.title }</label>
            </legend>
            { hint(&form.field("rotate"), hints::rotate(form.id)) }
            if form.rotate && *course == Course::Begins {
                { successor(props, &change) }
            } else if form.rotate {
                <p data-test={form.field("course")}>{ words::course(course) }</p>
            }
        </fieldset>
    }
}

/// Where the new one comes from.
fn successor(props: &AuthorityFieldsProps, change: &Callback<AuthorityChange>) -> Html {
    let AuthorityFieldsProps { form, external, .. } = props;
    html! {
        <>
            if *external {
                <p>{ words::BRING_CERTIFICATE }</p>
            } else {
                { source(form, false, ("make", "Make a new CA here", hints::MAKE), change) }
                { source(form, true, ("bring", "Bring a CA along that was made elsewhere", hints::BRING), change) }
            }
            if form.brought || *external {
                { brought_file(props, BroughtPart::Certificate) }
                { brought_file(props, BroughtPart::Key) }
            } else {
                { common_name(props, change) }
                if form.whole_subject {
                    { whole_subject(props, change) }
                }
                { key_type(form, words::authority_id(form.id), change) }
            }
        </>
    }
}

fn common_name(
    AuthorityFieldsProps { form, problems, .. }: &AuthorityFieldsProps,
    change: &Callback<AuthorityChange>,
) -> Html {
    let id = form.field("name");
    html! {
        <p>
            <label for={id.clone()}>{ "Common name" }</label>
            <input id={id.clone()} autocomplete="off" spellcheck="false" data-test={id.clone()}
                value={form.name.clone().unwrap_or_else(|| form.proposed_name.clone())}
                aria-invalid={invalid(problems, &id)} aria-describedby={described_by_hint(problems, &id)}
                oninput={change.reform(|event: InputEvent| AuthorityChange::Name(dom::value(&event)))} />
            { problem(problems, &id) }
            { hint(&id, hints::COMMON_NAME) }
        </p>
    }
}

/// What the platform's own tool takes instead of a common name and a lifetime.
fn whole_subject(props: &AuthorityFieldsProps, change: &Callback<AuthorityChange>) -> Html {
    let AuthorityFieldsProps { form, platform, .. } = props;
    let subject = change.reform(|event: InputEvent| AuthorityChange::Subject(dom::value(&event)));
    let day = change.reform(|event: InputEvent| AuthorityChange::ExpiryDate(dom::value(&event)));
    html! {
        <>
            { typed(props, "subject", &words::platform::subject(platform), words::platform::SUBJECT_HINT, &form.subject, subject) }
            { typed(props, "expiry-date", words::platform::EXPIRY, words::platform::EXPIRY_HINT, &form.expiry_date, day) }
        </>
    }
}

/// A field with what is to be typed into it.
fn typed(
    AuthorityFieldsProps { form, problems, .. }: &AuthorityFieldsProps,
    field: &str,
    label: &str,
    why: &'static str,
    value: &str,
    oninput: Callback<InputEvent>,
) -> Html {
    let id = form.field(field);
    html! {
        <p>
            <label for={id.clone()}>{ label }</label>
            <input id={id.clone()} autocomplete="off" spellcheck="false" data-test={id.clone()} value={value.to_owned()}
                aria-invalid={invalid(problems, &id)} aria-describedby={described_by_hint(problems, &id)} {oninput} />
            { problem(problems, &id) }
            { hint(&id, why) }
        </p>
    }
}

fn source(
    form: &AuthorityForm,
    brought: bool,
    (field, label, why): (&str, &str, &'static str),
    change: &Callback<AuthorityChange>,
) -> Html {
    let chosen = change.reform(move |_: Event| AuthorityChange::Brought(brought));
    way(&form.field(field), form.field("source"), form.brought == brought, label, why, chosen)
}

fn key_type(form: &AuthorityForm, name: &str, change: &Callback<AuthorityChange>) -> Html {
    let id = format!("{name}-key-type");
    let onchange = change.reform(|event: Event| {
        let chosen = dom::value(&event);
        AuthorityChange::KeyAlgorithm(words::KEY_ALGORITHMS.iter().find(|row| row.1 == chosen).map(|row| row.0))
    });
    html! {
        <p>
            <label for={id.clone()}>{ "Key" }</label>
            <select id={id.clone()} {onchange} aria-describedby={format!("{id}-hint")} data-test={id.clone()}>
                if let Some(same) = form.same_key {
                    <option value="same" selected={form.key_algorithm.is_none()}>{ "as the old one (" }{ words::key_algorithm(same) }{ ")" }</option>
                }
                for (algorithm, value, label) in words::KEY_ALGORITHMS {
                    <option key={value} {value} selected={form.key_algorithm == Some(algorithm)}>{ label }</option>
                }
            </select>
            { hint(&id, hints::KEY) }
        </p>
    }
}

/// One file of an authority that is brought along: picked now, or among those that were loaded before.
fn brought_file(props: &AuthorityFieldsProps, part: BroughtPart) -> Html {
    let AuthorityFieldsProps { form, problems, files, act, .. } = props;
    let (authority, id) = (form.id, form.field(words::brought_part(part)));
    let picker = format!("{id}-file");
    let chosen = form.brought_path(part);
    let picked = act.reform(move |event: Event| Act::Bring(authority, part, files::chosen(&event)));
    let selected = act.reform(move |event: Event| {
        Act::Form(FormChange::Authority(authority, AuthorityChange::BroughtPath(part, dom::value(&event))))
    });
    html! {
        <>
            <p>
                <label for={picker.clone()}>{ words::pick_brought(part) }</label>
                <input id={picker.clone()} type="file" onchange={picked} aria-describedby={format!("{id}-hint")} data-test={picker} />
                { hint(&id, hints::brought(part)) }
            </p>
            <p>
                <label for={id.clone()}>{ words::select_brought(part) }</label>
                <select id={id.clone()} onchange={selected} aria-invalid={invalid(problems, &id)} aria-describedby={described_by_hint(problems, &id)} data-test={id.clone()}>
                    <option value="" selected={chosen.is_empty()}>{ "none" }</option>
                    for file in shallow_first(files) {
                        <option key={file.id.0} value={file.path.clone()} selected={file.path == chosen}>{ &file.path }</option>
                    }
                </select>
                { problem(problems, &id) }
            </p>
        </>
    }
}

/// As many files as a list can offer. A new authority lies rather beside the nodes' trees than in one.
fn shallow_first(files: &[LoadedFile]) -> Vec<&LoadedFile> {
    let mut files: Vec<&LoadedFile> = files.iter().collect();
    files.sort_by_key(|file| file.path.matches('/').count());
    files.truncate(MAX_OFFERED);
    files
}
