//! Rotation progress: which phase is complete, and which holders are not.

use std::rc::Rc;

use airlock_core::{
    Finding, Severity,
    report::{CheckReport, InventoryReport},
};
use yew::prelude::*;

use super::{
    cards::{Card, Fold},
    elements,
    findings::findings,
    platform::use_tongue,
};
use crate::{
    state::{
        act::Act,
        check::{Behind, Check, behind},
        platform::PhaseNames,
        role::Role,
    },
    words,
};

/// Up to this many holders are initially open.
const FEW: usize = 6;

/// Properties of [`CheckPart`].
#[derive(Properties, PartialEq)]
pub struct CheckProps {
    /// The inventory.
    pub inventory: Rc<InventoryReport>,
    /// A check of a phase, and its result.
    pub check: Option<Check>,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The rotation in progress, a button for each phase, and the result.
#[component]
pub fn CheckPart(props: &CheckProps) -> Html {
    let CheckProps { inventory, check, act } = props;
    let asked = check.as_ref().map(|check| check.phase);
    let phase_names = use_tongue();
    html! {
        <Card id="check" title={words::CHECK}>
            <div class="body">
                <p class="small quiet">{ words::CHECK_INTRODUCTION }</p>
                if !inventory.rotation.authorities.is_empty() {
                    <h3>{ words::UNDER_WAY }</h3>
                    <ul class="list small">
                        for authority in &inventory.rotation.authorities {
                            <li key={authority.title.clone()} data-test="under-way">{ words::replaced(authority) }</li>
                        }
                    </ul>
                }
                <p id="check-which" class="b">{ words::CHECK_WHICH }</p>
                <div class="row" role="group" aria-labelledby="check-which">
                    { for [None, Some(1), Some(2), Some(3)].map(|phase| button(phase, phase_names, asked == Some(phase), act)) }
                </div>
                if let Some(report) = check.as_ref().and_then(|check| check.report.as_ref()) {
                    { answer(report) }
                }
                <p class="small quiet">{ words::CHECK_LIMIT }</p>
            </div>
        </Card>
    }
}

fn button(phase: Option<u8>, phase_names: PhaseNames, pressed: bool, act: &Callback<Act>) -> Html {
    let name = phase.map_or_else(|| "furthest".to_owned(), |phase| phase.to_string());
    html! {
        <button type="button" class={classes!("btn", "sm", pressed.then_some("primary"))} aria-pressed={pressed.to_string()} data-test={format!("check-{name}")}
            onclick={act.reform(move |_| Act::Check(phase))}>{ words::phase_to_check(phase, phase_names) }</button>
    }
}

fn answer(report: &Rc<CheckReport>) -> Html {
    let (errors, others): (Vec<Finding>, Vec<Finding>) =
        report.findings.iter().cloned().partition(|finding| finding.severity == Severity::Error);
    let behind = behind(report);
    let open = behind.len() <= FEW;
    let role = if report.holds { Role::Ok } else { Role::Warning };
    html! {
        <div class="stackv" data-test="checked" data-phase={report.phase.to_string()} data-holds={report.holds.to_string()}>
            { elements::note(role, words::verdict_of(report), words::check_result(report)) }
            if !behind.is_empty() {
                <h3>{ words::CHECK_MISSING }</h3>
                <div>
                    for (index, one) in behind.iter().enumerate() {
                        <Fold key={format!("{} {}", one.role, one.holder)} class="nested" summary={summary(one)} {open} test="behind" name={one.holder.to_owned()}
                            content={let report = Rc::clone(report); Callback::from(move |()| missing(&self::behind(&report)[index]))} />
                    }
                </div>
            }
            if !errors.is_empty() {
                <h3>{ words::CHECK_IN_THE_WAY }</h3>
                { findings(&errors, None) }
            }
            if !others.is_empty() {
                <h3>{ words::CHECK_WARNINGS }</h3>
                { findings(&others, None) }
            }
        </div>
    }
}

fn summary(behind: &Behind<'_>) -> Html {
    html! { <><b>{ behind.holder }</b><span class="small quiet">{ words::behind_whom(behind) }</span></> }
}

fn missing(behind: &Behind<'_>) -> Html {
    html! {
        <ul class="places" tabindex="0">
            for (index, one) in behind.missing.iter().enumerate() {
                <li key={index} data-test="missing">
                    if one.place != one.holder {
                        <p class="path">{ &one.place }</p>
                    }
                    <p>{ words::seen(&one.seen) }</p>
                    if !one.file.ends_with(&one.place) {
                        <p class="hint path">{ &one.file }</p>
                    }
                </li>
            }
        </ul>
    }
}
