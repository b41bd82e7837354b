//! The current PKI: the CAs, the files that trust each CA, and the certificates that it issued.

use airlock_core::{
    UnixTime,
    report::{CertificateReport, InventoryReport},
};

/// The length of the fingerprint prefix by which core names an issuer: four bytes with colons.
const SHORT: usize = 11;

/// A CA, the files that trust it, and the certificates that it issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Its title.
    pub title: String,
    /// Its subject.
    pub subject: String,
    /// The last second of its validity.
    pub until: UnixTime,
    /// Is its private key loaded?
    pub key: bool,
    /// Files with its certificate: components that read them trust its certificates.
    pub trusted_in: Vec<Place>,
    /// Files with a certificate that it issued.
    pub signed: Vec<Place>,
}

/// The same path on several holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A path, or an object.
    pub path: String,
    /// The holders, each once, in the inventory's order.
    pub holders: Vec<String>,
    /// The earliest start of validity.
    pub from: UnixTime,
    /// The earliest expiry.
    pub until: UnixTime,
    /// The latest expiry.
    pub last: UnixTime,
}

/// The CAs in the inventory's order, and certificates of other issuers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pki {
    /// The authorities.
    pub signers: Vec<Signer>,
    /// Files with certificates of other issuers.
    pub others: Vec<Place>,
}

/// Reads the PKI from the inventory.
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

/// The issuer's name in core's reports.
fn name(authority: &CertificateReport) -> String {
    format!("{} ({})", authority.subject, authority.fingerprint.get(..SHORT).unwrap_or_default())
}

/// Paths, in the order of their first holder.
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
