//! Review: what was predicted, and every file of the package before it is downloaded.

use std::rc::Rc;

use airlock_core::report::{CertificateReport, InventoryReport, OutputFileReport, PackageReport, PlanReport};
use yew::prelude::*;

use super::{
    fingerprints::fingerprints,
    gradual::{self, Gradual},
    part::{Fold, Part},
    picture::{MatrixPart, TrustPart},
    platform::use_tongue,
    preview::PreviewPane,
    reach,
};
use crate::{
    app::Act,
    state::{
        Preview,
        chart::Chart,
        picture::Picture,
        reach::reach,
        tree::{self, Branch},
    },
    words,
};

/// Up to this many groups are open at first.
const FEW: usize = 12;

/// Properties of [`ReviewPart`].
#[derive(Clone, Properties, PartialEq)]
pub struct ReviewProps {
    /// The package's files.
    pub package: Rc<PackageReport>,
    /// The plan that it was made of.
    pub plan: Option<Rc<PlanReport>>,
    /// What was found.
    pub inventory: Option<Rc<InventoryReport>>,
    /// The new authorities, in the plan's order.
    pub authorities: Rc<[CertificateReport]>,
    /// What was predicted of it.
    pub chart: Rc<Chart>,
    /// Where the person is in it.
    pub picture: Picture,
    /// The file that is shown.
    pub preview: Option<Preview>,
    /// Is it shown beside what was there?
    pub beside: bool,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The picture, and the files.
#[component]
pub fn ReviewPart(props: &ReviewProps) -> Html {
    let ReviewProps { package, plan, inventory, authorities, chart, picture, preview, beside, busy, act } = props;
    let mut pieces = vec![
        html! {
            <>
                if let Some(reach) = plan.as_ref().and_then(|plan| reach(plan)) {
                    { reach::ends(&reach) }
                }
                <MatrixPart {chart} picture={picture.clone()} {act} />
            </>
        },
        html! { <TrustPart {chart} picture={picture.clone()} {act} /> },
    ];
    if let (Some(inventory), Some(plan)) = (inventory, plan) {
        pieces.push(html! {
            <>
                <h3>{ words::FINGERPRINTS }</h3>
                { fingerprints(inventory, plan, authorities) }
            </>
        });
    }
    pieces.push(html! {
        <>
            <h3>{ "The files of the package" }</h3>
            <Files {package} preview={preview.clone()} {beside} {busy} {act} />
        </>
    });
    html! { <Part id="review" title="Review"><Gradual {pieces} /></Part> }
}

/// Properties of [`Files`].
#[derive(Clone, Properties, PartialEq)]
pub struct FilesProps {
    /// The package's files.
    pub package: Rc<PackageReport>,
    /// The file that is shown.
    pub preview: Option<Preview>,
    /// Is it shown beside what was there?
    pub beside: bool,
    /// Is work under way?
    pub busy: bool,
    /// Where the person's doings go.
    pub act: Callback<Act>,
}

/// The files by phase and holder, the phases first and then what is for all of them.
#[component]
fn Files(props: &FilesProps) -> Html {
    let branches = tree::branches(&props.package.files);
    let open = branches.len() <= FEW;
    let tongue = use_tongue();
    html! {
        <>
            <p>{ words::package(&props.package) }</p>
            for phase in [1, 2, 3, 0] {
                <h4 key={phase}>{ words::platform::phase(phase, tongue) }</h4>
                { groups(props, &branches, phase, open && phase > 0) }
            }
        </>
    }
}

fn groups(props: &FilesProps, branches: &[Branch], phase: u8, open: bool) -> Html {
    let its: Vec<&Branch> = branches.iter().filter(|branch| branch.phase == phase).collect();
    gradual::rows(&its, |_, branch| {
        let name = format!("{phase}/{}", branch.holder);
        html! { <Fold key={name.clone()} summary={summary(branch)} {open} content={folders(props, branch)} test="output-group" name={name.clone()} /> }
    })
}

fn summary(branch: &Branch) -> Html {
    html! { <><strong>{ words::holder(&branch.holder) }</strong>{ ", " }{ words::count(branch.len(), "file") }</> }
}

/// Folders, and under each its files.
fn folders(props: &FilesProps, branch: &Branch) -> Callback<(), Html> {
    let (props, branch) = (props.clone(), branch.clone());
    Callback::from(move |()| {
        html! {
            <ul class="plain tree">
                for (folder, files) in &branch.folders {
                    <li key={folder.clone()} data-test="output-folder">
                        <span class="path folder">{ words::folder(folder) }</span>
                        <ul class="plain">
                            for file in files.iter().map(|&index| &props.package.files[index]) {
                                <li key={file.path.clone()} data-test="output-file" data-path={file.path.clone()}>{ row(&props, file) }</li>
                            }
                        </ul>
                    </li>
                }
            </ul>
        }
    })
}

fn row(props: &FilesProps, file: &OutputFileReport) -> Html {
    let shown = props.preview.as_ref().filter(|preview| preview.path == file.path);
    let path = file.path.clone();
    let toggle = if shown.is_some() { Act::ClosePreview } else { Act::Preview(path.clone()) };
    html! {
        <>
            <p class="output">
                <button type="button" class="link path" aria-expanded={shown.is_some().to_string()} data-test="preview"
                    onclick={props.act.reform(move |_| toggle.clone())}>{ tree::name(&file.path) }</button>
                <span class="hint">{ words::output(file) }</span>
            </p>
            if file.appliable {
                <p>
                    <button type="button" disabled={props.busy} data-test="copy" aria-label={format!("Copy for kubectl apply: {path}")}
                        onclick={props.act.reform(move |_| Act::Copy(path.clone()))}>{ "Copy for kubectl apply" }</button>
                    if file.secret {
                        <span class="problem">{ words::SECRET_WARNING }</span>
                    }
                </p>
            }
            if let Some(preview) = shown {
                <PreviewPane preview={preview.clone()} beside={props.beside} act={props.act.clone()} />
            }
        </>
    }
}
