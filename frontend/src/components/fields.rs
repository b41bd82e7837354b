//! Parts of the form on the step Plan: an option that opens, checkboxes, radio buttons, hints and problems.

use std::rc::Rc;

use yew::prelude::*;

use super::icon::chevron;
use crate::{ports::dom, state::form::FormProblem, words};

/// The problems of the form, and whether the person tried to build with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problems {
    /// The problems.
    pub all: Rc<[FormProblem]>,
    /// Are missing values shown as errors?
    pub attempted: bool,
}

/// An option, with its current value in the closed row.
pub fn property(title: &str, value: &str, open: bool, content: Html) -> Html {
    html! { <Property title={title.to_owned()} value={value.to_owned()} {open}>{ content }</Property> }
}

/// Properties of [`Property`].
#[derive(Properties, PartialEq)]
pub struct PropertyProps {
    /// The option's title.
    pub title: AttrValue,
    /// Its current value.
    pub value: AttrValue,
    /// Is it open? A change to `true` opens it.
    pub open: bool,
    /// The fields.
    pub children: Html,
}

/// An option that can be opened.
#[component]
pub fn Property(props: &PropertyProps) -> Html {
    let open = use_state_eq(|| props.open);
    {
        let open = open.clone();
        use_effect_with(props.open, move |wanted| {
            if *wanted {
                open.set(true);
            }
        });
    }
    let ontoggle = {
        let open = open.clone();
        move |event: Event| open.set(dom::is_open(&event))
    };
    html! {
        <details class="prop" open={*open} {ontoggle} data-test="property">
            <summary><span><b>{ &props.title }</b><span class="hint">{ &props.value }</span></span>{ chevron() }</summary>
            <div class="body">{ props.children.clone() }</div>
        </details>
    }
}

pub fn has_problem(problems: &Problems, field: &str) -> bool {
    problems.all.iter().any(|problem| problem.field.starts_with(field))
}

/// The problem of a field.
pub fn problem(problems: &Problems, field: &str) -> Html {
    problems.all.iter().find(|problem| problem.field == field).map_or_else(Html::default, |problem| {
        let mistake = problems.attempted || !problem.missing;
        html! { <p id={format!("{field}-problem")} class={if mistake { "problem" } else { "hint" }} data-test="problem">{ words::problem(&problem.message) }</p> }
    })
}

/// The element id of a field's problem, if it has one.
pub fn described_by(problems: &Problems, field: &str) -> Option<String> {
    problems.all.iter().any(|problem| problem.field == field).then(|| format!("{field}-problem"))
}

/// The hint of a field: why it matters.
pub fn hint(field: &str, text: &'static str) -> Html {
    html! { <span id={format!("{field}-hint")} class="hint">{ text }</span> }
}

/// The element ids of a field's problem, if it has one, and of its hint.
pub fn described_by_hint(problems: &Problems, field: &str) -> String {
    let hint = format!("{field}-hint");
    described_by(problems, field).map_or_else(|| hint.clone(), |problem| format!("{problem} {hint}"))
}

/// A text field with its problem and its hint. `id`: of the element, of the field's problems and of its tests.
pub fn text_field(
    problems: &Problems,
    id: &str,
    label: &str,
    why: &'static str,
    value: &str,
    oninput: Callback<InputEvent>,
) -> Html {
    html! {
        <div class="field">
            <label for={id.to_owned()}>{ label }</label>
            <input id={id.to_owned()} class="input" autocomplete="off" spellcheck="false" data-test={id.to_owned()} value={value.to_owned()}
                aria-invalid={invalid(problems, id)} aria-describedby={described_by_hint(problems, id)} {oninput} />
            { problem(problems, id) }
            { hint(id, why) }
        </div>
    }
}

/// A radio button with its hint.
pub fn radio_option(
    id: &str,
    name: String,
    checked: bool,
    label: &str,
    why: &'static str,
    chosen: Callback<Event>,
) -> Html {
    html! {
        <div class="opt">
            <input id={id.to_owned()} type="radio" {name} {checked} aria-describedby={format!("{id}-hint")} onchange={chosen} data-test={id.to_owned()} />
            <label for={id.to_owned()}>{ label }</label>
            { hint(id, why) }
        </div>
    }
}

/// Is a field's value invalid? Missing values count after the first attempt to build.
pub fn invalid(problems: &Problems, field: &str) -> Option<&'static str> {
    let wrong = |problem: &FormProblem| problem.field == field && (problems.attempted || !problem.missing);
    problems.all.iter().any(wrong).then_some("true")
}

/// A checkbox with its hint.
pub fn checkbox(id: &str, checked: bool, label: &str, why: &'static str, ticked: Callback<bool>) -> Html {
    html! {
        <div class="opt">
            <input id={id.to_owned()} type="checkbox" {checked} aria-describedby={format!("{id}-hint")} data-test={id.to_owned()}
                onchange={ticked.reform(|event: Event| dom::checked(&event))} />
            <label for={id.to_owned()}>{ label }</label>
            { hint(id, why) }
        </div>
    }
}
