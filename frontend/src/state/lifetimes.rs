//! Validity periods as bars over time, and the earliest expiry.

use airlock_core::{
    UnixTime,
    report::{InventoryReport, PlanReport},
};

use super::pki::{Pki, Place};

/// A bar in the chart of validity periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The CA's title; empty for certificates of other issuers.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The start of validity.
    pub from: UnixTime,
    /// The earliest expiry.
    pub until: UnixTime,
    /// The latest expiry; the same for one certificate.
    pub last: UnixTime,
}

/// The kind of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A current CA.
    Old,
    /// The certificates that a CA issued.
    Leaves,
    /// A new CA.
    New,
}

/// All bars, and their time span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// From top to bottom.
    pub lives: Vec<Life>,
    /// The time of the person's computer.
    pub today: UnixTime,
    /// Start and end of the time span.
    pub span: (UnixTime, UnixTime),
    /// The certificate that expires first, and when.
    pub first: Option<(Expiring, UnixTime)>,
}

/// A certificate that expires. Texts: `words::expiring`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiring {
    /// A CA, by its title.
    Authority(String),
    /// A certificate in a file of some holders.
    Certificate {
        /// Its path on each holder.
        path: String,
        /// The holders' names.
        holders: Vec<String>,
    },
}

/// The validity periods of the inventory's certificates and the plan's new CAs. `None` without certificates.
pub fn lifetimes(
    inventory: &InventoryReport,
    pki: &Pki,
    plan: Option<&PlanReport>,
    today: UnixTime,
) -> Option<Lifetimes> {
    let mut lives = Vec::new();
    for (authority, signer) in inventory.authorities.iter().zip(&pki.signers) {
        let certificate = &authority.certificate;
        let (from, until) = (certificate.not_before, certificate.not_after);
        lives.push(Life { name: authority.title.clone(), kind: Kind::Old, from, until, last: until });
        let successor = plan.and_then(|plan| plan.authorities.iter().find(|new| new.id == authority.id));
        if let Some(new) = successor {
            let (from, until) = (new.not_before, new.not_after);
            lives.push(Life { name: new.title.clone(), kind: Kind::New, from, until, last: until });
        }
        lives.extend(leaves(&authority.title, &signer.signed));
    }
    lives.extend(leaves("", &pki.others));
    let from = lives.iter().map(|life| life.from).min()?.min(today);
    let to = lives.iter().map(|life| life.last).max()?.max(today);
    Some(Lifetimes { lives, today, span: (from, to), first: first(pki) })
}

/// Several certificates as one bar; `None` without certificates.
fn leaves(name: &str, places: &[Place]) -> Option<Life> {
    Some(Life {
        name: name.to_owned(),
        kind: Kind::Leaves,
        from: places.iter().map(|place| place.from).min()?,
        until: places.iter().map(|place| place.until).min()?,
        last: places.iter().map(|place| place.last).max()?,
    })
}

/// The certificate that expires first.
fn first(pki: &Pki) -> Option<(Expiring, UnixTime)> {
    let places = pki.signers.iter().flat_map(|signer| &signer.signed).chain(&pki.others);
    let place = places.min_by_key(|place| place.until);
    let authority = pki.signers.iter().min_by_key(|signer| signer.until);
    match (place, authority) {
        (Some(place), signer) if signer.is_none_or(|signer| signer.until >= place.until) => {
            let certificate = Expiring::Certificate { path: place.path.clone(), holders: place.holders.clone() };
            Some((certificate, place.until))
        }
        (_, signer) => signer.map(|signer| (Expiring::Authority(signer.title.clone()), signer.until)),
    }
}

impl Lifetimes {
    /// The position of a moment, from 0 at the left end to `width`.
    pub fn x(&self, at: UnixTime, width: i64) -> i64 {
        let (from, to) = (self.span.0.0, self.span.1.0);
        (at.0.clamp(from, to) - from) * width / (to - from).max(1)
    }

    /// Years for the axis, at most ten, each with its first second.
    pub fn years(&self) -> Vec<(i64, UnixTime)> {
        let (first, last) = (year(self.span.0) + 1, year(self.span.1));
        let step = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|step| (last - first) / step < 10).unwrap_or(1000);
        let years = (first..=last).filter(|year| year % step == 0);
        years.map(|year| (year, new_year(year))).collect()
    }
}

/// The year of a moment.
fn year(at: UnixTime) -> i64 {
    let guess = 1970 + at.0.div_euclid(31_556_952);
    // The estimate is off by at most one year.
    (guess - 1..=guess + 1).rev().find(|year| new_year(*year) <= at).unwrap_or(guess)
}

/// The first second of a year.
fn new_year(year: i64) -> UnixTime {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    UnixTime(((year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)) * 86_400)
}

#[cfg(test)]
mod tests;
