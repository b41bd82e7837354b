//! The loaded files.

use std::rc::Rc;

use yew::prelude::*;

use super::{
    cards::{Card, Fold},
    icon::{Icon, icon},
    incremental,
};
use crate::{
    state::{LoadedFile, act::Act},
    words,
};

/// Up to this many files, the list is initially open.
const FEW: usize = 12;

/// Properties of [`FileList`].
#[derive(Properties, PartialEq)]
pub struct FileListProps {
    /// The files, in the order of loading.
    pub files: Rc<[LoadedFile]>,
    /// The number of files read, including members of archives.
    pub read: usize,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The loaded files, with a button that removes each.
#[component]
pub fn FileList(props: &FileListProps) -> Html {
    let FileListProps { files, read, busy, act } = props;
    let content = {
        let (files, act, busy) = (files.clone(), act.clone(), *busy);
        Callback::from(
            move |()| html! { <ul class="files">{ incremental::rows(&files, |_, file| row(file, busy, &act)) }</ul> },
        )
    };
    let aside = html! {
        <div class="row">
            <span class="small quiet" data-count={files.len().to_string()} data-test="file-count">{ words::loaded_files(files.len(), *read) }</span>
            <button type="button" class="btn sm" disabled={*busy} onclick={act.reform(|_| Act::RemoveAll)} data-test="remove-all">{ words::REMOVE_ALL }</button>
        </div>
    };
    html! {
        <Card id="loaded" title={words::LOADED} {aside}>
            <Fold class="prop" summary={html! { <b>{ words::SHOW_FILES }</b> }} open={files.len() <= FEW} {content} test="file-list" name="files" />
        </Card>
    }
}

fn row(file: &LoadedFile, busy: bool, act: &Callback<Act>) -> Html {
    let id = file.id;
    html! {
        <li key={id.0} data-test="file" data-path={file.path.clone()}>
            <span class="path">{ &file.path }</span>
            <span class="small quiet num">{ words::size(file.size) }</span>
            <button type="button" class="btn sm bare" disabled={busy} aria-label={words::remove(&file.path)} title={words::REMOVE} data-test="remove-file"
                onclick={act.reform(move |_| Act::Remove(id))}>{ icon(Icon::X) }</button>
        </li>
    }
}
