//! Certificate signing requests (PKCS#10, RFC 2986), read to be shown.

use x509_parser::{certification_request::X509CertificationRequest, extensions::ParsedExtension, prelude::FromDer};

use super::{AlternativeName, Name, PublicKey};

/// Who asks for a certificate, and for which key. The request's own signature is not checked here: whoever signs it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    subject: Name,
    public_key: PublicKey,
    alternative_names: Vec<AlternativeName>,
}

impl SigningRequest {
    /// Reads one request in DER, with nothing after it.
    ///
    /// # Errors
    /// If the bytes are not a request, or its key cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, SigningRequestError> {
        let (rest, parsed) = X509CertificationRequest::from_der(der).map_err(|_| SigningRequestError)?;
        if !rest.is_empty() {
            return Err(SigningRequestError);
        }
        let info = &parsed.certification_request_info;
        let names = parsed.requested_extensions().into_iter().flatten().find_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        });
        Ok(Self {
            subject: Name::from_parsed(info.subject.as_raw()),
            public_key: PublicKey::from_der(info.subject_pki.raw).map_err(|_| SigningRequestError)?,
            alternative_names: names.into_iter().flatten().map(AlternativeName::from_parsed).collect(),
        })
    }

    /// Whom the certificate shall be for.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The key that it shall certify.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The subject alternative names that are asked for, in their order.
    pub fn alternative_names(&self) -> &[AlternativeName] {
        &self.alternative_names
    }
}

/// The bytes are not a certificate signing request in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a certificate signing request in DER")]
#[allow(clippy::exhaustive_structs)] // there is nothing more to say
pub struct SigningRequestError;
