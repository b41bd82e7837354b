//! A certificate, always with the same fields in the same order.

use airlock_core::report::{CertificateDetails, CertificateReport, ExtensionReport};
use yew::prelude::*;

use super::{
    cards::{Section, use_section},
    icon::chevron,
};
use crate::{
    state::{Details, act::Act},
    words::{self, certificate as text, certificate::field},
};

/// A certificate: a line that opens to its fields.
pub fn certificate(certificate: &CertificateReport) -> Html {
    html! {
        <details class="cert" data-test="certificate" data-fingerprint={certificate.fingerprint.clone()}
            // Stops the event: enclosing sections handle it, too.
            ontoggle={|event: Event| event.stop_propagation()}>
            <summary>{ chevron() }<span>{ text::certificate(certificate) }</span></summary>
            { facts(certificate) }
        </details>
    }
}

/// The main fields, and all fields when opened.
pub fn facts(certificate: &CertificateReport) -> Html {
    html! {
        <>
            <dl class="kv">
                for (name, value) in shown(certificate) {
                    <dt key={name}>{ name }</dt>
                    <dd key={format!("{name} value")}>{ value }</dd>
                }
            </dl>
            <AllFields fingerprint={certificate.fingerprint.clone()} />
        </>
    }
}

/// The main fields; without a loaded issuer, a text says so.
fn shown(certificate: &CertificateReport) -> impl Iterator<Item = (&'static str, String)> {
    let issuer = |(name, value): (&'static str, String)| match name {
        field::SIGNED_BY => (name, or(&value, text::NO_ISSUER)),
        _ => (name, value),
    };
    rows(certificate).into_iter().map(issuer).filter(|(_, value)| !value.is_empty())
}

/// The main fields of a certificate.
pub fn rows(certificate: &CertificateReport) -> Vec<(&'static str, String)> {
    vec![
        (field::SUBJECT, certificate.subject.clone()),
        (field::ISSUER, certificate.issuer.clone()),
        (field::NAMES, certificate.alternative_names.join(", ")),
        (field::KEY, certificate.key_type.clone()),
        (field::NOT_BEFORE, certificate.not_before.to_string()),
        (field::NOT_AFTER, certificate.not_after.to_string()),
        (field::SIGNED_BY, certificate.signed_by.clone()),
        (field::SIGNATURE, certificate.signature_algorithm.clone()),
        (field::AUTHORITY, text::is_authority(certificate.authority).to_owned()),
        (field::SERIAL, certificate.serial.clone()),
        (field::FINGERPRINT, certificate.fingerprint.clone()),
        // Only kubeadm join uses the pin, and only of a CA.
        (field::PIN, if certificate.authority { certificate.pin.clone() } else { String::new() }),
        (field::SUBJECT_KEY_ID, or(&certificate.subject_key_id, text::NONE)),
        (field::AUTHORITY_KEY_ID, or(&certificate.authority_key_id, text::NONE)),
    ]
}

/// Properties of [`AllFields`].
#[derive(Properties, PartialEq)]
pub struct AllFieldsProps {
    /// The certificate's fingerprint.
    pub fingerprint: AttrValue,
}

/// All fields of a certificate, requested when opened.
#[component]
pub fn AllFields(AllFieldsProps { fingerprint }: &AllFieldsProps) -> Html {
    let act = use_context::<Callback<Act>>().unwrap_or_default();
    let details = use_context::<Details>().unwrap_or_default();
    let Section { is_open, ontoggle, onclick, .. } = use_section(false);
    use_effect_with((is_open, fingerprint.clone()), {
        let known = details.of(fingerprint).is_some();
        move |(is_open, fingerprint)| {
            if *is_open && !known {
                act.emit(Act::Details(fingerprint.to_string()));
            }
        }
    });
    html! {
        <details class="cert" open={is_open} {ontoggle} data-test="all-fields">
            <summary {onclick}>{ chevron() }<span>{ words::ALL_FIELDS }</span></summary>
            if is_open {
                { details.of(fingerprint).map_or_else(|| html! { <p>{ words::FETCHING }</p> }, fields) }
            }
        </details>
    }
}

fn fields(details: &CertificateDetails) -> Html {
    html! {
        <dl class="kv" data-test="fields">
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

/// An extension's text, and its raw value if the text is not complete.
fn extension(one: &ExtensionReport) -> Html {
    if one.value.is_empty() {
        return html! { { words::raw(&one.raw) } };
    }
    html! { <>{ &one.value }<span class="hint">{ words::raw(&one.raw) }</span></> }
}

fn or(value: &str, otherwise: &str) -> String {
    (if value.is_empty() { otherwise } else { value }).to_owned()
}
