//! Download: the package, and what to do next.

use std::rc::Rc;

use airlock_core::{
    plan::request::Intent,
    report::{PackageReport, PlanReport},
};
use yew::prelude::*;

use super::{
    cards::{Card, Head},
    elements::{self, Command, Copy},
    icon::{Icon, icon},
    partial_plan,
};
use crate::{
    state::{Downloaded, partial_plan::partial_plan, tree},
    words,
};

/// Properties of [`DownloadPart`].
#[derive(Properties, PartialEq)]
pub struct DownloadProps {
    /// The package.
    pub package: Rc<PackageReport>,
    /// The plan that it was built from.
    pub plan: Option<Rc<PlanReport>>,
    /// The zip, once downloaded.
    pub download: Option<Downloaded>,
}

/// The step.
#[component]
pub fn DownloadPart(props: &DownloadProps) -> Html {
    let DownloadProps { package, plan, download, .. } = props;
    let (title, text) = words::download_hint(package);
    let secret = package.files.iter().any(|file| file.secret);
    let [file, sum] = words::PACKAGE_TERMS;
    let aside = html! { <span class="small quiet">{ words::package_size(package, plan.as_deref()) }</span> };
    html! {
        <div class="contents" data-test="download">
            <Head id="download" title={words::DOWNLOAD_TITLE}>{ words::DOWNLOAD_SENTENCE }</Head>
            <div class="cols tasked">
                <div class="stackv">
                    <Card id="package" title={words::PACKAGE} {aside}>
                        <div class="body">
                            <div class={classes!("note", if secret { "warn" } else { "info" })} data-test="download-hint">{ icon(Icon::Key) }<div><b>{ title }</b><p class="small">{ text }</p></div></div>
                            <dl class="kv">
                                <dt>{ file }</dt><dd class="path">{ &package.name }{ ".zip" }</dd>
                                <dt>{ sum }</dt>
                                if let Some(Downloaded { name, sha256 }) = download {
                                    <dd><span class="path" data-test="sha256" data-sha256={sha256.clone()} data-name={name.clone()}>{ sha256 }</span><Copy text={sha256.clone()} label={words::COPY_SUM} /></dd>
                                } else {
                                    <dd class="quiet">{ words::NO_SUM }</dd>
                                }
                            </dl>
                        </div>
                    </Card>
                    if let Some(partial_plan) = plan.as_ref().and_then(|plan| partial_plan(plan)) {
                        { partial_plan::next(&partial_plan) }
                    }
                </div>
                { next(package, plan.as_ref().map(|plan| plan.intent).unwrap_or_default()) }
            </div>
        </div>
    }
}

fn next(package: &PackageReport, intent: Intent) -> Html {
    let phases = words::plan_phases(intent);
    let script = package.files.iter().find(|file| {
        phases.first() == Some(&file.phase) && file.path.ends_with("/apply.sh") && file.path.contains("/control-plane/")
    });
    let node = script.map(|file| (file.holder.as_str(), tree::folder(&file.path)));
    html! {
        <Card id="next" title={words::WHAT_NEXT}>
            <ol class="tasks">
                for task in words::tasks(package, node, intent) {
                    <li key={task.title}>
                        <b>{ task.title }</b>
                        if !task.command.is_empty() { <Command command={task.command} /> }
                        if !task.about.is_empty() { <p class="small quiet">{ task.about }</p> }
                    </li>
                }
            </ol>
            if phases.len() > 1 {
                <div class="body"><div class="row">{ for phases.iter().map(|&phase| elements::phase(phase, words::phase_short(phase))) }</div></div>
            }
        </Card>
    }
}
