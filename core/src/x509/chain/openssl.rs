//! OpenSSL's rules (openssl/openssl: crypto/x509, x509_vfy.c and v3_purp.c, as of OpenSSL 3.0), with the defaults of a
//! TLS program: trusted CAs first, no partial chains, security level 2. [`Mode::Strict`] adds the flags that Python
//! sets since 3.13: `X509_V_FLAG_X509_STRICT` and `X509_V_FLAG_PARTIAL_CHAIN`.

use const_oid::{ObjectIdentifier, db::rfc5280};
use x509_parser::{
    extensions::{AuthorityKeyIdentifier, GeneralName},
    prelude::FromDer,
};

use super::{
    constraints, host,
    question::{ChainError, Link, Purpose, Question, has_judged_key, is_understood, name, wanted},
    rules::Rules,
};
use crate::{
    time::UnixTime,
    x509::{
        certificate::Certificate,
        extension::{ExtendedKeyUsage, KeyUsage},
        key::KeyType,
        name::Name,
    },
};

/// The shortest RSA key at security level 2, OpenSSL's default since 3.2 and that of Debian and Ubuntu before. Bits.
const SHORTEST_RSA: usize = 2048;

/// The verification flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No flags.
    Default,
    /// `X509_V_FLAG_X509_STRICT` and `X509_V_FLAG_PARTIAL_CHAIN`.
    Strict,
}

impl Mode {
    fn rules(self) -> Rules {
        match self {
            Self::Default => Rules::OpenSsl,
            Self::Strict => Rules::OpenSslStrict,
        }
    }
}

/// Verifies a chain as OpenSSL does.
pub(super) fn accept(
    first: Link<'_>,
    intermediates: &[Certificate],
    reader: &Question<'_>,
    mode: Mode,
) -> Result<(), ChainError> {
    let mut chain = Vec::new();
    if let Link::Present(leaf) = first {
        if is_short(leaf) {
            return Err(ChainError::ShortKey(name(leaf)));
        }
        has_judged_key(leaf)?;
        chain.push(leaf);
    }
    let authorities = build(first, intermediates, reader, mode)?;
    chain.extend(authorities);
    let last = chain.len() - 1;
    let leaves = usize::from(matches!(first, Link::Present(_)));
    let mut intermediates = 0;
    // RFC 5280 does not apply to a certificate that is itself trusted (RFC 6818, 2).
    let is_strict = mode == Mode::Strict && chain.len() + 1 - leaves > 1;
    for (depth, certificate) in chain.iter().copied().enumerate() {
        check_extensions(certificate, depth >= leaves, depth == last, reader, mode)?;
        if is_strict {
            check_strictly(certificate, depth == last)?;
        }
        if depth >= leaves {
            // Self-issued certificates do not count (RFC 5280, 4.2.1.9).
            if certificate.path_len().is_some_and(|most| intermediates > most as usize) {
                return Err(ChainError::MayNotSign(name(certificate)));
            }
            intermediates += usize::from(!is_self_issued(certificate));
            if is_short(certificate) {
                return Err(ChainError::ShortKey(name(certificate)));
            }
        }
        if depth < last {
            Link::Present(certificate).algorithm()?;
        }
    }
    if let (Link::Present(leaf), Some(host)) = (first, reader.host)
        && !host::openssl(leaf, host)
    {
        return Err(ChainError::WrongHost(host.to_owned()));
    }
    // Checks the certificates below a CA, the leaf included. Self-issued certificates are checked only as the leaf
    // (x509_vfy.c, `check_name_constraints`).
    for (depth, certificate) in chain.iter().enumerate() {
        if depth == 0 || !is_self_issued(certificate) {
            for authority in &chain[depth + 1..] {
                constraints::allow(mode.rules(), authority, certificate)?;
            }
        }
    }
    let mut link = first;
    for authority in &chain[leaves..] {
        if !link.is_signed_with(authority.public_key())? {
            return Err(ChainError::WrongKey(name(authority)));
        }
        link = Link::Present(authority);
    }
    chain.iter().try_for_each(|certificate| is_valid(certificate, reader.now))
}

/// Builds the only chain that OpenSSL tries (x509_vfy.c, `build_chain`). At each step it takes the first trusted CA
/// that could have signed, otherwise the first presented one, until a CA is trusted. Returns the certificates above the
/// first; none if the first is trusted and self-signed.
fn build<'a>(
    first: Link<'a>,
    intermediates: &'a [Certificate],
    reader: &'a Question<'a>,
    mode: Mode,
) -> Result<Vec<&'a Certificate>, ChainError> {
    let mut way: Vec<&Certificate> = Vec::new();
    let mut link = first;
    let mut left: Vec<&Certificate> = intermediates.iter().collect();
    loop {
        let self_signed = matches!(link, Link::Present(certificate) if is_self_signed(certificate));
        match issuer_among(reader.trust.iter(), link, reader.now) {
            // A self-signed certificate must itself be trusted.
            Some(anchor) if self_signed => {
                if matches!(link, Link::Present(certificate) if certificate == anchor) {
                    return Ok(way);
                }
            }
            Some(anchor) => {
                way.push(anchor);
                if is_self_signed(anchor) || mode == Mode::Strict {
                    return Ok(way);
                }
                // From here on, only trusted certificates are candidates.
                left.clear();
                if way.len() > reader.trust.len() + intermediates.len() {
                    break; // a loop
                }
                link = Link::Present(anchor);
                continue;
            }
            None => {}
        }
        if self_signed {
            break;
        }
        let Some(next) = issuer_among(left.iter().copied(), link, reader.now) else { break };
        left.retain(|other| *other != next);
        way.push(next);
        link = Link::Present(next);
    }
    // A partial chain may also consist of a leaf that is itself trusted (x509_vfy.c, `check_trust`).
    match first {
        Link::Present(leaf) if mode == Mode::Strict && reader.trust.contains(leaf) => Ok(way),
        _ => Err(ChainError::UnknownAuthority(link.issuer().to_string())),
    }
}

/// The first certificate that could have signed and is valid now; otherwise the one that expires last (x509_vfy.c,
/// `get0_best_issuer_sk`).
fn issuer_among<'a>(
    among: impl Iterator<Item = &'a Certificate>,
    link: Link<'_>,
    now: UnixTime,
) -> Option<&'a Certificate> {
    let mut longest: Option<&Certificate> = None;
    for candidate in among.filter(|candidate| could_sign(candidate, link)) {
        if is_valid(candidate, now).is_ok() {
            return Some(candidate);
        }
        if longest.is_none_or(|longest| candidate.not_after() > longest.not_after()) {
            longest = Some(candidate);
        }
    }
    longest
}

/// Whether name, authority key identifier and key type match (v3_purp.c, `ossl_x509_likely_issued`).
fn could_sign(authority: &Certificate, link: Link<'_>) -> bool {
    if !authority.subject().is_like(link.issuer()) || !link.is_signed_like(authority.public_key()) {
        return false;
    }
    match link {
        Link::Present(certificate) => identifies(certificate, authority),
        Link::Future(signer) => signer.subject_key_id().is_none_or(|id| own_id_is(authority, id)),
    }
}

/// Whether the certificate's authority key identifier matches this CA, or is absent (v3_purp.c, `X509_check_akid`).
fn identifies(certificate: &Certificate, authority: &Certificate) -> bool {
    let extensions = certificate.extensions();
    let found = extensions.iter().find(|extension| extension.oid == rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER);
    let Some((_, id)) = found.and_then(|found| AuthorityKeyIdentifier::from_der(&found.value).ok()) else {
        return true;
    };
    let same_key = id.key_identifier.as_ref().is_none_or(|id| own_id_is(authority, id.0));
    let same_serial = id.authority_cert_serial.is_none_or(|serial| unpadded(serial) == unpadded(authority.serial()));
    let issuer = id.authority_cert_issuer.iter().flatten().find_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(Name::from_parsed(name.as_raw())),
        _ => None,
    });
    same_key && same_serial && issuer.is_none_or(|issuer| issuer.is_like(authority.issuer()))
}

/// Whether the CA has this subject key identifier. A CA without one matches any.
fn own_id_is(authority: &Certificate, id: &[u8]) -> bool {
    authority.subject_key_id().is_none_or(|own| own == id)
}

/// A serial number without leading zeros.
pub(super) fn unpadded(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    &serial[zeros..]
}

/// Whether subject and issuer are the same name.
fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.subject().is_like(certificate.issuer())
}

/// Whether it appears to be self-signed. OpenSSL does not check the signature for this (v3_purp.c, `EXFLAG_SS`).
fn is_self_signed(certificate: &Certificate) -> bool {
    could_sign(certificate, Link::Present(certificate))
}

/// Checks the validity. In its last second, a certificate has already expired (crypto/x509/x509_vfy.c,
/// `X509_cmp_time`).
fn is_valid(certificate: &Certificate, now: UnixTime) -> Result<(), ChainError> {
    if now < certificate.not_before() {
        Err(ChainError::NotYetValid(name(certificate)))
    } else if now >= certificate.not_after() {
        Err(ChainError::Expired(name(certificate)))
    } else {
        Ok(())
    }
}

fn is_short(certificate: &Certificate) -> bool {
    matches!(certificate.public_key().key_type(), KeyType::Rsa(bits) if bits < SHORTEST_RSA)
}

/// OpenSSL's `check_extensions` (x509_vfy.c).
fn check_extensions(
    certificate: &Certificate,
    must_sign: bool,
    is_last: bool,
    reader: &Question<'_>,
    mode: Mode,
) -> Result<(), ChainError> {
    is_understood(certificate, &[NETSCAPE_CERT_TYPE])?;
    is_readable(certificate)?;
    if must_sign && !may_sign(certificate, is_last && mode == Mode::Default) {
        return Err(ChainError::MayNotSign(name(certificate)));
    }
    if is_for(certificate, reader.purpose, must_sign) { Ok(()) } else { Err(ChainError::WrongUsage(name(certificate))) }
}

/// Refuses duplicates of the extensions that OpenSSL reads (v3_purp.c, `EXFLAG_INVALID`).
fn is_readable(certificate: &Certificate) -> Result<(), ChainError> {
    const READ: [ObjectIdentifier; 7] = [
        rfc5280::ID_CE_BASIC_CONSTRAINTS,
        rfc5280::ID_CE_KEY_USAGE,
        rfc5280::ID_CE_EXT_KEY_USAGE,
        rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
        rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
        rfc5280::ID_CE_SUBJECT_ALT_NAME,
        rfc5280::ID_CE_NAME_CONSTRAINTS,
    ];
    let count = |oid: ObjectIdentifier| certificate.extensions().iter().filter(|one| one.oid == oid).count();
    if READ.into_iter().any(|oid| count(oid) > 1) {
        return Err(ChainError::Unreadable(name(certificate), "an extension is given twice"));
    }
    if count(rfc5280::ID_CE_SUBJECT_ALT_NAME) == 1 && certificate.alternative_names().is_empty() {
        return Err(ChainError::NotJudged(name(certificate), "subject alternative names that cannot be read"));
    }
    Ok(())
}

/// The rules of RFC 5280 that are checked only with `X509_V_FLAG_X509_STRICT` (x509_vfy.c, `check_extensions`). The
/// last certificate of a chain needs no authority key identifier.
fn check_strictly(certificate: &Certificate, is_last: bool) -> Result<(), ChainError> {
    let find = |oid: ObjectIdentifier| certificate.extensions().iter().find(|extension| extension.oid == oid);
    let is_critical = |oid| find(oid).is_some_and(|extension| extension.critical);
    let names = find(rfc5280::ID_CE_SUBJECT_ALT_NAME);
    let is_authority = certificate.is_authority();
    let usage = certificate.key_usage();
    let has_usage = |wanted| usage.is_some_and(|usage| usage.contains(wanted));
    let no_subject = certificate.subject().is_empty();
    let rules = [
        (certificate.path_len().is_some() && !is_authority, "has a path length, but is not a CA"),
        (is_authority && usage.is_none(), "a CA without key usage"),
        (
            certificate.path_len().is_some() && !has_usage(KeyUsage::KEY_CERT_SIGN),
            "has a path length, but may not sign certificates",
        ),
        (
            is_authority && !is_critical(rfc5280::ID_CE_BASIC_CONSTRAINTS),
            "a CA whose basic constraints are not critical",
        ),
        (!is_authority && has_usage(KeyUsage::KEY_CERT_SIGN), "not a CA, but with key usage keyCertSign"),
        (certificate.issuer().is_empty(), "the issuer is empty"),
        (no_subject && (is_authority || has_usage(KeyUsage::CRL_SIGN) || names.is_none()), "the subject is empty"),
        (
            no_subject && names.is_some_and(|names| !names.critical),
            "the subject is empty and the subject alternative names are not critical",
        ),
        (is_critical(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER), "the authority key identifier is critical"),
        (is_critical(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER), "the subject key identifier is critical"),
        (certificate.version() < 3 && !certificate.extensions().is_empty(), "has extensions, but is not of version 3"),
        (
            certificate.version() >= 3 && !is_last && certificate.authority_key_id().is_none(),
            "no authority key identifier",
        ),
        (
            certificate.version() >= 3 && is_authority && certificate.subject_key_id().is_none(),
            "a CA without subject key identifier",
        ),
    ];
    let broken = rules.iter().find(|(is_broken, _)| *is_broken);
    broken.map_or(Ok(()), |(_, why)| Err(ChainError::Violation(name(certificate), why)))
}

/// Whether it may sign certificates. A trust anchor may lack basicConstraints if it has a keyUsage, or is self-signed
/// and of version 1 (v3_purp.c, `check_ca`).
fn may_sign(certificate: &Certificate, is_anchor: bool) -> bool {
    if !certificate.can_sign_certificates() {
        return false;
    }
    if !certificate.lacks(rfc5280::ID_CE_BASIC_CONSTRAINTS) {
        return certificate.is_authority();
    }
    let version_1 = certificate.version() == 1 && is_self_signed(certificate);
    is_anchor && (version_1 || !certificate.lacks(rfc5280::ID_CE_KEY_USAGE))
}

/// Checks the extendedKeyUsage of every certificate, where anyExtendedKeyUsage does not count, and the keyUsage and
/// Netscape certificate type of a leaf (v3_purp.c, `check_purpose_ssl_client` and `check_purpose_ssl_server`).
fn is_for(certificate: &Certificate, purpose: Purpose, must_sign: bool) -> bool {
    let usages = certificate.extended_key_usages();
    let gated = |usage: &ExtendedKeyUsage| {
        let ExtendedKeyUsage::Other(oid) = usage else { return false };
        purpose == Purpose::Server && SERVER_GATED_CRYPTOGRAPHY.iter().any(|gated| *oid == *gated)
    };
    if !(certificate.lacks(rfc5280::ID_CE_EXT_KEY_USAGE)
        || usages.contains(&wanted(purpose))
        || usages.iter().any(gated))
    {
        return false;
    }
    if must_sign {
        return true;
    }
    let (any, netscape) = match purpose {
        Purpose::Client => (KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_AGREEMENT), 0x80),
        Purpose::Server => {
            (KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT), 0x40)
        }
    };
    certificate.key_usage().is_none_or(|usage| usage.intersects(any)) && has_netscape_type(certificate, netscape)
}

/// Whether it has no Netscape certificate type, or one with this bit.
pub(super) fn has_netscape_type(certificate: &Certificate, bit: u8) -> bool {
    let mut extensions = certificate.extensions().iter();
    // A bit string: tag, length, unused bits, and one octet.
    let found = extensions.find(|extension| extension.oid == NETSCAPE_CERT_TYPE).map(|found| &found.value[..]);
    found.is_none_or(|value| value.get(3).is_some_and(|bits| bits & bit != 0))
}

/// Netscape's certificate type.
const NETSCAPE_CERT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.1.1");

/// Microsoft's and Netscape's server-gated cryptography usages, which OpenSSL still accepts for servers.
pub(super) const SERVER_GATED_CRYPTOGRAPHY: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3"), ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1")];
