//! Machines with machine configurations: the effects of patches on their issuing and accepted CAs, read from the
//! patches' own bytes.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};

use super::state::SimulatedState;
use crate::{
    formats::{
        pem,
        talos::{EmbeddedContent as Embedded, Layout, Machine, merge},
        yaml,
    },
    inventory::Role,
    plan::{Action, Edit, FileContent, FileVersion, MachinePatch, PatchForm, PlaceKind, Step, certificates},
    profile::{AuthorityId, AuthorityRow, edge::Effect},
    x509::{Certificate, PrivateKey, PublicKey},
};

/// Placeholder for a private key that a patch does not change.
const KEPT: &str = "kept";

/// A machine configuration's certificates of one CA: the issuing one, then those that are only accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trusting {
    pub(super) accepted: Vec<Certificate>,
    pub(super) key: Option<PublicKey>,
}

/// The patches of a step.
fn patches(step: &Step) -> impl Iterator<Item = (&Edit, &MachinePatch)> {
    step.actions.iter().filter_map(|action| match action {
        Action::Write(edit) => match &edit.content {
            FileContent::Patch(patch) if patch.form == PatchForm::Incremental => Some((edit, patch)),
            _ => None,
        },
        _ => None,
    })
}

impl SimulatedState<'_> {
    /// The places whose machines the step patches. A joining machine receives a worker's configuration.
    pub(super) fn patched_places(&self, step: &Step) -> Vec<usize> {
        let roles: Vec<Role> = patches(step).map(|(_, patch)| patch.role).collect();
        (0..self.places.len()).filter(|place| roles.iter().any(|role| is_of(self.places[*place].kind, *role))).collect()
    }

    /// Applies a patch to all machines of its role. Only the check shows which of them have applied it.
    pub(super) fn patch_machines(&mut self, patch: &MachinePatch, bytes: &[u8]) {
        let Some(row) = self.plan.profile.authority(patch.authority) else { return };
        let Ok(mut documents) = yaml::documents(bytes) else { return };
        for index in 0..self.places.len() {
            if !is_of(self.places[index].kind, patch.role) {
                continue;
            }
            self.changed.insert(index);
            let files = &mut self.places[index].files;
            let key = files.get(row.key).into_iter().flatten().find_map(|held| match held {
                FileVersion::Key(key) => Some(key.clone()),
                _ => None,
            });
            let versions = files.remove(row.certificate).unwrap_or_default();
            let mut patched = BTreeSet::new();
            for held in versions {
                let FileVersion::Certificates(accepted) = held else { continue };
                let after = patched_with(&Trusting { accepted, key: key.clone() }, row, patch, &documents);
                files.remove(row.key);
                if let Some(key) = after.key {
                    files.insert(row.key.to_owned(), BTreeSet::from([FileVersion::Key(key)]));
                }
                patched.insert(FileVersion::Certificates(after.accepted));
            }
            files.insert(row.certificate.to_owned(), patched);
            if patch.authority == AuthorityId::Cluster {
                self.renew_what_is_not_accepted(index, row);
            }
        }
        documents.iter_mut().for_each(yaml::wipe);
    }

    /// A kubelet requests a new certificate if its own machine no longer accepts the current one.
    fn renew_what_is_not_accepted(&mut self, place: usize, row: &AuthorityRow) {
        let signers: Vec<_> = self.signers().into_iter().map(FileVersion::SignedBy).collect();
        let files = &mut self.places[place].files;
        let lists: Vec<Vec<Certificate>> =
            files.get(row.certificate).into_iter().flatten().filter_map(FileVersion::list).collect();
        let Some(versions) = files.get_mut(self.plan.profile.kubelet_client()) else { return };
        let is_accepted = |held: &FileVersion| match held {
            FileVersion::SignedBy(authority) => lists.iter().any(|list| list.contains(authority)),
            _ => true,
        };
        if versions.iter().any(|held| !is_accepted(held)) {
            versions.retain(is_accepted);
            versions.extend(signers.into_iter().filter(is_accepted));
        }
    }

    /// Applies the step's check: each patched machine has been queried.
    pub(super) fn take_up_patches(&mut self, step: &Step) {
        for place in self.patched_places(step) {
            self.take_up(place, |_, effect| {
                matches!(effect, Effect::EachUse | Effect::Live | Effect::Renewal | Effect::Restart(_))
            });
        }
    }
}

impl FileVersion {
    fn list(&self) -> Option<Vec<Certificate>> {
        match self {
            Self::Certificates(list) => Some(list.clone()),
            _ => None,
        }
    }
}

fn is_of(kind: PlaceKind, role: Role) -> bool {
    match role {
        Role::ControlPlane | Role::Hosted => kind == PlaceKind::ControlPlane,
        Role::Worker => matches!(kind, PlaceKind::Workers | PlaceKind::Cluster),
    }
}

/// Applies the patch's documents by Talos' merge rules.
fn patched_with(before: &Trusting, row: &AuthorityRow, patch: &MachinePatch, documents: &[Json]) -> Trusting {
    let mut configuration = configuration(before, patch);
    merge(&mut configuration, documents);
    let Some(machine) = Machine::read(&configuration) else { return before.clone() };
    let mut after = Trusting { accepted: Vec::new(), key: None };
    let places = [Some(row.certificate), row.accepted];
    for place in places.into_iter().flatten() {
        for one in machine.embedded.iter().filter(|one| one.place == place) {
            if let Embedded::Pem(pem) = &one.content {
                after.accepted.extend(certificates(pem));
            }
        }
    }
    for one in machine.embedded.iter().filter(|one| one.place == row.key) {
        after.key = match &one.content {
            Embedded::Pem(bytes) => {
                let blocks = pem::blocks(bytes).blocks;
                let key = blocks.iter().find_map(|block| PrivateKey::from_pem_block(&block.label, &block.der).ok());
                key.map(|key| key.public_key().clone())
            }
            Embedded::Redacted => before.key.clone(),
            Embedded::Invalid => None,
        };
    }
    after
}

/// A machine configuration that contains only this CA.
fn configuration(before: &Trusting, patch: &MachinePatch) -> Vec<Json> {
    let (role, key) = match patch.role {
        Role::ControlPlane | Role::Hosted => ("controlplane", before.key.as_ref().map_or("", |_| KEPT)),
        Role::Worker => ("worker", ""),
    };
    let pems: Vec<String> = before.accepted.iter().map(Certificate::to_pem).collect();
    let (issuing, further) = pems.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let root = |machine: Json, cluster: Json| json!({ "version": "v1alpha1", "machine": machine, "cluster": cluster });
    if patch.authority == AuthorityId::Cluster && patch.layout == Layout::Documents {
        let (kind, version) = ("KubeAPIServerCAConfig", "v1alpha1");
        let own = match patch.role {
            Role::Worker => json!({ "apiVersion": version, "kind": kind, "acceptedCAs": pems }),
            Role::ControlPlane | Role::Hosted => json!({
                "apiVersion": version, "kind": kind, "issuingCA": { "cert": issuing, "key": key }, "acceptedCAs": further,
            }),
        };
        return vec![root(json!({ "type": role }), json!({})), own];
    }
    let base64 = |pem: &String| STANDARD.encode(pem);
    let further: Vec<_> = further.iter().map(|pem| json!({ "crt": base64(pem) })).collect();
    let (ca, further) = (json!({ "crt": base64(&issuing), "key": key }), Json::from(further));
    match patch.authority {
        AuthorityId::Talos => vec![root(json!({ "type": role, "ca": ca, "acceptedCAs": further }), json!({}))],
        _ => vec![root(json!({ "type": role }), json!({ "ca": ca, "acceptedCAs": further }))],
    }
}
