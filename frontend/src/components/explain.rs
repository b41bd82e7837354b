//! Explain an error: a field for the message, and what it means with the loaded files as suspects.

use yew::prelude::*;

use super::{command::Command, part::Part};
use crate::{
    app::Act,
    ports::dom,
    state::explain::{Explained, Explanation, Message, Suspect},
    words::explain as words,
};

/// Properties of [`ExplainPart`].
#[derive(Properties, PartialEq)]
pub struct ExplainProps {
    /// What was pasted, and what it means.
    pub explained: Explained,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The field, and under it what is in it.
#[component]
pub fn ExplainPart(props: &ExplainProps) -> Html {
    let ExplainProps { explained: Explained { message, refused, explanations }, act } = props;
    let oninput = act.reform(|event: InputEvent| Act::Explain(Message::new(&dom::value(&event))));
    let text = message.as_str().to_owned();
    let said = match text.trim() {
        _ if *refused => words::SECRET.to_owned(),
        "" => String::new(),
        _ => words::found(explanations.len()),
    };
    html! {
        <Part id="explain" title={words::TITLE}>
            <p>{ words::INTRODUCTION }</p>
            <label for="message">{ words::LABEL }</label>
            <textarea id="message" rows="3" autocomplete="off" spellcheck="false" value={text} {oninput} data-test="message" />
            <p class="hint" role="status" data-test="explained">{ said }</p>
            for (index, explanation) in explanations.iter().enumerate() {
                <div key={index} class="explained" data-test="explanation" data-kind={format!("{:?}", explanation.kind)}>{ one(explanation) }</div>
            }
        </Part>
    }
}

fn one(explanation: &Explanation) -> Html {
    let Explanation { kind, facts, suspects, more } = explanation;
    html! {
        <>
            <h3>{ words::title(*kind) }</h3>
            <p>{ words::meaning(*kind, facts) }</p>
            for fact in words::facts(facts) {
                <p key={fact.clone()} class="hint">{ fact.clone() }</p>
            }
            <h4>{ words::SUSPECTS }</h4>
            if suspects.is_empty() {
                <p>{ words::NO_SUSPECT }</p>
            } else {
                <ul class="plain suspects">
                    for (index, one) in suspects.iter().enumerate() {
                        <li key={index} data-test="suspect" data-file={one.file.clone()}>{ suspect(one) }</li>
                    }
                </ul>
                if *more > 0 {
                    <p class="hint">{ words::more(*more) }</p>
                }
            }
            <h4>{ words::TO_DO }</h4>
            <ol>
                for step in words::to_do(*kind) { <li key={*step}>{ *step }</li> }
            </ol>
            <h4>{ words::RECHECK }</h4>
            for command in words::commands(explanation) {
                <Command key={command.clone()} command={command.clone()} />
            }
        </>
    }
}

fn suspect(suspect: &Suspect) -> Html {
    html! {
        <>
            <span class="path">{ words::place(suspect) }</span>
            { " " }<strong>{ words::part(suspect.part) }</strong>{ ": " }{ words::clue(&suspect.clue) }{ "." }
        </>
    }
}
