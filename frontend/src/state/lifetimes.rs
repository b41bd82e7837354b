//! How long everything lives: bars over time, today, and what expires first.

use airlock_core::{
    UnixTime,
    report::{InventoryReport, PlanReport},
};

use super::pki::{Pki, Place};

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Whose; empty for what none of the authorities signed.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// First second.
    pub from: UnixTime,
    /// When the first of them ends.
    pub until: UnixTime,
    /// When the last of them ends; the same for one alone.
    pub last: UnixTime,
}

/// What a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An authority that is there.
    Old,
    /// Everything that an authority signed.
    Leaves,
    /// An authority that takes over.
    New,
}

/// All bars, and the span of time that they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// From top to bottom.
    pub lives: Vec<Life>,
    /// The person's clock.
    pub today: UnixTime,
    /// Left and right end.
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

/// Reads them from what was found and, if there is a plan, from what takes over. `None` where there is nothing to show.
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

/// Certificates in many places, as one bar.
fn leaves(name: &str, places: &[Place]) -> Option<Life> {
    Some(Life {
        name: name.to_owned(),
        kind: Kind::Leaves,
        from: places.iter().map(|place| place.from).min()?,
        until: places.iter().map(|place| place.until).min()?,
        last: places.iter().map(|place| place.last).max()?,
    })
}

/// What expires first.
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
    /// Where a moment lies between left and right end, out of `width`.
    pub fn x(&self, at: UnixTime, width: i64) -> i64 {
        let (from, to) = (self.span.0.0, self.span.1.0);
        (at.0.clamp(from, to) - from) * width / (to - from).max(1)
    }

    /// Years to write under the bars, with their first second: no more than ten of them.
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
    // The guess is a year of average length off at most.
    (guess - 1..=guess + 1).rev().find(|year| new_year(*year) <= at).unwrap_or(guess)
}

/// The first second of a year.
fn new_year(year: i64) -> UnixTime {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    UnixTime(((year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)) * 86_400)
}

#[cfg(test)]
mod tests;
