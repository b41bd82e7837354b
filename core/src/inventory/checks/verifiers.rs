//! CAs and certificates that Kubernetes accepts and that a stricter verifier refuses.

use std::collections::{BTreeMap, BTreeSet};

use super::iteration::every_certificate;
use crate::{
    finding::Finding,
    inventory::model::inventory::Inventory,
    time::UnixTime,
    x509::{Certificate, ChainError, ExtendedKeyUsage, Presented, Purpose, Question, Rules, TrustBundle, validate},
};

/// Reasons that are named for each verifier, at most.
const MOST_REASONS: usize = 3;

/// Which verifiers refuse a CA or what it signed, and why.
#[derive(Default)]
pub(crate) struct Refusals {
    by: BTreeMap<Rules, BTreeMap<String, usize>>,
    /// Are all of the reasons gone once the CA is new?
    mended: bool,
}

/// One finding for each CA that the rotation replaces.
pub(super) fn verifiers(inventory: &Inventory, now: UnixTime, findings: &mut Vec<Finding>) {
    let mut leaves: BTreeMap<&Certificate, BTreeSet<&Certificate>> = BTreeMap::new();
    for (_, _, certificate) in every_certificate(inventory).filter(|(.., certificate)| !certificate.is_authority()) {
        if let Some(signer) = inventory.signers.signer(certificate) {
            leaves.entry(signer).or_default().insert(certificate);
        }
    }
    for row in inventory.profile.authorities.iter().filter(|row| row.rotates) {
        let Some(authority) = inventory.authorities.get(&row.id) else { continue };
        let certificate = &authority.certificate;
        let signed = leaves.get(certificate).into_iter().flatten().copied();
        let refusals = Refusals::of(certificate, signed, now);
        if refusals.is_empty() {
            continue;
        }
        let message = format!("Some clients reject the {} {}: {refusals}", row.title, certificate.subject());
        let remedy = if refusals.mended {
            "Rotate this CA: every verifier accepts the new CA and its certificates. Until then, relax the verification in such clients"
        } else {
            "Rotate this CA, and issue the named certificates again without the rejected property: the rotation keeps their usages and extensions"
        };
        findings.push(Finding::warning("strict-clients-refuse", &authority.file, message).remedy(remedy));
    }
}

impl Refusals {
    /// Judges an authority by a certificate that it would sign now, and by those that it has signed. What Go refuses too, and
    /// what depends on other certificates, is left to other checks.
    pub(crate) fn of<'a>(
        authority: &Certificate,
        signed: impl Iterator<Item = &'a Certificate>,
        now: UnixTime,
    ) -> Self {
        let trust: TrustBundle = std::iter::once(authority.clone()).collect();
        let mut refusals = Self { mended: true, ..Self::default() };
        for purpose in [Purpose::Client, Purpose::Server] {
            refusals.judge(
                Presented::SignedBy(authority),
                &Question { trust: &trust, purpose, host: None, now },
                authority,
            );
        }
        for leaf in signed {
            let usages = leaf.extended_key_usages();
            let purpose = match usages.contains(&ExtendedKeyUsage::ServerAuth) {
                true => Purpose::Server,
                false => Purpose::Client,
            };
            let question = Question { trust: &trust, purpose, host: None, now };
            refusals.judge(Presented::Chain(std::slice::from_ref(leaf)), &question, authority);
        }
        refusals
    }

    /// Does every verifier accept it?
    pub(crate) fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    fn judge(&mut self, presented: Presented<'_>, question: &Question<'_>, authority: &Certificate) {
        if validate(presented, question, Rules::Go).is_err() {
            return;
        }
        for rules in Rules::REPORTED {
            let Err(error) = validate(presented, question, rules) else { continue };
            if !is_of_the_certificate(&error) {
                continue;
            }
            self.mended &= is_mended(&error, authority);
            let reasons = self.by.entry(rules).or_default();
            *reasons.entry(error.to_string()).or_default() += 1;
        }
    }
}

/// Is it a property of the certificate or its CA, which no other trust bundle would change?
fn is_of_the_certificate(error: &ChainError) -> bool {
    !matches!(
        error,
        ChainError::NotJudged(..)
            | ChainError::UnknownAuthority(_)
            | ChainError::WrongKey(_)
            | ChainError::Expired(_)
            | ChainError::NotYetValid(_)
            | ChainError::WrongHost(_)
            | ChainError::Nothing
    )
}

/// A new CA has none of the old one's faults, and what it signs has its key identifier and its kind of signature.
fn is_mended(error: &ChainError, authority: &Certificate) -> bool {
    let by_authority = |subject: &String| *subject == authority.subject().to_string();
    match error {
        ChainError::Violation(subject, why) => by_authority(subject) || *why == "no authority key identifier",
        ChainError::Algorithm(_) => true,
        ChainError::MayNotSign(subject) | ChainError::ShortKey(subject) | ChainError::Unreadable(subject, _) => {
            by_authority(subject)
        }
        _ => false,
    }
}

/// Such as `OpenSSL, strict (Python 3.13 and later; since Python 3.13 (October 2024)): CN=kubernetes: a CA without key usage`.
impl std::fmt::Display for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (rules, reasons)) in self.by.iter().enumerate() {
            if position > 0 {
                f.write_str(". ")?;
            }
            match rules.since() {
                "" => write!(f, "{rules}: ")?,
                since => write!(f, "{}, since {since}: ", rules.title())?,
            }
            let words: Vec<String> = reasons
                .iter()
                .take(MOST_REASONS)
                .map(|(reason, count)| if *count > 1 { format!("{reason} ({count} times)") } else { reason.clone() })
                .collect();
            f.write_str(&words.join("; "))?;
            if reasons.len() > MOST_REASONS {
                write!(f, "; and {} more reasons", reasons.len() - MOST_REASONS)?;
            }
        }
        Ok(())
    }
}
