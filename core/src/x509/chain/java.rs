//! Java's rules (openjdk/jdk: src/java.base/share/classes/sun/security, validator and provider/certpath, as of JDK 25):
//! the default trust manager (PKIX) with the default `jdk.certpath.disabledAlgorithms` and
//! `jdk.tls.disabledAlgorithms`, TLS 1.3, and the host name check of HTTPS.

use const_oid::{ObjectIdentifier, db::rfc5280};
use x509_parser::{extensions::AuthorityKeyIdentifier, prelude::FromDer};

use super::{
    constraints, host, idna, openssl,
    question::{ChainError, Link, Purpose, Question, Refusals, has_judged_key, name, wanted},
    rules::Rules,
};
use crate::{
    time::UnixTime,
    x509::{
        certificate::Certificate,
        extension::{ExtendedKeyUsage, KeyUsage},
        key::{KeyType, PublicKey},
        oid::Oid,
    },
};

/// The shortest RSA key (`RSA keySize < 1024`). Bits.
const SHORTEST_RSA: usize = 1024;

/// Verifies a chain as Java does.
pub(super) fn accept(first: Link<'_>, intermediates: &[Certificate], reader: &Question<'_>) -> Result<(), ChainError> {
    let anchors: Vec<&Certificate> = reader.trust.iter().filter(|anchor| is_readable(anchor).is_ok()).collect();
    let Link::Present(leaf) = first else {
        return under_anchors(&[], first, &anchors, reader);
    };
    let presented: Vec<&Certificate> = std::iter::once(leaf).chain(intermediates).collect();
    presented.iter().try_for_each(|certificate| is_readable(certificate))?;
    has_judged_key(leaf)?;
    // If the leaf is itself trusted, Java checks only its host name.
    if !anchors.contains(&leaf) {
        validate(&presented, &anchors, reader)?;
        is_for(leaf, reader.purpose)?;
    }
    let Some(host) = reader.host else { return Ok(()) };
    let ascii = idna::to_ascii(host);
    if !host::java(leaf, &ascii) {
        return Err(ChainError::WrongHost(host.to_owned()));
    }
    // Java decodes both names, with older Unicode tables.
    if idna::is_plain(&ascii) {
        Ok(())
    } else {
        Err(ChainError::NotJudged(host.to_owned(), "whether Java can read this international name"))
    }
}

/// Java's `engineValidate` (PKIXValidator.java): an ordered chain ends before the first certificate that is trusted, or
/// that has the name and key of a trusted one. For an unordered chain, Java builds a path.
fn validate(presented: &[&Certificate], anchors: &[&Certificate], reader: &Question<'_>) -> Result<(), ChainError> {
    for (index, pair) in presented.windows(2).enumerate() {
        let [below, certificate] = pair else { continue };
        if !certificate.subject().is_like_in_java(below.issuer()) {
            return Builder { presented, anchors, reader }.up(&mut vec![presented[0]]);
        }
        let is_trusted = |anchor: &&Certificate| {
            anchor.subject().is_like_in_java(certificate.subject()) && anchor.public_key() == certificate.public_key()
        };
        if anchors.iter().any(is_trusted) {
            return under_anchors(&presented[..=index], Link::Present(below), anchors, reader);
        }
    }
    let last = presented[presented.len() - 1];
    if anchors.iter().any(|anchor| anchor.subject().is_like_in_java(last.issuer())) {
        under_anchors(presented, Link::Present(last), anchors, reader)
    } else {
        Builder { presented, anchors, reader }.up(&mut vec![presented[0]])
    }
}

/// A search for a path by names and key identifiers (provider/certpath/ForwardBuilder.java).
struct Builder<'a, 'b> {
    presented: &'b [&'a Certificate],
    anchors: &'b [&'a Certificate],
    reader: &'b Question<'b>,
}

impl<'a> Builder<'a, '_> {
    fn up(&self, path: &mut Vec<&'a Certificate>) -> Result<(), ChainError> {
        let last = path[path.len() - 1];
        let mut refusals = Refusals::default();
        match under_anchors(path, Link::Present(last), self.anchors, self.reader) {
            Ok(()) => return Ok(()),
            Err(error) => refusals.add(error),
        }
        for candidate in self.presented {
            let is_above = could_sign(candidate, Link::Present(last)) && !path.contains(candidate);
            if !is_above || !Link::Present(last).is_signed_with(candidate.public_key())? {
                continue;
            }
            path.push(candidate);
            let found = self.up(path);
            path.pop();
            match found {
                Ok(()) => return Ok(()),
                Err(error) => refusals.add(error),
            }
        }
        Err(refusals.or(|| ChainError::UnknownAuthority(last.issuer().to_string())))
    }
}

/// Tries every trusted CA that could have signed the last certificate of the path
/// (provider/certpath/PKIXCertPathValidator.java, `validate`).
fn under_anchors(
    path: &[&Certificate],
    last: Link<'_>,
    anchors: &[&Certificate],
    reader: &Question<'_>,
) -> Result<(), ChainError> {
    let mut refusals = Refusals::default();
    for anchor in anchors.iter().filter(|anchor| could_sign(anchor, last)) {
        match under_anchor(path, last, anchor, reader) {
            // The first match must be a CA; Java then tries no other.
            Ok(()) => return is_authority(anchor),
            Err(error) => refusals.add(error),
        }
    }
    Err(refusals.or(|| ChainError::UnknownAuthority(last.issuer().to_string())))
}

/// Validates the path from the trust anchor down to the leaf. Only the anchor's name and key count: its validity, path
/// length and name constraints are ignored.
fn under_anchor(
    path: &[&Certificate],
    last: Link<'_>,
    anchor: &Certificate,
    reader: &Question<'_>,
) -> Result<(), ChainError> {
    if path.is_empty() {
        return signed(last, anchor.public_key(), anchor);
    }
    let (mut key, mut signer) = (anchor.public_key(), anchor);
    let mut left = path.len();
    for (index, certificate) in path.iter().enumerate().rev() {
        algorithms(certificate, key)?;
        let is_self_issued = certificate.subject().is_like_in_java(certificate.issuer());
        if index > 0 {
            if !certificate.can_sign_certificates() || certificate.version() < 3 || !certificate.is_authority() {
                return Err(ChainError::MayNotSign(name(certificate)));
            }
            if !is_self_issued {
                left = left.checked_sub(1).ok_or_else(|| ChainError::MayNotSign(name(certificate)))?;
            }
            left = left.min(certificate.path_len().map_or(usize::MAX, |most| most as usize));
        }
        if index == 0 || !is_self_issued {
            for authority in &path[index + 1..] {
                constraints::allow(Rules::Java, authority, certificate)?;
            }
        }
        is_valid(certificate, reader.now)?;
        signed(Link::Present(certificate), key, signer)?;
        is_understood(certificate)?;
        (key, signer) = (certificate.public_key(), certificate);
        if left == 0 && index > 1 {
            return Err(ChainError::MayNotSign(name(certificate)));
        }
    }
    Ok(())
}

fn signed(link: Link<'_>, key: &PublicKey, signer: &Certificate) -> Result<(), ChainError> {
    match link.is_signed_with(key)? {
        true => Ok(()),
        false => Err(ChainError::WrongKey(name(signer))),
    }
}

/// Refuses disabled algorithms: MD5, and SHA-1 for CAs that are part of the JDK (conf/security/java.security).
fn algorithms(certificate: &Certificate, signer: &PublicKey) -> Result<(), ChainError> {
    if certificate.signature_algorithm().is_md5() {
        return Err(ChainError::Algorithm(certificate.signature_algorithm().to_string()));
    }
    let is_short = |key: &PublicKey| matches!(key.key_type(), KeyType::Rsa(bits) if bits < SHORTEST_RSA);
    if is_short(signer) || is_short(certificate.public_key()) {
        return Err(ChainError::ShortKey(name(certificate)));
    }
    Ok(())
}

/// Whether name, key identifier and serial number match (provider/certpath/AdaptableX509CertSelector.java).
fn could_sign(authority: &Certificate, link: Link<'_>) -> bool {
    let same_key = || match (link.authority_key_id(), authority.subject_key_id()) {
        (Some(wanted), Some(own)) if authority.version() >= 3 => wanted == own,
        _ => true,
    };
    let same_serial = || match link {
        Link::Present(certificate) if authority.version() >= 3 => authority_serial(certificate)
            .is_none_or(|serial| openssl::unpadded(&serial) == openssl::unpadded(authority.serial())),
        _ => true,
    };
    authority.subject().is_like_in_java(link.issuer()) && same_key() && same_serial()
}

fn authority_serial(certificate: &Certificate) -> Option<Vec<u8>> {
    let mut extensions = certificate.extensions().iter();
    let found = extensions.find(|extension| extension.oid == rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER)?;
    let (_, id) = AuthorityKeyIdentifier::from_der(&found.value).ok()?;
    id.authority_cert_serial.map(<[u8]>::to_vec)
}

/// Java's `verifyTrustAnchor` (PKIXValidator.java).
fn is_authority(anchor: &Certificate) -> Result<(), ChainError> {
    if anchor.version() >= 3 && !(anchor.is_authority() && anchor.can_sign_certificates()) {
        return Err(ChainError::MayNotSign(name(anchor)));
    }
    Ok(())
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

/// Refuses certificates that Java's parser rejects (x509/X509CertInfo.java and CertificateExtensions.java).
fn is_readable(certificate: &Certificate) -> Result<(), ChainError> {
    let unreadable = |why| Err(ChainError::Unreadable(name(certificate), why));
    let extensions = certificate.extensions();
    if certificate.issuer().is_empty() {
        return unreadable("its issuer is empty");
    }
    if certificate.version() < 3 && !extensions.is_empty() {
        return unreadable("it has extensions, but is not of version 3");
    }
    let twice = |(position, oid): (usize, &Oid)| extensions[..position].iter().any(|before| before.oid == *oid);
    if extensions.iter().map(|extension| &extension.oid).enumerate().any(twice) {
        return unreadable("an extension is given twice");
    }
    let names = extensions.iter().find(|extension| extension.oid == rfc5280::ID_CE_SUBJECT_ALT_NAME);
    let has_critical_names = names.is_some_and(|names| names.critical) && !certificate.alternative_names().is_empty();
    if certificate.subject().is_empty() && !has_critical_names {
        return unreadable("its subject is empty and its subject alternative names are not critical");
    }
    Ok(())
}

/// The critical extensions that Java's path checkers handle (`getSupportedExtensions`).
const HANDLED: [ObjectIdentifier; 9] = [
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
];

fn is_understood(certificate: &Certificate) -> Result<(), ChainError> {
    for extension in certificate.extensions() {
        if extension.critical && HANDLED.iter().all(|known| extension.oid != *known) {
            return Err(ChainError::Critical(extension.oid.to_string()));
        }
        if extension.oid == rfc5280::ID_CE_POLICY_CONSTRAINTS {
            return Err(ChainError::NotJudged(name(certificate), "policy constraints"));
        }
    }
    Ok(())
}

/// Checks the key usages of the leaf for TLS 1.3 (validator/EndEntityChecker.java).
fn is_for(leaf: &Certificate, purpose: Purpose) -> Result<(), ChainError> {
    let (usages, netscape) = (leaf.extended_key_usages(), if purpose == Purpose::Client { 0x80 } else { 0x40 });
    let gated = |usage: &ExtendedKeyUsage| {
        let ExtendedKeyUsage::Other(oid) = usage else { return false };
        purpose == Purpose::Server && openssl::SERVER_GATED_CRYPTOGRAPHY.iter().any(|gated| *oid == *gated)
    };
    let extended = leaf.lacks(rfc5280::ID_CE_EXT_KEY_USAGE)
        || usages.contains(&wanted(purpose))
        || usages.contains(&ExtendedKeyUsage::Any)
        || usages.iter().any(gated);
    let signs = leaf.key_usage().is_none_or(|usage| usage.contains(KeyUsage::DIGITAL_SIGNATURE));
    if extended && signs && openssl::has_netscape_type(leaf, netscape) {
        Ok(())
    } else {
        Err(ChainError::WrongUsage(name(leaf)))
    }
}
