//! What each certificate by itself gives to think about: dates, weak keys, names that are not unique.

use std::collections::{BTreeMap, BTreeSet};

use super::iteration::every_certificate;
use crate::{
    finding::Finding,
    inventory::{model::inventory::Inventory, serving::KubeletServing},
    profile::{AuthorityId, NewAuthorityFormat},
    time::{DAY, UnixTime},
    x509::{Certificate, KeyType, MAX_RSA_BITS, SignatureVerdict},
};

/// A leaf with less than this left is reported: renewals are due at a third of a year. Seconds.
const LEAF_SOON: i64 = 30 * DAY;

/// An authority with less than this left is reported: a rotation takes weeks. Seconds.
const AUTHORITY_SOON: i64 = 180 * DAY;

/// RSA keys below this are reported (NIST SP 800-131A). Bits.
const SHORT_RSA: usize = 2048;

/// A leaf with more certificates in its file is reported. OpenSSL refuses chains of more than 100, some readers of 10.
const MAX_CHAIN: usize = 10;

/// Dates of leaves and authorities.
pub(super) fn lifetimes(inventory: &Inventory, now: UnixTime, findings: &mut Vec<Finding>) {
    for (file, place, certificate) in every_certificate(inventory) {
        let (subject, end) = (certificate.subject(), certificate.not_after());
        let soon = if certificate.is_root_authority() { AUTHORITY_SOON } else { LEAF_SOON };
        let elsewhere = renewed_elsewhere(inventory, certificate);
        let or = |own: &str| elsewhere.clone().unwrap_or_else(|| own.to_owned());
        let finding = if end < now {
            // An expired authority in its own place is reported by `authorities`, with what it means.
            Some(Finding::warning("expired", file, format!("{subject} expired on {}", end.date())).remedy(
                if certificate.is_root_authority() {
                    "Remove it from every file that trusts it".to_owned()
                } else {
                    or("The rotation replaces it; until then its peers reject it")
                },
            ))
        } else if end < now.plus_seconds(soon) {
            let days = now.days_until(end);
            Some(
                Finding::warning("expires-soon", file, format!("{subject} expires on {}, in {days} days", end.date()))
                    .remedy(or("Complete the rotation before that date")),
            )
        } else if certificate.not_before() > now {
            Some(
                Finding::warning(
                    "not-yet-valid",
                    file,
                    format!("{subject} is valid only from {}", certificate.not_before()),
                )
                .remedy("Check this machine's clock"),
            )
        } else {
            None
        };
        findings.extend(finding.map(|finding| finding.at(&place)));
        if let Some(signer) = inventory.signers.signer(certificate)
            && signer != certificate
            && signer.not_after() < end
        {
            findings.push(
                Finding::warning(
                    "outlives-ca",
                    file,
                    format!("{subject} expires after its issuing CA ({})", signer.not_after().date()),
                )
                .at(&place)
                .remedy(or("The replacement will not")),
            );
        }
    }
}

/// Who renews a certificate that this rotation leaves as it is, since the CA that it depends on is not rotated; `None` where
/// the rotation replaces it. Without a final period.
fn renewed_elsewhere(inventory: &Inventory, certificate: &Certificate) -> Option<String> {
    let signer = inventory.signers.signer(certificate).unwrap_or(certificate);
    let mut kept = inventory.profile.authorities.iter().filter(|row| !row.rotates);
    let row = kept.find(|row| inventory.present(row.id).contains(&signer))?;
    Some(match &inventory.tenant {
        Some(tenant) if row.id == AuthorityId::Etcd => tenant.data_store_renewal(),
        _ => format!("It depends on the {}, which this rotation does not replace; renew it there", row.title),
    })
}

/// Weak or unusual certificates.
pub(super) fn shapes(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for (file, place, certificate) in every_certificate(inventory) {
        let subject = certificate.subject();
        if certificate.signature_algorithm().is_sha1() {
            findings.push(
                Finding::warning("sha1", file, format!("{subject} is signed with SHA-1, which Go rejects"))
                    .at(&place)
                    .remedy("Its new certificate is signed with SHA-256 or better"),
            );
        }
        if let KeyType::Rsa(bits) = certificate.public_key().key_type()
            && bits < SHORT_RSA
        {
            findings.push(
                Finding::warning("short-key", file, format!("{subject} has an RSA key of {bits} bits"))
                    .at(&place)
                    .remedy("Choose a longer key for the new CA, and new keys for the leaf certificates"),
            );
        }
        if let KeyType::Rsa(bits) = certificate.public_key().key_type()
            && bits > MAX_RSA_BITS
        {
            findings.push(
                Finding::warning("long-key", file, format!("{subject} has an RSA key of {bits} bits; Airlock does not verify signatures by keys of more than {MAX_RSA_BITS} bits, so the issuer of its certificates is unknown"))
                    .at(&place)
                    .remedy("If it is a CA of this cluster, this release cannot rotate it"),
            );
        }
        if certificate.serial().iter().all(|byte| *byte == 0) {
            findings.push(Finding::note("serial-zero", file, format!("{subject} has the serial number 0")).at(&place));
        }
        let key_id =
            if certificate.is_root_authority() { certificate.subject_key_id() } else { certificate.authority_key_id() };
        if key_id.is_none() {
            let which = if certificate.is_root_authority() { "subject" } else { "authority" };
            findings.push(Finding::note("missing-key-id", file, format!("{subject} has no {which} key id")).at(&place));
        }
    }
    for node in &inventory.nodes {
        let KubeletServing::OtherIssuer(path) = inventory.kubelet_serving(node) else { continue };
        let Some(slot) = node.file(&path) else { continue };
        let certificates = slot.artifact.certificates();
        let Some(leaf) =
            certificates.first().filter(|_| !certificates.iter().any(|one| inventory.may_have_signed(one)))
        else {
            continue;
        };
        let name = &node.name;
        findings.push(if is_made_by_kubelet(leaf) {
            let message = format!("the serving certificate of the kubelet on {name} is self-signed; the rotation does not change it");
            Finding::note("kubelet-serving-self-signed", &slot.file, message)
        } else {
            let message = format!(
                "the kubelet on {name} serves {path}, which none of this cluster's CAs issued ({}); the rotation does not change it",
                leaf.issuer()
            );
            Finding::note("kubelet-serving-other-ca", &slot.file, message)
        });
    }
}

/// Did a kubelet make it? Then its common name is `<host>@<seconds since 1970>`
/// (kubernetes/client-go: util/cert/cert.go, `GenerateSelfSignedCertKeyWithFixtures`).
fn is_made_by_kubelet(leaf: &Certificate) -> bool {
    let name = leaf.subject().common_name().unwrap_or_default();
    name.rsplit_once('@').is_some_and(|(_, time)| !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit()))
}

/// More than anybody presents or keeps.
pub(super) fn amounts(inventory: &Inventory, findings: &mut Vec<Finding>) {
    if inventory.signers.gave_up {
        findings.push(
            Finding::warning(
                "too-many-authorities",
                "",
                "there are too many CA certificates to determine the issuer of every certificate",
            )
            .remedy("Leave out bundles of public CAs, such as /etc/ssl/certs"),
        );
    }
    for node in &inventory.nodes {
        for row in inventory.profile.leaves {
            let Some(slot) = node.slots.get(row.certificate) else { continue };
            let count = slot.artifact.certificates().len();
            if count > MAX_CHAIN {
                findings.push(
                    Finding::warning(
                        "long-chain",
                        &slot.file,
                        format!("it contains {count} certificates; only the leaf certificate is needed"),
                    )
                    .remedy("The new file contains only the new leaf certificate"),
                );
            }
        }
    }
}

/// A CA that was renewed with its key: both certificates are the same CA, and files may hold either.
pub(super) fn renewed(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for authority in inventory.authorities.values() {
        let current = &authority.certificate;
        let is_earlier = |one: &Certificate| one != current && one.is_same_authority(current);
        let files: BTreeSet<&str> =
            every_certificate(inventory).filter(|(.., one)| is_earlier(one)).map(|(file, ..)| file).collect();
        if let Some((.., earlier)) = every_certificate(inventory).find(|(.., one)| is_earlier(one)) {
            let files: Vec<_> = files.into_iter().collect();
            findings.push(
                Finding::note(
                    "renewed-ca",
                    &authority.file,
                    format!(
                        "{} was renewed with the same key, until {}. These files contain the earlier certificate, valid until {}: {}. Both are the same CA",
                        current.subject(),
                        current.not_after().date(),
                        earlier.not_after().date(),
                        files.join(", ")
                    ),
                )
                .remedy("The rotation replaces both"),
            );
        }
    }
}

/// Different authorities under one name: OpenSSL-based clients take the first that fits.
pub(super) fn same_subjects(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut by_subject: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (file, _, certificate) in
        every_certificate(inventory).filter(|(_, _, certificate)| certificate.is_root_authority())
    {
        let keys = by_subject.entry(certificate.subject().to_string()).or_default();
        keys.entry(certificate.public_key().pin()).or_insert_with(|| file.to_owned());
    }
    // Authorities that are always called the same are told apart by their keys anyway.
    let rows = inventory.profile.authorities.iter();
    let fixed: Vec<String> = rows
        .filter_map(|row| match row.new_authority_format {
            NewAuthorityFormat::Organization(organization) => Some(format!("O={organization}")),
            NewAuthorityFormat::Named | NewAuthorityFormat::Subject => None,
        })
        .collect();
    for (subject, keys) in by_subject.iter().filter(|(subject, keys)| keys.len() > 1 && !fixed.contains(subject)) {
        let files: BTreeSet<_> = keys.values().map(String::as_str).collect();
        let files: Vec<_> = files.into_iter().collect();
        let continues = inventory.rotations.values().any(|rotation| rotation.new.subject().to_string() == *subject);
        let remedy = if continues {
            "Airlock identifies CAs by key and signature. The rotation in progress continues with the new CA under this name"
        } else {
            "Airlock identifies CAs by key and signature. This package gives a new CA a different name"
        };
        let message = format!("{} different CAs have the name {subject} (in {})", keys.len(), files.join(", "));
        findings.push(Finding::warning("same-subject", files[0], message).remedy(remedy));
    }
}

impl Inventory {
    /// May one of the cluster's authorities have signed `certificate`? Also true where the signature is not judged.
    fn may_have_signed(&self, certificate: &Certificate) -> bool {
        self.authorities.keys().any(|id| self.signature_of(*id, certificate) != SignatureVerdict::Invalid)
    }
}
