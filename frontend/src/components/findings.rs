//! Findings by cause: errors open, the others closed.

use airlock_core::{Finding, Severity};
use yew::prelude::*;

use super::{
    gradual,
    icon::{chevron, icon},
    kit::{self, Command},
    part::{Card, Printing},
};
use crate::{
    ports::dom,
    state::{
        groups::{self, Group},
        recheck,
        role::Role,
    },
    words,
};

/// The findings in a card of their own; nothing where there are none.
pub fn card(id: &'static str, title: &'static str, found: &[Finding]) -> Html {
    if found.is_empty() {
        return Html::default();
    }
    let groups = groups::groups(found);
    let aside = html! { <span class="small quiet">{ words::causes(&groups) }</span> };
    html! { <Card {id} {title} {aside}>{ findings(found) }</Card> }
}

/// The findings, most severe first.
pub fn findings(found: &[Finding]) -> Html {
    let groups: Vec<Html> = groups::groups(found).iter().enumerate().map(|(index, group)| one(index, group)).collect();
    html! { <div class="findings">{ groups }</div> }
}

fn one(index: usize, group: &Group<'_>) -> Html {
    let role = Role::from(group.severity);
    let summary = html! {
        <>
            { icon(kit::mark(role)) }
            <span><b><span class="sr">{ words::severity(group.severity) }{ ": " }</span>{ words::group_title(group) }</b><span class="hint path">{ words::group_places(group) }</span></span>
            { chevron() }
        </>
    };
    let all: Vec<Finding> = group.findings.iter().map(|&finding| finding.clone()).collect();
    html! {
        <Cause key={format!("{index} {}", group.code)} severity={group.severity} code={group.code.to_owned()} {summary} findings={all} />
    }
}

/// Properties of [`Cause`].
#[derive(Properties, PartialEq)]
struct CauseProps {
    severity: Severity,
    code: AttrValue,
    summary: Html,
    /// At least one.
    findings: Vec<Finding>,
}

/// A group. What it says is made when it is open.
#[component]
fn Cause(props: &CauseProps) -> Html {
    let open = use_state_eq(|| props.severity == Severity::Error);
    let Printing(printing) = use_context().unwrap_or_default();
    let ontoggle = {
        let open = open.clone();
        move |event: Event| {
            event.stop_propagation();
            if !printing {
                open.set(dom::is_open(&event));
            }
        }
    };
    let shown = *open || printing;
    html! {
        <details class={classes!("finding", kit::class(Role::from(props.severity)))} open={shown} {ontoggle}
            data-test="finding-group" data-severity={props.severity.to_string()} data-code={props.code.clone()}>
            <summary>{ props.summary.clone() }</summary>
            if shown { { body(props) } }
        </details>
    }
}

fn body(CauseProps { findings: all, .. }: &CauseProps) -> Html {
    let groups = groups::groups(all);
    let Some(group) = groups.first() else { return Html::default() };
    let first = group.findings[0];
    let (why, command) = (recheck::why(first), recheck::command(first));
    let uniform = group.is_uniform();
    html! {
        <div class="body">
            for remedy in group.remedies() {
                <p key={remedy.to_owned()} class="remedy">{ words::TO_DO }{ words::without_options(remedy) }{ "." }</p>
            }
            if !why.is_empty() { <p class="small quiet" data-test="why">{ why }</p> }
            <ul class="places" tabindex="0" aria-label={words::PLACES}>
                { gradual::rows(all, |index, finding| place(index, finding, uniform && all.len() > 1)) }
            </ul>
            if !command.is_empty() { <Command title={words::VERIFY} {command} /> }
        </div>
    }
}

/// A finding: where, and what is wrong unless all of the group say the same.
fn place(index: usize, finding: &Finding, same: bool) -> Html {
    let places: Vec<&str> =
        [finding.file.as_str(), finding.place.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    html! {
        <li key={index} data-test="finding" data-severity={finding.severity.to_string()} data-code={finding.code.clone()}>
            if !places.is_empty() { <span class="path">{ places.join(", ") }</span> }
            <span class={if same { "sr" } else { "hint" }}>{ words::sentence(&finding.message) }</span>
        </li>
    }
}
