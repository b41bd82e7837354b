//! The files and objects of the cluster before the first step, where the simulation starts.

mod builder;
mod nodes_without_input;

use std::collections::{BTreeMap, BTreeSet};

use self::builder::Present;
use super::{
    kubelet_authority::KubeletAuthority,
    model::{
        authorities::{AuthorityChange, KeyHome},
        initial_state::{
            CLUSTER_INFO, EXTENSIONS, FileVersion, KUBELET_SERVING, KubeconfigContext, KubeconfigCredential,
            KubeconfigTrust, PODS, Place, PlaceKind, entry,
        },
        rotation_plan::RotationPlan,
    },
    progress::Progress,
};
use crate::{
    inventory::{
        Artifact, CLIENT_FLAG, Inventory, KubeconfigArtifact, KubeletServing, Node, ObjectRole, PUBLISHED_FLAG, Role,
        Standing, StoredObject,
    },
    profile::{
        AuthorityId, Component, KUBELET_AUTHORITY_FLAG, OtherKind, SIGNING_FLAG, SIGNING_KEY_FLAG, SecretContent,
    },
};

/// Every holder that a rotation changes.
pub(super) fn initial_state(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    progress: Progress<'_>,
    kubelet_authority: &KubeletAuthority,
) -> Vec<Place> {
    let present = Present { inventory, authority_changes, progress, kubelet_authority };
    let mut places: Vec<_> = inventory.control_plane().map(|node| present.control_plane(node)).collect();
    if places.is_empty() {
        places.push(present.unseen_control_plane());
    }
    if inventory.object(ObjectRole::Secret(SecretContent::Authority(AuthorityId::Cluster))).is_some() {
        let name = "machines of the roll-out".to_owned();
        // The flag is in kubeadm's configuration. All other files exist only once a machine is created.
        let manifest = inventory.profile.manifest(Component::Apiserver).zip(kubelet_authority.unseen());
        let flags = manifest.map(|(manifest, path)| {
            let flags = BTreeMap::from([(KUBELET_AUTHORITY_FLAG, path.to_owned())]);
            (manifest.to_owned(), BTreeSet::from([FileVersion::Flags(flags)]))
        });
        let files = flags.into_iter().collect();
        places.push(Place { kind: PlaceKind::RolledOut, name, authority: AuthorityId::Cluster, files });
    }
    if let Some(authority_change) = authority_changes.get(&AuthorityId::Cluster) {
        places.push(present.workers(authority_change));
        places.push(present.cluster(authority_change));
        places.push(present.management());
        places.push(present.clients(authority_change));
        places.push(present.ca_bundles(authority_change));
        let (old, new) = (&authority_change.old, progress.new_of(authority_change.id));
        let others = progress.unseen().into_iter().flat_map(|standing| {
            // Step 2-everyone, at the end of the phase, confirms that clients use new credentials; until then, either
            // is possible.
            let signers = [progress.unseen().first().copied().unwrap_or(standing), standing];
            signers.map(|signer| {
                FileVersion::Kubeconfig(KubeconfigContext {
                    host: None,
                    trust: KubeconfigTrust::These(standing.trusts(old, new)),
                    credential: KubeconfigCredential::SignedBy(signer.signer(old, new).clone()),
                })
            })
        });
        let files = BTreeMap::from([("kubeconfig".to_owned(), others.collect())]);
        places.push(Place {
            kind: PlaceKind::OtherClients,
            name: "people and pipelines".to_owned(),
            authority: AuthorityId::Cluster,
            files,
        });
    }
    places
}

impl Present<'_> {
    fn control_plane(&self, node: &Node) -> Place {
        let standing = self.progress.node(node);
        let mut files = self.files(node);
        // A key that was not provided is assumed to match the certificate.
        for authority_change in
            self.authority_changes.values().filter(|authority_change| authority_change.key_home == KeyHome::Nodes)
        {
            if let Some(row) = self.inventory.profile.authority(authority_change.id) {
                let signer = standing.signer(&authority_change.old, self.progress.new_of(authority_change.id));
                let key = || BTreeSet::from([FileVersion::Key(signer.public_key().clone())]);
                files.entry(row.key.to_owned()).or_insert_with(key);
            }
        }
        // The flag of a manifest that was not provided is assumed from the node's progress.
        if let Some(path) = self.inventory.profile.manifest(Component::ControllerManager) {
            let ca = self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
            let signs =
                self.authority_changes.get(&AuthorityId::Cluster).is_some_and(|one| one.key_home == KeyHome::Nodes);
            let file = match standing {
                Standing::Before | Standing::Done => ca,
                Standing::TrustsBoth | Standing::Switched => self.inventory.profile.signing.certificate,
            };
            let value = if signs { file.to_owned() } else { String::new() };
            let flags = || BTreeSet::from([FileVersion::Flags(BTreeMap::from([(SIGNING_FLAG, value)]))]);
            files.entry(path.to_owned()).or_insert_with(flags);
        }
        // Likewise the key of a copy of the new CA from a rotation that was begun by hand.
        if let Some(copy) = self.inventory.signing_copy(node)
            && let Some(new) = self.progress.new_of(AuthorityId::Cluster)
        {
            let key = || BTreeSet::from([FileVersion::Key(new.public_key().clone())]);
            files.entry(copy.key).or_insert_with(key);
        }
        let kind = if node.role == Role::Hosted { PlaceKind::Hosted } else { PlaceKind::ControlPlane };
        Place { kind, name: node.name.clone(), authority: AuthorityId::Cluster, files }
    }

    /// All provided files of a node, and the possible certificates of its kubelet.
    fn files(&self, node: &Node) -> BTreeMap<String, BTreeSet<FileVersion>> {
        let files = node.slots.iter().chain(&node.others).filter_map(|(path, slot)| {
            let held = match &slot.artifact {
                Artifact::Certificates(certificates) => FileVersion::Certificates(certificates.clone()),
                Artifact::Credential(chain, key) => FileVersion::Credential(chain.clone(), key.public_key().clone()),
                Artifact::PrivateKey(key) => FileVersion::Key(key.public_key().clone()),
                Artifact::Kubeconfig(kubeconfig) => {
                    FileVersion::Kubeconfig(KubeconfigContext::of(kubeconfig, current(kubeconfig))?)
                }
                Artifact::StaticPod(pod) => FileVersion::Flags(flags(pod)),
                Artifact::KubeletConfig(config) => {
                    FileVersion::Flags(BTreeMap::from([(CLIENT_FLAG, config.client_ca_file.clone()?)]))
                }
                Artifact::PublicKey(_)
                | Artifact::SigningRequest(_)
                | Artifact::Talosconfig(_)
                | Artifact::Keystore
                | Artifact::Text => return None,
            };
            Some((path.clone(), BTreeSet::from([held])))
        });
        let mut files: BTreeMap<_, _> = files.collect();
        if let Some(authority_change) =
            self.authority_changes.get(&AuthorityId::Cluster).filter(|_| node.role != Role::Hosted)
        {
            let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
            let standing = self.progress.node(node);
            let unseen = || {
                // The kubelet renews after the node's other files have completed phase 2.
                let before = if standing == Standing::Switched { Standing::TrustsBoth } else { standing };
                [before, standing].map(|standing| FileVersion::SignedBy(standing.signer(old, new).clone())).into()
            };
            files.entry(self.inventory.profile.kubelet_client().to_owned()).or_insert_with(unseen);
            files.insert(KUBELET_SERVING.to_owned(), self.serving(node, authority_change));
            let config = self.inventory.profile.others.iter().find(|row| row.kind == OtherKind::KubeletConfig);
            if let (Some(row), Some(path)) = (config, self.inventory.kubelet_client_file(node)) {
                let held = FileVersion::Flags(BTreeMap::from([(CLIENT_FLAG, path)]));
                files.insert(row.path.to_owned(), [held].into());
            }
        }
        files
    }

    /// The serving certificate of a kubelet: from a file, or requested from the cluster.
    fn serving(&self, node: &Node, authority_change: &AuthorityChange) -> BTreeSet<FileVersion> {
        match self.inventory.kubelet_serving(node) {
            KubeletServing::File(path) | KubeletServing::OtherIssuer(path) => [FileVersion::ServedFrom(path)].into(),
            KubeletServing::Requested | KubeletServing::Unknown | KubeletServing::NotProvided(_) => {
                self.requested_serving(authority_change, self.progress.node(node))
            }
        }
    }

    /// The possible issuers of a serving certificate that the kubelet requested: it may have been renewed since the
    /// last step.
    fn requested_serving(&self, authority_change: &AuthorityChange, standing: Standing) -> BTreeSet<FileVersion> {
        let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
        let before = if standing == Standing::Switched { Standing::TrustsBoth } else { standing };
        [before, standing].map(|standing| FileVersion::SignedBy(standing.signer(old, new).clone())).into()
    }

    /// Renames the files that the configuration of a worker's kubelet names, so that they stay separate from files of
    /// other workers with the same path.
    fn name_own_files(&self, node: &Node, files: &mut BTreeMap<String, BTreeSet<FileVersion>>) {
        let ca = self.inventory.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
        let mut own = BTreeMap::new();
        let mut named = |path: &str| {
            let name = RotationPlan::own_file(&node.name, path);
            own.insert(path.to_owned(), name.clone());
            name
        };
        for held in files.values_mut() {
            let renamed = held.iter().map(|held| match held {
                FileVersion::ServedFrom(path) => FileVersion::ServedFrom(named(path)),
                FileVersion::Flags(_) => match held.client_file().filter(|path| *path != ca) {
                    Some(path) => FileVersion::Flags(BTreeMap::from([(CLIENT_FLAG, named(path))])),
                    None => held.clone(),
                },
                _ => held.clone(),
            });
            *held = renamed.collect();
        }
        for (path, name) in own {
            if let Some(held) = files.get(&path).cloned() {
                files.insert(name, held);
            }
        }
    }

    /// All workers: the files of those that were provided, and the possible files of one that was not.
    fn workers(&self, authority_change: &AuthorityChange) -> Place {
        let mut place = self.unseen_workers(authority_change);
        for node in self.inventory.workers() {
            let mut files = self.files(node);
            self.name_own_files(node, &mut files);
            for (path, held) in files {
                place.files.entry(path).or_default().extend(held);
            }
            for path in self.inventory.client_files(node).into_keys() {
                let Some(slot) = node.file(&path) else { continue };
                let anchors = slot.artifact.certificates();
                let foreign = self.inventory.foreign_in(AuthorityId::Cluster, anchors);
                if !foreign.is_empty() || self.inventory.is_client_bundle(node, &path) {
                    let held = BTreeSet::from([FileVersion::Certificates(anchors.to_vec())]);
                    place.files.insert(RotationPlan::own_file(&node.name, &path), held);
                }
            }
        }
        place
    }

    fn cluster(&self, authority_change: &AuthorityChange) -> Place {
        let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
        let given = self.inventory.object(ObjectRole::ClusterInfo);
        let given = given.and_then(|stored| stored.kubeconfig.as_ref()).and_then(|(_, kubeconfig)| {
            let trusting = kubeconfig.trust.iter().position(|trust| authority_change.is_trusted_by(trust))?;
            KubeconfigContext::entries(kubeconfig, Some(trusting), None)
        });
        let unseen = self.progress.unseen();
        let versions: BTreeSet<_> = match given {
            Some(access) => BTreeSet::from([FileVersion::Kubeconfig(access)]),
            None => unseen
                .iter()
                .map(|standing| KubeconfigTrust::These(standing.trusts(old, new)))
                .map(|trust| {
                    FileVersion::Kubeconfig(KubeconfigContext {
                        host: None,
                        trust,
                        credential: KubeconfigCredential::NotJudged,
                    })
                })
                .collect(),
        };
        let mut files = BTreeMap::from([(CLUSTER_INFO.to_owned(), versions)]);
        if self.progress.has_begun() {
            // Pods that were not restarted still trust the earlier bundle.
            let held = |standing: &Standing| FileVersion::Certificates(standing.trusts(old, new));
            files.insert(PODS.to_owned(), unseen.iter().map(held).collect());
        }
        if self.progress.has_switched() {
            // The ConfigMap contains both CAs since phase 1, and has not been recreated yet.
            for authority_change in self.authority_changes.values() {
                let both =
                    Standing::TrustsBoth.trusts(&authority_change.old, self.progress.new_of(authority_change.id));
                files.insert(
                    EXTENSIONS.to_owned() + authority_change.id.as_str(),
                    [FileVersion::Certificates(both)].into(),
                );
            }
        }
        Place { kind: PlaceKind::Cluster, name: "cluster".to_owned(), authority: AuthorityId::Cluster, files }
    }

    fn management(&self) -> Place {
        let mut files = BTreeMap::new();
        for stored in &self.inventory.objects {
            if let Some(held) = of_secret(stored) {
                files.insert(stored.place(), BTreeSet::from([held]));
            }
        }
        Place { kind: PlaceKind::Management, name: "management".to_owned(), authority: AuthorityId::Cluster, files }
    }

    /// The `caBundle` fields for webhooks and extension API servers, and the possible serving certificates, which were
    /// not provided.
    fn ca_bundles(&self, authority_change: &AuthorityChange) -> Place {
        let (old, new) = (&authority_change.old, self.progress.new_of(authority_change.id));
        let bundles = super::objects::hanging_bundles(self.inventory, authority_change).into_iter();
        let bundles = bundles.map(|(stored, bundle)| {
            let held = self.progress.unseen().into_iter().map(|standing| {
                let credential = KubeconfigCredential::SignedBy(standing.signer(old, new).clone());
                FileVersion::Kubeconfig(KubeconfigContext {
                    host: None,
                    trust: KubeconfigTrust::These(bundle.certificates.clone()),
                    credential,
                })
            });
            (format!("{}, {}", stored.place(), bundle.pointer), held.collect())
        });
        Place {
            kind: PlaceKind::CaBundles,
            name: "webhooks".to_owned(),
            authority: AuthorityId::Cluster,
            files: bundles.collect(),
        }
    }

    /// Every context of a provided kubeconfig that depends on the cluster CA.
    fn clients(&self, authority_change: &AuthorityChange) -> Place {
        let mut files = BTreeMap::new();
        for slot in &self.inventory.clients {
            let Artifact::Kubeconfig(kubeconfig) = &slot.artifact else { continue };
            for (name, context) in contexts(kubeconfig, authority_change) {
                if let Some(access) = KubeconfigContext::of(kubeconfig, context) {
                    files.insert(entry(&slot.file, &name), BTreeSet::from([FileVersion::Kubeconfig(access)]));
                }
            }
        }
        Place { kind: PlaceKind::Clients, name: "clients".to_owned(), authority: AuthorityId::Cluster, files }
    }
}

fn of_secret(stored: &StoredObject) -> Option<FileVersion> {
    match stored.role {
        ObjectRole::Secret(SecretContent::Authority(AuthorityId::Cluster | AuthorityId::FrontProxy)) => {
            Some(FileVersion::Certificates(stored.certificates.clone()))
        }
        ObjectRole::Secret(SecretContent::Kubeconfig) => {
            let (_, kubeconfig) = stored.kubeconfig.as_ref()?;
            KubeconfigContext::of(kubeconfig, current(kubeconfig)).map(FileVersion::Kubeconfig)
        }
        _ => None,
    }
}

/// The flags that the simulation uses.
pub(crate) fn flags(pod: &crate::formats::static_pod::StaticPod) -> BTreeMap<&'static str, String> {
    let known = [SIGNING_FLAG, SIGNING_KEY_FLAG, KUBELET_AUTHORITY_FLAG, CLIENT_FLAG, PUBLISHED_FLAG];
    let on_node = |flag, value: String| match pod.mount_of(&value).filter(|_| flag == KUBELET_AUTHORITY_FLAG) {
        Some(mount) => format!("{}{}", mount.on_node, &value[mount.inside.len()..]),
        None => value,
    };
    // For kube-controller-manager, the file has connections of its own.
    let is_used = |flag: &&str| *flag != CLIENT_FLAG || pod.component == Component::Apiserver.as_str();
    known.into_iter().filter(is_used).filter_map(|flag| Some((flag, on_node(flag, pod.lookup(flag)?)))).collect()
}

/// The current context, as kubectl selects it, or else the first one.
fn current(kubeconfig: &KubeconfigArtifact) -> Option<usize> {
    let model = &kubeconfig.model;
    let named = model.contexts.iter().position(|context| context.name == model.current_context);
    named.or(if model.contexts.is_empty() { None } else { Some(0) })
}

/// The contexts that trust the old CA or present a certificate that it issued, with their names.
pub(crate) fn contexts(
    kubeconfig: &KubeconfigArtifact,
    authority_change: &AuthorityChange,
) -> Vec<(String, Option<usize>)> {
    let model = &kubeconfig.model;
    let concerns = |index: &usize| {
        let context = &model.contexts[*index];
        let cluster = model.clusters.iter().position(|cluster| cluster.name == context.cluster);
        let user = model.users.iter().position(|user| user.name == context.user);
        let trusts = cluster.is_some_and(|cluster| authority_change.is_trusted_by(&kubeconfig.trust[cluster]));
        let shows = user.and_then(|user| kubeconfig.credentials[user].as_ref()).is_some_and(|credential| {
            credential.certificates.first().is_some_and(|leaf| authority_change.signed(leaf))
        });
        trusts || (shows && cluster.is_none_or(|cluster| kubeconfig.trust[cluster].is_empty()))
    };
    let fitting = (0..model.contexts.len()).filter(concerns);
    fitting.map(|index| (model.contexts[index].name.clone(), Some(index))).collect()
}
