//! Explain an error message: a field, and what the message means with the loaded files that match.

use yew::prelude::*;

use super::{cards::Card, elements::Command};
use crate::{
    ports::dom,
    state::{
        act::Act,
        explain::{Explained, Explanation, Message, Suspect},
    },
    words::explain as words,
};

/// Properties of [`ExplainPart`].
#[derive(Properties, PartialEq)]
pub struct ExplainProps {
    /// A pasted message and its explanations.
    pub explained: Explained,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The field, with the explanation below.
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
        <Card id="explain" title={words::TITLE}>
            <div class="body">
                <div class="field">
                    <label for="message">{ words::LABEL }</label>
                    <textarea id="message" class="input" rows="3" autocomplete="off" spellcheck="false" placeholder={words::PLACEHOLDER} value={text} {oninput}
                        aria-describedby="message-hint" data-test="message" />
                    <span id="message-hint" class="hint">{ words::INTRODUCTION }</span>
                </div>
                <p class="small" role="status" data-test="explained">{ said }</p>
                for (index, explanation) in explanations.iter().enumerate() {
                    <div key={index} class="stackv" data-test="explanation" data-kind={format!("{:?}", explanation.kind)}>{ one(explanation) }</div>
                }
            </div>
        </Card>
    }
}

fn one(explanation: &Explanation) -> Html {
    let Explanation { kind, facts, suspects, more } = explanation;
    html! {
        <>
            <h3>{ words::title(*kind) }</h3>
            <p>{ words::meaning(*kind, facts) }</p>
            for fact in words::facts(facts) {
                <p key={fact.clone()} class="small quiet">{ fact.clone() }</p>
            }
            <h4>{ words::SUSPECTS }</h4>
            if suspects.is_empty() {
                <p class="small">{ words::NO_SUSPECT }</p>
            } else {
                <ul class="places" tabindex="0">
                    for (index, one) in suspects.iter().enumerate() {
                        <li key={index} data-test="suspect" data-file={one.file.clone()}>{ suspect(one) }</li>
                    }
                </ul>
                if *more > 0 {
                    <p class="small quiet">{ words::more(*more) }</p>
                }
            }
            <h4>{ words::TO_DO }</h4>
            <ol class="list small">
                for step in words::to_do(*kind) { <li key={*step}>{ *step }</li> }
            </ol>
            for command in words::commands(explanation) {
                <Command key={command.clone()} title={words::RECHECK} command={command.clone()} />
            }
        </>
    }
}

fn suspect(suspect: &Suspect) -> Html {
    html! {
        <>
            <span class="path">{ words::place(suspect) }</span>
            { " " }<b>{ words::part(suspect.part) }</b>{ ": " }{ words::clue(&suspect.clue) }{ "." }
        </>
    }
}
