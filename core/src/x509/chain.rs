//! Would a reader with these trust anchors accept what is presented? Judged by the rules of the two
//! implementations that Kubernetes' peers are built on.
//!
//! Go: `crypto/x509`, `Certificate.Verify`: every anchor whose subject is the issuer's name is tried.
//! OpenSSL: `X509_verify_cert`: the first anchor that could be the issuer by name and key id is taken,
//! and no other one if its signature does not fit.

use std::{fmt, net::IpAddr};

use const_oid::db::rfc5280;

use super::{
    AlternativeName, Certificate, ExtendedKeyUsage, KeyType, KeyUsage, Name, PublicKey, SignatureAlgorithm, TrustBundle,
};
use crate::UnixTime;

/// Certificates on a path from a leaf to its anchor, at most. Kubernetes' own paths have two.
const MAX_PATH: usize = 6;

/// The end that presents a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // TLS has two ends
pub enum Purpose {
    /// A client, to be accepted by a server.
    Client,
    /// A server, to be accepted by a client.
    Server,
}

/// What is presented.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // either it is there or it is not
pub enum Presented<'a> {
    /// A leaf and the intermediates that come with it.
    Chain(&'a [Certificate]),
    /// A leaf that does not exist yet: this authority will sign it for the purpose, as Go's
    /// `x509.CreateCertificate` does, with the authority's key identifier.
    SignedBy(&'a Certificate),
}

/// Whose rules are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // the two that Kubernetes' peers are built on
pub enum Rules {
    /// Go's crypto/x509: every Kubernetes component.
    Go,
    /// OpenSSL's: curl, Python, nginx, haproxy.
    OpenSsl,
}

/// What a reader asks of a certificate.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // a question is asked by writing it down
pub struct Question<'a> {
    /// Whom the reader trusts.
    pub trust: &'a TrustBundle,
    /// What the certificate is presented for.
    pub purpose: Purpose,
    /// The name or address that the reader went to; `None` where it asks for none.
    pub host: Option<&'a str>,
    /// When.
    pub now: UnixTime,
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Nothing is presented.
    #[error("no certificate is presented")]
    Nothing,
    /// It is valid only from then on.
    #[error("{0} is not valid yet")]
    NotYetValid(String),
    /// It was valid until then.
    #[error("{0} has expired")]
    Expired(String),
    /// It is made for other hosts.
    #[error("the certificate is not valid for {0}")]
    WrongHost(String),
    /// It is made for another purpose.
    #[error("{0} may not be used for this")]
    WrongUsage(String),
    /// No anchor has the issuer's name and key.
    #[error("signed by an unknown authority, {0}")]
    UnknownAuthority(String),
    /// Anchors have the issuer's name, but none the key that signed.
    #[error("the signature is not that of the trusted {0}")]
    WrongKey(String),
    /// The anchor may not sign certificates, or not so deep.
    #[error("{0} may not sign this")]
    MayNotSign(String),
    /// The signature rests on SHA-1 or on an algorithm that is not known here.
    #[error("it is signed with {0}, which is refused")]
    Algorithm(String),
    /// A critical extension that the reader does not handle, or name constraints, which are not judged here.
    #[error("the critical extension {0} is not handled")]
    Critical(String),
}

/// Would `reader` accept `presented`?
///
/// # Errors
/// The reason, if not.
pub fn validate(presented: Presented<'_>, reader: &Question<'_>, rules: Rules) -> Result<(), ChainError> {
    let (first, intermediates) = match presented {
        Presented::SignedBy(authority) => (Link::Future(authority), &[][..]),
        Presented::Chain([]) => return Err(ChainError::Nothing),
        Presented::Chain([leaf, intermediates @ ..]) => {
            leaf_is_fit(leaf, reader, rules)?;
            (Link::Present(leaf), intermediates)
        }
    };
    if let (Rules::Go, Link::Present(leaf)) = (rules, first)
        && reader.trust.contains(leaf)
    {
        return Ok(());
    }
    Path { reader, intermediates, rules }.up(first, 1)
}

/// A certificate whose issuer is looked for.
#[derive(Clone, Copy)]
enum Link<'a> {
    Present(&'a Certificate),
    Future(&'a Certificate),
}

impl<'a> Link<'a> {
    fn issuer(self) -> &'a Name {
        match self {
            Self::Present(certificate) => certificate.issuer(),
            Self::Future(authority) => authority.subject(),
        }
    }

    fn authority_key_id(self) -> Option<&'a [u8]> {
        match self {
            Self::Present(certificate) => certificate.authority_key_id(),
            Self::Future(authority) => authority.subject_key_id(),
        }
    }

    fn is_signed_with(self, key: &PublicKey) -> bool {
        match self {
            Self::Present(certificate) => certificate.is_signed_with(key),
            Self::Future(authority) => authority.public_key() == key,
        }
    }

    /// Is a signature by `key` of the same kind at all?
    fn is_signed_like(self, key: &PublicKey) -> bool {
        let rsa = |key: &PublicKey| matches!(key.key_type(), KeyType::Rsa(_));
        match self {
            Self::Future(authority) => rsa(authority.public_key()) == rsa(key),
            Self::Present(certificate) => match certificate.signature_algorithm() {
                SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss { .. } => rsa(key),
                _ => !rsa(key),
            },
        }
    }

    /// Go refuses SHA-1; neither accepts what cannot be checked.
    fn algorithm(self, rules: Rules) -> Result<(), ChainError> {
        let Self::Present(certificate) = self else { return Ok(()) };
        let algorithm = certificate.signature_algorithm();
        if rules == Rules::Go && algorithm.is_sha1() {
            return Err(ChainError::Algorithm(algorithm.to_string()));
        }
        Ok(())
    }
}

struct Path<'a> {
    reader: &'a Question<'a>,
    intermediates: &'a [Certificate],
    rules: Rules,
}

impl Path<'_> {
    /// Looks for a way from `link` to an anchor; `length` certificates are on it so far.
    fn up(&self, link: Link<'_>, length: usize) -> Result<(), ChainError> {
        link.algorithm(self.rules)?;
        let mut first_error = None;
        for anchor in self.candidates(self.reader.trust.iter(), link) {
            match self.step(link, anchor, length) {
                Ok(()) if self.rules == Rules::Go || anchor.subject() == anchor.issuer() => return Ok(()),
                Ok(()) => {
                    _ = first_error.get_or_insert_with(|| ChainError::UnknownAuthority(anchor.issuer().to_string()));
                }
                Err(error) if self.rules == Rules::OpenSsl => return Err(error),
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        if length < MAX_PATH {
            for intermediate in self.candidates(self.intermediates.iter(), link) {
                let way = self.step(link, intermediate, length).and_then(|()| {
                    if !intermediate.is_authority() {
                        return Err(ChainError::MayNotSign(intermediate.subject().to_string()));
                    }
                    self.up(Link::Present(intermediate), length + 1)
                });
                match way {
                    Ok(()) => return Ok(()),
                    Err(error) => _ = first_error.get_or_insert(error),
                }
            }
        }
        Err(first_error.unwrap_or_else(|| ChainError::UnknownAuthority(link.issuer().to_string())))
    }

    /// Who could have signed `link`, by what they say of themselves: with OpenSSL one at most.
    fn candidates<'c>(&self, among: impl Iterator<Item = &'c Certificate>, link: Link<'_>) -> Vec<&'c Certificate> {
        let named = among.filter(|candidate| candidate.subject() == link.issuer());
        match self.rules {
            Rules::Go => named.collect(),
            Rules::OpenSsl => {
                let fits = |candidate: &&Certificate| {
                    let same_id = match (link.authority_key_id(), candidate.subject_key_id()) {
                        (Some(asked), Some(own)) => asked == own,
                        _ => true,
                    };
                    same_id && link.is_signed_like(candidate.public_key()) && candidate.can_sign_certificates()
                };
                let fitting: Vec<_> = named.filter(fits).collect();
                let valid = fitting.iter().find(|candidate| is_valid(candidate, self.reader.now).is_ok());
                valid
                    .or_else(|| fitting.iter().max_by_key(|candidate| candidate.not_after()))
                    .copied()
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Did `authority` sign `link`, and may it?
    fn step(&self, link: Link<'_>, authority: &Certificate, length: usize) -> Result<(), ChainError> {
        let name = || authority.subject().to_string();
        if !authority.can_sign_certificates() || !(authority.is_authority() || authority.version() < 3) {
            return Err(ChainError::MayNotSign(name()));
        }
        if !link.is_signed_with(authority.public_key()) {
            return Err(ChainError::WrongKey(name()));
        }
        is_valid(authority, self.reader.now)?;
        is_understood(authority)?;
        // pathLenConstraint counts the intermediates below, the leaf not among them (RFC 5280, 4.2.1.9).
        if authority.path_len().is_some_and(|most| length - 1 > most as usize) {
            return Err(ChainError::MayNotSign(name()));
        }
        is_for(authority, self.reader.purpose)
    }
}

fn leaf_is_fit(leaf: &Certificate, reader: &Question<'_>, rules: Rules) -> Result<(), ChainError> {
    is_valid(leaf, reader.now)?;
    is_understood(leaf)?;
    is_for(leaf, reader.purpose)?;
    if rules == Rules::OpenSsl && !key_usage_fits(leaf, reader.purpose) {
        return Err(ChainError::WrongUsage(leaf.subject().to_string()));
    }
    match reader.host {
        Some(host) if !names(leaf, host, rules) => Err(ChainError::WrongHost(host.to_owned())),
        _ => Ok(()),
    }
}

fn is_valid(certificate: &Certificate, now: UnixTime) -> Result<(), ChainError> {
    if now < certificate.not_before() {
        Err(ChainError::NotYetValid(certificate.subject().to_string()))
    } else if now > certificate.not_after() {
        Err(ChainError::Expired(certificate.subject().to_string()))
    } else {
        Ok(())
    }
}

/// Critical extensions that both implementations handle. Name constraints are handled by both, but not judged here:
/// no Kubernetes authority has them.
fn is_understood(certificate: &Certificate) -> Result<(), ChainError> {
    let known = [
        rfc5280::ID_CE_KEY_USAGE,
        rfc5280::ID_CE_BASIC_CONSTRAINTS,
        rfc5280::ID_CE_SUBJECT_ALT_NAME,
        rfc5280::ID_CE_EXT_KEY_USAGE,
        rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
        rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
        rfc5280::ID_CE_CERTIFICATE_POLICIES,
    ];
    let unhandled = certificate.extensions().iter().find(|extension| {
        extension.oid == rfc5280::ID_CE_NAME_CONSTRAINTS
            || extension.critical && known.iter().all(|known| extension.oid != *known)
    });
    unhandled.map_or(Ok(()), |extension| Err(ChainError::Critical(extension.oid.to_string())))
}

/// Every certificate on the way must allow the purpose, anchors included, unless it names none.
fn is_for(certificate: &Certificate, purpose: Purpose) -> Result<(), ChainError> {
    let wanted = match purpose {
        Purpose::Client => ExtendedKeyUsage::ClientAuth,
        Purpose::Server => ExtendedKeyUsage::ServerAuth,
    };
    let usages = certificate.extended_key_usages();
    if usages.is_empty() || usages.iter().any(|usage| *usage == wanted || *usage == ExtendedKeyUsage::Any) {
        Ok(())
    } else {
        Err(ChainError::WrongUsage(certificate.subject().to_string()))
    }
}

/// OpenSSL looks at a leaf's keyUsage too (crypto/x509/v3_purp.c, `check_purpose_ssl_client` and `_server`).
fn key_usage_fits(leaf: &Certificate, purpose: Purpose) -> bool {
    let any = match purpose {
        Purpose::Client => KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_AGREEMENT),
        Purpose::Server => KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT),
    };
    leaf.key_usage().is_none_or(|usage| usage.intersects(any))
}

/// Is the certificate for this host? An address counts only as one; Go looks at alternative names alone,
/// OpenSSL at the common name where there is no DNS name.
pub(super) fn names(leaf: &Certificate, host: &str, rules: Rules) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let is_it = |name: &AlternativeName| matches!(name, AlternativeName::Ip(own) if *own == address);
        return leaf.alternative_names().iter().any(is_it);
    }
    let mut names = leaf.alternative_names().iter().filter_map(AlternativeName::dns).peekable();
    if names.peek().is_none() && rules == Rules::OpenSsl {
        return leaf.subject().common_name().is_some_and(|name| matches_host(&name, host));
    }
    names.any(|name| matches_host(name, host))
}

/// A wildcard stands for exactly the first label (RFC 6125, 6.4.3).
fn matches_host(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.trim_end_matches('.').to_ascii_lowercase());
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(rest), Some((first, domain))) => !first.is_empty() && rest == domain,
        _ => !host.is_empty() && pattern == host,
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::OpenSsl => "OpenSSL",
        })
    }
}
