//! Small elements that every step uses: chips, facts of a summary strip, phases, code blocks, callouts.

use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::{
    state::{act::Act, role::Role},
    words,
};

/// The class of a role, which sets its colours.
pub fn class(role: Role) -> &'static str {
    match role {
        Role::Plain => "plain",
        Role::Ok => "ok",
        Role::Warning => "warn",
        Role::Error => "err",
        Role::Info => "info",
    }
}

/// The icon of a role.
pub fn mark(role: Role) -> Icon {
    match role {
        Role::Plain | Role::Info => Icon::Info,
        Role::Ok => Icon::Ok,
        Role::Warning => Icon::Warning,
        Role::Error => Icon::Error,
    }
}

/// A state or a count in a few words.
pub fn chip(role: Role, text: impl Into<AttrValue>) -> Html {
    let matrix_view = match role {
        Role::Ok => Some(Icon::Check),
        Role::Warning => Some(Icon::Warning),
        Role::Error => Some(Icon::Error),
        Role::Plain | Role::Info => None,
    };
    html! { <span class={classes!("chip", class(role))}>{ for matrix_view.map(icon) }{ text.into() }</span> }
}

/// A chip with a given icon.
pub fn chip_with(role: Role, matrix_view: Icon, text: impl Into<AttrValue>) -> Html {
    html! { <span class={classes!("chip", class(role))}>{ icon(matrix_view) }{ text.into() }</span> }
}

/// A fact of a summary strip: title, value, and detail.
pub fn stat(role: Role, title: impl Into<AttrValue>, value: impl Into<AttrValue>, sub: impl Into<AttrValue>) -> Html {
    let colour = (role != Role::Plain).then(|| class(role));
    html! {
        <div class={classes!("stat", colour)}>
            <dt>{ title.into() }</dt>
            <dd>{ for (role == Role::Ok).then(|| icon(Icon::Ok)) }{ value.into() }</dd>
            <dd class="sub">{ sub.into() }</dd>
        </div>
    }
}

/// The class of a phase, which sets its colours and its pattern.
pub fn phase_class(phase: u8) -> Option<&'static str> {
    match phase {
        1 => Some("p1"),
        2 => Some("p2"),
        3 => Some("p3"),
        _ => None,
    }
}

/// A phase with its name.
pub fn phase(phase: u8, name: impl Into<AttrValue>) -> Html {
    match phase_class(phase) {
        Some(class) => html! { <span class={classes!("phase", class)}>{ name.into() }</span> },
        None => html! { <span>{ name.into() }</span> },
    }
}

/// A callout.
pub fn note(role: Role, title: impl Into<AttrValue>, text: impl Into<AttrValue>) -> Html {
    let text = text.into();
    html! {
        <div class={classes!("note", class(role))}>
            { icon(mark(role)) }
            <div><b>{ title.into() }</b>if !text.is_empty() { <p class="small">{ text }</p> }</div>
        </div>
    }
}

/// Properties of [`Copy`](struct@Copy).
#[derive(Properties, PartialEq)]
pub struct CopyProps {
    /// The text to copy. Never a secret.
    pub text: AttrValue,
    /// The description of the text.
    pub label: AttrValue,
}

/// A button that copies a text that is not secret.
#[component]
pub fn Copy(CopyProps { text, label }: &CopyProps) -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    let copied = text.to_string();
    html! {
        <button type="button" class="copy" aria-label={label.clone()} title={label.clone()} data-test="copy-text"
            onclick={act.reform(move |_| Act::CopyText(copied.clone()))}>{ icon(Icon::Copy) }</button>
    }
}

/// Properties of [`Command`].
#[derive(Properties, PartialEq)]
pub struct CommandProps {
    /// The command. It may name files, and never contains their contents.
    pub command: AttrValue,
    /// Where to run it, or what it shows; empty for a block of one line without a heading.
    #[prop_or_default]
    pub title: AttrValue,
}

/// A command with the place to run it, and a button that copies it.
#[component]
pub fn Command(CommandProps { command, title }: &CommandProps) -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    let copied = command.to_string();
    let button = html! {
        <button type="button" class="copy" aria-label={words::copy_command(command)} title={words::COPY_COMMAND} data-test="copy-command"
            onclick={act.reform(move |_| Act::CopyText(copied.clone()))}>{ icon(Icon::Copy) }</button>
    };
    let text = html! { <pre tabindex="0" role="group" aria-label={words::COMMAND}><code>{ command }</code></pre> };
    if title.is_empty() {
        return html! { <div class="code one" data-test="command">{ text }{ button }</div> };
    }
    html! { <div class="code" data-test="command"><header>{ title }{ button }</header>{ text }</div> }
}
