//! Certificates, field by field.

use airlock_core::report::{CertificateReport, ExtensionReport};

use crate::state::comparison::Pair;

/// Over every field of a certificate.
pub const ALL_FIELDS: &str = "All fields";
/// While the fields are on their way.
pub const FETCHING: &str = "Loading …";
/// A certificate whose issuer is not among the files.
pub const NO_ISSUER: &str = "no loaded CA";
/// Over names of fields.
pub const FIELD: &str = "Field";
/// A field that does not change.
pub const SAME: &str = "unchanged";
/// No value.
pub const NONE: &str = "none";

/// Names of fields, in the order of their rows.
pub mod field {
    /// Who it is for.
    pub const SUBJECT: &str = "Subject";
    /// Who issued it, by name.
    pub const ISSUER: &str = "Issuer";
    /// Its names and addresses.
    pub const NAMES: &str = "Subject alternative names";
    /// Its public key's type.
    pub const KEY: &str = "Key";
    /// The start of validity.
    pub const NOT_BEFORE: &str = "Valid from";
    /// Last second.
    pub const NOT_AFTER: &str = "Expires";
    /// The loaded CA that issued it.
    pub const SIGNED_BY: &str = "Issued by";
    /// How it is signed.
    pub const SIGNATURE: &str = "Signature";
    /// basicConstraints.
    pub const AUTHORITY: &str = "CA";
    /// Serial number.
    pub const SERIAL: &str = "Serial";
    /// Of the whole certificate.
    pub const FINGERPRINT: &str = "SHA-256";
    /// Of its public key.
    pub const PIN: &str = "Public key pin (kubeadm discovery hash)";
    /// Its own key identifier.
    pub const SUBJECT_KEY_ID: &str = "Subject key ID";
    /// Its issuer's.
    pub const AUTHORITY_KEY_ID: &str = "Authority key ID";
}

/// A certificate in a line.
pub fn certificate(certificate: &CertificateReport) -> String {
    format!("{}, {}, until {}", certificate.subject, certificate.key_type, certificate.not_after.date())
}

/// The value of `CA`.
pub fn is_authority(authority: bool) -> &'static str {
    if authority { "true" } else { "false" }
}

/// What becomes of a certificate in a file.
pub fn certificate_change(pair: &Pair<'_>) -> String {
    let subject = |one: Option<&CertificateReport>| one.map(|one| one.subject.clone()).unwrap_or_default();
    match (pair.before, pair.after) {
        (None, after) => format!("Certificate added: {}", subject(after)),
        (before, None) => format!("Certificate removed: {}", subject(before)),
        (before, after) if subject(before) == subject(after) => format!("Certificate replaced: {}", subject(after)),
        (before, after) => format!("Certificate replaced: {} → {}", subject(before), subject(after)),
    }
}

/// An extension by its name, or by its identifier where it has none here.
pub fn extension(extension: &ExtensionReport) -> String {
    let name = if extension.name.is_empty() { "unknown extension" } else { &extension.name };
    let critical = if extension.critical { ", critical" } else { "" };
    format!("{name} ({}{critical})", extension.oid)
}

/// The encoded value of an extension.
pub fn raw(octets: &str) -> String {
    format!("raw: {octets}")
}
