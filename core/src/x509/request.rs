//! Certificate signing requests (CSRs; PKCS#10, RFC 2986): reading for review and signing, creation for an external CA.

use const_oid::{ObjectIdentifier, db::rfc5280};
use der::{Decode, Encode, asn1::BitString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    attr::{Attribute, Attributes},
    name::Name as EncodedName,
    request::{CertReq, CertReqInfo, ExtensionReq, Version},
};
use x509_parser::{certification_request::X509CertificationRequest, extensions::ParsedExtension, prelude::FromDer};

use super::{
    build::encoded,
    certificate::{Certificate, envelope},
    issue_error::IssueError,
    key::{PrivateKey, PublicKey},
    name::Name,
    san::AlternativeName,
    signature::{SignatureAlgorithm, SignatureVerdict},
};

/// A CSR: the requested identity, its key, and the requested extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    subject: Name,
    public_key: PublicKey,
    alternative_names: Vec<AlternativeName>,
    server: bool,
    authority: bool,
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl SigningRequest {
    /// Reads one request in DER, without trailing data.
    ///
    /// # Errors
    /// If the bytes are not a request, or its key cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, SigningRequestError> {
        let (signed, algorithm) = envelope(der).map_err(|_| SigningRequestError)?;
        let (rest, parsed) = X509CertificationRequest::from_der(der).map_err(|_| SigningRequestError)?;
        if !rest.is_empty() {
            return Err(SigningRequestError);
        }
        let info = &parsed.certification_request_info;
        let mut request = Self {
            subject: Name::from_parsed(info.subject.as_raw()),
            public_key: PublicKey::from_der(info.subject_pki.raw).map_err(|_| SigningRequestError)?,
            alternative_names: Vec::new(),
            server: false,
            authority: false,
            signed: signed.to_vec(),
            algorithm: SignatureAlgorithm::from_der(algorithm),
            signature: parsed.signature_value.data.to_vec(),
        };
        for extension in parsed.requested_extensions().into_iter().flatten() {
            match extension {
                ParsedExtension::SubjectAlternativeName(names) => {
                    request.alternative_names.extend(names.general_names.iter().map(AlternativeName::from_parsed));
                }
                ParsedExtension::ExtendedKeyUsage(usages) => request.server |= usages.server_auth || usages.any,
                ParsedExtension::BasicConstraints(constraints) => request.authority |= constraints.ca,
                _ => {}
            }
        }
        Ok(request)
    }

    /// Whether it is signed by its own key, which proves that the requester has the private key.
    pub fn is_signed_by_its_key(&self) -> bool {
        self.own_signature() == SignatureVerdict::Valid
    }

    /// Checks the self-signature. Also reports that it is not judged.
    pub fn own_signature(&self) -> SignatureVerdict {
        self.public_key.check(&self.algorithm, &self.signed, &self.signature)
    }

    /// The requested subject.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The public key to certify.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The requested subject alternative names, in order.
    pub fn alternative_names(&self) -> &[AlternativeName] {
        &self.alternative_names
    }

    /// Whether its extended key usages request a server certificate.
    pub fn is_for_server(&self) -> bool {
        self.server
    }

    /// Whether it requests a CA certificate.
    pub fn is_for_authority(&self) -> bool {
        self.authority
    }
}

/// Creates a CSR in PEM for `old`'s identity and `key`. Copies the subject byte for byte and all extensions except the
/// two key identifiers, which the signer writes.
///
/// # Errors
/// If something cannot be copied exactly, or the result differs from the parameters.
pub fn request_again(old: &Certificate, key: &PrivateKey) -> Result<String, IssueError> {
    const OWN: [ObjectIdentifier; 2] = [rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER];
    let extensions = old.extensions().iter().filter(|extension| OWN.iter().all(|own| extension.oid != *own));
    let extensions = extensions.map(encoded).collect::<Result<Vec<_>, _>>()?;
    let mut attributes = Attributes::new();
    if !extensions.is_empty() {
        let wanted = Attribute::try_from(ExtensionReq(extensions)).map_err(|_| IssueError::Encoding)?;
        attributes.insert(wanted).map_err(|_| IssueError::Encoding)?;
    }
    let info = CertReqInfo {
        version: Version::V1,
        subject: EncodedName::from_der(old.subject().der()).map_err(|_| IssueError::CannotCopy("subject"))?,
        public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().der())
            .map_err(|_| IssueError::CannotCopy("public key"))?,
        attributes,
    };
    let signed = info.to_der().map_err(|_| IssueError::Encoding)?;
    let signature = key.sign(&signed);
    let algorithm = key.signature_algorithm();
    let request = CertReq {
        info,
        algorithm: algorithm.identifier().ok_or(IssueError::Encoding)?,
        signature: BitString::from_bytes(&signature).map_err(|_| IssueError::Encoding)?,
    };
    let der = request.to_der().map_err(|_| IssueError::Encoding)?;
    let read = SigningRequest::from_der(&der).map_err(|_| IssueError::Mismatch("structure"))?;
    let same = read.subject == *old.subject()
        && read.public_key == *key.public_key()
        && read.alternative_names == old.alternative_names();
    if !same || !read.is_signed_by_its_key() {
        return Err(IssueError::Mismatch("request"));
    }
    Ok(super::key::pem("CERTIFICATE REQUEST", &der))
}

/// The bytes are not a certificate signing request in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a certificate signing request in DER")]
#[allow(clippy::exhaustive_structs)] // no further details
pub struct SigningRequestError;
