//! The password of encrypted files.

use yew::prelude::*;

use super::cards::Card;
use crate::{
    ports::password::{self, Typed},
    state::encryption::Encryption,
    words,
};

/// Properties of [`PasswordPart`].
#[derive(Properties, PartialEq)]
pub struct PasswordProps {
    /// What is encrypted.
    pub encryption: Encryption,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the password.
    pub unlock: Callback<Typed>,
}

/// The form. Only the browser stores the field's value until it is submitted.
#[component]
pub fn PasswordPart(props: &PasswordProps) -> Html {
    let PasswordProps { encryption, busy, unlock } = props;
    let hint = if encryption.wrong { "password-problem password-hint" } else { "password-hint" };
    html! {
        <Card id="locked" title={words::LOCKED} lead={html! { words::locked(encryption) }}>
            <form class="body" onsubmit={unlock.reform(|event: SubmitEvent| password::typed(&event))} novalidate=true data-test="password-form">
                <fieldset disabled={*busy}>
                    <div class="field">
                        <label for="password">{ words::PASSWORD }</label>
                        <input id="password" class="input" type="password" autocomplete="off" spellcheck="false" aria-describedby={hint}
                            aria-invalid={encryption.wrong.then_some("true")} data-test="password" />
                        if encryption.wrong {
                            <p id="password-problem" class="problem" data-test="problem">{ words::PASSWORD_WRONG }</p>
                        }
                        <span id="password-hint" class="hint">{ words::PASSWORD_HINT }</span>
                    </div>
                    <div class="row"><button type="submit" class="btn" data-test="unlock">{ words::UNLOCK }</button></div>
                </fieldset>
            </form>
        </Card>
    }
}
