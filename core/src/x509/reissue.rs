//! The same identity again: renewed, rekeyed, re-signed, cross-signed.

use const_oid::db::rfc5280;
use der::asn1::OctetString;

use super::{
    Certificate, Extension, IssueError, Issuer, Name, PrivateKey, PublicKey,
    build::{Content, build},
    issue::{authority_key_identifier, extension},
    verify::{Asked, compare_extensions},
};
use crate::UnixTime;

/// First and last second of a certificate's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs)] // RFC 5280 has these two
pub struct Validity {
    /// First second.
    pub not_before: UnixTime,
    /// Last second.
    pub not_after: UnixTime,
}

impl Validity {
    pub(super) fn check(self) -> Result<(), IssueError> {
        let possible =
            UnixTime(0) <= self.not_before && self.not_before <= self.not_after && self.not_after <= UnixTime::LAST;
        if possible { Ok(()) } else { Err(IssueError::Validity) }
    }

    pub(super) fn check_under(self, issuer: &Certificate) -> Result<(), IssueError> {
        self.check()?;
        if self.not_after > issuer.not_after() {
            return Err(IssueError::OutlivesIssuer { not_after: self.not_after, issuer: issuer.not_after() });
        }
        Ok(())
    }
}

/// Makes `old` anew under `issuer`, for `public_key`.
///
/// Subject and extensions are copied byte for byte and in their order. New are serial number, issuer,
/// validity, key and signature; and of the extensions
/// - the authority key identifier: the issuer's subject key identifier and nothing else, in the old one's
///   place or, where there was none, at the end; gone if the issuer has no subject key identifier;
/// - the subject key identifier, where there is one: copied if the key stays, since nobody can tell how
///   it was made, and SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1) if it changes.
///
/// # Errors
/// If it would outlive its issuer, something cannot be copied exactly, or what was made is not what
/// was asked.
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

/// Makes the authority `old` anew, signed by its own `key`: renewed if the key stays, rekeyed if it is another.
///
/// As [`reissue`], except that an authority key identifier is not added where there was none.
///
/// # Errors
/// If something cannot be copied exactly, or what was made is not what was asked.
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

/// Who signs, and how that is told in the certificate.
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
    let (der, serial) = build(&Content {
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

/// The subject key identifier that goes with this key in `old`'s place; `None` where `old` has none.
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
            // One that cannot be read cannot be replaced either: it may be another key's.
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
