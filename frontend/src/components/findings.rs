//! What is to be said about the input or the plan.

use airlock_core::{Finding, Severity};
use yew::prelude::*;

use super::{command::Command, gradual, part::Fold};
use crate::{state::recheck, words};

/// The findings, as they come: most severe first.
pub fn findings(findings: &[Finding]) -> Html {
    html! {
        <ul class="findings">
            { gradual::rows(findings, one) }
        </ul>
    }
}

fn one(index: usize, finding: &Finding) -> Html {
    html! {
        <li key={index} class={class(finding.severity)} data-test="finding" data-severity={finding.severity.to_string()} data-code={finding.code.clone()}>
            <p><strong>{ words::severity(finding.severity) }</strong>{ ": " }{ &finding.message }{ "." }</p>
            if !finding.file.is_empty() || !finding.place.is_empty() {
                <p class="path">{ place(finding) }</p>
            }
            if !finding.remedy.is_empty() {
                <p class="remedy">{ words::without_options(&finding.remedy) }{ "." }</p>
            }
            { more(finding) }
        </li>
    }
}

/// Why it matters, and the command that shows it again.
fn more(finding: &Finding) -> Html {
    let command = recheck::command(finding);
    if command.is_empty() {
        return Html::default();
    }
    let why = recheck::why(finding);
    let content = Callback::from(move |()| {
        html! {
            <>
                <p>{ why }</p>
                <Command command={command.clone()} />
            </>
        }
    });
    html! { <Fold summary={html! { words::WHY }} {content} test="recheck" name={finding.code.clone()} /> }
}

fn place(finding: &Finding) -> String {
    [finding.file.as_str(), finding.place.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
