//! The app bar: brand, the five steps, cluster, colours; and the bar for sample clusters.

use airlock_core::inventory::SampleShare;
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::{
    state::{State, Theme, act::Act, role::Role, step::Step},
    words::{self, sample as sample_words},
};

/// Properties of [`AppBar`].
#[derive(Properties, PartialEq)]
pub struct AppBarProps {
    /// The page's state.
    pub state: State,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The app bar. Available steps are links; the others show what they require.
#[component]
pub fn AppBar(props: &AppBarProps) -> Html {
    let AppBarProps { state, act } = props;
    let share = state.sample();
    html! {
        <header class="bar">
            <a id="top" class="brand" href="#load" aria-label={words::HOME}>{ brand() }<span>{ words::AIRLOCK }</span></a>
            <nav class="stepper" aria-label={words::WAY} data-test="way">
                <ol class="steps">{ for (1..).zip(Step::ALL).map(|(number, step)| one(state, number, step)) }</ol>
            </nav>
            <div class="row bar-end">{ end(state, share, act) }</div>
        </header>
    }
}

fn one(state: &State, number: u8, step: Step) -> Html {
    let (here, open) = (state.step == step, state.missing(step).is_none());
    let role = words::progress_role(state, step);
    let class = classes!(
        here.then_some("here"),
        (!open).then_some("todo"),
        (role == Role::Ok && !here).then_some("done"),
        (role == Role::Error).then_some("err"),
    );
    let dot = match role {
        Role::Error => html! { <span aria-hidden="true">{ "!" }</span> },
        Role::Ok if !here => icon(Icon::Check),
        _ => html! { <span aria-hidden="true">{ number }</span> },
    };
    let content = html! {
        <>
            <span class="dot">{ dot }</span>
            <span><b>{ words::step(step) }</b><small>{ words::progress(state, step) }</small></span>
        </>
    };
    html! {
        <li key={step.id()} {class} data-test={format!("step-{}", step.id())}>
            if open {
                <a id={link(step)} href={format!("#{}", step.id())} aria-current={here.then_some("step")}>{ content }</a>
            } else {
                <span>{ content }</span>
            }
        </li>
    }
}

/// The id of the link to a step.
pub fn link(step: Step) -> String {
    format!("go-{}", step.id())
}

fn end(state: &State, share: SampleShare, act: &Callback<Act>) -> Html {
    let cluster = state.inventory.as_ref().map(|inventory| inventory.cluster.clone()).filter(|name| !name.is_empty());
    let theme = state.theme;
    html! {
        <>
            if share != SampleShare::None {
                <span class="chip sample">{ sample_words::CHIP }</span>
            } else if let Some(name) = cluster {
                <span class="chip line wide-only">{ name }</span>
            }
            <span class={classes!("chip", if state.checks.is_well() { "ok" } else { "err" })} title={words::OFFLINE_HINT}>{ icon(Icon::Offline) }{ words::OFFLINE }</span>
            <button type="button" class="btn bare icon-only" aria-label={words::theme(theme)} title={words::theme(theme)} data-test="theme"
                data-theme={theme_id(theme)} onclick={act.reform(move |_| Act::Theme(theme.next()))}>{ icon(Icon::Contrast) }</button>
        </>
    }
}

fn theme_id(theme: Theme) -> &'static str {
    if theme == Theme::System { "system" } else { theme.id() }
}

/// The bar above every step while a sample is loaded.
pub fn sample_bar(share: SampleShare, act: &Callback<Act>) -> Html {
    if share == SampleShare::None {
        return Html::default();
    }
    html! {
        <aside class="samplebar" aria-label={sample_words::LABEL} data-test="sample-banner">
            <span>{ sample_words::banner(share) }</span>
            <button type="button" class="btn sm" onclick={act.reform(|_| Act::Wipe)} data-test="end-sample">{ sample_words::END }</button>
        </aside>
    }
}

fn brand() -> Html {
    html! {
        <svg viewBox="0 0 24 24" aria-hidden="true">
            <rect x="1" y="1" width="22" height="22" rx="6" fill="none" stroke="currentColor" stroke-width="2" />
            <circle cx="12" cy="12" r="6" fill="none" stroke="currentColor" stroke-width="2" />
            <path d="M12 6a6 6 0 0 1 0 12z" fill="currentColor" /><path d="M12 1v22" stroke="currentColor" stroke-width="2" />
        </svg>
    }
}
