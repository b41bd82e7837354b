//! What Airlock cannot verify is said to be not judged, never to be wrong; what Go refuses in any certificate.

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::iteration::{every_certificate, severity};
use crate::{
    finding::{Finding, Severity},
    inventory::model::inventory::Inventory,
    profile::AuthorityId,
    x509::{Certificate, SignatureVerdict},
};

/// The code of findings about signatures and constraints that are not judged.
const NOT_JUDGED: &str = "not-judged";

/// Critical extensions that Go handles (golang/go: src/crypto/x509/parser.go, `processExtensions`, Go 1.26).
const HANDLED_BY_GO: [ObjectIdentifier; 10] = [
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
];

/// Extensions that Go does not accept as critical: it cannot read the certificate at all.
const NEVER_CRITICAL: [ObjectIdentifier; 3] = [
    rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
    rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
    rfc5280::ID_PE_AUTHORITY_INFO_ACCESS,
];

impl Inventory {
    /// Did one of the certificates that an authority has today sign `leaf`?
    pub(super) fn signature_of(&self, id: AuthorityId, leaf: &Certificate) -> SignatureVerdict {
        let verdicts: Vec<_> = self.present(id).into_iter().map(|authority| leaf.signature_by(authority)).collect();
        [SignatureVerdict::Valid, SignatureVerdict::NotJudged]
            .into_iter()
            .find(|verdict| verdicts.contains(verdict))
            .unwrap_or(SignatureVerdict::Invalid)
    }
}

/// A signature that Airlock cannot verify, and the command that does.
pub(super) fn signature_not_judged(
    severity: Severity,
    file: &str,
    what: &str,
    leaf: &Certificate,
    title: &str,
) -> Finding {
    let algorithm = leaf.signature_algorithm();
    let message = format!(
        "Airlock cannot verify the signature of {what} ({algorithm}), so it is not judged whether the {title} signed it"
    );
    Finding::new(severity, NOT_JUDGED, file, message).remedy(
        "Verify it with `openssl verify -CAfile CA FILE`. Airlock verifies RSA keys of 1024 to 8192 bits, ECDSA P-256, P-384 and P-521, and Ed25519, with SHA-1 or SHA-2",
    )
}

/// A certificate that the CA's key signed, and that names its issuer otherwise than the CA is called: Go compares names
/// byte for byte (golang/go: src/crypto/x509/verify.go, `isValid`, `RawIssuer`), OpenSSL by their text.
pub(super) fn issuer_name(inventory: &Inventory, id: AuthorityId, file: &str, leaf: &Certificate) -> Option<Finding> {
    let signed: Vec<_> = inventory.present(id).into_iter().filter(|one| leaf.is_signed_by(one)).collect();
    if signed.iter().any(|authority| authority.subject() == leaf.issuer()) {
        return None;
    }
    let authority = signed.first()?;
    let (subject, issuer, name) = (leaf.subject(), leaf.issuer(), authority.subject());
    let message = if issuer.is_like(name) {
        format!(
            "{subject} names its issuer {issuer} in another string type or spelling than the CA's subject {name} (PrintableString and UTF8String, for example). Go compares names byte for byte, so Kubernetes components refuse it; OpenSSL-based programs accept it"
        )
    } else {
        format!(
            "{subject} names {issuer} as its issuer, but the CA whose key signed it is called {name}: Go and OpenSSL refuse it"
        )
    };
    Some(
        Finding::new(severity(inventory, id), "issuer-name", file, message)
            .remedy("Have the CA sign it again, which copies the CA's subject byte for byte (kubeadm certs renew all, where ca.key is), then provide it again"),
    )
}

/// The OID and the reason for which Go refuses a certificate with this critical extension; `None` if it handles all.
pub(crate) fn refused_extension(certificate: &Certificate) -> Option<String> {
    let critical = certificate.extensions().iter().filter(|extension| extension.critical);
    let refused = critical.into_iter().find(|extension| HANDLED_BY_GO.iter().all(|oid| extension.oid != *oid))?;
    let why =
        if NEVER_CRITICAL.iter().any(|oid| refused.oid == *oid) { "must not be critical" } else { "Go does not know" };
    Some(format!("the critical extension {}, which {why}", refused.oid))
}

/// Certificates that Go refuses for their extensions or digest, and CAs whose constraints are not judged.
pub(super) fn judged(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for (file, place, certificate) in every_certificate(inventory) {
        let subject = certificate.subject();
        if let Some(extension) = refused_extension(certificate) {
            findings.push(
                Finding::warning(
                    "critical-extension",
                    file,
                    format!("{subject} has {extension}: every Kubernetes component refuses it"),
                )
                .at(&place)
                .remedy(
                    "Replace it with a certificate without that extension, or with the extension not marked critical",
                ),
            );
        }
        if certificate.signature_algorithm().is_md5() && certificate.subject() != certificate.issuer() {
            findings.push(
                Finding::warning("md5", file, format!("{subject} is signed with MD5, which Go refuses"))
                    .at(&place)
                    .remedy("Its new certificate is signed with SHA-256 or better"),
            );
        }
    }
    for row in inventory.profile.authorities {
        for authority in inventory.present(row.id) {
            let constrained =
                authority.extensions().iter().any(|extension| extension.oid == rfc5280::ID_CE_NAME_CONSTRAINTS);
            if constrained {
                let file = inventory.authorities.get(&row.id).map_or("", |authority| authority.file.as_str());
                findings.push(
                    Finding::new(severity(inventory, row.id), NOT_JUDGED, file, format!("{} has name constraints. Go and OpenSSL apply them, Airlock does not, so no connection with the {} is judged", authority.subject(), row.title))
                        .remedy("Rotate this CA by hand, or check each name with `openssl verify -CAfile CA FILE`; this release cannot plan for it"),
                );
            }
        }
    }
}
