//! How to collect the files: commands for each platform, and the script.

use yew::prelude::*;

use super::{
    cards::{Card, folded_card},
    elements::Command,
    icon::{Icon, icon},
};
use crate::{
    ports::dom,
    state::{act::Act, matrix_view::Motion},
    words::{self, Collect},
};

/// Properties of [`CollectCard`].
#[derive(Properties, PartialEq)]
pub struct CollectProps {
    /// Is it initially closed, as with loaded files?
    pub folded: bool,
}

/// The card with a tab for each platform.
#[component]
pub fn CollectCard(CollectProps { folded }: &CollectProps) -> Html {
    if *folded {
        return folded_card("collect", words::COLLECT_MORE, Html::default(), Callback::from(|()| html! { <Tabs /> }));
    }
    let aside = html! { <span class="small quiet">{ words::COLLECT_HINT }</span> };
    html! { <Card id="collect" title={words::COLLECT} {aside}><Tabs /></Card> }
}

/// Tabs (WAI-ARIA Authoring Practices, tabs pattern): arrow keys select, only the selected tab is a tab stop.
#[component]
fn Tabs() -> Html {
    let shown = use_state_eq(|| 0_usize);
    let tabs = words::COLLECT_FROM;
    let keys = {
        let shown = shown.clone();
        move |event: KeyboardEvent| {
            let last = tabs.len() - 1;
            let to = match dom::motion(&event) {
                Some(Motion::Left) => (*shown + last) % tabs.len(),
                Some(Motion::Right) => (*shown + 1) % tabs.len(),
                Some(Motion::First) => 0,
                Some(Motion::Last) => last,
                _ => return,
            };
            shown.set(to);
            dom::focus(&id(&tabs[to]));
        }
    };
    let tab = |(index, tab): (usize, &Collect)| {
        let (selected, chosen) = (index == *shown, shown.clone());
        html! {
            <button key={tab.id} id={id(tab)} type="button" role="tab" aria-selected={selected.to_string()} aria-controls="collect-panel"
                tabindex={if selected { "0" } else { "-1" }} onclick={move |_| chosen.set(index)} data-test={id(tab)}>{ tab.title }</button>
        }
    };
    let open = &tabs[*shown];
    html! {
        <>
            <div role="tablist" aria-label={words::PLATFORMS} onkeydown={keys}>{ for tabs.iter().enumerate().map(tab) }</div>
            <div id="collect-panel" class="tabbody" role="tabpanel" aria-labelledby={id(open)} data-test="collect-panel">
                for (title, command) in open.commands {
                    <Command key={*command} title={*title} command={*command} />
                }
                if !open.more.is_empty() { <p class="small quiet">{ open.more }</p> }
                <Script />
            </div>
        </>
    }
}

fn id(tab: &Collect) -> String {
    format!("collect-{}", tab.id)
}

/// The script, with a button that downloads it.
#[component]
fn Script() -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    html! {
        <>
            <div class="row between">
                <h3>{ words::SCRIPT }</h3>
                <button type="button" class="btn sm" onclick={act.reform(|_| Act::Script)} data-test="download-script">{ icon(Icon::Down) }{ words::SCRIPT_DOWNLOAD }</button>
            </div>
            <p class="small quiet">{ words::SCRIPT_HINT }</p>
            for (title, command) in words::SCRIPT_COMMANDS {
                <Command key={command} {title} {command} />
            }
        </>
    }
}
