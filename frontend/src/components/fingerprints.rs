//! Fingerprints of the old and the new authorities, set out to be read aloud and compared.

use airlock_core::report::{CertificateReport, InventoryReport, PlanReport};
use yew::prelude::*;

use crate::words;

/// Old and new side by side, for each authority that is replaced.
pub fn fingerprints(inventory: &InventoryReport, plan: &PlanReport, new: &[CertificateReport]) -> Html {
    let pairs = plan.authorities.iter().zip(new).filter_map(|(successor, new)| {
        let old = inventory.authorities.iter().find(|authority| authority.id == successor.id)?;
        Some((successor, &old.certificate, new))
    });
    html! {
        <>
            <p>{ words::FINGERPRINTS_HINT }</p>
            <div class="fingerprints">
                for (successor, old, new) in pairs {
                    { one(words::old_of(&successor.title), old) }
                    { one(words::new_of(&successor.title), new) }
                }
            </div>
            <p class="hint">{ words::SPELLED }</p>
        </>
    }
}

fn one(title: String, certificate: &CertificateReport) -> Html {
    html! {
        <div data-test="fingerprint" data-fingerprint={certificate.fingerprint.clone()}>
            <h4>{ title }</h4>
            <p>{ &certificate.subject }{ ", " }{ &certificate.key_type }{ ", " }{ words::until_date(certificate.not_after) }</p>
            <ol>
                for line in words::spelled(&certificate.fingerprint) { <li key={line.clone()}><code>{ line }</code></li> }
            </ol>
        </div>
    }
}
