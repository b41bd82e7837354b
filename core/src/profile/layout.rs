//! Layouts: clusters with their PKI at other paths than the platform's default use the same tables with replaced paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use super::model::{AuthorityRow, FlagRow, LeafRow, OtherRow, Profile, SigningRow};
use crate::formats::path::below;

/// Moved files: the profile's path, and the cluster's path.
pub(crate) type Moves = BTreeMap<&'static str, String>;

/// The limit of layouts in one process. Profiles are never freed, and untrusted input determines their number.
const MAX_LAYOUTS: usize = 64;

impl Profile {
    /// The profile of a cluster with these paths; `None` if the limit of layouts is reached.
    pub(crate) fn moved(&'static self, moves: &Moves) -> Option<&'static Self> {
        static KNOWN: Mutex<BTreeMap<(&str, Moves), &Profile>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.id, moves.clone());
        if let Some(profile) = known.get(&key) {
            return Some(profile);
        }
        if known.len() == MAX_LAYOUTS {
            return None;
        }
        let profile: &Self = Box::leak(Box::new(self.with_paths(moves)));
        known.insert(key, profile);
        Some(profile)
    }

    fn with_paths(&self, moves: &Moves) -> Self {
        let path = |path: &'static str| moves.get(path).map_or(path, |to| &*to.clone().leak());
        let authority =
            |row: &AuthorityRow| AuthorityRow { certificate: path(row.certificate), key: path(row.key), ..*row };
        let leaf = |row: &LeafRow| LeafRow { certificate: path(row.certificate), key: path(row.key), ..*row };
        let flag =
            |row: &FlagRow| FlagRow { paths: row.paths.iter().copied().map(path).collect::<Vec<_>>().leak(), ..*row };
        let other = |row: &OtherRow| OtherRow { path: path(row.path), ..*row };
        let homes = [self.directory, self.kubelet_directory];
        let folders = moves.values().filter_map(|to| to.rsplit_once('/')).map(|(folder, _)| folder);
        let elsewhere: BTreeSet<_> =
            folders.filter(|folder| !homes.iter().any(|home| below(home, folder).is_some())).collect();
        Self {
            folders_elsewhere: elsewhere
                .into_iter()
                .map(|folder| &*folder.to_owned().leak())
                .collect::<Vec<_>>()
                .leak(),
            authorities: self.authorities.iter().map(authority).collect::<Vec<_>>().leak(),
            leaves: self.leaves.iter().map(leaf).collect::<Vec<_>>().leak(),
            flags: self.flags.iter().map(flag).collect::<Vec<_>>().leak(),
            others: self.others.iter().map(other).collect::<Vec<_>>().leak(),
            signing: SigningRow {
                certificate: path(self.signing.certificate),
                key: path(self.signing.key),
                ..self.signing
            },
            ..*self
        }
    }
}
