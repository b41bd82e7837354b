//! Verification of new certificates: reads them with another library and compares them with the parameters.

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::{
    certificate::Certificate,
    extension::{ExtendedKeyUsage, Extension, KeyUsage},
    issue_error::IssueError,
    key::{PrivateKey, PublicKey},
    name::Name,
    san::AlternativeName,
    validity::Validity,
};

/// The expected fields of any certificate.
pub(super) struct Asked<'a> {
    /// Its issuer's name; `None` if it is self-issued.
    pub(super) issuer: Option<&'a Name>,
    pub(super) public_key: &'a PublicKey,
    pub(super) validity: Validity,
    pub(super) serial: &'a [u8],
    pub(super) signer: &'a PrivateKey,
}

impl Asked<'_> {
    /// Parses the DER of a new certificate, checks its fields and verifies its signature.
    pub(super) fn read_back(&self, made: &[u8]) -> Result<Certificate, IssueError> {
        let certificate = Certificate::from_der(made).map_err(|_| IssueError::Mismatch("structure"))?;
        // Extensions require version 3; a certificate without them has version 1 (RFC 5280, 4.1.2.1).
        check(certificate.version() == if certificate.extensions().is_empty() { 1 } else { 3 }, "version")?;
        check(certificate.serial() == self.serial, "serial number")?;
        check(certificate.issuer() == self.issuer.unwrap_or_else(|| certificate.subject()), "issuer")?;
        check(certificate.not_before() == self.validity.not_before, "validity")?;
        check(certificate.not_after() == self.validity.not_after, "validity")?;
        check(certificate.public_key() == self.public_key, "public key")?;
        check(certificate.signature_algorithm() == self.signer.signature_algorithm(), "signature algorithm")?;
        check(certificate.is_signed_with(self.signer.public_key()), "signature")?;
        Ok(certificate)
    }
}

/// The expected fields of a newly issued (not re-issued) certificate.
pub(super) struct Shape<'a> {
    pub(super) common_name: Option<&'a str>,
    pub(super) organizations: &'a [String],
    pub(super) authority: bool,
    pub(super) key_usage: KeyUsage,
    pub(super) extended_key_usages: &'a [ExtendedKeyUsage],
    pub(super) alternative_names: &'a [AlternativeName],
    pub(super) subject_key_id: Option<&'a [u8]>,
    pub(super) authority_key_id: Option<&'a [u8]>,
}

impl Shape<'_> {
    pub(super) fn compare(&self, made: &Certificate) -> Result<(), IssueError> {
        check(made.subject().common_name().as_deref() == self.common_name, "common name")?;
        check(made.subject().organizations() == self.organizations, "organizations")?;
        check(made.is_authority() == self.authority, "basic constraints")?;
        check(made.path_len().is_none(), "path length")?;
        check(made.key_usage() == Some(self.key_usage), "key usage")?;
        check(made.extended_key_usages() == self.extended_key_usages, "extended key usage")?;
        check(made.alternative_names() == self.alternative_names, "alternative names")?;
        check(made.subject_key_id() == self.subject_key_id, "subject key identifier")?;
        check(made.authority_key_id() == self.authority_key_id, "authority key identifier")?;
        let expected = [
            (rfc5280::ID_CE_BASIC_CONSTRAINTS, true, true),
            (rfc5280::ID_CE_KEY_USAGE, true, true),
            (rfc5280::ID_CE_EXT_KEY_USAGE, false, !self.extended_key_usages.is_empty()),
            (rfc5280::ID_CE_SUBJECT_ALT_NAME, false, !self.alternative_names.is_empty()),
            (rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, self.subject_key_id.is_some()),
            (rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, self.authority_key_id.is_some()),
        ];
        let present = expected.iter().filter(|(.., present)| *present);
        check(made.extensions().len() == present.clone().count(), "extensions")?;
        for (oid, critical, _) in present {
            check(find(made, *oid).is_some_and(|extension| extension.critical == *critical), "extensions")?;
        }
        Ok(())
    }
}

/// Checks that a re-issued certificate has the old one's extensions in the same order, except for the two key
/// identifiers.
pub(super) fn compare_extensions(
    old: &Certificate,
    made: &Certificate,
    subject_key_id: Option<&[u8]>,
    authority_key_id: Option<&[u8]>,
) -> Result<(), IssueError> {
    let copied = |certificate: &Certificate| -> Vec<Extension> {
        let key_ids = [rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER];
        let others = certificate.extensions().iter().filter(|extension| key_ids.iter().all(|id| extension.oid != *id));
        others.cloned().collect()
    };
    check(copied(old) == copied(made), "extensions")?;
    check(made.subject_key_id() == subject_key_id, "subject key identifier")?;
    check(made.authority_key_id() == authority_key_id, "authority key identifier")?;
    for id in [rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER] {
        let same = match (find(old, id), find(made, id)) {
            (Some(old), Some(made)) => old.critical == made.critical,
            (None, Some(made)) => !made.critical,
            (_, None) => true,
        };
        check(same, "extensions")?;
    }
    Ok(())
}

fn find(certificate: &Certificate, oid: ObjectIdentifier) -> Option<&Extension> {
    certificate.extensions().iter().find(|extension| extension.oid == oid)
}

fn check(holds: bool, what: &'static str) -> Result<(), IssueError> {
    if holds { Ok(()) } else { Err(IssueError::Mismatch(what)) }
}
