//! Why the page can be trusted, as far as it can: what it is, what it may do, what it holds.

use yew::prelude::*;

use super::part::Fold;
use crate::{
    app::Act,
    state::{Checks, memory::Memory},
    words,
};

/// Properties of [`TrustPanel`].
#[derive(Clone, Properties, PartialEq)]
pub struct TrustProps {
    /// What the page found out about itself.
    pub checks: Checks,
    /// What it holds.
    pub memory: Memory,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// Version, build, policy, blocked attempts, self-test, memory with the button that wipes it, and what a policy cannot stop.
#[component]
pub fn TrustPanel(props: &TrustProps) -> Html {
    let content = {
        let props = props.clone();
        Callback::from(move |()| panel(&props))
    };
    html! { <Fold summary={summary(&props.checks)} {content} test="trust-panel" name="trust-panel" /> }
}

/// What one sees without opening it.
fn summary(checks: &Checks) -> Html {
    html! { <>{ words::TRUST_PANEL }<span class={classes!("hint", (!checks.is_well()).then_some("problem"))}>{ words::checks(checks) }</span></> }
}

fn panel(TrustProps { checks, memory, act }: &TrustProps) -> Html {
    let rows = [
        ("version", words::VERSION, html! { env!("CARGO_PKG_VERSION") }),
        (
            "build",
            words::BUILD,
            html! { <><span class="path">{ words::build(&checks.build) }</span><span class="hint">{ words::BUILD_HINT }</span></> },
        ),
        ("policy", words::POLICY, html! { <span class="path">{ words::policy(&checks.policy) }</span> }),
        ("blocked", words::BLOCKED, html! { words::blocked(checks.blocked) }),
        ("self-test", words::SELF_TEST, html! { words::self_test(checks.tested) }),
        ("memory", words::MEMORY, words::memory(memory).into_iter().map(|line| html! { <p>{ line }</p> }).collect()),
    ];
    html! {
        <>
            <dl class="facts">
                for (id, title, value) in rows {
                    <dt key={id}>{ title }</dt>
                    <dd key={format!("{id} value")} data-test={format!("trust-{id}")}>{ value }</dd>
                }
            </dl>
            <button type="button" onclick={act.reform(|_| Act::Wipe)} data-test="wipe">{ words::WIPE }</button>
            <span class="hint">{ words::WIPE_HINT }</span>
            <h3>{ words::LIMITS_TITLE }</h3>
            <ul>
                for limit in words::LIMITS { <li key={limit}>{ limit }</li> }
            </ul>
        </>
    }
}
