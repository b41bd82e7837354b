//! The rules of rustls-webpki (rustls/webpki: src/verify_cert.rs, cert.rs and subject_name, as of 0.103), with the
//! algorithms that its providers ring and aws-lc-rs share.

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::{
    constraints, host,
    question::{ChainError, Link, Question, Refusals, name, wanted},
    rules::Rules,
};
use crate::{
    time::UnixTime,
    x509::{
        certificate::Certificate,
        key::{KeyType, PublicKey},
        signature::{Digest, SignatureAlgorithm},
    },
};

/// The limit of signature checks for one certificate (verify_cert.rs, `Budget`).
const MAX_CHECKS: usize = 100;
/// The limit of intermediates in a chain (verify_cert.rs, `MAX_SUB_CA_COUNT`).
const MAX_INTERMEDIATES: usize = 6;
/// The shortest accepted RSA key of a signer. Bits.
const SHORTEST_RSA: usize = 2048;

/// Verifies a chain as rustls does.
pub(super) fn accept(first: Link<'_>, intermediates: &[Certificate], reader: &Question<'_>) -> Result<(), ChainError> {
    let mut search = Search { reader, intermediates, checks: 0, chain: Vec::new() };
    if let Link::Present(leaf) = first {
        is_readable(leaf)?;
        search.chain.push(leaf);
    }
    search.up(first)?;
    match (first, reader.host) {
        (Link::Present(leaf), Some(host)) if !host::webpki(leaf, host) => Err(ChainError::WrongHost(host.to_owned())),
        _ => Ok(()),
    }
}

/// A search for any path to a trust anchor.
struct Search<'a> {
    reader: &'a Question<'a>,
    intermediates: &'a [Certificate],
    checks: usize,
    /// The leaf, if there is one, and the intermediates above it.
    chain: Vec<&'a Certificate>,
}

impl<'a> Search<'a> {
    /// Searches for a path from `link`, the last of the chain (`build_chain_inner`).
    fn up(&mut self, link: Link<'a>) -> Result<(), ChainError> {
        if let Link::Present(certificate) = link {
            self.check(certificate)?;
        }
        let mut refusals = Refusals::default();
        let reader = self.reader;
        for anchor in reader.trust.iter().filter(|anchor| anchor.subject() == link.issuer() && is_anchor(anchor)) {
            match self.check_path(link, anchor) {
                Ok(()) => return Ok(()),
                Err(error) => refusals.add(error),
            }
            if self.checks > MAX_CHECKS {
                break;
            }
        }
        for candidate in self.intermediates.iter().filter(|candidate| candidate.subject() == link.issuer()) {
            let is_loop = self.chain.iter().any(|certificate| {
                certificate.subject() == candidate.subject() && certificate.public_key() == candidate.public_key()
            });
            if is_loop || self.checks > MAX_CHECKS || self.chain.len() > MAX_INTERMEDIATES {
                continue;
            }
            if let Err(error) = is_readable(candidate) {
                refusals.add(error);
                continue;
            }
            self.chain.push(candidate);
            let found = self.up(Link::Present(candidate));
            self.chain.pop();
            match found {
                Ok(()) => return Ok(()),
                Err(error) => refusals.add(error),
            }
        }
        Err(refusals.or(|| ChainError::UnknownAuthority(link.issuer().to_string())))
    }

    /// Checks the last certificate of the chain, without its issuer (`check_issuer_independent_properties`). keyUsage
    /// is ignored.
    fn check(&self, certificate: &Certificate) -> Result<(), ChainError> {
        is_valid(certificate, self.reader.now)?;
        let intermediates_below = self.chain.len().checked_sub(2);
        match (intermediates_below, certificate.is_authority()) {
            (None, true) => return Err(ChainError::Violation(name(certificate), "a CA is used as a leaf")),
            (Some(_), false) => return Err(ChainError::MayNotSign(name(certificate))),
            (Some(below), true) if certificate.path_len().is_some_and(|most| below > most as usize) => {
                return Err(ChainError::MayNotSign(name(certificate)));
            }
            _ => {}
        }
        let usages = certificate.extended_key_usages();
        let has_usages = !certificate.lacks(rfc5280::ID_CE_EXT_KEY_USAGE);
        // anyExtendedKeyUsage does not count.
        if has_usages && !usages.contains(&wanted(self.reader.purpose)) {
            return Err(ChainError::WrongUsage(name(certificate)));
        }
        Ok(())
    }

    /// Checks signatures and name constraints from the trust anchor down to the leaf (`check_signed_chain`). Only the
    /// anchor's name, key and name constraints count, not its validity.
    fn check_path(&mut self, first: Link<'_>, anchor: &Certificate) -> Result<(), ChainError> {
        if self.chain.is_empty() {
            return signed(first, anchor);
        }
        let mut authority = anchor;
        for certificate in self.chain.iter().rev() {
            self.checks += 1;
            signed(Link::Present(certificate), authority)?;
            authority = certificate;
        }
        let mut authority = anchor;
        for (index, certificate) in self.chain.iter().enumerate().rev() {
            for below in &self.chain[..=index] {
                constraints::allow(Rules::Webpki, authority, below)?;
            }
            authority = certificate;
        }
        Ok(())
    }
}

/// Checks that this CA signed it, with an algorithm that rustls supports.
fn signed(link: Link<'_>, authority: &Certificate) -> Result<(), ChainError> {
    let key = authority.public_key();
    if let Link::Present(certificate) = link {
        is_supported(certificate, key)?;
    }
    match link.is_signed_with(key)? {
        true => Ok(()),
        false => Err(ChainError::WrongKey(name(authority))),
    }
}

/// Refuses algorithms that neither ring nor aws-lc-rs supports. The two differ on ECDSA with SHA-512, usual for P-521:
/// it gives [`ChainError::NotJudged`].
fn is_supported(certificate: &Certificate, key: &PublicKey) -> Result<(), ChainError> {
    let algorithm = certificate.signature_algorithm();
    let refused = || Err(ChainError::Algorithm(algorithm.to_string()));
    match (&algorithm, key.key_type()) {
        _ if algorithm.is_sha1() || matches!(algorithm, SignatureAlgorithm::Other(_)) => refused(),
        (_, KeyType::Other(_)) => refused(),
        (SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss { .. }, KeyType::Rsa(bits))
            if bits < SHORTEST_RSA =>
        {
            Err(ChainError::ShortKey(certificate.issuer().to_string()))
        }
        (SignatureAlgorithm::RsaPss { digest, salt_len }, _) => {
            let standard = match digest {
                Digest::Sha1 => 20,
                Digest::Sha256 => 32,
                Digest::Sha384 => 48,
                Digest::Sha512 => 64,
            };
            if *salt_len == standard { Ok(()) } else { refused() }
        }
        (SignatureAlgorithm::Ecdsa(Digest::Sha512), _) => Err(ChainError::NotJudged(
            name(certificate),
            "whether rustls supports this signature depends on its cryptography provider",
        )),
        _ => Ok(()),
    }
}

/// Checks the validity; both end points are included.
fn is_valid(certificate: &Certificate, now: UnixTime) -> Result<(), ChainError> {
    if certificate.not_before() > certificate.not_after() {
        Err(ChainError::Violation(name(certificate), "it ends before it begins"))
    } else if now < certificate.not_before() {
        Err(ChainError::NotYetValid(name(certificate)))
    } else if now > certificate.not_after() {
        Err(ChainError::Expired(name(certificate)))
    } else {
        Ok(())
    }
}

/// The extensions that webpki reads (cert.rs, `remember_cert_extension`); each may occur once.
const KNOWN: [ObjectIdentifier; 6] = [
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
];

/// Accepts certificates of version 3 without unknown critical extensions (cert.rs, `Cert::from_der`).
fn is_readable(certificate: &Certificate) -> Result<(), ChainError> {
    if certificate.version() != 3 {
        return Err(ChainError::Unreadable(name(certificate), "it is not of version 3"));
    }
    let known = |oid: &crate::x509::oid::Oid| KNOWN.iter().any(|known| *oid == *known);
    if let Some(unknown) =
        certificate.extensions().iter().find(|extension| extension.critical && !known(&extension.oid))
    {
        return Err(ChainError::Critical(unknown.oid.to_string()));
    }
    has_no_duplicates(certificate)
}

fn has_no_duplicates(certificate: &Certificate) -> Result<(), ChainError> {
    let twice = |oid: &ObjectIdentifier| certificate.extensions().iter().filter(|one| one.oid == *oid).count() > 1;
    if KNOWN.iter().any(twice) {
        return Err(ChainError::Unreadable(name(certificate), "an extension is given twice"));
    }
    Ok(())
}

/// Whether webpki uses it as a trust anchor: version 1 without extensions, and any critical extension, are allowed
/// (trust_anchor.rs, `anchor_from_trusted_cert`). rustls skips trust anchors that it cannot read, and so does Airlock.
fn is_anchor(certificate: &Certificate) -> bool {
    match certificate.version() {
        1 => certificate.extensions().is_empty(),
        3 => has_no_duplicates(certificate).is_ok(),
        _ => false,
    }
}
