//! A file of the package beside what was there. Core has put pins in the place of private keys.

use airlock_core::report::{FilePreview, LineChange};
use yew::prelude::*;

use crate::{state::Preview, words};

/// Properties of [`PreviewPane`].
#[derive(Properties, PartialEq)]
pub struct PreviewProps {
    /// The file, or that it is on its way.
    pub preview: Preview,
}

/// The lines, with those that went and those that came.
#[component]
pub fn PreviewPane(props: &PreviewProps) -> Html {
    props.preview.file.as_deref().map_or_else(
        || html! { <p>{ "Fetching …" }</p> },
        |file| {
            html! {
                <div data-test="preview-lines">
                    <p class="hint">{ words::replaces(&file.replaces) }</p>
                    <pre tabindex="0" aria-label={file.path.clone()}>{ for lines(file) }</pre>
                </div>
            }
        },
    )
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
