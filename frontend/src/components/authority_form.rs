//! The options of one CA.

use std::rc::Rc;

use yew::prelude::*;

use super::fields::{
    Problems, Property, checkbox, described_by_hint, hint, invalid, problem, radio_option, text_field,
};
use crate::{
    ports::{dom, files},
    state::{
        LoadedFile,
        act::Act,
        form::{AuthorityChange, AuthorityForm, AuthorityProgress, BroughtPart, FormChange},
    },
    words::{self, hints},
};

/// The maximum number of files in a list.
const MAX_OFFERED: usize = 500;

/// Properties of [`AuthorityFields`].
#[derive(Properties, PartialEq)]
pub struct AuthorityFieldsProps {
    /// The form's values.
    pub form: AuthorityForm,
    /// Its progress in a rotation.
    pub progress: AuthorityProgress,
    /// Is it an external CA?
    pub external: bool,
    /// The platform's id.
    pub platform: AttrValue,
    /// The problems of the form.
    pub problems: Problems,
    /// The loaded files, from which an imported CA is chosen.
    pub files: Rc<[LoadedFile]>,
    /// Is it open?
    pub open: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// Whether a CA is rotated, and what replaces it.
#[component]
pub fn AuthorityFields(props: &AuthorityFieldsProps) -> Html {
    let AuthorityFieldsProps { form, progress, external, open, act, .. } = props;
    let id = form.id;
    let change = act.reform(move |change| Act::Form(FormChange::Authority(id, change)));
    html! {
        <Property title={form.title.clone()} value={words::authority_summary(form, *external, progress)} {open}>
            { checkbox(&form.field("rotate"), form.rotate, &words::rotate(&form.title), hints::rotate(form.id), change.reform(AuthorityChange::Rotate)) }
            if form.rotate && *progress == AuthorityProgress::NotStarted {
                { successor(props, &change) }
            } else if form.rotate {
                <p class="small" data-test={form.field("course")}>{ words::authority_progress(progress) }</p>
            }
        </Property>
    }
}

/// The source of the new CA, and its options.
fn successor(props: &AuthorityFieldsProps, change: &Callback<AuthorityChange>) -> Html {
    let AuthorityFieldsProps { form, external, problems, .. } = props;
    html! {
        <>
            if *external {
                <p class="small">{ words::BRING_CERTIFICATE }</p>
            } else {
                <fieldset>
                    <legend>{ words::NEW_CA }</legend>
                    { source(form, false, ("make", words::GENERATE, hints::MAKE), change) }
                    { source(form, true, ("bring", words::IMPORT, hints::BRING), change) }
                </fieldset>
            }
            if form.brought || *external {
                { brought_file(props, BroughtPart::Certificate) }
                { brought_file(props, BroughtPart::Key) }
            } else {
                { text_field(problems, &form.field("name"), words::COMMON_NAME, hints::COMMON_NAME, form.name.as_deref().unwrap_or(&form.proposed_name),
                    change.reform(|event: InputEvent| AuthorityChange::Name(dom::value(&event)))) }
                if form.whole_subject {
                    { whole_subject(props, change) }
                }
                { key_type(form, change) }
            }
        </>
    }
}

/// The fields of platforms whose tool accepts a complete subject and an expiry date.
fn whole_subject(props: &AuthorityFieldsProps, change: &Callback<AuthorityChange>) -> Html {
    let AuthorityFieldsProps { form, platform, problems, .. } = props;
    let subject = change.reform(|event: InputEvent| AuthorityChange::Subject(dom::value(&event)));
    let day = change.reform(|event: InputEvent| AuthorityChange::ExpiryDate(dom::value(&event)));
    html! {
        <>
            { text_field(problems, &form.field("subject"), &words::platform::subject(platform), words::platform::SUBJECT_HINT, &form.subject, subject) }
            { text_field(problems, &form.field("expiry-date"), words::platform::EXPIRY, words::platform::EXPIRY_HINT, &form.expiry_date, day) }
        </>
    }
}

fn source(
    form: &AuthorityForm,
    brought: bool,
    (field, label, why): (&str, &str, &'static str),
    change: &Callback<AuthorityChange>,
) -> Html {
    let chosen = change.reform(move |_: Event| AuthorityChange::Brought(brought));
    radio_option(&form.field(field), form.field("source"), form.brought == brought, label, why, chosen)
}

fn key_type(form: &AuthorityForm, change: &Callback<AuthorityChange>) -> Html {
    let id = form.field("key-type");
    let onchange = change.reform(|event: Event| {
        let chosen = dom::value(&event);
        AuthorityChange::KeyAlgorithm(words::KEY_ALGORITHMS.iter().find(|row| row.1 == chosen).map(|row| row.0))
    });
    html! {
        <div class="field">
            <label for={id.clone()}>{ words::KEY_TYPE }</label>
            <select id={id.clone()} class="input" {onchange} aria-describedby={format!("{id}-hint")} data-test={id.clone()}>
                if let Some(same) = form.same_key {
                    <option value="same" selected={form.key_algorithm.is_none()}>{ words::same_key(same) }</option>
                }
                for (algorithm, value, label) in words::KEY_ALGORITHMS {
                    <option key={value} {value} selected={form.key_algorithm == Some(algorithm)}>{ label }</option>
                }
            </select>
            { hint(&id, hints::KEY) }
        </div>
    }
}

/// A file of an imported CA: picked, or chosen from the loaded files.
fn brought_file(props: &AuthorityFieldsProps, part: BroughtPart) -> Html {
    let AuthorityFieldsProps { form, problems, files, act, .. } = props;
    let (authority, id) = (form.id, form.field(part.id()));
    let picker = format!("{id}-file");
    let chosen = form.brought_path(part);
    let picked = act.reform(move |event: Event| Act::Bring(authority, part, files::chosen(&event)));
    let selected = act.reform(move |event: Event| {
        Act::Form(FormChange::Authority(authority, AuthorityChange::BroughtPath(part, dom::value(&event))))
    });
    html! {
        <>
            <div class="field">
                <label for={picker.clone()}>{ words::pick_brought(part) }</label>
                <input id={picker.clone()} type="file" onchange={picked} aria-describedby={format!("{id}-hint")} data-test={picker} />
                { hint(&id, hints::brought(part)) }
            </div>
            <div class="field">
                <label for={id.clone()}>{ words::select_brought(part) }</label>
                <select id={id.clone()} class="input" onchange={selected} aria-invalid={invalid(problems, &id)} aria-describedby={described_by_hint(problems, &id)} data-test={id.clone()}>
                    <option value="" selected={chosen.is_empty()}>{ words::NO_FILE }</option>
                    for file in shallow_first(files) {
                        <option key={file.id.0} value={file.path.clone()} selected={file.path == chosen}>{ &file.path }</option>
                    }
                </select>
                { problem(problems, &id) }
            </div>
        </>
    }
}

/// The first files by depth: a new CA's files are usually not inside the nodes' folders.
fn shallow_first(files: &[LoadedFile]) -> Vec<&LoadedFile> {
    let mut files: Vec<&LoadedFile> = files.iter().collect();
    files.sort_by_key(|file| file.path.matches('/').count());
    files.truncate(MAX_OFFERED);
    files
}
