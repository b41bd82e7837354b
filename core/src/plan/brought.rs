//! Imported CAs: refuses every CA that cannot replace the old one.

use std::sync::Arc;

use super::model::new_authority::BroughtAuthority;
use crate::{
    finding::Finding,
    inventory::{Artifact, Authority, Inventory, Refusals, refused_extension},
    profile::{AuthorityRow, NewAuthorityFormat},
    time::UnixTime,
    x509::{
        Certificate, ExtendedKeyUsage, Issuer, IssuerError, Presented, PrivateKey, Purpose, Question, Rules,
        SignatureVerdict, TrustBundle, validate,
    },
};

/// nameConstraints (RFC 5280, 4.2.1.10).
const NAME_CONSTRAINTS: const_oid::ObjectIdentifier = const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS;

/// The certificate that replaces `authority`, and its key if it was imported too.
pub(super) fn imported_authority(
    inventory: &Inventory,
    row: &AuthorityRow,
    authority: &Authority,
    brought: &BroughtAuthority,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Option<(Certificate, Option<Arc<Issuer>>)> {
    let (certificate, issuer) = candidate(inventory, row, brought, now, findings)?;
    let mut refuse = |message: String, remedy: &str| {
        findings.push(Finding::error("brought-ca", &brought.certificate, message).remedy(remedy));
    };
    if certificate.public_key() == authority.certificate.public_key() {
        refuse(
            format!("it has the same key as the old {}, so nothing would be rotated", row.title),
            "Import a CA with a new key",
        );
        return None;
    }
    // With one CA for two purposes, a certificate for one purpose is accepted for the other.
    let shared = inventory
        .authorities
        .iter()
        .find(|(id, other)| **id != row.id && other.certificate.public_key() == certificate.public_key());
    if let Some((id, _)) = shared {
        refuse(
            format!(
                "its key is that of the {id} CA; one CA for two purposes is refused, because certificates for one purpose would be accepted for the other"
            ),
            "Import a separate CA",
        );
        return None;
    }
    let own_name = row.new_authority_format == NewAuthorityFormat::Named;
    if own_name && certificate.subject().is_like(authority.certificate.subject()) {
        findings.push(
            Finding::warning(
                "brought-ca-name",
                &brought.certificate,
                format!(
                    "its name is {}, like the old CA's; OpenSSL-based clients distinguish them only by key ID",
                    certificate.subject()
                ),
            )
            .remedy("Preferably import a CA with another name"),
        );
    }
    Some((certificate, issuer))
}

/// An imported CA that can issue certificates, and its key if that was provided. The old CA is not considered.
pub(crate) fn candidate(
    inventory: &Inventory,
    row: &AuthorityRow,
    brought: &BroughtAuthority,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) -> Option<(Certificate, Option<Arc<Issuer>>)> {
    // Talos' secrets.yaml contains all CAs; `place` selects one of them.
    let artifact = |file: &str, place: &str| {
        let slots: Vec<_> = inventory.slots().map(|(_, slot)| slot).filter(|slot| slot.file == file).collect();
        let slot = slots.iter().find(|slot| slot.place == place).or_else(|| slots.first());
        slot.map(|slot| &slot.artifact)
    };
    let certificate = artifact(&brought.certificate, &format!("{}.crt", row.secret));
    let certificates = certificate.map_or(&[][..], Artifact::certificates);
    let key = artifact(&brought.key, &format!("{}.key", row.secret));
    let keys: Vec<&Arc<PrivateKey>> = key.map(Artifact::keys).unwrap_or_default();
    let Some(certificate) = certificates.first() else {
        findings.push(
            Finding::error("brought-ca", &brought.certificate, "it contains no certificate that could be the new CA")
                .remedy("Provide the new CA's certificate as PEM or DER"),
        );
        return None;
    };
    if keys.is_empty() && !brought.key.is_empty() {
        findings.push(
            Finding::error("brought-ca", &brought.key, "it contains no private key for the new CA")
                .remedy("Provide the new CA's private key as PEM or DER"),
        );
        return None;
    }
    let issuer = match keys.first() {
        Some(key) => Issuer::new(certificate.clone(), PrivateKey::clone(key)).map(Some),
        None if !certificate.is_authority() => Err(IssuerError::NotAnAuthority),
        None if !certificate.can_sign_certificates() => Err(IssuerError::MayNotSign),
        None => Ok(None),
    };
    let issuer = match issuer {
        Ok(issuer) => issuer,
        Err(error) => {
            findings.push(
                Finding::error(
                    "brought-ca",
                    &brought.certificate,
                    format!("it cannot become the new {}: {error}", row.title),
                )
                .remedy("Provide a CA certificate that may sign certificates, and its key"),
            );
            return None;
        }
    };
    if let Some((message, remedy)) = unfit(certificate, row, inventory.profile.title, now) {
        findings.push(Finding::error("brought-ca", &brought.certificate, message).remedy(remedy));
        return None;
    }
    let trust: TrustBundle = std::iter::once(certificate.clone()).collect();
    let question = Question { trust: &trust, purpose: Purpose::Client, host: None, now };
    if let Err(error) = validate(Presented::SignedBy(certificate), &question, Rules::Go) {
        findings.push(
            Finding::error(
                "brought-ca",
                &brought.certificate,
                format!("Kubernetes components would refuse it: {error}"),
            )
            .remedy("Import a CA that Go's crypto/x509 accepts"),
        );
        return None;
    }
    let refusals = Refusals::of(certificate, std::iter::empty(), now);
    if !refusals.is_empty() {
        let message = format!("Some clients will refuse the new {} {}: {refusals}", row.title, certificate.subject());
        findings.push(
            Finding::warning("new-certificates-refused", &brought.certificate, message).remedy(
                "Generate the new CA with Airlock, or import a CA that these clients accept; without such clients ignore this",
            ),
        );
    }
    // A CA whose signature algorithm Airlock cannot verify counts as self-signed.
    if certificates.len() > 1 || certificate.signature_by(certificate) == SignatureVerdict::Invalid {
        findings.push(
            Finding::warning(
                "brought-ca-chain",
                &brought.certificate,
                "it is not self-signed; Airlock distributes it as the trust anchor, without its issuer",
            )
            .remedy(
                "OpenSSL-based clients need X509_V_FLAG_PARTIAL_CHAIN for that; preferably import a self-signed CA",
            ),
        );
    }
    Some((certificate.clone(), issuer.map(Arc::new)))
}

/// Why a CA certificate cannot be used in a cluster, and the remedy.
fn unfit(certificate: &Certificate, row: &AuthorityRow, platform: &str, now: UnixTime) -> Option<(String, String)> {
    if certificate.not_after() < now || certificate.not_before() > now {
        return Some((
            format!("it is valid from {} until {}, not now", certificate.not_before(), certificate.not_after()),
            "Import a CA that is valid today".to_owned(),
        ));
    }
    let key_type = certificate.public_key().key_type();
    if key_type.algorithm().is_none_or(|algorithm| !row.keys.contains(&algorithm)) {
        let kinds: Vec<_> = row.keys.iter().map(ToString::to_string).collect();
        return Some((
            format!("its key is {key_type}, which {platform} does not accept in a {}", row.title),
            format!("Import a CA with a key of one of these types: {}", kinds.join(", ")),
        ));
    }
    if let Some(refused) = unfit_serial(certificate).or_else(|| refused_extension(certificate).map(extension)) {
        return Some(refused);
    }
    if certificate.subject_key_id().is_none() {
        return Some((
            "it has no subject key id, so OpenSSL-based clients could not tell it from the old CA".into(),
            "Import a CA with the subjectKeyIdentifier extension".to_owned(),
        ));
    }
    if certificate.extensions().iter().any(|extension| extension.oid == NAME_CONSTRAINTS) {
        return Some((
            "it has name constraints, under which the cluster's certificates would not be valid".into(),
            "Import a CA without the nameConstraints extension".to_owned(),
        ));
    }
    let usages = certificate.extended_key_usages();
    let serves_all =
        [ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth].iter().all(|usage| usages.contains(usage));
    if !usages.is_empty() && !serves_all && !usages.contains(&ExtendedKeyUsage::Any) {
        return Some((
            "its extended key usage does not cover both servers and clients".into(),
            "Import a CA without the extendedKeyUsage extension".to_owned(),
        ));
    }
    None
}

/// Go does not read certificates with a negative serial number (golang/go: src/crypto/x509/parser.go, since Go 1.23);
/// RFC 5280, 4.1.2.2, allows 20 octets, and Go issues none with more.
fn unfit_serial(certificate: &Certificate) -> Option<(String, String)> {
    let serial = certificate.serial();
    let what = if serial.first().is_some_and(|first| first & 0x80 != 0) {
        "negative, so Go, and every Kubernetes component, cannot read the certificate".to_owned()
    } else if serial.len() > 20 {
        format!("{} octets long; RFC 5280 allows 20", serial.len())
    } else {
        return None;
    };
    let remedy = "Provide a CA with a positive serial number of at most 20 octets: openssl req -x509 -set_serial 0x$(openssl rand -hex 16) -key KEY -subj /CN=NAME -days 3650 -out NEW";
    Some((format!("its serial number is {what}"), remedy.to_owned()))
}

/// The message and remedy for a critical extension that Go does not handle.
fn extension(what: String) -> (String, String) {
    (
        format!("it has {what}, so every Kubernetes component refuses the certificates that it signs"),
        "Provide a CA without that extension, or with the extension not marked critical".to_owned(),
    )
}
