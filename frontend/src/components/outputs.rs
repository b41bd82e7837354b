//! The files of the package: a tree, and the selected file compared with the one that was loaded.

use std::rc::Rc;

use airlock_core::{
    plan::request::Intent,
    report::{OutputFileReport, PackageReport},
};
use yew::prelude::*;

use super::{
    cards::{Card, Fold},
    elements,
    icon::{Icon, icon},
    incremental,
    platform::use_tongue,
    preview::PreviewPane,
};
use crate::{
    ports::dom,
    state::{
        Preview,
        act::Act,
        contexts::{Contexts, Target},
        tree::{self, Branch},
    },
    words,
};

/// Properties of [`Outputs`].
#[derive(Clone, Properties, PartialEq)]
pub struct OutputsProps {
    /// The package's files.
    pub package: Rc<PackageReport>,
    /// The intent of the package.
    pub intent: Intent,
    /// The selected file.
    pub preview: Option<Preview>,
    /// Are changes shown in two columns?
    pub beside: bool,
    /// The kubectl contexts of this session.
    pub contexts: Contexts,
    /// Is a job in progress?
    pub busy: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The card's title.
#[component]
pub fn Outputs(props: &OutputsProps) -> Html {
    let branches = tree::branches(&props.package.files);
    let (phase_names, intent) = (use_tongue(), props.intent);
    let phases = words::plan_phases(intent);
    let aside = html! { <span class="small quiet">{ words::package(&props.package) }</span> };
    let phase = |phase: u8| {
        let its: Vec<Branch> = branches.iter().filter(|branch| branch.phase == phase).cloned().collect();
        let files: usize = its.iter().map(Branch::len).sum();
        let name = if phase == 0 { words::phase(0).to_owned() } else { words::plan_phase(intent, phase, phase_names) };
        let summary = html! { <>{ elements::phase(phase, name) }<span class="end">{ files }</span></> };
        let props = props.clone();
        let content = Callback::from(move |()| groups(&props, &its));
        html! { <li key={phase}><Fold {summary} {content} open={phases.first() == Some(&phase)} test="output-phase" name={phase.to_string()} /></li> }
    };
    html! {
        <Card id="output-files" title={words::OUTPUT_FILES} {aside}>
            <div class="split">
                <nav class="tree" aria-label={words::TREE}><ul>{ for phases.iter().copied().chain([0]).map(phase) }</ul></nav>
                <div class="pane">{ pane(props) }</div>
            </div>
        </Card>
    }
}

fn groups(props: &OutputsProps, branches: &[Branch]) -> Html {
    html! {
        <ul>
            { incremental::rows(branches, |_, branch| {
                let name = format!("{}/{}", branch.phase, branch.holder);
                let summary = html! { <>{ words::holder(&branch.holder) }<span class="end">{ branch.len() }</span></> };
                html! { <li key={name.clone()}><Fold {summary} content={folders(props, branch)} test="output-group" name={name.clone()} /></li> }
            }) }
        </ul>
    }
}

/// Folders with their files.
fn folders(props: &OutputsProps, branch: &Branch) -> Callback<(), Html> {
    let (props, branch) = (props.clone(), branch.clone());
    Callback::from(move |()| {
        html! {
            <ul>
                for (folder, files) in &branch.folders {
                    <li key={folder.clone()} data-test="output-folder">
                        <span class="small quiet path">{ words::folder(folder) }</span>
                        <ul>
                            for file in files.iter().map(|&index| &props.package.files[index]) {
                                <li key={file.path.clone()} data-test="output-file" data-path={file.path.clone()} data-appliable={file.appliable.then_some("true")}>{ row(&props, file) }</li>
                            }
                        </ul>
                    </li>
                }
            </ul>
        }
    })
}

fn row(props: &OutputsProps, file: &OutputFileReport) -> Html {
    let shown = props.preview.as_ref().is_some_and(|preview| preview.path == file.path);
    let path = file.path.clone();
    html! {
        <button type="button" aria-current={shown.then_some("true")} data-test="preview" onclick={props.act.reform(move |_| Act::Preview(path.clone()))}>
            <span class="name">{ tree::name(&file.path) }</span>
            if file.secret { <span class="end">{ icon(Icon::Key) }<span class="sr">{ words::PRIVATE_KEY }</span></span> }
        </button>
    }
}

/// The selected file.
fn pane(props: &OutputsProps) -> Html {
    let file = props.preview.as_ref().and_then(|preview| {
        let file = props.package.files.iter().find(|file| file.path == preview.path)?;
        Some((preview, file))
    });
    let Some((preview, file)) = file else { return html! { <p class="body quiet">{ words::SELECT_FILE }</p> } };
    html! {
        <>
            <header>
                <span><b class="path">{ &file.path }</b><span class="hint">{ words::output(file) }</span></span>
                <div class="row">
                    <button type="button" class="btn sm bare icon-only" aria-label={words::CLOSE_FILE} title={words::CLOSE_FILE} data-test="close-preview" onclick={props.act.reform(|_| Act::ClosePreview)}>{ icon(Icon::X) }</button>
                </div>
            </header>
            if file.appliable { { apply(props, file) } }
            if file.appliable && file.secret { <div class="body"><p class="problem">{ words::SECRET_WARNING }</p></div> }
            <PreviewPane preview={preview.clone()} beside={props.beside} act={props.act.clone()} />
        </>
    }
}

/// The button that copies the command for an object, and the kubectl context of its cluster: a field until the first command for
/// that cluster is copied.
fn apply(props: &OutputsProps, file: &OutputFileReport) -> Html {
    let (target, path) = (Target::of(file), file.path.clone());
    let context = props.contexts.of(target);
    let copy = props.act.reform(move |_: MouseEvent| Act::Copy(path.clone(), target));
    let button = html! { <button type="button" class="btn sm" disabled={props.busy} data-test="copy" onclick={copy}>{ icon(Icon::Copy) }{ words::COPY_APPLY }</button> };
    if context.settled {
        return html! {
            <div class="row apply" data-test="context-settled">
                { button }
                <span class="small quiet">{ words::context_used(target, &context.name) }</span>
                <button type="button" class="btn sm bare" data-test="context-change" onclick={props.act.reform(move |_| Act::AskContext(target))}>{ words::CHANGE_CONTEXT }</button>
            </div>
        };
    }
    let oninput = props.act.reform(move |event: InputEvent| Act::Context(target, dom::value(&event)));
    html! {
        <div class="row apply">
            <div class="field">
                <label for="context">{ words::context_label(target) }</label>
                <input id="context" class="input" type="text" autocomplete="off" spellcheck="false" autocapitalize="off" value={context.name.clone()} {oninput}
                    aria-describedby="context-hint" data-test="context" />
                <span id="context-hint" class="hint">{ words::CONTEXT_HINT }</span>
            </div>
            { button }
        </div>
    }
}
