//! The step Load: the drop zone, how to collect the files, what is loaded.

use std::rc::Rc;

use airlock_core::report::InventoryReport;
use yew::prelude::*;

use super::{
    cards::{Card, Head},
    collect::CollectCard,
    elements,
    files::FileList,
    icon::{Icon, icon},
    sample,
    trust_panel::this_page,
};
use crate::{
    ports::{
        dom,
        files::{self, PickedFile},
    },
    state::{
        Checks, LoadedFile,
        act::Act,
        checklist::{self, ITEMS, Item, Need},
        role::Role,
    },
    words,
};

/// Properties of [`LoadPart`].
#[derive(Properties, PartialEq)]
pub struct LoadProps {
    /// The loaded files.
    pub files: Rc<[LoadedFile]>,
    /// Their inventory.
    pub inventory: Option<Rc<InventoryReport>>,
    /// Did the person choose the platform?
    pub chosen: bool,
    /// The results of the page's checks of itself.
    pub checks: Checks,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives picked files.
    pub load: Callback<Vec<PickedFile>>,
    /// Receives the person's actions.
    pub act: Callback<Act>,
    /// Content below the commands.
    #[prop_or_default]
    pub children: Html,
}

/// The step.
#[component]
pub fn LoadPart(props: &LoadProps) -> Html {
    let LoadProps { files, inventory, chosen, checks, busy, act, .. } = props;
    let empty = files.is_empty();
    let (title, sentence) = match inventory {
        None => (words::LOAD_TITLE, words::LOAD_SENTENCE.to_owned()),
        Some(inventory) => (words::LOADED_TITLE, words::loaded_sentence(inventory, *chosen)),
    };
    html! {
        <div class="contents" data-test="load">
            <Head id="load" {title}>{ sentence }</Head>
            <div class="cols">
                <div class="stackv">
                    <DropZone slim={!empty} load={props.load.clone()} />
                    if !empty {
                        <FileList {files} read={inventory.as_ref().map_or(0, |inventory| inventory.files)} {busy} {act} />
                    }
                    <CollectCard folded={!empty} />
                    { props.children.clone() }
                </div>
                <aside class="stackv">
                    { checklist(inventory.as_deref()) }
                    if empty { { sample::choice(*busy, act) } }
                    { this_page(checks) }
                </aside>
            </div>
        </div>
    }
}

/// Properties of [`DropZone`].
#[derive(Properties, PartialEq)]
struct DropZoneProps {
    /// Is it a row, as with loaded files?
    slim: bool,
    /// Receives picked files.
    load: Callback<Vec<PickedFile>>,
}

/// Controls that pick files or a folder, and the field to paste into. Dropping works on the whole page.
#[component]
fn DropZone(DropZoneProps { slim, load }: &DropZoneProps) -> Html {
    let pasting = use_state_eq(|| false);
    let chosen = load.reform(|event: Event| files::chosen(&event));
    let toggle = {
        let pasting = pasting.clone();
        move |_: MouseEvent| pasting.set(!*pasting)
    };
    html! {
        <section class={classes!("drop", slim.then_some("slim"))} aria-labelledby="drop">
            { icon(Icon::Up) }
            if *slim {
                <b id="drop">{ words::DROP_MORE }</b>
            } else {
                <div><h2 id="drop">{ words::DROP }</h2><p class="quiet">{ words::LOAD_HINT }</p></div>
            }
            <div class="row">
                <span class={classes!("btn", "pickable", (!slim).then_some("primary"))}>
                    <label for="choose-files">{ words::CHOOSE_FILES }</label>
                    <input id="choose-files" type="file" multiple=true onchange={chosen.clone()} data-test="choose-files" />
                </span>
                <span class="btn pickable">
                    <label for="choose-folder">{ words::CHOOSE_FOLDER }</label>
                    <input id="choose-folder" type="file" webkitdirectory=true onchange={chosen} aria-describedby="folder-hint" data-test="choose-folder" />
                </span>
                <button type="button" class="btn" aria-expanded={pasting.to_string()} aria-controls="paste-field" onclick={toggle} data-test="paste-open">{ words::PASTE_TEXT }</button>
            </div>
            <div id="paste-field" class="field paste" hidden={!*pasting}>
                <label for="paste">{ words::PASTE }</label>
                <textarea id="paste" class="input" rows="2" autocomplete="off" spellcheck="false" aria-describedby="paste-hint" data-test="paste"
                    oninput={|event: InputEvent| dom::clear(&event)} />
                <span id="paste-hint" class="hint">{ words::PASTE_HINT }</span>
            </div>
            <p class={classes!("small", "quiet", slim.then_some("sr"))}>
                if !slim { { words::LOAD_MORE_HINT }<br /> }
                <span id="folder-hint">{ words::FOLDER_HINT }</span>
            </p>
        </section>
    }
}

/// What to load, and what is loaded.
fn checklist(inventory: Option<&InventoryReport>) -> Html {
    let title = if inventory.is_some() { words::NEED_LOADED } else { words::NEED };
    let ready = inventory.is_some_and(|inventory| checklist::loaded(inventory, Item::ControlPlanes) > 0);
    let aside = if ready { elements::chip(Role::Ok, words::READY) } else { Html::default() };
    html! {
        <Card id="need" {title} {aside}>
            <ul class="checks">{ for ITEMS.map(|(item, need)| one(item, need, inventory)) }</ul>
        </Card>
    }
}

fn one(item: Item, need: Need, inventory: Option<&InventoryReport>) -> Html {
    let (name, why) = words::item(item);
    let loaded = inventory.map(|inventory| checklist::loaded(inventory, item));
    let (class, matrix_view) = match loaded {
        Some(0) if need == Need::Recommended => ("warn", Icon::Warning),
        Some(0) if need == Need::Required => ("err", Icon::Error),
        Some(0) | None => ("", matrix_view(item)),
        Some(_) => ("ok", Icon::Ok),
    };
    html! {
        <li key={name} {class}>
            { icon(matrix_view) }
            <span><b>{ loaded.map_or_else(|| name.to_owned(), |loaded| words::loaded_of(item, loaded)) }</b><span class="hint">{ why }</span></span>
            if loaded.unwrap_or_default() == 0 {
                { elements::chip(if need == Need::Required { Role::Info } else { Role::Plain }, words::need(need)) }
            }
        </li>
    }
}

fn matrix_view(item: Item) -> Icon {
    match item {
        Item::ControlPlanes | Item::Workers => Icon::Server,
        Item::ClusterInfo | Item::Kubeconfigs => Icon::File,
        Item::Keys => Icon::Key,
    }
}
