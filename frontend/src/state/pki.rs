//! The PKI as it is today: who signs whom, who trusts whom, and which file on which holder says so.

use airlock_core::{
    UnixTime,
    report::{CertificateReport, InventoryReport},
};

/// How much of a fingerprint core names a signer by: four bytes with colons.
const SHORT: usize = 11;

/// An authority, the files that trust it, and what it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Its name in words.
    pub title: String,
    /// Its subject.
    pub subject: String,
    /// Last second of its life.
    pub until: UnixTime,
    /// Was its private key given?
    pub key: bool,
    /// Files with its certificate: whoever reads them trusts what it signed.
    pub trusted_in: Vec<Place>,
    /// Files with a certificate that it signed.
    pub signed: Vec<Place>,
}

/// The same place on several holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The place: a path, or an object.
    pub path: String,
    /// Who has it there, each once, in the inventory's order.
    pub holders: Vec<String>,
    /// When the life of the first of them began.
    pub from: UnixTime,
    /// When the first of them expires.
    pub until: UnixTime,
    /// When the last of them does.
    pub last: UnixTime,
}

/// The authorities in the inventory's order, and what they did not sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pki {
    /// The authorities.
    pub signers: Vec<Signer>,
    /// Files with certificates that none of them signed.
    pub others: Vec<Place>,
}

/// Reads it from what was found.
pub fn pki(inventory: &InventoryReport) -> Pki {
    let mut trusted: Vec<Places> = inventory.authorities.iter().map(|_| Places::default()).collect();
    let mut signed: Vec<Places> = inventory.authorities.iter().map(|_| Places::default()).collect();
    let mut others = Places::default();
    let names: Vec<String> = inventory.authorities.iter().map(|authority| name(&authority.certificate)).collect();
    for holder in &inventory.holders {
        for slot in &holder.slots {
            for certificate in &slot.certificates {
                let mut authorities = inventory.authorities.iter().map(|authority| &authority.certificate);
                let itself = authorities.position(|authority| authority.fingerprint == certificate.fingerprint);
                let places = if let Some(itself) = itself {
                    &mut trusted[itself]
                } else if let Some(signer) = names.iter().position(|name| *name == certificate.signed_by) {
                    &mut signed[signer]
                } else {
                    &mut others
                };
                places.add(&slot.place, &holder.name, certificate);
            }
        }
    }
    let signers = inventory.authorities.iter().zip(trusted).zip(signed).map(|((authority, trusted), signed)| Signer {
        title: authority.title.clone(),
        subject: authority.certificate.subject.clone(),
        until: authority.certificate.not_after,
        key: authority.key_present,
        trusted_in: trusted.0,
        signed: signed.0,
    });
    Pki { signers: signers.collect(), others: others.0 }
}

/// As core names the signer of a certificate.
fn name(authority: &CertificateReport) -> String {
    format!("{} ({})", authority.subject, authority.fingerprint.get(..SHORT).unwrap_or_default())
}

/// Places in the order in which they were met.
#[derive(Default)]
struct Places(Vec<Place>);

impl Places {
    fn add(&mut self, path: &str, holder: &str, certificate: &CertificateReport) {
        let (from, until) = (certificate.not_before, certificate.not_after);
        let at = self.0.iter().position(|place| place.path == path).unwrap_or_else(|| {
            self.0.push(Place { path: path.to_owned(), holders: Vec::new(), from, until, last: until });
            self.0.len() - 1
        });
        let place = &mut self.0[at];
        place.from = place.from.min(from);
        place.until = place.until.min(until);
        place.last = place.last.max(until);
        if place.holders.last().is_none_or(|last| last != holder) {
            place.holders.push(holder.to_owned());
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
