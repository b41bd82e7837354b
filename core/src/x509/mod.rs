//! X.509 certificates and their keys (RFC 5280): read, compared, issued and re-issued.
//!
//! Certificates are read with x509-parser and written with rcgen and x509-cert. Every new certificate is read back and
//! compared with the parameters before it is returned: see [`issue_authority`], [`issue_leaf`], [`issue_requested`],
//! [`reissue()`] and [`reissue_authority`]. Names are compared as bytes. Issuers are identified by key and signature,
//! never by name.

pub mod bundle;
pub mod certificate;
pub mod chain;
pub mod container;
mod escape;
pub mod extension;
pub mod issue;
mod issue_error;
pub mod issuer;
pub mod key;
pub mod name;
pub mod oid;
pub mod reissue;
pub mod request;
pub mod san;
pub mod signature;
mod validity;

mod build;
mod java_keystore;
mod serial;
#[cfg(test)]
mod tests;
mod verify;

pub use self::{
    bundle::TrustBundle,
    certificate::{Certificate, CertificateError},
    chain::{ChainError, Presented, Purpose, Question, Rules, validate},
    container::{Container, ContainerError},
    extension::{ExtendedKeyUsage, Extension, KeyUsage},
    issue::{
        AuthorityName, AuthorityParameters, LeafParameters, NameAttribute, issue_authority, issue_leaf, issue_requested,
    },
    issue_error::IssueError,
    issuer::{Issuer, IssuerError},
    key::{KeyAlgorithm, KeyEncoding, KeyError, KeyType, PrivateKey, PublicKey},
    name::Name,
    oid::Oid,
    reissue::{reissue, reissue_authority},
    request::{SigningRequest, SigningRequestError, request_again},
    san::AlternativeName,
    signature::{Digest, MAX_RSA_BITS, SignatureAlgorithm, SignatureVerdict},
    validity::Validity,
};
pub(crate) use self::{
    chain::ascii_host,
    java_keystore::{JavaKeystore, is_java_keystore},
    name::before_date,
};
