//! Load: three doors for files, and what came in.

use std::rc::Rc;

use yew::prelude::*;

use super::{files::FileList, part::Part, sample};
use crate::{
    app::Act,
    ports::{
        dom,
        files::{self, PickedFile},
    },
    state::LoadedFile,
    words,
};

/// Properties of [`LoadPart`].
#[derive(Properties, PartialEq)]
pub struct LoadProps {
    /// What is loaded.
    pub files: Rc<[LoadedFile]>,
    /// Is work under way?
    pub busy: bool,
    /// Where picked files go.
    pub load: Callback<Vec<PickedFile>>,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// Choosing files, choosing a folder, pasting. Dropping works on the whole page.
#[component]
pub fn LoadPart(props: &LoadProps) -> Html {
    let LoadProps { files, busy, load, act } = props;
    let chosen = load.reform(|event: Event| files::chosen(&event));
    html! {
        <Part id="load" title="Load">
            <p>{ words::LOAD_HINT }</p>
            <div class="doors">
                <div class="door">
                    <label for="choose-files">{ "Choose files" }</label>
                    <input id="choose-files" type="file" multiple=true onchange={chosen.clone()} data-test="choose-files" />
                </div>
                <div class="door">
                    <label for="choose-folder">{ "Choose a folder" }</label>
                    <input id="choose-folder" type="file" webkitdirectory=true onchange={chosen} aria-describedby="folder-hint" data-test="choose-folder" />
                    <p id="folder-hint" class="hint">{ words::FOLDER_HINT }</p>
                </div>
                <div class="door">
                    <label for="paste">{ "Paste" }</label>
                    <textarea id="paste" rows="2" autocomplete="off" spellcheck="false" aria-describedby="paste-hint" data-test="paste"
                        oninput={|event: InputEvent| dom::clear(&event)} />
                    <p id="paste-hint" class="hint">{ words::PASTE_HINT }</p>
                </div>
            </div>
            <p class="hint">{ words::DROP_HINT }</p>
            if files.is_empty() {
                { sample::choice(*busy, act) }
            } else {
                <FileList files={files.clone()} {busy} {act} />
            }
        </Part>
    }
}
