//! Fingerprints of the old and the new CAs, to be compared by reading them aloud.

use airlock_core::report::{CertificateReport, InventoryReport, PlanReport};
use yew::prelude::*;

use super::{
    cards::Card,
    elements::{Command, Copy},
};
use crate::words;

/// Old and new side by side, for each CA that is replaced.
pub fn fingerprints(inventory: &InventoryReport, plan: &PlanReport, new: &[CertificateReport]) -> Html {
    let pairs = plan.authorities.iter().zip(new).filter_map(|(successor, new)| {
        let old = inventory.authorities.iter().find(|authority| authority.id == successor.id)?;
        Some((successor, &old.certificate, new))
    });
    let [ca, current, next] = words::FINGERPRINT_TABLE;
    html! {
        <Card id="fingerprints" title={words::FINGERPRINTS} lead={html! { words::FINGERPRINTS_HINT }}>
            <div class="body"><Command command={words::FINGERPRINTS_COMMAND} /></div>
            <div class="table stack">
                <table>
                    <thead><tr>{ for [ca, current, next].map(|title| html! { <th key={title} scope="col">{ title }</th> }) }</tr></thead>
                    <tbody>
                        for (successor, old, new) in pairs {
                            <tr key={successor.title.clone()}>
                                <th scope="row">{ &successor.title }<span class="hint path">{ &successor.old_subject }{ " → " }{ &successor.new_subject }</span></th>
                                <td data-l={current}>{ one(old, &format!("Copy the current SHA-256 of the {}", successor.title)) }</td>
                                <td data-l={next}>{ one(new, &format!("Copy the new SHA-256 of the {}", successor.title)) }</td>
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
        </Card>
    }
}

fn one(certificate: &CertificateReport, label: &str) -> Html {
    let lines = words::spelled(&certificate.fingerprint);
    html! {
        <div class="row" data-test="fingerprint" data-fingerprint={certificate.fingerprint.clone()}>
            <span class="fp">{ for lines.into_iter().enumerate().map(|(index, line)| html! { <>if index > 0 { <br /> }{ line }</> }) }</span>
            <Copy text={certificate.fingerprint.clone()} label={label.to_owned()} />
        </div>
    }
}
