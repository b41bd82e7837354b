//! A certificate, always with the same rows in the same order.

use airlock_core::report::{CertificateDetails, CertificateReport, ExtensionReport};
use yew::prelude::*;

use crate::{app::Act, ports::dom, state::Details, words};

/// A certificate: its subject and end, and the rest when opened.
pub fn certificate(certificate: &CertificateReport) -> Html {
    html! {
        <details class="certificate" data-test="certificate" data-fingerprint={certificate.fingerprint.clone()}>
            <summary>{ &certificate.subject }{ ", " }{ &certificate.key_type }{ ", until " }{ certificate.not_after.date() }</summary>
            <dl>
                for (name, value) in shown(certificate) {
                    <dt key={name}>{ name }</dt>
                    <dd key={format!("{name} value")}>{ value }</dd>
                }
            </dl>
            <AllFields fingerprint={certificate.fingerprint.clone()} />
        </details>
    }
}

/// The rows that say something; who signed it is said even where nobody is known.
fn shown(certificate: &CertificateReport) -> impl Iterator<Item = (&'static str, String)> {
    let nobody = |(name, value): (&'static str, String)| match name {
        "Signed by" => (name, or(&value, "nobody among the files")),
        _ => (name, value),
    };
    rows(certificate).into_iter().map(nobody).filter(|(_, value)| !value.is_empty())
}

/// The rows of every certificate.
pub fn rows(certificate: &CertificateReport) -> Vec<(&'static str, String)> {
    vec![
        ("Subject", certificate.subject.clone()),
        ("Issuer", certificate.issuer.clone()),
        ("Alternative names", certificate.alternative_names.join(", ")),
        ("Key", certificate.key_type.clone()),
        ("Not before", certificate.not_before.to_string()),
        ("Not after", certificate.not_after.to_string()),
        ("Signed by", certificate.signed_by.clone()),
        ("Signature", certificate.signature_algorithm.clone()),
        ("Authority", (if certificate.authority { "yes" } else { "no" }).to_owned()),
        ("Serial", certificate.serial.clone()),
        ("Fingerprint (SHA-256)", certificate.fingerprint.clone()),
        ("Pin", certificate.pin.clone()),
        ("Subject key id", or(&certificate.subject_key_id, "none")),
        ("Authority key id", or(&certificate.authority_key_id, "none")),
    ]
}

/// Properties of [`AllFields`].
#[derive(Properties, PartialEq)]
pub struct AllFieldsProps {
    /// Whose.
    pub fingerprint: AttrValue,
}

/// Every field of a certificate, fetched when it is opened.
#[component]
pub fn AllFields(AllFieldsProps { fingerprint }: &AllFieldsProps) -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    let details = use_context::<Details>().unwrap_or_default();
    let open = use_state_eq(|| false);
    let ontoggle = {
        let (open, fingerprint, known) = (open.clone(), fingerprint.to_string(), details.of(fingerprint).is_some());
        move |event: Event| {
            // The certificate around it hears of this as well.
            event.stop_propagation();
            open.set(dom::is_open(&event));
            if dom::is_open(&event) && !known {
                act.emit(Act::Details(fingerprint.clone()));
            }
        }
    };
    html! {
        <details {ontoggle} data-test="all-fields">
            <summary>{ words::ALL_FIELDS }</summary>
            if *open {
                { details.of(fingerprint).map_or_else(|| html! { <p>{ "Fetching …" }</p> }, fields) }
            }
        </details>
    }
}

fn fields(details: &CertificateDetails) -> Html {
    html! {
        <dl data-test="fields">
            <dt>{ "Version" }</dt><dd>{ details.version }</dd>
            for (index, one) in details.extensions.iter().enumerate() {
                <dt key={format!("{index}")}>{ words::extension(one) }</dt>
                <dd key={format!("{index} value")}>{ extension(one) }</dd>
            }
            <dt>{ "Public key, DER" }</dt><dd>{ &details.public_key }</dd>
            <dt>{ "Signature" }</dt><dd>{ &details.signature }</dd>
        </dl>
    }
}

/// What it says, and its octets where that is not all.
fn extension(one: &ExtensionReport) -> Html {
    if one.value.is_empty() {
        return html! { { words::raw(&one.raw) } };
    }
    html! { <>{ &one.value }<span class="hint">{ words::raw(&one.raw) }</span></> }
}

fn or(value: &str, otherwise: &str) -> String {
    (if value.is_empty() { otherwise } else { value }).to_owned()
}
