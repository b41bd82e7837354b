//! Effects: how the contents of files and objects become presented and trusted certificates. Writers write, changes
//! take effect, and gates exclude states.

use std::{collections::BTreeSet, rc::Rc};

use super::state::{Cell, Files, Leaf, SimulatedState, Value, has_kubelet, is_control_plane};
use crate::{
    plan::{
        CLUSTER_INFO, ClusterAction, EXTENSIONS, FileVersion, KUBELET_SERVING, KubeconfigContext, KubeconfigCredential,
        KubeconfigTrust, PODS, Phase, Place, PlaceKind, Process, RotationPlan, Side, Step,
    },
    profile::{
        AuthorityId, Component, ConsumerFile, OtherKind,
        edge::{Effect, Material, Party},
    },
    x509::{Certificate, Presented, Purpose, Question, Rules, TrustBundle, validate},
};

pub(super) type Set = BTreeSet<Value>;

impl SimulatedState<'_> {
    /// Adds the values of all changes that may have taken effect. Within a step, a certificate and its key change one
    /// after the other. A pair that does not match is included only `at_the_end` of the step, because no process loads
    /// it before.
    pub(super) fn refresh(&mut self, at_the_end: bool) {
        self.add_automatic_changes();
        for place in std::mem::take(&mut self.changed) {
            for (cell, effect) in self.cells_of(place) {
                let on_disk = self.on_disk(&cell, at_the_end);
                if effect == Effect::EachUse && !on_disk.is_empty() {
                    self.set(&cell, on_disk);
                } else {
                    self.add(&cell, on_disk);
                }
            }
        }
        self.publish();
        self.add_worker_requests();
    }

    /// Adds what workers may have received: they request from any control-plane machine, at any time.
    fn add_worker_requests(&mut self) {
        let received = |cell: &&Cell| matches!(cell.material, Material::HandedLeaf(_) | Material::HandedTrust(_));
        let cells: Vec<Cell> = self.cells.keys().filter(received).cloned().collect();
        for cell in cells {
            let now = self.on_disk(&cell, true);
            self.add(&cell, now);
        }
    }

    /// Adds changes that no step makes: kubelets renew, nodes join, Cluster API reconciles.
    fn add_automatic_changes(&mut self) {
        let signers = self.signers();
        let current = self.plan.profile.kubelet_client().to_owned();
        let joined: Vec<_> = self.joined();
        let profile = self.plan.profile;
        let kubelet_conf = profile.kubelet_conf();
        for (index, place) in self.places.iter_mut().enumerate() {
            let served = place.files.get(KUBELET_SERVING).into_iter().flatten();
            let requests_serving = served.into_iter().any(|held| matches!(held, FileVersion::SignedBy(_)));
            let mut put = |path: &str, held: FileVersion| {
                if place.files.entry(path.to_owned()).or_default().insert(held) {
                    self.changed.insert(index);
                }
            };
            if has_kubelet(place.kind) {
                signers.iter().cloned().for_each(|signer| put(&current, FileVersion::SignedBy(signer)));
                if requests_serving {
                    signers.iter().cloned().for_each(|signer| put(KUBELET_SERVING, FileVersion::SignedBy(signer)));
                }
            }
            if place.kind != PlaceKind::Workers {
                continue;
            }
            for anchors in &joined {
                if let Some(row) = profile.authority(AuthorityId::Cluster) {
                    put(row.certificate, FileVersion::Certificates(anchors.clone()));
                }
                if let Some(row) = kubelet_conf {
                    let (trust, credential) =
                        (KubeconfigTrust::These(anchors.clone()), KubeconfigCredential::InFile(current.clone()));
                    put(row.path, FileVersion::Kubeconfig(KubeconfigContext { host: None, trust, credential }));
                }
            }
        }
        if !self.paused {
            self.reconcile();
            self.reissue();
        }
    }

    /// The trusted CAs of a node that joins now: those of `cluster-info`.
    pub(super) fn joined(&self) -> Vec<Vec<Certificate>> {
        let clusters = self.places.iter().filter(|place| place.kind == PlaceKind::Cluster);
        let told = clusters.filter_map(|place| place.files.get(CLUSTER_INFO)).flatten();
        let trusts = told.filter_map(|held| match held {
            FileVersion::Kubeconfig(KubeconfigContext { trust: KubeconfigTrust::These(anchors), .. }) => {
                Some(anchors.clone())
            }
            _ => None,
        });
        trusts.collect()
    }

    /// Adds the kubeconfigs that Cluster API may write, with the first certificate and the key of the Cluster's `-ca`
    /// Secret.
    fn reconcile(&mut self) {
        let pairs = self.managed(AuthorityId::Cluster);
        for (index, place) in self.places.iter_mut().enumerate() {
            if place.kind != PlaceKind::Management {
                continue;
            }
            self.changed.insert(index);
            for versions in place.files.values_mut() {
                let Some(FileVersion::Kubeconfig(access)) = versions.first().cloned() else { continue };
                versions.extend(pairs.iter().filter_map(|pair| pair.first()).map(|first| {
                    let (trust, credential) =
                        (KubeconfigTrust::These(vec![first.clone()]), KubeconfigCredential::SignedBy(first.clone()));
                    FileVersion::Kubeconfig(KubeconfigContext { trust, credential, host: access.host.clone() })
                }));
            }
        }
    }

    /// Updates the published ConfigMaps: `kube-root-ca.crt` has what any leader may have written,
    /// `extension-apiserver-authentication` what every API server has added.
    fn publish(&mut self) {
        let Some(cluster) = self.places.iter().position(|place| place.kind == PlaceKind::Cluster) else {
            return self.tell_extensions(0);
        };
        let cell = |party, material| Cell { place: cluster, file: String::new(), party, material };
        let manager = Party::Component(Component::ControllerManager);
        let published = cell(manager, Material::RootConfigMap);
        let roots = self.union(manager, self.plan.profile.published);
        self.add(&published, roots);
        let published = self.current(&published);
        self.add(&cell(Party::Pods, Material::RootConfigMap), published);
        let signed = self.union(manager, Material::Signed);
        self.set(&cell(Party::Requester, Material::Signed), signed);
        self.tell_extensions(cluster);
    }

    fn tell_extensions(&mut self, place: usize) {
        let plan = self.plan;
        for id in plan.authority_changes.keys().copied() {
            let material = Material::ExtensionConfigMap(id);
            let cell = Cell { place, file: String::new(), party: Party::ExtensionServers, material };
            let own = self.union(Party::Component(Component::Apiserver), Material::Authority(id));
            let told = self.current(&cell);
            if told.is_empty() {
                self.add(&cell, own);
                continue;
            }
            let mut more = Set::new();
            for (before, added) in told.iter().flat_map(|before| own.iter().map(move |added| (before, added))) {
                if let (Value::Anchors(before), Value::Anchors(added)) = (before, added) {
                    let union = added.iter().cloned().fold(before.clone(), TrustBundle::with_appended);
                    more.insert(Value::Anchors(union));
                }
            }
            self.add(&cell, more);
        }
    }

    /// The union of the values of all cells of this kind, on all nodes.
    fn union(&self, party: Party, material: Material) -> Set {
        let cells = self.cells.iter().filter(|(cell, _)| cell.party == party && cell.material == material);
        let own = cells.filter(|(cell, _)| is_control_plane(self.places[cell.place].kind));
        own.flat_map(|(_, (_, values))| values.iter().cloned()).collect()
    }

    /// The CAs that may sign certificates requested through the API.
    pub(super) fn signers(&self) -> Vec<Certificate> {
        let signing = self.union(Party::Component(Component::ControllerManager), Material::Signed);
        let signers: BTreeSet<_> = signing
            .into_iter()
            .filter_map(|value| match value {
                Value::Signing(certificates, _) => certificates.into_iter().next(),
                _ => None,
            })
            .collect();
        signers.into_iter().collect()
    }

    pub(super) fn current(&self, cell: &Cell) -> Set {
        self.cells.get(cell).map(|(_, values)| (**values).clone()).unwrap_or_default()
    }

    /// Replaces the values of the cell.
    pub(super) fn set(&mut self, cell: &Cell, values: Set) {
        let Some((_, present)) = self.cells.get_mut(cell) else { return };
        if **present == values {
            return;
        }
        let meanwhile = self.during.entry(cell.clone()).or_insert_with(|| Rc::clone(present));
        if !values.is_subset(meanwhile) {
            *meanwhile = Rc::new(meanwhile.union(&values).cloned().collect());
        }
        *present = Rc::new(values);
    }

    /// Adds possible values to the cell.
    fn add(&mut self, cell: &Cell, values: Set) {
        let present = self.current(cell);
        if !values.is_subset(&present) {
            self.set(cell, present.union(&values).cloned().collect());
        }
    }

    /// The cell's values according to the files of its place; empty if no file determines them.
    pub(super) fn on_disk(&self, cell: &Cell, at_the_end: bool) -> Set {
        let profile = self.plan.profile;
        let files = &self.places[cell.place].files;
        let kubeconfig = |name: &str| profile.kubeconfigs.iter().find(|row| row.name == name).map(|row| row.path);
        let accesses = |path: &str| {
            let held = files.get(path).into_iter().flatten();
            held.filter_map(|held| match held {
                FileVersion::Kubeconfig(access) => Some(access.clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
        };
        let trust = |path: &str| accesses(path).iter().flat_map(|access| self.trusted(cell.place, access)).collect();
        let shown = |path: &str| accesses(path).iter().flat_map(|access| self.shown(cell.place, access)).collect();
        match cell.material {
            Material::Authority(id) => {
                let paths = self.authority_files(cell, id);
                paths.iter().flat_map(|path| self.anchors(cell.place, path)).collect()
            }
            Material::Issuing(id) => {
                let firsts = self.lists(cell.place, id).filter_map(|list| Some(vec![list.first()?.clone()]));
                firsts.map(|first| Value::Anchors(first.into())).collect()
            }
            Material::Issued(id) => self.issuing(cell.place, id),
            Material::HandedLeaf(id) => self.union(Party::Component(Component::Apid), Material::Issued(id)),
            Material::HandedTrust(id) => self.union(Party::Component(Component::Apid), Material::Authority(id)),
            Material::Leaf(name) => {
                let Some(row) = profile.leaves.iter().find(|row| row.name == name) else { return Set::new() };
                let pair = self.pair(cell.place, row.certificate, row.key);
                pair.into_iter().filter(|leaf| at_the_end || fits(leaf)).map(Value::Leaf).collect()
            }
            Material::KubeconfigTrust(name) => kubeconfig(name).map_or_else(Set::new, trust),
            Material::KubeconfigCredential(name) => kubeconfig(name).map_or_else(Set::new, shown),
            Material::KubeletCredential => match kubeconfig("kubelet.conf") {
                Some(path) => shown(path),
                None => self.in_file(cell.place, profile.kubelet_client()).into_iter().map(Value::Leaf).collect(),
            },
            Material::KubeletServing => self.served(cell.place),
            Material::KubeletAuthority => self.kubelet_verifiers(cell.place),
            Material::Signed if cell.party != Party::Requester => self.signing(cell.place, at_the_end),
            Material::ClusterInfo => trust(CLUSTER_INFO),
            Material::ClientTrust => trust(&cell.file),
            Material::ClientCredential => shown(&cell.file),
            Material::Old(id) => self.old_leaves(id),
            Material::Foreign(id) => {
                let foreign = self.plan.consumers[usize::from(id.0)].foreign.iter().cloned();
                foreign.map(|one| Value::Leaf(Leaf::SignedBy(one))).collect()
            }
            Material::ConsumerTrust(id) => match self.plan.consumers[usize::from(id.0)].read() {
                (ConsumerFile::Kubeconfig, path) => trust(path),
                (_, path) if self.places[cell.place].kind == PlaceKind::Workers => {
                    let nodes = self.plan.consumers[usize::from(id.0)].nodes.iter();
                    nodes.flat_map(|node| self.anchors(cell.place, &RotationPlan::own_file(node, path))).collect()
                }
                (_, path) => self.anchors(cell.place, path),
            },
            Material::ConsumerCertificate(id) => {
                let consumer = &self.plan.consumers[usize::from(id.0)];
                match consumer.read() {
                    (ConsumerFile::Kubeconfig, path) => shown(path),
                    (_, path) => {
                        let in_one_file = self.in_file(cell.place, path);
                        let pair = self.pair(cell.place, path, &consumer.key);
                        let leaves = in_one_file.into_iter().chain(pair);
                        leaves.filter(|leaf| at_the_end || fits(leaf)).map(Value::Leaf).collect()
                    }
                }
            }
            Material::RootConfigMap if cell.party == Party::Pods => self.anchors(cell.place, PODS),
            Material::ExtensionConfigMap(id) => self.anchors(cell.place, &(EXTENSIONS.to_owned() + id.as_str())),
            Material::Signed | Material::RootConfigMap => Set::new(),
        }
    }

    /// The files in which a party has an authority's certificates: a component that accepts clients, and
    /// kube-controller-manager that publishes them, has them in the file that its flag or configuration names. Of workers,
    /// each may name another one.
    fn authority_files(&self, cell: &Cell, id: AuthorityId) -> Vec<String> {
        let profile = self.plan.profile;
        let Some(row) = profile.authority(id) else { return Vec::new() };
        let kubelet = || profile.others.iter().find(|row| row.kind == OtherKind::KubeletConfig).map(|row| row.path);
        let named_in = match cell.party {
            _ if id != AuthorityId::Cluster => None,
            Party::Component(component @ (Component::Apiserver | Component::ControllerManager)) => {
                profile.manifest(component)
            }
            Party::Component(Component::Kubelet) => kubelet(),
            _ => None,
        };
        let place = &self.places[cell.place];
        let held = named_in.and_then(|path| place.files.get(path)).into_iter().flatten();
        let publishes = cell.party == Party::Component(Component::ControllerManager);
        let file = if publishes { FileVersion::published_file } else { FileVersion::client_file };
        let named: BTreeSet<&str> = held.filter_map(file).collect();
        let own = (named.is_empty() || place.kind == PlaceKind::Workers).then_some(row.certificate);
        named.into_iter().chain(own).map(str::to_owned).collect()
    }

    pub(super) fn anchors(&self, place: usize, path: &str) -> Set {
        let held = self.places[place].files.get(path).into_iter().flatten();
        held.filter_map(|held| match held {
            FileVersion::Certificates(certificates) => Some(Value::Anchors(certificates.clone().into())),
            _ => None,
        })
        .collect()
    }

    pub(super) fn pair(&self, place: usize, certificate: &str, key: &str) -> Vec<Leaf> {
        let files = &self.places[place].files;
        let keys: Vec<_> = files
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|held| match held {
                FileVersion::Key(key) => Some(key),
                _ => None,
            })
            .collect();
        let held = files.get(certificate).into_iter().flatten();
        held.filter_map(|held| match held {
            FileVersion::Certificates(chain) => {
                let own = chain.first()?.public_key();
                Some(Leaf::Chain(chain.clone(), keys.is_empty() || keys.iter().any(|key| key.is_same_key(own))))
            }
            FileVersion::SignedBy(authority) => Some(Leaf::SignedBy(authority.clone())),
            _ => None,
        })
        .collect()
    }

    fn trusted(&self, place: usize, access: &KubeconfigContext) -> Set {
        match &access.trust {
            KubeconfigTrust::These(anchors) => Set::from([Value::Anchors(anchors.clone().into())]),
            KubeconfigTrust::InFile(path) => self.anchors(place, path),
            KubeconfigTrust::NotJudged => Set::new(),
        }
    }

    fn shown(&self, place: usize, access: &KubeconfigContext) -> Set {
        let leaves = match &access.credential {
            KubeconfigCredential::These(chain, key) => {
                let own = chain.first().map(Certificate::public_key);
                let fits = key.as_ref().is_none_or(|key| own.is_some_and(|own| own.is_same_key(key)));
                vec![Leaf::Chain(chain.clone(), fits)]
            }
            KubeconfigCredential::SignedBy(authority) => vec![Leaf::SignedBy(authority.clone())],
            KubeconfigCredential::InFile(path) => self.in_file(place, path),
            KubeconfigCredential::NotJudged => Vec::new(),
        };
        leaves.into_iter().map(Value::Leaf).collect()
    }

    pub(super) fn in_file(&self, place: usize, path: &str) -> Vec<Leaf> {
        let held = self.places[place].files.get(path).into_iter().flatten();
        held.filter_map(|held| match held {
            FileVersion::Credential(chain, key) => {
                let fits = chain.first().is_some_and(|leaf| leaf.public_key().is_same_key(key));
                Some(Leaf::Chain(chain.clone(), fits))
            }
            FileVersion::SignedBy(authority) => Some(Leaf::SignedBy(authority.clone())),
            _ => None,
        })
        .collect()
    }

    /// All possible versions of a CA's certificate list in a place.
    fn lists(&self, place: usize, id: AuthorityId) -> impl Iterator<Item = &Vec<Certificate>> {
        let row = self.plan.profile.authority(id);
        let held = row.and_then(|row| self.places[place].files.get(row.certificate)).into_iter().flatten();
        held.filter_map(|held| match held {
            FileVersion::Certificates(list) => Some(list),
            _ => None,
        })
    }

    /// The CA with which a machine issues certificates: the first certificate of its list, and the key.
    fn issuing(&self, place: usize, id: AuthorityId) -> Set {
        let row = self.plan.profile.authority(id);
        let held = row.and_then(|row| self.places[place].files.get(row.key)).into_iter().flatten();
        let key =
            held.filter_map(|held| if let FileVersion::Key(key) = held { Some(key.clone()) } else { None }).next();
        let firsts = self.lists(place, id).filter_map(|list| list.first().cloned());
        firsts.map(|first| Value::Signing(vec![first], key.clone())).collect()
    }

    /// The certificate and key with which kube-controller-manager signs on a node; empty if it does not sign.
    fn signing(&self, place: usize, at_the_end: bool) -> Set {
        let profile = self.plan.profile;
        if profile.signing.certificate.is_empty() {
            return self.issuing(place, AuthorityId::Cluster);
        }
        let files = &self.places[place].files;
        let manifest = profile.manifest(Component::ControllerManager).and_then(|path| files.get(path));
        let Some(file) = manifest.into_iter().flatten().find_map(FileVersion::signing_file) else { return Set::new() };
        let beside = manifest.into_iter().flatten().find_map(FileVersion::signing_key);
        let beside = beside.or_else(|| profile.authority(AuthorityId::Cluster).map(|row| row.key));
        let key = beside.and_then(|path| files.get(path)).into_iter().flatten();
        let key = key.filter_map(|held| if let FileVersion::Key(key) = held { Some(key.clone()) } else { None }).next();
        let held = files.get(file).into_iter().flatten();
        let signing = held.filter_map(|held| match held {
            FileVersion::Certificates(certificates) => Some((certificates.clone(), key.clone())),
            _ => None,
        });
        let whole = signing
            .filter(|(certificates, key)| at_the_end || signs(certificates, key.as_ref()) || certificates.len() != 1);
        whole.map(|(certificates, key)| Value::Signing(certificates, key)).collect()
    }

    /// Certificates of the old CA that may still exist, including those that a holder of its key creates.
    fn old_leaves(&self, id: AuthorityId) -> Set {
        let Some(authority_change) = self.plan.authority_changes.get(&id) else { return Set::new() };
        Set::from([Value::Leaf(Leaf::SignedBy(authority_change.old.clone()))])
    }

    /// Applies what people have done by the end of the phase's step: kubeconfigs that were not provided, and CA bundles
    /// of webhooks.
    pub(super) fn by_people(&mut self, step: &Step) {
        for index in 0..self.places.len() {
            let Place { kind, authority, .. } = self.places[index];
            let Some(authority_change) = self.plan.authority_changes.get(&authority) else { continue };
            let (old, new) = (authority_change.old.clone(), self.renderer.certificate(authority, Side::New).clone());
            let trust: Vec<_> = self.renderer.bundle(authority, step.phase.trust()).iter().cloned().collect();
            let signer = if step.phase == Phase::TrustBoth { &old } else { &new };
            let files = &mut self.places[index].files;
            match kind {
                PlaceKind::OtherClients | PlaceKind::CaBundles => {
                    self.changed.insert(index);
                    for versions in files.values_mut() {
                        *versions =
                            versions.iter().flat_map(|held| updated_by_people(held, &old, &trust, signer)).collect();
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds the values from before the step, which are still possible because the step has no check.
    pub(super) fn doubt(&mut self, before: &[(usize, Files)]) {
        for (place, files) in before {
            let place = *place;
            self.changed.insert(place);
            for (path, versions) in files {
                self.places[place].files.entry(path.clone()).or_default().extend(versions.iter().cloned());
            }
            let changed = self.during.iter().filter(|(cell, _)| cell.place == place);
            let meanwhile: Vec<_> = changed.map(|(cell, values)| (cell.clone(), (**values).clone())).collect();
            for (cell, values) in meanwhile {
                if !matches!(cell.material, Material::RootConfigMap | Material::ExtensionConfigMap(_)) {
                    self.add(&cell, values);
                }
            }
        }
    }

    /// Removes all client certificates of a kubelet except those of the new CA.
    pub(super) fn retain_new_kubelets(&mut self, place: usize) {
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New).clone();
        let trust = TrustBundle::new().with_appended(new);
        let question = Question { trust: &trust, purpose: Purpose::Client, host: None, now: self.plan.now };
        let is_new = |presented: Presented<'_>| validate(presented, &question, Rules::Go).is_ok();
        let profile = self.plan.profile;
        self.changed.insert(place);
        let current = profile.kubelet_client();
        let own = profile.kubelet_conf().map(|row| row.path);
        for (path, versions) in &mut self.places[place].files {
            versions.retain(|held| match held {
                FileVersion::Credential(chain, _) if path == current => is_new(Presented::Chain(chain)),
                FileVersion::SignedBy(authority) if path == current => is_new(Presented::SignedBy(authority)),
                FileVersion::Kubeconfig(KubeconfigContext {
                    credential: KubeconfigCredential::These(chain, _),
                    ..
                }) if Some(path.as_str()) == own => is_new(Presented::Chain(chain)),
                _ => true,
            });
        }
        let (party, material) = (Party::Component(Component::Kubelet), Material::KubeletCredential);
        let cell = Cell { place, file: String::new(), party, material };
        let mut left = self.current(&cell);
        left.retain(|value| match value {
            Value::Leaf(Leaf::Chain(chain, _)) => is_new(Presented::Chain(chain)),
            Value::Leaf(Leaf::SignedBy(authority)) => is_new(Presented::SignedBy(authority)),
            _ => true,
        });
        self.set(&cell, left);
    }

    /// Removes client certificates of the old CA: all people have confirmed that they present new ones.
    pub(super) fn confirm(&mut self) {
        for (index, place) in self.places.iter_mut().enumerate() {
            if !matches!(place.kind, PlaceKind::OtherClients | PlaceKind::CaBundles) {
                continue;
            }
            let old = self.plan.authority_changes.get(&place.authority).map(|authority_change| &authority_change.old);
            self.changed.insert(index);
            for versions in place.files.values_mut() {
                versions.retain(|held| {
                    !matches!(held,
                    FileVersion::Kubeconfig(KubeconfigContext { credential: KubeconfigCredential::SignedBy(authority), .. }) if Some(authority) == old)
                });
            }
        }
    }

    /// Applies the result of a barrier, which is a step that waits for a change.
    pub(super) fn wait(&mut self, action: &ClusterAction) {
        let Some(place) = self.places.iter().position(|place| place.kind == PlaceKind::Cluster).or(Some(0)) else {
            return;
        };
        let cell = |party, material| Cell { place, file: String::new(), party, material };
        let published = cell(Party::Component(Component::ControllerManager), Material::RootConfigMap);
        match action {
            ClusterAction::Published(trust, _) => {
                let bundle = self.renderer.bundle(AuthorityId::Cluster, *trust);
                let bundles = &self.plan.foreign.published;
                let widened = bundles.iter().map(|held| self.renderer.widened(AuthorityId::Cluster, held, *trust));
                let own = bundles.is_empty().then_some(bundle);
                let expected: Set = own.into_iter().chain(widened).map(Value::Anchors).collect();
                let left: Set = self.current(&published).intersection(&expected).cloned().collect();
                if !left.is_empty() {
                    self.set(&published, left);
                    self.led = true;
                }
            }
            ClusterAction::RestartReaders(workloads) => {
                let is_among = |process: &Process| match process {
                    Process::Workload { name, namespace } => {
                        workloads.iter().any(|(one, other)| (one, other) == (namespace, name))
                    }
                    _ => false,
                };
                self.restart_workloads(is_among);
            }
            ClusterAction::RestartWorkloads => {
                self.restart_workloads(|process| matches!(process, Process::Workload { .. }));
                let now = self.current(&published);
                self.set(&cell(Party::Pods, Material::RootConfigMap), now);
            }
            ClusterAction::ExtensionTrust => {
                let new = self.renderer.certificate(AuthorityId::FrontProxy, Side::New).clone();
                let cell = cell(Party::ExtensionServers, Material::ExtensionConfigMap(AuthorityId::FrontProxy));
                let mut told = self.current(&cell);
                told.retain(|value| matches!(value, Value::Anchors(anchors) if anchors.contains(&new)));
                self.set(&cell, told);
            }
            ClusterAction::ForgetOld(authorities) => {
                for id in authorities {
                    let own = self.union(Party::Component(Component::Apiserver), Material::Authority(*id));
                    self.set(&cell(Party::ExtensionServers, Material::ExtensionConfigMap(*id)), own);
                }
            }
            ClusterAction::Tenant(action) => self.wait_for_tenant(action.verb),
            ClusterAction::ForgetUploadedCertificates
            | ClusterAction::HealthChecks { .. }
            | ClusterAction::NodesReady
            | ClusterAction::Pause { .. }
            | ClusterAction::Pin(_)
            | ClusterAction::ReplaceWorkers
            // New certificates of the same CA make no difference for verifiers.
            | ClusterAction::RenewSecrets(_)
            | ClusterAction::RollOut { .. }
            | ClusterAction::Served
            | ClusterAction::TalosAccess(_) => {}
        }
    }
}

/// Whether kube-controller-manager starts with this certificate and key (kubernetes/kubernetes:
/// pkg/controller/certificates/signer/ca_provider.go).
pub(super) fn signs(certificates: &[Certificate], key: Option<&crate::x509::PublicKey>) -> bool {
    matches!((certificates, key), ([one], Some(key)) if one.public_key().is_same_key(key))
}

fn fits(leaf: &Leaf) -> bool {
    !matches!(leaf, Leaf::Chain(_, false))
}

/// The possible states of a kubeconfig or CA data after people have handled it in a phase. Its old and new CAs become
/// `both`. Its credential is the previous one or one signed by `signer`: which one is known only after all people have
/// confirmed.
fn updated_by_people(
    held: &FileVersion,
    old: &Certificate,
    both: &[Certificate],
    signer: &Certificate,
) -> Vec<FileVersion> {
    let FileVersion::Kubeconfig(access) = held else { return vec![held.clone()] };
    let KubeconfigTrust::These(anchors) = &access.trust else { return vec![held.clone()] };
    let others = anchors.iter().filter(|anchor| *anchor != old && !both.contains(anchor) && *anchor != signer);
    let trust = KubeconfigTrust::These(both.iter().chain(others).cloned().collect());
    let credentials = [access.credential.clone(), KubeconfigCredential::SignedBy(signer.clone())];
    let all = credentials
        .into_iter()
        .map(|credential| FileVersion::Kubeconfig(KubeconfigContext { host: None, trust: trust.clone(), credential }));
    all.collect()
}
