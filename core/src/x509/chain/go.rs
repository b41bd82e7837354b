//! Go's rules (golang/go: src/crypto/x509, verify.go and parser.go, as of Go 1.26).

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::{
    constraints, host,
    question::{ChainError, Link, Question, Refusals, has_judged_key, is_understood, name, wanted},
    rules::Rules,
};
use crate::{
    time::UnixTime,
    x509::{
        certificate::Certificate,
        extension::{ExtendedKeyUsage, KeyUsage},
        san::AlternativeName,
    },
};

/// The limit of signature checks for one leaf (verify.go, `maxChainSignatureChecks`).
const MAX_CHECKS: usize = 100;

/// Verifies a chain as Go does.
pub(super) fn accept(first: Link<'_>, intermediates: &[Certificate], reader: &Question<'_>) -> Result<(), ChainError> {
    let mut chain = Vec::new();
    if let Link::Present(leaf) = first {
        for presented in std::iter::once(leaf).chain(intermediates) {
            is_readable(presented)?;
        }
        has_judged_key(leaf)?;
        is_valid(leaf, reader.now)?;
        is_handled(leaf)?;
        is_for(leaf, reader)?;
        if let Some(host) = reader.host
            && !host::go(leaf, host)
        {
            return Err(ChainError::WrongHost(host.to_owned()));
        }
        if reader.trust.contains(leaf) {
            return Ok(());
        }
        chain.push(leaf);
    }
    Search { reader, intermediates, checks: 0 }.up(first, &mut chain)
}

/// A depth-first search for a chain to a trust anchor.
struct Search<'a> {
    reader: &'a Question<'a>,
    intermediates: &'a [Certificate],
    checks: usize,
}

impl<'a> Search<'a> {
    /// Searches for a chain from `link`, the last of `chain`, to a trust anchor (verify.go, `buildChains`).
    fn up(&mut self, link: Link<'a>, chain: &mut Vec<&'a Certificate>) -> Result<(), ChainError> {
        let mut refusals = Refusals::default();
        let anchors = self.reader.trust.iter().map(|anchor| (anchor, true));
        let intermediates = self.intermediates.iter().map(|intermediate| (intermediate, false));
        for (candidate, is_anchor) in anchors.chain(intermediates) {
            if candidate.subject() != link.issuer() || is_among(candidate, chain) {
                continue;
            }
            self.checks += 1;
            if self.checks > MAX_CHECKS {
                break;
            }
            let mut way = self.step(link, candidate, is_anchor, chain);
            if way.is_ok() && !is_anchor {
                chain.push(candidate);
                way = self.up(Link::Present(candidate), chain);
                chain.pop();
            }
            match way {
                Ok(()) => return Ok(()),
                Err(error) => refusals.add(error),
            }
        }
        Err(refusals.or(|| ChainError::UnknownAuthority(link.issuer().to_string())))
    }

    /// Checks that `authority` signed `link`, the last of `chain`, and may sign it (x509.go, `CheckSignatureFrom`;
    /// verify.go, `isValid`; constraints.go, `checkConstraints`).
    fn step(
        &self,
        link: Link<'_>,
        authority: &Certificate,
        is_anchor: bool,
        chain: &[&Certificate],
    ) -> Result<(), ChainError> {
        let below = chain.len().saturating_sub(1);
        is_readable(authority)?;
        // A trust anchor of version 1 or 2 needs no basicConstraints.
        let has_none = authority.lacks(rfc5280::ID_CE_BASIC_CONSTRAINTS);
        let may_sign = authority.is_authority() || is_anchor && authority.version() < 3 && has_none;
        // Go treats a keyUsage without any bit as absent.
        let by_usage = authority.can_sign_certificates() || authority.key_usage() == Some(KeyUsage::default());
        if !may_sign || !by_usage {
            return Err(ChainError::MayNotSign(name(authority)));
        }
        link.algorithm()?;
        if !link.is_signed_with(authority.public_key())? {
            return Err(ChainError::WrongKey(name(authority)));
        }
        is_valid(authority, self.reader.now)?;
        is_handled(authority)?;
        // Go counts self-issued intermediates, contrary to RFC 5280, 4.2.1.9.
        if authority.path_len().is_some_and(|most| below > most as usize) {
            return Err(ChainError::MayNotSign(name(authority)));
        }
        chain.iter().try_for_each(|certificate| constraints::allow(Rules::Go, authority, certificate))?;
        is_for(authority, self.reader)
    }
}

/// Whether the chain already has a CA with this name, key and alternative names (verify.go, `alreadyInChain`).
fn is_among(candidate: &Certificate, chain: &[&Certificate]) -> bool {
    let names = |certificate: &Certificate| {
        let mut extensions = certificate.extensions().iter();
        extensions.find(|extension| extension.oid == rfc5280::ID_CE_SUBJECT_ALT_NAME).map(|found| found.value.clone())
    };
    chain.iter().any(|certificate| {
        certificate.subject() == candidate.subject()
            && certificate.public_key() == candidate.public_key()
            && names(certificate) == names(candidate)
    })
}

/// Checks the validity; both end points are included.
fn is_valid(certificate: &Certificate, now: UnixTime) -> Result<(), ChainError> {
    if now < certificate.not_before() {
        Err(ChainError::NotYetValid(name(certificate)))
    } else if now > certificate.not_after() {
        Err(ChainError::Expired(name(certificate)))
    } else {
        Ok(())
    }
}

/// Refuses certificates that Go's parser rejects (parser.go, `processExtensions`). Such a presented certificate ends
/// the handshake; such a trust anchor is skipped.
fn is_readable(certificate: &Certificate) -> Result<(), ChainError> {
    const AUTHORITY_INFO_ACCESS: ObjectIdentifier = rfc5280::ID_PE_AUTHORITY_INFO_ACCESS;
    let unreadable = |why| Err(ChainError::Unreadable(name(certificate), why));
    let extensions = certificate.extensions();
    for (position, extension) in extensions.iter().enumerate() {
        if extensions[..position].iter().any(|before| before.oid == extension.oid) {
            return unreadable("an extension is given twice");
        }
        let never_critical =
            [rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, AUTHORITY_INFO_ACCESS];
        if extension.critical && never_critical.iter().any(|oid| extension.oid == *oid) {
            return unreadable("an extension is critical that must not be");
        }
    }
    if certificate.serial().first().is_some_and(|first| first & 0x80 != 0) {
        return unreadable("its serial number is negative");
    }
    if certificate.alternative_names().iter().filter_map(AlternativeName::dns).any(|name| !name.is_ascii()) {
        return unreadable("a DNS name is not ASCII");
    }
    if certificate.alternative_names().iter().any(AlternativeName::is_malformed_address) {
        return unreadable("an address has a wrong length");
    }
    Ok(())
}

/// Refuses critical extensions that Go does not handle. Critical alternative names are handled if at least one has a
/// form that Go reads, critical name constraints only if all have. Policy constraints are not judged here.
fn is_handled(certificate: &Certificate) -> Result<(), ChainError> {
    is_understood(certificate, &[])?;
    for extension in certificate.extensions() {
        let known = |name: &AlternativeName| {
            use AlternativeName::{Dns, Email, Ip, Uri};
            matches!(name, Dns(_) | Email(_) | Ip(_) | Uri(_))
        };
        let is_names = extension.oid == rfc5280::ID_CE_SUBJECT_ALT_NAME;
        let is_unknown = is_names && !certificate.alternative_names().iter().any(known)
            || extension.oid == rfc5280::ID_CE_NAME_CONSTRAINTS && constraints::is_unhandled_by_go(&extension.value);
        if extension.critical && is_unknown {
            return Err(ChainError::Critical(extension.oid.to_string()));
        }
        if extension.oid == rfc5280::ID_CE_POLICY_CONSTRAINTS {
            return Err(ChainError::NotJudged(name(certificate), "policy constraints"));
        }
    }
    Ok(())
}

/// Checks that every certificate of the chain, the trust anchor included, allows the purpose or has no extendedKeyUsage
/// (verify.go, `checkChainForKeyUsage`). keyUsage is ignored.
fn is_for(certificate: &Certificate, reader: &Question<'_>) -> Result<(), ChainError> {
    let (usages, wanted) = (certificate.extended_key_usages(), wanted(reader.purpose));
    if usages.is_empty() || usages.contains(&wanted) || usages.contains(&ExtendedKeyUsage::Any) {
        Ok(())
    } else {
        Err(ChainError::WrongUsage(name(certificate)))
    }
}
