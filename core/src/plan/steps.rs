//! The vocabulary of a plan: steps, what they change, what must be true afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{ObjectChange, Process, RenewedLeaf, RenewedSecrets, ReplacementId, TenantAction};
use crate::{
    formats::talos::Layout,
    inventory::{Pinned, Role},
    profile::{AuthorityId, Component, Profile},
    x509::Certificate,
};

/// Modes as kubeadm sets them: what holds a key, and what does not.
pub(super) const SECRET: u32 = 0o600;
pub(super) const PUBLIC: u32 = 0o644;

/// One of the three phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    TrustBoth,
    Switch,
    DropOld,
}

impl Phase {
    pub(crate) const ALL: [Self; 3] = [Self::TrustBoth, Self::Switch, Self::DropOld];

    /// 1, 2 or 3.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::TrustBoth => 1,
            Self::Switch => 2,
            Self::DropOld => 3,
        }
    }

    /// The phase's folder in the package.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::TrustBoth => "1-trust-both",
            Self::Switch => "2-switch",
            Self::DropOld => "3-drop-old",
        }
    }

    /// The phase's name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::TrustBoth => "trust both",
            Self::Switch => "switch",
            Self::DropOld => "drop old",
        }
    }

    /// The phase's name, and the platform's own word for it where it has one.
    pub(crate) fn title_on(self, profile: &Profile) -> String {
        match profile.phase_words[usize::from(self.number()) - 1] {
            "" => self.title().to_owned(),
            word => format!("{} ({word})", self.title()),
        }
    }

    /// What every holder trusts when the phase begins, in words.
    pub(crate) fn trusted_before(self) -> &'static str {
        match self {
            Self::TrustBoth => "old CA",
            Self::Switch => "old CA, new CA",
            Self::DropOld => "new CA, old CA",
        }
    }

    /// What every holder trusts at the end of the phase. The first certificate is the one whose key
    /// signs, since kubeadm and Cluster API sign with the first.
    pub(crate) fn trust(self) -> Trust {
        match self {
            Self::TrustBoth => Trust::OldNew,
            Self::Switch => Trust::NewOld,
            Self::DropOld => Trust::New,
        }
    }
}

/// An ordered trust bundle, by sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    OldNew,
    NewOld,
    New,
}

impl Trust {
    /// The sides, in order.
    pub(crate) fn sides(self) -> &'static [Side] {
        match self {
            Self::OldNew => &[Side::Old, Side::New],
            Self::NewOld => &[Side::New, Side::Old],
            Self::New => &[Side::New],
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldNew => "old CA, new CA",
            Self::NewOld => "new CA, old CA",
            Self::New => "new CA",
        })
    }
}

/// The old authority or the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Old,
    New,
}

/// One step: who does what, and what must be true before the next one.
#[derive(Debug)]
pub(crate) struct Step {
    /// Unique in the plan, such as `1-cp1`.
    pub(crate) id: String,
    pub(crate) phase: Phase,
    pub(crate) holder: Holder,
    pub(crate) title: String,
    pub(crate) actions: Vec<Action>,
    pub(crate) gate: Gate,
    pub(crate) carrier: Carrier,
}

/// Who carries a step out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The package's script for the holder, or a person.
    Package,
    /// A tool of the platform's own, which knows what to do on the holder; the step's actions foresee that, and no file of
    /// the package brings it.
    Tool {
        /// Where the commands run.
        at: Holder,
        /// What has the tool do it; comes back when it is done.
        run: String,
        /// Exits 0 when it is done.
        gate: String,
    },
}

impl Edit {
    /// The worker whose file it is, where it is written for one alone: `1-trust-both/workers/worker1/etc/…`.
    pub(crate) fn node_of_worker(&self) -> Option<&str> {
        let mut parts = self.output.split('/').skip(1);
        (parts.next() == Some("workers")).then(|| parts.next())?.filter(|_| parts.next().is_some())
    }
}

impl Step {
    /// The files and objects that it changes.
    pub(crate) fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.actions.iter().filter_map(|action| match action {
            Action::Write(edit) => Some(edit),
            _ => None,
        })
    }

    /// Where its commands run.
    pub(crate) fn place(&self) -> &Holder {
        match &self.carrier {
            Carrier::Package if self.replaces_workers() => &Holder::Cluster,
            Carrier::Package => &self.holder,
            Carrier::Tool { at, .. } => at,
        }
    }

    /// Are workers replaced by it? Its other actions are what the machines that join then have.
    pub(crate) fn replaces_workers(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Cluster(ClusterAction::ReplaceWorkers)))
    }

    /// What an action does, in words, where that is not told by files and restarts; a tool's ways are its own.
    pub(crate) fn in_words(&self, action: &Action) -> Option<String> {
        let told = self.carrier == Carrier::Package || matches!(action, Action::Do { .. });
        action.in_words().filter(|_| told)
    }
}

/// What must be true before the next step.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    /// In words.
    pub(crate) words: String,
    /// What it establishes beyond doubt; without it, either state has to be reckoned with.
    pub(crate) proves: Vec<Fact>,
}

impl Gate {
    /// A gate that lets nobody by before `fact` is established.
    pub(crate) fn proving(words: &str, fact: Fact) -> Self {
        Self { proves: vec![fact], ..words.into() }
    }
}

impl From<&str> for Gate {
    fn from(words: &str) -> Self {
        Self { words: words.to_owned(), proves: Vec::new() }
    }
}

/// What a gate establishes. A plan without one of them has a red edge: each is there for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    /// The node's API server has taken up what lies on its disk. Seen by one file of the phase; the others
    /// are taken up in the same way, at the latest a minute after they changed (kubernetes/apiserver:
    /// pkg/server/dynamiccertificates).
    TakenUp,
    /// Every kubelet of the holder presents a certificate of the new authority.
    Renewed,
    /// No kubelet of the holder presents a serving certificate of the old authority any more.
    ServingRenewed,
    /// Everything that the step writes is where it belongs, with everyone whom it concerns.
    Everywhere,
    /// Nobody presents a certificate of the old authority any more, by their own word.
    Confirmed,
}

/// Who carries a step out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// A control-plane node.
    Node(String),
    /// Every control-plane node that was not given, one after the other.
    ControlPlanes,
    /// Every worker, given or not.
    Workers,
    /// Wherever kubectl reaches the workload cluster.
    Cluster,
    /// Wherever kubectl reaches the management cluster.
    Management,
    /// People and pipelines.
    Clients,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node(name) => name,
            Self::ControlPlanes => "control-plane",
            Self::Workers => "workers",
            Self::Cluster => "cluster",
            Self::Management => "management",
            Self::Clients => "clients",
        })
    }
}

impl Holder {
    /// The holder's folder within a phase of the package.
    pub(crate) fn folder(&self) -> String {
        match self {
            Self::Node(name) => format!("control-plane/{}", PackagePath::name(name)),
            other => other.to_string(),
        }
    }
}

/// What is done in a step, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Files or objects of the package take effect.
    Write(Edit),
    /// A file is taken away.
    Remove {
        /// Absolute path on the node.
        target: String,
        /// What it was.
        before: String,
    },
    /// A flag of a static Pod whose manifest was not given: only this flag changes in it.
    SetFlag {
        /// Whose manifest.
        component: Component,
        /// Without the dashes.
        flag: &'static str,
        /// Its value before.
        from: String,
        /// Its value afterwards.
        to: String,
    },
    /// The kubelet asks for a new client certificate with its present one.
    RenewKubelet,
    /// The kubelet requests a new serving certificate, where it has one that it requested and that the old authority signed.
    RenewServing,
    /// What kubeadm on the node makes anew from the node's own files and the authority's new key: no leaf's key travels.
    RenewOnNode {
        /// Whose leaves.
        authority: AuthorityId,
        /// As kubeadm calls them: `apiserver`, `admin.conf`.
        names: Vec<&'static str>,
        /// The CA data of the kubeconfigs among them, which kubeadm narrows to the first CA.
        trust: Trust,
    },
    /// New leaves of the CAs that are there, by kubeadm on the node.
    RenewLeaves(Vec<RenewedLeaf>),
    /// The CA data in a kubeconfig of a node, by its name, that nobody has seen; every other byte stays.
    TrustInKubeconfig(&'static str),
    /// A backup of the node: an archive of its configuration and keys, and a snapshot of its etcd.
    BackUp {
        /// Files that the plan changes and that the archive does not contain in any case; absolute paths on the node.
        files: Vec<String>,
    },
    /// Something done through the cluster's API.
    Cluster(ClusterAction),
    /// A process is restarted so that it reads what changed; nothing goes on until it runs again.
    Restart(Component),
    /// Likewise a process that no profile's table names.
    RestartProcess(Process),
    /// Logs are read: no TLS error for two minutes.
    VerifyLogs(Logs),
    /// Something that a person does or that a command does elsewhere.
    Do {
        /// What and why, one sentence.
        text: String,
        /// The commands, one to a line; empty where a person decides.
        command: String,
    },
}

impl Action {
    /// What it does, in words, where that is not told by files and restarts.
    pub(crate) fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Do { text, .. } => text.clone(),
            Self::SetFlag { component, flag, from, to } => {
                format!("In the manifest of {component}, set --{flag} from {from} to {to}")
            }
            Self::RenewKubelet => {
                "The kubelet asks for a new certificate with its present one; its key never leaves the node".to_owned()
            }
            Self::RenewServing => {
                "The kubelet requests a new serving certificate (kubelet-server-current.pem), where it has one that it requested".to_owned()
            }
            Self::RenewOnNode { names, trust, .. } => format!(
                "kubeadm makes {} anew on a copy of the node's files, with the names that they have; kubeconfigs trust {trust} before they are moved in",
                names.join(", ")
            ),
            Self::RenewLeaves(leaves) => format!(
                "kubeadm renews {} with the node's own CA keys, on a copy of /etc/kubernetes: names and usages stay, each gets a new private key, and the CA data of kubeconfigs stays. What was there is kept in /etc/kubernetes/.airlock",
                leaves.iter().map(|leaf| leaf.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
            Self::TrustInKubeconfig(name) => {
                format!("In {name}, set the CA data to that of ca.crt; everything else stays")
            }
            Self::BackUp { .. } => "Save an archive of /etc/kubernetes, the kubelet's configuration and /var/lib/kubelet/pki, and a snapshot of etcd, in /var/lib/airlock. The snapshot is verified by restoring it into a temporary data directory. Nothing of the cluster changes".to_owned(),
            Self::Cluster(action) => action.in_words(),
            Self::VerifyLogs(_) => "The check reads the logs since the phase began, prints TLS errors by peer and connection of the trust matrix, and requires two minutes without one. Without --check, the same command waits for that".to_owned(),
            Self::Remove { .. } | Self::Restart(_) | Self::RestartProcess(_) | Self::Write(_) => return None,
        })
    }

    /// Does a static Pod start anew by it?
    pub(crate) fn is_manifest(&self) -> bool {
        matches!(self, Self::Write(Edit { content: Content::Manifest(..) | Content::Original(_), .. }))
    }
}

/// Which logs a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Logs {
    /// Of static Pods and the kubelet, on the node itself.
    Node,
    /// Of Pods in the cluster, through kubectl.
    Pods,
    /// Of the Pods of a tenant's control plane, through kubectl of the management cluster.
    Tenant {
        /// The tenant's namespace in the management cluster.
        namespace: String,
        /// The tenant's name, which is its Deployment's name too.
        name: String,
    },
    /// Of services and static Pods of Talos machines, through talosctl.
    Machines,
}

/// A file or object that changes.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Absolute path on the node, or `Secret default/one-ca`.
    pub(crate) target: String,
    /// Path below the package's root; empty where a tool of the platform's writes the target.
    pub(crate) output: String,
    /// Unix permission bits.
    pub(crate) mode: u32,
    /// What it replaces, if that was given.
    pub(crate) source: Option<Source>,
    pub(crate) content: Content,
    /// What it is before, in words.
    pub(crate) before: String,
    /// What it is afterwards, in words.
    pub(crate) after: String,
}

/// A file as it was given.
#[derive(Clone)]
pub(crate) struct Source {
    /// Its name, as the person gave it.
    pub(crate) file: String,
    pub(crate) bytes: Arc<Zeroizing<Vec<u8>>>,
}

/// Names the file, never its bytes.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, bytes } = self;
        write!(f, "Source({file}, {} bytes)", bytes.len())
    }
}

/// How the bytes of an edit come about once keys and certificates are made.
#[derive(Debug)]
pub(crate) enum Content {
    /// The PEM of a trust bundle.
    Trust(AuthorityId, Trust),
    /// The PEM of CA certificates, of which the rotated authority's are replaced by a trust bundle and all others are kept.
    Widened(AuthorityId, Vec<Certificate>, Trust),
    /// The PEM of one authority's certificate.
    Signing(AuthorityId, Side),
    /// The PEM of a new authority's private key.
    AuthorityKey(AuthorityId),
    /// A new authority's certificate and private key in one PEM, the key as PKCS#8.
    AuthorityPair(AuthorityId),
    /// The PEM of a new leaf.
    Leaf(ReplacementId),
    /// The PEM of a new leaf's private key.
    LeafKey(ReplacementId),
    /// A new leaf and its key in one PEM, as the kubelet keeps it.
    Credential(ReplacementId),
    /// Likewise in a file of another process.
    Pair(ReplacementId),
    /// A kubeconfig with some values changed and every other byte kept.
    Kubeconfig(Source, KubeconfigChange),
    /// A talosconfig with some values changed and every other byte kept.
    Talosconfig(Source, KubeconfigChange),
    /// A client's configuration where none was given.
    Client(NewClient),
    /// A patch of machines' configurations.
    Patch(MachinePatch),
    /// The cluster's secrets with these authorities' new certificates and keys, and every other byte kept.
    Secrets(Source, Vec<AuthorityId>),
    /// A static Pod's manifest with some flags changed and every other byte kept.
    Manifest(Source, Vec<(&'static str, String)>),
    /// A file as it was before the rotation.
    Original(Source),
    /// An object for server-side apply.
    Object(ObjectChange),
    /// Text that does not depend on keys.
    Text(String),
}

/// A patch of the configurations of all machines of a role: what they issue with and accept.
#[derive(Clone, Debug)]
pub(crate) struct MachinePatch {
    pub(crate) authority: AuthorityId,
    pub(crate) role: Role,
    pub(crate) layout: Layout,
    pub(crate) phase: Phase,
    pub(crate) form: PatchForm,
    /// What they accept beside the two authorities, and go on accepting.
    pub(crate) kept: Vec<Certificate>,
}

/// What a patch starts from. Each replaces the list of accepted certificates as a whole, so that it can be applied twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchForm {
    /// The configuration with which the rotation began: for those who make configurations anew.
    FromBase,
    /// The configuration of the phase before: for machines that run.
    Incremental,
    /// The configuration of the phase, and leads back to that of the phase before.
    Undo,
}

impl MachinePatch {
    /// Which side issues afterwards, and which others are accepted.
    pub(crate) fn sides(&self) -> (Side, &'static [Side]) {
        let back = u8::from(self.form == PatchForm::Undo);
        match self.phase.number() - back {
            0 => (Side::Old, &[]),
            1 => (Side::Old, &[Side::New]),
            2 => (Side::New, &[Side::Old]),
            _ => (Side::New, &[]),
        }
    }

    /// Does it say what issues? A control-plane machine's authority without its key would lose it, so that comes along.
    pub(crate) fn says_what_issues(&self) -> bool {
        match self.form {
            PatchForm::FromBase => self.phase != Phase::TrustBoth,
            PatchForm::Incremental | PatchForm::Undo => self.phase == Phase::Switch,
        }
    }

    /// Whose private key it holds.
    pub(crate) fn key(&self) -> Option<Side> {
        (self.says_what_issues() && self.role == Role::ControlPlane).then_some(self.sides().0)
    }
}

/// A client's configuration that is made from nothing.
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    /// Whose API it is for: Talos' own, or Kubernetes'.
    pub(crate) authority: AuthorityId,
    pub(crate) cluster: String,
    /// The API server's URL; empty for Talos' API, whose endpoints nobody here knows.
    pub(crate) server: String,
    pub(crate) order: Trust,
    pub(crate) credential: ReplacementId,
}

/// What changes in a kubeconfig or a talosconfig.
#[derive(Clone, Debug)]
pub(crate) struct KubeconfigChange {
    /// The authority that its trust hangs on.
    pub(crate) authority: AuthorityId,
    /// For each cluster entry that changes: the certificates it embeds today, among them the old CA.
    pub(crate) trust: BTreeMap<usize, Vec<Certificate>>,
    /// What takes the old CA's place.
    pub(crate) order: Trust,
    /// For each user entry that changes: its new credential.
    pub(crate) credentials: BTreeMap<usize, ReplacementId>,
}

/// What is done to a cluster as a whole, through its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterAction {
    /// Waits until extension-apiserver-authentication holds the new front-proxy authority.
    ExtensionTrust,
    /// extension-apiserver-authentication is deleted once, and written anew without the old authorities.
    ForgetOld(Vec<AuthorityId>),
    /// The Secret kube-system/kubeadm-certs, which would bring the old CA to joining nodes, is deleted.
    ForgetUploadedCertificates,
    /// Waits until every node is Ready.
    NodesReady,
    /// Whether Cluster API's MachineHealthChecks of a Cluster are paused; who was paused before stays so.
    HealthChecks {
        /// Of which Cluster.
        of: Managed,
        /// On or off.
        paused: bool,
    },
    /// Cluster API's pause switch.
    Pause {
        /// Of which Cluster.
        of: Managed,
        /// On or off.
        paused: bool,
    },
    /// A machine template's pins become the new CA's.
    Pin(Pinned),
    /// Waits until kube-root-ca.crt holds this trust, as a file of the package has it, in every namespace.
    Published(Trust, String),
    /// An operator creates Secrets with certificates again.
    RenewSecrets(RenewedSecrets),
    /// Deployments, DaemonSets and StatefulSets are rolled out anew, once in the phase.
    RestartWorkloads,
    /// These workloads are rolled out once in the phase, because they read files of nodes: namespace and `Kind/NAME`.
    RestartReaders(Vec<(String, String)>),
    /// Waits until the API server serves a certificate of the new authority.
    Served,
    /// Workers that joined before this phase are drained and deleted; others have joined in their place.
    ReplaceWorkers,
    /// Pods with Talos API access restart once their Secrets have the new Talos authority, as a file of the package has it.
    TalosAccess(String),
    /// Something done to a control plane that runs in a management cluster.
    Tenant(TenantAction),
    /// Cluster API makes machines anew, once in the phase.
    RollOut {
        /// Of which Cluster.
        of: Managed,
        /// Which of them.
        machines: Machines,
    },
}

/// A Cluster of Cluster API's, in the management cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Managed {
    pub(crate) namespace: String,
    pub(crate) cluster: String,
}

impl fmt::Display for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.cluster)
    }
}

/// Machines that Cluster API makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machines {
    /// Those of KubeadmControlPlanes.
    ControlPlane,
    /// Those of MachineDeployments.
    Workers,
}

impl ClusterAction {
    fn in_words(&self) -> String {
        match self {
            Self::ExtensionTrust => "Every API server adds its front-proxy CAs to the ConfigMap kube-system/extension-apiserver-authentication, from which extension API servers take them".to_owned(),
            Self::ForgetOld(_) => "Delete the ConfigMap kube-system/extension-apiserver-authentication once: it is a union that never forgets an unexpired CA, and an API server writes it anew".to_owned(),
            Self::ForgetUploadedCertificates => "Delete the Secret kube-system/kubeadm-certs, which would give the old CA to joining nodes".to_owned(),
            Self::NodesReady => "Wait until every node is Ready".to_owned(),
            Self::HealthChecks { of, paused: true } => format!("Annotate the MachineHealthChecks of the Cluster {of} with cluster.x-k8s.io/paused, so that no machine is replaced half-way"),
            Self::HealthChecks { of, paused: false } => format!("Take the annotation cluster.x-k8s.io/paused off the MachineHealthChecks of the Cluster {of} that step pause gave it"),
            Self::Pause { of, paused } => format!("Set paused={paused} on the Cluster {of}"),
            Self::Pin(pinned) => format!("In {}, let caCertHashes name the new CA's pin: machines made from it could not join by the old one's", pinned.place),
            Self::RollOut { of, machines: Machines::ControlPlane } => format!("Have Cluster API replace the control-plane machines of {of} one after the other, as `clusterctl alpha rollout restart kubeadmcontrolplane/NAME` does: it sets the time before which no machine may have been made. The freeze does not stand against this: a new machine has one CA in ca.crt, and signs from that. Where no KubeadmControlPlane makes them there is nothing to roll out"),
            Self::RollOut { of, machines: Machines::Workers } => format!("Likewise the machines of the MachineDeployments of {of}. MachinePools' instances and machines that nobody owns are not made anew: step workers is for them"),
            Self::Published(..) => "Wait until kube-root-ca.crt in every namespace and ca.crt of every Secret of type kubernetes.io/service-account-token hold this phase's CAs: pods started before that trust what it held then".to_owned(),
            Self::ReplaceWorkers => "For each worker, add a machine that joins with the new CA, then remove the old worker: `--remove NODE` drains it (PodDisruptionBudgets hold the drain back), waits until its machine is off, and deletes its Node. Without `--remove`, the step lists the workers that are left. Pods without a controller stop the drain: delete or move them first. Data in emptyDir volumes is deleted".to_owned(),
            Self::Served => "Ask the API server with trust in the new CA alone".to_owned(),
            Self::TalosAccess(_) => "Wait until the Secret of each ServiceAccount of talos.dev has the new CA, which Talos writes within a minute or two; then restart the workloads that use it. Until then their Pods cannot verify machines that serve certificates of the new CA. If phase 2 is undone, restart them again".to_owned(),
            Self::Tenant(action) => action.in_words(),
            Self::RestartReaders(workloads) => {
                let names: Vec<_> = workloads.iter().map(|(namespace, name)| format!("{name} in namespace {namespace}")).collect();
                format!("Restart {}, which read files of the nodes at their start: their old client certificates are rejected in phase 3", names.join(", "))
            }
            Self::RestartWorkloads => "Roll out every Deployment, DaemonSet and StatefulSet: client-go before 1.36 reads its CA once. The step stops before it restarts a workload whose PodDisruptionBudget allows fewer disruptions than its roll-out takes (--disrupt, --exclude). It lists the Pods that no roll-out replaces (strategy OnDelete, a partition, a paused Deployment, other controllers, no controller): restart those by hand".to_owned(),
            Self::RenewSecrets(secrets) => secrets.in_words(),
        }
    }
}

/// Names as they may appear in the package.
pub(crate) struct PackagePath;

impl PackagePath {
    /// One name, without anything that a file system or a shell could take amiss.
    pub(crate) fn name(text: &str) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let name: String = text.chars().map(safe).collect();
        let name = name.trim_start_matches(['.', '-']);
        if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
    }

    /// `name`, with a number behind it where it is taken; it is taken afterwards.
    pub(crate) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
        let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
        names.find(|name| taken.insert(name.clone())).unwrap_or_else(|| name.to_owned())
    }
}
