//! A command to look for oneself, with a button that copies it.

use yew::prelude::*;

use crate::{app::Act, words};

/// Properties of [`Command`].
#[derive(Properties, PartialEq)]
pub struct CommandProps {
    /// The command. It names files and never holds what is in them.
    pub command: AttrValue,
}

/// The command and its button.
#[component]
pub fn Command(CommandProps { command }: &CommandProps) -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    let copied = command.to_string();
    html! {
        <div class="command" data-test="command">
            <pre tabindex="0" aria-label={words::COMMAND}>{ command }</pre>
            <button type="button" aria-label={words::copy_command(command)} data-test="copy-command"
                onclick={act.reform(move |_| Act::CopyText(copied.clone()))}>{ words::COPY }</button>
        </div>
    }
}
