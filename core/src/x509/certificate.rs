//! Certificates: parsed once, and stored as the signed bytes.

use std::{
    cmp::Ordering,
    fmt, hash,
    sync::{Arc, Mutex, PoisonError},
};

use const_oid::db::rfc5280;
use der::{Reader, SliceReader};
use sha2::{Digest as _, Sha256};
use x509_parser::{
    certificate::X509Certificate,
    der_parser::{asn1_rs, oid::Oid as ParsedOid},
    extensions::{ParsedExtension, X509Extension},
    prelude::FromDer,
};

use super::{
    extension::{ExtendedKeyUsage, Extension, KeyUsage},
    key::{PublicKey, pem},
    name::Name,
    oid::Oid,
    san::AlternativeName,
    signature::{SignatureAlgorithm, SignatureVerdict},
};
use crate::{text::hex, time::UnixTime};

/// A certificate (RFC 5280, 4.1). Two are equal if their DER is identical. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Fields>);

struct Fields {
    der: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    version: u32,
    serial: Vec<u8>,
    issuer: Name,
    not_before: UnixTime,
    not_after: UnixTime,
    subject: Name,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    authority: bool,
    path_len: Option<u32>,
    key_usage: Option<KeyUsage>,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    alternative_names: Vec<AlternativeName>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    /// Cache: keys that were checked as signers, each with its verdict. A check takes about a thousand times as long as
    /// a lookup.
    signers: Mutex<Vec<(PublicKey, SignatureVerdict)>>,
}

impl Certificate {
    /// Reads one certificate in DER, without leading or trailing data.
    ///
    /// Accepts violations of RFC 5280 that are found in real CAs: negative, zero and overlong serial numbers, any
    /// version, dates before 1970. An extension that occurs twice, or whose value is malformed, is listed in
    /// [`Self::extensions`] but otherwise ignored.
    ///
    /// # Errors
    /// If the bytes are not a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (signed, algorithm) = envelope(der).map_err(|_| CertificateError::NotACertificate)?;
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::NotACertificate)?;
        if !rest.is_empty() || parsed.tbs_certificate.as_ref() != signed {
            return Err(CertificateError::TrailingData);
        }
        let inner_algorithm = &parsed.tbs_certificate.signature;
        if *inner_algorithm != parsed.signature_algorithm {
            return Err(CertificateError::AlgorithmMismatch);
        }
        let extensions = Extensions(parsed.extensions());
        let basic_constraints = extensions.find(rfc5280::ID_CE_BASIC_CONSTRAINTS, |parsed| match parsed {
            ParsedExtension::BasicConstraints(constraints) => Some(constraints.clone()),
            _ => None,
        });
        Ok(Self(Arc::new(Fields {
            signed: signed.to_vec(),
            signature: parsed.signature_value.data.to_vec(),
            signature_algorithm: SignatureAlgorithm::from_der(algorithm),
            version: parsed.version().0.saturating_add(1),
            serial: parsed.raw_serial().to_vec(),
            issuer: Name::from_parsed(parsed.issuer().as_raw()),
            not_before: UnixTime(parsed.validity().not_before.timestamp()),
            not_after: UnixTime(parsed.validity().not_after.timestamp()),
            subject: Name::from_parsed(parsed.subject().as_raw()),
            public_key: PublicKey::from_der(parsed.public_key().raw).map_err(|_| CertificateError::PublicKey)?,
            authority: basic_constraints.as_ref().is_some_and(|constraints| constraints.ca),
            path_len: basic_constraints.and_then(|constraints| constraints.path_len_constraint),
            key_usage: extensions.find(rfc5280::ID_CE_KEY_USAGE, |parsed| match parsed {
                ParsedExtension::KeyUsage(usage) => Some(KeyUsage::from_flags(usage.flags)),
                _ => None,
            }),
            extended_key_usages: extensions.extended_key_usages(),
            alternative_names: extensions
                .find(rfc5280::ID_CE_SUBJECT_ALT_NAME, |parsed| match parsed {
                    ParsedExtension::SubjectAlternativeName(names) => {
                        Some(names.general_names.iter().map(AlternativeName::from_parsed).collect())
                    }
                    _ => None,
                })
                .unwrap_or_default(),
            subject_key_id: extensions.find(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, |parsed| match parsed {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            }),
            authority_key_id: extensions.find(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, |parsed| match parsed {
                ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
                _ => None,
            }),
            extensions: extensions.all(),
            signers: Mutex::default(),
            der: der.to_vec(),
        })))
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// A PEM block `CERTIFICATE` (RFC 7468): lines of 64 characters, separated and ended by line feeds.
    pub fn to_pem(&self) -> String {
        pem("CERTIFICATE", self.der())
    }

    /// The subject.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// The issuer's name, as stated in the certificate.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The serial number's content octets: two's complement, most significant first.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The version number, counted from 1: 3 for certificates with extensions.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// First second of its validity.
    pub fn not_before(&self) -> UnixTime {
        self.0.not_before
    }

    /// Last second of its validity.
    pub fn not_after(&self) -> UnixTime {
        self.0.not_after
    }

    /// The certified public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The signature algorithm.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.signature_algorithm.clone()
    }

    /// The issuer's signature.
    pub fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// Whether it is a CA: `cA` in its basicConstraints.
    pub fn is_authority(&self) -> bool {
        self.0.authority
    }

    /// pathLenConstraint: the number of intermediate CAs allowed below it; `None` for no limit.
    pub fn path_len(&self) -> Option<u32> {
        self.0.path_len
    }

    /// The keyUsage extension; `None` if it is absent.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.key_usage
    }

    /// Whether keyUsage allows its key to sign certificates. True without keyUsage.
    pub fn can_sign_certificates(&self) -> bool {
        self.lacks(rfc5280::ID_CE_KEY_USAGE)
            || self.key_usage().is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN))
    }

    /// The extended key usages, in the certificate's order; empty if it is not restricted.
    pub fn extended_key_usages(&self) -> &[ExtendedKeyUsage] {
        &self.0.extended_key_usages
    }

    /// The subject alternative names, in the certificate's order.
    pub fn alternative_names(&self) -> &[AlternativeName] {
        &self.0.alternative_names
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.subject_key_id.as_deref()
    }

    /// The authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// All extensions, in the certificate's order.
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// SHA-256 of its DER.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.der()).into()
    }

    /// Whether `signer`'s key signed it. Names, key identifiers, and whether `signer` is allowed to sign are ignored:
    /// several CAs of one cluster may share a name and a serial number. Also false where the signature is not judged:
    /// see [`Self::signature_by`].
    pub fn is_signed_by(&self, signer: &Self) -> bool {
        self.is_signed_with(signer.public_key())
    }

    /// Whether its own key signed it.
    pub fn is_self_signed(&self) -> bool {
        self.is_signed_with(self.public_key())
    }

    /// Checks the signature with `signer`'s key. If the algorithm is not implemented, a subject of `signer` that
    /// differs from the issuer's name still gives `Invalid`: Go and OpenSSL look for an issuer by its name (RFC 5280,
    /// 6.1.3 (a)(4)).
    pub fn signature_by(&self, signer: &Self) -> SignatureVerdict {
        match self.signature_with(signer.public_key()) {
            SignatureVerdict::NotJudged if !self.issuer().is_like(signer.subject()) => SignatureVerdict::Invalid,
            verdict => verdict,
        }
    }

    pub(super) fn is_signed_with(&self, key: &PublicKey) -> bool {
        self.signature_with(key) == SignatureVerdict::Valid
    }

    fn signature_with(&self, key: &PublicKey) -> SignatureVerdict {
        let mut signers = self.0.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, verdict)) = signers.iter().find(|(known, _)| known == key) {
            return *verdict;
        }
        let verdict = key.check(&self.0.signature_algorithm, &self.0.signed, &self.0.signature);
        signers.push((key.clone(), verdict));
        verdict
    }

    /// Whether it is the same CA as `other`: same subject and same key. This includes a CA that was renewed with its
    /// key: both certificates verify what the key signed (RFC 5280, 6.1.1 (d): a trust anchor is a name and a key).
    pub fn is_same_authority(&self, other: &Self) -> bool {
        self == other || (self.subject() == other.subject() && self.public_key().is_same_key(other.public_key()))
    }

    /// Whether Go accepts it as a CA when it is a trust anchor. Certificates of version 1 or 2 have no basicConstraints
    /// (golang/go: src/crypto/x509/verify.go, `isValid`). They count here only if they are self-issued, because OpenSSL
    /// also creates version 1 leaves.
    pub fn is_root_authority(&self) -> bool {
        let says_nothing = self.version() < 3 && self.lacks(rfc5280::ID_CE_BASIC_CONSTRAINTS);
        self.is_authority() || (says_nothing && self.subject() == self.issuer() && !self.subject().is_empty())
    }

    /// Whether it has no extension with this identifier.
    pub(super) fn lacks(&self, oid: const_oid::ObjectIdentifier) -> bool {
        !self.extensions().iter().any(|extension| extension.oid == oid)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, sha256:{})", self.subject(), hex::lower(&self.fingerprint()))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl PartialOrd for Certificate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Certificate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.der().cmp(other.der())
    }
}

impl hash::Hash for Certificate {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

/// Why bytes could not be read as a certificate. The cause is always the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The algorithm in the signed part differs from the one next to the signature (RFC 5280, 4.1.1.2).
    #[error("the certificate names two different signature algorithms")]
    AlgorithmMismatch,
    /// The bytes are not a certificate in DER.
    #[error("this is not a certificate in DER")]
    NotACertificate,
    /// The public key's structure cannot be read.
    #[error("the certificate's public key cannot be read")]
    PublicKey,
    /// Trailing data follows the certificate or a part of it.
    #[error("the certificate is followed by other data")]
    TrailingData,
}

/// Splits a certificate into its signed part and its signature algorithm, both with tag and length. Fails if it has any
/// part other than these and the signature.
pub(super) fn envelope(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    let parts = reader.sequence(|reader| {
        let signed = reader.tlv_bytes()?;
        let algorithm = reader.tlv_bytes()?;
        let _signature = reader.tlv_bytes()?;
        Ok::<_, der::Error>((signed, algorithm))
    })?;
    reader.finish()?;
    Ok(parts)
}

/// The parsed extensions of a certificate.
struct Extensions<'a>(&'a [X509Extension<'a>]);

impl<'a> Extensions<'a> {
    /// The extension with this identifier, if it occurs exactly once.
    fn unique(&self, oid: const_oid::ObjectIdentifier) -> Option<&'a X509Extension<'a>> {
        let mut found = self.0.iter().filter(|extension| extension.oid.as_bytes() == oid.as_bytes());
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn find<T>(
        &self,
        oid: const_oid::ObjectIdentifier,
        select: impl FnOnce(&'a ParsedExtension<'a>) -> Option<T>,
    ) -> Option<T> {
        select(self.unique(oid)?.parsed_extension())
    }

    /// The extended key usages in the certificate's order, which x509-parser does not keep.
    fn extended_key_usages(&self) -> Vec<ExtendedKeyUsage> {
        let Some(extension) = self.unique(rfc5280::ID_CE_EXT_KEY_USAGE) else {
            return Vec::new();
        };
        match <Vec<ParsedOid<'_>> as asn1_rs::FromDer<'_>>::from_der(extension.value) {
            Ok(([], oids)) => oids.iter().map(|oid| ExtendedKeyUsage::from_content(oid.as_bytes())).collect(),
            _ => Vec::new(),
        }
    }

    fn all(&self) -> Vec<Extension> {
        self.0
            .iter()
            .map(|extension| Extension {
                oid: Oid::from_content(extension.oid.as_bytes()),
                critical: extension.critical,
                value: extension.value.to_vec(),
            })
            .collect()
    }
}
