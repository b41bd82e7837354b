//! How long everything lives: bars over time, today, and what expires first.

use airlock_core::{
    UnixTime,
    report::{InventoryReport, PlanReport},
};

use super::pki::{Pki, Place};

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Whose.
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
    /// Where the certificate is that expires first, and when: a holder with a path, or an authority.
    pub first: Option<(String, UnixTime)>,
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
        lives.extend(leaves(inventory, signer));
    }
    let from = lives.iter().map(|life| life.from).min()?.min(today);
    let to = lives.iter().map(|life| life.last).max()?.max(today);
    Some(Lifetimes { lives, today, span: (from, to), first: first(pki) })
}

/// What an authority signed, as one bar.
fn leaves(inventory: &InventoryReport, signer: &super::pki::Signer) -> Option<Life> {
    let places = |path: &str| signer.signed.iter().any(|place| place.path == path);
    let slots = inventory.holders.iter().flat_map(|holder| &holder.slots).filter(|slot| places(&slot.place));
    let signed = slots.flat_map(|slot| &slot.certificates).filter(|certificate| !certificate.authority);
    let signed: Vec<_> = signed.filter(|certificate| certificate.signed_by.starts_with(&signer.subject)).collect();
    Some(Life {
        name: signer.title.clone(),
        kind: Kind::Leaves,
        from: signed.iter().map(|certificate| certificate.not_before).min()?,
        until: signed.iter().map(|certificate| certificate.not_after).min()?,
        last: signed.iter().map(|certificate| certificate.not_after).max()?,
    })
}

/// What expires first.
fn first(pki: &Pki) -> Option<(String, UnixTime)> {
    let named = |place: &Place| (format!("{} on {}", place.path, place.holders.join(", ")), place.until);
    let signed = pki.signers.iter().flat_map(|signer| &signer.signed).map(named);
    let authorities = pki.signers.iter().map(|signer| (signer.title.clone(), signer.until));
    signed.chain(authorities).min_by_key(|(_, until)| *until)
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
