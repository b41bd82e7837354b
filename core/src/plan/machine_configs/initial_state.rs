//! The files of machines, joining machines and clients before the first step, where the simulation starts.
//!
//! The accepted CAs of a machine are one list at the path of the CA's certificate, with the issuing CA first.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    inventory::{Inventory, Node, Role, Standing},
    plan::{
        initial_state::contexts,
        model::{
            authorities::AuthorityChange,
            initial_state::{
                FileVersion, KubeconfigContext, KubeconfigCredential, KubeconfigTrust, PODS, Place, PlaceKind, entry,
            },
        },
        progress::Progress,
    },
    profile::AuthorityId,
    x509::Certificate,
};

type Files = BTreeMap<String, BTreeSet<FileVersion>>;

/// Every holder that a rotation changes.
pub(crate) fn initial_state(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
) -> Vec<Place> {
    let present = Present { inventory, authority_changes, progress };
    let place = |kind, name: &str, authority, files| Place { kind, name: name.to_owned(), authority, files };
    let mut places: Vec<Place> = inventory
        .control_plane()
        .map(|node| place(PlaceKind::ControlPlane, &node.name, AuthorityId::Cluster, present.machine(node)))
        .collect();
    places.push(place(PlaceKind::Workers, "workers", AuthorityId::Cluster, present.workers()));
    places.push(place(PlaceKind::Cluster, "cluster", AuthorityId::Cluster, present.joining()));
    for authority_change in authority_changes.values() {
        places.push(place(PlaceKind::Clients, "clients", authority_change.id, present.clients(authority_change)));
        let others = present.others(authority_change);
        places.push(place(PlaceKind::OtherClients, "people and pipelines", authority_change.id, others));
    }
    places
}

struct Present<'a> {
    inventory: &'a Inventory,
    authority_changes: &'a BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'a>,
}

impl Present<'_> {
    /// The CAs in a provided machine configuration, and the possible certificates of its kubelet.
    fn machine(&self, node: &Node) -> Files {
        let mut files = Files::new();
        for row in self.inventory.profile.authorities.iter().filter(|row| self.authority_changes.contains_key(&row.id))
        {
            let accepted: Vec<Certificate> = node.accepted(row).into_iter().cloned().collect();
            // A key that was removed from the provided configuration is assumed to match the certificate.
            let issuing = accepted.first().filter(|_| node.role == Role::ControlPlane);
            if let Some(issuing) = issuing {
                files.insert(row.key.to_owned(), BTreeSet::from([FileVersion::Key(issuing.public_key().clone())]));
            }
            files.insert(row.certificate.to_owned(), BTreeSet::from([FileVersion::Certificates(accepted)]));
        }
        if let Some(authority_change) = self.authority_changes.get(&AuthorityId::Cluster) {
            let standing = self.progress.reached(&node.name, self.place()).unwrap_or(Standing::Before);
            self.kubelet(&mut files, authority_change, standing);
        }
        files
    }

    fn place(&self) -> &'static str {
        self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate)
    }

    /// A kubelet keeps its certificate until its machine no longer accepts the issuer. It may renew it earlier.
    fn kubelet(&self, files: &mut Files, authority_change: &AuthorityChange, standing: Standing) {
        let new = self.progress.new_of(authority_change.id);
        let mut held = BTreeSet::new();
        if standing < Standing::Done {
            held.insert(FileVersion::SignedBy(authority_change.old.clone()));
        }
        held.extend(new.filter(|_| standing >= Standing::Switched).cloned().map(FileVersion::SignedBy));
        files.entry(self.inventory.profile.kubelet_client().to_owned()).or_default().extend(held);
    }

    /// The files of all provided workers, or the possible files of a worker if none was provided.
    fn workers(&self) -> Files {
        let mut files = Files::new();
        let given: Vec<_> = self.inventory.workers().collect();
        for node in &given {
            for (path, held) in self.machine(node) {
                files.entry(path).or_default().extend(held);
            }
        }
        if given.is_empty() {
            for standing in self.progress.unseen() {
                self.unseen(&mut files, standing);
            }
        }
        files
    }

    fn unseen(&self, files: &mut Files, standing: Standing) {
        for row in self.inventory.profile.authorities {
            let Some(authority_change) = self.authority_changes.get(&row.id) else { continue };
            let trust = standing.trusts(&authority_change.old, self.progress.new_of(row.id));
            files.entry(row.certificate.to_owned()).or_default().insert(FileVersion::Certificates(trust));
            if row.id == AuthorityId::Cluster {
                self.kubelet(files, authority_change, standing);
            }
        }
    }

    /// The files of a joining machine, which has a worker's configuration, and the CAs that running Pods trust.
    fn joining(&self) -> Files {
        let mut files = self.workers();
        files.remove(self.inventory.profile.kubelet_client());
        if let Some(authority_change) =
            self.authority_changes.get(&AuthorityId::Cluster).filter(|_| self.progress.has_begun())
        {
            let new = self.progress.new_of(authority_change.id);
            let published =
                self.progress.unseen().into_iter().map(|standing| {
                    FileVersion::Certificates(vec![standing.signer(&authority_change.old, new).clone()])
                });
            files.insert(PODS.to_owned(), published.collect());
        }
        files
    }

    fn clients(&self, authority_change: &AuthorityChange) -> Files {
        let mut files = Files::new();
        for slot in &self.inventory.clients {
            let Some((id, access)) = slot.artifact.access() else { continue };
            for (name, context) in contexts(access, authority_change).into_iter().filter(|_| id == authority_change.id)
            {
                if let Some(access) = KubeconfigContext::of(access, context) {
                    files.insert(entry(&slot.file, &name), BTreeSet::from([FileVersion::Kubeconfig(access)]));
                }
            }
        }
        files
    }

    /// The possible client configurations that were not provided. Only the last step of a phase confirms that they
    /// changed.
    fn others(&self, authority_change: &AuthorityChange) -> Files {
        let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
        let unseen = self.progress.unseen();
        let first = unseen.first().copied().unwrap_or(Standing::Before);
        let held = unseen.into_iter().flat_map(|standing| {
            [first, standing].map(|signer| {
                FileVersion::Kubeconfig(KubeconfigContext {
                    host: None,
                    trust: KubeconfigTrust::These(standing.trusts(old, new)),
                    credential: KubeconfigCredential::SignedBy(signer.signer(old, new).clone()),
                })
            })
        });
        Files::from([("kubeconfig".to_owned(), held.collect())])
    }
}
