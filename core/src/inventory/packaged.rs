//! A package of Airlock's among the files: it lies on no node, but it tells which CA is the new one, and may hold its key.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    detect::{self, result::Detected},
    model::{
        files::{Artifact, Slot},
        inventory::Inventory,
    },
};
use crate::{
    formats::{object, package_manifest},
    input::{Content, InputFile},
    profile::AuthorityRow,
    x509::Certificate,
};

/// The folders of packages among `files`, each with a slash at its end.
pub(super) fn roots(files: &[InputFile]) -> Vec<String> {
    let manifests = files.iter().filter_map(|file| {
        let root = file.path.strip_suffix("manifest.json").filter(|root| root.is_empty() || root.ends_with('/'))?;
        let Content::Bytes(bytes) = &file.content else { return None };
        package_manifest::is_manifest(bytes).then(|| root.to_owned())
    });
    // A manifest at the very top would claim everything that was given.
    manifests.filter(|root| !root.is_empty() || files.iter().any(|file| file.path == "SHA256SUMS")).collect()
}

impl Inventory {
    /// A file of a package: certificates and keys are kept apart, the rest says nothing about the cluster.
    pub(super) fn place_packaged(&mut self, root: &str, file: String, bytes: &Arc<Zeroizing<Vec<u8>>>) {
        let inner = &file[root.len()..];
        if inner.starts_with(['1', '2', '3']) && inner.ends_with(".yaml") {
            return self.place_packaged_objects(inner, &file, bytes);
        }
        let name = file_name(inner);
        let authority = inner != name && self.profile.authorities.iter().any(|row| is_pair(row, name));
        // Leaves are made anew.
        if !authority && !inner.starts_with("signing-requests/") {
            return;
        }
        let (Detected::Artifact(artifact), _) = detect::detect(bytes, None) else { return };
        // What was there before tells of authorities alone: its keys are the cluster's.
        let tells = match artifact {
            Artifact::Certificates(_) => true,
            Artifact::PrivateKey(_) => !inner.starts_with('0'),
            _ => false,
        };
        if tells {
            let place = format!("/{inner}");
            self.packaged.push(Slot { place, file, bytes: Arc::clone(bytes), mode: None, artifact });
        }
    }

    /// Authorities in the Secrets of a package, where they lie on no node.
    fn place_packaged_objects(&mut self, inner: &str, file: &str, bytes: &[u8]) {
        for object in object::objects(bytes).unwrap_or_default().iter().filter(|object| object.kind == "Secret") {
            let data = object.secret_data().into_iter();
            for (key, value) in data.filter(|(key, _)| key.ends_with("ca.crt") || key.ends_with("ca.key")) {
                if let (Detected::Artifact(artifact @ (Artifact::Certificates(_) | Artifact::PrivateKey(_))), _) =
                    detect::detect(&value, None)
                {
                    let (place, file) = (format!("/{inner}/{key}"), format!("{file}!/{key}"));
                    self.packaged.push(Slot { place, file, bytes: Arc::new(value), mode: None, artifact });
                }
            }
        }
    }

    /// What a package's bundles say of an authority: the old certificate, then the new one. In phase 1 that is their
    /// order; a package that goes on with a rotation may have none of these, and the new one is what is left in phase 3.
    pub(super) fn packaged_bundles(&self, row: &AuthorityRow) -> impl Iterator<Item = (&Certificate, &Certificate)> {
        let slots = self.packaged.iter().filter(move |slot| is_pair(row, file_name(&slot.place)));
        let last = slots.clone().filter(|slot| slot.place.starts_with("/3-"));
        slots.filter_map(move |slot| {
            let [first, second] = slot.artifact.certificates() else { return None };
            if slot.place.starts_with("/1-") {
                return Some((first, second));
            }
            let is_last = |one: &Certificate| {
                last.clone().any(|slot| matches!(slot.artifact.certificates(), [only] if only == one))
            };
            match (is_last(first), is_last(second)) {
                (true, false) => Some((second, first)),
                (false, true) => Some((first, second)),
                _ => None,
            }
        })
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Is this what a file of the authority's is called, where it lies on a node or anywhere else in a package?
fn is_pair(row: &AuthorityRow, name: &str) -> bool {
    let elsewhere = name.strip_suffix(".crt").or_else(|| name.strip_suffix(".key")) == Some(row.name);
    elsewhere || [row.certificate, row.key].into_iter().any(|path| file_name(path) == name)
}
