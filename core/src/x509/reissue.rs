//! Re-issue of existing certificates: renewal, new key, new issuer, cross-signing.

use const_oid::db::rfc5280;
use der::asn1::OctetString;

use super::{
    build::{CertificateFields, authority_key_identifier, build, extension},
    certificate::Certificate,
    extension::Extension,
    issue_error::IssueError,
    issuer::Issuer,
    key::{PrivateKey, PublicKey},
    name::Name,
    validity::Validity,
    verify::{Asked, compare_extensions},
};

/// Re-issues `old` under `issuer`, for `public_key`.
///
/// Subject and extensions are copied byte for byte, in order. Serial number, issuer, validity, key and signature are
/// new. Two extensions change:
/// - The authority key identifier becomes the issuer's subject key identifier and nothing else, at its old position or,
///   if it was absent, at the end. It is removed if the issuer has no subject key identifier.
/// - The subject key identifier, if present, is copied if the key stays, because its derivation is unknown. For a new
///   key it is SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1).
///
/// # Errors
/// If it would expire after its issuer, something cannot be copied exactly, or the result differs from the parameters.
pub fn reissue(
    old: &Certificate,
    public_key: &PublicKey,
    validity: Validity,
    issuer: &Issuer,
) -> Result<Certificate, IssueError> {
    validity.check_under(issuer.certificate())?;
    let signer = Signer {
        name: issuer.certificate().subject(),
        key: issuer.key(),
        authority_key_id: issuer.certificate().subject_key_id().map(<[u8]>::to_vec),
        adds_authority_key_id: true,
    };
    make(old, public_key, validity, &signer)
}

/// Re-issues the CA `old`, self-signed with `key`, which may be the same or a new key.
///
/// Works as [`reissue`], except that an absent authority key identifier is not added.
///
/// # Errors
/// If something cannot be copied exactly, or the result differs from the parameters.
pub fn reissue_authority(old: &Certificate, key: &PrivateKey, validity: Validity) -> Result<Certificate, IssueError> {
    validity.check()?;
    let signer = Signer {
        name: old.subject(),
        key,
        authority_key_id: subject_key_id(old, key.public_key()),
        adds_authority_key_id: false,
    };
    make(old, key.public_key(), validity, &signer)
}

/// The signer, and the identifiers that the certificate states for it.
struct Signer<'a> {
    name: &'a Name,
    key: &'a PrivateKey,
    authority_key_id: Option<Vec<u8>>,
    adds_authority_key_id: bool,
}

fn make(
    old: &Certificate,
    public_key: &PublicKey,
    validity: Validity,
    signer: &Signer<'_>,
) -> Result<Certificate, IssueError> {
    let subject_key_id = subject_key_id(old, public_key);
    let extensions = extensions(old, subject_key_id.as_deref(), signer)?;
    let (der, serial) = build(&CertificateFields {
        subject: old.subject().der(),
        issuer: signer.name,
        validity,
        public_key,
        extensions: &extensions,
        signer: signer.key,
    })?;
    let asked = Asked { issuer: Some(signer.name), public_key, validity, serial: &serial, signer: signer.key };
    let certificate = asked.read_back(&der)?;
    if certificate.subject() != old.subject() {
        return Err(IssueError::Mismatch("subject"));
    }
    let kept = old.extensions().iter().any(|extension| extension.oid == rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER);
    let authority_key_id = signer.authority_key_id.as_deref().filter(|_| kept || signer.adds_authority_key_id);
    compare_extensions(old, &certificate, subject_key_id.as_deref(), authority_key_id)?;
    Ok(certificate)
}

/// The subject key identifier for this key in place of `old`'s; `None` if `old` has none.
fn subject_key_id(old: &Certificate, public_key: &PublicKey) -> Option<Vec<u8>> {
    let old_id = old.subject_key_id()?;
    let stays = old.public_key().is_same_key(public_key);
    Some(if stays { old_id.to_vec() } else { public_key.key_id().to_vec() })
}

fn extensions(
    old: &Certificate,
    subject_key_id: Option<&[u8]>,
    signer: &Signer<'_>,
) -> Result<Vec<Extension>, IssueError> {
    let mut extensions: Vec<Extension> = Vec::new();
    let mut has_authority_key_id = false;
    for (position, old_extension) in old.extensions().iter().enumerate() {
        if old.extensions()[..position].iter().any(|earlier| earlier.oid == old_extension.oid) {
            return Err(IssueError::ExtensionTwice(old_extension.oid.clone()));
        }
        if old_extension.oid == rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER {
            has_authority_key_id = true;
            if let Some(id) = &signer.authority_key_id {
                extensions.push(authority_key_identifier(id, old_extension.critical)?);
            }
        } else if old_extension.oid == rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER {
            // An unreadable identifier cannot be replaced: it may identify another key.
            let id = subject_key_id.ok_or(IssueError::CannotCopy("subject key identifier"))?;
            let id = OctetString::new(id).map_err(|_| IssueError::Encoding)?;
            extensions.push(extension(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, old_extension.critical, &id)?);
        } else {
            extensions.push(old_extension.clone());
        }
    }
    if let Some(id) = &signer.authority_key_id
        && !has_authority_key_id
        && signer.adds_authority_key_id
    {
        extensions.push(authority_key_identifier(id, false)?);
    }
    Ok(extensions)
}
