//! Where each holder is in a rotation, told from the certificates alone.
//!
//! Every file says by itself which moments it fits: `ca.crt` with the old CA before the new one fits the end of phase 1
//! and no other, a leaf of the new CA fits everything from phase 2 on. A holder stands where most of its files do;
//! a file that does not fit there is out of line.

mod compare;
mod evidence;
mod machines;
mod node;
mod objects;
mod rotation;

use Standing::{Before, Done, Switched, TrustsBoth};

pub(super) use self::rotation::rotations;
pub(crate) use super::model::standing::Rotation;

use super::model::{
    inventory::Inventory,
    standing::{Aspect, HolderStanding, Standing},
};
use crate::{finding::Finding, x509::Certificate};

impl Standing {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Before, TrustsBoth, Switched, Done];

    /// The phases that are behind it.
    #[must_use]
    pub fn phases(self) -> u8 {
        match self {
            Before => 0,
            TrustsBoth => 1,
            Switched => 2,
            Done => 3,
        }
    }

    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Before => "before",
            TrustsBoth => "trusts both",
            Switched => "switched",
            Done => "done",
        }
    }
}

impl HolderStanding {
    /// Where most of what it has stands; the earlier moment where two are level.
    pub(crate) fn nearest(&self) -> Standing {
        let count = |standing: &Standing| self.aspects.iter().filter(|aspect| aspect.fits.contains(standing)).count();
        let most = Standing::ALL.iter().map(count).max().unwrap_or_default();
        Standing::ALL.into_iter().find(|standing| count(standing) == most).unwrap_or(Before)
    }

    /// What does not stand there.
    pub(crate) fn out_of_line(&self) -> Vec<&Aspect> {
        let nearest = self.nearest();
        self.aspects.iter().filter(|aspect| !aspect.fits.contains(&nearest)).collect()
    }

    /// How far it is at least, with everything that it has but what lies at `aside`.
    pub(crate) fn at_least(&self, aside: &str) -> Standing {
        let counted = self.aspects.iter().filter(|aspect| aspect.place != aside);
        counted.map(|aspect| self.of(aspect)).min().unwrap_or(Before)
    }

    /// How far what lies at `place` is; `None` where nothing is known of it.
    pub(crate) fn reached(&self, place: &str) -> Option<Standing> {
        let there = self.aspects.iter().filter(|aspect| aspect.place == place);
        there.map(|aspect| self.of(aspect)).min()
    }

    /// The latest moment that an aspect fits. What fits none, and what is written in other words, is brought along by the
    /// phase in which the rest stands.
    fn of(&self, aspect: &Aspect) -> Standing {
        let before = |standing: Standing| Standing::ALL[usize::from(standing.phases().saturating_sub(1))];
        match aspect.fits.last() {
            Some(latest) if aspect.is_exact => *latest,
            Some(latest) => before(*latest),
            None => before(self.nearest()),
        }
    }
}

/// Everyone's standing; empty where no rotation is under way.
pub(super) fn holders(inventory: &Inventory) -> Vec<HolderStanding> {
    if inventory.rotations.is_empty() {
        return Vec::new();
    }
    let nodes = inventory.nodes.iter().map(|node| node::node(inventory, node));
    let holders = nodes.chain(objects::objects(inventory)).chain(objects::clients(inventory));
    holders.filter(|holder| !holder.aspects.is_empty()).collect()
}

/// What is to be said about a rotation that is under way.
pub(super) fn findings(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, rotation) in &inventory.rotations {
        let Rotation { old, new, .. } = rotation;
        let title = inventory.profile.authority(*id).map_or("CA", |row| row.title);
        let file = inventory.authorities.get(id).map_or("", |authority| authority.file.as_str());
        findings.push(
            Finding::note(
                "rotation-under-way",
                file,
                format!(
                    "a rotation of the {title} is under way: from {} of {} to {} of {}",
                    old.subject(),
                    since(old, new),
                    new.subject(),
                    since(new, old)
                ),
            )
            .remedy("Go on with the same new CA"),
        );
        for stray in &rotation.strays {
            findings.push(
                Finding::warning(
                    "abandoned-ca",
                    file,
                    format!(
                        "machines also accept a {title} of {} ({}) with which nobody issues: a `talosctl rotate-ca` that was cut short leaves its new CA behind",
                        stray.not_before().date(),
                        stray.public_key().pin()
                    ),
                )
                .remedy("The next package's patches take it away; whoever has its key is accepted until then"),
            );
        }
    }
    for holder in &inventory.standings {
        let nearest = holder.nearest();
        for aspect in holder.out_of_line() {
            findings.push(
                Finding::warning("out-of-line", &aspect.file, format!("{} is out of line: most of it stands at “{}”, but {}", holder.name, nearest.in_words(), aspect.seen))
                    .at(if aspect.place == holder.name { "" } else { &aspect.place })
                    .remedy("If the package is in the middle of this node's step, let it finish; otherwise the next package brings this file along"),
            );
        }
    }
    findings
}

/// The day from which on it is valid; to the second where that of the other one is the same.
fn since(certificate: &Certificate, other: &Certificate) -> String {
    let day = certificate.not_before().date();
    if day == other.not_before().date() { certificate.not_before().to_string() } else { day }
}
