//! How far the holders are in a rotation that is in progress.

use airlock_core::report::{InventoryReport, StandingReport};

/// A phase, and the holders that have completed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseProgress {
    /// 1, 2 or 3.
    pub phase: u8,
    /// Holders that have completed it.
    pub done: usize,
    /// The names of the others.
    pub open: Vec<String>,
}

impl PhaseProgress {
    /// Have all holders completed it?
    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }
}

/// The three phases; `None` where no rotation is in progress.
pub fn progress(inventory: &InventoryReport) -> Option<[PhaseProgress; 3]> {
    let rotation = &inventory.rotation;
    let in_progress = !rotation.authorities.is_empty() && !rotation.holders.is_empty();
    in_progress.then(|| [1, 2, 3].map(|phase| of_phase(phase, &rotation.holders)))
}

fn of_phase(phase: u8, holders: &[StandingReport]) -> PhaseProgress {
    // A holder with files that differ has not completed the phase that most of its files are in.
    let is_done = |holder: &&StandingReport| match holder.standing.phases() {
        reached if reached == phase => holder.out_of_line.is_empty(),
        reached => reached > phase,
    };
    let (done, open): (Vec<_>, Vec<_>) = holders.iter().partition(is_done);
    PhaseProgress { phase, done: done.len(), open: open.into_iter().map(|holder| holder.name.clone()).collect() }
}

#[cfg(test)]
mod tests {
    use airlock_core::{
        Standing,
        report::{MissingReport, ReplacedReport},
    };

    use super::*;
    use crate::state::tests::{authority, inventory};

    fn holder(name: &str, standing: Standing, differs: bool) -> StandingReport {
        let missing = MissingReport {
            holder: name.to_owned(),
            role: "worker".to_owned(),
            place: "/etc/kubernetes/pki/ca.crt".to_owned(),
            file: String::new(),
            seen: String::new(),
        };
        let out_of_line = if differs { vec![missing] } else { vec![] };
        StandingReport { name: name.to_owned(), role: "worker".to_owned(), standing, out_of_line }
    }

    #[test]
    fn a_phase_is_done_when_every_holder_has_completed_it() {
        let mut found = inventory();
        assert_eq!(progress(&found), None);
        let certificate = authority(airlock_core::profile::AuthorityId::Cluster, true).certificate;
        found.rotation.authorities.push(ReplacedReport {
            id: airlock_core::profile::AuthorityId::Cluster,
            title: "Cluster CA".to_owned(),
            old: certificate.clone(),
            new: certificate,
            new_key_present: true,
        });
        found.rotation.holders = vec![
            holder("cp1", Standing::Switched, false),
            holder("cp2", Standing::Switched, true),
            holder("worker1", Standing::TrustsBoth, false),
        ];
        let [first, second, third] = progress(&found).unwrap();
        assert!(first.is_done() && first.done == 3);
        assert_eq!((second.done, second.open), (1, vec!["cp2".to_owned(), "worker1".to_owned()]));
        assert_eq!((third.done, third.open.len()), (0, 3));
    }
}
