//! The simulated state of a cluster at a moment.
//!
//! A cell is one thing that one party presents or trusts, with all values that it may have at that moment: an action
//! adds the values that may have taken effect, and a gate (the step's check) removes the values that it excludes.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use crate::{
    formats::static_pod,
    mint::Minted,
    plan::{
        Action, CLUSTER_INFO, ClusterAction, Consumer, EXTENSIONS, Edit, Fact, FileContent, FileVersion, Holder,
        Identity, KubeconfigChange, KubeconfigContext, KubeconfigCredential, KubeconfigTrust, Machines, ObjectChange,
        PODS, PatchForm, Place, PlaceKind, Process, ReplacementId, RotationPlan, Step, certificates, flags,
        split_entry,
    },
    profile::{
        AuthorityId, Component,
        edge::{Effect, Material, Party},
    },
    render::{RenderError, Renderer},
    x509::{Certificate, PublicKey, TrustBundle},
};

/// Identifies one thing that a party presents or trusts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// The index of its place: a node, a group of nodes, or a group of objects.
    pub(super) place: usize,
    /// The file, if the place has several of the same kind; otherwise empty.
    pub(super) file: String,
    pub(super) party: Party,
    pub(super) material: Material,
}

/// A value that a cell may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Anchors(TrustBundle),
    Leaf(Leaf),
    /// kube-controller-manager's signing certificate and key: the certificates in the file, and the key next to it.
    Signing(Vec<Certificate>, Option<PublicKey>),
}

/// A certificate that may be presented.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leaf {
    /// A leaf with intermediates, and whether the key next to it matches.
    Chain(Vec<Certificate>, bool),
    /// A certificate outside the input, signed by this CA.
    SignedBy(Certificate),
}

pub(super) type Values = Rc<BTreeSet<Value>>;

/// The files of a place, each with all possible versions.
pub(super) type Files = BTreeMap<String, BTreeSet<FileVersion>>;

/// The state of the cluster at a moment.
pub(super) struct SimulatedState<'a> {
    pub(super) plan: &'a RotationPlan,
    pub(super) renderer: Renderer<'a>,
    pub(super) places: Vec<Place>,
    pub(super) cells: BTreeMap<Cell, (Effect, Values)>,
    /// The certificates of the input and of the package. A certificate that is read from a file is replaced by its
    /// equal here, whose signature checks are cached.
    known: BTreeSet<Certificate>,
    /// The cells of each place.
    index: Vec<Vec<Cell>>,
    /// Places whose files may have changed since their cells were last updated.
    pub(super) changed: BTreeSet<usize>,
    /// All values that a cell may have had since the step began, for changed cells.
    pub(super) during: BTreeMap<Cell, Values>,
    /// Whether Cluster API, or the operator of a hosted control plane, is paused.
    pub(super) paused: bool,
    /// Whether a kube-controller-manager is known to lead.
    pub(super) led: bool,
    /// Whether a kubelet may have renewed before all signers used only the new CA.
    pub(super) renewed_too_early: bool,
}

impl<'a> SimulatedState<'a> {
    /// The state before the first step.
    pub(super) fn today(plan: &'a RotationPlan, minted: &'a Minted) -> Self {
        let renderer = Renderer { plan, minted };
        let mut world = Self {
            plan,
            renderer,
            places: plan.initial_state.clone(),
            cells: BTreeMap::new(),
            known: known(plan, minted),
            index: Vec::new(),
            changed: (0..plan.initial_state.len()).collect(),
            during: BTreeMap::new(),
            // In a rotation in progress, the provided state is current, and the first step ensures that it stays
            // paused.
            paused: plan.has_begun(),
            led: true,
            renewed_too_early: false,
        };
        world.create_cells();
        world.refresh(true);
        // Repeated, because the signers are now known.
        world.changed.extend(0..plan.initial_state.len());
        world.refresh(true);
        world.during.clear();
        // Used only for the initial state; later, the steps determine these.
        for place in &mut world.places {
            place.files.retain(|path, _| path != PODS && !path.starts_with(EXTENSIONS));
        }
        world
    }

    /// All values that the cell may have, or may have had since the current step began.
    pub(super) fn values(&self, cell: &Cell) -> Option<&Values> {
        self.during.get(cell).or_else(|| self.cells.get(cell).map(|(_, values)| values))
    }

    /// All cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.keys()
    }

    /// Carries out a step up to its gate. Afterwards [`SimulatedState::values`] returns all values that are possible meanwhile.
    pub(super) fn carry_out(&mut self, step: &Step) -> Result<(), RenderError> {
        self.during.clear();
        self.renewed_too_early = false;
        self.changed.extend(self.holder(step));
        for action in &step.actions {
            self.act(step, action)?;
            self.changed.extend(self.holder(step));
            self.refresh(false);
        }
        self.changed.extend(self.holder(step));
        if step.holder == Holder::Clients {
            self.by_people(step);
        }
        self.refresh(true);
        Ok(())
    }

    /// Applies the gate of the step. `before` are the places as they were when the step began.
    pub(super) fn pass_gate(&mut self, step: &Step, before: &[(usize, Files)]) {
        let proves = |fact| step.gate.proves.contains(&fact);
        if !matches!(step.holder, Holder::Node(_)) && !proves(Fact::Everywhere) {
            self.doubt(before);
        }
        if proves(Fact::TakenUp)
            && let Some(place) = self.holder(step)
        {
            let consumers = &self.plan.consumers;
            self.take_up(place, |party, effect| runs(party, Component::Apiserver, consumers) && effect == Effect::Live);
        }
        if proves(Fact::TakenUp) {
            self.take_up_patches(step);
        }
        if proves(Fact::Renewed)
            && let Some(place) = self.holder(step)
        {
            self.retain_new_kubelets(place);
        }
        if proves(Fact::ServingRenewed)
            && let Some(place) = self.holder(step)
        {
            self.retain_new_serving(place);
        }
        if proves(Fact::Confirmed) {
            self.confirm();
        }
        for action in &step.actions {
            if let Action::Cluster(action) = action {
                self.wait(action);
            }
        }
        self.refresh(true);
        self.during.clear();
    }

    /// Creates all cells: both sides of every edge, and what their writers read.
    fn create_cells(&mut self) {
        let mut cells = Vec::new();
        let rows = self.plan.edges.iter().filter(|row| self.plan.authority_changes.contains_key(&row.authority));
        for (end, authority) in rows.flat_map(|row| [(row.client, row.authority), (row.server, row.authority)]) {
            for holding in end.presents.iter().chain(&end.trusts) {
                for (place, file) in self.instances(end.party, authority) {
                    let cell = Cell { place, file, party: end.party, material: holding.material };
                    cells.push((cell, holding.effect));
                }
            }
        }
        for (place, _) in self.places.iter().enumerate().filter(|(_, place)| is_control_plane(place.kind)) {
            let cell =
                |component, material| Cell { place, file: String::new(), party: Party::Component(component), material };
            let manager = Component::ControllerManager;
            cells.push((cell(manager, self.plan.profile.published), Effect::Restart(manager)));
            cells.push((cell(manager, Material::Signed), Effect::Live));
            for id in self.plan.authority_changes.keys() {
                cells.push((cell(Component::Apiserver, Material::Authority(*id)), Effect::Live));
            }
        }
        if let Some(place) = self.place(PlaceKind::Cluster) {
            let party = Party::Component(Component::ControllerManager);
            let published = Cell { place, file: String::new(), party, material: Material::RootConfigMap };
            cells.push((published, Effect::Live));
        }
        self.cells = cells.into_iter().map(|(cell, effect)| (cell, (effect, Values::default()))).collect();
        self.index = vec![Vec::new(); self.places.len()];
        for cell in self.cells.keys() {
            self.index[cell.place].push(cell.clone());
        }
    }

    /// The cells of a place, each with the time at which a change takes effect.
    pub(super) fn cells_of(&self, place: usize) -> Vec<(Cell, Effect)> {
        self.index[place].iter().map(|cell| (cell.clone(), self.cells[cell].0)).collect()
    }

    /// The current files that the step may change.
    pub(super) fn before(&self, step: &Step) -> Vec<(usize, Files)> {
        let people = [PlaceKind::Clients, PlaceKind::OtherClients, PlaceKind::CaBundles];
        let is_asked = |place: &Place| step.holder == Holder::Clients && people.contains(&place.kind);
        let own = self.holder(step).filter(|_| !matches!(step.holder, Holder::Node(_)));
        let places = self.places.iter().enumerate();
        let places = places.filter(|(index, place)| Some(*index) == own || is_asked(place));
        places.map(|(index, place)| (index, place.files.clone())).collect()
    }

    /// The instances of a party: place and file. Clients are limited to those whose files depend on the CA.
    pub(super) fn instances(&self, party: Party, authority: AuthorityId) -> Vec<(usize, String)> {
        let clients = [PlaceKind::Clients, PlaceKind::OtherClients];
        let places = self.places.iter().enumerate();
        let places = places.filter(|(_, place)| !clients.contains(&place.kind) || place.authority == authority);
        let of_kind = |wanted: fn(PlaceKind) -> bool| {
            places.clone().filter(move |(_, place)| wanted(place.kind)).map(|(index, _)| (index, String::new()))
        };
        match party {
            Party::Component(Component::Kubelet) => of_kind(has_kubelet).collect(),
            Party::Component(_) | Party::User(_) => of_kind(is_control_plane).collect(),
            Party::OnWorkers(_) => of_kind(|kind| kind == PlaceKind::Workers).collect(),
            Party::Consumer(id) => {
                let nodes = &self.plan.consumers[usize::from(id.0)].nodes;
                let of_worker = |place: &Place| {
                    let path = &self.plan.consumers[usize::from(id.0)].path;
                    nodes.iter().any(|node| place.files.contains_key(&RotationPlan::own_file(node, path)))
                };
                let own = places.filter(|(_, place)| match place.kind {
                    PlaceKind::ControlPlane => nodes.contains(&place.name),
                    PlaceKind::Workers => of_worker(place),
                    _ => false,
                });
                own.map(|(index, _)| (index, String::new())).collect()
            }
            Party::Management | Party::GivenClients | Party::Webhooks => {
                let kind = match party {
                    Party::Management => PlaceKind::Management,
                    Party::Webhooks => PlaceKind::CaBundles,
                    _ => PlaceKind::Clients,
                };
                let files = places.filter(|(_, place)| place.kind == kind).flat_map(|(index, place)| {
                    let kubeconfigs = place.files.iter().filter(|(_, held)| held.iter().any(is_kubeconfig));
                    kubeconfigs.map(move |(file, _)| (index, file.clone()))
                });
                files.collect()
            }
            Party::OtherClients => of_kind(|kind| kind == PlaceKind::OtherClients)
                .map(|(index, _)| (index, "kubeconfig".to_owned()))
                .collect(),
            Party::Pods
            | Party::JoiningNode
            | Party::Requester
            | Party::ExtensionServers
            | Party::OldHolder
            | Party::ForeignHolder => {
                let cluster: Vec<_> = of_kind(|kind| kind == PlaceKind::Cluster).collect();
                // If only the front-proxy CA is rotated, there is no such place; any place will do.
                if cluster.is_empty() { vec![(0, String::new())] } else { cluster }
            }
        }
    }

    pub(super) fn place(&self, kind: PlaceKind) -> Option<usize> {
        self.places.iter().position(|place| place.kind == kind)
    }

    /// The place of a node or of the workers.
    pub(super) fn holder(&self, step: &Step) -> Option<usize> {
        match &step.holder {
            Holder::Node(name) => {
                self.places.iter().position(|place| place.kind == PlaceKind::ControlPlane && place.name == *name)
            }
            Holder::ControlPlanes => self.place(PlaceKind::ControlPlaneElsewhere),
            Holder::Workers => self.place(PlaceKind::Workers),
            Holder::Cluster => self.place(PlaceKind::Cluster),
            // A hosted control plane is changed in the management cluster.
            Holder::Management => self.place(PlaceKind::Hosted).or_else(|| self.place(PlaceKind::Management)),
            Holder::Clients => self.place(PlaceKind::Clients).or_else(|| self.place(PlaceKind::OtherClients)),
        }
    }

    fn act(&mut self, step: &Step, action: &Action) -> Result<(), RenderError> {
        match action {
            Action::Write(edit) => self.write(step, edit)?,
            Action::Remove { target, .. } => {
                if let Some(place) = self.holder(step) {
                    self.places[place].files.remove(target);
                }
            }
            Action::SetFlag { component, flag, to, .. } => {
                if let (Some(place), Some(path)) = (self.holder(step), self.plan.profile.manifest(*component)) {
                    let held = self.places[place].files.entry(path.to_owned()).or_default();
                    let mut flags = held.iter().find_map(FileVersion::flags).cloned().unwrap_or_default();
                    flags.insert(*flag, to.clone());
                    *held = BTreeSet::from([FileVersion::Flags(flags)]);
                    self.restart(place, *component);
                }
            }
            Action::RenewKubelet => self.renew(step),
            Action::RenewServing => self.renew_serving(step),
            Action::TrustInKubeconfig(name) => self.trust_in_kubeconfig(step, name),
            Action::RenewOnNode { authority, names, trust } => self.renew_on_node(step, *authority, names, *trust),
            Action::Cluster(ClusterAction::Pause { paused, .. }) => self.paused = *paused,
            Action::Cluster(ClusterAction::Tenant(action)) => self.act_on_tenant(action.verb),
            Action::Cluster(ClusterAction::RollOut { machines: Machines::ControlPlane, .. }) => self.make_machines(),
            Action::Restart(component) => {
                if let Some(place) = self.holder(step) {
                    self.restart(place, *component);
                }
            }
            Action::RestartProcess(process) => {
                if let Some(place) = self.holder(step) {
                    self.restart_process(place, process);
                }
            }
            // New leaves of the same CA make no difference for verifiers.
            Action::BackUp { .. }
            | Action::RenewLeaves(_)
            | Action::Cluster(_)
            | Action::Do { .. }
            | Action::VerifyLogs(_) => {}
        }
        Ok(())
    }

    /// Replaces a file or object by the package's version, read from the package's bytes.
    fn write(&mut self, step: &Step, edit: &Edit) -> Result<(), RenderError> {
        let Some(place) = self.holder(step) else { return Ok(()) };
        self.write_content(step, place, &edit.target, &edit.content)?;
        if self.places[place].kind == PlaceKind::Workers {
            self.write_of_workers(step, place, edit)?;
        }
        Ok(())
    }

    /// Versions of a file that only some workers have: a worker's own is written for it alone, and what is written for all
    /// is not written where the step writes a worker's own.
    fn write_of_workers(&mut self, step: &Step, place: usize, edit: &Edit) -> Result<(), RenderError> {
        let written = |edit: &Edit| match edit.content {
            FileContent::Widened(..) | FileContent::Leaf(_) => {
                edit.node_of_worker().map(|node| RotationPlan::own_file(node, &edit.target))
            }
            _ => None,
        };
        let held = match edit.content {
            FileContent::Widened(..) | FileContent::Trust(..) | FileContent::Leaf(_) => {
                self.certificates_of(&edit.content)?
            }
            _ => return Ok(()),
        };
        let end = RotationPlan::own_file("", &edit.target);
        let own: BTreeSet<String> = match written(edit) {
            Some(one) => BTreeSet::from([one]),
            None => {
                let others: BTreeSet<String> = step.edits().filter_map(written).collect();
                let files = self.places[place].files.keys().filter(|name| name.ends_with(&end));
                files.filter(|name| !others.contains(*name)).cloned().collect()
            }
        };
        let files = &mut self.places[place].files;
        for name in own {
            let before = files.insert(name, BTreeSet::from([held.clone()])).unwrap_or_default();
            // What the worker had is gone, unless another one still has it.
            let has = |one: &FileVersion| files.iter().any(|(name, held)| name.ends_with(&end) && held.contains(one));
            let gone: Vec<FileVersion> = before.into_iter().filter(|one| !has(one)).collect();
            if let Some(versions) = files.get_mut(&edit.target) {
                versions.retain(|one| !gone.contains(one));
            }
        }
        Ok(())
    }

    /// The certificates of a file as they are read back from its bytes.
    fn certificates_of(&self, content: &FileContent) -> Result<FileVersion, RenderError> {
        Ok(FileVersion::Certificates(self.read_back(certificates(&self.renderer.bytes(content)?))))
    }

    /// A minted leaf with its key.
    fn credential(&self, id: ReplacementId) -> FileVersion {
        let leaf = &self.renderer.minted.leaves[id.0];
        let key = leaf.key.as_ref().map_or_else(|| leaf.certificate.public_key(), |key| key.public_key());
        FileVersion::Credential(vec![leaf.certificate.clone()], key.clone())
    }

    fn write_content(
        &mut self,
        step: &Step,
        place: usize,
        target: &str,
        content: &FileContent,
    ) -> Result<(), RenderError> {
        let minted = self.renderer.minted;
        let held = match content {
            FileContent::Trust(..) | FileContent::Widened(..) | FileContent::Signing(..) | FileContent::Leaf(_) => {
                self.certificates_of(content)?
            }
            // Input of the platform's tool: it takes effect when the tool runs.
            FileContent::AuthorityPair(_) => return Ok(()),
            FileContent::AuthorityKey(id) => {
                FileVersion::Key(minted.authorities[id].certificate().public_key().clone())
            }
            FileContent::LeafKey(id) => match &minted.leaves[id.0].key {
                Some(key) => FileVersion::Key(key.public_key().clone()),
                None => return Ok(()),
            },
            FileContent::Credential(id) => {
                let held = self.credential(*id);
                // Added to the kubelet's existing certificate: the kubelet's own check shows which one it uses.
                let current = self.plan.profile.kubelet_client().to_owned();
                self.places[place].files.entry(current).or_default().insert(held);
                return Ok(());
            }
            FileContent::Pair(id) => self.credential(*id),
            FileContent::Kubeconfig(_, change) | FileContent::Talosconfig(_, change) => {
                let bytes = self.renderer.bytes(content)?;
                let clients = self
                    .places
                    .iter()
                    .position(|place| place.kind == PlaceKind::Clients && place.authority == change.authority);
                let place = clients.filter(|_| step.holder == Holder::Clients).unwrap_or(place);
                self.changed.insert(place);
                self.write_kubeconfig(place, target, &bytes, change);
                return Ok(());
            }
            FileContent::Patch(patch) => {
                if patch.form == PatchForm::Incremental {
                    let bytes = self.renderer.bytes(content)?;
                    self.patch_machines(patch, &bytes);
                }
                return Ok(());
            }
            FileContent::Manifest(..) | FileContent::Original(_) => {
                let bytes = self.renderer.bytes(content)?;
                let pod = static_pod::parse(&bytes)
                    .map_err(|error| RenderError::Manifest { file: target.to_owned(), error })?;
                self.places[place].files.insert(target.to_owned(), BTreeSet::from([FileVersion::Flags(flags(&pod))]));
                for row in self.plan.profile.static_pods.iter().filter(|row| row.path == target) {
                    self.restart(place, row.component);
                }
                return Ok(());
            }
            FileContent::Object(ObjectChange::Files(_, parts)) => {
                // Written in one request, so no reader sees only some of the parts.
                return parts.iter().try_for_each(|part| self.write_content(step, place, part.path, &part.content));
            }
            FileContent::Object(change) => return self.write_object(place, content, change),
            FileContent::Client(_) | FileContent::Secrets(..) | FileContent::Text(_) => return Ok(()),
        };
        let place = &mut self.places[place];
        let versions = place.files.entry(target.to_owned()).or_default();
        // Of workers, each has its own.
        if !(place.kind == PlaceKind::Workers && matches!(content, FileContent::Widened(..))) {
            versions.clear();
        }
        versions.insert(held);
        Ok(())
    }

    fn write_object(&mut self, place: usize, content: &FileContent, change: &ObjectChange) -> Result<(), RenderError> {
        let bytes = self.renderer.bytes(content)?;
        let objects = crate::formats::object::objects(&bytes).unwrap_or_default();
        let Some(object) = objects.first() else { return Ok(()) };
        match change {
            ObjectChange::Authority(stored, _) => {
                let pem = object.secret_data().remove("tls.crt").unwrap_or_default();
                let held = FileVersion::Certificates(self.read_back(certificates(&pem)));
                self.places[place].files.insert(stored.place(), BTreeSet::from([held]));
            }
            ObjectChange::Files(..) => {}
            ObjectChange::Kubeconfig(stored, key, change) if object.kind == "Secret" => {
                let kubeconfig = object.secret_data().remove(*key).unwrap_or_default();
                self.write_kubeconfig(place, &stored.place(), &kubeconfig, change);
            }
            ObjectChange::Kubeconfig(..) | ObjectChange::ClusterInfo { .. } => {
                let kubeconfig = object.config_data().remove("kubeconfig").unwrap_or_default();
                if let Some(access) = KubeconfigContext::read(kubeconfig.as_bytes(), None, |_| None) {
                    let held = BTreeSet::from([FileVersion::Kubeconfig(self.access(access))]);
                    self.places[place].files.insert(CLUSTER_INFO.to_owned(), held);
                }
            }
        }
        Ok(())
    }

    /// Replaces every context of the kubeconfig that is judged.
    fn write_kubeconfig(&mut self, place: usize, target: &str, bytes: &[u8], change: &KubeconfigChange) {
        let minted = self.renderer.minted;
        let workers = self.places[place].kind == PlaceKind::Workers;
        let mut read = Vec::new();
        for (name, versions) in &self.places[place].files {
            let (file, context) = split_entry(name);
            if file != target {
                continue;
            }
            let known = versions.iter().find_map(|held| match held {
                FileVersion::Kubeconfig(KubeconfigContext {
                    credential: KubeconfigCredential::These(_, key), ..
                }) => key.clone(),
                _ => None,
            });
            let key = |user: Option<usize>| match user.and_then(|user| change.credentials.get(&user)) {
                Some(id) => minted.leaves[id.0].key.as_ref().map(|key| key.public_key().clone()),
                None => known,
            };
            if let Some(access) = KubeconfigContext::read(bytes, context, key) {
                read.push((name.clone(), FileVersion::Kubeconfig(self.access(access))));
            }
        }
        for (name, held) in read {
            let versions = self.places[place].files.entry(name).or_default();
            // Each worker has its own version.
            if !workers {
                versions.clear();
            }
            versions.insert(held);
        }
    }

    fn read_back(&self, certificates: Vec<Certificate>) -> Vec<Certificate> {
        certificates.into_iter().map(|one| self.known.get(&one).cloned().unwrap_or(one)).collect()
    }

    fn access(&self, access: KubeconfigContext) -> KubeconfigContext {
        let trust = match access.trust {
            KubeconfigTrust::These(anchors) => KubeconfigTrust::These(self.read_back(anchors)),
            other => other,
        };
        let credential = match access.credential {
            KubeconfigCredential::These(chain, key) => KubeconfigCredential::These(self.read_back(chain), key),
            other => other,
        };
        KubeconfigContext { trust, credential, ..access }
    }

    /// Restarts a process outside the profile's tables: its values become those of its files.
    fn restart_process(&mut self, place: usize, process: &Process) {
        let consumers = &self.plan.consumers;
        let is_of = |party| matches!(party, Party::Consumer(id) if consumers[usize::from(id.0)].process == *process);
        self.take_up(place, |party, _| is_of(party));
    }

    /// Restarts workloads on every node.
    pub(super) fn restart_workloads(&mut self, is_restarted: impl Fn(&Process) -> bool) {
        let consumers = &self.plan.consumers;
        let is_of = |party| matches!(party, Party::Consumer(id) if is_restarted(&consumers[usize::from(id.0)].process));
        for place in 0..self.places.len() {
            self.take_up(place, |party, _| is_of(party));
        }
    }

    /// Restarts a component: its values become those of its files, and temporarily no leader is known.
    pub(super) fn restart(&mut self, place: usize, component: Component) {
        let consumers = &self.plan.consumers;
        self.take_up(place, |party, effect| {
            runs(party, component, consumers) && matches!(effect, Effect::Live | Effect::Restart(_))
        });
        match component {
            Component::ControllerManager => self.led = false,
            Component::Kubelet => self.take_up_served(place),
            _ => {}
        }
    }

    /// Sets the cells that `wanted` selects to the values of their files.
    pub(super) fn take_up(&mut self, place: usize, wanted: impl Fn(Party, Effect) -> bool) {
        for (cell, effect) in self.cells_of(place) {
            if !wanted(cell.party, effect) {
                continue;
            }
            let on_disk = self.on_disk(&cell, true);
            if !on_disk.is_empty() {
                self.set(&cell, on_disk);
            }
        }
    }
}

/// Whether this party's process is this component.
fn runs(party: Party, component: Component, consumers: &[Consumer]) -> bool {
    match party {
        Party::Component(running) => running == component,
        Party::Consumer(id) => consumers[usize::from(id.0)].process == Process::Component(component),
        _ => false,
    }
}

/// Every provided or new certificate that a package writes.
fn known(plan: &RotationPlan, minted: &Minted) -> BTreeSet<Certificate> {
    let old = plan.authority_changes.values().map(|authority_change| &authority_change.old);
    let replaced = plan.replacements.iter().filter_map(|replacement| match &replacement.identity {
        Identity::Of(old) => Some(old),
        Identity::Client { .. } | Identity::Kubelet(_) | Identity::Requested(_) => None,
    });
    let authorities = minted.authorities.values().map(crate::mint::MintedAuthority::certificate);
    let leaves = minted.leaves.iter().map(|leaf| &leaf.certificate);
    old.chain(replaced).chain(authorities).chain(leaves).cloned().collect()
}

/// Whether an API server runs there.
pub(super) fn is_control_plane(kind: PlaceKind) -> bool {
    matches!(
        kind,
        PlaceKind::ControlPlane | PlaceKind::ControlPlaneElsewhere | PlaceKind::RolledOut | PlaceKind::Hosted
    )
}

/// Whether it is one or more nodes.
pub(super) fn has_kubelet(kind: PlaceKind) -> bool {
    matches!(
        kind,
        PlaceKind::ControlPlane | PlaceKind::ControlPlaneElsewhere | PlaceKind::RolledOut | PlaceKind::Workers
    )
}

fn is_kubeconfig(held: &FileVersion) -> bool {
    matches!(held, FileVersion::Kubeconfig(_))
}
