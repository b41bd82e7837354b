//! A file of the package compared with the loaded one. Core has replaced private keys with their public key pins.

use airlock_core::report::{CertificateReport, FilePreview, LineChange};
use yew::prelude::*;

use super::certificate::rows;
use crate::{
    state::{
        Preview,
        act::Act,
        comparison::{self, Pair},
    },
    words,
};

/// Properties of [`PreviewPane`].
#[derive(Properties, PartialEq)]
pub struct PreviewProps {
    /// The selected file.
    pub preview: Preview,
    /// Are changes shown in two columns instead of one?
    pub beside: bool,
    /// Receives the person's actions.
    pub act: Callback<Act>,
}

/// The certificates and the lines, removed and added.
#[component]
pub fn PreviewPane(PreviewProps { preview, beside, act }: &PreviewProps) -> Html {
    let Some(file) = preview.file.as_deref() else { return html! { <p>{ "Fetching …" }</p> } };
    let changes = !file.replaces.is_empty();
    html! {
        <div class="contents" data-test="preview-lines" data-path={file.path.clone()}>
            <div class="row between">
                <span class="small quiet path">{ words::replaces(&file.replaces) }</span>
                if changes {
                    <div class="seg" role="group" aria-label={words::LAYOUT}>
                        { for [false, true].map(|layout| html! {
                            <button type="button" aria-pressed={(layout == *beside).to_string()} data-test={if layout { "beside" } else { "together" }}
                                onclick={act.reform(move |_| Act::Beside(layout))}>{ words::layout(layout) }</button>
                        }) }
                    </div>
                }
            </div>
            if changes {
                { for comparison::pairs(file).into_iter().filter(|pair| !pair.is_kept()).map(|pair| certificates(&pair)) }
            }
            if changes && *beside {
                { lines_beside(file) }
            } else {
                <pre class="plainlines" tabindex="0" role="group" aria-label={file.path.clone()}>{ for lines(file) }</pre>
            }
        </div>
    }
}

fn lines(file: &FilePreview) -> impl Iterator<Item = Html> {
    file.lines.iter().map(|line| {
        let text = &line.text;
        match line.change {
            LineChange::Added => html! { <ins>{ "+ " }{ text }{ "\n" }</ins> },
            LineChange::Kept => html! { <span>{ "  " }{ text }{ "\n" }</span> },
            LineChange::Removed => html! { <del>{ "- " }{ text }{ "\n" }</del> },
        }
    })
}

/// Two columns of lines, with their numbers.
fn lines_beside(file: &FilePreview) -> Html {
    let cell = |line: Option<(usize, &str)>, kept: bool, after: bool| {
        let (number, text) = line.map(|(number, text)| (number.to_string(), text.to_owned())).unwrap_or_default();
        let text = match (kept || line.is_none(), after) {
            (true, _) => html! { { text } },
            (false, false) => html! { <del>{ text }</del> },
            (false, true) => html! { <ins>{ text }</ins> },
        };
        html! { <><td class="number" aria-hidden="true">{ number }</td><td class="line">{ text }</td></> }
    };
    html! {
        <div class="table" role="region" tabindex="0" aria-label={file.path.clone()}>
            <table class="sides" data-test="sides">
                <thead><tr>
                    <th scope="col" colspan="2">{ words::BEFORE }</th>
                    <th scope="col" colspan="2">{ words::AFTER }</th>
                </tr></thead>
                <tbody>
                    for (index, row) in comparison::rows(file).into_iter().enumerate() {
                        <tr key={index} class={classes!((!row.kept).then_some("changed"))}>
                            { cell(row.before, row.kept, false) }
                            { cell(row.after, row.kept, true) }
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

/// A certificate and its replacement, field by field.
fn certificates(pair: &Pair<'_>) -> Html {
    let fields = |one: Option<&CertificateReport>| one.map(rows).unwrap_or_default();
    let (before, after) = (fields(pair.before), fields(pair.after));
    let names = if after.is_empty() { &before } else { &after };
    let value = |all: &[(&'static str, String)], name: &str| {
        all.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let rows = names.iter().map(|(name, _)| (*name, value(&before, name), value(&after, name)));
    html! {
        <div class="table" role="region" tabindex="0" aria-label={words::certificate_change(pair)}>
            <table class="fields" data-test="certificate-change">
                <caption>{ words::certificate_change(pair) }</caption>
                <thead><tr>
                    <th scope="col">{ words::FIELD }</th><th scope="col">{ words::BEFORE }</th><th scope="col">{ words::AFTER }</th>
                </tr></thead>
                <tbody>
                    for (name, before, after) in rows.filter(|(_, before, after)| !before.is_empty() || !after.is_empty()) {
                        <tr key={name} class={classes!((before != after).then_some("changed"))}>
                            <th scope="row">{ name }</th>
                            if before == after {
                                <td>{ before.clone() }</td><td>{ words::SAME }</td>
                            } else {
                                <td><del>{ before }</del></td><td><ins>{ after }</ins></td>
                            }
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
