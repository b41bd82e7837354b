//! The password of encrypted keys, asked for wherever something is encrypted.

use yew::prelude::*;

use super::part::Part;
use crate::{
    ports::password::{self, Typed},
    state::lock::Lock,
    words,
};

/// Properties of [`PasswordPart`].
#[derive(Properties, PartialEq)]
pub struct PasswordProps {
    /// What is encrypted.
    pub lock: Lock,
    /// Is work under way?
    pub busy: bool,
    /// Where the password goes.
    pub unlock: Callback<Typed>,
}

/// The field, which nobody but the browser knows the content of until it is handed in.
#[component]
pub fn PasswordPart(props: &PasswordProps) -> Html {
    let PasswordProps { lock, busy, unlock } = props;
    let hint = if lock.wrong { "password-problem password-hint" } else { "password-hint" };
    html! {
        <Part id="locked" title={words::LOCKED}>
            <p>{ words::LOCKED_FILES }<span class="path">{ words::few_holders(&lock.files) }</span>{ "." }</p>
            <form onsubmit={unlock.reform(|event: SubmitEvent| password::typed(&event))} novalidate=true data-test="password-form">
                <fieldset class="bare" disabled={*busy}>
                    <label for="password">{ words::PASSWORD }</label>
                    <input id="password" type="password" autocomplete="off" spellcheck="false" aria-describedby={hint}
                        aria-invalid={lock.wrong.then_some("true")} data-test="password" />
                    if lock.wrong {
                        <p id="password-problem" class="problem" data-test="problem">{ words::PASSWORD_WRONG }</p>
                    }
                    <p id="password-hint" class="hint">{ words::PASSWORD_HINT }</p>
                    <button type="submit" class="main" data-test="unlock">{ words::UNLOCK }</button>
                </fieldset>
            </form>
        </Part>
    }
}
