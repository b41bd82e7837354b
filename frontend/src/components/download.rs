//! Download: the package as a zip.

use yew::prelude::*;

use super::part::Part;
use crate::{app::Act, state::Downloaded, words};

/// Properties of [`DownloadPart`].
#[derive(Properties, PartialEq)]
pub struct DownloadProps {
    /// The package's name.
    pub name: AttrValue,
    /// The zip, once it was downloaded.
    pub download: Option<Downloaded>,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The button, and how to check what came of it.
#[component]
pub fn DownloadPart(props: &DownloadProps) -> Html {
    let DownloadProps { name, download, busy, act } = props;
    html! {
        <Part id="download" title="Download">
            <p>{ words::DOWNLOAD_HINT }</p>
            <button type="button" class="main" disabled={*busy} onclick={act.reform(|_| Act::Download)} data-test="download-zip">
                { "Download " }{ name }{ ".zip" }
            </button>
            if let Some(Downloaded { name, sha256 }) = download {
                <p>{ "SHA-256 of the zip:" }</p>
                <pre tabindex="0" data-test="sha256" data-sha256={sha256.clone()}>{ sha256 }{ "  " }{ name }</pre>
                <p>{ words::CHECK_HINT }</p>
            }
        </Part>
    }
}
