//! A certificate, always with the same rows in the same order.

use airlock_core::report::CertificateReport;
use yew::prelude::*;

/// A certificate: its subject and end, and the rest when opened.
pub fn certificate(certificate: &CertificateReport) -> Html {
    let rows = [
        ("Subject", certificate.subject.clone()),
        ("Issuer", certificate.issuer.clone()),
        ("Alternative names", certificate.alternative_names.join(", ")),
        ("Key", certificate.key_type.clone()),
        ("Not before", certificate.not_before.to_string()),
        ("Not after", certificate.not_after.to_string()),
        ("Signed by", or(&certificate.signed_by, "nobody among the files")),
        ("Signature", certificate.signature_algorithm.clone()),
        ("Authority", (if certificate.authority { "yes" } else { "no" }).to_owned()),
        ("Serial", certificate.serial.clone()),
        ("Fingerprint (SHA-256)", certificate.fingerprint.clone()),
        ("Pin", certificate.pin.clone()),
        ("Subject key id", or(&certificate.subject_key_id, "none")),
        ("Authority key id", or(&certificate.authority_key_id, "none")),
    ];
    html! {
        <details class="certificate" data-test="certificate" data-fingerprint={certificate.fingerprint.clone()}>
            <summary>{ &certificate.subject }{ ", " }{ &certificate.key_type }{ ", until " }{ certificate.not_after.date() }</summary>
            <dl>
                for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
                    <dt key={name}>{ name }</dt>
                    <dd key={format!("{name} value")}>{ value }</dd>
                }
            </dl>
        </details>
    }
}

fn or(value: &str, otherwise: &str) -> String {
    (if value.is_empty() { otherwise } else { value }).to_owned()
}
