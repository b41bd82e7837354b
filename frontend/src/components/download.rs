//! Download: the package as a zip.

use std::rc::Rc;

use airlock_core::report::{PackageReport, PlanReport};
use yew::prelude::*;

use super::{part::Part, reach};
use crate::{
    app::Act,
    state::{Downloaded, reach::reach},
    words,
};

/// Properties of [`DownloadPart`].
#[derive(Properties, PartialEq)]
pub struct DownloadProps {
    /// The package.
    pub package: Rc<PackageReport>,
    /// The plan that it was made of.
    pub plan: Option<Rc<PlanReport>>,
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
    let DownloadProps { package, plan, download, busy, act } = props;
    html! {
        <Part id="download" title="Download">
            <p data-test="download-hint">{ words::download_hint(package) }</p>
            <button type="button" class="main" disabled={*busy} onclick={act.reform(|_| Act::Download)} data-test="download-zip">
                { "Download " }{ &package.name }{ ".zip" }
            </button>
            if let Some(Downloaded { name, sha256 }) = download {
                <p>{ "SHA-256 of the zip:" }</p>
                <pre tabindex="0" data-test="sha256" data-sha256={sha256.clone()}>{ sha256 }{ "  " }{ name }</pre>
                <p>{ words::CHECK_HINT }</p>
            }
            if let Some(reach) = plan.as_ref().and_then(|plan| reach(plan)) {
                { reach::next(&reach) }
            }
        </Part>
    }
}
