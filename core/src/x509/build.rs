//! Builds certificates from fields that are already DER, with x509-cert's builder.
//!
//! Used for everything that is copied from an old certificate. rcgen keeps one value per attribute, and stores an
//! issuer's name the same way: it would lose a second organization (an RBAC group) and the string type PrintableString.

use std::time::Duration;

use const_oid::{ObjectIdentifier, db::rfc5280};
use der::{
    DateTime, Decode, Encode,
    asn1::{BitString, OctetString},
};
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, SubjectPublicKeyInfoOwned,
    SubjectPublicKeyInfoRef,
};
use x509_cert::{
    TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{Extension as EncodedExtension, pkix::AuthorityKeyIdentifier},
    name::Name as EncodedName,
    serial_number::SerialNumber,
    time::{Time, Validity as EncodedValidity},
};

use super::{
    extension::Extension,
    issue_error::IssueError,
    key::{PrivateKey, PublicKey},
    name::Name,
    serial,
    validity::Validity,
};
use crate::time::UnixTime;

/// The fields of a certificate to build, except its serial number and signature.
pub(super) struct CertificateFields<'a> {
    pub(super) subject: &'a [u8],
    pub(super) issuer: &'a Name,
    pub(super) validity: Validity,
    pub(super) public_key: &'a PublicKey,
    pub(super) extensions: &'a [Extension],
    pub(super) signer: &'a PrivateKey,
}

/// Builds and signs a certificate. Returns its DER and its serial number.
pub(super) fn build(content: &CertificateFields<'_>) -> Result<(Vec<u8>, [u8; serial::LENGTH]), IssueError> {
    let signer = Signer(content.signer);
    let draft = builder(content, serial::DRAFT)?.finalize(&signer).map_err(|_| IssueError::Encoding)?;
    let serial = serial::derive(content.signer, &draft);
    let mut builder = builder(content, &serial)?;
    let signed = builder.finalize(&signer).map_err(|_| IssueError::Encoding)?;
    let signature = BitString::from_bytes(&content.signer.sign(&signed)).map_err(|_| IssueError::Encoding)?;
    let certificate = Builder::assemble(builder, signature, &signer).map_err(|_| IssueError::Encoding)?;
    Ok((certificate.to_der().map_err(|_| IssueError::Encoding)?, serial))
}

fn builder(content: &CertificateFields<'_>, serial: &[u8]) -> Result<CertificateBuilder<Copied>, IssueError> {
    let profile = Copied {
        subject: EncodedName::from_der(content.subject).map_err(|_| IssueError::CannotCopy("subject"))?,
        issuer: EncodedName::from_der(content.issuer.der()).map_err(|_| IssueError::CannotCopy("issuer"))?,
        extensions: content.extensions.iter().map(encoded).collect::<Result<_, _>>()?,
    };
    let validity = EncodedValidity::new(time(content.validity.not_before)?, time(content.validity.not_after)?);
    let serial = SerialNumber::new(serial).map_err(|_| IssueError::Encoding)?;
    let key = SubjectPublicKeyInfoOwned::from_der(content.public_key.der())
        .map_err(|_| IssueError::CannotCopy("public key"))?;
    CertificateBuilder::new(profile, serial, validity, key).map_err(|_| IssueError::Encoding)
}

pub(super) fn encoded(extension: &Extension) -> Result<EncodedExtension, IssueError> {
    const CANNOT_COPY: IssueError = IssueError::CannotCopy("extensions");
    Ok(EncodedExtension {
        extn_id: ObjectIdentifier::from_bytes(extension.oid.as_bytes()).map_err(|_| CANNOT_COPY)?,
        critical: extension.critical,
        extn_value: OctetString::new(extension.value.clone()).map_err(|_| CANNOT_COPY)?,
    })
}

/// UTCTime until 2049 and GeneralizedTime from then on (RFC 5280, 4.1.2.5).
fn time(moment: UnixTime) -> Result<Time, IssueError> {
    let since_epoch = u64::try_from(moment.0).map(Duration::from_secs).map_err(|_| IssueError::Validity)?;
    DateTime::from_unix_duration(since_epoch).map(Time::from).map_err(|_| IssueError::Validity)
}

/// A builder profile that writes exactly the given fields.
struct Copied {
    subject: EncodedName,
    issuer: EncodedName,
    extensions: Vec<EncodedExtension>,
}

impl BuilderProfile for Copied {
    fn get_issuer(&self, _subject: &EncodedName) -> EncodedName {
        self.issuer.clone()
    }

    fn get_subject(&self) -> EncodedName {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _subject_key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _content: &TbsCertificate,
    ) -> builder::Result<Vec<EncodedExtension>> {
        Ok(self.extensions.clone())
    }
}

/// Adapts [`PrivateKey`] to the builder's signer trait.
struct Signer<'a>(&'a PrivateKey);

impl signature::Keypair for Signer<'_> {
    type VerifyingKey = PublicKey;

    fn verifying_key(&self) -> PublicKey {
        self.0.public_key().clone()
    }
}

impl DynSignatureAlgorithmIdentifier for Signer<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        self.0.signature_algorithm().identifier().ok_or(spki::Error::KeyMalformed)
    }
}

impl EncodePublicKey for PublicKey {
    fn to_public_key_der(&self) -> spki::Result<der::Document> {
        Ok(der::Document::from_der(self.der())?)
    }
}

/// An authority key identifier extension that contains only the key identifier.
pub(crate) fn authority_key_identifier(id: &[u8], critical: bool) -> Result<Extension, IssueError> {
    let id = OctetString::new(id).map_err(|_| IssueError::Encoding)?;
    let identifier = AuthorityKeyIdentifier { key_identifier: Some(id), ..AuthorityKeyIdentifier::default() };
    extension(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, critical, &identifier)
}

/// An extension with `value` encoded in DER.
pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, IssueError> {
    Ok(Extension { oid: oid.into(), critical, value: value.to_der().map_err(|_| IssueError::Encoding)? })
}
