//! A CA with its private key.

use super::{certificate::Certificate, key::PrivateKey};

/// A CA certificate and its private key.
#[derive(Clone, Debug)]
pub struct Issuer {
    certificate: Certificate,
    key: PrivateKey,
}

impl Issuer {
    /// Combines a certificate with its key.
    ///
    /// # Errors
    /// If the key does not belong to the certificate, or the certificate may not sign others.
    pub fn new(certificate: Certificate, key: PrivateKey) -> Result<Self, IssuerError> {
        if !certificate.public_key().is_same_key(key.public_key()) {
            return Err(IssuerError::KeyMismatch);
        }
        if !certificate.is_authority() {
            return Err(IssuerError::NotAnAuthority);
        }
        if !certificate.can_sign_certificates() {
            return Err(IssuerError::MayNotSign);
        }
        Ok(Self { certificate, key })
    }

    /// The CA certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The CA's private key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
}

/// Why a certificate and a key do not make an [`Issuer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The private key belongs to another certificate.
    #[error("the private key does not belong to the CA certificate")]
    KeyMismatch,
    /// The certificate's keyUsage does not allow it to sign certificates.
    #[error("the certificate's key usage does not allow it to sign certificates")]
    MayNotSign,
    /// The certificate's basicConstraints do not say that it is a CA.
    #[error("the certificate is not a CA")]
    NotAnAuthority,
}
