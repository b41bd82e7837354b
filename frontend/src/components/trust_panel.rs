//! What this page can and cannot guarantee.

use yew::prelude::*;

use super::{
    cards::{Card, Fold},
    elements::{self, Copy},
};
use crate::{
    state::{Checks, act::Act, memory::Memory, role::Role},
    words,
};

/// The card on Load: network, version, checksum.
pub fn this_page(checks: &Checks) -> Html {
    let role = if checks.is_well() { Role::Ok } else { Role::Error };
    let aside = elements::chip(
        if checks.tested.is_none() { Role::Plain } else { role },
        words::capital(words::tested(checks.tested)),
    );
    html! {
        <Card id="this-page" title={words::THIS_PAGE} {aside}>
            <div class="body">
                <dl class="kv">
                    <dt>{ words::NETWORK }</dt><dd>{ words::network(checks.blocked) }</dd>
                    <dt>{ words::VERSION }</dt><dd>{ env!("CARGO_PKG_VERSION") }</dd>
                    <dt>{ words::certificate::field::FINGERPRINT }</dt>
                    <dd>
                        <span class="path">{ words::build(&checks.build) }</span>
                        if !checks.build.is_empty() { <Copy text={checks.build.clone()} label={words::BUILD_SUM} /> }
                    </dd>
                </dl>
            </div>
        </Card>
    }
}

/// Properties of [`TrustPanel`].
#[derive(Clone, Properties, PartialEq)]
pub struct TrustProps {
    /// The results of the page's checks of itself.
    pub checks: Checks,
    /// What is in memory.
    pub memory: Memory,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// Version, checksum, policy, blocked requests, self-tests, memory with the button that deletes it, and what a policy cannot stop.
#[component]
pub fn TrustPanel(props: &TrustProps) -> Html {
    let content = {
        let props = props.clone();
        Callback::from(move |()| panel(&props))
    };
    html! { <Fold class="card" summary={summary(&props.checks)} {content} test="trust-panel" name="trust-panel" /> }
}

/// The summary of the closed panel.
fn summary(checks: &Checks) -> Html {
    html! { <><b>{ words::TRUST_PANEL }</b><span class={classes!("small", if checks.is_well() { "quiet" } else { "problem" })}>{ words::checks(checks) }</span></> }
}

fn panel(TrustProps { checks, memory, act }: &TrustProps) -> Html {
    let rows = [
        ("version", words::VERSION, html! { env!("CARGO_PKG_VERSION") }),
        (
            "build",
            words::BUILD_SUM,
            html! { <><span class="path">{ words::build(&checks.build) }</span><span class="hint">{ words::BUILD_HINT }</span></> },
        ),
        ("policy", words::POLICY, html! { <span class="path">{ words::policy(&checks.policy) }</span> }),
        ("blocked", words::BLOCKED, html! { words::blocked(checks.blocked) }),
        ("self-test", words::SELF_TEST, html! { words::self_test(checks.tested) }),
        ("memory", words::MEMORY, words::memory(memory).into_iter().map(|line| html! { <p>{ line }</p> }).collect()),
    ];
    html! {
        <div class="body">
            <dl class="kv">
                for (id, title, value) in rows {
                    <dt key={id}>{ title }</dt>
                    <dd key={format!("{id} value")} data-test={format!("trust-{id}")}>{ value }</dd>
                }
            </dl>
            <div class="row">
                <button type="button" class="btn sm" onclick={act.reform(|_| Act::Wipe)} data-test="wipe">{ words::WIPE }</button>
                <span class="small quiet">{ words::WIPE_HINT }</span>
            </div>
            <h3>{ words::LIMITS_TITLE }</h3>
            <ul class="list small">
                for limit in words::LIMITS { <li key={limit}>{ limit }</li> }
            </ul>
        </div>
    }
}
