//! The loaded files.

use std::rc::Rc;

use yew::prelude::*;

use super::part::Fold;
use crate::{app::Act, state::LoadedFile, words};

/// Up to this many files the list is open at first.
const FEW: usize = 12;

/// Properties of [`FileList`].
#[derive(Properties, PartialEq)]
pub struct FileListProps {
    /// The files, in the order of loading.
    pub files: Rc<[LoadedFile]>,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The loaded files, each of which can be removed.
#[component]
pub fn FileList(props: &FileListProps) -> Html {
    let FileListProps { files, busy, act } = props;
    let summary = html! { <>{ words::count(files.len(), "file") }{ " loaded" }</> };
    let content = {
        let (files, act, busy) = (files.clone(), act.clone(), *busy);
        Callback::from(move |()| rows(&files, busy, &act))
    };
    html! {
        <>
            <Fold {summary} open={files.len() <= FEW} {content} test="file-list" name="files" />
            <button type="button" disabled={*busy} onclick={act.reform(|_| Act::RemoveAll)} data-test="remove-all">{ "Remove all files" }</button>
        </>
    }
}

fn rows(files: &[LoadedFile], busy: bool, act: &Callback<Act>) -> Html {
    html! {
        <ul class="files">
            for file in files {
                <li key={file.id.0} data-test="file" data-path={file.path.clone()}>
                    <span class="path">{ &file.path }</span>
                    <span class="size">{ words::size(file.size) }</span>
                    <button type="button" disabled={busy} aria-label={format!("Remove {}", file.path)} data-test="remove-file"
                        onclick={let id = file.id; act.reform(move |_| Act::Remove(id))}>{ "Remove" }</button>
                </li>
            }
        </ul>
    }
}
