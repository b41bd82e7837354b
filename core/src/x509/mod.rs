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
pub mod extension;
pub mod issue;
pub mod issuer;
pub mod key;
pub mod name;
pub mod oid;
pub mod reissue;
pub mod request;
pub mod san;
pub mod signature;

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
        AuthorityName, AuthorityParameters, IssueError, LeafParameters, NameAttribute, issue_authority, issue_leaf,
        issue_requested,
    },
    issuer::{Issuer, IssuerError},
    key::{KeyAlgorithm, KeyEncoding, KeyError, KeyType, PrivateKey, PublicKey},
    name::Name,
    oid::Oid,
    reissue::{Validity, reissue, reissue_authority},
    request::{SigningRequest, SigningRequestError, request_again},
    san::AlternativeName,
    signature::{Digest, MAX_RSA_BITS, SignatureAlgorithm, SignatureVerdict},
};
pub(crate) use self::{
    chain::ascii_host,
    java_keystore::{JavaKeystore, is_java_keystore},
    name::before_date,
};

/// Escapes control and formatting characters as `\XX` for each UTF-8 octet (RFC 4514, 2.4), and characters of `special`
/// with a backslash. Text from a certificate can then neither break a line nor reorder the text around it.
fn escape(text: &str, special: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "\\{octet:02X}"); // writing to a String cannot fail
            }
        } else {
            if special.contains(character) {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}

/// Whether it is a line or paragraph separator, has no width, or changes the text direction.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
