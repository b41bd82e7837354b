//! What is to be said about the input or the plan.

use airlock_core::{Finding, Severity};
use yew::prelude::*;

use crate::words;

/// The findings, as they come: most severe first.
pub fn findings(findings: &[Finding]) -> Html {
    html! {
        <ul class="findings">
            for (index, finding) in findings.iter().enumerate() {
                <li key={index} class={class(finding.severity)} data-test="finding" data-severity={finding.severity.to_string()} data-code={finding.code.clone()}>
                    <p><strong>{ words::severity(finding.severity) }</strong>{ ": " }{ &finding.message }{ "." }</p>
                    if !finding.file.is_empty() || !finding.place.is_empty() {
                        <p class="path">{ place(finding) }</p>
                    }
                    if !finding.remedy.is_empty() {
                        <p class="remedy">{ words::without_options(&finding.remedy) }{ "." }</p>
                    }
                </li>
            }
        </ul>
    }
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
