//! Findings by cause: errors are open, others closed.

use std::collections::BTreeSet;

use airlock_core::{Finding, Severity};
use yew::prelude::*;

use super::{
    cards::{Card, Section, use_section},
    elements::{self, Command},
    icon::{chevron, icon},
    incremental,
};
use crate::{
    ports::dom,
    state::{
        act::Act,
        form::FormChange,
        groups::{self, Group},
        recheck,
        role::Role,
    },
    words,
};

/// The acknowledged dependencies, and the receiver of changes.
#[derive(Clone, PartialEq)]
pub struct Acknowledging {
    /// The acknowledged ones, by [`Finding::acknowledge`].
    pub done: BTreeSet<String>,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The findings in a card; empty without findings.
pub fn card(id: &'static str, title: &'static str, found: &[Finding], acknowledging: Option<&Acknowledging>) -> Html {
    if found.is_empty() {
        return Html::default();
    }
    let groups = groups::groups(found);
    let aside = html! { <span class="small quiet">{ words::causes(&groups) }</span> };
    html! { <Card {id} {title} {aside}>{ findings(found, acknowledging) }</Card> }
}

/// The findings, most severe first; with checkboxes to acknowledge dependencies, if `acknowledged` is given.
pub fn findings(found: &[Finding], acknowledging: Option<&Acknowledging>) -> Html {
    let groups = groups::groups(found);
    let groups = groups.iter().enumerate().map(|(index, group)| one(index, group, acknowledging));
    html! { <div class="findings">{ for groups }</div> }
}

fn one(index: usize, group: &Group<'_>, acknowledging: Option<&Acknowledging>) -> Html {
    let role = Role::from(group.severity);
    let summary = html! {
        <>
            { icon(elements::mark(role)) }
            <span><b><span class="sr">{ words::severity(group.severity) }{ ": " }</span>{ words::group_title(group) }</b><span class="hint path">{ words::group_places(group) }</span></span>
            { chevron() }
        </>
    };
    let all: Vec<Finding> = group.findings.iter().map(|&finding| finding.clone()).collect();
    html! {
        <Cause key={format!("{index} {}", group.code)} severity={group.severity} code={group.code.to_owned()} {summary} findings={all} acknowledging={acknowledging.cloned()} />
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
    acknowledging: Option<Acknowledging>,
}

/// A group. Its content is created when it opens.
#[component]
fn Cause(props: &CauseProps) -> Html {
    let Section { is_shown, ontoggle, onclick, .. } =
        use_section(props.severity == Severity::Error || acknowledges(props));
    html! {
        <details class={classes!("finding", elements::class(Role::from(props.severity)))} open={is_shown} {ontoggle}
            data-test="finding-group" data-severity={props.severity.to_string()} data-code={props.code.clone()}>
            <summary {onclick}>{ props.summary.clone() }</summary>
            if is_shown { { body(props) } }
        </details>
    }
}

/// Does a finding need an acknowledgement?
fn acknowledges(props: &CauseProps) -> bool {
    props.acknowledging.is_some() && props.findings.iter().any(|finding| !finding.acknowledge.is_empty())
}

fn body(CauseProps { findings: all, acknowledging, .. }: &CauseProps) -> Html {
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
                { incremental::rows(all, |index, finding| place(index, finding, uniform && all.len() > 1, acknowledging.as_ref())) }
            </ul>
            if !command.is_empty() { <Command title={words::VERIFY} {command} /> }
        </div>
    }
}

/// A finding: its location, and its message if the group's messages differ.
fn place(index: usize, finding: &Finding, same: bool, acknowledging: Option<&Acknowledging>) -> Html {
    let places: Vec<&str> =
        [finding.file.as_str(), finding.place.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    html! {
        <li key={index} data-test="finding" data-severity={finding.severity.to_string()} data-code={finding.code.clone()}>
            if !places.is_empty() { <span class="path">{ places.join(", ") }</span> }
            <span class={if same { "sr" } else { "hint" }}>{ words::sentence(&finding.message) }</span>
            if let (false, Some(acknowledging)) = (finding.acknowledge.is_empty(), acknowledging) { { acknowledge(finding, acknowledging) } }
        </li>
    }
}

/// The checkbox that acknowledges a finding.
fn acknowledge(finding: &Finding, Acknowledging { done, act }: &Acknowledging) -> Html {
    let dependency = finding.acknowledge.clone();
    let id = format!("acknowledge-{dependency}");
    let checked = done.contains(&dependency);
    let onchange =
        act.reform(move |event: Event| Act::Form(FormChange::Acknowledge(dependency.clone(), dom::checked(&event))));
    html! {
        <div class="opt">
            <input id={id.clone()} type="checkbox" {checked} {onchange} data-test="acknowledge" />
            <label for={id}>{ words::ACKNOWLEDGE }</label>
        </div>
    }
}
